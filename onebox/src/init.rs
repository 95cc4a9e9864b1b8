//! `onebox init`: a first configuration.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::{Path, PathBuf},
};

use onebox_terminal::written;

use crate::{Exit, Failure};

/// The commented configuration.
const TEMPLATE: &str = include_str!("init/onebox.toml");

/// Write a commented configuration
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  onebox init                          write onebox.toml
  onebox init config/web.toml          write it elsewhere
  onebox init --force                  begin anew")]
pub(crate) struct Args {
    /// Where to write it
    #[arg(value_name = "PATH", default_value = "onebox.toml")]
    path: PathBuf,
    /// Overwrite the file if it is there
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    write_new(&args.path, args.force, TEMPLATE)?;
    let shown = args.path.display();
    written(writeln!(io::stdout(), "{shown} is written. Next: put in your two domains, then run `onebox check`."))
}

/// Writes a file that is not there yet, or, by force, one that is.
pub(crate) fn write_new(path: &Path, force: bool, text: &str) -> Result<(), Failure> {
    let shown = path.display();
    let mut options = OpenOptions::new();
    let options = options.write(true).truncate(force).create(force).create_new(!force);
    options.open(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists if path.is_file() => {
            Failure::usage(format!("{shown} is there already; `--force` overwrites it"))
        }
        io::ErrorKind::AlreadyExists | io::ErrorKind::IsADirectory => {
            Failure::usage(format!("{shown} is not a file; name another path"))
        }
        io::ErrorKind::NotFound => Failure::usage(format!("{shown}: {error}; make its directory first")),
        _ => Failure::stuck(format!("{shown} cannot be written: {error}")),
    })
}
