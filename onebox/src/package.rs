//! `onebox package`: the functions, ready to upload.

mod archive;
mod folder;
mod manifest;

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use onebox_edge::{Config, Trigger};

use crate::{Exit, Failure, bundle, config::ConfigFile, exit::written};
use manifest::Manifest;

/// Write the functions for Lambda@Edge as folders and as zip files
///
/// The zip files are what Lambda takes; the folders hold the same files, to look at and to run. The same configuration
/// gives the same bytes, always: what has not changed need not be uploaded. `manifest.json` lists every file with its
/// size and SHA-256; the base64 of a zip file's is what Lambda calls its CodeSha256.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  onebox package                       write dist/
  onebox package --config web.toml --out build/edge
  onebox package --json | jq -r '.files[] | select(.path == \"viewer-request.zip\") | .sha256.base64'")]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigFile,
    /// Where to write; what an earlier run wrote there is replaced, anything else is left alone
    #[arg(long, value_name = "FOLDER", default_value = "dist")]
    out: PathBuf,
    /// Print the manifest as JSON
    #[arg(long)]
    json: bool,
}

/// One file below the output folder.
#[derive(Clone, Debug)]
pub(crate) struct Artifact {
    /// Its path, with `/` between folders.
    pub(crate) path: String,
    /// Its content.
    pub(crate) bytes: Vec<u8>,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let config = args.config.load()?;
    let artifacts = artifacts(&config)?;
    let manifest = Manifest::of(&config.release.id, &artifacts);
    folder::replace(&args.out, &artifacts, &manifest)?;
    let mut out = io::stdout().lock();
    written(match args.json {
        true => manifest.to_json().map_err(io::Error::from).and_then(|json| out.write_all(json.as_bytes())),
        false => table(&mut out, &args.out, &manifest),
    })
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

/// Everything that is packaged, by path.
fn artifacts(config: &Config) -> Result<Vec<Artifact>, Failure> {
    let mut artifacts = Vec::new();
    for trigger in Trigger::ALL {
        let files = bundle::files(trigger, config);
        let zip = archive::zip(&files).map_err(|error| Failure::stuck(format!("{trigger}.zip: {error}")))?;
        artifacts.push(Artifact { path: format!("{trigger}.zip"), bytes: zip });
        artifacts.extend(files.map(|file| Artifact { path: format!("{trigger}/{}", file.name), bytes: file.bytes }));
    }
    artifacts.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(artifacts)
}

fn table(out: &mut impl Write, folder: &Path, manifest: &Manifest) -> io::Result<()> {
    writeln!(out, "{} holds release {}:", folder.display(), manifest.release)?;
    writeln!(out, "  {:<29} {:>7}  SHA-256 (base64)", "file", "bytes")?;
    for file in &manifest.files {
        writeln!(out, "  {:<29} {:>7}  {}", file.path, file.size, file.sha256.base64)?;
    }
    Ok(())
}
