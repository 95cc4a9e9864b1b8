//! How AWS is reached, and what a plan on the command line overrides.

use onebox_release::Header;

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
            region: self.region.or_else(|| header.plan.region.clone()),
            endpoint_url: self.endpoint_url.or_else(|| header.endpoint_url.clone()),
        }
    }
}
