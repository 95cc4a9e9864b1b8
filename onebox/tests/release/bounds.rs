//! Servers that never end their answers, and signals that end the command all the same.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use crate::{ONEBOX, PATIENT, PLAN, World, finished, pause, signal};

/// A server that does this with every connection, after it has read a request.
fn served(answer: fn(TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut stream = stream;
                let _ = stream.read(&mut [0; 8192]);
                answer(stream);
            });
        }
    });
    url
}

fn endless(mut stream: TcpStream) {
    let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
    while sent.is_ok() {
        sent = stream.write_all(&[b' '; 65_536]);
    }
}

fn dripping(mut stream: TcpStream) {
    let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
    while sent.is_ok() {
        pause(Duration::from_secs(1));
        sent = stream.write_all(b" ");
    }
}

fn silent(stream: TcpStream) {
    let _stream = stream;
    pause(Duration::from_secs(120));
}

/// The most memory that a process has had, in KiB.
/// <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>
fn peak(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}

/// The issue that this answers gives the bounds: 64 MiB, and five seconds.
#[test]
fn a_server_that_never_ends_its_answers_costs_little_memory_and_one_sigterm_ends_the_command() {
    for (name, answer) in [("endless", endless as fn(TcpStream)), ("dripping", dripping), ("silent", silent)] {
        let world = World::with(PLAN);
        let mut command = world.command(&["release", "start"]);
        command.env("AWS_ENDPOINT_URL", served(answer)).stdin(Stdio::null());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        world.until("the journal", |world| !world.journal_text("web-1").is_empty());
        pause(Duration::from_secs(2));
        let peak = peak(&child);
        assert!(peak < 64 * 1024, "{name}: {peak} KiB");
        println!("{name}: {peak} KiB");
        let asked = Instant::now();
        signal(&child, "TERM");
        let done = finished(child);
        assert!(asked.elapsed() < Duration::from_secs(5), "{name}: {:?}", asked.elapsed());
        // It was refused before the signal, or interrupted by it.
        assert!(matches!(done.code, Some(130 | 1)), "{name}: {done:?}");
        world.run(&["release", "status", "--id", "web-1"]);
        let journal = world.journal_text("web-1");
        assert!(journal.ends_with('\n'), "{name}: {journal}");
        assert!(journal.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{name}");
    }
}

#[test]
fn a_terminal_that_is_closed_stops_it_too_and_what_ignores_that_goes_on() {
    let world = World::with(PATIENT);
    // Whatever this test was started below: a signal that is ignored stays ignored.
    let child = world.program("env").args(["--default-signal=HUP", ONEBOX, "release", "start"]).spawn().unwrap();
    world.until_shifted("orders");
    signal(&child, "HUP");
    finished(child).is(130, &["everything stays as it is"]);

    let world = World::with(PATIENT);
    let child = world.program("nohup").args([ONEBOX, "release", "start"]).spawn().unwrap();
    world.until_shifted("orders");
    signal(&child, "HUP");
    pause(Duration::from_millis(300));
    world.run(&["release", "promote", "--because", "fine"]).is(0, &[]);
    finished(child).is(0, &["released"]);
}
