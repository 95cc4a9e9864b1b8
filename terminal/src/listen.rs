//! Listening, and being stopped.

use std::{future::Future, io, net::Ipv4Addr};

use tokio::net::TcpListener;

use crate::Failure;

/// Listens on this machine only.
///
/// # Errors
///
/// When the port is taken, or cannot be listened on.
pub async fn listener(port: u16) -> Result<TcpListener, Failure> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| {
        Failure::stuck(match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("port {port} is taken; stop what listens there, or choose another with `--port` (0 takes any)")
            }
            _ => format!("127.0.0.1:{port} cannot be listened on: {error}; choose another port with `--port`"),
        })
    })
}

/// Ready when a person or the system says stop. From now on neither ends the process at once.
#[cfg(unix)]
///
/// # Errors
///
/// When no signal can be heard.
pub fn stop() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupted, mut terminated) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    })
}

/// Ready when a person says stop.
#[cfg(not(unix))]
///
/// # Errors
///
/// When no signal can be heard.
pub fn stop() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
