//! Packaged bundles in real Node.js processes: a few for each trigger, as Lambda has several environments.

use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt, try_join_all};
use onebox_edge::{Config, Trigger};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    sync::Semaphore,
    time::timeout,
};

use crate::{
    distribution::StartError,
    function::{Fault, Functions, pins},
    observe::Observer,
};

const DRIVER: &str = include_str!("driver.mjs");
/// Loading a bundle takes milliseconds; a start-up that takes this long has gone wrong.
const LOAD_TIME: Duration = Duration::from_secs(20);
/// No result that CloudFront takes is longer than this as JSON.
const RESULT_LIMIT: u64 = 8 << 20;
const LOG_LINE_LIMIT: u64 = 8 << 10;

/// The bundles of all triggers.
pub(crate) struct Node(Vec<(Trigger, Pool)>);

impl Node {
    /// Loads every bundle once, so that a mistake shows now.
    pub(crate) async fn start(
        node: &Path,
        bundles: &Path,
        config: &Config,
        processes: usize,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, StartError> {
        let triggers = Trigger::ALL.into_iter().filter(|trigger| *trigger != Trigger::ViewerResponse || pins(config));
        let pools = triggers.map(|trigger| Pool {
            trigger,
            node: node.to_owned(),
            bundle: bundles.join(trigger.as_str()).join("index.mjs"),
            observer: observer.clone(),
            idle: Mutex::default(),
            turns: Semaphore::new(processes.max(1)),
        });
        let pools = try_join_all(pools.map(|pool: Pool| async move {
            let worker = pool.load().await?;
            pool.idle().push(worker);
            Ok::<_, StartError>((pool.trigger, pool))
        }))
        .await?;
        Ok(Self(pools))
    }
}

impl Functions for Node {
    fn associated(&self, trigger: Trigger) -> bool {
        self.0.iter().any(|(pooled, _)| *pooled == trigger)
    }

    fn invoke(&self, trigger: Trigger, event: String) -> BoxFuture<'_, Result<String, Fault>> {
        async move {
            match self.0.iter().find(|(pooled, _)| *pooled == trigger) {
                Some((_, pool)) => pool.run(&event).await,
                None => Err(Fault::Threw(format!("there is no bundle for {trigger}"))),
            }
        }
        .boxed()
    }
}

/// The processes of one trigger.
struct Pool {
    trigger: Trigger,
    node: PathBuf,
    bundle: PathBuf,
    observer: Arc<dyn Observer>,
    idle: Mutex<Vec<Worker>>,
    turns: Semaphore,
}

impl Pool {
    async fn run(&self, event: &str) -> Result<String, Fault> {
        let threw = |error: &dyn std::error::Error| Fault::Threw(error.to_string());
        let _turn = self.turns.acquire().await.map_err(|closed| threw(&closed))?;
        let idle = self.idle().pop();
        let mut worker = match idle {
            Some(worker) => worker,
            None => self.load().await.map_err(|error| threw(&error))?,
        };
        // A worker that is not put back, because its time is over or it ended, is killed when it is dropped.
        match worker.run(event).await {
            Ok(Answer::Result(result)) => {
                self.idle().push(worker);
                Ok(result)
            }
            Ok(Answer::Error(error)) => {
                self.idle().push(worker);
                Err(Fault::Threw(error))
            }
            Ok(Answer::TooLong) => Err(Fault::TooLarge),
            Ok(Answer::Loaded | Answer::Ended) => Err(Fault::Threw("its Node.js process ended".to_owned())),
            Err(error) => Err(threw(&error)),
        }
    }

    /// Starts a process and loads the bundle into it.
    async fn load(&self) -> Result<Worker, StartError> {
        let no_node = |problem| StartError::NoNode { node: self.node.display().to_string(), problem };
        let bundle = |problem: String| StartError::Bundle { path: self.bundle.clone(), problem };
        let mut child = Command::new(&self.node)
            .args(["--input-type=module", "--eval", DRIVER, "--"])
            .arg(std::path::absolute(&self.bundle).map_err(|problem| bundle(problem.to_string()))?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(no_node)?;
        let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(no_node(io::Error::other("it has no pipes")));
        };
        tokio::spawn(log(stderr, self.trigger, self.observer.clone()));
        let mut worker = Worker { _child: child, stdin, stdout: BufReader::new(stdout) };
        match timeout(LOAD_TIME, worker.answer()).await {
            Ok(Ok(Answer::Loaded)) => Ok(worker),
            Ok(Ok(Answer::Error(error))) => Err(bundle(error)),
            Ok(Ok(_)) => Err(bundle("Node.js ended before it was loaded".to_owned())),
            Ok(Err(error)) => Err(bundle(error.to_string())),
            Err(_) => Err(bundle(format!("it was not loaded within {} s", LOAD_TIME.as_secs()))),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One process with its bundle.
struct Worker {
    _child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

/// What the driver answers.
enum Answer {
    Loaded,
    Result(String),
    Error(String),
    TooLong,
    Ended,
}

impl Worker {
    async fn run(&mut self, event: &str) -> io::Result<Answer> {
        self.stdin.write_all(event.as_bytes()).await?;
        self.stdin.write_all(b"\n").await?;
        self.stdin.flush().await?;
        self.answer().await
    }

    async fn answer(&mut self) -> io::Result<Answer> {
        let Some(line) = line(&mut self.stdout, RESULT_LIMIT).await? else { return Ok(Answer::TooLong) };
        let text = String::from_utf8_lossy(&line);
        let mut text = text.chars();
        let kind = text.next();
        let text = text.as_str().trim_end_matches('\n');
        Ok(match kind {
            None => Answer::Ended,
            Some('L') => Answer::Loaded,
            Some('R') => Answer::Result(text.to_owned()),
            Some(_) => Answer::Error(serde_json::from_str(text).unwrap_or_else(|_| text.to_owned())),
        })
    }
}

/// One line, empty at the end; none if it is longer than `limit`.
async fn line(from: &mut (impl AsyncRead + AsyncBufReadExt + Unpin), limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = from.take(limit).read_until(b'\n', &mut line).await?;
    let complete = line.ends_with(b"\n") || (read as u64) < limit;
    Ok(complete.then_some(line))
}

/// What a function prints goes to the observer, line by line; a very long line in pieces.
async fn log(stderr: ChildStderr, trigger: Trigger, observer: Arc<dyn Observer>) {
    let mut stderr = BufReader::new(stderr);
    loop {
        let mut line = Vec::new();
        match (&mut stderr).take(LOG_LINE_LIMIT).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => observer.log(trigger, String::from_utf8_lossy(&line).trim_end_matches('\n')),
        }
    }
}
