//! `onebox check`: everything that is wrong with a configuration, and what it stands for if nothing is.

use std::io::{self, Write};

use anstyle::AnsiColor;
use onebox_core::{Origin, Part, Share};
use onebox_edge::Config;
use serde_json::json;

use crate::{
    Exit, Failure,
    cli::say,
    config::{ConfigFile, Mistake, Places, Refused},
    exit::written,
};

/// Check a configuration and list every problem
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  onebox check
  onebox check --config web.toml --json | jq .problems

Exit codes: 0 it is valid, 64 it is not.")]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigFile,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    match (args.config.load_with_places(), args.json) {
        (Ok((config, places)), false) => {
            for Mistake { line, column, field, message } in warnings(&config, &places) {
                let path = args.config.path.display();
                say(AnsiColor::Yellow, "warning", &format!("{path}:{line}:{column}: {field}: {message}"));
            }
            written(summary(&mut io::stdout().lock(), &args.config, &config))
        }
        (Ok((config, places)), true) => {
            print(&json!({ "ok": true, "problems": [], "warnings": warnings(&config, &places) }))
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

fn print(result: &serde_json::Value) -> Result<Exit, Failure> {
    written(writeln!(io::stdout(), "{result}"))
}

/// What is allowed and yet hardly meant.
fn warnings(config: &Config, places: &Places) -> Vec<Mistake> {
    let warning = |field: &str, message: &str| {
        let (line, column) = places.of(field);
        Mistake { line, column, field: field.to_owned(), message: message.to_owned() }
    };
    let user_agent = |part: &Part| matches!(part, Part::Header(name) if &**name == "user-agent");
    let mut warnings = Vec::new();
    match config.release.share.constant() {
        Some(Share::NONE) => warnings.push(warning("release.share", "nobody is on the one-box")),
        Some(Share::ALL) => warnings.push(warning("release.share", "everybody who has a key is on the one-box")),
        _ => {}
    }
    if config.partition.keys.iter().flat_map(|entry| entry.parts()).all(user_agent) {
        warnings.push(warning(
            "partition.keys",
            "all visitors with the same browser go to one side together, so the real share can be far from \
             release.share; put a cookie first, or [\"client-ip\", \"header:user-agent\"]",
        ));
    }
    warnings
}

fn summary(out: &mut impl Write, file: &ConfigFile, config: &Config) -> io::Result<()> {
    let keys: Vec<_> = config.partition.keys.iter().map(ToString::to_string).collect();
    writeln!(out, "{} is valid.", file.path.display())?;
    match config.release.share.constant() {
        Some(share) => writeln!(out, "  release   {}, {share} on the one-box", config.release.id)?,
        None => writeln!(out, "  release   {}, a share that changes with time", config.release.id)?,
    }
    writeln!(out, "  keys      {}", keys.join(", else "))?;
    if config.partition.salt != config.release.id {
        writeln!(out, "  salt      {}", config.partition.salt)?;
    }
    writeln!(out, "  header    {}", config.partition.header)?;
    writeln!(out, "  regular   {}", described(&config.origins.regular))?;
    writeln!(out, "  one-box   {}", described(&config.origins.one_box))?;
    if config.debug.response_header {
        writeln!(out, "  debug     responses carry the partition")?;
    }
    Ok(())
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
