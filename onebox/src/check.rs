//! `onebox check`: everything that is wrong with a configuration, and what it stands for if nothing is.

mod chart;
mod crawlers;
mod doubt;
mod first_page;
mod keys;
mod names;
mod origins;

use std::io::{self, Write};

use anstyle::AnsiColor;
use onebox_config::{Mistake, Places};
use onebox_core::{Origin, Ramp, Step, Time};
use onebox_edge::{Config, CrawlerTexts, Moves};
use serde_json::{Value, json};

use onebox_terminal::written;

use crate::{
    Exit, Failure,
    cli::say,
    clock::Clock,
    config::{ConfigFile, Refused},
    package::Functions,
};
use doubt::{Assumptions, Doubt, duration};

/// Check a configuration and list every problem
///
/// A valid one is summed up, a schedule as a small chart. What is valid and yet hardly meant is a warning: steps in the
/// past, a share that falls, a share that is too small to prove anything, pins that are not signed beside an override,
/// keys that change or that many visitors share, and first pages that break because nothing pins a new visitor. A pin
/// without a secret is a note otherwise.
///
/// How small is too small? An error that strikes 1% of the one-box's requests has shown itself with 95% certainty after
/// 299 of them. Whether a step sees so many depends on how long it lasts (the last one is taken to be watched for an hour)
/// and on the site's traffic, which `--traffic` states.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  onebox check
  onebox check --config web.toml --json | jq .problems
  onebox check --now 2026-11-20T12:00:00Z --traffic 200

Exit codes: 0 it is valid, 64 it is not.")]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigFile,
    #[command(flatten)]
    clock: Clock,
    /// How many requests the site gets in a second
    #[arg(long, value_name = "PER SECOND", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    traffic: u32,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let assumptions = Assumptions { now: args.clock.now(), traffic: args.traffic };
    match (args.config.load_with_places().and_then(|loaded| functions_fit(&args.config, loaded)), args.json) {
        (Ok((config, places)), false) => {
            for Mistake { line, column, field, message } in warnings(&config, &places, assumptions) {
                let path = args.config.path.display();
                say(AnsiColor::Yellow, "warning", &format!("{path}:{line}:{column}: {field}: {message}"));
            }
            for Mistake { line, column, field, message } in notes(&config, &places) {
                let path = args.config.path.display();
                say(AnsiColor::Cyan, "note", &format!("{path}:{line}:{column}: {field}: {message}"));
            }
            written(summary(&mut anstream::stdout().lock(), &args.config, &config, assumptions.now))
        }
        (Ok((config, places)), true) => {
            let mut result = json!({
                "ok": true,
                "problems": [],
                "warnings": warnings(&config, &places, assumptions),
                "ramp": ramp(&config.release.share),
            });
            let notes = notes(&config, &places);
            if !notes.is_empty() {
                result["notes"] = json!(notes);
            }
            print(&result)
        }
        (Err(refused), false) => Err(refused.into()),
        (Err(refused), true) => {
            let problems = match refused {
                Refused::Mistaken { mistakes, .. } => json!(mistakes),
                Refused::Unreadable { reason, .. } => {
                    json!([{ "line": null, "column": null, "field": null, "message": reason }])
                }
            };
            print(&json!({ "ok": false, "problems": problems })).map(|_| Exit::Usage)
        }
    }
}

/// A configuration with settings for functions alone is wrong if they cannot be written.
fn functions_fit(file: &ConfigFile, (config, places): (Config, Places)) -> Result<(Config, Places), Refused> {
    let functions = Functions::of(&config, places.has("function"));
    let mistakes: Vec<_> = functions
        .missing()
        .map(|(field, message)| placed(&places, Doubt { field: field.to_owned(), message }))
        .collect();
    if mistakes.is_empty() || !functions.are_configured {
        return Ok((config, places));
    }
    Err(Refused::Mistaken { path: file.path.clone(), mistakes })
}

fn placed(places: &Places, Doubt { field, message }: Doubt) -> Mistake {
    let (line, column) = places.of(&field);
    Mistake { line, column, field, message }
}

/// What `package` says of the origins, too: a setting and a sentence.
pub(crate) fn swapped_origins(config: &Config) -> Option<(String, String)> {
    origins::swapped(config).map(|Doubt { field, message }| (field, message))
}

