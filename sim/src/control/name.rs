//! Names that AWS takes, and the ARNs it makes of them.

use onebox_release::Place;

use super::refusal::Refusal;

/// The account that a control plane belongs to where nothing else is said.
pub(crate) const ACCOUNT: &str = "123456789012";
/// The region that it is in then.
pub(crate) const REGION: &str = "eu-west-1";

/// A function as a caller names it: a name, a partial or a whole ARN, each perhaps with a qualifier.
///
/// <https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html#API_GetFunctionConfiguration_RequestSyntax>
pub(crate) struct Named<'a> {
    /// The bare name.
    pub(crate) function: &'a str,
    /// An alias or a version.
    pub(crate) qualifier: Option<&'a str>,
    /// The region that an ARN names.
    region: Option<&'a str>,
    /// The account that an ARN, or a part of one, names.
    account: Option<&'a str>,
}

impl<'a> Named<'a> {
    /// # Errors
    ///
    /// When AWS's pattern does not match.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Refusal> {
        let bare = text.rsplit_once("function:").map_or(text, |(_, bare)| bare);
        let (function, qualifier) = match bare.split_once(':') {
            Some((function, qualifier)) => (function, Some(qualifier)),
            None => (bare, None),
        };
        let named = is_word(function) && qualifier.is_none_or(|qualifier| qualifier == "$LATEST" || is_word(qualifier));
        if !named || text.len() > 140 {
            return Err(Refusal::constraint(
                text,
                "functionName",
                "satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?",
            ));
        }
        let prefix = text.strip_suffix(bare).unwrap_or_default();
        let account = prefix.split(':').find(|part| part.len() == 12 && is_number(part));
        let region = prefix.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(2));
        Ok(Self { function, qualifier, region, account })
    }

    /// Refuses a function of another region, or of another account that has opened nothing to this one.
    pub(crate) fn check_place(&self, place: &Place) -> Result<(), Refusal> {
        if let Some(region) = self.region.filter(|region| *region != place.region) {
            return Err(Refusal::not_found(format!(
                "Functions from '{region}' are not reachable in this region ('{}')",
                place.region
            )));
        }
        match self.account {
            Some(account) if account != place.account => Err(Refusal::new(
                403,
                "AccessDeniedException",
                format!(
                    "User: arn:aws:iam::{}:user/local is not authorized to perform this on resource: arn:aws:lambda:{}:{account}:function:{} because no resource-based policy allows the action",
                    place.account, place.region, self.function
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// The ARN of a function, an alias or a version.
pub(crate) fn arn(place: &Place, function: &str, qualifier: Option<&str>) -> String {
    let Place { partition, region, account } = place;
    let function = format!("arn:{partition}:lambda:{region}:{account}:function:{function}");
    match qualifier {
        Some(qualifier) => format!("{function}:{qualifier}"),
        None => function,
    }
}

/// An alias's name has a letter, `-` or `_`: digits alone would be a version.
///
/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html#API_CreateAlias_RequestBody>
pub(crate) fn check_alias(name: &str) -> Result<(), Refusal> {
    if is_word(name) && name.len() <= 128 && !is_number(name) {
        return Ok(());
    }
    Err(Refusal::constraint(name, "name", "satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"))
}

/// A version's number, or `$LATEST`.
pub(crate) fn check_version(version: &str) -> Result<(), Refusal> {
    if version == "$LATEST" || is_number(version) {
        return Ok(());
    }
    Err(Refusal::constraint(version, "functionVersion", "satisfy regular expression pattern: (\\$LATEST|[0-9]+)"))
}

/// Digits, at least one.
pub(crate) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
