//! An axum server with a page for each side of a release, and one that says why a visitor is there.
//!
//! ```text
//! cargo run -p onebox-tower --example axum
//! ```
//!
//! Open the address that it prints. Four of five visitors see the new page; a cookie keeps each of them where it is.

use std::{error::Error, net::SocketAddr, time::Duration};

use axum::{Extension, Router, extract::ConnectInfo, routing::get};
use onebox_core::{Partition, Pins, Policy, Share};
use onebox_tower::{Assignment, OneboxLayer};
use tokio::net::TcpListener;

const RELEASE: &str = "web-2026-11-20";

async fn page(Extension(assignment): Extension<Assignment>) -> &'static str {
    match assignment.partition {
        Partition::OneBox => "the new page\n",
        Partition::Regular => "the page that everybody knows\n",
    }
}

async fn why(Extension(Assignment { partition, bucket, reason }): Extension<Assignment>) -> String {
    let bucket = bucket.map_or_else(|| "no bucket".to_owned(), |bucket| format!("bucket {bucket}"));
    format!("{partition}: {bucket}, by {reason}\n")
}

fn app() -> Result<Router, Box<dyn Error>> {
    let keys = vec!["cookie:session".parse()?, "client-ip+header:user-agent".parse()?];
    let policy =
        Policy::new(RELEASE, "80%".parse::<Share>()?, keys).with_pins(Pins::new("__Host-onebox", RELEASE, None));
    let onebox = OneboxLayer::new(policy)
        .extension(true)
        .debug(true)
        // No cache stands between this server and its visitors.
        .write_pins(Duration::from_secs(7 * 24 * 60 * 60))
        .address(|_, extensions| extensions.get().map(|ConnectInfo(peer): &ConnectInfo<SocketAddr>| peer.ip()));
    Ok(Router::new().route("/", get(page)).route("/why", get(why)).layer(onebox))
}

async fn serve(listener: TcpListener) -> Result<(), Box<dyn Error>> {
    Ok(axum::serve(listener, app()?.into_make_service_with_connect_info::<SocketAddr>()).await?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}/ and http://{0}/why", listener.local_addr()?);
    serve(listener).await
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };

    use super::*;

    async fn get(server: SocketAddr, path: &str, headers: &str) -> String {
        let mut stream = TcpStream::connect(server).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        response
    }

    #[tokio::test]
    async fn each_side_has_its_page_and_a_visitor_keeps_it() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = listener.local_addr().unwrap();
        let requests = async {
            for (session, partition, page) in
                [("7f3a", "one-box", "the new page"), ("7f3c", "regular", "the page that everybody knows")]
            {
                let first = get(server, "/", &format!("Cookie: session={session}\r\n")).await;
                assert!(first.starts_with("HTTP/1.1 200 OK\r\n"), "{first}");
                assert!(first.contains(&format!("\r\nx-req-partition: {partition}\r\n")), "{first}");
                assert!(first.contains("\r\nvary: x-req-partition\r\n"), "{first}");
                assert!(first.ends_with(&format!("\r\n\r\n{page}\n")), "{first}");
                let (_, pin) = first.split_once("set-cookie: ").unwrap();
                let (pin, _) = pin.split_once(';').unwrap();
                let second = get(server, "/why", &format!("Cookie: {pin}\r\n")).await;
                assert!(second.ends_with(", by pin\n"), "{second}");
                assert!(second.contains(&format!("\r\n\r\n{partition}: bucket ")), "{second}");
                assert!(!second.contains("set-cookie"), "{second}");
            }
            let by_address = get(server, "/why", "User-Agent: curl/8.5.0\r\nX-Req-Partition: mine\r\n").await;
            assert!(by_address.ends_with(", by client-ip+header:user-agent\n"), "{by_address}");
        };
        tokio::select! {
            served = serve(listener) => panic!("the server ended: {served:?}"),
            () = requests => {}
        }
    }
}
