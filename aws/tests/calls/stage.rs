//! AWS without AWS: credentials that open nothing, and answers that a test writes.

use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_smithy_types::body::SdkBody;
use onebox_aws::{Aws, Budget};
use onebox_release::{AliasView, Call, Deployment, Executed, HookPayload, Percent, Routing, VersionAlarm, When};
use onebox_sim::control::ControlPlane;

/// More calls a second than any test makes.
pub(crate) const PLENTY: Budget = Budget::new(100_000, 1_000).unwrap();

/// A configuration that knows nothing of the machine it is on.
pub(crate) fn config() -> aws_config::SdkConfig {
    let credentials = Credentials::new("AKID", "secret", Some("session".to_owned()), None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

/// AWS at a local address.
pub(crate) fn local(url: &str) -> Aws {
    Aws::with(&config().to_builder().endpoint_url(url).build(), PLENTY)
}

/// A request that was made.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// An answer: status, headers, body.
pub(crate) type Told = (u16, Vec<(&'static str, &'static str)>, String);

/// AWS that answers each request as a test says, and the requests that were made.
pub(crate) fn scripted(
    answer: impl Fn(&Asked, usize) -> Told + Send + Sync + 'static,
) -> (Aws, Arc<Mutex<Vec<Asked>>>) {
    scripted_with(&config(), PLENTY, answer)
}

/// The same, with another configuration and within a budget.
pub(crate) fn scripted_with(
    config: &SdkConfig,
    budget: Budget,
    answer: impl Fn(&Asked, usize) -> Told + Send + Sync + 'static,
) -> (Aws, Arc<Mutex<Vec<Asked>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let client = infallible_client_fn(move |request: http::Request<SdkBody>| {
        let (parts, body) = request.into_parts();
        let request = Asked {
            method: parts.method.to_string(),
            path: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            headers: parts.headers,
            body: body.bytes().unwrap_or_default().to_vec(),
        };
        let mut seen = seen.lock().unwrap();
        let (status, headers, body) = answer(&request, seen.len());
        seen.push(request);
        let response = headers
            .into_iter()
            .fold(http::Response::builder().status(status), |response, (name, value)| response.header(name, value));
        response.body(SdkBody::from(body)).unwrap()
    });
    (Aws::with(&config.to_builder().http_client(client).build(), budget), asked)
}

/// One call of each kind that Lambda's control plane, CloudWatch and CodeDeploy are asked.
pub(crate) fn calls() -> Vec<Call> {
    let of = Executed { function: "orders".into(), alias: "live".into(), version: "2".into() };
    vec![
        get_alias(),
        update_alias(Routing::wholly("2"), "r1"),
        create_alias("keep"),
        Call::DeleteAlias { function: "orders".into(), alias: "keep".into() },
        Call::GetVersion { function: "orders".into(), version: "2".into() },
        Call::ListProvisionedConcurrency { function: "orders".into() },
        Call::PublishVersion { function: "orders".into(), sha256: "sha".into(), revision: Some("r1".into()) },
        Call::Invoke { function: "hook".into(), payload: payload() },
        Call::DescribeAlarms { names: vec!["errors".into()], region: None },
        Call::DescribeAlarmHistory { name: "errors".into(), region: None, after: at("2026-11-20T12:00:00Z") },
        Call::PutMetricAlarm(VersionAlarm {
            name: "orders-2-errors".into(),
            description: "ours".into(),
            of: of.clone(),
            errors: 3,
            minutes: 2,
        }),
        Call::DeleteAlarms { names: vec!["orders-2-errors".into()] },
        Call::GetMetricData { of: vec![of], from: at("2026-11-20T12:00:00Z"), to: at("2026-11-20T12:05:00Z") },
        Call::CreateDeployment(deployment()),
        Call::GetDeployment { id: "d-1".into() },
        Call::FindDeployment {
            application: "shop".into(),
            group: "orders".into(),
            description: "web-1".into(),
            from: at("2026-11-20T12:00:00Z"),
        },
        Call::StopDeployment { id: "d-1".into() },
    ]
}

pub(crate) fn at(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

pub(crate) fn get_alias() -> Call {
    Call::GetAlias { function: "orders".into(), alias: "live".into() }
}

pub(crate) fn update_alias(to: Routing, revision: &str) -> Call {
    Call::UpdateAlias { function: "orders".into(), alias: "live".into(), to, revision: revision.into() }
}

pub(crate) fn create_alias(alias: &str) -> Call {
    let (function, version, description) = ("orders".into(), "1".into(), "ours".into());
    Call::CreateAlias { function, alias: alias.into(), version, description }
}

pub(crate) fn split(hundredths: u16) -> Routing {
    let part = Percent::from_hundredths(hundredths).unwrap();
    Routing { version: "1".into(), additional: Some(("2".into(), part)) }
}

pub(crate) fn payload() -> HookPayload {
    HookPayload {
        release: "web-1".into(),
        function: "orders".into(),
        alias: "live".into(),
        version: "2".into(),
        when: When::Before,
    }
}

pub(crate) fn deployment() -> Deployment {
    Deployment {
        application: "shop".into(),
        group: "orders".into(),
        config: "CodeDeployDefault.LambdaCanary10Percent5Minutes".into(),
        function: "orders".into(),
        alias: "live".into(),
        from: "1".into(),
        to: "2".into(),
        alarms: vec!["errors".into()],
        before: Some("CodeDeployHook_before".into()),
        after: None,
        description: "web-1".into(),
    }
}

/// An alias of a local control plane, as it stands: no call is made for it.
pub(crate) fn seen(plane: &ControlPlane, function: &str, alias: &str) -> AliasView {
    let alias = plane.alias_of(function, alias).unwrap();
    let part = |(version, weight): &(String, f64)| (version.clone(), Percent::from_weight(*weight).unwrap());
    let routing = Routing { version: alias.version.clone(), additional: alias.additional.as_ref().map(part) };
    let (revision, description) = (alias.revision.clone(), alias.description.clone());
    AliasView { routing, revision, description, place: plane.place().clone() }
}
