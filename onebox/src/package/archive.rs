//! Zip files that are the same on every run and every machine.

use std::io::{Cursor, Write};

use zip::{CompressionMethod, DateTime, ZipWriter, result::ZipResult, write::SimpleFileOptions};

use crate::bundle::File;

/// Packs files, which come sorted by name, at the root of a zip file.
///
/// Nothing of the moment or the machine is in it: every file is from 1980-01-01, as zip's calendar begins, and may be
/// read by everybody, as Lambda needs it
/// (<https://docs.aws.amazon.com/lambda/latest/dg/nodejs-package.html>).
pub(crate) fn zip(files: &[File]) -> ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for file in files {
        zip.start_file(file.name, options)?;
        zip.write_all(&file.bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::manifest::Hash;

    /// Another compressor, or another version of it, would make every function look changed: that has to be meant.
    #[test]
    fn a_zip_file_has_the_bytes_it_always_had() {
        let text: Vec<u8> = (0..20_000_u32).flat_map(|line| format!("{}\n", line * line % 997).into_bytes()).collect();
        let files = [File { name: "a.txt", bytes: text }, File { name: "b.txt", bytes: Vec::new() }];
        assert_eq!(
            Hash::of(&zip(&files).unwrap()).hex,
            "531c0288385dc162d5ae8b54312ca1aafcca6d61431c98eb8bfe70b0d76b72e5"
        );
    }
}
