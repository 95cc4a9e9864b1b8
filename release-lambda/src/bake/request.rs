//! CloudFormation's request, and the answer that it always gets:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html>.

use aws_lambda_events::cloudformation::{
    CloudFormationCustomResourceRequest, CloudFormationCustomResourceResponse,
    CloudFormationCustomResourceResponseStatus as Status,
};
use serde_json::Value;

/// The longest answer that CloudFormation accepts, in bytes.
pub(crate) const LONGEST: usize = 4_096;

/// What CloudFormation wants.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wanted {
    /// A bake; on an update the stack may be on its way back.
    Bake {
        /// What the template says.
        properties: Value,
        /// Whether it is an update.
        update: bool,
    },
    /// Nothing: a bake leaves nothing behind.
    Delete,
}

/// Reads what CloudFormation wants.
///
/// # Errors
/// A sentence that says what was expected.
pub(crate) fn wanted(event: &Value) -> Result<Wanted, String> {
    use CloudFormationCustomResourceRequest as Request;
    // A resource that is removed is removed, whatever else its request holds.
    if event.get("RequestType").and_then(Value::as_str) == Some("Delete") {
        return Ok(Wanted::Delete);
    }
    match serde_json::from_value::<Request>(event.clone()) {
        Ok(Request::Create(request)) => Ok(Wanted::Bake { properties: request.resource_properties, update: false }),
        Ok(Request::Update(request)) => Ok(Wanted::Bake { properties: request.resource_properties, update: true }),
        Ok(_) => Ok(Wanted::Delete),
        Err(error) => Err(format!("expected a request of CloudFormation for a custom resource: {error}")),
    }
}

/// Whom to answer; read leniently, so that a request that is otherwise broken is answered too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asker {
    /// Where the answer goes.
    pub(crate) url: String,
    /// The stack.
    pub(crate) stack: String,
    request: String,
    logical: String,
    physical: String,
}

impl Asker {
    /// Finds whom to answer.
    ///
    /// # Errors
    /// A sentence, if there is nobody.
    pub(crate) fn of(event: &Value) -> Result<Self, String> {
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let url = text("ResponseURL");
        if url.is_empty() {
            return Err("expected a request of CloudFormation with a ResponseURL: nobody can be answered".into());
        }
        let (stack, logical) = (text("StackId"), text("LogicalResourceId"));
        let mut physical = text("PhysicalResourceId");
        if physical.is_empty() {
            physical = identity(&stack, &logical);
        }
        Ok(Self { url, stack, request: text("RequestId"), logical, physical })
    }

    /// The answer: CloudFormation's status and the reason, cut to what fits.
    pub(crate) fn answer(&self, outcome: &Result<String, String>) -> String {
        let (status, reason) = match outcome {
            Ok(reason) => (Status::Success, reason),
            Err(reason) => (Status::Failed, reason),
        };
        // CloudFormation refuses a failure without a reason.
        let reason = if reason.is_empty() { "no reason was given" } else { reason };
        let whole = self.body(status.clone(), reason);
        if whole.len() <= LONGEST {
            return whole;
        }
        // What a character takes in JSON is only known when it is written.
        let cut = |end: usize| self.body(status.clone(), &format!("{}…", &reason[..end]));
        let ends: Vec<_> = reason.char_indices().map(|(at, _)| at).collect();
        let fit = ends.partition_point(|end| cut(*end).len() <= LONGEST);
        cut(ends[fit.saturating_sub(1)])
    }

    fn body(&self, status: Status, reason: &str) -> String {
        let mut response = CloudFormationCustomResourceResponse::default();
        response.status = status;
        response.reason = Some(reason.to_owned());
        response.physical_resource_id.clone_from(&self.physical);
        response.stack_id.clone_from(&self.stack);
        response.request_id.clone_from(&self.request);
        response.logical_resource_id.clone_from(&self.logical);
        serde_json::to_string(&response).unwrap_or_default()
    }
}

