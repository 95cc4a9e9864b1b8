//! How AWS is reached, and what a plan on the command line overrides.

use onebox_aws::Aws;
use onebox_release::{Header, Place};

use super::engine;
use crate::Failure;

/// How AWS is reached; what is left out is found as the AWS CLI finds it.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Reach {
    /// The profile of ~/.aws to use [default: AWS_PROFILE, or the default one]
    #[arg(long, value_name = "NAME", help_heading = "AWS")]
    pub(crate) profile: Option<String>,
    /// The region [default: the plan's, AWS_REGION, or the profile's]
    #[arg(long, value_name = "REGION", help_heading = "AWS")]
    pub(crate) region: Option<String>,
    /// Another endpoint than AWS's own, for tests [default: AWS_ENDPOINT_URL]
    #[arg(long, value_name = "URL", help_heading = "AWS")]
    pub(crate) endpoint_url: Option<String>,
}

impl Reach {
    /// The same way as the one that began this release, except where another one is named.
    pub(crate) fn or_as(self, header: &Header) -> Self {
        Self {
            profile: self.profile.or_else(|| header.profile.clone()),
            region: self.region.or_else(|| region(header)),
            endpoint_url: self.endpoint_url.or_else(|| header.endpoint_url.clone()),
        }
    }

    /// Refuses another region than the one that the release began in, before anything is called there.
    pub(crate) fn check_region(&self, header: &Header) -> Result<(), Failure> {
        match (&self.region, region(header)) {
            (Some(found), Some(expected)) if *found != expected => Err(another(header, &expected, found)),
            _ => Ok(()),
        }
    }

    /// AWS, as the one who began this release reached it. A region that was only found in the environment or the profile
    /// has to be found there again: which of two is meant, a person says.
    pub(crate) async fn connect_to(self, header: &Header) -> Result<Aws, Failure> {
        self.check_region(header)?;
        let named = self.region.is_some() || header.plan.region.is_some();
        let as_began = self.clone().or_as(header);
        if let (false, Some(expected)) = (named, &as_began.region)
            && let Ok(found) = engine::connect(Self { region: None, ..as_began.clone() }).await
            && found.region() != expected
        {
            return Err(another(header, expected, found.region()));
        }
        engine::connect(as_began).await
    }
}

/// Why an answer is not believed: the function's ARN says where it is, and AWS answers for another place.
pub(crate) fn elsewhere(function: &str, named: &Place, found: &Place) -> String {
    format!(
        "{function} is in {named}, and AWS answers for {found}: nothing was changed there. Use that account's credentials \
         (--profile) and that region (--region {})",
        named.region
    )
}

/// The region that a release is in.
fn region(header: &Header) -> Option<String> {
    header.region.clone().or_else(|| header.plan.region.clone())
}

fn another(header: &Header, expected: &str, found: &str) -> Failure {
    Failure::usage(format!(
        "the release {} runs in {expected}, and the region is {found} now (--region, AWS_REGION or the profile): nothing was \
         done. Give --region {expected} to go on there",
        header.plan.id
    ))
}
