//! AWS's published runtime clients, each under its Node.js, in a process of its own.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::RecvTimeoutError,
    time::Duration,
};

use crate::api::{Posted, RuntimeApi};

/// A client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    /// aws-lambda-ric 3: the managed runtimes up to Node.js 22.
    Three,
    /// aws-lambda-ric 4: Node.js 24.
    Four,
}

/// What came of a run.
pub(crate) struct Run {
    /// What was posted, in order.
    pub(crate) posted: Vec<Posted>,
    /// What was printed, by the client and by the function.
    pub(crate) printed: String,
    /// Whether the client waited for another event in the end; else its process ended, or the time was over.
    pub(crate) is_alive: bool,
}

/// How long a client may say nothing.
const PATIENCE: Duration = Duration::from_secs(30);

impl Client {
    pub(crate) const ALL: [Self; 2] = [Self::Three, Self::Four];

    /// Its major version of Node.js.
    pub(crate) fn node_version(self) -> u32 {
        match self {
            Self::Three => 22,
            Self::Four => 24,
        }
    }

    /// The pinned Node.js, or the one that ONEBOX_NODE_22 and the like name.
    pub(crate) fn node(self) -> PathBuf {
        let version = self.node_version();
        let variable = format!("ONEBOX_NODE_{version}");
        let arch = if env::consts::ARCH == "aarch64" { "arm64" } else { "x64" };
        let pinned = format!("../xtask/node/node_modules/node{version}-{}-{arch}/bin/node", env::consts::OS);
        let node =
            env::var_os(&variable).map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(pinned), Into::into);
        assert!(node.exists(), "{} is missing: run `cargo xtask setup`, or set {variable}", node.display());
        node
    }

    /// Hands these events, one after the other, to the function in a folder.
    pub(crate) fn run(self, function: &Path, events: &[String]) -> Run {
        let api = RuntimeApi::start(events);
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut child = self.start(function, &api, log.path());
        let mut posted = Vec::new();
        let mut waited = Duration::ZERO;
        let step = Duration::from_millis(10);
        let is_alive = loop {
            match api.posted.recv_timeout(step) {
                Ok(Posted::Idle) => break true,
                Ok(answer) => {
                    posted.push(answer);
                    waited = Duration::ZERO;
                }
                Err(RecvTimeoutError::Timeout) if child.try_wait().unwrap().is_none() && waited < PATIENCE => {
                    waited += step
                }
                Err(_) => break false,
            }
        };
        // It may have ended by itself.
        let _ = child.kill();
        child.wait().unwrap();
        posted.extend(api.posted.try_iter().filter(|posted| *posted != Posted::Idle));
        Run { posted, printed: fs::read_to_string(log.path()).unwrap(), is_alive }
    }

    fn start(self, function: &Path, api: &RuntimeApi, log: &Path) -> Child {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/client");
        // Where the native addon would lie: a file that is there is loaded by what addon.cjs has put in its place.
        let (client, addon) = match self {
            Self::Three => ("node_modules/client3/bin/index.mjs", "node_modules/client3/dist/rapid-client.node"),
            Self::Four => ("node_modules/client4/index.mjs", "node_modules/client4/rapid-client.node"),
        };
        let client = here.join(client);
        assert!(client.exists(), "{} is missing: run `cargo xtask setup`", client.display());
        fs::write(here.join(addon), "").unwrap();
        let output = fs::File::create(log).unwrap();
        // What a function finds in its environment:
        // https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
        Command::new(self.node())
            .arg("--require")
            .arg(here.join("addon.cjs"))
            .arg(client)
            .arg("index.handler")
            .current_dir(function)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .env("LAMBDA_TASK_ROOT", function)
            .env("_HANDLER", "index.handler")
            .env("AWS_EXECUTION_ENV", format!("AWS_Lambda_nodejs{}.x", self.node_version()))
            .env("AWS_LAMBDA_FUNCTION_NAME", "us-east-1.f")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/us-east-1.f")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/28/[1]f")
            .env("TZ", ":UTC")
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap()
    }
}
