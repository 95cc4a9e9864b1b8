//! CodeDeploy, told to move an alias, followed and stopped.

use aws_sdk_codedeploy::{
    config::retry::RetryConfig,
    types::{
        Alarm, AlarmConfiguration, AppSpecContent, AutoRollbackConfiguration, AutoRollbackEvent, DeploymentInfo,
        DeploymentStatus as Status, RevisionLocation, RevisionLocationType, TimeRange,
        builders::AutoRollbackConfigurationBuilder,
    },
};
use aws_smithy_types::DateTime;
use jiff::{SignedDuration, Timestamp};
use onebox_release::{Answer, CallError, Deployment, DeploymentStatus, DeploymentView, ErrorKind, Percent, Reply};

use crate::{Aws, appspec, error::call_error, lambda::told};

/// The most that `BatchGetDeployments` takes:
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BatchGetDeployments.html>
const BATCH: usize = 25;

/// The most pages of a list that are read; what is beyond is not known to be absent.
const PAGES: usize = 50;

/// Our clock may be ahead: AWS takes no signature that is five minutes off, so that this is ample.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>
const SKEW: SignedDuration = SignedDuration::from_mins(15);

/// The statuses of a deployment that may still move an alias; `Baking` is one of
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ListDeployments.html>.
const UNDER_WAY: [Status; 5] = [Status::Created, Status::Queued, Status::InProgress, Status::Baking, Status::Ready];
/// Those of one that has ended.
const OVER: [Status; 3] = [Status::Succeeded, Status::Failed, Status::Stopped];

impl Aws {
    pub(crate) async fn create_deployment(&self, asked: &Deployment) -> Answer {
        let create = self.codedeploy.create_deployment();
        let create = create.application_name(&asked.application).deployment_group_name(&asked.group);
        let create = create.deployment_config_name(&asked.config).description(&asked.description);
        let create = create.revision(revision(asked)).auto_rollback_configuration(back());
        let create = create.override_alarm_configuration(alarms(asked)?);
        // CodeDeploy has no token that makes a second attempt the same as the first: when an answer is lost, the machine
        // looks for the deployment instead.
        let once = aws_sdk_codedeploy::config::Config::builder().retry_config(RetryConfig::disabled());
        let answer = create.customize().config_override(once).send().await.map_err(call_error)?;
        let id = told(answer.deployment_id, "deploymentId")?;
        Ok(Reply::Deployment(DeploymentView { id, status: DeploymentStatus::Running, weight: None, reason: None }))
    }

    pub(crate) async fn get_deployment(&self, id: &str) -> Answer {
        let answer = self.codedeploy.get_deployment().deployment_id(id).send().await.map_err(call_error)?;
        let info = told(answer.deployment_info, "deploymentInfo")?;
        let weight = self.weight(id).await;
        Ok(Reply::Deployment(view(id, weight, &info)))
    }

    /// The newest deployment with a description, among all that CodeDeploy lists for the group since a time: those under
    /// way first, then those that ended.
    pub(crate) async fn find_deployment(
        &self,
        application: &str,
        group: &str,
        description: &str,
        from: Timestamp,
    ) -> Answer {
        for statuses in [&UNDER_WAY[..], &OVER[..]] {
            let mut found: Option<DeploymentInfo> = None;
            for ids in self.list_deployments(application, group, statuses, from).await?.chunks(BATCH) {
                let get = self.codedeploy.batch_get_deployments().set_deployment_ids(Some(ids.to_vec()));
                let infos = get.send().await.map_err(call_error)?.deployments_info.unwrap_or_default();
                let same = infos.into_iter().filter(|info| info.description() == Some(description));
                found = found.into_iter().chain(same).max_by_key(|info| info.create_time().map(|time| time.as_nanos()));
            }
            if let Some(info) = found {
                let id = told(info.deployment_id.clone(), "deploymentId")?;
                let weight = self.weight(&id).await;
                return Ok(Reply::Deployment(view(&id, weight, &info)));
            }
        }
        Err(CallError::new(ErrorKind::NotFound, format!("{group} has no deployment {description:?} since {from}")))
    }

