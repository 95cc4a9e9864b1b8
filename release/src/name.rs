//! The name of a branch as the name of an alias.

use std::{error, fmt};

use sha2::{Digest, Sha256};

use crate::plan::is_alias;

/// The longest that an alias's name may be.
const LONGEST: usize = 128;

/// How many hexadecimal digits tell names apart that begin alike.
const TAG: usize = 16;

/// The name of an alias for a branch. A name that AWS accepts is kept: 1 to 128 letters, digits, `_` and `-`, and not digits
/// alone, <https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html>.
///
/// Any other name is converted: lower-cased, with one `-` for every run of what an alias's name cannot have. Digits alone
/// get a `b`, for branch, before them. What is longer than 128 is cut, and 64 bits of the SHA-256 of the whole name follow:
/// two long branches that begin alike have two aliases. A name that came out is not changed by a second time.
///
/// Converted branches that differ only in their case or in their separators have the same alias.
///
/// ```
/// use onebox_release::alias_name;
///
/// assert_eq!(alias_name("PROD")?, "PROD");
/// assert_eq!(alias_name("Feature/Foo_Bar#12")?, "feature-foo_bar-12");
/// assert_eq!(alias_name("2026")?, "b2026");
/// let error = alias_name("##").unwrap_err();
/// assert_eq!(error.to_string(), "\"##\" leaves nothing of an alias's name: expected one of a-z, A-Z, 0-9 or _ in it");
/// # Ok::<(), onebox_release::AliasNameError>(())
/// ```
///
/// # Errors
/// If nothing is left.
pub fn alias_name(branch: &str) -> Result<String, AliasNameError> {
    if is_alias(branch) {
        return Ok(branch.to_owned());
    }
    let kept = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words = branch.split(|letter| !kept(letter)).filter(|word| !word.is_empty());
    let mut name = words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-");
    if name.is_empty() {
        return Err(AliasNameError { branch: branch.to_owned() });
    }
    // A qualifier of digits alone is a version.
    if name.bytes().all(|byte| byte.is_ascii_digit()) {
        name.insert(0, 'b');
    }
    Ok(shortened(name, LONGEST))
}

/// A name of ASCII that fits: its beginning and the hash of all of it.
pub(crate) fn shortened(name: String, longest: usize) -> String {
    if name.len() <= longest {
        return name;
    }
    let tag: String = Sha256::digest(&name).iter().take(TAG / 2).map(|byte| format!("{byte:02x}")).collect();
    // A `-` before the one that follows would be a run of two.
    let beginning = name.get(..longest - 1 - TAG).unwrap_or_default().trim_end_matches('-');
    [beginning, "-", &tag].concat()
}

/// Why a branch has no alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasNameError {
    branch: String,
}

impl fmt::Display for AliasNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let branch = &self.branch;
        write!(f, "{branch:?} leaves nothing of an alias's name: expected one of a-z, A-Z, 0-9 or _ in it")
    }
}

impl error::Error for AliasNameError {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn a_name_that_aws_accepts_is_kept() {
        for name in ["main", "PROD", "Live", "--a--b--", "-", "_", "v2-RC_1", "1-2", &"X".repeat(128)] {
            assert_eq!(alias_name(name).as_deref(), Ok(name));
        }
    }

    #[test]
    fn a_branch_has_a_readable_alias() {
        for (branch, expected) in [
            ("main", "main"),
            ("Feature/Foo_Bar#12", "feature-foo_bar-12"),
            ("dependabot/npm_and_yarn/@types/node-20.1.0", "dependabot-npm_and_yarn-types-node-20-1-0"),
            ("feature/x", "feature-x"),
            ("PROD.", "prod"),
            ("a-/-b", "a-b"),
            ("größe", "gr-e"),
            ("007", "b007"),
            ("1-2", "1-2"),
            (" release 7 ", "release-7"),
        ] {
            assert_eq!(alias_name(branch).unwrap(), expected, "{branch}");
        }
        for branch in ["", "/", "///", "日本"] {
            assert!(alias_name(branch).is_err(), "{branch}");
        }
    }

    #[test]
    fn long_branches_that_begin_alike_have_their_own_aliases() {
        let long = |end: &str| alias_name(&["a/".repeat(80).as_str(), end].concat()).unwrap();
        let names = BTreeSet::from(["", "x", "y", "xy"].map(long));
        assert_eq!(names.len(), 4);
        assert!(names.iter().all(|name| name.len() <= LONGEST && !name.contains("--")), "{names:?}");
        let fits = "x".repeat(LONGEST);
        assert_eq!(alias_name(&fits), Ok(fits));
        // With its letter it is too long.
        let digits = alias_name(&"7".repeat(LONGEST)).unwrap();
        assert!(digits.starts_with("b777") && digits.len() == LONGEST, "{digits}");
    }

    proptest! {
        #[test]
        fn an_alias_name_is_valid_and_its_own(branch in r"(?s).{0,40}|[a-zA-Z0-9/_.-]{0,300}|[0-9]{1,200}") {
            match alias_name(&branch) {
                Ok(name) => {
                    prop_assert!(is_alias(&name), "{name}");
                    prop_assert!(name == branch || name == name.to_ascii_lowercase(), "{name}");
                    prop_assert!(!is_alias(&branch) || name == branch, "{name}");
                    prop_assert_eq!(alias_name(&name), Ok(name.clone()));
                }
                Err(_) => {
                    prop_assert!(!is_alias(&branch));
                    prop_assert!(!branch.contains(|letter: char| letter.is_ascii_alphanumeric() || letter == '_'));
                }
            }
        }
    }
}
