//! The local CloudFront in front of an origin with one page, in one process.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use onebox_benches::inputs;
use onebox_edge::Config;
use onebox_sim::{Distribution, Nobody, Protocol, Runtime, Settings, listen};
use tokio::{
    io::{AsyncReadExt, stdin},
    net::TcpListener,
};

use crate::Failure;

/// As large as a small page, compressed.
const PAGE: &[u8] = &[b'x'; 8 << 10];

/// Prints the address and serves until standard input ends: with the process that started this one.
pub(crate) async fn run() -> Result<(), Failure> {
    let origin = TcpListener::bind("127.0.0.1:0").await?;
    let address = origin.local_addr()?;
    tokio::spawn(serve(origin));

    let config = Config::from_json(&inputs::config()).map_err(|problems| format!("{problems:?}"))?;
    let domains = [config.origins.regular.domain.clone(), config.origins.one_box.domain.clone()];
    let mut settings = Settings::new(config);
    settings.regular.protocol = Protocol::Http;
    settings.resolve.extend(domains.map(|domain| (domain, address)));
    let distribution = Distribution::start(settings, Runtime::Native, Arc::new(Nobody)).await?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    listen(listener, distribution, async {
        let _ = stdin().read(&mut [0]).await;
    })
    .await?;
    Ok(())
}

/// An origin: one page for everybody, to be kept for an hour.
async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let service = service_fn(|_: Request<Incoming>| async { page() });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

fn page() -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(Bytes::from_static(PAGE)));
    let headers = response.headers_mut();
    headers.insert("cache-control", http::HeaderValue::from_static("public, max-age=3600"));
    headers.insert("content-type", http::HeaderValue::from_static("text/html; charset=utf-8"));
    Ok(response)
}
