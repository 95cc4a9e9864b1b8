//! `onebox demo`: the demo, with the functions in this process or packaged as at the edge.

use std::path::PathBuf;

use onebox_demo::{Deployed, Functions};
use onebox_edge::Config;

use crate::{
    Exit, Failure,
    serve::{Engine, packaged},
};

/// Show it all on this machine: two releases of a site, a local CloudFront, and a page to watch
///
/// Two built-in origins serve two releases of a small shop whose pages load twelve assets with other names in each
/// release. A local CloudFront with onebox's functions stands in front, and the page at /__onebox/ shows what happens;
/// share and stickiness can be changed there, a ramp can be watched, and a side be forced. With --seconds or --visitors it runs a scripted crowd instead, with
/// stickiness and then without, and reports pages that broke and visitors who saw both sides. Everything listens on
/// 127.0.0.1 only. Ctrl-C stops it.
///
/// With --release a whole release happens meanwhile: an API in two versions stands behind the weights of a local control
/// plane that keeps AWS's rules, visitors call it, and the engine of `onebox release` moves it step by step, then the
/// one-box, then the regular side. With --fail, or the switch on the page, the API's new version fails 30 % of its
/// requests: an alarm fires, and everything goes back. A minute there is a second here. The release begins when the
/// page is opened; with --seconds it begins at once, takes about so long, and ends with a report.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  onebox demo
  onebox demo --runtime node --share 5%
  onebox demo --seconds 5 --visitors 200
  onebox demo --seconds 5 --visitors 200 --json | jq .with_stickiness.broken
  onebox demo --release
  onebox demo --release --fail --seconds 20
  onebox demo --release --fail=bake --seconds 20
  onebox demo --release --seconds 20 --json | jq .orders

Exit codes: 0 stopped, or what was to be shown held: stickiness; with --release that it was released, with --fail that it
was rolled back, and that no page broke which was loaded in one piece; 1 it did not hold; 2 it could not start; 64 the
command line is wrong; 130 a scripted run was interrupted.")]
pub(crate) struct Args {
    #[command(flatten)]
    show: onebox_demo::Show,
    /// How the functions run: in this process, packaged in Node.js as at the edge, or, those of the viewer, as CloudFront
    /// Functions
    #[arg(long, value_enum, default_value_t = Engine::Native)]
    runtime: Engine,
    /// The Node.js that runs the bundles, or the CloudFront Functions
    #[arg(long, value_name = "PATH", default_value = "node")]
    node: PathBuf,
    /// The njs that runs the CloudFront Functions of `--runtime cff` instead of Node.js
    #[arg(long, value_name = "PATH")]
    njs: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    if args.njs.is_some() && args.runtime != Engine::Cff {
        return Err(Failure::usage("--njs is for CloudFront Functions: add `--runtime cff`"));
    }
    let engines = Engines { engine: args.runtime, node: args.node.clone(), njs: args.njs.clone() };
    onebox_demo::run(&args.show, Box::new(engines))
}

/// How functions run.
struct Engines {
    /// The kind.
    engine: Engine,
    /// The Node.js to run them with.
    node: PathBuf,
    /// The njs to run CloudFront Functions with instead.
    njs: Option<PathBuf>,
}

impl Functions for Engines {
    fn name(&self) -> &'static str {
        match self.engine {
            Engine::Native => "native",
            Engine::Node => "node",
            Engine::Cff => "cff",
        }
    }

    fn deploy(&self, config: &Config) -> Result<Deployed, Failure> {
        let (runtime, folder) = packaged(self.engine, &self.node, self.njs.as_deref(), config)?;
        Ok(Deployed { runtime, folder })
    }
}
