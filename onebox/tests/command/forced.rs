//! A forced visitor, in every runtime: no origin gets the token, and the visitor is not pinned.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use onebox_edge::Config;
use onebox_sim::{Distribution, Engine, Nobody, Runtime, SeenRequest, Settings, listen};
use serde_json::Value;

use crate::{Desk, njs, node};

/// Visitors are known by a session, pins are signed, and testers may choose.
const SITE: &str = r#"
[release]
id = "web-2026-11-20"
share = "50%"
[partition]
keys = ["cookie:session"]
[origins.regular]
domain = "reg.example.org"
protocol = "http"
[origins.one-box]
domain = "box.example.org"
[pin]
secret = "env:ONEBOX_SECRET"
[override]
secret = "env:ONEBOX_SECRET"
"#;

/// An origin that answers with its name and remembers what it was sent.
fn origin(name: &'static str, heads: &Arc<Mutex<Vec<String>>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, heads) = (listener.local_addr().unwrap(), heads.clone());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut head = String::new();
            while stream.read_line(&mut head).unwrap() > 2 {}
            heads.lock().unwrap().push(head);
            let answer =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{name}", name.len());
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
        }
    });
    address
}

/// A visit: the answer's body and its pin.
fn visit(address: SocketAddr, method: &str, uri: &str, headers: &str) -> (String, Option<String>) {
    let length = if method == "POST" { "Content-Length: 0\r\n" } else { "" };
    let head = format!("{method} {uri} HTTP/1.1\r\nHost: localhost\r\n{length}{headers}Connection: close\r\n\r\n");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let pin = head.lines().find_map(|line| line.strip_prefix("set-cookie: ").map(str::to_owned));
    (body.to_owned(), pin)
}

fn token(desk: &Desk, partition: &str) -> String {
    let done = desk.run(&["token", "--partition", partition, "--for", "1h", "--json"]);
    let token: Value = serde_json::from_str(&done.out).unwrap_or_else(|_| panic!("{done:?}"));
    token["token"].as_str().unwrap().to_owned()
}

/// Both readings of what viewer-response sees:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html>.
#[test]
fn no_origin_gets_the_token_and_a_forced_visitor_is_not_pinned_in_any_runtime() {
    let function = "[function]\norigin = \"function\"\n";
    let selecting = "[function]\norigin = \"function\"\none_box_id = \"box\"\n";
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for (table, engine) in [
        ("", "native"),
        ("", "bundles"),
        ("", "node"),
        ("", "njs"),
        (function, "node"),
        (function, "njs"),
        (selecting, "njs"),
    ] {
        let desk = Desk::with(&(SITE.to_owned() + table));
        assert_eq!(desk.run(&["package"]).code, Some(0));
        for seen in [SeenRequest::Changed, SeenRequest::Received] {
            let heads = Arc::new(Mutex::new(Vec::new()));
            let config = String::from_utf8(desk.read("dist/origin-request/config.json")).unwrap();
            let mut settings = Settings::new(Config::from_json(&config).unwrap());
            settings.resolve.insert("reg.example.org".into(), origin("regular", &heads));
            settings.resolve.insert("box.example.org".into(), origin("one-box", &heads));
            settings.viewer_response = seen;
            settings.limits.node_processes = 1;
            let dist = desk.path().join("dist");
            let functions = |engine| Runtime::Cff { functions: dist.clone(), engine };
            let how = match engine {
                "native" => Runtime::Native,
                "bundles" => Runtime::Node { bundles: dist.clone(), node: node().into() },
                "node" => functions(Engine::Node(node().into())),
                _ => functions(Engine::Njs(njs().into())),
            };
            let address = runtime.block_on(async {
                let distribution = Distribution::start(settings, how, Arc::new(Nobody)).await.unwrap();
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                tokio::spawn(listen(listener, distribution, std::future::pending::<()>()));
                address
            });
            visits(&desk, address, &heads, &format!("{engine} {table} {seen:?}"));
        }
    }
}

fn visits(desk: &Desk, address: SocketAddr, heads: &Mutex<Vec<String>>, context: &str) {
    let mut number = 0;
    let mut go = |method: &str, headers: &str| {
        number += 1;
        let answer = visit(address, method, &format!("/{number}"), headers);
        let head =
            heads.lock().unwrap().pop().unwrap_or_else(|| panic!("{context}: no origin was reached: {answer:?}"));
        assert!(!head.to_ascii_lowercase().contains("onebox-force"), "{context}: {head}");
        assert!(head.to_ascii_lowercase().contains("x-req-partition: "), "{context}: {head}");
        (answer, head)
    };
    for partition in ["one-box", "regular"] {
        let token = token(desk, partition);
        for (method, headers, cookies) in [
            ("GET", format!("Onebox-Force: {token}\r\n"), None),
            ("GET", format!("Cookie: onebox-force={token}\r\n"), None),
            ("GET", format!("Cookie: a=1; onebox-force={token}; session=7f3a\r\n"), Some("a=1; session=7f3a")),
            (
                "POST",
                format!("onebox-force: {token}\r\nCookie: session=7f3a; onebox-force=x\r\n"),
                Some("session=7f3a"),
            ),
        ] {
            let ((body, pin), head) = go(method, &headers);
            assert_eq!((&*body, pin), (partition, None), "{context}: {method} {headers}");
            let (_, tag) = token.rsplit_once('.').unwrap();
            assert!(!head.contains(tag), "{context}: {head}");
            let sent = head.lines().find_map(|line| line.strip_prefix("cookie: "));
            assert_eq!(sent, cookies, "{context}: {head}");
        }
    }
    // Who is not forced is pinned, whatever was sent under that name or the function's own.
    for headers in ["", "Onebox-Force: one-box.1.00\r\n", "X-Req-Partition: one-box\r\n"] {
        let ((body, pin), _) = go("GET", &format!("{headers}Cookie: session=7f3a; onebox-force=one-box.1\r\n"));
        assert_eq!(body, "regular", "{context}");
        let pin = pin.unwrap_or_else(|| panic!("{context}: {headers} is not pinned"));
        assert!(pin.starts_with("__Host-onebox=web-2026-11-20.76282."), "{context}: {pin}");
        assert!(pin.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=604800"), "{context}: {pin}");
    }
}
