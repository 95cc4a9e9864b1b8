//! The names that onebox itself uses in a request. What onebox writes there tells no visitor from another.

use onebox_core::Part;

use super::{DEFAULT_OVERRIDE, DEFAULT_PIN, forced_header};
use crate::settings::{Settings, Value};

/// The names that these settings give to onebox's own header, cookies and token.
pub(super) struct Own<'a> {
    header: &'a str,
    pin: Option<&'a str>,
    forced: Option<&'a str>,
    host: Option<&'a str>,
    /// The header that tells viewer-response of a forced visitor, where there is one.
    marker: Option<String>,
}

impl<'a> Own<'a> {
    /// The names in these settings, beside the partition header's. A name that cannot be read is the default.
    pub(super) fn of(settings: &'a Settings, header: &'a str) -> Self {
        let name = |table: &str, path: &str, default: &'static str| {
            settings.get(table).map(|_| match settings.get(path) {
                Some(Value::Text(name)) => name.as_str(),
                _ => default,
            })
        };
        Self {
            header,
            pin: name("pin", "pin.cookie", DEFAULT_PIN),
            forced: name("override", "override.name", DEFAULT_OVERRIDE),
            host: match settings.get("partition.forward_host") {
                Some(Value::Text(name)) => Some(name),
                _ => None,
            },
            marker: (settings.get("function.origin") == Some(&Value::Text("function".into()))
                && settings.get("pin").is_some()
                && settings.get("override").is_some())
            .then(|| forced_header(header)),
        }
    }

    /// Why this cannot be a part of a key, if it cannot.
    pub(super) fn refusal(&self, part: &Part) -> Option<&'static str> {
        let is = |own: Option<&str>, same: fn(&str, &str) -> bool, name: &str| own.is_some_and(|own| same(own, name));
        match part {
            Part::Header(name) if is(Some(self.header), str::eq_ignore_ascii_case, name) => {
                Some("is the partition header itself, which a viewer could send to choose a side")
            }
            Part::Header(name) if is(self.forced, str::eq_ignore_ascii_case, name) => {
                Some("is the header of [override], which holds a token of testers: name another header")
            }
            Part::Header(name) if is(self.host, str::eq_ignore_ascii_case, name) => {
                Some("is the header of partition.forward_host, which viewer-request replaces: name another header")
            }
            Part::Header(name) if is(self.marker.as_deref(), str::eq_ignore_ascii_case, name) => {
                Some("is a header that viewer-request itself writes for viewer-response: name another header")
            }
            // Names of cookies have an upper and a lower case.
            Part::Cookie(name) if is(self.forced, str::eq, name.as_str()) => {
                Some("is the cookie of [override], which holds a token of testers: name another cookie")
            }
            Part::Cookie(name) if is(self.pin, str::eq, name.as_str()) => {
                Some("is the cookie of [pin], which onebox writes by itself: name another cookie")
            }
            _ => None,
        }
    }

    /// Why the override cannot have its name, if it cannot.
    pub(super) fn override_refusal(&self) -> Option<&'static str> {
        let is = |own: &str| self.forced.is_some_and(|name| name.eq_ignore_ascii_case(own));
        if is(self.header) {
            Some("is the partition header, which viewer-request replaces: choose another name")
        } else if self.marker.as_deref().is_some_and(is) {
            Some("is a header that viewer-request itself writes for viewer-response: choose another name")
        } else {
            None
        }
    }
}