    /// A group's deployments of these statuses since a time, from every page: one may be empty and have a next page
    /// nevertheless. <https://github.com/aws/aws-cli/issues/3298>
    async fn list_deployments(
        &self,
        application: &str,
        group: &str,
        statuses: &[Status],
        from: Timestamp,
    ) -> Result<Vec<String>, CallError> {
        let start = from.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
        let range = TimeRange::builder().start(DateTime::from_secs(start.as_second())).build();
        let (mut ids, mut next) = (Vec::new(), None);
        for _ in 0..PAGES {
            let list = self.codedeploy.list_deployments().application_name(application).deployment_group_name(group);
            let list = list.set_include_only_statuses(Some(statuses.to_vec())).create_time_range(range.clone());
            let page = list.set_next_token(next).send().await.map_err(call_error)?;
            ids.extend(page.deployments.unwrap_or_default());
            next = page.next_token;
            if next.as_deref().is_none_or(str::is_empty) {
                return Ok(ids);
            }
        }
        let message = format!("CodeDeploy lists more than {PAGES} pages of deployments of {group} since {from}");
        Err(CallError::new(ErrorKind::Unknown, message))
    }

    pub(crate) async fn stop_deployment(&self, id: &str) -> Answer {
        let stop = self.codedeploy.stop_deployment().deployment_id(id).auto_rollback_enabled(true);
        stop.send().await.map_err(call_error)?;
        Ok(Reply::Done)
    }

    /// How much traffic the new version has, where CodeDeploy tells: a figure to look at, on which nothing depends.
    async fn weight(&self, id: &str) -> Option<Percent> {
        let list = self.codedeploy.list_deployment_targets().deployment_id(id).send().await.ok()?;
        let get = self.codedeploy.get_deployment_target().deployment_id(id).target_id(list.target_ids().first()?);
        let target = get.send().await.ok()?.deployment_target?;
        let info = target.lambda_target()?.lambda_function_info()?;
        // "The percentage of production traffic that the target version of a Lambda function receives."
        Percent::from_weight(info.target_version_weight() / 100.0)
    }
}

fn revision(asked: &Deployment) -> RevisionLocation {
    let content = AppSpecContent::builder().content(appspec::text(asked)).build();
    RevisionLocation::builder().revision_type(RevisionLocationType::AppSpecContent).app_spec_content(content).build()
}

/// Whatever goes wrong puts the alias back.
fn back() -> AutoRollbackConfiguration {
    let back = AutoRollbackConfiguration::builder().enabled(true);
    [
        AutoRollbackEvent::DeploymentFailure,
        AutoRollbackEvent::DeploymentStopOnAlarm,
        AutoRollbackEvent::DeploymentStopOnRequest,
    ]
    .into_iter()
    .fold(back, AutoRollbackConfigurationBuilder::events)
    .build()
}

/// This release's alarms instead of the group's. That they cannot be read stops the deployment, as it does by default.
fn alarms(asked: &Deployment) -> Result<AlarmConfiguration, CallError> {
    if asked.alarms.len() > 10 {
        return Err(CallError::new(
            ErrorKind::Invalid,
            format!("expected at most 10 alarms, as CodeDeploy allows, got {}", asked.alarms.len()),
        ));
    }
    let configuration =
        AlarmConfiguration::builder().enabled(!asked.alarms.is_empty()).ignore_poll_alarm_failure(false);
    let alarms = asked.alarms.iter().map(|name| Alarm::builder().name(name).build()).collect();
    Ok(configuration.set_alarms(Some(alarms)).build())
}

fn view(id: &str, weight: Option<Percent>, info: &DeploymentInfo) -> DeploymentView {
    let status = match info.status() {
        Some(Status::Succeeded) => DeploymentStatus::Succeeded,
        Some(Status::Failed | Status::Stopped) => DeploymentStatus::Failed,
        // What is neither done nor failed is under way, new words included.
        _ => DeploymentStatus::Running,
    };
    let reason = info.error_information().map(|error| match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{}: {message}", code.as_str()),
        (Some(code), None) => code.as_str().to_owned(),
        (None, message) => message.unwrap_or("CodeDeploy gives no reason").to_owned(),
    });
    DeploymentView { id: id.to_owned(), status, weight, reason }
}
