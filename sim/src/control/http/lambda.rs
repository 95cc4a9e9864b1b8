//! Lambda's REST API.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>

use base64::{Engine, prelude::BASE64_STANDARD};
use http::Method;
use jiff::Timestamp;
use onebox_release::{Place, ProvisionedStatus, UpdateStatus, VersionState};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Asked, Wire, value::Members};
use crate::control::{
    ControlPlane, Mover, Refusal, Script,
    alias::{Alias, Change},
    function::{Condition, Version},
    name::{Named, arn, is_number},
};

/// An operation, and what its path and query say.
pub(in crate::control) struct Route {
    operation: &'static str,
    function: String,
    alias: String,
    query: Vec<(String, String)>,
}

impl Route {
    /// The operation of a path below `/2015-03-31/functions`.
    pub(super) fn of(method: &Method, path: &[&str], query: Option<&str>) -> Option<Self> {
        let (operation, function, alias) = match (method.as_str(), path) {
            ("GET", [function, "aliases"] | [function, "aliases", ""]) => ("ListAliases", function, ""),
            ("POST", [function, "aliases"]) => ("CreateAlias", function, ""),
            ("GET", [function, "aliases", alias]) => ("GetAlias", function, *alias),
            ("PUT", [function, "aliases", alias]) => ("UpdateAlias", function, *alias),
            ("DELETE", [function, "aliases", alias]) => ("DeleteAlias", function, *alias),
            ("GET", [function]) => ("GetFunction", function, ""),
            ("GET", [function, "configuration"]) => ("GetFunctionConfiguration", function, ""),
            ("PUT", [function, "code"]) => ("UpdateFunctionCode", function, ""),
            ("GET", [function, "versions"]) => ("ListVersionsByFunction", function, ""),
            ("POST", [function, "versions"]) => ("PublishVersion", function, ""),
            ("POST", [function, "invocations"]) => ("Invoke", function, ""),
            ("DELETE", [function]) => ("DeleteFunction", function, ""),
            _ => return None,
        };
        Some(Self { operation, function: (*function).to_owned(), alias: alias.to_owned(), query: pairs(query) })
    }

    /// The operation of a function's provisioned concurrency, below `/2019-09-30/functions`.
    pub(super) fn of_provisioned(method: &Method, function: &str, query: Option<&str>) -> Option<Self> {
        let query = pairs(query);
        let operation = match method.as_str() {
            "GET" if query.iter().any(|(key, value)| (key.as_str(), value.as_str()) == ("List", "ALL")) => {
                "ListProvisionedConcurrencyConfigs"
            }
            "GET" => "GetProvisionedConcurrencyConfig",
            "PUT" => "PutProvisionedConcurrencyConfig",
            _ => return None,
        };
        Some(Self { operation, function: function.to_owned(), alias: String::new(), query })
    }

