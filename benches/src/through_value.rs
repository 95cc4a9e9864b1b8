//! The handlers as one would write them with `serde_json::Value`: parse all, change a member, print all.
//!
//! Everything outside the JSON is the same: the same policy decides, and what a handler adds is ready beforehand.

use onebox_core::{Partition, Policy, Request, Source, Time};
use onebox_edge::Config;
use serde_json::{Value, json};

/// The handlers for one configuration.
#[derive(Debug)]
pub struct ThroughValue {
    policy: Policy,
    header: String,
    key: String,
    regular: String,
    one_box: String,
    /// What stands behind a pin in its Set-Cookie line.
    attributes: String,
}

impl ThroughValue {
    /// The handlers.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            policy: config.policy(),
            header: config.partition.header.to_ascii_lowercase(),
            key: config.partition.header.clone(),
            regular: config.origins.regular.domain.clone(),
            one_box: config.origins.one_box.domain.clone(),
            attributes: format!(
                "; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age={}",
                config.pin.as_ref().map_or(0, |pin| pin.max_age)
            ),
        }
    }

    /// viewer-request: the request with its partition.
    ///
    /// # Errors
    /// If the event is no JSON.
    pub fn viewer_request(&self, event: &str, now: Time) -> serde_json::Result<String> {
        let mut request = message(event, "request")?;
        let partition = self.policy.decide(&View(&request), now).partition;
        request["headers"][&self.header] = json!([{ "key": self.key, "value": partition.as_str() }]);
        serde_json::to_string(&request)
    }

    /// origin-request: the request, moved to the one-box origin if its partition is that and it is at the regular one.
    ///
    /// # Errors
    /// If the event is no JSON.
    pub fn origin_request(&self, event: &str) -> serde_json::Result<String> {
        let mut request = message(event, "request")?;
        let tagged = first_line(&request["headers"], &self.header) == Some(Partition::OneBox.as_str());
        if tagged && request["origin"]["custom"]["domainName"] == *self.regular {
            request["origin"]["custom"]["domainName"] = Value::from(self.one_box.as_str());
            request["headers"]["host"] = json!([{ "key": "Host", "value": self.one_box }]);
        }
        serde_json::to_string(&request)
    }

    /// origin-response: the response with the partition header's name in `Vary`.
    ///
    /// # Errors
    /// If the event is no JSON.
    pub fn origin_response(&self, event: &str) -> serde_json::Result<String> {
        let mut response = message(event, "response")?;
        let vary = match first_line(&response["headers"], "vary") {
            None => Some(self.key.clone()),
            Some(list)
                if list.split(',').map(str::trim).any(|name| name == "*" || name.eq_ignore_ascii_case(&self.key)) =>
            {
                None
            }
            Some(list) => Some(format!("{list}, {}", self.key)),
        };
        if let Some(vary) = vary {
            response["headers"]["vary"] = json!([{ "key": "Vary", "value": vary }]);
        }
        serde_json::to_string(&response)
    }

    /// viewer-response: the response, with a pin if a key decided.
    ///
    /// # Errors
    /// If the event is no JSON.
    pub fn viewer_response(&self, event: &str, now: Time) -> serde_json::Result<String> {
        let mut event: Value = serde_json::from_str(event)?;
        let cf = &mut event["Records"][0]["cf"];
        let decision = self.policy.decide(&View(&cf["request"]), now);
        let pin = match (self.policy.pins(), decision.source, decision.bucket) {
            (Some(pins), Source::Key(_), Some(bucket)) => {
                Some(format!("{}={}{}", pins.cookie().as_str(), pins.value(bucket), self.attributes))
            }
            _ => None,
        };
        let mut response = cf["response"].take();
        if let Some(pin) = pin {
            let line = json!({ "key": "Set-Cookie", "value": pin });
            match &mut response["headers"]["set-cookie"] {
                Value::Array(lines) => lines.push(line),
                none => *none = json!([line]),
            }
        }
        serde_json::to_string(&response)
    }
}

/// The message of an event, taken out of it.
fn message(event: &str, name: &str) -> serde_json::Result<Value> {
    let mut event: Value = serde_json::from_str(event)?;
    Ok(event["Records"][0]["cf"][name].take())
}

fn first_line<'a>(headers: &'a Value, name: &str) -> Option<&'a str> {
    headers.get(name)?.get(0)?.get("value")?.as_str()
}

/// A request's value as the policy reads it.
struct View<'a>(&'a Value);

impl Request for View<'_> {
    fn cookie_lines(&self) -> impl Iterator<Item = &[u8]> {
        let lines = self.0["headers"].get("cookie").and_then(Value::as_array).into_iter().flatten();
        lines.filter_map(|line| line.get("value")?.as_str()).map(str::as_bytes)
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        first_line(&self.0["headers"], name).map(str::as_bytes)
    }

    fn client_ip(&self) -> Option<&[u8]> {
        self.0["clientIp"].as_str().map(str::as_bytes)
    }
}

#[cfg(test)]
mod tests {
    use onebox_edge::{Handler, handle};
    use onebox_origin_request::OriginRequest;
    use onebox_origin_response::OriginResponse;
    use onebox_viewer_request::ViewerRequest;
    use onebox_viewer_response::ViewerResponse;

    use super::*;
    use crate::inputs::{self, NOW};

    fn same<H: Handler>(handler: &H, event: &str, rival: serde_json::Result<String>) {
        let ours: Value = serde_json::from_str(&handle(handler, event, NOW).unwrap()).unwrap();
        let theirs: Value = serde_json::from_str(&rival.unwrap()).unwrap();
        let mut before: Value = serde_json::from_str(event).unwrap();
        assert_eq!(ours, theirs);
        assert_ne!(ours, before["Records"][0]["cf"][H::TRIGGER.message()].take(), "the event is left as it was");
    }

    #[test]
    fn the_rival_returns_the_same_messages() {
        let config = Config::from_json(&inputs::config()).unwrap();
        let rival = ThroughValue::new(&config);
        let event = inputs::viewer_request();
        same(&ViewerRequest::new(&config), &event, rival.viewer_request(&event, NOW));
        let event = inputs::origin_request();
        same(&OriginRequest::new(&config), &event, rival.origin_request(&event));
        let event = inputs::origin_response();
        same(&OriginResponse::new(&config), &event, rival.origin_response(&event));
    }

    #[test]
    fn the_rival_pins_the_same_visitors() {
        let config = Config::from_json(&inputs::config_with_pins()).unwrap();
        let (handler, rival) = (ViewerResponse::new(&config), ThroughValue::new(&config));
        let event = inputs::viewer_response(&inputs::cookie());
        same(&handler, &event, rival.viewer_response(&event, NOW));
        let event = inputs::viewer_response(&inputs::cookie_with_pin(inputs::PIN));
        let left: Value = serde_json::from_str(&rival.viewer_response(&event, NOW).unwrap()).unwrap();
        let before: Value = serde_json::from_str(&event).unwrap();
        assert_eq!(left, before["Records"][0]["cf"]["response"]);
        let ours: Value = serde_json::from_str(&handle(&handler, &event, NOW).unwrap()).unwrap();
        assert_eq!(ours, left);
    }
}
