//! What is tried out, and what is expected: the variable `SMOKE`, a list in JSON.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use onebox_release::{hook_failure, plain_text};
use serde::Deserialize;
use serde_json::Value;

use super::Subject;

/// A place that is held for the new version, in any text.
const PLACES: [&str; 3] = ["{function}", "{alias}", "{version}"];

/// One request.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Smoke {
    /// A function to invoke; by default the one that is released.
    function: Option<String>,
    /// Its version or alias; by default the new version.
    qualifier: Option<String>,
    /// What it is told.
    #[serde(default)]
    payload: Value,
    /// Instead of a function: a URL to get.
    url: Option<String>,
    /// The headers of that request.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// What must come back.
    #[serde(default)]
    expect: Expect,
}

/// What must come back.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    /// This status; by default any below 400.
    status: Option<u16>,
    /// This text, somewhere.
    contains: Option<String>,
}

/// A request, ready to be made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Request {
    /// `Invoke`.
    Invoke { function: String, qualifier: String, payload: Value },
    /// GET.
    Get { url: String, headers: BTreeMap<String, String> },
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Response {
    /// The status, where there is one.
    pub(crate) status: Option<u16>,
    /// The text.
    pub(crate) body: String,
    /// What a function returned, as it returned it.
    pub(crate) returned: Option<String>,
}

impl Smoke {
    /// Reads the list.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub(crate) fn read(text: Option<&str>) -> Result<Vec<Self>, String> {
        const EXPECTED: &str =
            r#"SMOKE: expected a list in JSON, such as [{"payload": {}, "expect": {"status": 200}}]"#;
        let text = text.ok_or(EXPECTED)?;
        let list: Vec<Self> = serde_json::from_str(text).map_err(|error| format!("{EXPECTED}: {error}"))?;
        if list.is_empty() {
            return Err(format!("{EXPECTED}; an empty list tries nothing out"));
        }
        for (at, smoke) in list.iter().enumerate() {
            let invokes = smoke.function.is_some() || smoke.qualifier.is_some() || !smoke.payload.is_null();
            let problem = match &smoke.url {
                Some(_) if invokes => "a url has no function, qualifier or payload",
                Some(url) if !url.starts_with("https://") && !url.starts_with("http://") => "expected an http(s) url",
                None if !smoke.headers.is_empty() => "headers are sent to a url only; put them into the payload",
                // The released version is that of the released function.
                None if smoke.function.is_some() && smoke.qualifier.is_none() => {
                    "a function of its own needs a qualifier"
                }
                _ => continue,
            };
            return Err(format!("SMOKE: request {}: {problem}", at + 1));
        }
        Ok(list)
    }

    /// Whether it can only be made when the new version is known.
    pub(crate) fn needs_subject(&self) -> bool {
        let held = |text: &String| PLACES.iter().any(|place| text.contains(place));
        match &self.url {
            Some(url) => held(url) || self.headers.values().any(held),
            None => self.function.as_ref().is_none_or(held) || self.qualifier.as_ref().is_none_or(held),
        }
    }

    /// The request, with the new version in its places.
    pub(crate) fn request(&self, subject: Option<&Subject>) -> Request {
        let fill = |text: &str| subject.map_or_else(|| text.to_owned(), |subject| subject.fill(text));
        match &self.url {
            Some(url) => Request::Get {
                url: fill(url),
                headers: self.headers.iter().map(|(name, value)| (name.clone(), fill(value))).collect(),
            },
            None => Request::Invoke {
                function: fill(self.function.as_deref().unwrap_or("{function}")),
                qualifier: fill(self.qualifier.as_deref().unwrap_or("{version}")),
                payload: self.payload.clone(),
            },
        }
    }

    /// Why what came back is not what was expected.
    pub(crate) fn problem(&self, response: &Response) -> Option<String> {
        let start = plain_text(&response.body, 200);
        match (self.expect.status, response.status) {
            (Some(wanted), Some(got)) if wanted != got => {
                return Some(format!("expected status {wanted}, got {got}: {start}"));
            }
            (Some(wanted), None) => return Some(format!("expected status {wanted}, got none: {start}")),
            (None, Some(got)) if got >= 400 => return Some(format!("expected a status below 400, got {got}: {start}")),
            _ => {}
        }
        if let (Some(returned), true) = (&response.returned, self.expect == Expect::default()) {
            // A redirect of a function behind a URL is below 400 as well.
            let moved = response.status.is_some_and(|status| status >= 300);
            return if moved { None } else { hook_failure(None, returned.as_bytes()) };
        }
        let wanted = self.expect.contains.as_ref().filter(|text| !response.body.contains(*text));
        wanted.map(|text| format!("expected a text with {text:?}, got: {start}"))
    }
}

impl Request {
    /// What is asked, for people.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Invoke { function, qualifier, .. } => format!("{function}:{qualifier}"),
            Self::Get { url, .. } => url.clone(),
        }
    }
}