    pub(super) fn operation(&self) -> &'static str {
        self.operation
    }

    fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// `MaxItems`, as a number.
    fn most(&self) -> Result<Option<i64>, Refusal> {
        let number = |text: &str| {
            text.parse().map_err(|_| Refusal::constraint(text, "maxItems", "have value between 1 and 10000"))
        };
        self.query("MaxItems").map(number).transpose()
    }

    /// # Errors
    ///
    /// When AWS would refuse it.
    pub(super) fn perform(&self, plane: &mut ControlPlane, asked: &Asked, now: Timestamp) -> Result<Wire, Refusal> {
        if self.operation == "Invoke" {
            return self.invoke(plane, asked);
        }
        let body = super::target::json_body(&asked.body)?;
        let body = Members(&body);
        let output = match self.operation {
            "GetAlias" => {
                let (named, function) = plane.functions.get(&self.function)?;
                shown(&function.place, named.function, &self.alias, function.alias(named.function, &self.alias)?)
            }
            "UpdateAlias" => {
                let named = Named::parse(&self.function)?;
                let slow = plane.slow;
                let change = change(body)?;
                let place = plane.place().clone();
                let alias = plane.update_alias(&self.function, &self.alias, change, Mover::Call, (slow, now))?;
                shown(&place, named.function, &self.alias, &alias.answered(slow))
            }
            "DeleteAlias" => {
                plane.delete_alias(&self.function, &self.alias)?;
                return Ok(Wire { status: 204, headers: Vec::new(), body: Vec::new() });
            }
            "PutProvisionedConcurrencyConfig" => {
                let (named, qualifier) = self.qualified(plane)?;
                // It is there at once, unless a test says otherwise.
                plane.provision(named, qualifier, Some((ProvisionedStatus::Ready, None)))?;
                return Ok(Wire::json(202, "application/json", &provisioned(plane, named, qualifier)?));
            }
            "GetProvisionedConcurrencyConfig" => {
                let (named, qualifier) = self.qualified(plane)?;
                provisioned(plane, named, qualifier)?
            }
            "ListProvisionedConcurrencyConfigs" => {
                let (named, function) = plane.functions.get(&self.function)?;
                let all = function.provisioned.keys().collect();
                let page = super::super::page::page(all, self.query("Marker"), self.most()?)?;
                let configs = page.items.iter().map(|qualifier| provisioned(plane, named.function, qualifier));
                let configs = configs.collect::<Result<Vec<_>, _>>()?;
                json!({ "ProvisionedConcurrencyConfigs": configs, "NextMarker": page.next })
            }
            "CreateAlias" => {
                let name = body.need("Name")?;
                let named = Named::parse(&self.function)?;
                let change = Change { revision: None, ..change(body)? };
                let place = plane.place().clone();
                let alias = plane.create_alias(&self.function, name, change, Mover::Call)?;
                return Ok(Wire::json(201, "application/json", &shown(&place, named.function, name, alias)));
            }
            "ListAliases" => {
                let (named, function) = plane.functions.get(&self.function)?;
                let page = function.list_aliases(self.query("FunctionVersion"), self.query("Marker"), self.most()?)?;
                let aliases: Vec<_> = page
                    .items
                    .iter()
                    .map(|(name, alias)| shown(&function.place, named.function, name, alias))
                    .collect();
                json!({ "Aliases": aliases, "NextMarker": page.next })
            }
            "GetFunctionConfiguration" => self.configuration(plane, now)?,
            "GetFunction" => json!({ "Configuration": self.configuration(plane, now)?, "Code": {} }),
            "UpdateFunctionCode" => self.update_code(plane, body, now)?,
            "PublishVersion" => {
                let version =
                    plane.publish_guarded(&self.function, body.text("CodeSha256")?, body.text("RevisionId")?, now)?;
                let output = configuration(plane, &self.function, Some(&version), now)?;
                return Ok(Wire::json(201, "application/json", &output));
            }
            "ListVersionsByFunction" => {
                let (named, function) = plane.functions.get(&self.function)?;
                let page = function.list(self.query("Marker"), self.most()?)?;
                let versions: Vec<_> = page
                    .items
                    .iter()
                    .map(|(number, version)| shown_version(&function.place, named.function, number, version, now))
                    .collect();
                json!({ "Versions": versions, "NextMarker": page.next })
            }
            _ => {
                self.delete(plane)?;
                return Ok(Wire { status: 204, headers: Vec::new(), body: Vec::new() });
            }
        };
        Ok(Wire::json(200, "application/json", &output))
    }

    /// The function and the version or alias that provisioned concurrency is about; both are there.
    fn qualified<'a>(&'a self, plane: &ControlPlane) -> Result<(&'a str, &'a str), Refusal> {
        let (named, function) = plane.functions.get(&self.function)?;
        let qualifier = self.query("Qualifier").or(named.qualifier).unwrap_or("$LATEST");
        match is_number(qualifier) {
            true => drop(function.version(named.function, qualifier)?),
            false if qualifier == "$LATEST" => {
                return Err(Refusal::invalid(
                    "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
                ));
            }
            false => drop(function.alias(named.function, qualifier)?),
        }
        Ok((named.function, qualifier))
    }

    fn configuration(&self, plane: &ControlPlane, now: Timestamp) -> Result<Value, Refusal> {
        configuration(plane, &self.function, self.query("Qualifier"), now)
    }

    fn update_code(&self, plane: &mut ControlPlane, body: Members<'_>, now: Timestamp) -> Result<Value, Refusal> {
        let Some(zip) = body.text("ZipFile")? else {
            return Err(Refusal::invalid("Please provide a source for function code."));
        };
        let zip = BASE64_STANDARD.decode(zip).map_err(|_| Refusal::invalid("Could not unzip uploaded file."))?;
        // The local header, or the end of an archive without files.
        if !(zip.starts_with(b"PK\x03\x04") || zip.starts_with(b"PK\x05\x06")) {
            return Err(Refusal::invalid(
                "Could not unzip uploaded file. Please check your file, then try to upload again.",
            ));
        }
        let (sha256, bytes) = (BASE64_STANDARD.encode(Sha256::digest(&zip)), u64::try_from(zip.len()).ok());
        if !body.flag("DryRun")? {
            plane.update_code(&self.function, &sha256, bytes, body.text("RevisionId")?, now)?;
        }
        let version = match body.flag("Publish")? {
            true => Some(plane.publish_guarded(&self.function, None, None, now)?),
            false => None,
        };
        configuration(plane, &self.function, version.as_deref(), now)
    }

    /// `DeleteFunction` of a version. Without a qualifier AWS deletes everything: that is refused here.
    fn delete(&self, plane: &mut ControlPlane) -> Result<(), Refusal> {
        let (named, function) = plane.functions.get_mut(&self.function)?;
        match self.query("Qualifier").or(named.qualifier) {
            Some(version) => function.delete(named.function, version),
            None => Err(Refusal::invalid(
                "DeleteFunction without a Qualifier would delete the function with all its versions: the local control plane never does",
            )),
        }
    }

    fn invoke(&self, plane: &ControlPlane, asked: &Asked) -> Result<Wire, Refusal> {
        if !asked.body.is_empty() && serde_json::from_slice::<Value>(&asked.body).is_err() {
            return Err(Refusal::new(400, "InvalidRequestContentException", "Could not parse request body into json"));
        }
        let script = plane.script_of(&self.function)?.clone();
        if asked.header("x-amz-invocation-type") == Some("Event") {
            return Ok(Wire { status: 202, headers: Vec::new(), body: Vec::new() });
        }
        let executed = self.query("Qualifier").unwrap_or("$LATEST");
        let (value, threw) = match script {
            Script::Returns(value) => (value, false),
            Script::Waits => (Value::Null, false),
            Script::Throws(message) => (json!({ "errorType": "Error", "errorMessage": message }), true),
        };
        let mut wire = Wire::json(200, "application/json", &value);
        wire.headers.push(("x-amz-executed-version", executed.to_owned()));
        if threw {
            wire.headers.push(("x-amz-function-error", "Unhandled".to_owned()));
        }
        Ok(wire)
    }
}

