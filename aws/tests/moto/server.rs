//! The strict moto: a process of its own, and the desk where a test sets its accounts up.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use serde_json::Value;

/// A strict moto. It ends with its standard input: when this process does, however it ends.
pub(crate) struct Moto {
    url: String,
    _child: Child,
}

/// The one of this test program; every test takes a region of its own.
pub(crate) fn moto() -> &'static Moto {
    static MOTO: OnceLock<Moto> = OnceLock::new();
    MOTO.get_or_init(Moto::start)
}

impl Moto {
    fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../aws/tests/moto/start.py");
        // Beside the target directory's other contents: `cargo xtask` looks there, too.
        let venvs = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../moto");
        let mut child = Command::new("python3")
            .arg(script)
            .arg("--venv")
            .arg(venvs)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 does not start: install Python 3.10 or newer");
        let mut url = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        let url = url.trim().to_owned();
        assert!(url.starts_with("http://"), "the strict moto does not start; it says why above");
        Self { url, _child: child }
    }

    /// Where it is served, as an SDK's endpoint.
    #[allow(dead_code, reason = "functions are told it by the desk")]
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Tells the desk something about a region.
    pub(crate) fn tell(&self, region: &str, topic: &str, told: &Value) -> Value {
        self.ask("POST", &format!("{topic}?region={region}"), &told.to_string())
    }

    /// What the desk says of a region.
    pub(crate) fn look(&self, region: &str, topic: &str) -> Value {
        let (topic, query) = topic.split_once('?').unwrap_or((topic, ""));
        self.ask("GET", &format!("{topic}?region={region}&{query}"), "")
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        let address = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).unwrap();
        let length = body.len();
        let head = format!("{method} /strict/{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
        write!(stream, "{head}Content-Length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{method} {path} {head}\n{body}");
        serde_json::from_str(body).unwrap()
    }
}
