//! A small HTTPS client: it answers CloudFormation, and asks what is smoked.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::time::{sleep, timeout};

/// How long one try of an answer may take: several fit into what an invocation keeps for it.
const PUT: Duration = Duration::from_secs(3);

/// How long a page may take.
const GET: Duration = Duration::from_secs(30);

/// How often something is tried that may work the next time.
const TRIES: u32 = 4;

/// The first pause between two tries; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(200);

/// As much of an answer is read.
const LONGEST: usize = 1 << 20;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
}

/// A client that trusts the public certificate authorities.
pub(crate) struct Https {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Https {
    /// A client; nothing is connected yet.
    ///
    /// # Errors
    /// A sentence, if this machine's cryptography does not offer what HTTPS needs.
    pub(crate) fn new() -> Result<Self, String> {
        let tls = rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("HTTPS cannot be set up: {error}"))?
            .with_webpki_roots()
            .with_no_client_auth();
        let connector = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector.build()) })
    }

    /// Puts a text to a presigned URL, again and again while that may help.
    ///
    /// The content's type is empty: a presigned URL holds only for the headers that were signed.
    ///
    /// # Errors
    /// A sentence, after the last try.
    pub(crate) async fn put(&self, url: &str, body: &str) -> Result<(), String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(""));
        let mut pause = PAUSE;
        for number in 1.. {
            let why = match self.ask(Method::PUT, url, headers.clone(), body, PUT).await {
                Ok(got) if got.status.is_success() => return Ok(()),
                // A refusal stays one; only the URL's signature says for how long it holds.
                Ok(got) if got.status.is_client_error() && got.status != StatusCode::TOO_MANY_REQUESTS => {
                    return Err(format!("the answer was refused with {}: {}", got.status, got.body));
                }
                Ok(got) => format!("{}: {}", got.status, got.body),
                Err(why) => why,
            };
            if number == TRIES {
                return Err(format!("the answer did not arrive in {TRIES} tries: {why}"));
            }
            sleep(pause).await;
            pause *= 2;
        }
        Ok(())
    }

    /// Gets what is at a URL, once.
    ///
    /// # Errors
    /// A sentence, if there was no answer.
    pub(crate) async fn get(&self, url: &str, headers: HeaderMap) -> Result<Got, String> {
        self.ask(Method::GET, url, headers, "", GET).await
    }

    async fn ask(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        body: &str,
        limit: Duration,
    ) -> Result<Got, String> {
        let body = Full::from(body.to_owned());
        let mut request = Request::builder().method(method).uri(url).body(body).map_err(|error| error.to_string())?;
        request.headers_mut().extend(headers);
        let whole = async {
            let response = self.client.request(request).await.map_err(|error| chain(&error))?;
            let status = response.status();
            let body =
                Limited::new(response.into_body(), LONGEST).collect().await.map_err(|error| error.to_string())?;
            Ok(Got { status, body: String::from_utf8_lossy(&body.to_bytes()).into_owned() })
        };
        timeout(limit, whole).await.unwrap_or_else(|_| Err(format!("no answer within {} s", limit.as_secs())))
    }
}

/// An error and what caused it: the outermost alone says only that connecting failed.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
