//! Lambda's control plane: aliases, versions, code.

use std::{collections::HashMap, error::Error, future::Future, path::Path, time::Duration};

use aws_sdk_lambda::{
    client::Waiters,
    config::{Builder, retry::RetryConfig},
    primitives::Blob,
    types::{
        AliasRoutingConfiguration, LastUpdateStatus, ProvisionedConcurrencyConfigListItem,
        ProvisionedConcurrencyStatusEnum as Status, State,
    },
};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError, waiters::error::WaiterError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use base64::{Engine, engine::general_purpose::STANDARD};
use onebox_release::{
    AliasView, Answer, CallError, ErrorKind, Percent, Place, Provisioned, ProvisionedStatus, Reply, Routing,
    UpdateStatus, VersionState, VersionView, plain_text,
};
use sha2::{Digest, Sha256};

use crate::{
    Aws,
    connect::{ATTEMPTS, FIRST_PAUSE, upload_timeouts},
    error::{call_error, wait_error},
};

/// The longest reason and the longest state of AWS's that are kept, in characters.
const LONGEST_REASON: usize = 500;
const LONGEST_STATE: usize = 40;

/// The most pages of a list that are read.
const PAGES: usize = 20;

/// How long code may take to be applied: AWS's own waiter `function_updated_v2` polls 300 times, once a second.
/// <https://github.com/boto/botocore/blob/develop/botocore/data/lambda/2015-03-31/waiters-2.json>
const UPDATE: Duration = Duration::from_secs(300);
/// How long a new version is waited for here. With SnapStart it takes longer to become active: whoever reads it waits on, and
/// has its number in the journal meanwhile.
const ACTIVATION: Duration = Duration::from_secs(60);

/// The members that the answers of all of an alias's operations have.
macro_rules! view {
    ($answer:expr) => {
        view(
            $answer.function_version,
            $answer.routing_config.as_ref(),
            $answer.revision_id,
            $answer.description,
            $answer.alias_arn,
        )
    };
}

impl Aws {
    pub(crate) async fn get_alias(&self, function: &str, alias: &str) -> Answer {
        let answer = self.lambda.get_alias().function_name(function).name(alias).send().await.map_err(call_error)?;
        view!(answer).map(Reply::Alias)
    }

    pub(crate) async fn update_alias(&self, function: &str, alias: &str, to: &Routing, revision: &str) -> Answer {
        let update = self.lambda.update_alias().function_name(function).name(alias).revision_id(revision);
        let update = update.function_version(&to.version).routing_config(weights(to));
        let answer = guarded(|once| update.clone().customize().config_override(once).send()).await?;
        view!(answer).map(Reply::Alias)
    }

    /// A second attempt after a lost answer is refused with [`ErrorKind::Conflict`]: the alias is read then.
    pub(crate) async fn create_alias(&self, function: &str, alias: &str, version: &str, description: &str) -> Answer {
        let create = self.lambda.create_alias().function_name(function).name(alias);
        let create = create.function_version(version).description(description);
        let answer = create.send().await.map_err(call_error)?;
        view!(answer).map(Reply::Alias)
    }

    pub(crate) async fn delete_alias(&self, function: &str, alias: &str) -> Answer {
        let deleted = self.lambda.delete_alias().function_name(function).name(alias).send().await;
        deleted.map(|_| Reply::Done).map_err(call_error)
    }

    pub(crate) async fn get_version(&self, function: &str, version: &str) -> Answer {
        let get = self.lambda.get_function_configuration().function_name(function).qualifier(version);
        let answer = get.send().await.map_err(call_error)?;
        let dead_letter = answer.dead_letter_config.and_then(|config| config.target_arn);
        let (state, update) = (state(answer.state), update_status(answer.last_update_status));
        Ok(Reply::Version(VersionView {
            version: told(answer.version, "Version")?,
            sha256: told(answer.code_sha256, "CodeSha256")?,
            role: told(answer.role, "Role")?,
            dead_letter: dead_letter.filter(|arn| !arn.is_empty()),
            reason: reason(
                &state,
                update,
                (answer.state_reason_code.as_ref().map(AsRef::as_ref), answer.state_reason),
                (answer.last_update_status_reason_code.as_ref().map(AsRef::as_ref), answer.last_update_status_reason),
            ),
            state,
            update,
            revision: answer.revision_id,
            place: place(told(answer.function_arn, "FunctionArn")?)?,
        }))
    }