/// Names and values of a query.
fn pairs(query: Option<&str>) -> Vec<(String, String)> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (decoded(name), decoded(value)));
    query.unwrap_or_default().split('&').filter_map(pair).collect()
}

/// Provisioned concurrency of a version or an alias, as AWS shows it.
fn provisioned(plane: &ControlPlane, function: &str, qualifier: &str) -> Result<Value, Refusal> {
    let (_, found) = plane.functions.get(function)?;
    let (status, reason) = found.provisioned.get(qualifier).ok_or_else(|| {
        let message = "No Provisioned Concurrency Config found for this function";
        Refusal::new(404, "ProvisionedConcurrencyConfigNotFoundException", message)
    })?;
    let allocated = i32::from(*status == ProvisionedStatus::Ready);
    Ok(json!({
        "FunctionArn": arn(&found.place, function, Some(qualifier)),
        "RequestedProvisionedConcurrentExecutions": 1,
        "AvailableProvisionedConcurrentExecutions": allocated,
        "AllocatedProvisionedConcurrentExecutions": allocated,
        "Status": status,
        "StatusReason": reason,
    }))
}

/// What a body says of an alias.
fn change(body: Members<'_>) -> Result<Change, Refusal> {
    let owned = |name| body.text(name).map(|text| text.map(str::to_owned));
    let weights = match body.get("RoutingConfig") {
        None => None,
        Some(routing) => match Members(routing).get("AdditionalVersionWeights") {
            None => Some(Vec::new()),
            Some(Value::Object(weights)) => {
                let weight = |(version, weight): (&String, &Value)| {
                    let weight = weight.as_f64().ok_or_else(|| {
                        Refusal::new(400, "SerializationException", "AdditionalVersionWeights: expected numbers")
                    })?;
                    Ok((version.clone(), weight))
                };
                Some(weights.iter().map(weight).collect::<Result<_, Refusal>>()?)
            }
            Some(_) => {
                return Err(Refusal::new(400, "SerializationException", "AdditionalVersionWeights: expected a map"));
            }
        },
    };
    Ok(Change {
        version: owned("FunctionVersion")?,
        weights,
        description: owned("Description")?,
        revision: owned("RevisionId")?,
    })
}

