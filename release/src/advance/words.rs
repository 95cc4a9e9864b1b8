//! Sentences: what was found, what was expected, what to do next.

use crate::{Call, CallError, ErrorKind, Lane, Percent, Place, Routing, state::Foreign};

/// Where an alias points, in words.
pub(super) fn routing(routing: &Routing) -> String {
    match &routing.additional {
        None => routing.version.clone(),
        Some((other, part)) => {
            let rest = Percent::from_hundredths(Percent::ALL.hundredths() - part.hundredths()).unwrap_or(Percent::NONE);
            format!("{rest} on {}, {part} on {other}", routing.version)
        }
    }
}

/// Why a call gave nothing, and what to do.
pub(super) fn failure(call: &Call, error: &CallError) -> String {
    let (what, operation, said) = (subject(call), call.operation(), &error.message);
    match error.kind {
        ErrorKind::NotFound => format!(
            "{what}: there is none ({said}); check the name, and the region: a wrong one is a likely cause{}",
            remedy(call)
        ),
        ErrorKind::Denied => {
            format!("{what}: AWS does not permit {operation} ({said}); allow it, or use other credentials")
        }
        // The same for every call: it is said once.
        ErrorKind::Expired | ErrorKind::Skewed | ErrorKind::Unconfigured => {
            format!("{}, then start again", caller(error))
        }
        ErrorKind::Throttled => {
            format!("{what}: AWS still throttles {operation} ({said}); try again when there is less traffic")
        }
        ErrorKind::Precondition | ErrorKind::Conflict => {
            format!("{what}: something else changes it ({said}); find out what it is, then try again")
        }
        ErrorKind::Unknown => format!("{what}: {operation} gave no answer ({said}); try again later"),
        ErrorKind::Invalid => format!("{what}: AWS does not accept {operation} ({said}); change the plan"),
        ErrorKind::Local => format!("{what}: {said}; check the file, then begin a new release"),
    }
}

/// The place in the ARN of the function that a call names.
pub(super) fn named_place(call: &Call) -> Option<Place> {
    match call {
        Call::GetAlias { function, .. } | Call::UpdateAlias { function, .. } | Call::GetVersion { function, .. } => {
            Place::of_arn(function)
        }
        _ => None,
    }
}

/// What is wrong with whoever calls, and what to do before anything else.
pub(super) fn caller(error: &CallError) -> String {
    // Without the call: it is the same for each.
    let said = error.message.split_once(": ").map_or(error.message.as_str(), |(_, said)| said);
    match error.kind {
        ErrorKind::Expired => "your session has expired: log in again".to_owned(),
        ErrorKind::Skewed => {
            format!("this machine's clock differs from AWS's by minutes ({said}): set it")
        }
        _ => format!(
            "AWS takes no credentials of yours ({said}): log in again, or set AWS_PROFILE and AWS_REGION as for the AWS CLI"
        ),
    }
}

/// What a call is about.
pub(super) fn subject(call: &Call) -> String {
    match call {
        Call::GetAlias { function, alias }
        | Call::UpdateAlias { function, alias, .. }
        | Call::CreateAlias { function, alias, .. }
        | Call::DeleteAlias { function, alias } => format!("the alias {function}:{alias}"),
        Call::GetVersion { function, version } => format!("version {version} of {function}"),
        Call::ListProvisionedConcurrency { function } => format!("the provisioned concurrency of {function}"),
        Call::UpdateFunctionCode { function, zip, .. } => format!("the code of {function} ({zip})"),
        Call::PublishVersion { function, .. } => format!("a new version of {function}"),
        Call::Invoke { function, .. } => format!("the hook {function}"),
        Call::DescribeAlarmHistory { name, .. } => format!("the history of the alarm {name}"),
        Call::DescribeAlarms { names, .. } | Call::DeleteAlarms { names } => match names.as_slice() {
            [name] => format!("the alarm {name}"),
            names => format!("the alarms {}", names.join(", ")),
        },
        Call::PutMetricAlarm(alarm) => format!("the alarm {}", alarm.name),
        Call::GetMetricData { .. } => "traffic".to_owned(),
        Call::CreateDeployment(deployment) => {
            format!("CodeDeploy's deployment of {}:{}", deployment.function, deployment.alias)
        }
        Call::GetDeployment { id } | Call::StopDeployment { id } => format!("CodeDeploy's deployment {id}"),
        Call::FindDeployment { group, description, .. } => {
            format!("the deployment \"{description}\" of CodeDeploy's group {group}")
        }
    }
}

/// What else helps where something does not exist.
fn remedy(call: &Call) -> String {
    match call {
        Call::GetAlias { function, alias } => {
            format!(". `onebox alias set {function} {alias} --version N` creates it")
        }
        Call::UpdateAlias { function, alias, to, .. } => format!(
            ". The alias or version {} was deleted: `aws lambda get-alias --function-name {function} --name {alias}` and \
             `aws lambda list-versions-by-function --function-name {function}` show what exists",
            to.version
        ),
        _ => String::new(),
    }
}

/// Why there is no way back, and what can be done.
pub(super) fn lost(lane: &Lane) -> String {
    let (name, function) = (lane.name(), &lane.function);
    let (from, to) = (lane.from.as_deref().unwrap_or_default(), lane.to.as_deref().unwrap_or_default());
    format!(
        "version {from} of {function} was deleted: {name} cannot be put back on it, and stays on version {to}. `aws lambda \
         list-versions-by-function --function-name {function}` shows the versions that exist; code that is uploaded again \
         gets another number from `aws lambda publish-version`"
    )
}

/// What makes an alias again that was deleted.
pub(super) fn create(lane: &Lane, percent: Percent, place: Option<&Place>) -> String {
    let routing = lane.routing(percent);
    let weights = routing.additional.as_ref().map_or_else(String::new, |(version, part)| {
        format!(" --routing-config AdditionalVersionWeights={{{version}={}}}", part.weight())
    });
    format!(
        "aws lambda create-alias --function-name {} --name {} --function-version {}{weights}{}",
        lane.function,
        lane.alias,
        routing.version,
        in_region(place)
    )
}

/// What puts an alias right by hand.
pub(super) fn by_hand(lane: &Lane, place: Option<&Place>) -> String {
    if lane.foreign == Some(Foreign::Gone) {
        return create(lane, Percent::NONE, place);
    }
    format!(
        "aws lambda update-alias --function-name {} --name {} --function-version {} --routing-config \
         AdditionalVersionWeights={{}}{}",
        lane.function,
        lane.alias,
        lane.from.as_deref().filter(|_| !lane.lost).unwrap_or("N"),
        in_region(place)
    )
}

/// The option of the AWS CLI that names the region: another one has functions of the same names.
fn in_region(place: Option<&Place>) -> String {
    place.map_or_else(String::new, |place| format!(" --region {}", place.region))
}
