//! `onebox release init`: a first plan.

use std::path::PathBuf;

use onebox_release::plan_template;

use onebox_terminal::written;

use crate::{Exit, Failure, init::write_new};

/// Write a commented release.toml
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  onebox release init                     write release.toml
  onebox release init releases/web.toml   write it elsewhere
  onebox release init --force             begin anew")]
pub(crate) struct Args {
    /// Where to write it
    #[arg(value_name = "PATH", default_value = "release.toml")]
    path: PathBuf,
    /// Overwrite the file if it is there
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    write_new(&args.path, args.force, plan_template())?;
    let shown = args.path.display();
    let line =
        format!("{shown} is written. Next: put in your functions and aliases, then run `onebox release plan`.\n");
    written(std::io::Write::write_all(&mut std::io::stdout(), line.as_bytes()))
}
