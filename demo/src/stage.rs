//! The stage: two origins, the distribution in front of them, and the settings that can be changed while it runs.

use std::{net::SocketAddr, sync::Arc};

use onebox_core::{Partition, Ramp, Share};
use onebox_edge::{Config, Problem};
use onebox_sim::{Distribution, Settings};
use onebox_terminal::Failure;
use tokio::{net::TcpListener, sync::Mutex, task::JoinHandle};

use super::{
    board::Board,
    listen::{Stop, serve},
    origins::Origin,
    ramp,
    rollout::Rollout,
};
use crate::deployed::{Deployed, Functions};

const REGULAR: &str = "regular.demo.test";
const ONE_BOX: &str = "one-box.demo.test";

/// The demo's configuration at a share.
///
/// Visitors are told apart by their session, or else by address and browser. The secret signs pins and overrides.
pub(super) fn config(share: Share, secret: [u8; 32]) -> Result<Config, Vec<Problem>> {
    let secret = secret.iter().fold("hex:".to_owned(), |text, byte| format!("{text}{byte:02x}"));
    let origin = |domain: &str| serde_json::json!({ "domain": domain, "protocol": "http", "port": 80 });
    let config = serde_json::json!({
        "release": { "id": "demo", "share": share.to_string() },
        "partition": { "keys": ["cookie:session", ["client-ip", "header:user-agent"], "header:user-agent"] },
        "origins": { "regular": origin(REGULAR), "one-box": origin(ONE_BOX) },
        "pin": { "secret": secret },
        "override": { "secret": secret },
        "crawlers": { "contains": ["bot", "crawler", "spider"] },
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
    /// The release that happens on it, if one does.
    pub(super) rollout: Option<Arc<Rollout>>,
    functions: Box<dyn Functions>,
    /// What is deployed. Whoever holds this may deploy.
    deployed: Mutex<Deployed>,
}

impl Stage {
    /// Starts origins and distribution. The origins end with the stop.
    pub(super) async fn start(
        share: Share,
        functions: Box<dyn Functions>,
        rollout: Option<Arc<Rollout>>,
        stop: &Stop,
    ) -> Result<(Self, [JoinHandle<()>; 2]), Failure> {
        // A secret of this run: pins and overrides of another run do not count.
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|error| stuck(format!("the system has no random numbers: {error}")))?;
        let config =
            config(share, secret).map_err(|problems| stuck(problems.iter().map(ToString::to_string).collect()))?;
        let (regular, regular_ended) = origin(Origin::of(Partition::Regular, rollout.as_ref()), stop).await?;
        let (one_box, one_box_ended) = origin(Origin::of(Partition::OneBox, rollout.as_ref()), stop).await?;
        let mut settings = Settings::new(config.clone());
        settings.resolve = [(REGULAR.to_owned(), regular), (ONE_BOX.to_owned(), one_box)].into();

        let deployed = functions.deploy(&config)?;
        let board = Arc::new(Board::new(config, functions.name(), settings.clock.clone()));
        let runtime = deployed.runtime.clone();
        let distribution =
            Distribution::start(settings, runtime, board.clone()).await.map_err(|error| stuck(error.to_string()))?;
        let stage = Self { distribution, board, rollout, functions, deployed: Mutex::new(deployed) };
        Ok((stage, [regular_ended, one_box_ended]))
    }

    /// Deploys another share, or a schedule. Requests that are under way end with the one they began with.
    pub(super) async fn set_share(&self, share: impl Into<Ramp>) -> Result<(), Failure> {
        let mut deployed = self.deployed.lock().await;
        let before = self.distribution.config();
        let mut config = before.clone();
        config.release.share = share.into();
        self.board.pause();
        let done = self.deploy(&config).await.map(|new| *deployed = new);
        self.board.resume(if done.is_ok() { config } else { before }, self.board.sticky());
        done
    }

    /// Deploys a schedule from 1 % to 100 % within so many seconds from now on.
    pub(super) async fn ramp(&self, seconds: u32) -> Result<(), Failure> {
        let ramp = ramp::within(seconds, self.board.now()).map_err(|error| stuck(error.to_string()))?;
        self.set_share(ramp).await
    }

    /// Switches stickiness on or off.
    pub(super) async fn set_sticky(&self, sticky: bool) {
        let _alone = self.deployed.lock().await;
        self.board.pause();
        self.distribution.set_sticky(sticky);
        self.board.resume(self.distribution.config(), sticky);
    }

    async fn deploy(&self, config: &Config) -> Result<Deployed, Failure> {
        let new = self.functions.deploy(config)?;
        let deployed = match &new.folder {
            None => self.distribution.deploy(config.clone()).await,
            Some(folder) => self.distribution.deploy_bundles(config.clone(), folder.path()).await,
        };
        deployed.map(|()| new).map_err(|error| stuck(error.to_string()))
    }
}

async fn origin(origin: Origin, stop: &Stop) -> Result<(SocketAddr, JoinHandle<()>), Failure> {
    let listener =
        TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| stuck(error.to_string()))?;
    let address = listener.local_addr().map_err(|error| stuck(error.to_string()))?;
    let ended = serve(listener, stop.clone(), move |_, request| origin.clone().answer(request));
    Ok((address, ended))
}

fn stuck(message: String) -> Failure {
    Failure::stuck(format!("the demo cannot go on: {message}"))
}