fn shown(place: &Place, function: &str, name: &str, alias: &Alias) -> Value {
    let mut shown = json!({
        "AliasArn": arn(place, function, Some(name)),
        "Name": name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": alias.revision,
    });
    // AWS leaves it out where there are no weights.
    if let Some((version, weight)) = &alias.additional {
        shown["RoutingConfig"] = json!({ "AdditionalVersionWeights": { version.as_str(): weight } });
    }
    shown
}

/// A version's configuration, by a number, `$LATEST` or an alias.
fn configuration(
    plane: &ControlPlane,
    function: &str,
    qualifier: Option<&str>,
    now: Timestamp,
) -> Result<Value, Refusal> {
    let (named, function) = plane.functions.get(function)?;
    let qualifier = qualifier.or(named.qualifier).unwrap_or("$LATEST");
    let number = match qualifier == "$LATEST" || is_number(qualifier) {
        true => qualifier,
        false => function.alias(named.function, qualifier)?.version.as_str(),
    };
    Ok(shown_version(&function.place, named.function, number, function.version(named.function, number)?, now))
}

fn shown_version(place: &Place, function: &str, number: &str, version: &Version, now: Timestamp) -> Value {
    let Condition { state, update, reason } = version.condition(number, now);
    let latest = number == "$LATEST";
    let state = match state {
        VersionState::Other(state) => json!(state),
        state => json!(state),
    };
    let (code, text) = reason.unzip();
    let (of_state, of_update) = match update {
        UpdateStatus::Failed => ((None, None), (code, text)),
        _ => ((code, text), (None, None)),
    };
    json!({
        "FunctionName": function,
        "FunctionArn": arn(place, function, (!latest).then_some(number)),
        "Version": number,
        "Role": version.code.role,
        "Runtime": "provided.al2023",
        "Handler": "bootstrap",
        "CodeSha256": version.code.sha256,
        "CodeSize": version.code.bytes,
        "RevisionId": version.revision,
        "LastModified": version.active_from.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string(),
        "DeadLetterConfig": version.code.dead_letter.as_ref().map(|arn| json!({ "TargetArn": arn })),
        "State": state,
        "StateReasonCode": of_state.0,
        "StateReason": of_state.1,
        "LastUpdateStatus": update,
        "LastUpdateStatusReasonCode": of_update.0,
        "LastUpdateStatusReason": of_update.1,
    })
}
