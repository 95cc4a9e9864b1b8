//! Origins that fail, and origins behind TLS.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use http::Method;
use onebox_edge::Trigger;
use onebox_sim::{Protocol, Rule};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    props::{Count, answer, until},
    stage::{Answer, REGULAR, Setup, Stage},
};

/// Reads a request's head and answers with these bytes.
async fn say(mut stream: TcpStream, bytes: &'static [u8]) {
    let mut head = [0; 4096];
    let _ = stream.read(&mut head).await;
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
}

async fn unused_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

fn is_error(answer: &Answer, status: u16, rule: Rule, stage: &Stage) {
    assert_eq!(answer.status(), status);
    assert_eq!(answer.x_cache(), "Error from cloudfront");
    assert!(answer.text().contains(rule.name()) && answer.text().contains(rule.source()), "{}", answer.text());
    assert_eq!(stage.last_failures(), [rule]);
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-502-bad-gateway.html>
#[tokio::test]
async fn an_origin_that_cannot_be_connected_to_is_a_502() {
    let stage = Setup::new().at(unused_address().await).await;
    is_error(&stage.get("/").await, 502, Rule::OriginUnreachable, &stage);
}

/// The function does not run then:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html>
#[tokio::test]
async fn a_regular_origin_that_does_not_resolve_is_a_502_before_origin_request_runs() {
    let count = Count::default();
    let counted = count.clone();
    let stage = Setup::new()
        .returning(Trigger::OriginRequest, move |request| {
            counted.add();
            request
        })
        .start()
        .await;
    is_error(&stage.get("/").await, 502, Rule::OriginDns, &stage);
    assert_eq!(count.get(), 0);
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html>
#[tokio::test]
async fn a_new_origin_that_does_not_resolve_breaks_only_the_requests_that_are_moved() {
    let stage = Setup::of(crate::stage::config("100%"))
        .settings(|settings| {
            settings.resolve.insert(REGULAR.into(), SocketAddr::from(([127, 0, 0, 1], 9)));
        })
        .start()
        .await;
    is_error(&stage.get_with("/", &[("cookie", "sid=1")]).await, 502, Rule::OriginDns, &stage);
}

/// An error like an origin's own:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html>
#[tokio::test]
async fn an_unreachable_origin_is_left_alone_for_ten_seconds() {
    let connections = Count::default();
    let counted = connections.clone();
    let stage = Setup::new()
        .raw_origin(move |stream| {
            counted.add();
            say(stream, b"SMTP ready\r\n")
        })
        .await;
    is_error(&stage.get("/").await, 502, Rule::OriginMalformed, &stage);
    stage.hands.forward(9);
    let kept = stage.get("/").await;
    assert_eq!((kept.status().as_u16(), kept.header("age"), connections.get()), (502, None, 1));
    stage.hands.forward(1);
    stage.get("/").await;
    assert_eq!(connections.get(), 2);
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-502-bad-gateway.html>
#[tokio::test]
async fn an_origin_that_closes_without_an_answer_is_a_502() {
    let stage = Setup::new().raw_origin(|stream| say(stream, b"")).await;
    is_error(&stage.get("/").await, 502, Rule::OriginMalformed, &stage);
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-504-gateway-timeout.html>
#[tokio::test]
async fn an_origin_that_does_not_answer_in_time_is_a_504() {
    let stage = Setup::new()
        .settings(|settings| settings.regular.read_timeout = 1)
        .raw_origin(|stream| async move {
            std::future::pending::<()>().await;
            drop(stream);
        })
        .await;
    is_error(&stage.get("/").await, 504, Rule::OriginTimeout, &stage);
    let posted = stage.try_send(Method::POST, "/", &[], "x").await.unwrap();
    is_error(&posted, 504, Rule::OriginTimeout, &stage);
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-general>
#[tokio::test]
async fn an_origins_head_of_more_than_32768_bytes_is_a_502() {
    let stage = Setup::new().origin(|_| answer("", &[("x-large", &"a".repeat(33_000))])).await;
    is_error(&stage.get("/").await, 502, Rule::OriginHeadTooLarge, &stage);
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#ResponseCustomDroppedTCPConnections>
#[tokio::test]
async fn an_answer_that_is_cut_is_cut_for_the_viewer_and_not_cached() {
    for cut in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nCache-Control: max-age=60\r\n\r\nhalf"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nCache-Control: max-age=60\r\n\r\n4\r\nhalf\r\n",
    ] {
        let connections = Count::default();
        let counted = connections.clone();
        let stage = Setup::new()
            .raw_origin(move |stream| {
                counted.add();
                say(stream, cut)
            })
            .await;
        for asked in [1, 2] {
            assert!(stage.try_send(Method::GET, "/", &[], "").await.is_err());
            assert_eq!(connections.get(), asked);
        }
        until(|| stage.broken() == [Rule::OriginBodyCut; 2]).await;
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#ResponseCustomDroppedTCPConnections>
#[tokio::test]
async fn an_answer_without_a_length_ends_with_its_connection_and_is_cached() {
    let stage = Setup::new().raw_origin(|stream| say(stream, b"HTTP/1.1 200 OK\r\n\r\nall there is")).await;
    for x_cache in ["Miss from cloudfront", "Hit from cloudfront"] {
        let got = stage.get("/").await;
        assert_eq!((got.text(), got.x_cache()), ("all there is", x_cache));
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#request-custom-request-timeout>
#[tokio::test]
async fn an_origin_that_stops_in_the_middle_is_given_up_after_its_read_timeout() {
    let stage = Setup::new()
        .settings(|settings| settings.regular.read_timeout = 1)
        .raw_origin(|mut stream| async move {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").await;
            std::future::pending::<()>().await;
        })
        .await;
    assert!(stage.try_send(Method::GET, "/", &[], "").await.is_err());
    until(|| stage.broken() == [Rule::OriginBodyCut]).await;
}

/// The bytes come before the end does: nothing is collected first.
#[tokio::test]
async fn a_body_is_streamed_as_it_comes() {
    let (go, mut gone) = tokio::sync::mpsc::unbounded_channel::<()>();
    let ready = Arc::new(tokio::sync::Notify::new());
    let released = ready.clone();
    let stage = Setup::new()
        .raw_origin(move |mut stream| {
            let released = released.clone();
            async move {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf").await;
                released.notified().await;
                let _ = stream.write_all(b"done").await;
            }
        })
        .await;
    let mut viewer = TcpStream::connect(stage.address).await.unwrap();
    viewer.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let reading = tokio::spawn(async move {
        let mut got = String::new();
        let mut buffer = [0; 1024];
        loop {
            match viewer.read(&mut buffer).await.unwrap() {
                0 => return got,
                read => got.push_str(std::str::from_utf8(&buffer[..read]).unwrap()),
            }
            if got.ends_with("half") {
                go.send(()).unwrap();
            }
        }
    });
    tokio::time::timeout(Duration::from_secs(20), gone.recv()).await.expect("half of it arrives first").unwrap();
    ready.notify_one();
    assert!(reading.await.unwrap().ends_with("halfdone"));
}

/// An origin with a certificate for a name; gives its address and the certificate.
async fn tls_origin(name: &str) -> (SocketAddr, rustls::pki_types::CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut head = [0; 4096];
                let _ = stream.read(&mut head).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret").await;
                let _ = stream.shutdown().await;
            });
        }
    });
    (address, certificate)
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-502-bad-gateway.html>
#[tokio::test]
async fn an_https_origin_needs_a_trusted_certificate_for_its_domain() {
    for (name, trusted, status) in [(REGULAR, true, 200), (REGULAR, false, 502), ("other.test", true, 502)] {
        let (address, certificate) = tls_origin(name).await;
        let stage = Setup::new()
            .settings(|settings| {
                settings.regular.protocol = Protocol::Https;
                settings.regular.port = 443;
                settings.roots.extend(trusted.then_some(certificate));
            })
            .at(address)
            .await;
        let got = stage.get("/").await;
        assert_eq!(got.status(), status, "{name}, trusted: {trusted}");
        match status {
            200 => assert_eq!(got.text(), "secret"),
            _ => is_error(&got, 502, Rule::OriginTls, &stage),
        }
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html>
#[tokio::test]
async fn an_origin_with_old_tls_only_is_refused() {
    let stage = Setup::new()
        .returning(Trigger::OriginRequest, |mut request| {
            request["origin"]["custom"]["protocol"] = "https".into();
            request["origin"]["custom"]["sslProtocols"] = serde_json::json!(["TLSv1"]);
            request
        })
        .origin(|_| answer("", &[]))
        .await;
    is_error(&stage.get("/").await, 502, Rule::OriginTls, &stage);
}

#[tokio::test]
async fn an_endless_answer_ends_when_its_viewer_has_left() {
    let ended = Count::default();
    let counted = ended.clone();
    let stage = Setup::new()
        .settings(|settings| settings.regular.read_timeout = 1)
        .raw_origin(move |mut stream| {
            let counted = counted.clone();
            async move {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n").await;
                while stream.write_all(b"data: tick\n\n").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                counted.add();
            }
        })
        .await;
    let mut viewer = TcpStream::connect(stage.address).await.unwrap();
    viewer.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut tick = [0; 1024];
    assert!(viewer.read(&mut tick).await.unwrap() > 0);
    drop(viewer);
    until(|| ended.get() == 1).await;
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesOrigin.html>
#[tokio::test]
async fn an_answer_that_is_not_complete_in_time_is_cut() {
    let stage = Setup::new()
        .returning(Trigger::OriginRequest, |mut request| {
            request["origin"]["custom"]["responseCompletionTimeout"] = 1.into();
            request
        })
        .raw_origin(|mut stream| async move {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while stream.write_all(b"tick").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    assert!(stage.try_send(Method::GET, "/", &[], "").await.is_err());
    until(|| stage.broken() == [Rule::OriginBodyCut]).await;
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#custom-origin-timeout-attempts>
#[tokio::test]
async fn a_connection_is_tried_three_times_unless_the_request_has_a_body() {
    for (method, body, attempts) in [(Method::GET, "", 3), (Method::POST, "x", 1)] {
        let connections = Count::default();
        let counted = connections.clone();
        let stage = Setup::new()
            .settings(|settings| settings.regular.protocol = Protocol::Https)
            .raw_origin(move |stream| {
                counted.add();
                async { drop(stream) }
            })
            .await;
        assert_eq!(stage.try_send(method, "/", &[], body).await.unwrap().status(), 502);
        assert_eq!(connections.get(), attempts);
    }
}
