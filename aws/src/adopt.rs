//! What a person wants to know about an alias whose release is lost: how old its versions are, and whether CodeDeploy is at it.

use aws_sdk_codedeploy::types::{ComputePlatform, DeploymentStatus as Status};
use jiff::Timestamp;
use onebox_release::{CallError, ErrorKind};

use crate::{
    Aws,
    error::{call_error, during},
};

/// The most pages of deployments that are read; what is beyond is not known to be absent.
const PAGES: usize = 50;

/// The statuses of a deployment that may still move an alias:
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ListDeployments.html>.
const UNDER_WAY: [Status; 5] = [Status::Created, Status::Queued, Status::InProgress, Status::Baking, Status::Ready];

/// How AWS writes `LastModified`, such as `2026-11-20T12:00:00.000+0000`:
/// <https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html>.
const LAST_MODIFIED: &str = "%Y-%m-%dT%H:%M:%S%.f%z";

impl Aws {
    /// When a version was published: `LastModified` of `GetFunctionConfiguration`; `None` where AWS does not say.
    ///
    /// # Errors
    ///
    /// When AWS refuses it or does not answer, and with [`ErrorKind::NotFound`] when there is no such version.
    pub async fn last_modified(&self, function: &str, version: &str) -> Result<Option<Timestamp>, CallError> {
        let get = self.lambda.get_function_configuration().function_name(function).qualifier(version);
        let answer = get.send().await.map_err(|error| during("GetFunctionConfiguration", call_error(error)))?;
        Ok(answer.last_modified.and_then(|text| Timestamp::strptime(LAST_MODIFIED, text).ok()))
    }

    /// CodeDeploy's deployments that are under way and move an alias, of whatever application and group: their ids.
    ///
    /// # Errors
    ///
    /// When AWS refuses a call or does not answer it: then nothing is known to be absent.
    pub async fn deployments_under_way(&self, function: &str, alias: &str) -> Result<Vec<String>, CallError> {
        let mut found = Vec::new();
        for id in self.all_under_way().await? {
            let list = match self.codedeploy.list_deployment_targets().deployment_id(&id).send().await {
                Ok(list) => list,
                Err(error) => match error.as_service_error() {
                    Some(gone) if gone.is_deployment_does_not_exist_exception() => continue,
                    // One that has not begun shows what it will do.
                    Some(early) if early.is_deployment_not_started_exception() => {
                        if self.may_move(&id, function).await? {
                            found.push(id);
                        }
                        continue;
                    }
                    _ => return Err(during("ListDeploymentTargets", call_error(error))),
                },
            };
            // Those of other compute platforms have no targets that Lambda knows.
            for target in list.target_ids() {
                let get = self.codedeploy.get_deployment_target().deployment_id(&id).target_id(target).send().await;
                let target = get.map_err(|error| during("GetDeploymentTarget", call_error(error)))?.deployment_target;
                let moved = target.as_ref().and_then(|target| target.lambda_target()?.lambda_function_info());
                let same = |info: &aws_sdk_codedeploy::types::LambdaFunctionInfo| {
                    info.function_name() == Some(function) && info.function_alias() == Some(alias)
                };
                if moved.is_some_and(same) {
                    found.push(id.clone());
                }
            }
        }
        Ok(found)
    }

    /// Whether a deployment that has not begun may move an alias of this function: unless it is for another platform, or
    /// its AppSpec shows another function.
    async fn may_move(&self, id: &str, function: &str) -> Result<bool, CallError> {
        let get = self.codedeploy.get_deployment().deployment_id(id).send().await;
        let info = get.map_err(|error| during("GetDeployment", call_error(error)))?.deployment_info;
        let Some(info) = info else { return Ok(true) };
        if info.compute_platform().is_some_and(|platform| *platform != ComputePlatform::Lambda) {
            return Ok(false);
        }
        let content = info.revision().and_then(|revision| revision.app_spec_content()?.content());
        Ok(content.is_none_or(|content| content.contains(function)))
    }

    /// The ids of everything that CodeDeploy does now in this account and region, from every page.
    async fn all_under_way(&self) -> Result<Vec<String>, CallError> {
        let (mut ids, mut next) = (Vec::new(), None);
        for _ in 0..PAGES {
            let list = self.codedeploy.list_deployments().set_include_only_statuses(Some(UNDER_WAY.to_vec()));
            let page = list.set_next_token(next).send().await;
            let page = page.map_err(|error| during("ListDeployments", call_error(error)))?;
            ids.extend(page.deployments.unwrap_or_default());
            next = page.next_token;
            if next.as_deref().is_none_or(str::is_empty) {
                return Ok(ids);
            }
        }
        let message =
            format!("ListDeployments: CodeDeploy lists more than {PAGES} pages of deployments that are under way");
        Err(CallError::new(ErrorKind::Unknown, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_aws_writes_it() {
        let read = |text: &str| Timestamp::strptime(LAST_MODIFIED, text).unwrap().to_string();
        assert_eq!(read("2026-11-20T12:00:00.000+0000"), "2026-11-20T12:00:00Z");
        assert_eq!(read("2026-11-20T12:00:00.123+0000"), "2026-11-20T12:00:00.123Z");
    }
}
