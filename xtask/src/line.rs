//! A command line: run as it is shown, and shown as a person would type it.

use std::{
    env, fmt,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, ExitStatus, Stdio},
    time::Duration,
};

use wait_timeout::ChildExt;

/// A command, its arguments and its additions to the environment.
#[derive(Clone)]
pub(crate) struct Line {
    env: Vec<(String, String)>,
    /// A folder before all others on the path.
    path: Option<String>,
    words: Vec<String>,
}

/// A command that runs until this is dropped.
pub(crate) struct Running {
    child: Child,
    greeting: String,
}

/// Why something did not hold, in a sentence that says what to do next.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Line {
    /// The command of these words.
    pub(crate) fn of(words: &str) -> Self {
        Self { env: Vec::new(), path: None, words: words.split_whitespace().map(str::to_owned).collect() }
    }

    /// The command of this program, whose path may hold spaces.
    pub(crate) fn program(path: &str) -> Self {
        Self { env: Vec::new(), path: None, words: vec![path.to_owned()] }
    }

    /// With more arguments.
    pub(crate) fn args(mut self, args: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.words.extend(args.into_iter().map(Into::into));
        self
    }

    /// With a variable in its environment.
    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// With this Node.js, for whoever asks the path and for whoever asks `ONEBOX_NODE`.
    pub(crate) fn node(mut self, program: &str) -> Self {
        self.path = Path::new(program).parent().map(|folder| folder.display().to_string());
        self.env("ONEBOX_NODE", program)
    }

    /// Runs it, shown, to its success.
    ///
    /// # Errors
    /// The exact line to run again.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        println!("$ {self}");
        let status = self.command().status().map_err(|error| self.not_started(&error))?;
        self.succeeded(status)
    }

    /// Runs it like [`run`](Self::run), but of what it reports on standard error shows only these lines unless it fails.
    ///
    /// # Errors
    /// The exact line to run again.
    pub(crate) fn run_showing(&self, shown: fn(&str) -> bool) -> Result<(), Failure> {
        println!("$ {self}");
        let output = self.command().stdin(Stdio::null()).output().map_err(|error| self.not_started(&error))?;
        let report = String::from_utf8_lossy(&output.stderr);
        let failed = !output.status.success();
        report.lines().filter(|line| failed || shown(line)).for_each(|line| println!("{line}"));
        self.succeeded(output.status)
    }

    /// Becomes it: signals, exit code and terminal are the command's own.
    ///
    /// # Errors
    /// If it cannot be started.
    #[cfg(unix)]
    pub(crate) fn become_it(&self) -> Result<ExitCode, Failure> {
        use std::os::unix::process::CommandExt;
        Err(self.not_started(&self.command().exec()))
    }

    /// Runs it and passes its exit code on.
    ///
    /// # Errors
    /// If it cannot be started.
    #[cfg(not(unix))]
    pub(crate) fn become_it(&self) -> Result<ExitCode, Failure> {
        let status = self.command().status().map_err(|error| self.not_started(&error))?;
        Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
    }

    /// What it prints, or nothing if it cannot be started or fails.
    pub(crate) fn output(&self) -> Option<String> {
        let output = self.command().stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Whether it succeeds within this time; it is stopped when the time is over.
    pub(crate) fn succeeds_within(&self, limit: Duration) -> bool {
        println!("$ {self}");
        let Ok(mut child) = self.command().stdin(Stdio::null()).spawn() else { return false };
        if let Ok(Some(status)) = child.wait_timeout(limit) {
            return status.success();
        }
        // A child that has ended by itself meanwhile is as well.
        let _ = child.kill();
        let _ = child.wait();
        false
    }

    /// Starts it, shown, and waits for the first line that it prints.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(crate) fn start(&self) -> Result<Running, Failure> {
        println!("$ {self} &");
        let started = self.command().stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut running =
            Running { child: started.map_err(|error| self.not_started(&error))?, greeting: String::new() };
        // Of one that ends without a line, the greeting stays empty.
        if let Some(printed) = running.child.stdout.as_mut() {
            BufReader::new(printed)
                .read_line(&mut running.greeting)
                .map_err(|error| Failure::new(format!("{error}:\n    {self}")))?;
        }
        Ok(running)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.words.first().map_or("", String::as_str));
        command.args(self.words.iter().skip(1));
        // `cargo run` describes xtask to xtask. Build scripts that look at it (ring's) would run again and again.
        env::vars_os()
            .map(|(name, _)| name)
            .filter(|name| {
                let name = name.to_string_lossy();
                name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "CARGO_CRATE_NAME"
            })
            .for_each(|name| {
                command.env_remove(name);
            });
        if let Some(folder) = &self.path {
            let others = env::var_os("PATH").unwrap_or_default();
            let folders = [PathBuf::from(folder)].into_iter().chain(env::split_paths(&others));
            // Only a folder whose own name holds a separator cannot be joined: then the path stays as it is.
            env::join_paths(folders).into_iter().for_each(|path| {
                command.env("PATH", path);
            });
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    fn succeeded(&self, status: ExitStatus) -> Result<(), Failure> {
        if status.success() {
            return Ok(());
        }
        Err(Failure::new(format!("the command ended with {status}; to run it again:\n    {self}")))
    }

    fn not_started(&self, error: &std::io::Error) -> Failure {
        let program = self.words.first().map_or("", String::as_str);
        Failure::new(format!("{program} cannot be started ({error}): install it, then run again:\n    {self}"))
    }
}

