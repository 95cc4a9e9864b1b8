//! Credentials, region, endpoint and HTTP client, as users of the AWS CLI expect them.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_config::{
    ConfigLoader, Region, SdkConfig, profile::ProfileFileCredentialsProvider, provider_config::ProviderConfig,
    retry::RetryConfig, stalled_stream_protection::StalledStreamProtectionConfig, timeout::TimeoutConfig,
};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError};
use aws_smithy_http_client::{
    pool,
    proxy::ProxyConfig,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn},
    orchestrator::HttpRequest,
    result::ConnectorError,
};
use aws_types::os_shim_internal::{Env, Fs};
use jiff::Timestamp;
use onebox_release::{ErrorKind, plain_text};

use crate::{
    Aws,
    bounded::Bounded,
    budget::{Budget, Budgeted},
    error::{chain, unsigned},
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
    /// A profile that neither file has.
    #[error(
        "no profile {name} in ~/.aws/config or ~/.aws/credentials; expected {}: check --profile and AWS_PROFILE",
        if .known.is_empty() { "one there".to_owned() } else { format!("one of {}", .known.join(", ")) }
    )]
    NoProfile {
        /// The profile that was named.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// No credentials, or none that could be loaded.
    #[error(
        "expected AWS credentials: {0}; log in, give --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )]
    NoCredentials(String),
    /// The session has expired.
    #[error("your session has expired: log in again ({0})")]
    Expired(String),
    /// The endpoint is no URL.
    #[error("expected --endpoint-url to be a URL such as http://127.0.0.1:4566, got {0}")]
    Endpoint(String),
}

/// A first try and four more, in the SDK's standard mode: after at most 0.5, 1, 2 and 4 seconds, each cut short by chance.
pub(crate) const ATTEMPTS: u32 = 5;
pub(crate) const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The longest reason that is shown, in characters.
const LONGEST_REASON: usize = 1_000;

/// The SDK's own is 3.1 s.
const CONNECT: Duration = Duration::from_secs(3);
/// How long AWS may take for one answer, from the request to the last byte. What the budget makes a call wait does not
/// count.
const READ: Duration = Duration::from_secs(15);
/// How long a call may take with all its attempts, pauses, and what the budget makes it wait.
const CALL: Duration = Duration::from_secs(3 * 60);
/// The same for an upload, which takes as long as the line is slow.
const UPLOAD: Duration = Duration::from_secs(15 * 60);
/// The same for a hook: a function ends after 15 minutes.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const HOOK: Duration = Duration::from_secs(15 * 60 + 30);
/// How long it may take until there are credentials: somebody may have to touch a key.
const CREDENTIALS: Duration = Duration::from_secs(60);

/// After this long without a packet the other end is asked whether it is still there. A hook's connection is silent while
/// the hook runs, and a NAT gateway forgets a connection after 350 seconds:
/// <https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html>
const KEEPALIVE: Duration = Duration::from_secs(60);

fn retries() -> RetryConfig {
    let standard = RetryConfig::standard().with_max_attempts(ATTEMPTS);
    standard.with_initial_backoff(FIRST_PAUSE).with_max_backoff(LONGEST_PAUSE)
}

/// Time-outs: for one answer, and for a call with everything that belongs to it.
fn timeouts(answer: Duration, call: Duration) -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(answer).operation_timeout(call).build()
}

/// An upload takes as long as the line is slow.
pub(crate) fn upload_timeouts() -> TimeoutConfig {
    timeouts(UPLOAD / 3, UPLOAD)
}

/// The time-outs of a call that is over soon or not at all.
#[cfg(feature = "functions")]
pub(crate) fn quick_timeouts(answer: Duration) -> TimeoutConfig {
    timeouts(answer, answer * 4)
}

/// Finds region and credentials, and makes the clients.
pub(crate) async fn connect(options: &Options) -> Result<Aws, ConnectError> {
    if let Some(url) = &options.endpoint_url
        && !url.starts_with("http://")
        && !url.starts_with("https://")
    {
        return Err(ConnectError::Endpoint(plain_text(url, LONGEST_REASON)));
    }
    known_profile(options).await?;
    let mut config = loader(options).load().await;
    if let Some(profile) = &options.profile {
        config = config.to_builder().credentials_provider(of_profile(profile, config.region())).build();
    }
    if config.region().is_none_or(|region| region.as_ref().is_empty()) {
        return Err(ConnectError::NoRegion);
    }
    let expires = prove(&config).await?;
    Ok(Aws { expires, ..clients(&config, options.budget) })
}

/// Refuses a profile that was named and is in no file; the SDK would go on to other credentials, or say less.
async fn known_profile(options: &Options) -> Result<(), ConnectError> {
    let env = Env::real();
    let Some(name) = options.profile.clone().or_else(|| env.get("AWS_PROFILE").ok()).filter(|name| name != "default")
    else {
        return Ok(());
    };
    // Files that cannot be read are named by the SDK, in its own words.
    let files = aws_config::profile::load(&Fs::real(), &env, &Default::default(), None).await;
    match files {
        Ok(files) if files.get_profile(&name).is_none() => {
            let mut known: Vec<String> = files.profiles().map(str::to_owned).collect();
            known.sort();
            Err(ConnectError::NoProfile { name, known })
        }
        _ => Ok(()),
    }
}

