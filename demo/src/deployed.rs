//! How the functions of the demo run: in this process, or as whoever starts it has packaged them.

use onebox_edge::Config;
use onebox_sim::Runtime;
use onebox_terminal::Failure;
use tempfile::TempDir;

/// Brings the functions of a configuration to where they run.
pub trait Functions: Send + Sync {
    /// How they run, in one word.
    fn name(&self) -> &'static str;

    /// Brings them there.
    ///
    /// # Errors
    ///
    /// When they cannot be packaged or started.
    fn deploy(&self, config: &Config) -> Result<Deployed, Failure>;
}

/// Functions that are where they run.
#[derive(Debug)]
pub struct Deployed {
    /// How they run.
    pub runtime: Runtime,
    /// The folder that the runtime reads, which goes with this value.
    pub folder: Option<TempDir>,
}

/// In this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Native;

impl Functions for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn deploy(&self, _config: &Config) -> Result<Deployed, Failure> {
        Ok(Deployed { runtime: Runtime::Native, folder: None })
    }
}
