//! `onebox release adopt`: puts an alias right that was left split when its release's journal was lost.

mod offer;

use std::io::{self, IsTerminal, Write};

use anstyle::AnsiColor;
use jiff::Timestamp;
use onebox_aws::{Aws, is_moving};
use onebox_release::{AliasView, Call, CallError, ErrorKind, Percent, Place, Reply, Routing};

use self::offer::{Offer, Part};
use super::{
    engine::{self, waiting},
    reach::{Reach, elsewhere},
    shelf::Shelf,
};
use crate::{Exit, Failure, cli::say, clock, shift};

/// Put an alias right whose release is lost
///
/// Where the journal of a release is gone, its alias stays split between two versions and no other command goes on with it.
/// This one shows where the alias stands and how old both versions are, asks which of them shall have all traffic, and moves
/// it there: only as long as the alias is as it was shown. It refuses while a release whose journal is here, or a
/// deployment of CodeDeploy, moves the alias.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  onebox release adopt orders:live                               shows it, and asks
  onebox release adopt orders:live --to 6 --yes --revision 00000000-0000-4000-8000-000000000041
  onebox release adopt orders:live --json | jq -r .revision

It needs lambda:GetAlias, lambda:GetFunctionConfiguration, lambda:UpdateAlias, codedeploy:ListDeployments,
codedeploy:ListDeploymentTargets and codedeploy:GetDeploymentTarget.

Exit codes: 0 shown or moved; 2 refused, or changed by somebody else meanwhile; 64 bad command line.")]
pub(crate) struct Args {
    /// The function, by its name or its ARN, and the alias
    #[arg(value_name = "FUNCTION:ALIAS", value_parser = shift::alias)]
    alias: (String, String),
    /// The version that shall have all traffic: one of the two that have it now
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    /// Do not ask
    #[arg(long, requires = "revision", requires = "to")]
    yes: bool,
    /// The revision that was shown; another one is refused
    #[arg(long, value_name = "REVISION")]
    revision: Option<String>,
    /// Do not look for deployments of CodeDeploy: you know that there are none
    #[arg(long)]
    without_codedeploy: bool,
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    shelf: Shelf,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    engine::run(adopt(args))
}

async fn adopt(args: &Args) -> Result<Exit, Failure> {
    let aws = engine::connect(args.reach.clone()).await?;
    let offer = look(args, &aws).await?;
    refuse_while_driven(args, &offer)?;
    if !args.without_codedeploy {
        refuse_while_deployed(&aws, &offer).await?;
    }
    if let Some(expected) = args.revision.as_ref().filter(|expected| **expected != offer.revision) {
        return Err(offer.changed(expected));
    }
    let asks = !args.json && !args.yes && io::stdin().is_terminal();
    if !args.yes || !args.json {
        offer.show(args.json)?;
    }
    if let Some(to) = &args.to {
        offer.check(to)?;
    }
    let target = match (&args.to, args.yes) {
        _ if !offer.is_split() => None,
        (Some(to), true) => Some(to.clone()),
        (to, _) if asks => ask(&offer, to.as_deref())?,
        (Some(_), _) => {
            return Err(Failure::usage(format!(
                "nobody can be asked here: add --yes --revision {} to move it",
                offer.revision
            )));
        }
        (None, _) => None,
    };
    match target {
        Some(target) => {
            offer.check(&target)?;
            move_to(&aws, &offer, &target, args.json).await
        }
        None => Ok(Exit::Done),
    }
}

/// Where the alias stands, and how old its versions are.
async fn look(args: &Args, aws: &Aws) -> Result<Offer, Failure> {
    let (function, alias) = &args.alias;
    let read = Call::GetAlias { function: function.clone(), alias: alias.clone() };
    let view = match waiting("GetAlias", aws.call(&read)).await {
        Ok(Reply::Alias(view)) => view,
        Ok(_) => return Err(Failure::stuck(format!("{function}:{alias}: AWS answered something else than an alias"))),
        Err(error) => return Err(unread(&format!("{function}:{alias}"), &error)),
    };
    let AliasView { routing: Routing { version, additional }, revision, place, .. } = view;
    if let Some(named) = Place::of_arn(function).filter(|named| *named != place) {
        return Err(Failure::stuck(elsewhere(function, &named, &place)));
    }
    let additional = additional.filter(|(_, part)| *part > Percent::NONE);
    let weight = additional.as_ref().map_or(Percent::NONE, |(_, part)| *part);
    let rest = Percent::from_hundredths(Percent::ALL.hundredths() - weight.hundredths()).unwrap_or(Percent::ALL);
    let mut parts = Vec::new();
    for (version, percent) in [(version, rest)].into_iter().chain(additional) {
        let published = waiting("GetFunctionConfiguration", aws.last_modified(function, &version)).await;
        let published: Option<Timestamp> =
            published.map_err(|error| unread(&format!("version {version} of {function}"), &error))?;
        parts.push(Part { version, percent, published });
    }
    let (profile, now) = (args.reach.profile.clone(), clock::timestamp());
    Ok(Offer { function: function.clone(), alias: alias.clone(), place, revision, parts, profile, now })
}

