//! The command in a folder of its own, with a region of the strict moto.

use std::process::{Child, Command, Stdio};

use onebox_release::Journal;
use tempfile::TempDir;

use crate::{
    scenario::{FUNCTIONS, Scenario},
    server::moto,
};

/// A folder with a plan, and an account that is new.
pub(crate) struct World {
    folder: TempDir,
    pub(crate) region: &'static str,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Done {
    /// `None`: it was killed.
    pub(crate) code: Option<i32>,
    pub(crate) said: String,
}

impl World {
    pub(crate) fn new(plan: &str, scenario: &Scenario, region: &'static str) -> Self {
        moto().tell(region, "account", &scenario.account());
        moto().tell(region, "faults", &scenario.faults());
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("release.toml"), plan).unwrap();
        Self { folder, region }
    }

    /// Begins a run of `onebox release`.
    pub(crate) fn spawn(&self, verb: &str) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onebox"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
            command.env_remove(name);
        }
        command.current_dir(self.folder.path()).env("HOME", self.folder.path()).args(["release", verb]);
        command.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "example");
        command.env("AWS_REGION", self.region).env("AWS_ENDPOINT_URL", moto().url());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    }

    pub(crate) fn run(&self, verb: &str) -> Done {
        ended(self.spawn(verb))
    }

    /// The journal as it stands.
    pub(crate) fn journal(&self) -> Option<Journal> {
        let bytes = std::fs::read(self.folder.path().join(".onebox/web-1/journal.jsonl")).ok()?;
        Journal::read(&bytes).ok()
    }

    /// The version that every alias stands wholly on, if it is the same.
    pub(crate) fn stands(&self) -> Option<String> {
        let account = moto().look(self.region, "account");
        let routing = |function: &str| account["aliases"][format!("{function}:live")].clone();
        let first = routing(FUNCTIONS[0]);
        let whole = first["weights"].as_object().is_some_and(serde_json::Map::is_empty);
        let same = FUNCTIONS.iter().all(|function| routing(function) == first);
        (whole && same).then(|| first["version"].as_str().unwrap().to_owned())
    }
}

/// Waits for a run.
pub(crate) fn ended(child: Child) -> Done {
    let output = child.wait_with_output().unwrap();
    Done { code: output.status.code(), said: String::from_utf8_lossy(&output.stderr).into_owned() }
}