impl Own<'_> {
    /// Why the viewer's host cannot be in its header, if it cannot.
    pub(super) fn forward_host_refusal(&self) -> Option<&'static str> {
        let is = |own: &str| self.host.is_some_and(|host| host.eq_ignore_ascii_case(own));
        if is(self.header) {
            Some("is the partition header: choose another name, such as \"X-Forwarded-Host\"")
        } else if self.forced.is_some_and(is) {
            Some("is the header of [override]: choose another name, such as \"X-Forwarded-Host\"")
        } else if self.marker.as_deref().is_some_and(is) {
            Some(
                "is a header that viewer-request itself writes for viewer-response: choose another name, such as \"X-Forwarded-Host\"",
            )
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::Config;

    const SECRET: &str = "hex:73776f7264666973682073776f726466697368";

    /// The paths that are refused with these keys, partition header, pin and override.
    fn refused(keys: &Value, header: Option<&str>, more: &Value) -> Vec<String> {
        let mut members = json!({
            "release": { "id": "web-1", "share": "5%" },
            "partition": { "keys": keys },
            "origins": { "regular": { "domain": "reg.example.org" }, "one-box": { "domain": "box.example.org" } },
        });
        if let Some(header) = header {
            members["partition"]["header"] = json!(header);
        }
        members.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let problems = Config::from_json(&members.to_string()).err().unwrap_or_default();
        problems.into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn a_key_of_what_onebox_itself_writes_is_refused_wherever_it_stands_in_the_chain() {
        let (pin, named_pin) = (json!({ "pin": {} }), json!({ "pin": { "cookie": "__Host-side" } }));
        let forced = json!({ "override": { "secret": SECRET } });
        let named = json!({ "override": { "name": "Tester", "secret": SECRET } });
        let nothing = json!({});
        let session = "cookie:session";
        for (part, header, more, is_refused) in [
            ("cookie:__Host-onebox", None, &pin, true),
            ("cookie:__host-onebox", None, &pin, false),
            ("cookie:__Host-onebox", None, &named_pin, false),
            ("cookie:__Host-side", None, &named_pin, true),
            ("cookie:__Host-onebox", None, &nothing, false),
            ("header:__Host-onebox", None, &pin, false),
            ("cookie:onebox-force", None, &forced, true),
            ("cookie:Onebox-Force", None, &forced, false),
            ("header:onebox-force", None, &forced, true),
            ("header:ONEBOX-force", None, &forced, true),
            ("cookie:onebox-force", None, &named, false),
            ("cookie:Tester", None, &named, true),
            ("header:tester", None, &named, true),
            ("header:onebox-force", None, &nothing, false),
            ("header:x-req-partition", None, &nothing, true),
            ("header:x-side", Some("X-Side"), &nothing, true),
            ("header:x-req-partition", Some("X-Side"), &nothing, false),
            ("cookie:x-req-partition", None, &nothing, false),
        ] {
            for (keys, path) in [
                (json!([part]), "partition.keys.0"),
                (json!([session, part]), "partition.keys.1"),
                (json!([session, ["client-ip", part]]), "partition.keys.1.1"),
                (json!([[part, session], session]), "partition.keys.0.0"),
            ] {
                let expected: &[&str] = if is_refused { &[path] } else { &[] };
                assert_eq!(refused(&keys, header, more), expected, "{keys} {header:?} {more}");
            }
        }
        let both = json!({ "pin": {}, "override": { "secret": SECRET } });
        let keys = json!(["cookie:onebox-force", ["header:onebox-force", "cookie:__Host-onebox"]]);
        assert_eq!(refused(&keys, None, &both), ["partition.keys.0", "partition.keys.1.0", "partition.keys.1.1"]);
    }

    #[test]
    fn the_header_that_marks_a_forced_visitor_is_taken_where_it_is_used() {
        let forced = |name: &str| json!({ "name": name, "secret": SECRET });
        let function = json!({ "origin": "function" });
        let keys = json!(["client-ip"]);
        let marked = json!(["client-ip", ["header:x-req-partition-forced", "client-ip"]]);
        let with = |more: Value, host: Option<&str>, keys: &Value| {
            let mut members = json!({
                "release": { "id": "web-1", "share": "5%" },
                "partition": { "keys": keys },
                "origins": { "regular": { "domain": "reg.example.org" }, "one-box": { "domain": "box.example.org" } },
            });
            if let Some(host) = host {
                members["partition"]["forward_host"] = json!(host);
            }
            members.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let problems = Config::from_json(&members.to_string()).err().unwrap_or_default();
            problems.into_iter().map(|problem| problem.path).collect::<Vec<_>>()
        };
        let used = |name: &str| json!({ "pin": {}, "override": forced(name), "function": function });
        let name = "X-Req-Partition-Forced";
        assert_eq!(with(used(name), None, &keys), ["override.name"]);
        assert_eq!(with(used("x-req-partition-FORCED"), None, &keys), ["override.name"]);
        assert_eq!(with(used("Tester"), Some(name), &keys), ["partition.forward_host"]);
        assert_eq!(with(used("Tester"), None, &marked), ["partition.keys.1.0"]);
        for unused in [
            json!({ "override": forced("Tester"), "function": function }),
            json!({ "pin": {}, "function": function }),
            json!({ "pin": {}, "override": forced("Tester") }),
        ] {
            assert_eq!(with(unused, Some(name), &keys), [""; 0]);
        }
        assert_eq!(with(json!({ "pin": {}, "override": forced(name) }), None, &keys), [""; 0]);
    }

    #[test]
    fn a_header_that_has_a_meaning_of_its_own_is_neither_partition_nor_override_nor_host() {
        let keys = json!(["client-ip"]);
        for name in [
            "X-Forwarded-For",
            "Forwarded",
            "X-Forwarded-Port",
            "Accept-Language",
            "Accept-Charset",
            "Pragma",
            "Date",
            "ETag",
            "TE",
            "X-HTTP-Method-Override",
            "X-HTTP-Method",
            "X-Method-Override",
            "traceparent",
            "tracestate",
            "baggage",
            "b3",
            "X-B3-TraceId",
            "X-Amzn-Trace-Id",
            "X-Amz-Security-Token",
            "Sec-Fetch-Mode",
            "DNT",
            "From",
            "Max-Forwards",
            "Content-MD5",
            "Access-Control-Request-Method",
            "Prefer",
            "Depth",
            "X-Requested-With",
            "X-CSRF-Token",
            "X-Api-Key",
            "X-Request-Id",
            "Upgrade-Insecure-Requests",
            "Last-Event-ID",
            "If-Match",
        ] {
            let forced = json!({ "override": { "name": name, "secret": SECRET } });
            assert_eq!(refused(&keys, None, &forced), ["override.name"], "{name}");
            assert_eq!(refused(&keys, Some(name), &json!({})), ["partition.header"], "{name}");
            assert!(super::super::rules::forward_host(name).is_err(), "{name}");
        }
        let forced = json!({ "override": { "name": "X-Forwarded-Host", "secret": SECRET } });
        assert_eq!(refused(&keys, None, &forced), ["override.name"]);
        assert_eq!(refused(&keys, Some("X-Forwarded-Host"), &json!({})), ["partition.header"]);
        assert!(super::super::rules::forward_host("x-forwarded-HOST").is_ok());
        for name in ["X-Side", "Tester", "X-Viewer-Host", "X-Onebox"] {
            let forced = json!({ "override": { "name": name, "secret": SECRET } });
            assert_eq!(refused(&keys, None, &forced), [""; 0], "{name}");
        }
    }

    #[test]
    fn an_override_that_is_called_like_the_partition_header_or_the_pin_is_refused() {
        let keys = json!(["client-ip"]);
        for (name, header, is_refused) in [
            (Some("X-Req-Partition"), None, true),
            (Some("x-req-partition"), None, true),
            (Some("x-side"), Some("X-Side"), true),
            (None, Some("Onebox-Force"), true),
            (Some("__Host-onebox"), None, true),
            (Some("X-Req-Partition"), Some("X-Side"), false),
            (Some("X-Req-Partition-2"), None, false),
            (None, None, false),
        ] {
            let mut forced = json!({ "secret": SECRET });
            if let Some(name) = name {
                forced["name"] = json!(name);
            }
            let expected: &[&str] = if is_refused { &["override.name"] } else { &[] };
            let more = json!({ "pin": {}, "override": forced });
            assert_eq!(refused(&keys, header, &more), expected, "{name:?} {header:?}");
        }
        // Without its secret the override is refused for both.
        let unsigned = json!({ "override": { "name": "X-Req-Partition" } });
        assert_eq!(refused(&keys, None, &unsigned), ["override.secret", "override.name"]);
    }
}