    /// The list to its last page. AWS documents 50 entries a page at most, and no limit of entries: after so many pages
    /// what was read does.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListProvisionedConcurrencyConfigs.html>
    pub(crate) async fn provisioned(&self, function: &str) -> Answer {
        let (mut found, mut marker) = (Vec::new(), None);
        for _ in 0..PAGES {
            let list = self.lambda.list_provisioned_concurrency_configs().function_name(function).set_marker(marker);
            let page = list.send().await.map_err(call_error)?;
            found.extend(page.provisioned_concurrency_configs().iter().filter_map(provisioned));
            marker = page.next_marker;
            if marker.is_none() {
                break;
            }
        }
        Ok(Reply::Provisioned(found))
    }

    pub(crate) async fn update_code(&self, function: &str, zip: &str, sha256: &str) -> Answer {
        let code = read(zip, sha256).await?;
        // Where the architecture is left out AWS documents x86_64 as the default: what the function has is said again.
        // <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html>
        let now = self.lambda.get_function_configuration().function_name(function).send().await.map_err(call_error)?;
        if now.last_update_status == Some(LastUpdateStatus::InProgress) {
            self.updated(function, "the wait for an update that was in progress before").await?;
        }
        let update = self.lambda.update_function_code().function_name(function).zip_file(Blob::new(code));
        let update = update.set_architectures(now.architectures);
        let slow = aws_sdk_lambda::config::Config::builder().timeout_config(upload_timeouts());
        let answer = update.customize().config_override(slow).send().await.map_err(call_error)?;
        // That the code is applied gives the function another revision.
        let revision = self.updated(function, "the wait for the new code").await?;
        Ok(Reply::Code { sha256: told(answer.code_sha256, "CodeSha256")?, revision })
    }

    /// Waits until the last update of a function is applied; its revision then.
    async fn updated(&self, function: &str, what: &str) -> Result<Option<String>, CallError> {
        let wait = self.lambda.wait_until_function_updated_v2().function_name(function).wait(UPDATE).await;
        let done = wait.map_err(|error| {
            wait_error(error, what, |last| {
                let last = last.configuration.as_ref()?;
                let code = last.last_update_status_reason_code.as_ref().map(AsRef::as_ref);
                coded(code, last.last_update_status_reason.clone())
            })
        })?;
        let answer = done.into_result().map_err(call_error)?;
        Ok(answer.configuration.and_then(|configuration| configuration.revision_id))
    }

    pub(crate) async fn publish(&self, function: &str, sha256: &str, revision: Option<&str>) -> Answer {
        let publish = self.lambda.publish_version().function_name(function).code_sha256(sha256);
        let publish = publish.set_revision_id(revision.map(str::to_owned));
        let answer = guarded(|once| publish.clone().customize().config_override(once).send()).await?;
        let version = told(answer.version, "Version")?;
        let active = self.lambda.wait_until_published_version_active().function_name(function).qualifier(&version);
        match active.wait(ACTIVATION).await {
            // The version is there: whoever reads it learns that it failed, or is not active yet, and why.
            Ok(_) | Err(WaiterError::FailureState(_) | WaiterError::ExceededMaxWait(_)) => {
                Ok(Reply::Published(version))
            }
            Err(error) => Err(wait_error(error, &format!("the wait for version {version}"), |_| None)),
        }
    }
}

/// A call that is guarded by a revision: one attempt, unless AWS throttled it and so did nothing. A second one after a lost
/// answer would be refused for its revision, and our own change would look like somebody else's.
async fn guarded<T, E, F>(send: impl Fn(Builder) -> F) -> Result<T, CallError>
where
    E: ProvideErrorMetadata + Error + 'static,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    let (mut pause, mut tries) = (FIRST_PAUSE, 1);
    loop {
        match send(aws_sdk_lambda::config::Config::builder().retry_config(RetryConfig::disabled()))
            .await
            .map_err(call_error)
        {
            Err(error) if error.kind == ErrorKind::Throttled && tries < ATTEMPTS => {
                tokio::time::sleep(pause).await;
                (pause, tries) = (pause * 2, tries + 1);
            }
            done => return done,
        }
    }
}

/// A function without a state is one that an endpoint other than AWS's shows: it can be invoked.
fn state(state: Option<State>) -> VersionState {
    match state {
        None | Some(State::Active) => VersionState::Active,
        Some(State::Inactive) => VersionState::Inactive,
        Some(State::Pending) => VersionState::Pending,
        Some(State::Failed) => VersionState::Failed,
        Some(other) => VersionState::Other(plain_text(other.as_str(), LONGEST_STATE)),
    }
}

