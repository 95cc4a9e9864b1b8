//! A running distribution.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock, atomic::AtomicBool, atomic::Ordering},
};

use hyper::body::Incoming;
use onebox_edge::Config;

use crate::{
    body::{Body, full},
    function::{Functions, Native, Runtime},
    observe::Observer,
    rule::Violation,
    settings::{Limits, Settings},
};

/// Why a distribution cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is no Node.js to run the bundles.
    #[error("`{node}` cannot be started ({problem}): install Node.js 22 or 24 (https://nodejs.org), or name its path")]
    NoNode {
        /// The command that was tried.
        node: String,
        /// What the system says.
        problem: std::io::Error,
    },
    /// A bundle cannot be loaded.
    #[error("the bundle {path} cannot be loaded: {problem}; `onebox package` writes it")]
    Bundle {
        /// The bundle's file.
        path: PathBuf,
        /// What Node.js says.
        problem: String,
    },
    /// Bundles carry their configuration: a new one needs new bundles.
    #[error("the functions run from bundles, which carry their configuration: package anew and deploy the bundles")]
    NeedsBundles,
    /// The trust store cannot be built.
    #[error("the certificates to trust cannot be used: {0}")]
    Roots(rustls::Error),
}

/// A local distribution. Clones are the same distribution.
#[derive(Clone)]
pub struct Distribution(Arc<Shared>);

struct Shared {
    settings: Settings,
    live: RwLock<Arc<Live>>,
    observer: Arc<dyn Observer>,
    sticky: AtomicBool,
}

/// What a deployment changes, all at once.
struct Live {
    config: Config,
    functions: Arc<dyn Functions>,
}

impl Distribution {
    /// Starts a distribution.
    ///
    /// # Errors
    ///
    /// When Node.js is missing or a bundle cannot be loaded.
    pub async fn start(settings: Settings, runtime: Runtime, observer: Arc<dyn Observer>) -> Result<Self, StartError> {
        let functions: Arc<dyn Functions> = match runtime {
            Runtime::Native => Arc::new(Native::new(&settings.config)),
            Runtime::Node { .. } => return Err(StartError::NeedsBundles),
        };
        Self::with(settings, functions, observer)
    }

    /// Starts a distribution with functions of the caller's own.
    ///
    /// # Errors
    ///
    /// When the certificates to trust cannot be used.
    pub fn with(
        settings: Settings,
        functions: Arc<dyn Functions>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, StartError> {
        let live = RwLock::new(Arc::new(Live { config: settings.config.clone(), functions }));
        Ok(Self(Arc::new(Shared { settings, live, observer, sticky: AtomicBool::new(true) })))
    }

    /// Answers one viewer's request.
    pub async fn handle(&self, client: SocketAddr, request: http::Request<Incoming>) -> http::Response<Body> {
        let _ = (client, request, self.0.sticky.load(Ordering::Relaxed));
        http::Response::new(full(""))
    }

    /// Deploys a new configuration; requests that are under way keep the one they began with.
    ///
    /// # Errors
    ///
    /// When the functions run from bundles: see [`deploy_bundles`](Self::deploy_bundles).
    pub async fn deploy(&self, config: Config) -> Result<(), StartError> {
        let functions = Arc::new(Native::new(&config));
        *self.0.live.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Live { config, functions });
        Ok(())
    }

    /// Switches stickiness on or off: off gives every request a random side at the configured share.
    pub fn set_sticky(&self, sticky: bool) {
        self.0.sticky.store(sticky, Ordering::Relaxed);
    }

    /// Empties the cache, as an invalidation of `/*` does.
    pub fn invalidate_all(&self) {}

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.settings.limits
    }

    pub(crate) fn broken(&self, violation: &Violation) {
        self.0.observer.broken(violation);
    }
}
