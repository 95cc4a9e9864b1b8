//! Requests that are not as they should be, byte for byte over a socket.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use http::Method;
use onebox_sim::{OriginRequestPolicy, Rule};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
    time::timeout,
};

use crate::{
    props::{Count, answer, until},
    stage::{Setup, Stage},
};

/// Sends bytes and reads the answer up to the end of the connection.
pub(crate) async fn raw(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The distribution may answer, and stop reading, before it has everything.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

async fn stage() -> Stage {
    Setup::new().origin(|request| answer(request.uri().path().to_owned(), &[])).await
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("nothing")
}

/// 413 and the end of the connection:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#RequestCustomMaxRequestStringLength>
#[tokio::test]
async fn a_head_of_more_than_32768_bytes_is_too_large() {
    let stage = stage().await;
    for (bytes, expected) in [(32_768, "200"), (32_769, "413"), (60_000, "413")] {
        let rest = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx: \r\n".len();
        let request =
            format!("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx: {}\r\n\r\n", "a".repeat(bytes - rest));
        let answer = raw(stage.address, request.as_bytes()).await;
        assert_eq!(status(&answer), expected, "{bytes} bytes");
    }
    assert_eq!(stage.last_failures(), [Rule::RequestHeadTooLarge]);
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#RequestCustomMaxRequestStringLength>
#[tokio::test]
async fn a_url_of_more_than_8192_bytes_is_too_long() {
    let stage = stage().await;
    for (bytes, expected) in [(8192, 200), (8193, 413)] {
        let path = format!("/{}?{}", "p".repeat(4095), "q".repeat(bytes - 4096));
        let got = stage.get(&path).await;
        assert_eq!(got.status(), expected, "{bytes} bytes");
        assert_eq!(got.header("connection"), (expected == 413).then_some("close"));
    }
    assert_eq!(stage.last_failures(), [Rule::UrlTooLong]);
}

#[tokio::test]
async fn ten_megabytes_of_header_and_a_megabyte_of_cookies_are_answered_and_not_read_into_memory() {
    let stage = stage().await;
    for (name, bytes) in [("x-large", 10 << 20), ("cookie", 1 << 20)] {
        let request = format!("GET / HTTP/1.1\r\nhost: x\r\n{name}: {}\r\n\r\n", "a=b; ".repeat(bytes / 5));
        let answer = raw(stage.address, request.as_bytes()).await;
        assert_eq!(status(&answer), "431", "{name}");
    }
    until(|| stage.broken() == [Rule::RequestHeadTooLarge, Rule::RequestHeadTooLarge]).await;
    assert_eq!(stage.get("/").await.status(), 200, "and the next viewer is served");
}

/// <https://www.rfc-editor.org/rfc/rfc9110.html#section-7.2>
#[tokio::test]
async fn a_request_has_exactly_one_host() {
    let stage = stage().await;
    for head in ["", "Host: \r\n", "Host: a\r\nHost: b\r\n"] {
        let answer = raw(stage.address, format!("GET / HTTP/1.1\r\n{head}Connection: close\r\n\r\n").as_bytes()).await;
        assert_eq!(status(&answer), "400", "{head:?}");
        assert!(answer.contains("no-host") && answer.contains("x-cache: Error from cloudfront"), "{answer}");
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#RequestCustomHTTPMethods>
#[tokio::test]
async fn other_methods_than_the_seven_are_refused() {
    let stage = stage().await;
    for method in ["TRACE", "PROPFIND", "BREW", "get"] {
        let request = format!("{method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert_eq!(status(&raw(stage.address, request.as_bytes()).await), "403", "{method}");
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#RequestCustom-get-body>
#[tokio::test]
async fn a_get_request_with_a_body_is_forbidden() {
    let stage = stage().await;
    for (method, body, expected) in [(Method::GET, "x", 403), (Method::GET, "", 200), (Method::POST, "x", 200)] {
        let answer = stage.try_send(method.clone(), "/", &[], body).await.unwrap();
        assert_eq!(answer.status(), expected, "{method} {body:?}");
    }
    let chunked =
        b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\nx\r\n0\r\n\r\n";
    assert_eq!(status(&raw(stage.address, chunked).await), "403");
}

#[tokio::test]
async fn websocket_and_grpc_are_refused_rather_than_imitated_badly() {
    let stage = stage().await;
    let upgrade = [("upgrade", "websocket"), ("connection", "upgrade")];
    assert_eq!(stage.get_with("/", &upgrade).await.status(), 501);
    let grpc = stage.send(Method::POST, "/", &[("content-type", "application/grpc+proto")]).await;
    assert_eq!(grpc.status(), 501);
    assert_eq!(stage.last_failures(), [Rule::UpgradeNotImitated]);
}

#[tokio::test]
async fn what_is_not_http_is_a_bad_request() {
    let stage = stage().await;
    for request in ["hello\r\n\r\n", "GET / HTTP/1.1\r\nHost x\r\n\r\n", "GET \x01 HTTP/1.1\r\nHost: x\r\n\r\n"] {
        assert_eq!(status(&raw(stage.address, request.as_bytes()).await), "400", "{request:?}");
    }
    until(|| stage.broken() == [Rule::MalformedRequest; 3]).await;
    let star = raw(stage.address, b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert_eq!(status(&star), "400");
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html#function-restrictions-encoding>
#[tokio::test]
async fn cookies_that_are_not_utf8_are_decided_on_and_forwarded_as_they_are() {
    let stage = Setup::of(crate::stage::config("100%"))
        .origin(|request| {
            assert_eq!(request.headers()["cookie"].as_bytes(), b"sid=\xff\xfe; x=\x80");
            answer(request.headers()["x-req-partition"].as_bytes().to_vec(), &[])
        })
        .await;
    let request = b"GET / HTTP/1.1\r\nHost: x\r\nCookie: sid=\xff\xfe; x=\x80\r\nConnection: close\r\n\r\n";
    let answer = raw(stage.address, request).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("one-box"), "{answer}");
}

#[tokio::test]
async fn a_viewer_that_does_not_finish_its_request_is_told_and_let_go() {
    let setup = Setup::new().settings(|settings| settings.limits.request_head_time = Duration::from_millis(50));
    let stage = setup.origin(|_| answer("", &[])).await;
    assert_eq!(status(&raw(stage.address, b"GET / HTTP/1.1\r\nHost: ").await), "408");
    until(|| stage.broken() == [Rule::RequestTimeout]).await;
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let stage = stage().await;
    let two = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answers = raw(stage.address, two).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2);
    assert!(answers.ends_with("/b"));
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/controlling-origin-requests.html>
#[tokio::test]
async fn a_body_reaches_the_origin_whatever_the_policies_say() {
    let stage = Setup::new()
        .settings(|settings| settings.origin_request_policy = OriginRequestPolicy::none())
        .origin(|request| answer(request.into_body(), &[]))
        .await;
    assert_eq!(stage.try_send(Method::POST, "/", &[], "a form").await.unwrap().text(), "a form");
}

#[tokio::test]
async fn a_connection_that_is_only_idle_ends_without_a_word() {
    let setup = Setup::new().settings(|settings| settings.limits.request_head_time = Duration::from_millis(50));
    let stage = setup.origin(|_| answer("", &[])).await;
    assert_eq!(raw(stage.address, b"").await, "");
    let once = raw(stage.address, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(once.matches("HTTP/1.1").count(), 1, "{once}");
}

#[tokio::test]
async fn a_stop_lets_open_requests_finish_and_does_not_wait_for_idle_connections() {
    let released = Arc::new(Notify::new());
    let (waiting, asked) = (released.clone(), Count::default());
    let counted = asked.clone();
    let mut stage = Setup::new()
        .settings(|settings| {
            settings.limits.shutdown_grace = Duration::from_secs(3600);
            settings.limits.request_head_time = Duration::from_secs(3600);
        })
        .slow_origin(move |_| {
            counted.add();
            let waiting = waiting.clone();
            async move {
                waiting.notified().await;
                answer("finished", &[])
            }
        })
        .await;
    let _idle = TcpStream::connect(stage.address).await.unwrap();
    let open = raw(stage.address, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let stopping = async {
        until(|| asked.get() == 1).await;
        let stopped = stage.stop();
        released.notify_one();
        timeout(Duration::from_secs(20), stopped).await.expect("it should stop when the request is done");
    };
    let (finished, ()) = tokio::join!(open, stopping);
    assert!(finished.ends_with("finished"), "{finished}");
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let asked = Count::default();
    let counted = asked.clone();
    let mut stage = Setup::new()
        .settings(|settings| settings.limits.shutdown_grace = Duration::from_millis(50))
        .slow_origin(move |_| {
            counted.add();
            std::future::pending()
        })
        .await;
    let address = stage.address;
    let stopping = async {
        until(|| asked.get() == 1).await;
        stage.stop().await;
    };
    let open = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut nothing = Vec::new();
        let _ = stream.read_to_end(&mut nothing).await;
        nothing
    };
    let ((), nothing) = tokio::join!(stopping, open);
    assert_eq!(nothing, b"");
}
