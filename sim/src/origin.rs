//! Asking an origin, and telling its failures apart.

use std::{
    collections::HashMap,
    error::Error,
    fmt,
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Method, Response, Uri};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{HttpConnector, dns::Name},
    },
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tower_service::Service;

use crate::{
    body::{Body, full},
    message::{Origin, Protocol, Request},
    rule::{Rule, Violation},
    settings::Settings,
};

/// The head of an origin's response:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-general>
const HEAD_LIMIT: usize = 32_768;
/// Idle connections to each origin.
const IDLE_CONNECTIONS: usize = 64;

/// The way to all origins.
pub(crate) struct Origins {
    client: Client<HttpsConnector<HttpConnector<Resolver>>, Body>,
    resolver: Resolver,
    connect_attempts: u32,
}

impl Origins {
    pub(crate) fn new(settings: &Settings) -> Result<Self, rustls::Error> {
        let resolve = settings.resolve.iter().map(|(domain, address)| (domain.to_ascii_lowercase(), *address));
        let resolver = Resolver(Arc::new(resolve.collect()));
        let mut connector = HttpConnector::new_with_resolver(resolver.clone());
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(settings.limits.connect_timeout));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls(settings)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(u64::from(settings.regular.keepalive_timeout)))
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .http1_max_buf_size(2 * HEAD_LIMIT)
            .build(connector);
        Ok(Self { client, resolver, connect_attempts: settings.limits.connect_attempts.max(1) })
    }

    /// Whether a domain has an address, which CloudFront finds out before it runs origin-request.
    ///
    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html>
    pub(crate) async fn resolve(&self, domain: &str) -> Result<(), Violation> {
        self.resolver
            .addresses(domain)
            .await
            .map(drop)
            .map_err(|failure| Violation::new(Rule::OriginDns, failure.to_string()))
    }

    /// Sends a request to its origin.
    pub(crate) async fn ask(
        &self,
        request: &Request,
        origin: &Origin,
        body: Option<Body>,
    ) -> Result<Response<Incoming>, Violation> {
        let read_timeout = read_timeout(origin);
        let uri = self.uri(request, origin)?;
        // Only a request without a body can be sent again.
        let attempts = if body.is_none() { self.connect_attempts } else { 1 };
        let mut body = body;
        let mut attempt = 1;
        loop {
            let message = message(request, origin, &uri, body.take())?;
            match tokio::time::timeout(read_timeout, self.client.request(message)).await {
                Err(_) => {
                    let detail = format!("{} did not answer within {} s", origin.domain(), read_timeout.as_secs());
                    return Err(Violation::new(Rule::OriginTimeout, detail));
                }
                Ok(Ok(response)) => return within(response),
                Ok(Err(error)) if error.is_connect() && attempt < attempts && !is_dns(&error) => attempt += 1,
                Ok(Err(error)) => return Err(failure(origin.domain(), &error)),
            }
        }
    }

    fn uri(&self, request: &Request, origin: &Origin) -> Result<Uri, Violation> {
        let (protocol, port) = match origin {
            Origin::Custom(origin) => (origin.protocol, origin.port),
            // CloudFront speaks to a bucket as the viewer speaks to CloudFront, which here is in clear.
            Origin::S3(_) => (Protocol::Http, 80),
        };
        if let Origin::Custom(custom) = origin
            && protocol == Protocol::Https
            && !custom.ssl_protocols.iter().any(|version| version == "TLSv1.2")
        {
            let detail = "sslProtocols has no TLSv1.2, and older versions are not imitated by the local CloudFront";
            return Err(Violation::new(Rule::OriginTls, detail));
        }
        let domain = origin.domain();
        // A mapped domain has its port from the mapping, which the connector takes if the URI names none.
        let port = if self.resolver.maps(domain) { String::new() } else { format!(":{port}") };
        let query = if request.querystring.is_empty() { String::new() } else { format!("?{}", request.querystring) };
        let text = format!("{}://{domain}{port}{}{}{query}", protocol.as_str(), origin.path(), request.uri);
        text.parse().map_err(|problem| Violation::new(Rule::Internal, format!("no URI for the origin: {problem}")))
    }
}

