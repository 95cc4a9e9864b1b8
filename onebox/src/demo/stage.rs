//! The stage: two origins, the distribution in front of them, and the settings that can be changed while it runs.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use onebox_core::{Partition, Share};
use onebox_edge::{Config, Problem};
use onebox_sim::{Distribution, Runtime, Settings};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::Mutex, task::JoinHandle};

use super::{
    board::Board,
    listen::{Stop, serve},
    origins,
    site::Release,
};
use crate::{Failure, package, serve::Engine};

const REGULAR: &str = "regular.demo.test";
const ONE_BOX: &str = "one-box.demo.test";

/// The demo's configuration at a share.
///
/// Visitors are told apart by their session, or else by address and browser.
pub(super) fn config(share: Share) -> Result<Config, Vec<Problem>> {
    let origin = |domain: &str| serde_json::json!({ "domain": domain, "protocol": "http", "port": 80 });
    let config = serde_json::json!({
        "release": { "id": "demo", "share": share.to_string() },
        "partition": { "keys": ["cookie:session", ["client-ip", "header:user-agent"], "header:user-agent"] },
        "origins": { "regular": origin(REGULAR), "one-box": origin(ONE_BOX) },
        "debug": { "response_header": true },
    });
    Config::from_json(&config.to_string())
}

/// What runs, and how to change it.
pub(super) struct Stage {
    /// The local CloudFront.
    pub(super) distribution: Distribution,
    /// What happens on it.
    pub(super) board: Arc<Board>,
    /// The folder of the bundles that are deployed, if functions run from bundles. Whoever holds this may deploy.
    deployed: Mutex<Option<TempDir>>,
}

impl Stage {
    /// Starts origins and distribution. The origins end with the stop.
    pub(super) async fn start(
        share: Share,
        engine: Engine,
        node: PathBuf,
        stop: &Stop,
    ) -> Result<(Self, [JoinHandle<()>; 2]), Failure> {
        let config = config(share).map_err(|problems| stuck(problems.iter().map(ToString::to_string).collect()))?;
        let (regular, regular_ended) = origin(Partition::Regular, stop).await?;
        let (one_box, one_box_ended) = origin(Partition::OneBox, stop).await?;
        let mut settings = Settings::new(config.clone());
        settings.resolve = [(REGULAR.to_owned(), regular), (ONE_BOX.to_owned(), one_box)].into();

        let (name, deployed, runtime) = match engine {
            Engine::Native => ("native", None, Runtime::Native),
            Engine::Node => {
                let folder = packaged(&config)?;
                let runtime = Runtime::Node { bundles: folder.path().to_owned(), node };
                ("node", Some(folder), runtime)
            }
        };
        let board = Arc::new(Board::new(config, name));
        let distribution =
            Distribution::start(settings, runtime, board.clone()).await.map_err(|error| stuck(error.to_string()))?;
        let stage = Self { distribution, board, deployed: Mutex::new(deployed) };
        Ok((stage, [regular_ended, one_box_ended]))
    }

    /// Deploys another share. Requests that are under way end with the one they began with.
    pub(super) async fn set_share(&self, share: Share) -> Result<(), Failure> {
        let mut deployed = self.deployed.lock().await;
        let before = self.distribution.config();
        let mut config = before.clone();
        config.release.share = share;
        self.board.pause();
        let done = match deployed.as_mut() {
            None => self.distribution.deploy(config.clone()).await.map_err(|error| stuck(error.to_string())),
            Some(folder) => self.deploy_bundles(&config).await.map(|new| *folder = new),
        };
        self.board.resume(if done.is_ok() { config } else { before }, self.board.sticky());
        done
    }

    /// Switches stickiness on or off.
    pub(super) async fn set_sticky(&self, sticky: bool) {
        let _alone = self.deployed.lock().await;
        self.board.pause();
        self.distribution.set_sticky(sticky);
        self.board.resume(self.distribution.config(), sticky);
    }

    async fn deploy_bundles(&self, config: &Config) -> Result<TempDir, Failure> {
        let folder = packaged(config)?;
        let deployed = self.distribution.deploy_bundles(config.clone(), folder.path()).await;
        deployed.map(|()| folder).map_err(|error| stuck(error.to_string()))
    }
}

async fn origin(side: Partition, stop: &Stop) -> Result<(SocketAddr, JoinHandle<()>), Failure> {
    let listener =
        TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| stuck(error.to_string()))?;
    let address = listener.local_addr().map_err(|error| stuck(error.to_string()))?;
    let release = Arc::new(Release::of(side));
    let ended = serve(listener, stop.clone(), move |_, request| origins::answer(release.clone(), request));
    Ok((address, ended))
}

fn packaged(config: &Config) -> Result<TempDir, Failure> {
    let folder = TempDir::with_prefix("onebox-").and_then(|folder| {
        package::bundles(config, folder.path())?;
        Ok(folder)
    });
    folder.map_err(|error| stuck(format!("the bundles cannot be written: {error}")))
}

fn stuck(message: String) -> Failure {
    Failure::stuck(format!("the demo cannot go on: {message}"))
}
