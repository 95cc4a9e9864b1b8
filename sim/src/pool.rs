//! Processes that run one function: a few of them, as Lambda has several environments.
//!
//! An event goes in on a line; an answer comes back on a line that begins with its kind.

use std::{
    ffi::OsString,
    io,
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use onebox_edge::Trigger;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    sync::Semaphore,
    time::timeout,
};

use crate::{function::Fault, observe::Observer, start_error::StartError};

/// Loading a function takes milliseconds; a start-up that takes this long has gone wrong.
const LOAD_TIME: Duration = Duration::from_secs(20);
/// No result that CloudFront takes is longer than this as JSON.
const RESULT_LIMIT: u64 = 8 << 20;
const LOG_LINE_LIMIT: u64 = 8 << 10;

/// What a process runs.
pub(crate) struct Program {
    /// The engine: a name on the PATH, or a path.
    pub(crate) engine: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<OsString>,
    /// The function's file, which an error names.
    pub(crate) file: PathBuf,
    /// What to say if there is no such engine.
    pub(crate) missing: fn(String, io::Error) -> StartError,
}

/// The processes of one trigger.
pub(crate) struct Pool {
    trigger: Trigger,
    program: Program,
    observer: Arc<dyn Observer>,
    idle: Mutex<Vec<Worker>>,
    turns: Semaphore,
}

impl Pool {
    /// Loads the function once, so that a mistake shows now.
    pub(crate) async fn start(
        trigger: Trigger,
        program: Program,
        processes: usize,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, StartError> {
        let (idle, turns) = (Mutex::default(), Semaphore::new(processes.max(1)));
        let pool = Self { trigger, program, observer, idle, turns };
        let worker = pool.load().await?;
        pool.idle().push(worker);
        Ok(pool)
    }

    /// The trigger that the function is for.
    pub(crate) fn trigger(&self) -> Trigger {
        self.trigger
    }

    /// Runs the function on one line of input.
    pub(crate) async fn run(&self, event: &str) -> Result<String, Fault> {
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
            Ok(Answer::Loaded | Answer::Ended) => Err(Fault::Threw("its process ended".to_owned())),
            Err(error) => Err(threw(&error)),
        }
    }

    /// Starts a process and loads the function into it.
    async fn load(&self) -> Result<Worker, StartError> {
        let missing = |problem| (self.program.missing)(self.program.engine.display().to_string(), problem);
        let bundle = |problem: String| StartError::Bundle { path: self.program.file.clone(), problem };
        let mut child = Command::new(&self.program.engine)
            .args(&self.program.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(missing)?;
        let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(missing(io::Error::other("it has no pipes")));
        };
        tokio::spawn(log(stderr, self.trigger, self.observer.clone()));
        let mut worker = Worker { _child: child, stdin, stdout: BufReader::new(stdout) };
        match timeout(LOAD_TIME, worker.answer()).await {
            Ok(Ok(Answer::Loaded)) => Ok(worker),
            Ok(Ok(Answer::Error(error))) => Err(bundle(error)),
            Ok(Ok(_)) => Err(bundle("its process ended before it was loaded".to_owned())),
            Ok(Err(error)) => Err(bundle(error.to_string())),
            Err(_) => Err(bundle(format!("it was not loaded within {} s", LOAD_TIME.as_secs()))),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One process with its function.
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
