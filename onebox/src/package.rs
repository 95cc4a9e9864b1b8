//! `onebox package`: the functions, ready to upload.

mod archive;
mod folder;
mod functions;
mod manifest;

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anstyle::AnsiColor;
use onebox_edge::{Config, Trigger};

pub(crate) use self::functions::Functions;
use onebox_terminal::written;

use crate::{Exit, Failure, bundle, check::swapped_origins, cli::say, config::ConfigFile};
use manifest::Manifest;

/// Write the functions for CloudFront, ready to upload
///
/// For Lambda@Edge every function is a folder and a zip file. The zip files are what Lambda takes; the folders hold the
/// same files, to look at and to run. The same configuration gives the same bytes, always: what has not changed need not
/// be uploaded. `manifest.json` lists every file with its size and SHA-256; the base64 of a zip file's is what Lambda
/// calls its CodeSha256.
///
/// viewer-request.cff.js is a CloudFront Function that can take the place of the function viewer-request, and with `[pin]`
/// there is viewer-response.cff.js as well; without `[pin]` it has nothing to do and is not written. With the store of
/// `[function]`, the commands that change the release in it are printed on standard error. node/ is a package for services
/// that run Node.js: `import { decide } from`.
///
/// A CloudFront Function has at most 10 KB. Where not all crawlers fit, the functions look for as many as fit, the shortest
/// texts first; where the key chain or the schedule alone is too long, they are left out and the rest is written. Standard
/// error and manifest.json say what was left out.
///
/// A function reads its configuration from config.bin; config.json says the same to people, and is what the native
/// handlers read. To change a function's configuration, package it anew. Secrets of the configuration are in both files
/// and in the CloudFront Functions, because functions have no other place for them: nobody else may read what is written, and
/// a .gitignore in it keeps it out of git; treat it as secret. manifest.json has none.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  onebox package                       write dist/
  onebox package --config web.toml --out build/edge
  onebox package --json | jq -r '.files[] | select(.path == \"viewer-request.zip\") | .sha256.base64'

Exit codes: 0 everything that the configuration is about is written, 64 the configuration is wrong, or it has a table
[function], even an empty one, and a function or the commands for the store were left out: the rest is written.")]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigFile,
    /// Where to write: what an earlier run wrote there is replaced; where anything else is in it, nothing is written
    #[arg(long, value_name = "FOLDER", default_value = "dist")]
    out: PathBuf,
    /// Print the manifest as JSON
    #[arg(long)]
    json: bool,
}

/// Keeps all of the folder, itself included, out of git.
const GITIGNORE: &str = "# What `onebox package` writes may contain secrets.\n*\n";

/// One file below the output folder.
#[derive(Clone, Debug)]
pub(crate) struct Artifact {
    /// Its path, with `/` between folders.
    pub(crate) path: String,
    /// Its content.
    pub(crate) bytes: Vec<u8>,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let (config, places) = args.config.load_with_places()?;
    let functions = Functions::of(&config, places.has("function"));
    let artifacts = artifacts(&config, &functions)?;
    let manifest = Manifest::of(&config.release.id, &artifacts, secrets(&config), &functions);
    folder::replace(&args.out, &artifacts, &manifest)?;
    let of_functions = functions.warnings().map(|(field, message)| (field.to_owned(), message));
    for (field, message) in swapped_origins(&config).into_iter().chain(of_functions) {
        say(AnsiColor::Yellow, "warning", &format!("{field}: {message}"));
    }
    if !manifest.secrets.is_empty() {
        anstream::eprintln!(
            "{} contains secrets ({}): only you can read it, and its .gitignore keeps it out of git; keep it out of logs and \
             shared artifacts, too",
            args.out.display(),
            manifest.secrets.join(", ")
        );
    }
    if let Some(commands) = manifest.store_update.as_ref().filter(|_| !args.json) {
        anstream::eprintln!("To change the release in the KeyValueStore:\n\n{commands}");
    }
    let mut out = io::stdout().lock();
    let exit = written(match args.json {
        true => manifest.to_json().map_err(io::Error::from).and_then(|json| out.write_all(json.as_bytes())),
        false => table(&mut out, &args.out, &manifest),
    })?;
    match functions.missing().next().filter(|_| functions.are_configured) {
        Some((field, why)) => Err(Failure::usage(format!("{field}: {why}; everything else is written"))),
        None => Ok(exit),
    }
}

/// Writes the bundles alone, as folders, into a folder that is there.
pub(crate) fn bundles(config: &Config, folder: &Path) -> io::Result<()> {
    for trigger in Trigger::ALL {
        let folder = folder.join(trigger.as_str());
        fs::create_dir_all(&folder)?;
        for file in bundle::files(trigger, config) {
            fs::write(folder.join(file.name), file.bytes)?;
        }
    }
    Ok(())
}

/// The settings whose secrets are packaged.
fn secrets(config: &Config) -> Vec<String> {
    let pin = config.pin.as_ref().and_then(|pin| pin.secret.as_ref()).map(|_| "pin.secret");
    let forced = config.forced.as_ref().map(|_| "override.secret");
    pin.into_iter().chain(forced).map(str::to_owned).collect()
}

/// Everything that is packaged, by path.
fn artifacts(config: &Config, functions: &Functions) -> Result<Vec<Artifact>, Failure> {
    let mut artifacts = functions.files.clone();
    artifacts.push(Artifact { path: ".gitignore".to_owned(), bytes: GITIGNORE.into() });
    let node = bundle::decide(config).into_iter();
    artifacts.extend(node.map(|file| Artifact { path: format!("node/{}", file.name), bytes: file.bytes }));
    for trigger in Trigger::ALL {
        let files = bundle::files(trigger, config);
        let zip = archive::zip(&files).map_err(|error| Failure::stuck(format!("{trigger}.zip: {error}")))?;
        artifacts.push(Artifact { path: format!("{trigger}.zip"), bytes: zip });
        artifacts.extend(files.map(|file| Artifact { path: format!("{trigger}/{}", file.name), bytes: file.bytes }));
    }
    artifacts.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(artifacts)
}

/// The CloudFront Functions, for who cannot do without them.
pub(crate) fn cloudfront_functions(config: &Config) -> Result<Vec<Artifact>, Failure> {
    let functions = Functions::of(config, true);
    if functions.files.is_empty() {
        return Err(Failure::usage(
            functions.missing().map(|(field, why)| format!("{field}: {why}")).collect::<String>(),
        ));
    }
    for (field, message) in functions.warnings() {
        say(AnsiColor::Yellow, "warning", &format!("{field}: {message}"));
    }
    Ok(functions.files)
}

fn table(out: &mut impl Write, folder: &Path, manifest: &Manifest) -> io::Result<()> {
    writeln!(out, "{} holds release {}:", folder.display(), manifest.release)?;
    writeln!(out, "  {:<29} {:>7}  SHA-256 (base64)", "file", "bytes")?;
    for file in &manifest.files {
        writeln!(out, "  {:<29} {:>7}  {}", file.path, file.size, file.sha256.base64)?;
    }
    Ok(())
}
