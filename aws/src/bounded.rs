//! Answers that end: each has a largest size and a longest time, whatever a server, a proxy or a network makes of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_smithy_runtime_api::client::{
    connector_metadata::ConnectorMetadata,
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};

/// The largest answer, in bytes. The largest that any of our calls has reason to give is a page of 100 alarms, of a few
/// KiB each.
const LARGEST: usize = 1 << 20;

/// The largest answer to `Invoke`: 6 MB may be returned. <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const LARGEST_RETURNED: usize = 6 << 20;

/// What all answers that are being read may hold together, in bytes: 256 calls are under way at once.
const TOGETHER: usize = 16 << 20;

/// How long an answer may take where its client does not say so: credentials, regions.
const LONGEST: Duration = Duration::from_secs(15);

/// An HTTP client whose answers are read to their end before they are handed on, within a size and a time.
///
/// The time is the client's `read_timeout`, which counts from the request to the last byte here: the SDK's own ends with
/// the head of an answer. An answer that is too large is not asked for again; one that takes too long is, as any other
/// that was lost.
#[derive(Clone, Debug)]
pub(crate) struct Bounded {
    inner: SharedHttpClient,
    held: Arc<AtomicUsize>,
}

impl Bounded {
    /// This client, with bounds.
    pub(crate) fn around(inner: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(Self { inner, held: Arc::default() })
    }
}

impl HttpClient for Bounded {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        let longest = settings.read_timeout().unwrap_or(LONGEST);
        SharedHttpConnector::new(Connector { inner, longest, held: Arc::clone(&self.held) })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
    longest: Duration,
    held: Arc<AtomicUsize>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, longest, held) = (self.inner.clone(), self.longest, Arc::clone(&self.held));
        HttpConnectorFuture::new(async move {
            let whole = async {
                let invokes = request.uri().split('?').next().is_some_and(|uri| uri.ends_with("/invocations"));
                let response = inner.call(request).await?;
                read(response, if invokes { LARGEST_RETURNED } else { LARGEST }, held).await
            };
            let late = || ConnectorError::timeout(format!("no whole answer within {} s", longest.as_secs()).into());
            tokio::time::timeout(longest, whole).await.unwrap_or_else(|_| Err(late()))
        })
    }
}

/// A response with its body in memory.
async fn read(
    mut response: HttpResponse,
    largest: usize,
    held: Arc<AtomicUsize>,
) -> Result<HttpResponse, ConnectorError> {
    let body = std::mem::replace(response.body_mut(), SdkBody::empty());
    let (mut stream, mut held) = (ByteStream::new(body), Held { all: held, mine: 0, largest });
    let mut whole = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| ConnectorError::io(error.into()))?;
        if !held.take(chunk.len()) {
            let message = format!("the answer is larger than {largest} bytes, or there are too many large ones");
            return Err(ConnectorError::other(message.into(), None));
        }
        whole.extend_from_slice(&chunk);
    }
    *response.body_mut() = SdkBody::from(whole);
    Ok(response)
}

/// What one answer holds of what all may hold.
struct Held {
    all: Arc<AtomicUsize>,
    mine: usize,
    largest: usize,
}

impl Held {
    /// Takes so many bytes more, if there is room.
    fn take(&mut self, more: usize) -> bool {
        self.mine = self.mine.saturating_add(more);
        let before = self.all.fetch_add(more, Ordering::Relaxed);
        self.mine <= self.largest && before.saturating_add(more) <= TOGETHER
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.fetch_sub(self.mine, Ordering::Relaxed);
    }
}
