//! Releases, as their users run them, against a strict control plane at a local address.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails where it stands")]

mod accident;
mod adopt;
mod begin;
mod bounds;
mod journal;
mod one;
mod order;
mod place;
mod plan;
mod refusal;
mod session;
mod stop;

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use jiff::Timestamp;
use onebox_release::{AlarmState, Percent, Routing};
use onebox_sim::{
    Clock,
    control::{ControlPlane, ControlServer, Move, Mover},
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The command.
const ONEBOX: &str = env!("CARGO_BIN_EXE_onebox");

/// A folder to run the command in, and an account of AWS to run it against.
struct World {
    folder: TempDir,
    server: ControlServer,
    _runtime: Runtime,
}

/// What a run gave.
#[derive(Debug)]
struct Done {
    code: Option<i32>,
    out: String,
    err: String,
}

/// A release of everything that is over in a second or two.
const PLAN: &str = r#"[release]
id = "web-1"
bake = "300ms"
final_bake = "300ms"
poll = "100ms"
alarms = ["web-5xx"]
[[backend]]
function = "orders"
alias = "live"
target = "7"
strategy = { canary = { percent = 10, wait = "300ms" } }
[[backend]]
function = "search"
alias = "live"
target = "7"
[one-box]
function = "web-box"
alias = "live"
target = "7"
[regular]
function = "web"
alias = "live"
target = "7"
"#;

/// A release of one alias, that stays at 10 % until a person says something.
const PATIENT: &str = r#"[release]
id = "patient"
final_bake = "200ms"
poll = "100ms"
alarms = ["web-5xx"]
[[backend]]
function = "orders"
alias = "live"
target = "7"
strategy = { steps = [{ percent = 10, approval = true }] }
"#;

/// Every function of the account. All have the versions 1 to 7, and an alias `live` on 6.
const FUNCTIONS: [&str; 4] = ["orders", "search", "web-box", "web"];

fn now() -> Timestamp {
    let since = Clock::system().now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_millisecond(i64::try_from(since.as_millis()).unwrap()).unwrap()
}

impl World {
    /// An account in which nothing is wrong, and a plan.
    fn with(plan: &str) -> Self {
        let mut plane = ControlPlane::default();
        for function in FUNCTIONS {
            plane.function(function, 7, now());
            plane.alias(function, "live", &Routing::wholly("6")).unwrap();
        }
        plane.set_alarm("web-5xx", AlarmState::Ok, now());
        plane.take_moves();
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(ControlServer::start(plane, Clock::system())).unwrap();
        let world = Self { folder: TempDir::new().unwrap(), server, _runtime: runtime };
        world.write("release.toml", plan);
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// The command, with credentials and an endpoint.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = bare(self.folder.path());
        command.args(args).env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "example");
        command.env("AWS_REGION", "eu-west-1").env("AWS_ENDPOINT_URL", self.server.url());
        command
    }

    /// Another program, in the command's folder and surroundings.
    fn program(&self, program: &str) -> Command {
        let (onebox, mut command) = (self.command(&[]), Command::new(program));
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for (name, value) in onebox.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    fn run(&self, args: &[&str]) -> Done {
        ended(&mut self.command(args))
    }

    /// Begins a run.
    fn spawn(&self, args: &[&str]) -> Child {
        let mut command = self.command(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn routing(&self, function: &str) -> Routing {
        self.routing_of(function, "live")
    }

    fn routing_of(&self, function: &str, alias: &str) -> Routing {
        let alias = self.server.with(|plane| plane.alias_of(function, alias).unwrap().clone());
        let additional = alias.additional.map(|(version, weight)| (version, Percent::from_weight(weight).unwrap()));
        Routing { version: alias.version, additional }
    }

    /// Whether every alias stands wholly on this version.
    fn all_on(&self, version: &str) {
        for function in FUNCTIONS {
            assert_eq!(self.routing(function), Routing::wholly(version), "{function}");
        }
    }

    /// How often the release moved an alias; the guards that it creates do not move.
    fn moves(&self) -> usize {
        let moved = |one: &&Move| one.by == Mover::Call && one.from.is_some();
        self.server.with(|plane| plane.take_moves().iter().filter(moved).count())
    }

    fn alarm(&self, name: &str, state: AlarmState) {
        self.server.with(|plane| plane.set_alarm(name, state, now()));
    }

    /// Waits until something holds.
    fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        for _ in 0..600 {
            if holds(self) {
                return;
            }
            pause(Duration::from_millis(50));
        }
        panic!("{what} never came: {}", self.journal_text("patient"));
    }

    /// Waits until an alias has a part on its new version.
    fn until_shifted(&self, function: &str) {
        let tenth = Routing {
            version: "6".to_owned(),
            additional: Some(("7".to_owned(), Percent::from_hundredths(1000).unwrap())),
        };
        self.until("the first step", |world| world.routing(function) == tenth);
    }

    fn journal(&self, id: &str) -> PathBuf {
        self.path(".onebox").join(id).join("journal.jsonl")
    }

    fn journal_text(&self, id: &str) -> String {
        std::fs::read_to_string(self.journal(id)).unwrap_or_default()
    }
}

/// The command without anything of this machine's about AWS.
fn bare(folder: &Path) -> Command {
    let mut command = Command::new(ONEBOX);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        command.env_remove(name);
    }
    command.current_dir(folder).env("HOME", folder).env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

fn ended(command: &mut Command) -> Done {
    let output = command.stdin(Stdio::null()).output().unwrap();
    Done {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// No run takes longer than this: one that hangs is killed, and fails its test.
const BOUND: Duration = Duration::from_secs(120);

fn finished(child: Child) -> Done {
    let (ended, watched) = std::sync::mpsc::channel::<()>();
    let id = child.id().to_string();
    std::thread::spawn(move || {
        if watched.recv_timeout(BOUND) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            let _ = Command::new("kill").args(["-s", "KILL", &id]).status();
        }
    });
    let output = child.wait_with_output().unwrap();
    drop(ended);
    Done {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Sends a signal to a run.
fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success(), "{name}");
}

fn pause(time: Duration) {
    let (_keep, never) = std::sync::mpsc::channel::<()>();
    let _ = never.recv_timeout(time);
}

/// What is said in lines of JSON.
fn lines(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

impl Done {
    /// Ended with this code, and said all of this.
    #[track_caller]
    fn is(&self, code: i32, said: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for part in said {
            assert!(self.err.contains(part) || self.out.contains(part), "{part:?} is not in {self:#?}");
        }
    }
}
