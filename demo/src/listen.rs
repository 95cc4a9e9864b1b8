//! One HTTP/1.1 listener on this machine, for the origins and for the distribution with its page.

use std::{convert::Infallible, future::Future, net::SocketAddr, sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use onebox_sim::Body;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinHandle,
    time::timeout,
};

/// Connections at a time; more wait to be accepted.
const CONNECTIONS: usize = 512;
/// How long a request's head may take to arrive.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// How long open requests may go on after a stop.
const GRACE: Duration = Duration::from_secs(2);
/// How long accepting waits after an error of the machine's, such as too many open files.
const PAUSE: Duration = Duration::from_millis(50);

/// Says when to stop: to everybody who holds one, at once.
#[derive(Clone, Debug)]
pub(super) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// A sender to stop everything with, and what to hand out.
    pub(super) fn new() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(receiver))
    }

    /// Waits until it is time.
    pub(super) async fn asked(&mut self) {
        // A sender that is gone has nothing more to say: that is a stop as well.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

/// Serves until the stop, then lets open requests end for a moment.
pub(super) fn serve<S, F>(listener: TcpListener, mut stop: Stop, service: S) -> JoinHandle<()>
where
    S: Fn(SocketAddr, Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
{
    tokio::spawn(async move {
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let accepted = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (listener.accept().await, place)
            };
            let ((stream, client), place) = tokio::select! {
                () = stop.asked() => break,
                accepted = accepted => match accepted {
                    (Ok(accepted), place) => (accepted, place),
                    (Err(_), _) => {
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                }
            };
            let _ = stream.set_nodelay(true);
            let service = service.clone();
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIME)
                .serve_connection(TokioIo::new(stream), service_fn(move |request| service(client, request)));
            let connection = graceful.watch(connection);
            tokio::spawn(async move {
                // A visitor who leaves in the middle is nobody's mistake.
                let _ = connection.await;
                drop(place);
            });
        }
        drop(listener);
        let _ = timeout(GRACE, graceful.shutdown()).await;
    })
}
