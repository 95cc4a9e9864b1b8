//! A running distribution.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use http::Method;
use hyper::body::Incoming;
use onebox_edge::Config;

use crate::{
    body::Body,
    deliver::Delivered,
    flow::{Flow, Notes},
    function::{Functions, Runtime},
    live::Live,
    observe::{Observer, Record},
    origin::Origins,
    rule::Violation,
    settings::{Clock, Limits, Settings},
    start_error::StartError,
    store::Store,
};

/// A local distribution. Clones are the same distribution.
#[derive(Clone)]
pub struct Distribution(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) origins: Origins,
    pub(crate) observer: Arc<dyn Observer>,
    live: RwLock<Arc<Live>>,
    runtime: Option<Runtime>,
    sticky: AtomicBool,
}

impl Shared {
    pub(crate) fn is_sticky(&self) -> bool {
        self.sticky.load(Ordering::Relaxed)
    }
}

impl Distribution {
    /// Starts a distribution whose functions are onebox's handlers.
    ///
    /// # Errors
    ///
    /// When an engine is missing, a function cannot be loaded or a setting cannot be used.
    pub async fn start(settings: Settings, runtime: Runtime, observer: Arc<dyn Observer>) -> Result<Self, StartError> {
        let live = Live::load(settings.config.clone(), &runtime, &settings, &observer).await?;
        Self::build(settings, live, observer, Some(runtime))
    }

    /// Starts a distribution with functions of the caller's own.
    ///
    /// # Errors
    ///
    /// When a setting cannot be used.
    pub fn with_functions(
        settings: Settings,
        functions: Arc<dyn Functions>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, StartError> {
        let live = Live::new(settings.config.clone(), functions, None)?;
        Self::build(settings, live, observer, None)
    }

    fn build(
        settings: Settings,
        live: Arc<Live>,
        observer: Arc<dyn Observer>,
        runtime: Option<Runtime>,
    ) -> Result<Self, StartError> {
        Ok(Self(Arc::new(Shared {
            store: Store::new(settings.limits.cache_bytes),
            origins: Origins::new(&settings).map_err(StartError::Roots)?,
            live: RwLock::new(live),
            sticky: AtomicBool::new(true),
            settings,
            observer,
            runtime,
        })))
    }

    /// Answers one viewer's request.
    pub async fn handle(&self, client: SocketAddr, request: http::Request<Incoming>) -> http::Response<Body> {
        let shared = &self.0;
        let seen = shared.observer.listens().then(|| Seen::of(&request, &shared.settings.clock));
        let flow = Flow { shared: shared.clone(), live: self.live(), request_id: request_id(), moved: None };
        let mut notes = Notes::default();
        let (reply, request) = flow.answer(client, request, &mut notes).await;
        let Delivered { response, cache, failures } =
            flow.deliver(reply, request.as_ref(), notes.received.as_ref()).await;
        if let Some(seen) = seen {
            shared.observer.record(Record {
                request_id: flow.request_id.to_string(),
                time: seen.time,
                took: shared.settings.clock.now().duration_since(seen.time).unwrap_or_default(),
                client_ip: client.ip(),
                method: seen.method,
                uri: seen.uri,
                status: response.status(),
                partition: notes.partition,
                cache,
                origin: notes.origin,
                failures,
            });
        }
        response
    }

    /// Deploys a new configuration; requests that are under way keep the one they began with. Functions of the caller's
    /// own stay as they are.
    ///
    /// # Errors
    ///
    /// When the functions run from bundles: see [`deploy_bundles`](Self::deploy_bundles).
    pub async fn deploy(&self, config: Config) -> Result<(), StartError> {
        let live = match &self.0.runtime {
            Some(Runtime::Native) => self.load(config, &Runtime::Native).await?,
            Some(Runtime::Node { .. } | Runtime::Cff { .. }) => return Err(StartError::NeedsBundles),
            None => Live::new(config, self.live().functions.clone(), None)?,
        };
        self.go_live(live);
        Ok(())
    }

    /// Deploys a new configuration with the bundles, or the CloudFront Functions, that were packaged for it.
    ///
    /// # Errors
    ///
    /// When the functions do not run from a folder, or these cannot be loaded.
    pub async fn deploy_bundles(&self, config: Config, folder: &Path) -> Result<(), StartError> {
        let runtime = match &self.0.runtime {
            Some(Runtime::Node { node, .. }) => Runtime::Node { bundles: folder.to_owned(), node: node.clone() },
            Some(Runtime::Cff { engine, .. }) => Runtime::Cff { functions: folder.to_owned(), engine: engine.clone() },
            Some(Runtime::Native) | None => return Err(StartError::NeedsNoBundles),
        };
        self.go_live(self.load(config, &runtime).await?);
        Ok(())
    }

    /// The configuration that is live.
    #[must_use]
    pub fn config(&self) -> Config {
        self.live().config.clone()
    }

    /// Switches stickiness on or off: off gives every request a random side at the configured share.
    pub fn set_sticky(&self, sticky: bool) {
        self.0.sticky.store(sticky, Ordering::Relaxed);
    }

    /// Empties the cache, as an invalidation of `/*` does.
    pub fn invalidate_all(&self) {
        self.0.store.invalidate_all();
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.settings.limits
    }

    pub(crate) fn broken(&self, violation: &Violation) {
        self.0.observer.broken(violation);
    }

    async fn load(&self, config: Config, runtime: &Runtime) -> Result<Arc<Live>, StartError> {
        Live::load(config, runtime, &self.0.settings, &self.0.observer).await
    }

    fn live(&self) -> Arc<Live> {
        self.0.live.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn go_live(&self, live: Arc<Live>) {
        *self.0.live.write().unwrap_or_else(PoisonError::into_inner) = live;
    }
}

/// What a record says of a request as the viewer sent it.
struct Seen {
    time: SystemTime,
    method: Method,
    uri: String,
}

impl Seen {
    fn of(request: &http::Request<Incoming>, clock: &Clock) -> Self {
        let uri = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
        Self { time: clock.now(), method: request.method().clone(), uri }
    }
}

/// A request id in AWS's form: 54 characters of base64 and `==`.
fn request_id() -> Arc<str> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let letter = |_| char::from(ALPHABET[fastrand::usize(..ALPHABET.len())]);
    (0..54).map(letter).chain("==".chars()).collect::<String>().into()
}
