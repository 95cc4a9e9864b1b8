//! A Lambda Runtime API on a free port of this machine, for one runtime client:
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

/// What a client posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Posted {
    /// The result of the event with this number, as JSON.
    Response(usize, String),
    /// The error of the event with this number.
    Error(usize, String),
    /// The function cannot be loaded.
    InitError(String),
    /// Every event is handed out, and another is asked for.
    Idle,
}

/// The API. What is posted comes out of `posted`, in order.
pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    pub(crate) posted: Receiver<Posted>,
}

/// The events that are left, and where answers go.
struct Desk {
    events: Mutex<std::vec::IntoIter<(usize, String)>>,
    posted: Mutex<Sender<Posted>>,
}

impl RuntimeApi {
    /// An API that hands out these events, one after the other.
    pub(crate) fn start(events: &[String]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (sender, posted) = channel();
        let events: Vec<_> = events.iter().cloned().enumerate().collect();
        let desk = Arc::new(Desk { events: Mutex::new(events.into_iter()), posted: Mutex::new(sender) });
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let desk = Arc::clone(&desk);
                // A connection ends when the client does.
                thread::spawn(move || desk.serve(&stream.unwrap()));
            }
        });
        Self { address, posted }
    }
}

impl Desk {
    fn serve(&self, stream: &TcpStream) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        let mut from = BufReader::new(stream);
        loop {
            let (path, body) = request(&mut from)?;
            let parts: Vec<_> = path.split('/').skip(3).collect();
            let id = |id: &str| id.parse().unwrap();
            let (status, headers, body) = match parts[..] {
                ["invocation", "next"] => {
                    let next = self.events.lock().unwrap().next();
                    let Some((id, event)) = next else {
                        self.post(Posted::Idle);
                        // Lambda lets the client wait.
                        return from.read(&mut [0]).ok().map(drop);
                    };
                    let headers = format!(
                        "Lambda-Runtime-Aws-Request-Id: {id}\r\nLambda-Runtime-Deadline-Ms: 4102444800000\r\n\
                         Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:111122223333:function:f:1\r\n\
                         Lambda-Runtime-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793\r\n"
                    );
                    ("200 OK", headers, event)
                }
                ["invocation", number, "response"] => self.accepted(Posted::Response(id(number), body)),
                ["invocation", number, "error"] => self.accepted(Posted::Error(id(number), body)),
                ["init", "error"] => self.accepted(Posted::InitError(body)),
                _ => panic!("the Runtime API has no {path}"),
            };
            let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
            (&*stream).write_all(&[head.as_bytes(), body.as_bytes()].concat()).ok()?;
        }
    }

    fn accepted(&self, posted: Posted) -> (&'static str, String, String) {
        self.post(posted);
        ("202 Accepted", String::new(), r#"{"status":"OK"}"#.to_owned())
    }

    fn post(&self, posted: Posted) {
        // Nobody listens to a client that has been given up.
        let _ = self.posted.lock().unwrap().send(posted);
    }
}

/// The next request's path and body; none at the end of the connection.
fn request(from: &mut impl BufRead) -> Option<(String, String)> {
    let mut line = || {
        let mut line = String::new();
        from.read_line(&mut line).ok().filter(|read| *read > 0)?;
        Some(line.trim_end().to_owned())
    };
    let path = line()?.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let header = line()?;
        let Some((name, value)) = header.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    Some((path, String::from_utf8(body).unwrap()))
}
