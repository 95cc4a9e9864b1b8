//! Which operation of which service a request asks for, and in which protocol.

use http::Method;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::{Asked, Wire, cbor, cloudwatch, codedeploy, lambda};
use crate::control::{ControlPlane, Refusal, perform::Failure};

/// CloudWatch's service, as its protocols name it.
const CLOUDWATCH: &str = "GraniteServiceVersion20100801";
/// CodeDeploy's.
const CODEDEPLOY: &str = "CodeDeploy_20141006";
/// The type of a body in Smithy's RPC v2: <https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>
const CBOR: &str = "application/cbor";

/// An operation, and what its protocol needs.
pub(super) enum Target {
    /// Lambda: the path says what is meant.
    Lambda(lambda::Route),
    /// CloudWatch in CBOR.
    CloudWatchCbor(&'static str),
    /// CloudWatch in JSON.
    CloudWatchJson(&'static str),
    /// CodeDeploy.
    CodeDeploy(&'static str),
}

impl Target {
    /// # Errors
    ///
    /// When no such operation is imitated.
    pub(super) fn of(asked: &Asked) -> Result<Self, Refusal> {
        if let Some(target) = asked.header("x-amz-target") {
            return match target.split_once('.') {
                Some((CLOUDWATCH, operation)) => cloudwatch::operation(operation).map(Self::CloudWatchJson),
                Some((CODEDEPLOY, operation)) => codedeploy::operation(operation).map(Self::CodeDeploy),
                _ => None,
            }
            .ok_or_else(|| unknown(target));
        }
        let path = asked.uri.path();
        let segments: Vec<_> =
            path.split('/').skip(1).map(|part| percent_decode_str(part).decode_utf8_lossy()).collect();
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        match segments.as_slice() {
            ["service", CLOUDWATCH, "operation", operation] if asked.method == Method::POST => {
                cloudwatch::operation(operation).map(Self::CloudWatchCbor)
            }
            ["2015-03-31", "functions", rest @ ..] => {
                lambda::Route::of(&asked.method, rest, asked.uri.query()).map(Self::Lambda)
            }
            ["2019-09-30", "functions", function, "provisioned-concurrency"] => {
                lambda::Route::of_provisioned(&asked.method, function, asked.uri.query()).map(Self::Lambda)
            }
            _ => None,
        }
        .ok_or_else(|| unknown(&format!("{} {path}", asked.method)))
    }

    /// AWS's name of the operation.
    pub(super) fn operation(&self) -> &'static str {
        match self {
            Self::Lambda(route) => route.operation(),
            Self::CloudWatchCbor(operation) | Self::CloudWatchJson(operation) | Self::CodeDeploy(operation) => {
                operation
            }
        }
    }

    /// # Errors
    ///
    /// When AWS would refuse it, or a fault strikes it.
    pub(super) fn perform(&self, plane: &mut ControlPlane, asked: &Asked, now: Timestamp) -> Result<Wire, Failure> {
        let operation = self.operation();
        match self {
            Self::Lambda(route) => plane.around(operation, now, |plane| route.perform(plane, asked, now)),
            Self::CloudWatchCbor(_) => {
                let input = cbor::decode(&asked.body)?;
                let output =
                    plane.around(operation, now, |plane| cloudwatch::perform(plane, operation, &input, now))?;
                Ok(wire_cbor(200, &output))
            }
            Self::CloudWatchJson(_) => {
                let input = json_body(&asked.body)?;
                let output =
                    plane.around(operation, now, |plane| cloudwatch::perform(plane, operation, &input, now))?;
                Ok(Wire::json(200, "application/x-amz-json-1.0", &output))
            }
            Self::CodeDeploy(_) => {
                let input = json_body(&asked.body)?;
                let output =
                    plane.around(operation, now, |plane| codedeploy::perform(plane, operation, &input, now))?;
                Ok(Wire::json(200, "application/x-amz-json-1.1", &output))
            }
        }
    }

    /// An error in this operation's protocol.
    pub(super) fn wire_refusal(&self, refusal: &Refusal) -> Wire {
        // Throttling and failures have names of their own outside Lambda.
        let code = match (self, refusal.code) {
            (Self::Lambda(_), code) => code,
            (_, "TooManyRequestsException") => "ThrottlingException",
            (_, "ServiceException") => "InternalFailure",
            (_, code) => code,
        };
        let status = if code == "ThrottlingException" { 400 } else { refusal.status };
        let body = |namespace: &str| json!({ "__type": format!("{namespace}{code}"), "message": refusal.message });
        match self {
            Self::Lambda(_) => Wire::refusal(refusal),
            Self::CloudWatchCbor(_) => {
                let mut wire = wire_cbor(status, &body("com.amazonaws.cloudwatch#"));
                let side = if status < 500 { "Sender" } else { "Receiver" };
                wire.headers.push(("x-amzn-query-error", format!("{code};{side}")));
                wire
            }
            Self::CloudWatchJson(_) => {
                Wire::json(status, "application/x-amz-json-1.0", &body("com.amazonaws.cloudwatch#"))
            }
            Self::CodeDeploy(_) => Wire::json(status, "application/x-amz-json-1.1", &body("")),
        }
    }
}

fn wire_cbor(status: u16, body: &Value) -> Wire {
    let headers = vec![("content-type", CBOR.to_owned()), ("smithy-protocol", "rpc-v2-cbor".to_owned())];
    Wire { status, headers, body: cbor::encode(body) }
}

pub(super) fn json_body(body: &[u8]) -> Result<Value, Refusal> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body).map_err(|error| Refusal::new(400, "SerializationException", error.to_string()))
}

fn unknown(what: &str) -> Refusal {
    Refusal::new(404, "UnknownOperationException", format!("{what} is not imitated by the local control plane"))
}
