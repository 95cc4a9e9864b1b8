//! `onebox alias`: names for versions, as for the branches of a repository.

use std::io::Write;

use clap::Subcommand;
use onebox_aws::{AliasSet, Aws, is_moving};
use onebox_release::{AliasView, Call, CallError, ErrorKind, Percent, Place, Reply, Routing, alias_name};
use serde_json::json;

use onebox_terminal::written;

use crate::{
    Exit, Failure,
    release::{
        engine,
        reach::{Reach, elsewhere},
    },
};

/// Create an alias, or move it at once
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  onebox alias set orders \"$(git branch --show-current)\" --version 7")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Clone, Debug, Subcommand)]
enum Verb {
    Set(Set),
}

/// Point an alias to a version: it is created where there is none
///
/// A name that AWS accepts is kept: letters, digits, _ and -, not digits alone. Any other is converted: lower-cased, and
/// everything else than letters, digits and _ becomes one `-`; so the name of a branch will do. It is printed. All traffic
/// moves at once, or as soon as AWS has moved provisioned concurrency, which is waited for; an alias in the middle of a
/// shift is left alone.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  onebox alias set orders live --version 7
  onebox alias set orders \"$(git branch --show-current)\" --version 7
  onebox alias set orders feature/Foo#12 --version 7             it is called feature-foo-12

Exit codes: 0 done, 2 AWS did not do it, 64 the command line is wrong.")]
struct Set {
    /// The function, by its name or its ARN
    function: String,
    /// The alias, or a branch's name
    name: String,
    /// The version
    #[arg(long, value_name = "VERSION")]
    version: String,
    #[command(flatten)]
    reach: Reach,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(Args { verb: Verb::Set(args) }: &Args) -> Result<Exit, Failure> {
    let name = alias_name(&args.name).map_err(|error| Failure::usage(error.to_string()))?;
    if args.version.is_empty() || !args.version.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Failure::usage(format!(
            "--version: expected the number of a published version, such as 7, found {:?}",
            args.version
        )));
    }
    engine::run(set(args, &name))
}

async fn set(args: &Set, name: &str) -> Result<Exit, Failure> {
    let aws = engine::connect(args.reach.clone()).await?;
    let called = format!("{}:{name}", args.function);
    let look = Call::GetAlias { function: args.function.clone(), alias: name.to_owned() };
    let found = aws.call(&look).await;
    // Whether there is an alias or not, the function is where its ARN says.
    if let Some(named) = Place::of_arn(&args.function) {
        let place = match &found {
            Ok(Reply::Alias(view)) => Some(view.place.clone()),
            _ => place_of_version(&aws, &args.function, &args.version).await,
        };
        if let Some(place) = place.filter(|place| *place != named) {
            return Err(Failure::stuck(elsewhere(&args.function, &named, &place)));
        }
    }
    if let Ok(Reply::Alias(AliasView { routing, .. })) = found
        && let Routing { version, additional: Some((other, percent)) } = &routing
        && *percent > Percent::NONE
        && !is_moving(&routing, &args.version)
    {
        return Err(Failure::stuck(format!(
            "{called} is in the middle of a shift: {percent} of its traffic is on version {other}, the rest on {version}; or \
             AWS is still moving its traffic. Let that end, or put it back, and try again; where its journal is lost, `onebox \
             release adopt {called}` puts it right"
        )));
    }
    let set = aws.set_alias(&args.function, name, &args.version).await;
    let set = set.map_err(|error| Failure::stuck(format!("{called} is not set: {}", hint(&error))))?;
    let waits =
        || anstream::eprintln!("{called}: AWS is still moving the traffic to version {}; waiting", args.version);
    let settled = aws.settled(&args.function, name, &args.version, waits).await;
    settled.map_err(|error| {
        Failure::stuck(format!("{called} points to version {}, but {}", args.version, hint(&error)))
    })?;
    let did = match set {
        AliasSet::Created => "created",
        AliasSet::Updated => "updated",
        AliasSet::Unchanged => "unchanged",
    };
    let mut out = anstream::stdout().lock();
    written(match args.json {
        true => writeln!(
            out,
            "{}",
            json!({ "function": args.function, "alias": name, "version": args.version, "did": did })
        ),
        false => writeln!(out, "{name}"),
    })
}

/// Where AWS has a version of a function; none if it cannot be read.
async fn place_of_version(aws: &Aws, function: &str, version: &str) -> Option<Place> {
    let read = Call::GetVersion { function: function.to_owned(), version: version.to_owned() };
    match aws.call(&read).await {
        Ok(Reply::Version(view)) => Some(view.place),
        _ => None,
    }
}

/// What AWS said, and what to do about it.
fn hint(error: &CallError) -> String {
    let next = match error.kind {
        ErrorKind::NotFound => "look whether the function and the version exist in this region and account",
        ErrorKind::Denied => "use credentials that may call lambda:GetAlias, CreateAlias and UpdateAlias",
        ErrorKind::Precondition | ErrorKind::Conflict => "somebody else has changed it at the same time; try again",
        ErrorKind::Unknown | ErrorKind::Throttled => "try again: setting it twice does no harm",
        _ => "put that right and try again",
    };
    format!("{}; {next}", error.message)
}
