//! Reading the files that a person names.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// The largest file that is read, in bytes: what CloudFront says of a distribution or a policy.
const LIMIT: u64 = 64 << 10;

/// The text of a file, or why there is none; `if_missing` says where to get one.
pub(crate) fn text(path: &Path, if_missing: &str) -> Result<String, String> {
    text_within(LIMIT, path, if_missing)
}

/// The same, of a file that may be larger.
pub(crate) fn text_within(limit: u64, path: &Path, if_missing: &str) -> Result<String, String> {
    let explain = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => format!("{error}; {if_missing}"),
        io::ErrorKind::IsADirectory => "it is a directory; name the file in it".to_owned(),
        _ => error.to_string(),
    };
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes)).map_err(explain)?;
    if bytes.len() as u64 > limit {
        return Err(format!(
            "it is larger than {} KiB, the most that a file of this kind has; name another one",
            limit >> 10
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
        format!("line {line} is not UTF-8; save it anew in that encoding")
    })
}
