//! Where a release acts: one partition, region and account of AWS.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where something is in AWS. Names of functions, aliases and alarms are unique in one place only, so nothing that AWS
/// answers is believed before it is known to come from the place that the release began in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: String,
    /// The region, such as `eu-west-1`.
    pub region: String,
    /// The account: 12 digits.
    pub account: String,
}

impl Place {
    /// An account in a region; the region says which partition that is.
    ///
    /// ```
    /// use onebox_release::Place;
    ///
    /// assert_eq!(Place::new("cn-north-1", "123456789012").partition, "aws-cn");
    /// ```
    #[must_use]
    pub fn new(region: impl Into<String>, account: impl Into<String>) -> Self {
        let region = region.into();
        let partition = match region.split('-').collect::<Vec<_>>().as_slice() {
            ["cn", ..] => "aws-cn",
            ["us", "gov", ..] => "aws-us-gov",
            _ => "aws",
        };
        Self { partition: partition.to_owned(), region, account: account.into() }
    }

    /// The place that an ARN names; `None` where it names none.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
    ///
    /// ```
    /// use onebox_release::Place;
    ///
    /// let place = Place::of_arn("arn:aws:lambda:eu-west-1:123456789012:function:orders:live");
    /// assert_eq!(place, Some(Place::new("eu-west-1", "123456789012")));
    /// assert_eq!(Place::of_arn("orders:live"), None);
    /// ```
    #[must_use]
    pub fn of_arn(arn: &str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        let parts: [&str; 6] = std::array::from_fn(|_| parts.next().unwrap_or_default());
        let ["arn", partition, _service, region, account, resource] = parts else { return None };
        let whole = !partition.is_empty() && !region.is_empty() && is_account(account) && !resource.is_empty();
        whole.then(|| Self { partition: partition.to_owned(), region: region.to_owned(), account: account.to_owned() })
    }
}

/// Whether it is an account's number.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {} in {}", self.account, self.region)
    }
}