impl Response {
    /// What a function returned. One behind API Gateway or a function URL wraps its status and its text:
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>.
    pub(crate) fn of_function(returned: &str) -> Self {
        let value: Value = serde_json::from_str(returned).unwrap_or_default();
        let status = value.get("statusCode").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
        let body = match value.get("body").and_then(Value::as_str) {
            Some(body) if value.get("isBase64Encoded") == Some(&Value::Bool(true)) => {
                STANDARD.decode(body).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
            }
            Some(body) => body.to_owned(),
            None => returned.to_owned(),
        };
        Self { status, body, returned: Some(returned.to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(smoke: Value) -> Smoke {
        let list = Smoke::read(Some(&json!([smoke]).to_string())).unwrap();
        assert_eq!(list.len(), 1);
        list[0].clone()
    }

    fn subject() -> Subject {
        Subject { function: "orders".into(), alias: "live".into(), version: "7".into() }
    }

    #[test]
    fn the_new_version_is_invoked_unless_another_is_named() {
        let invoke = |function: &str, qualifier: &str, payload: Value| Request::Invoke {
            function: function.into(),
            qualifier: qualifier.into(),
            payload,
        };
        let smoke = one(json!({ "payload": { "ping": true } }));
        assert!(smoke.needs_subject());
        assert_eq!(smoke.request(Some(&subject())), invoke("orders", "7", json!({ "ping": true })));
        let smoke = one(json!({ "function": "client-of-{function}", "qualifier": "3" }));
        assert!(smoke.needs_subject());
        assert_eq!(smoke.request(Some(&subject())).name(), "client-of-orders:3");
        let smoke = one(json!({ "function": "client", "qualifier": "3" }));
        assert!(!smoke.needs_subject());
        assert_eq!(smoke.request(None), invoke("client", "3", Value::Null));
    }

    #[test]
    fn urls_and_headers_have_places_too() {
        let smoke = one(json!({ "url": "https://shop.test/{alias}", "headers": { "X-Version": "{version}" } }));
        assert!(smoke.needs_subject());
        let Request::Get { url, headers } = smoke.request(Some(&subject())) else { panic!("expected a URL") };
        assert_eq!((url.as_str(), headers["X-Version"].as_str()), ("https://shop.test/live", "7"));
        assert!(!one(json!({ "url": "http://shop.test/" })).needs_subject());
    }

    #[test]
    fn a_list_that_tries_nothing_out_is_a_mistake() {
        for (text, said) in [
            (None, "expected a list"),
            (Some(""), "expected a list"),
            (Some("{}"), "expected a list"),
            (Some("[]"), "tries nothing out"),
            (Some(r#"[{"uri": "https://x"}]"#), "uri"),
            (Some(r#"[{}, {"url": "shop.test"}]"#), "request 2: expected an http(s) url"),
            (Some(r#"[{"url": "https://x", "payload": 1}]"#), "request 1: a url has no"),
            (Some(r#"[{"headers": {"a": "b"}}]"#), "to a url only"),
            (Some(r#"[{"function": "other"}]"#), "needs a qualifier"),
            (Some(r#"[{"expect": {"status": "200"}}]"#), "expected a list"),
        ] {
            let problem = Smoke::read(text).unwrap_err();
            assert!(problem.starts_with("SMOKE: ") && problem.contains(said), "{text:?}: {problem}");
        }
    }

    #[test]
    fn what_comes_back_is_judged() {
        let response = |status, body: &str| Response { status, body: body.into(), returned: None };
        for (expect, got, said) in [
            (json!({}), response(None, "x"), None),
            (json!({}), response(Some(302), ""), None),
            (json!({}), response(Some(404), "gone"), Some("below 400, got 404: gone")),
            (json!({ "status": 404 }), response(Some(404), ""), None),
            (json!({ "status": 200 }), response(Some(204), ""), Some("expected status 200, got 204")),
            (json!({ "status": 200 }), response(None, "x"), Some("got none: x")),
            (json!({ "contains": "ok" }), response(None, "all ok"), None),
            (json!({ "contains": "ok" }), response(Some(200), "KO"), Some("with \"ok\", got: KO")),
        ] {
            let problem = one(json!({ "expect": expect })).problem(&got);
            assert_eq!(problem.is_some(), said.is_some(), "{expect}: {problem:?}");
            assert!(problem.unwrap_or_default().contains(said.unwrap_or_default()), "{expect}");
        }
    }

    /// <https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html>
    #[test]
    fn a_function_passes_as_a_hook_does_unless_something_else_is_expected() {
        for (expect, returned, passes) in [
            (json!({}), "null", true),
            (json!({}), "{}", true),
            (json!({}), r#"{"status":"Succeeded"}"#, true),
            (json!({}), r#"{"statusCode":204}"#, true),
            (json!({}), r#"{"statusCode":302}"#, true),
            (json!({}), r#"{"statusCode":500}"#, false),
            (json!({}), r#""Failed""#, false),
            (json!({}), r#"{"status":"failed"}"#, false),
            (json!({}), "false", false),
            (json!({}), r#"{"items":[]}"#, false),
            (json!({ "contains": "items" }), r#"{"items":[]}"#, true),
            (json!({ "contains": "items" }), r#"{"statusCode":500,"body":"items"}"#, false),
            (json!({ "status": 500 }), r#"{"statusCode":500}"#, true),
        ] {
            let problem = one(json!({ "expect": expect })).problem(&Response::of_function(returned));
            assert_eq!(problem.is_none(), passes, "{expect} {returned}: {problem:?}");
        }
    }

    #[test]
    fn a_function_behind_a_gateway_wraps_its_answer() {
        let wrapped = Response::of_function(r#"{"statusCode":200,"body":"hello"}"#);
        assert_eq!((wrapped.status, wrapped.body.as_str()), (Some(200), "hello"));
        let coded = Response::of_function(r#"{"statusCode":200,"body":"aGVsbG8=","isBase64Encoded":true}"#);
        assert_eq!((coded.status, coded.body), (wrapped.status, wrapped.body));
        let plain = Response::of_function("\"plain\"");
        assert_eq!((plain.status, plain.body.as_str()), (None, "\"plain\""));
    }
}