impl Running {
    /// The first line that it printed.
    pub(crate) fn greeting(&self) -> &str {
        &self.greeting
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.iter().map(|folder| format!("PATH={}:\"$PATH\"", quoted(folder)));
        let env = self.env.iter().map(|(name, value)| format!("{name}={}", quoted(value)));
        let words: Vec<_> = path.chain(env).chain(self.words.iter().map(|word| quoted(word))).collect();
        f.write_str(&words.join(" "))
    }
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=+,@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_shown_as_a_shell_reads_it() {
        let line = Line::of("cargo doc --no-deps").env("RUSTDOCFLAGS", "-D warnings").args(["it's", ""]);
        assert_eq!(line.to_string(), r"RUSTDOCFLAGS='-D warnings' cargo doc --no-deps 'it'\''s' ''");
    }

    #[test]
    fn a_line_with_a_node_runs_it_first() {
        let line = Line::of("node").node("/opt/node/bin/node");
        assert_eq!(line.to_string(), r#"PATH=/opt/node/bin:"$PATH" ONEBOX_NODE=/opt/node/bin/node node"#);
        let path = Line::of("printenv PATH").node("/opt/node/bin/node").output().unwrap();
        assert!(path.starts_with("/opt/node/bin:"), "{path}");
    }

    #[test]
    fn a_failure_names_the_line_to_run_again() {
        let line = Line::of("test -d no/such/folder");
        assert!(line.run().unwrap_err().to_string().ends_with("to run it again:\n    test -d no/such/folder"));
        assert_eq!(line.output(), None);
    }

    #[test]
    fn a_missing_program_is_named() {
        let failure = Line::of("onebox-no-such-program --help").run().unwrap_err().to_string();
        assert!(failure.starts_with("onebox-no-such-program cannot be started"), "{failure}");
    }

    #[test]
    fn a_running_command_has_a_first_line_and_ends_with_its_owner() {
        let running = Line::of("yes onebox").start().unwrap();
        assert_eq!(running.greeting(), "onebox\n");
        let alive = Line::of("kill -0").args([running.child.id().to_string()]);
        assert!(alive.output().is_some());
        drop(running);
        assert_eq!(alive.output(), None);
    }

    #[test]
    fn a_command_that_takes_too_long_is_stopped() {
        assert!(!Line::of("sleep 600").succeeds_within(Duration::from_millis(1)));
        assert!(Line::of("true").succeeds_within(Duration::from_secs(600)));
    }
}
