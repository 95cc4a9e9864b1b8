//! How functions run: an event goes in as JSON, a result comes out as JSON, or a fault.

use std::{panic::AssertUnwindSafe, path::PathBuf};

use futures_util::future::{BoxFuture, FutureExt, ready};
use onebox_edge::{Config, Trigger, serve};
use onebox_origin_request::OriginRequest;
use onebox_origin_response::OriginResponse;
use onebox_viewer_request::ViewerRequest;

/// How functions run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// In this process, as Rust.
    Native,
    /// The packaged bundles, in Node.js processes.
    Node {
        /// The folder with `viewer-request/index.mjs` and so on.
        bundles: PathBuf,
        /// The `node` command: a name on the PATH, or a path.
        node: PathBuf,
    },
}

/// The functions of a distribution.
pub trait Functions: Send + Sync + 'static {
    /// Runs the function of a trigger.
    ///
    /// The caller limits the time: a future that is dropped has to stop what it started.
    fn invoke(&self, trigger: Trigger, event: String) -> BoxFuture<'_, Result<String, Fault>>;
}

/// Why a function has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It threw, or its process ended.
    Threw(String),
    /// Its result is larger than any event could allow.
    TooLarge,
}

/// The handlers in this process.
pub(crate) struct Native {
    viewer_request: ViewerRequest,
    origin_request: OriginRequest,
    origin_response: OriginResponse,
}

impl Native {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            viewer_request: ViewerRequest::new(config),
            origin_request: OriginRequest::new(config),
            origin_response: OriginResponse::new(config),
        }
    }

    fn run(&self, trigger: Trigger, event: &str) -> String {
        match trigger {
            Trigger::ViewerRequest => serve(&self.viewer_request, event),
            Trigger::OriginRequest => serve(&self.origin_request, event),
            Trigger::OriginResponse => serve(&self.origin_response, event),
        }
    }
}

impl Functions for Native {
    fn invoke(&self, trigger: Trigger, event: String) -> BoxFuture<'_, Result<String, Fault>> {
        let result = std::panic::catch_unwind(AssertUnwindSafe(|| self.run(trigger, &event)));
        ready(result.map_err(|_| Fault::Threw("the handler panicked".to_owned()))).boxed()
    }
}
