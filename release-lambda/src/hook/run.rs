//! A hook as a Lambda function: everything that is asked and told is here, nothing is decided.

use std::{env, time::Duration};

use futures_util::future::join_all;
use http::{HeaderMap, HeaderName, HeaderValue};
use onebox_aws::{Aws, Options};
use serde_json::{Value, json};

use super::{
    Subject, appspec,
    occasion::Occasion,
    smoke::{Request, Response, Smoke},
};
use crate::{
    clock::{now, until},
    guard::guarded,
    https::Https,
    serve::{Failed, Invocation},
};

/// What is left of an invocation for the answer, where there is so much.
const MARGIN: Duration = Duration::from_secs(30);

/// Serves one invocation: tries the new version out and says whether that went well.
///
/// # Errors
/// A sentence, if nobody could be answered.
pub(crate) async fn serve(invocation: Invocation) -> Result<Value, Failed> {
    let occasion = Occasion::of(&invocation.event)?;
    let aws = Aws::connect(&Options::default()).await.map_err(|error| error.to_string())?;
    let window = until(now(), invocation.deadline);
    // Two thirds of a short time, all but the margin of a long one.
    let limit = window.saturating_sub((window / 3).min(MARGIN));
    let outcome = guarded(limit, try_out(&occasion, &aws)).await;
    let (status, reason) = match &outcome {
        Ok(passed) => ("Succeeded", format!("{passed} smoke requests passed")),
        Err(reason) => ("Failed", reason.clone()),
    };
    eprintln!("onebox: hook: {status}: {reason}");
    if let Occasion::CodeDeploy(event) = &occasion {
        aws.put_hook_status(&event.deployment_id, &event.lifecycle_event_hook_execution_id, outcome.is_ok())
            .await
            .map_err(|error| format!("{status} ({reason}), but CodeDeploy could not be told: {error}"))?;
    }
    Ok(json!({ "status": status, "reason": reason }))
}

/// Makes every request, all at once; how many passed.
async fn try_out(occasion: &Occasion, aws: &Aws) -> Result<usize, String> {
    let smokes = Smoke::read(env::var("SMOKE").ok().as_deref())?;
    let subject = match occasion {
        Occasion::Release(payload) => Some(Subject::from(payload)),
        // Where every request names its version there is nothing to look up.
        Occasion::CodeDeploy(_) if !smokes.iter().any(Smoke::needs_subject) => None,
        Occasion::CodeDeploy(event) => Some(subject_of(&event.deployment_id, aws).await?),
    };
    let https = Https::new()?;
    let problems = join_all(smokes.iter().map(|smoke| problem(smoke, subject.as_ref(), aws, &https))).await;
    let problems: Vec<_> = problems.into_iter().flatten().collect();
    if problems.is_empty() { Ok(smokes.len()) } else { Err(problems.join("; ")) }
}

/// What a deployment of CodeDeploy releases.
async fn subject_of(deployment: &str, aws: &Aws) -> Result<Subject, String> {
    let appspec = aws.deployment_appspec(deployment).await;
    appspec::subject(&appspec.map_err(|error| {
        let advice = "one in S3 is not shown: name function and qualifier in every smoke request then";
        format!("{error}; {advice}")
    })?)
}

/// Why a request did not pass.
async fn problem(smoke: &Smoke, subject: Option<&Subject>, aws: &Aws, https: &Https) -> Option<String> {
    let request = smoke.request(subject);
    let name = request.name();
    let problem = match answer(request, aws, https).await {
        Ok(response) => smoke.problem(&response),
        Err(why) => Some(why),
    };
    problem.map(|problem| format!("{name}: {problem}"))
}

async fn answer(request: Request, aws: &Aws, https: &Https) -> Result<Response, String> {
    match request {
        Request::Invoke { function, qualifier, payload } => {
            let returned = aws.invoke_version(&function, &qualifier, &payload).await.map_err(|error| error.message)?;
            Ok(Response::of_function(&returned))
        }
        Request::Get { url, headers } => {
            let headers = headers.iter().map(|(name, value)| {
                let header = HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value).ok());
                header.ok_or_else(|| format!("SMOKE: {name}: {value} cannot be sent as a header"))
            });
            let got = https.get(&url, headers.collect::<Result<HeaderMap, _>>()?).await?;
            Ok(Response { status: Some(got.status.as_u16()), body: got.body, returned: None })
        }
    }
}
