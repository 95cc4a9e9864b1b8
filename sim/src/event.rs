//! The JSON that a function gets, field by field as AWS documents it.
//!
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html>

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue};
use onebox_edge::Trigger;
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};
use serde_json::Value;

use crate::{
    fields::{init_caps, is_disallowed},
    message::{CustomOrigin, Origin, Request, Response, S3Origin},
};

/// The distribution's domain name in events and in `Via`.
pub(crate) const DISTRIBUTION_DOMAIN: &str = "d1onebox.cloudfront.net";
/// Its id in events.
pub(crate) const DISTRIBUTION_ID: &str = "E1ONEBOX";

/// The event of a trigger. `response` is for response triggers.
///
/// # Errors
///
/// None that a message could cause: every field of it can be said in JSON.
pub fn event(
    trigger: Trigger,
    request_id: &str,
    request: &Request,
    response: Option<&Response>,
) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Event {
        records: [Record {
            cf: Cf {
                config: Config {
                    distribution_domain_name: DISTRIBUTION_DOMAIN,
                    distribution_id: DISTRIBUTION_ID,
                    event_type: trigger.as_str(),
                    request_id,
                },
                request: RequestForm {
                    client_ip: request.client_ip.to_string(),
                    headers: Headers(&request.headers),
                    method: request.method.as_str(),
                    querystring: &request.querystring,
                    uri: &request.uri,
                    origin: request.origin.as_ref().map(OriginForm),
                },
                response: response.map(|response| ResponseForm {
                    status: response.status.as_str().to_owned(),
                    status_description: response.status.canonical_reason().unwrap_or_default(),
                    headers: Headers(&response.headers),
                }),
            },
        }],
    })
}

/// An origin as it stands in an event.
pub(crate) fn origin_json(origin: &Origin) -> Value {
    serde_json::to_value(OriginForm(origin)).unwrap_or_default()
}

/// A header value as text: UTF-8, or else ISO-8859-1 converted to it.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html#function-restrictions-encoding>
pub(crate) fn text(value: &HeaderValue) -> Cow<'_, str> {
    let bytes = value.as_bytes();
    std::str::from_utf8(bytes)
        .map_or_else(|_| Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect()), Cow::Borrowed)
}

#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "Records")]
    records: [Record<'a>; 1],
}

#[derive(Serialize)]
struct Record<'a> {
    cf: Cf<'a>,
}

#[derive(Serialize)]
struct Cf<'a> {
    config: Config<'a>,
    request: RequestForm<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<ResponseForm<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    distribution_domain_name: &'a str,
    distribution_id: &'a str,
    event_type: &'a str,
    request_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestForm<'a> {
    client_ip: String,
    headers: Headers<'a>,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<OriginForm<'a>>,
    querystring: &'a str,
    uri: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseForm<'a> {
    status: String,
    status_description: &'a str,
    headers: Headers<'a>,
}

struct OriginForm<'a>(&'a Origin);

impl Serialize for OriginForm<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self.0 {
            Origin::Custom(origin) => map.serialize_entry("custom", &CustomForm::of(origin))?,
            Origin::S3(origin) => map.serialize_entry("s3", &S3Form::of(origin))?,
        }
        map.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CustomForm<'a> {
    custom_headers: Headers<'a>,
    domain_name: &'a str,
    keepalive_timeout: u16,
    path: &'a str,
    port: u16,
    protocol: &'a str,
    read_timeout: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_completion_timeout: Option<u32>,
    ssl_protocols: &'a [String],
}

impl<'a> CustomForm<'a> {
    fn of(origin: &'a CustomOrigin) -> Self {
        Self {
            custom_headers: Headers(&origin.custom_headers),
            domain_name: &origin.domain,
            keepalive_timeout: origin.keepalive_timeout,
            path: &origin.path,
            port: origin.port,
            protocol: origin.protocol.as_str(),
            read_timeout: origin.read_timeout,
            response_completion_timeout: origin.response_completion_timeout,
            ssl_protocols: &origin.ssl_protocols,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct S3Form<'a> {
    auth_method: &'a str,
    custom_headers: Headers<'a>,
    domain_name: &'a str,
    path: &'a str,
    read_timeout: u16,
    region: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_completion_timeout: Option<u32>,
}

impl<'a> S3Form<'a> {
    fn of(origin: &'a S3Origin) -> Self {
        Self {
            auth_method: "none",
            custom_headers: Headers(&origin.custom_headers),
            domain_name: &origin.domain,
            path: &origin.path,
            read_timeout: origin.read_timeout,
            region: &origin.region,
            response_completion_timeout: origin.response_completion_timeout,
        }
    }
}

/// A header map: lower-case names, one element for each line. Headers that functions may not see are left out.
struct Headers<'a>(&'a HeaderMap);

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for name in self.0.keys().filter(|name| !is_disallowed(name.as_str())) {
            map.serialize_entry(name.as_str(), &Lines { name: name.as_str(), headers: self.0 })?;
        }
        map.end()
    }
}

struct Lines<'a> {
    name: &'a str,
    headers: &'a HeaderMap,
}

#[derive(Serialize)]
struct Line<'a> {
    key: &'a str,
    value: Cow<'a, str>,
}

impl Serialize for Lines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let key = init_caps(self.name);
        let mut lines = serializer.serialize_seq(None)?;
        for value in self.headers.get_all(self.name) {
            lines.serialize_element(&Line { key: &key, value: text(value) })?;
        }
        lines.end()
    }
}
