//! How functions run: an event goes in as JSON, a result comes out as JSON, or a fault.

use std::{panic::AssertUnwindSafe, path::PathBuf};

use futures_util::future::{BoxFuture, FutureExt, ready};
use onebox_edge::{Config, Trigger, serve_at};
use onebox_origin_request::OriginRequest;
use onebox_origin_response::OriginResponse;
use onebox_viewer_request::ViewerRequest;
use onebox_viewer_response::ViewerResponse;

use crate::{cff::Engine, settings::Clock};

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
    /// CloudFront Functions for the viewer's triggers; those of the origin in this process.
    Cff {
        /// The folder with `viewer-request.cff.js` and, where visitors are pinned, `viewer-response.cff.js`.
        functions: PathBuf,
        /// What runs them.
        engine: Engine,
    },
}

/// The functions of a distribution.
pub trait Functions: Send + Sync + 'static {
    /// Whether a function is associated with a trigger; where there is none, nothing changes.
    fn associated(&self, trigger: Trigger) -> bool {
        let _ = trigger;
        true
    }

    /// Runs the function of a trigger.
    ///
    /// The caller limits the time: a future that is dropped has to stop what it started.
    fn invoke(&self, trigger: Trigger, event: String) -> BoxFuture<'_, Result<String, Fault>>;
}

/// Whether a configuration needs viewer-response, which does nothing but pin visitors.
pub(crate) fn pins(config: &Config) -> bool {
    config.pin.is_some()
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
    viewer_response: Option<ViewerResponse>,
    clock: Clock,
}

impl Native {
    pub(crate) fn new(config: &Config, clock: &Clock) -> Self {
        Self {
            viewer_request: ViewerRequest::new(config),
            origin_request: OriginRequest::new(config),
            origin_response: OriginResponse::new(config),
            viewer_response: pins(config).then(|| ViewerResponse::new(config)),
            clock: clock.clone(),
        }
    }

    fn run(&self, trigger: Trigger, event: &str) -> Result<String, Fault> {
        let now = self.clock.time();
        match (trigger, &self.viewer_response) {
            (Trigger::ViewerRequest, _) => Ok(serve_at(&self.viewer_request, event, now)),
            (Trigger::OriginRequest, _) => Ok(serve_at(&self.origin_request, event, now)),
            (Trigger::OriginResponse, _) => Ok(serve_at(&self.origin_response, event, now)),
            (Trigger::ViewerResponse, Some(viewer_response)) => Ok(serve_at(viewer_response, event, now)),
            (Trigger::ViewerResponse, None) => Err(Fault::Threw("there are no pins to write".to_owned())),
        }
    }
}

impl Functions for Native {
    fn associated(&self, trigger: Trigger) -> bool {
        trigger != Trigger::ViewerResponse || self.viewer_response.is_some()
    }

    fn invoke(&self, trigger: Trigger, event: String) -> BoxFuture<'_, Result<String, Fault>> {
        let result = std::panic::catch_unwind(AssertUnwindSafe(|| self.run(trigger, &event)));
        ready(result.unwrap_or_else(|_| Err(Fault::Threw("the handler panicked".to_owned())))).boxed()
    }
}
