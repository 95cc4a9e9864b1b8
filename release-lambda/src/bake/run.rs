//! A bake as a Lambda function: everything that is asked and told is here, nothing is decided.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use jiff::Timestamp;
use onebox_aws::{Aws, Options};
use onebox_release::{Alarm, AlarmChange, AlarmView, Call, Reply};
use serde_json::Value;
use tokio::time::sleep;

use super::{
    Action, Input, Properties, Watch,
    request::{Asker, Wanted, wanted},
    watch::MARGIN,
};
use crate::{
    clock::{now, until},
    guard::guarded,
    https::Https,
    serve::Invocation,
};

/// Where a bake that was handed over finds what it carries, in the event.
const CARRIED: &str = "OneboxBake";

/// How a piece of work ended.
enum End {
    /// All is well, for this reason.
    Succeeded(String),
    /// Another invocation goes on.
    HandedOver,
}

/// Serves one invocation: it ends with an answer to CloudFormation, or with another invocation that will give it.
///
/// # Errors
/// A sentence, if nobody could be answered: Lambda then tries the same event again.
pub(crate) async fn serve(invocation: Invocation) -> Result<Value, String> {
    let asker = Asker::of(&invocation.event)?;
    // What is left is for the answer.
    let limit = until(now(), invocation.deadline).saturating_sub(MARGIN / 2);
    let outcome = match guarded(limit, bake(&invocation, &asker)).await {
        Ok(End::HandedOver) => return Ok(Value::from("handed over")),
        Ok(End::Succeeded(reason)) => Ok(reason),
        Err(reason) => Err(reason),
    };
    eprintln!("onebox: bake: {}", outcome.as_ref().unwrap_or_else(|reason| reason));
    Https::new()?.put(&asker.url, &asker.answer(&outcome)).await?;
    Ok(Value::from("answered"))
}

async fn bake(invocation: &Invocation, asker: &Asker) -> Result<End, String> {
    let (properties, update) = match wanted(&invocation.event)? {
        Wanted::Bake { properties, update } => (properties, update),
        Wanted::Delete => return Ok(End::Succeeded("a bake leaves nothing behind".into())),
    };
    let properties = Properties::read(&properties)?;
    let mut watch = carried(&invocation.event)?.unwrap_or_else(|| Watch::new(now()));
    let aws = Aws::connect(&Options::default()).await.map_err(|error| error.to_string())?;
    if update && watch.rounds == 0 && way_back(&aws, &asker.stack).await {
        return Ok(End::Succeeded("the stack is on its way back: nothing is baked".into()));
    }
    let mut input = Input::Begun;
    loop {
        let (then, action) = watch.advance(&properties, invocation.deadline, now(), input);
        watch = then;
        input = match action {
            Action::Read => Input::Read(read(&aws, &properties.alarms).await),
            Action::History(of) => {
                let histories = of.into_iter().map(|(alarm, after)| history(&aws, alarm, after));
                Input::History(join_all(histories).await)
            }
            Action::Wait(time) => {
                sleep(until(now(), time)).await;
                Input::Woke
            }
            Action::HandOver => {
                let event = carrying(&invocation.event, &watch);
                let handed = aws.invoke_later(&invocation.function, &event).await;
                return match handed {
                    Ok(()) => Ok(End::HandedOver),
                    Err(error) => Err(format!(
                        "the bake could not go on in another invocation: {error}; its role needs lambda:InvokeFunction on \
                         itself"
                    )),
                };
            }
            Action::Succeed(reason) => return Ok(End::Succeeded(reason)),
            Action::Fail(reason) => return Err(reason),
        };
    }
}

/// The alarms that exist, region by region.
async fn read(aws: &Aws, alarms: &[Alarm]) -> Result<Vec<(Option<String>, AlarmView)>, String> {
    let regions: BTreeSet<&Option<String>> = alarms.iter().map(|alarm| &alarm.region).collect();
    let mut views = Vec::new();
    for region in regions {
        let names = alarms.iter().filter(|alarm| alarm.region == *region).map(|alarm| alarm.name.clone());
        let call = Call::DescribeAlarms { names: names.collect(), region: region.clone() };
        match aws.call(&call).await {
            Ok(Reply::Alarms(found)) => views.extend(found.into_iter().map(|view| (region.clone(), view))),
            Ok(_) => return Err("the answer was another".to_owned()),
            Err(error) => return Err(error.message),
        }
    }
    Ok(views)
}

/// What an alarm was after a time.
async fn history(aws: &Aws, alarm: Alarm, after: Timestamp) -> Result<Vec<AlarmChange>, String> {
    match aws.call(&Call::DescribeAlarmHistory { name: alarm.name, region: alarm.region, after }).await {
        Ok(Reply::AlarmHistory(changes)) => Ok(changes),
        Ok(_) => Err("the answer was another".to_owned()),
        Err(error) => Err(error.message),
    }
}

/// Whether CloudFormation is rolling the stack back.
///
/// After a failed update CloudFormation updates the resource once more, with the old properties
/// (<https://github.com/aws/aws-cdk/issues/17040>): a bake that failed once more there would leave the stack in
/// `UPDATE_ROLLBACK_FAILED`. The request itself does not say which way it goes.
async fn way_back(aws: &Aws, stack: &str) -> bool {
    match aws.stack_status(stack).await {
        Ok(status) => status.contains("ROLLBACK"),
        Err(error) => {
            eprintln!("onebox: bake: the stack's status could not be read, so this counts as no rollback: {error}");
            false
        }
    }
}

fn carried(event: &Value) -> Result<Option<Watch>, String> {
    match event.get(CARRIED) {
        None => Ok(None),
        Some(carried) => serde_json::from_value(carried.clone())
            .map(Some)
            .map_err(|error| format!("{CARRIED}: expected what a bake hands over to itself: {error}")),
    }
}

fn carrying(event: &Value, watch: &Watch) -> Value {
    let mut event = event.clone();
    if let (Some(event), Ok(watch)) = (event.as_object_mut(), serde_json::to_value(watch)) {
        event.insert(CARRIED.to_owned(), watch);
    }
    event
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_carried_comes_back() {
        let event = json!({ "RequestType": "Create", "Other": [1, 2] });
        let watch = Watch { polls: 3, rounds: 1, seen: true, ..Watch::new(now()) };
        let later = carrying(&event, &watch);
        assert_eq!(later["Other"], event["Other"]);
        assert_eq!(carried(&later), Ok(Some(watch)));
        assert_eq!(carried(&event), Ok(None));
        assert!(carried(&json!({ CARRIED: 7 })).unwrap_err().starts_with(CARRIED));
    }
}