/// A name that is the same for every request about one resource, so that none ever looks like a replacement.
fn identity(stack: &str, logical: &str) -> String {
    // The last part of a stack's ARN is unique to it.
    let stack = stack.rsplit('/').next().unwrap_or_default();
    let name = format!("onebox-bake-{logical}-{stack}");
    // At most 1 KB: ours is far below, unless the request is none of CloudFormation's.
    name.chars().take(255).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event() -> Value {
        json!({
            "RequestType": "Create",
            "RequestId": "unique",
            "ResponseURL": "https://example.test/answer",
            "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/shop/5b1c",
            "ResourceType": "Custom::OneboxBake",
            "LogicalResourceId": "Bake",
            "ResourceProperties": { "Duration": "30m" },
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut event = event();
        event[name] = value;
        event
    }

    #[test]
    fn requests_say_what_is_wanted() {
        let properties = json!({ "Duration": "30m" });
        assert_eq!(wanted(&event()), Ok(Wanted::Bake { properties: properties.clone(), update: false }));
        let mut update = with("RequestType", json!("Update"));
        assert!(wanted(&update).unwrap_err().contains("PhysicalResourceId"));
        update["PhysicalResourceId"] = json!("x");
        update["OldResourceProperties"] = json!({});
        assert_eq!(wanted(&update), Ok(Wanted::Bake { properties, update: true }));
        assert_eq!(wanted(&json!({ "RequestType": "Delete" })), Ok(Wanted::Delete), "nothing else is asked of it");
        for broken in [json!(null), json!({}), with("RequestType", json!("Drop")), with("StackId", json!(7))] {
            assert!(wanted(&broken).unwrap_err().starts_with("expected a request"), "{broken}");
        }
    }

    #[test]
    fn the_answer_copies_what_identifies_the_request() {
        let asker = Asker::of(&event()).unwrap();
        let answer: Value = serde_json::from_str(&asker.answer(&Err("no".into()))).unwrap();
        assert_eq!(answer["Status"], "FAILED");
        assert_eq!(answer["Reason"], "no");
        assert_eq!(answer["RequestId"], "unique");
        assert_eq!(answer["LogicalResourceId"], "Bake");
        assert_eq!(answer["StackId"], event()["StackId"]);
        assert_eq!(answer["PhysicalResourceId"], "onebox-bake-Bake-5b1c");
        let answer: Value = serde_json::from_str(&asker.answer(&Ok(String::new()))).unwrap();
        assert_eq!(answer["Status"], "SUCCESS");
        assert_ne!(answer["Reason"], "");
    }

    #[test]
    fn the_identity_never_changes() {
        let update = with("PhysicalResourceId", json!("the first"));
        let answer: Value = serde_json::from_str(&Asker::of(&update).unwrap().answer(&Ok("x".into()))).unwrap();
        assert_eq!(answer["PhysicalResourceId"], "the first");
        assert_eq!(Asker::of(&event()), Asker::of(&event()));
    }

    #[test]
    fn a_long_reason_is_cut_to_what_fits() {
        let asker = Asker::of(&event()).unwrap();
        for long in ["x".repeat(10_000), "\"\u{1}".repeat(10_000), "ü…🙂".repeat(3_000)] {
            let answer = asker.answer(&Err(long.clone()));
            assert!((3_500..=LONGEST).contains(&answer.len()), "{}", answer.len());
            let answer: Value = serde_json::from_str(&answer).unwrap();
            let reason = answer["Reason"].as_str().unwrap();
            assert!(reason.ends_with('…') && long.starts_with(reason.trim_end_matches('…')));
        }
    }

    #[test]
    fn a_broken_request_is_answered_where_it_names_a_url() {
        let asker = Asker::of(&json!({ "ResponseURL": "http://x", "StackId": 7 })).unwrap();
        let answer: Value = serde_json::from_str(&asker.answer(&Err("broken".into()))).unwrap();
        assert_eq!(answer["Reason"], "broken");
        assert_ne!(answer["PhysicalResourceId"], "");
        for nobody in [json!(null), json!({}), json!({ "ResponseURL": 7 }), json!({ "ResponseURL": "" })] {
            assert!(Asker::of(&nobody).unwrap_err().contains("ResponseURL"));
        }
    }
}
