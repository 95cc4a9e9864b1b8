//! Programs that no package manager of a language brings: found, or installed by Debian's.

use std::{env, path::PathBuf};

use crate::line::{Failure, Line};

/// The first of these programs that is on the path, after installing Debian's package of it if there is none.
///
/// # Errors
/// If there is none and this is not Debian, or not root: what to install.
pub(crate) fn program(names: &[&str], package: &str) -> Result<String, Failure> {
    if let Some(program) = on_path(names) {
        return Ok(program);
    }
    if Line::of("apt-get --version").output().is_none() {
        return Err(Failure::new(format!("{package} is missing: install it, so that one of {names:?} is on the path")));
    }
    let install = Line::of("apt-get install -y --no-install-recommends").args([package]);
    if Line::of("id -u").output().as_deref() != Some("0") {
        return Err(Failure::new(format!("{package} is missing and only root can install it:\n    sudo {install}")));
    }
    Line::of("apt-get update").run()?;
    install.env("DEBIAN_FRONTEND", "noninteractive").run()?;
    on_path(names).ok_or_else(|| Failure::new(format!("{package} was installed, but none of {names:?} is on the path")))
}

fn on_path(names: &[&str]) -> Option<String> {
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let places = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.into_iter().find(|place| place.is_file()).map(|place| place.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_that_is_on_the_path_is_taken() {
        let shell = on_path(&["onebox-no-such-program", "sh"]).unwrap();
        assert!(shell.ends_with("/sh"), "{shell}");
        assert_eq!(on_path(&["onebox-no-such-program"]), None);
    }

    #[test]
    fn a_program_that_is_there_is_not_installed() {
        assert!(program(&["sh"], "onebox-no-such-package").unwrap().ends_with("/sh"));
    }
}