fn loader(options: &Options) -> ConfigLoader {
    let mut loader = aws_config::from_env().http_client(Bounded::around(http_client()));
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
    let surroundings =
        ProviderConfig::without_region().with_region(region.cloned()).with_http_client(Bounded::around(http_client()));
    let provider = ProfileFileCredentialsProvider::builder().profile_name(profile).configure(&surroundings).build();
    SharedCredentialsProvider::new(provider)
}

/// ring, the system's certificates, the proxy of `HTTPS_PROXY` and `NO_PROXY`, and connections that are kept alive.
fn http_client() -> SharedHttpClient {
    let pool = pool::Builder::default().proxy_config(ProxyConfig::from_env()).tcp_keepalive(KEEPALIVE);
    let pool = pool.tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    match pool.map_err(|error| chain(&error)).and_then(|pool| pool::Client::new(&pool).map_err(|error| chain(&error))) {
        Ok(client) => SharedHttpClient::new(client),
        Err(why) => http_client_fn(move |_, _| SharedHttpConnector::new(NoConnector(why.clone()))),
    }
}

/// Why nothing can be connected.
#[derive(Debug)]
struct NoConnector(String);

impl HttpConnector for NoConnector {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(Err(ConnectorError::user(self.0.clone().into())))
    }
}

/// Asks for credentials once, before anything is begun; until when they are valid, where that is known.
async fn prove(config: &SdkConfig) -> Result<Option<Timestamp>, ConnectError> {
    let Some(provider) = config.credentials_provider() else {
        return Err(ConnectError::NoCredentials("there are none".to_owned()));
    };
    let missing = |error: &CredentialsError| match error {
        CredentialsError::CredentialsNotLoaded(_) => "none were found".to_owned(),
        error => chain(error),
    };
    let provided = tokio::time::timeout(CREDENTIALS, provider.provide_credentials()).await;
    let late = || ConnectError::NoCredentials(format!("none within {} s", CREDENTIALS.as_secs()));
    let credentials = provided.map_err(|_| late())?;
    let credentials = credentials.map_err(|error| {
        // What a program for credentials says comes from outside.
        let why = plain_text(&missing(&error), LONGEST_REASON);
        if unsigned(&why) == ErrorKind::Expired { ConnectError::Expired(why) } else { ConnectError::NoCredentials(why) }
    })?;
    let seconds = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs().try_into().ok();
    let expires = credentials.expiry().and_then(seconds).and_then(|seconds| Timestamp::from_second(seconds).ok());
    // `aws configure export-credentials` says it beside the keys, and the SDK does not look at it.
    let beside = || {
        let env = Env::real();
        let is_from_env = env.get("AWS_ACCESS_KEY_ID").is_ok_and(|key| key == credentials.access_key_id());
        env.get("AWS_CREDENTIAL_EXPIRATION").ok().filter(|_| is_from_env)?.parse().ok()
    };
    Ok(expires.or_else(beside))
}

/// The clients of a configuration, with our budgets, retries, time-outs and bounds.
pub(crate) fn clients(config: &SdkConfig, budget: Budget) -> Aws {
    let http = Bounded::around(config.http_client().unwrap_or_else(http_client));
    // A request that waits for its turn in the budget looks like an upload that is stuck.
    let streams = StalledStreamProtectionConfig::enabled().upload_enabled(false).build();
    let with = |http| {
        let config = config.to_builder().http_client(http).retry_config(retries()).timeout_config(timeouts(READ, CALL));
        config.stalled_stream_protection(streams.clone()).build()
    };
    let within = |budget| with(Budgeted::around(http.clone(), budget));
    // A hook may have done something: who counts its invocations decides whether there is another one.
    let hooks = aws_sdk_lambda::config::Builder::from(&with(http.clone()));
    let hooks = hooks.timeout_config(timeouts(HOOK, HOOK)).retry_config(RetryConfig::disabled());
    let lambda = within(budget);
    Aws {
        region: lambda.region().map(ToString::to_string).unwrap_or_default(),
        lambda: aws_sdk_lambda::Client::new(&lambda),
        hooks: aws_sdk_lambda::Client::from_conf(hooks.build()),
        cloudwatch: aws_sdk_cloudwatch::Client::new(&within(Budget::CLOUDWATCH)),
        alarms: aws_sdk_cloudwatch::Client::new(&within(Budget::ALARMS)),
        codedeploy: aws_sdk_codedeploy::Client::new(&within(Budget::CODEDEPLOY)),
        elsewhere: Arc::default(),
        expires: None,
        #[cfg(feature = "functions")]
        cloudformation: aws_sdk_cloudformation::Client::new(&with(http)),
    }
}