/// Refuses while a release whose journal is here moves the alias: that journal knows more.
fn refuse_while_driven(args: &Args, offer: &Offer) -> Result<(), Failure> {
    for begun in args.shelf.readable()? {
        let elsewhere = |region: &String| *region != offer.place.region;
        if begun.journal.is_over() || begun.journal.header.region.as_ref().is_some_and(elsewhere) {
            continue;
        }
        if begun.journal.header.plan.moves(&offer.function, &offer.alias) {
            let id = begun.id();
            let driven = begun.folder.driver().map_or("nobody drives it now", |_| "it is driven now");
            return Err(Failure::stuck(format!(
                "{} is moved by the release {id}, whose journal is here ({driven}): `onebox release resume --id {id}` goes on, \
                 `onebox release abort --id {id}` puts everything back",
                offer.name()
            )));
        }
    }
    match args.shelf.without_journal().first() {
        Some(driver) => Err(Failure::stuck(format!(
            "{driver}. It may move {}: stop it (kill -s INT with its process id), then try again",
            offer.name()
        ))),
        None => Ok(()),
    }
}

/// Refuses while a deployment of CodeDeploy moves the alias: it would overwrite what is done here.
async fn refuse_while_deployed(aws: &Aws, offer: &Offer) -> Result<(), Failure> {
    let found = waiting("ListDeployments", aws.deployments_under_way(offer.plain_function(), &offer.alias)).await;
    let found = found.map_err(|error| {
        Failure::stuck(format!(
            "whether CodeDeploy moves {} cannot be seen: {error}. Allow codedeploy:ListDeployments, ListDeploymentTargets and \
             GetDeploymentTarget, or, where you know that it does not, add --without-codedeploy",
            offer.name()
        ))
    })?;
    match found.first() {
        None => Ok(()),
        Some(id) => Err(Failure::stuck(format!(
            "{} is moved by CodeDeploy's deployment {id}: let it end, or stop it and have it put the alias back with\n  aws \
             deploy stop-deployment --deployment-id {id} --auto-rollback-enabled{}",
            offer.name(),
            offer.options()
        ))),
    }
}

/// Asks for the version by its number; nothing is as good as no.
fn ask(offer: &Offer, to: Option<&str>) -> Result<Option<String>, Failure> {
    let versions = to.map_or_else(|| offer.versions().join(" or "), str::to_owned);
    let broken = |error: io::Error| Failure::stuck(format!("standard input or output broke: {error}"));
    let mut err = anstream::stderr().lock();
    write!(err, "Which version shall have all traffic? Its number ({versions}), or nothing to leave it: ")
        .and_then(|()| err.flush())
        .map_err(broken)?;
    let mut line = String::new();
    io::stdin().read_line(&mut line).map_err(broken)?;
    let answer = line.trim();
    if answer.is_empty() {
        say(AnsiColor::Yellow, "left", "nothing was changed");
        return Ok(None);
    }
    match to {
        Some(to) if answer != to => {
            Err(Failure::usage(format!("--to {to} was given, and {answer:?} was typed: nothing was changed")))
        }
        _ => Ok(Some(answer.to_owned())),
    }
}

/// Moves the alias under the revision that was shown, and waits until AWS has moved all traffic.
async fn move_to(aws: &Aws, offer: &Offer, target: &str, json: bool) -> Result<Exit, Failure> {
    let name = offer.name();
    let update = Call::UpdateAlias {
        function: offer.function.clone(),
        alias: offer.alias.clone(),
        to: Routing::wholly(target),
        revision: offer.revision.clone(),
    };
    if let Err(error) = waiting("UpdateAlias", aws.call(&update)).await {
        // The answer may be lost, and a second attempt refused by what the first one did: the alias tells.
        let unsure = matches!(error.kind, ErrorKind::Precondition | ErrorKind::Unknown);
        let read = Call::GetAlias { function: offer.function.clone(), alias: offer.alias.clone() };
        match aws.call(&read).await {
            Ok(Reply::Alias(view)) if unsure && view.revision != offer.revision => {
                let moved = view.routing == Routing::wholly(target) || is_moving(&view.routing, target);
                if !moved {
                    return Err(offer.changed(&offer.revision));
                }
            }
            _ => return Err(offer.not_moved(target, &error.message)),
        }
    }
    let waits = || say(AnsiColor::Yellow, "waiting", &format!("AWS is still moving the traffic of {name} to {target}"));
    let settled = aws.settled(&offer.function, &offer.alias, target, waits).await;
    settled.map_err(|error| {
        Failure::stuck(format!("{name} points to version {target}, but {error}. See it with\n  {}", offer.get_alias()))
    })?;
    offer.moved(target, json)
}

fn unread(what: &str, error: &CallError) -> Failure {
    let next = match error.kind {
        ErrorKind::NotFound => "; check the name, and the region: a wrong one is a likely cause",
        ErrorKind::Denied => "; use credentials that may call lambda:GetAlias and GetFunctionConfiguration",
        ErrorKind::Expired => "; log in again",
        _ => "",
    };
    Failure::stuck(format!("{what}: {error}{next}"))
}
