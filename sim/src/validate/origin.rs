//! The origin object in an origin-request's result.
//!
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html#request-event-fields-origin>

use std::net::IpAddr;

use http::HeaderMap;
use serde_json::{Map, Value};

use super::{headers, shortened};
use crate::{
    message::{CustomOrigin, Origin, Protocol, S3Origin},
    rule::{Rule, Violation},
};

const TLS_VERSIONS: &[&str] = &["TLSv1.2", "TLSv1.1", "TLSv1", "SSLv3"];

/// Reads an origin: exactly one of `custom` and `s3`.
pub(super) fn read(value: &Value) -> Result<Origin, Violation> {
    let Value::Object(object) = value else {
        return Err(invalid("origin is not an object"));
    };
    match (object.get("custom"), object.get("s3")) {
        (Some(Value::Object(custom)), None) => read_custom(custom).map(Origin::Custom),
        (None, Some(Value::Object(s3))) => read_s3(s3).map(Origin::S3),
        _ => Err(invalid("origin has to have exactly one object, custom or s3")),
    }
}

fn read_custom(object: &Map<String, Value>) -> Result<CustomOrigin, Violation> {
    let domain = text(object, "domainName")?;
    if domain.is_empty() || domain.len() > 253 || domain.contains(':') || domain.parse::<IpAddr>().is_ok() {
        return Err(invalid(format!(
            "domainName is `{}`, not a domain name of 1 to 253 characters",
            shortened(domain)
        )));
    }
    let protocol =
        Protocol::named(text(object, "protocol")?).ok_or_else(|| invalid("protocol is not http or https"))?;
    let port = number(object, "port", 80, 65_535)?;
    if !matches!(port, 80 | 443 | 1024..) {
        return Err(invalid(format!("port is {port}, not 80, 443 or 1024 to 65535")));
    }
    Ok(CustomOrigin {
        custom_headers: custom_headers(object)?,
        domain: domain_name(domain)?,
        path: path(object)?,
        port,
        protocol,
        keepalive_timeout: number(object, "keepaliveTimeout", 1, 120)?,
        read_timeout: number(object, "readTimeout", 1, 120)?,
        response_completion_timeout: completion(object)?,
        ssl_protocols: tls_versions(object)?,
    })
}

fn read_s3(object: &Map<String, Value>) -> Result<S3Origin, Violation> {
    match text(object, "authMethod")? {
        "none" => {}
        "origin-access-identity" => {
            let detail = "authMethod is origin-access-identity; the local CloudFront has only none";
            return Err(Violation::new(Rule::OriginIdentityNotImitated, detail));
        }
        _ => return Err(invalid("authMethod is not none or origin-access-identity")),
    }
    let domain = text(object, "domainName")?;
    if domain.is_empty() || domain.len() > 128 || domain.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(invalid("domainName is not a bucket's domain name of 1 to 128 characters in lower case"));
    }
    let region = match object.get("region") {
        None => "",
        Some(_) => text(object, "region")?,
    };
    Ok(S3Origin {
        custom_headers: custom_headers(object)?,
        domain: domain_name(domain)?,
        path: path(object)?,
        region: region.to_owned(),
        read_timeout: match object.get("readTimeout") {
            None => 30,
            Some(_) => number(object, "readTimeout", 1, 120)?,
        },
        response_completion_timeout: completion(object)?,
    })
}

/// A name that can be put into a URL, which is where it is going.
fn domain_name(domain: &str) -> Result<String, Violation> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if domain.bytes().all(plain) {
        Ok(domain.to_owned())
    } else {
        Err(invalid(format!("domainName `{}` has characters that a domain name cannot have", shortened(domain))))
    }
}

fn path(object: &Map<String, Value>) -> Result<String, Violation> {
    let path = text(object, "path")?;
    let shaped = path.is_empty() || (path.starts_with('/') && !path.ends_with('/') && path.len() <= 255);
    let encoded = path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#'));
    if shaped && encoded && http::Uri::try_from(format!("{path}/")).is_ok() {
        Ok(path.to_owned())
    } else {
        Err(invalid(format!("path is `{}`; it is empty or begins, and does not end, with a slash", shortened(path))))
    }
}

fn custom_headers(object: &Map<String, Value>) -> Result<HeaderMap, Violation> {
    match object.get("customHeaders") {
        None => Ok(HeaderMap::new()),
        Some(headers) => headers::read(headers, &HeaderMap::new()),
    }
}

fn completion(object: &Map<String, Value>) -> Result<Option<u32>, Violation> {
    match object.get("responseCompletionTimeout") {
        None => Ok(None),
        Some(value) => match value.as_u64().map(u32::try_from) {
            Some(Ok(0)) => Ok(None),
            Some(Ok(seconds)) => Ok(Some(seconds)),
            _ => Err(invalid("responseCompletionTimeout is not a number of seconds")),
        },
    }
}

fn tls_versions(object: &Map<String, Value>) -> Result<Vec<String>, Violation> {
    let wrong = || invalid(format!("sslProtocols is not an array out of {}", TLS_VERSIONS.join(", ")));
    let versions =
        member(object, "sslProtocols")?.as_array().filter(|versions| !versions.is_empty()).ok_or_else(wrong)?;
    let known = |version: &Value| version.as_str().filter(|version| TLS_VERSIONS.contains(version)).map(str::to_owned);
    versions.iter().map(|version| known(version).ok_or_else(wrong)).collect()
}

fn number(object: &Map<String, Value>, field: &'static str, from: u16, to: u16) -> Result<u16, Violation> {
    let found = member(object, field)?;
    match found.as_u64().map(u16::try_from) {
        Some(Ok(number)) if (from..=to).contains(&number) => Ok(number),
        _ => Err(invalid(format!("{field} is {}, not {from} to {to}", shortened(&found.to_string())))),
    }
}

fn text<'a>(object: &'a Map<String, Value>, field: &'static str) -> Result<&'a str, Violation> {
    member(object, field)?.as_str().ok_or_else(|| invalid(format!("{field} is not a string")))
}

fn member<'a>(object: &'a Map<String, Value>, field: &'static str) -> Result<&'a Value, Violation> {
    object.get(field).ok_or_else(|| Violation::new(Rule::MissingField, format!("the origin's {field} is missing")))
}

fn invalid(detail: impl Into<String>) -> Violation {
    Violation::new(Rule::InvalidOrigin, detail)
}
