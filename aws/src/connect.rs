//! Credentials, region, endpoint and HTTP client, as users of the AWS CLI expect them.

use std::{sync::Arc, time::Duration};

use aws_config::{
    ConfigLoader, Region, SdkConfig, profile::ProfileFileCredentialsProvider, provider_config::ProviderConfig,
    retry::RetryConfig, stalled_stream_protection::StalledStreamProtectionConfig, timeout::TimeoutConfig,
};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError};
use aws_smithy_http_client::{
    Builder, Connector,
    proxy::ProxyConfig,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::{
    Aws,
    budget::{Budget, Budgeted},
    error::chain,
};

/// Where AWS is and who asks; everything that is not said here is found as the AWS CLI finds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// A profile of `~/.aws/config`, like `--profile`: credentials in the environment no longer count then.
    pub profile: Option<String>,
    /// The region, like `--region`.
    pub region: Option<String>,
    /// Where all services are reached, like `--endpoint-url`.
    pub endpoint_url: Option<String>,
    /// Calls of Lambda's control plane a second, retries included.
    pub budget: Budget,
}

/// Why there is nobody to ask. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// No region.
    #[error(
        "expected an AWS region: give --region, set AWS_REGION, or write `region = …` into the profile in ~/.aws/config"
    )]
    NoRegion,
    /// No credentials, or none that could be loaded.
    #[error(
        "expected AWS credentials: {0}; log in, give --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )]
    NoCredentials(String),
    /// The endpoint is no URL.
    #[error("expected --endpoint-url to be a URL such as http://127.0.0.1:4566, got {0}")]
    Endpoint(String),
}

/// A first try and four more, in the SDK's standard mode: after at most 0.5, 1, 2 and 4 seconds, each cut short by chance.
const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The SDK's own is 3.1 s.
const CONNECT: Duration = Duration::from_secs(3);
/// How long AWS may take for the head of an answer. What the budget makes a call wait does not count.
const READ: Duration = Duration::from_secs(15);

fn retries() -> RetryConfig {
    let standard = RetryConfig::standard().with_max_attempts(ATTEMPTS);
    standard.with_initial_backoff(FIRST_PAUSE).with_max_backoff(LONGEST_PAUSE)
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(READ).build()
}

/// An upload takes as long as the line is slow.
pub(crate) fn upload_timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(Duration::from_secs(5 * 60)).build()
}

/// A hook runs for 15 minutes at most, and is not asked twice because it is slow.
fn hook_timeouts() -> TimeoutConfig {
    let whole = Duration::from_secs(15 * 60 + 30);
    TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(whole).operation_timeout(whole).build()
}

/// Finds region and credentials, and makes the clients.
pub(crate) async fn connect(options: &Options) -> Result<Aws, ConnectError> {
    if let Some(url) = &options.endpoint_url
        && !url.starts_with("http://")
        && !url.starts_with("https://")
    {
        return Err(ConnectError::Endpoint(url.clone()));
    }
    let mut config = loader(options).load().await;
    if let Some(profile) = &options.profile {
        config = config.to_builder().credentials_provider(of_profile(profile, config.region())).build();
    }
    if config.region().is_none_or(|region| region.as_ref().is_empty()) {
        return Err(ConnectError::NoRegion);
    }
    prove(&config).await?;
    Ok(clients(&config, options.budget))
}

fn loader(options: &Options) -> ConfigLoader {
    let mut loader = aws_config::from_env().http_client(http_client());
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &options.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    loader
}

/// The credentials of a profile that was named: the usual chain would still prefer those of the environment, and the AWS
/// CLI does not.
fn of_profile(profile: &str, region: Option<&Region>) -> SharedCredentialsProvider {
    let surroundings = ProviderConfig::without_region().with_region(region.cloned()).with_http_client(http_client());
    let provider = ProfileFileCredentialsProvider::builder().profile_name(profile).configure(&surroundings).build();
    SharedCredentialsProvider::new(provider)
}

/// ring, the system's certificates, and the proxy of `HTTPS_PROXY` and `NO_PROXY`.
fn http_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder().proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        connector.tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
    })
}

/// Asks for credentials once, before anything is begun.
async fn prove(config: &SdkConfig) -> Result<(), ConnectError> {
    let Some(provider) = config.credentials_provider() else {
        return Err(ConnectError::NoCredentials("there are none".to_owned()));
    };
    let missing = |error: &CredentialsError| match error {
        CredentialsError::CredentialsNotLoaded(_) => "none were found".to_owned(),
        error => chain(error),
    };
    provider.provide_credentials().await.map(drop).map_err(|error| ConnectError::NoCredentials(missing(&error)))
}

/// The clients of a configuration, with our budgets, retries and time-outs.
pub(crate) fn clients(config: &SdkConfig, budget: Budget) -> Aws {
    let http = config.http_client().unwrap_or_else(http_client);
    // A request that waits for its turn in the budget looks like an upload that is stuck.
    let streams = StalledStreamProtectionConfig::enabled().upload_enabled(false).build();
    let with = |http| {
        let config = config.to_builder().http_client(http).retry_config(retries()).timeout_config(timeouts());
        config.stalled_stream_protection(streams.clone()).build()
    };
    let within = |budget| with(Budgeted::around(http.clone(), budget));
    let hooks = aws_sdk_lambda::config::Builder::from(&with(http.clone())).timeout_config(hook_timeouts());
    let lambda = within(budget);
    Aws {
        region: lambda.region().map(ToString::to_string).unwrap_or_default(),
        lambda: aws_sdk_lambda::Client::new(&lambda),
        hooks: aws_sdk_lambda::Client::from_conf(hooks.build()),
        cloudwatch: aws_sdk_cloudwatch::Client::new(&within(Budget::CLOUDWATCH)),
        alarms: aws_sdk_cloudwatch::Client::new(&within(Budget::ALARMS)),
        codedeploy: aws_sdk_codedeploy::Client::new(&within(Budget::CODEDEPLOY)),
        elsewhere: Arc::default(),
    }
}
