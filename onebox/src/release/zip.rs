//! The zip files of a plan: where they are, and what is in them when the release begins.

use std::{fs::File, io, path::Path};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use onebox_release::{Plan, Shift, Target};
use sha2::{Digest, Sha256};

use crate::Failure;

/// Fills in where the zip files of a plan are and what they hold; paths are relative to the plan's folder.
///
/// A release goes on with the same bytes or not at all, from whichever folder it is resumed.
pub(crate) fn pin(plan: &mut Plan, folder: &Path) -> Result<(), Failure> {
    let mut problems = Vec::new();
    let Plan { backends, one_box, regular, .. } = plan;
    for Shift { function, target, .. } in backends.iter_mut().chain(one_box).chain(regular) {
        let Target::Zip { path, sha256: known } = target else { continue };
        let file = folder.join(&*path);
        let found = std::path::absolute(&file).and_then(|whole| Ok((whole, sha256(&file)?)));
        match found {
            Ok((_, found)) if !known.is_empty() && *known != found => {
                problems.push(format!("{function}: {} has the SHA-256 {found}, the plan says {known}", file.display()));
            }
            Ok((whole, found)) => match whole.into_os_string().into_string() {
                Ok(whole) => (*path, *known) = (whole, found),
                Err(whole) => problems.push(format!("{function}: {} is no UTF-8: rename it", whole.display())),
            },
            Err(error) => problems.push(format!("{function}: {} cannot be read: {error}", file.display())),
        }
    }
    match problems.as_slice() {
        [] => Ok(()),
        problems => Err(Failure::usage(problems.join("\n"))),
    }
}

/// A file's SHA-256 in base64, as Lambda shows it.
fn sha256(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match io::Read::read(&mut file, &mut buffer)? {
            0 => return Ok(BASE64_STANDARD.encode(hash.finalize())),
            count => hash.update(&buffer[..count]),
        }
    }
}