fn print(result: &serde_json::Value) -> Result<Exit, Failure> {
    written(writeln!(io::stdout(), "{result}"))
}

/// What is allowed and yet hardly meant, with its place.
fn warnings(config: &Config, places: &Places, assumptions: Assumptions) -> Vec<Mistake> {
    let functions = Functions::of(config, places.has("function"));
    let of_functions = functions.warnings().map(|(field, message)| Doubt { field: field.to_owned(), message });
    doubt::all(config, assumptions).into_iter().chain(of_functions).map(|doubt| placed(places, doubt)).collect()
}

/// What should be known, with its place.
fn notes(config: &Config, places: &Places) -> Vec<Mistake> {
    doubt::notes(config).into_iter().map(|note| placed(places, note)).collect()
}

/// The steps of the share; one that has always been there has no time.
fn ramp(ramp: &Ramp) -> Value {
    let at = |at: Time| (at != Time::MIN).then(|| at.to_string());
    ramp.steps().iter().map(|step: &Step| json!({ "at": at(step.at), "share": step.share.to_string() })).collect()
}

fn summary(out: &mut impl Write, file: &ConfigFile, config: &Config, now: Time) -> io::Result<()> {
    let keys: Vec<_> = config.partition.keys.iter().map(ToString::to_string).collect();
    writeln!(out, "{} is valid.", file.path.display())?;
    match config.release.share.constant() {
        Some(share) => writeln!(out, "  release   {}, {share} on the one-box", config.release.id)?,
        None => {
            writeln!(
                out,
                "  release   {}, {} on the one-box now",
                config.release.id,
                config.release.share.share_at(now)
            )?;
            chart::draw(out, &config.release.share, now)?;
        }
    }
    writeln!(out, "  keys      {}", keys.join(", else "))?;
    if config.partition.salt != config.release.id {
        writeln!(out, "  salt      {}", config.partition.salt)?;
    }
    writeln!(out, "  header    {}", config.partition.header)?;
    if let Some(name) = &config.partition.forward_host {
        writeln!(out, "  host      passed on in {name}, if a policy forwards it")?;
    }
    writeln!(out, "  regular   {}", described(&config.origins.regular))?;
    writeln!(out, "  one-box   {}", described(&config.origins.destination()))?;
    extras(out, config)?;
    if config.debug.response_header {
        writeln!(out, "  debug     responses carry the partition")?;
    }
    Ok(())
}

/// What a configuration need not have.
fn extras(out: &mut impl Write, config: &Config) -> io::Result<()> {
    if let Some(pin) = &config.pin {
        let signed = if pin.secret.is_some() { "signed" } else { "unsigned" };
        writeln!(out, "  pin       {}, {signed}, for {}", pin.cookie, duration(pin.max_age.into()))?;
    }
    if let Some(forced) = &config.forced {
        writeln!(out, "  override  {}", forced.name)?;
    }
    let CrawlerTexts { contains, except } = &config.crawlers;
    if !contains.is_empty() {
        writeln!(out, "  crawlers  {}", some_of(contains))?;
    }
    if !except.is_empty() {
        writeln!(out, "            but not {}", some_of(except))?;
    }
    match &config.function.moves {
        Moves::Lambda => {}
        Moves::Update => writeln!(out, "  function  moves requests of the one-box by itself")?,
        Moves::Select(id) => writeln!(out, "  function  sends requests of the one-box to the origin {id}")?,
    }
    if let Some(store) = &config.function.store {
        writeln!(out, "  store     {}, key {}", store.id, store.key)?;
    }
    Ok(())
}

/// The first of some texts, and how many more there are.
fn some_of(texts: &[String]) -> String {
    const SHOWN: usize = 8;
    let more = texts.len().saturating_sub(SHOWN);
    let shown = texts[..texts.len() - more].join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

fn described(origin: &Origin) -> String {
    let mut text = String::new();
    text.extend(origin.protocol.iter().flat_map(|protocol| [protocol, "://"]));
    text.push_str(&origin.domain);
    text.extend(origin.port.iter().map(|port| format!(":{port}")));
    text.extend(origin.path.iter().map(String::as_str));
    text.extend(origin.host.iter().map(|host| format!(" (Host: {host})")));
    text
}
