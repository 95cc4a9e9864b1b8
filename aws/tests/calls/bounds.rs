//! Answers that never end: each is given up, by its size or by its time.

use std::time::Duration;

use onebox_release::ErrorKind;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};

use crate::stage::{calls, get_alias, local, payload, scripted};

/// A server that reads a request, and then does this with the connection.
async fn served<F: Future<Output = ()> + Send + 'static>(answer: impl Fn(TcpStream) -> F + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            tokio::spawn(answer(stream));
        }
    });
    url
}

/// Writes the same again and again, with a pause, until nobody reads it any more.
async fn again_and_again(mut stream: TcpStream, head: &str, part: &[u8], pause: Duration) {
    let mut sent = stream.write_all(head.as_bytes()).await;
    while sent.is_ok() {
        tokio::time::sleep(pause).await;
        sent = stream.write_all(part).await;
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\n\r\n";

#[tokio::test]
async fn an_endless_answer_is_given_up_by_its_size() {
    for head in [OK, "HTTP/1.1 500 No\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n"] {
        let url =
            served(move |stream| async move { again_and_again(stream, head, &[b' '; 65_536], Duration::ZERO).await })
                .await;
        for call in calls() {
            let error = local(&url).call(&call).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Unknown, "{head}: {error:?}");
            // A function may return 6 MB: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
            let most = if call.operation() == "Invoke" { 6 << 20 } else { 1 << 20 };
            assert!(error.message.contains(&format!("larger than {most} bytes")), "{head}: {}", error.message);
        }
    }
}

#[tokio::test]
async fn an_answer_that_drips_is_given_up_by_its_time() {
    for head in [OK, "HTTP/1.1 200 OK\r\nx-drips: "] {
        let drips = move |stream| async move { again_and_again(stream, head, b"a", Duration::from_secs(1)).await };
        let url = served(drips).await;
        tokio::time::pause();
        let start = Instant::now();
        let error = local(&url).call(&get_alias()).await.unwrap_err();
        tokio::time::resume();
        assert_eq!(error.kind, ErrorKind::Unknown, "{error:?}");
        // Five attempts of at most 15 seconds, and the pauses.
        assert!(start.elapsed() <= Duration::from_secs(5 * 15 + 9), "{:?}", start.elapsed());
    }
}

/// <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
#[tokio::test(start_paused = true)]
async fn a_hook_that_answers_with_an_error_of_the_server_is_invoked_once_by_one_call() {
    for status in [500, 502, 503, 504] {
        let (aws, asked) = scripted(move |_, _| (status, vec![], "{}".to_owned()));
        let invoke = onebox_release::Call::Invoke { function: "hook".into(), payload: payload() };
        assert_eq!(aws.call(&invoke).await.unwrap_err().kind, ErrorKind::Unknown);
        assert_eq!(asked.lock().unwrap().len(), 1, "{status}");
    }
}

/// The timer of a socket that is kept alive is the one with the number 2:
/// <https://www.kernel.org/doc/Documentation/networking/proc_net_tcp.txt>
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_connection_of_a_long_invocation_is_kept_alive() {
    let (seen, mut seeing) = tokio::sync::mpsc::unbounded_channel();
    let url = served(move |stream| {
        let _ = seen.send(stream.peer_addr().unwrap().port());
        async move {
            let _stream = stream;
            std::future::pending().await
        }
    })
    .await;
    let aws = local(&url);
    let invoke = onebox_release::Call::Invoke { function: "hook".into(), payload: payload() };
    let invoked = tokio::spawn(async move { aws.call(&invoke).await });
    let port = seeing.recv().await.unwrap();
    let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let socket = sockets.lines().find(|line| {
        let local = line.split_whitespace().nth(1);
        local.is_some_and(|local| local.ends_with(&format!(":{port:04X}")))
    });
    let timer = socket.unwrap().split_whitespace().nth(5).unwrap();
    assert!(timer.starts_with("02:"), "{timer}");
    invoked.abort();
}