fn update_status(status: Option<LastUpdateStatus>) -> UpdateStatus {
    match status {
        Some(LastUpdateStatus::InProgress) => UpdateStatus::InProgress,
        Some(LastUpdateStatus::Failed) => UpdateStatus::Failed,
        _ => UpdateStatus::Successful,
    }
}

/// Why a version is not active, or why its last update failed.
fn reason(
    state: &VersionState,
    update: UpdateStatus,
    of_state: (Option<&str>, Option<String>),
    of_update: (Option<&str>, Option<String>),
) -> Option<String> {
    let (code, text) =
        if *state == VersionState::Active && update == UpdateStatus::Failed { of_update } else { of_state };
    coded(code, text)
}

/// A reason with its code, as AWS gives them.
fn coded(code: Option<&str>, text: Option<String>) -> Option<String> {
    let whole = match (code, text) {
        (Some(code), Some(text)) => format!("{code}: {text}"),
        (code, text) => text.or_else(|| code.map(str::to_owned))?,
    };
    Some(plain_text(&whole, LONGEST_REASON))
}

/// The weights of a routing; where there are none the map is sent without entries: left out, the old ones would stay.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html>
pub(crate) fn weights(to: &Routing) -> AliasRoutingConfiguration {
    let weights: HashMap<_, _> =
        to.additional.iter().map(|(version, percent)| (version.clone(), percent.weight())).collect();
    AliasRoutingConfiguration::builder().set_additional_version_weights(Some(weights)).build()
}

fn view(
    version: Option<String>,
    weights: Option<&AliasRoutingConfiguration>,
    revision: Option<String>,
    description: Option<String>,
    arn: Option<String>,
) -> Result<AliasView, CallError> {
    let additional = match weights.and_then(AliasRoutingConfiguration::additional_version_weights) {
        None => None,
        Some(weights) => match weights.iter().collect::<Vec<_>>().as_slice() {
            [] => None,
            [(version, weight)] => Some(((*version).clone(), part(**weight)?)),
            more => return Err(strange(format!("an alias with {} additional versions", more.len()))),
        },
    };
    let routing = Routing { version: told(version, "FunctionVersion")?, additional };
    let (revision, description) = (told(revision, "RevisionId")?, description.unwrap_or_default());
    Ok(AliasView { routing, revision, description, place: place(told(arn, "AliasArn")?)? })
}

/// What a version or an alias has; its ARN ends with the qualifier.
fn provisioned(config: &ProvisionedConcurrencyConfigListItem) -> Option<Provisioned> {
    let qualifier = config.function_arn()?.rsplit(':').next()?.to_owned();
    let status = match config.status()? {
        Status::Ready => ProvisionedStatus::Ready,
        Status::Failed => ProvisionedStatus::Failed,
        // What is neither there nor failed is on its way, new words included.
        _ => ProvisionedStatus::InProgress,
    };
    Some(Provisioned { qualifier, status, reason: config.status_reason().map(str::to_owned) })
}

fn part(weight: f64) -> Result<Percent, CallError> {
    Percent::from_weight(weight).ok_or_else(|| strange(format!("a weight of {weight}")))
}

/// Where an answer comes from.
fn place(arn: String) -> Result<Place, CallError> {
    Place::of_arn(&arn).ok_or_else(|| strange(format!("the ARN {arn:?}")))
}

/// A field that AWS always fills.
pub(crate) fn told<T>(field: Option<T>, name: &str) -> Result<T, CallError> {
    field.ok_or_else(|| strange(format!("an answer without {name}")))
}

/// An answer that the API does not give: what was asked may well have been done.
pub(crate) fn strange(what: String) -> CallError {
    CallError::new(ErrorKind::Unknown, format!("AWS gave {what}, which its API does not allow"))
}

/// A file's content, if it is what it was when the release began.
async fn read(zip: &str, sha256: &str) -> Result<Vec<u8>, CallError> {
    let local = |message| CallError::new(ErrorKind::Local, message);
    let code = tokio::fs::read(Path::new(zip))
        .await
        .map_err(|error| local(format!("{zip}: {error}: put the file back, or abort the release")))?;
    let found = STANDARD.encode(Sha256::digest(&code));
    if found == sha256 {
        return Ok(code);
    }
    Err(local(format!(
        "{zip}: expected the content that it had when the release began, SHA-256 {sha256}, found {found}: \
         put the file back, or abort the release"
    )))
}
