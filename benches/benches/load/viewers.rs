//! Viewers: many connections, each with one request after the other.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use onebox_benches::inputs::USER_AGENT;
use tokio::{net::TcpStream, task::JoinSet};

use crate::Failure;

/// How many connections there are at once.
pub(crate) const CONNECTIONS: usize = 64;

/// How many visitors there are, each with a session cookie: enough that both sides are among them.
pub(crate) const VISITORS: usize = 1_000;

/// Sends this many requests over all connections and says how many were answered from the cache.
///
/// # Errors
/// When a connection breaks, or a request is answered with anything but 200.
pub(crate) async fn send(address: SocketAddr, requests: usize) -> Result<usize, Failure> {
    let mut connections = JoinSet::new();
    for connection in 0..CONNECTIONS {
        let share = requests / CONNECTIONS + usize::from(connection < requests % CONNECTIONS);
        connections.spawn(one_connection(address, connection, share));
    }
    let mut hits = 0;
    while let Some(ended) = connections.join_next().await {
        hits += ended??;
    }
    Ok(hits)
}

async fn one_connection(address: SocketAddr, connection: usize, requests: usize) -> Result<usize, Failure> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, driver) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(driver);
    let mut hits = 0;
    for number in 0..requests {
        hits += usize::from(one_request(&mut sender, (number * CONNECTIONS + connection) % VISITORS).await?);
    }
    Ok(hits)
}

async fn one_request(sender: &mut SendRequest<Empty<Bytes>>, visitor: usize) -> Result<bool, Failure> {
    let request = Request::get("/products/42?size=large")
        .header(header::HOST, "www.example.org")
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::ACCEPT_ENCODING, "gzip, deflate, br")
        .header(header::COOKIE, format!("theme=dark; locale=en-GB; session=7f3a9c1e2b4d6f8091a3b5c7{visitor:08}"))
        .body(Empty::new())?;
    sender.ready().await?;
    let response = sender.send_request(request).await?;
    let (head, mut body) = response.into_parts();
    while let Some(frame) = body.frame().await {
        frame?;
    }
    if head.status != http::StatusCode::OK {
        return Err(format!("a request was answered with {}", head.status).into());
    }
    Ok(head.headers.get("x-cache").is_some_and(|found| found.as_bytes().starts_with(b"Hit")))
}
