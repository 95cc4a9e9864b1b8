//! What cache policies and origin request policies have in common: AWS's JSON and the selections in it.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

/// Why a policy cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Not JSON, or a member that AWS's form does not have.
    #[error("the {kind} is not in the form that `aws cloudfront get-{kind}` prints: {problem}")]
    Shape {
        /// `cache-policy` or `origin-request-policy`.
        kind: &'static str,
        /// What was expected, and where.
        problem: serde_json::Error,
    },
    /// A behaviour that AWS knows and this local CloudFront does not imitate.
    #[error("{member} is `{value}`, which the local CloudFront does not imitate; it takes {takes}")]
    Unsupported {
        /// The member of the policy.
        member: &'static str,
        /// Its value.
        value: String,
        /// What would be accepted.
        takes: &'static str,
    },
    /// A behaviour that needs a list of names has none, or the other way round.
    #[error("{member} is `{value}`, which {problem}")]
    Names {
        /// The member of the policy.
        member: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with the names.
        problem: &'static str,
    },
}

/// Which headers, cookies or query strings a policy takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Selection {
    /// None of them.
    #[default]
    None,
    /// These only.
    Only(Vec<String>),
    /// All but these.
    AllExcept(Vec<String>),
    /// All of them.
    All,
}

impl Selection {
    /// Whether the selection takes this name, letter case included. Header names are given and kept in lower case.
    #[must_use]
    pub fn takes(&self, name: &str) -> bool {
        match self {
            Self::None => false,
            Self::Only(names) => names.iter().any(|listed| listed == name),
            Self::AllExcept(names) => !names.iter().any(|listed| listed == name),
            Self::All => true,
        }
    }

    /// Whether nothing can be taken.
    #[must_use]
    pub fn is_none(&self) -> bool {
        match self {
            Self::None => true,
            Self::Only(names) => names.is_empty(),
            Self::AllExcept(_) | Self::All => false,
        }
    }

    pub(crate) fn lower_case(self) -> Self {
        let lower = |names: Vec<String>| names.into_iter().map(|name| name.to_ascii_lowercase()).collect();
        match self {
            Self::Only(names) => Self::Only(lower(names)),
            Self::AllExcept(names) => Self::AllExcept(lower(names)),
            other => other,
        }
    }
}

/// AWS's list of names.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Names {
    #[serde(rename = "Quantity")]
    _quantity: u32,
    #[serde(rename = "Items", default)]
    items: Vec<String>,
}

/// Reads the configuration out of what the AWS command line prints, or takes it bare.
pub(crate) fn configuration<T: DeserializeOwned>(
    json: &str,
    kind: &'static str,
    outer: &str,
    inner: &str,
) -> Result<T, PolicyError> {
    let shape = |problem| PolicyError::Shape { kind, problem };
    let mut value: Value = serde_json::from_str(json).map_err(shape)?;
    for member in [outer, inner] {
        if let Some(nested) = value.get_mut(member) {
            value = nested.take();
        }
    }
    serde_json::from_value(value).map_err(shape)
}

/// Turns AWS's `…Behavior` and its names into a selection.
pub(crate) fn selection(
    member: &'static str,
    behavior: String,
    names: Option<Names>,
) -> Result<Selection, PolicyError> {
    let names = names.map(|names| names.items).filter(|names| !names.is_empty());
    match (behavior.as_str(), names) {
        ("none", None) => Ok(Selection::None),
        ("all" | "allViewer", None) => Ok(Selection::All),
        ("whitelist", Some(names)) => Ok(Selection::Only(names)),
        ("allExcept", Some(names)) => Ok(Selection::AllExcept(names)),
        ("whitelist" | "allExcept", None) => {
            Err(PolicyError::Names { member, value: behavior, problem: "needs a list of names" })
        }
        ("none" | "all" | "allViewer", Some(_)) => {
            Err(PolicyError::Names { member, value: behavior, problem: "cannot have a list of names" })
        }
        _ => Err(PolicyError::Unsupported { member, value: behavior, takes: "none, whitelist, allExcept or all" }),
    }
}

/// Refuses headers that CloudFront itself would have to compute from the viewer's address or device.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html>
pub(crate) fn without_computed(member: &'static str, headers: Selection) -> Result<Selection, PolicyError> {
    let headers = headers.lower_case();
    if let Selection::Only(names) = &headers
        && let Some(name) = names.iter().find(|name| name.starts_with("cloudfront-"))
    {
        return Err(PolicyError::Unsupported {
            member,
            value: name.clone(),
            takes: "headers that the viewer or a function sends",
        });
    }
    Ok(headers)
}
