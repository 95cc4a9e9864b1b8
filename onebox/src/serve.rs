//! `onebox serve`: a local CloudFront in front of the configured origins.

mod log;
mod setup;

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anstyle::AnsiColor;
use clap::ValueEnum;
use onebox_edge::Config;
use onebox_sim::{Distribution, Runtime, Settings};
use onebox_terminal::{listener, stop};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::{Exit, Failure, cli::say, config::ConfigFile, package};

/// How long the last lines may take to be read by whoever reads them.
const PRINTING: Duration = Duration::from_secs(1);

/// Run a local CloudFront in front of the configured origins
///
/// It listens on 127.0.0.1 only. Every request goes through the functions, the cache and the origins as CloudFront does
/// it, and is shown with the side that it is on. What CloudFront would refuse is refused, with the rule that was broken
/// and where AWS states it. Ctrl-C stops it.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  onebox serve
  onebox serve --runtime node --port 0 --json
  onebox serve --runtime cff --njs /usr/bin/njs
  onebox serve --origin-protocol http \\
      --origin-address regular.example.com=127.0.0.1:9000 \\
      --origin-address one-box.example.com=127.0.0.1:9001
  aws cloudfront get-cache-policy --id ID > cache.json && onebox serve --cache-policy cache.json

Exit codes: 0 stopped, 2 it could not start, 64 the configuration or the command line is wrong.")]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigFile,
    /// The port to listen on; 0 takes any that is free
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// How the functions run: in this process, packaged in Node.js as at the edge, or, those of the viewer, as CloudFront
    /// Functions
    #[arg(long, value_enum, default_value_t = Engine::Native)]
    runtime: Engine,
    /// The Node.js that runs the bundles, or the CloudFront Functions
    #[arg(long, value_name = "PATH", default_value = "node")]
    node: PathBuf,
    /// The njs that runs the CloudFront Functions instead of Node.js; CloudFront's own engine descends from it
    #[arg(long, value_name = "PATH")]
    njs: Option<PathBuf>,
    /// A key and its value in the KeyValueStore that CloudFront Functions read; may be given for each
    #[arg(long, value_name = "KEY=VALUE", value_parser = setup::key_value)]
    key_value: Vec<(String, String)>,
    /// A cache policy, as `aws cloudfront get-cache-policy` prints it; by default the recommended one
    #[arg(long, value_name = "FILE")]
    cache_policy: Option<PathBuf>,
    /// An origin request policy, as `aws cloudfront get-origin-request-policy` prints it; by default
    /// AllViewerExceptHostHeader
    #[arg(long, value_name = "FILE")]
    origin_request_policy: Option<PathBuf>,
    /// Where an origin is reached instead of where DNS says; may be given for each
    #[arg(long, value_name = "DOMAIN=HOST:PORT", value_parser = setup::origin_address)]
    origin_address: Vec<(String, SocketAddr)>,
    /// How the regular origin is spoken to; by default as the configuration says, or https
    #[arg(long, value_enum)]
    origin_protocol: Option<OriginProtocol>,
    /// `off` gives every request a random side, to see what stickiness is good for
    #[arg(long, value_enum, default_value_t = Stickiness::On)]
    stickiness: Stickiness,
    /// Print one JSON line for each request, after one with the address
    #[arg(long)]
    json: bool,
}

/// How the functions run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// In this process
    Native,
    /// As packaged bundles in Node.js
    Node,
    /// As packaged CloudFront Functions; the origin's functions in this process
    Cff,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OriginProtocol {
    Http,
    Https,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Stickiness {
    On,
    Off,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let settings = setup::settings(args)?;
    if let Some(doubt) = setup::doubt(&settings) {
        say(AnsiColor::Yellow, "warning", &doubt);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime
        .map_err(|error| Failure::stuck(format!("no threads to work with: {error}")))?
        .block_on(serve(args, settings))
}

async fn serve(args: &Args, settings: Settings) -> Result<Exit, Failure> {
    let listener = listener(args.port).await?;
    let stuck = |error: io::Error| Failure::stuck(error.to_string());
    let address = listener.local_addr().map_err(stuck)?;
    let stop = stop().map_err(stuck)?;

    // The folder of what is packaged is removed when this ends.
    let (runtime, _folder) = packaged(args.runtime, &args.node, args.njs.as_deref(), &settings.config)?;
    let (log, printed) = log::start(args.json);
    let observer = Arc::new(log);
    let distribution = Distribution::start(settings, runtime, observer.clone())
        .await
        .map_err(|error| Failure::stuck(error.to_string()))?;
    distribution.set_sticky(args.stickiness == Stickiness::On);
    observer.listening(address);
    let served = onebox_sim::listen(listener, distribution, stop).await;
    observer.end();
    let _ = timeout(PRINTING, printed).await;
    served.map(|()| Exit::Done).map_err(stuck)
}

/// Packages the functions of a configuration for an engine: how they run, and the folder that the runtime reads, which is
/// removed with its value.
pub(crate) fn packaged(
    engine: Engine,
    node: &Path,
    njs: Option<&Path>,
    config: &Config,
) -> Result<(Runtime, Option<TempDir>), Failure> {
    let unwritten = |error: io::Error| Failure::stuck(format!("the functions cannot be packaged: {error}"));
    if engine == Engine::Native {
        return Ok((Runtime::Native, None));
    }
    let folder = TempDir::with_prefix("onebox-").map_err(unwritten)?;
    let path = folder.path().to_owned();
    let runtime = if engine == Engine::Node {
        package::bundles(config, &path).map_err(unwritten)?;
        Runtime::Node { bundles: path, node: node.to_owned() }
    } else {
        for function in package::cloudfront_functions(config)? {
            std::fs::write(path.join(function.path), function.bytes).map_err(unwritten)?;
        }
        let node = || onebox_sim::Engine::Node(node.to_owned());
        Runtime::Cff { functions: path, engine: njs.map(Path::to_owned).map_or_else(node, onebox_sim::Engine::Njs) }
    };
    Ok((runtime, Some(folder)))
}
