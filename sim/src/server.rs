//! The viewers' side: HTTP/1.1 over TCP, with answers even to what is not a request.

use std::{convert::Infallible, future::Future, io, net::SocketAddr, pin::pin, time::Duration};

use futures_util::future::poll_fn;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::timeout,
};

use crate::{
    distribution::Distribution,
    rule::{Rule, Violation},
};

/// A head that grows beyond this is answered without being read to its end: hyper's 431 instead of CloudFront's 413.
const HEAD_BUFFER: usize = 64 << 10;
/// More headers than fit into CloudFront's head with a value each.
const HEADERS: usize = 1024;
/// How much of what a viewer still sends is read after the last answer, so that the answer is not lost to a reset.
const LINGER_BYTES: usize = 64 << 20;
const LINGER_TIME: Duration = Duration::from_secs(2);
/// How long accepting waits after an error of the machine's, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves a distribution until `shutdown` is ready; open requests get [`shutdown_grace`](crate::Limits::shutdown_grace).
///
/// # Errors
///
/// When the listener has no address, so that nothing can be accepted.
pub async fn listen(
    listener: TcpListener,
    distribution: Distribution,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    listener.local_addr()?;
    let (stop, stopped) = watch::channel(());
    let mut shutdown = pin!(shutdown);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, client)) => {
                    connections.spawn(connection(stream, client, distribution.clone(), stopped.clone()));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
    }
    drop(listener);
    let _ = stop.send(());
    let ended = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(distribution.limits().shutdown_grace, ended).await;
    connections.shutdown().await;
    Ok(())
}

async fn connection(stream: TcpStream, client: SocketAddr, distribution: Distribution, mut stop: watch::Receiver<()>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request: Request<Incoming>| {
        let distribution = distribution.clone();
        // Boxed, because a connection that gives its socket back has to be movable.
        Box::pin(async move { Ok::<_, Infallible>(distribution.handle(client, request).await) })
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(distribution.limits().request_head_time)
        .max_buf_size(HEAD_BUFFER)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    let mut stopping = false;
    let ended = loop {
        tokio::select! {
            ended = poll_fn(|context| connection.poll_without_shutdown(context)) => break ended,
            _ = stop.changed(), if !stopping => {
                stopping = true;
                std::pin::Pin::new(&mut connection).graceful_shutdown();
            }
        }
    };
    let parts = connection.into_parts();
    let mut stream = parts.io.into_inner();
    if let Err(error) = ended {
        report(&error, !parts.read_buf.is_empty(), &mut stream, &distribution).await;
    }
    linger(stream).await;
}

/// Tells the observer, and the viewer where hyper has not answered yet.
///
/// `begun` says whether a request had begun: a connection that was only idle ends without a word.
async fn report(error: &hyper::Error, begun: bool, stream: &mut TcpStream, distribution: &Distribution) {
    let violation = if error.is_parse_too_large() {
        Violation::new(Rule::RequestHeadTooLarge, format!("a request's head of more than {HEAD_BUFFER} bytes"))
    } else if error.is_parse() {
        Violation::new(Rule::MalformedRequest, error.to_string())
    } else if error.is_timeout() && begun {
        let answer = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        let _ = timeout(LINGER_TIME, stream.write_all(answer)).await;
        Violation::new(Rule::RequestTimeout, "a request's head did not arrive in time")
    } else {
        // The viewer is gone, or its answer was cut on purpose: nothing to be told.
        return;
    };
    distribution.broken(&violation);
}

/// Closes the writing side and reads on for a while: unread input would turn the close into a reset.
async fn linger(mut stream: TcpStream) {
    let drain = async {
        stream.shutdown().await?;
        let mut buffer = vec![0; 8 << 10];
        let mut left = LINGER_BYTES;
        while left > 0 {
            match stream.read(&mut buffer).await? {
                0 => break,
                read => left = left.saturating_sub(read),
            }
        }
        io::Result::Ok(())
    };
    let _ = timeout(LINGER_TIME, drain).await;
}