fn message(
    request: &Request,
    origin: &Origin,
    uri: &Uri,
    body: Option<Body>,
) -> Result<http::Request<Body>, Violation> {
    let mut message = http::Request::builder().method(request.method.clone()).uri(uri.clone());
    if let Some(headers) = message.headers_mut() {
        headers.clone_from(&request.headers);
        for (name, value) in origin.custom_headers() {
            headers.append(name.clone(), value.clone());
        }
        if request.method == Method::GET || request.method == Method::HEAD {
            headers.remove(http::header::CONTENT_LENGTH);
        }
    }
    message
        .body(body.unwrap_or_else(|| full("")))
        .map_err(|problem| Violation::new(Rule::Internal, format!("no request for the origin: {problem}")))
}

/// How long an origin's answer, and each next part of it, may take.
pub(crate) fn read_timeout(origin: &Origin) -> Duration {
    Duration::from_secs(u64::from(match origin {
        Origin::Custom(origin) => origin.read_timeout,
        Origin::S3(origin) => origin.read_timeout,
    }))
}

/// How long an origin's whole answer may take.
pub(crate) fn completion_timeout(origin: &Origin) -> Option<Duration> {
    let seconds = match origin {
        Origin::Custom(origin) => origin.response_completion_timeout,
        Origin::S3(origin) => origin.response_completion_timeout,
    };
    seconds.map(|seconds| Duration::from_secs(u64::from(seconds)))
}

fn within(response: Response<Incoming>) -> Result<Response<Incoming>, Violation> {
    let head: usize = response.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if head > HEAD_LIMIT {
        return Err(Violation::new(Rule::OriginHeadTooLarge, format!("{head} bytes, of at most {HEAD_LIMIT}")));
    }
    Ok(response)
}

fn tls(settings: &Settings) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for certificate in &settings.roots {
        roots.add(certificate.clone())?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn failure(domain: &str, error: &hyper_util::client::legacy::Error) -> Violation {
    let rule = if is_dns(error) {
        Rule::OriginDns
    } else if causes(error).any(|cause| cause.is::<rustls::Error>()) {
        Rule::OriginTls
    } else if causes(error)
        .filter_map(|cause| cause.downcast_ref::<hyper::Error>())
        .any(hyper::Error::is_parse_too_large)
    {
        Rule::OriginHeadTooLarge
    } else if !error.is_connect() {
        Rule::OriginMalformed
    } else if causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::TimedOut)
    {
        Rule::OriginTimeout
    } else {
        Rule::OriginUnreachable
    };
    let last = causes(error).last().map_or_else(|| error.to_string(), ToString::to_string);
    Violation::new(rule, format!("{domain}: {last}"))
}

fn is_dns(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| cause.is::<DnsFailure>())
}

/// An error's causes, outermost first. What an [`io::Error`] wraps is a cause too, though it does not say so itself.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| cause(*error))
}

fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// Finds addresses: first in the settings, then in DNS.
#[derive(Clone)]
struct Resolver(Arc<HashMap<String, SocketAddr>>);

impl Resolver {
    fn maps(&self, domain: &str) -> bool {
        self.0.contains_key(&domain.to_ascii_lowercase())
    }

    async fn addresses(&self, domain: &str) -> Result<Vec<SocketAddr>, DnsFailure> {
        if let Some(address) = self.0.get(&domain.to_ascii_lowercase()) {
            return Ok(vec![*address]);
        }
        match tokio::net::lookup_host((domain, 0)).await.map(Iterator::collect::<Vec<_>>) {
            Ok(addresses) if !addresses.is_empty() => Ok(addresses),
            _ => Err(DnsFailure(domain.to_owned())),
        }
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = DnsFailure;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, DnsFailure>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), DnsFailure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolver = self.clone();
        Box::pin(async move { resolver.addresses(name.as_str()).await.map(Vec::into_iter) })
    }
}

/// A name without an address.
#[derive(Debug)]
struct DnsFailure(String);

impl fmt::Display for DnsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` does not resolve; to reach it locally, map it to an address", self.0)
    }
}

impl Error for DnsFailure {}
