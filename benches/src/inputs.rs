//! What is measured on: requests as browsers send them, and the events that CloudFront makes of them.

use std::iter;

use onebox_core::{Request, Time};
use serde_json::{Value, json};

/// The salt of every measured policy.
pub const SALT: &str = "web-2026-11-20";

/// The share of every measured policy that is not of share 0.
pub const SHARE: &str = "20%";

/// The cookie whose value is the key.
pub const SESSION: &str = "7f3a9c1e2b4d6f8091a3b5c7d9e0f1a2";

/// A User-Agent of 110 bytes.
pub const USER_AGENT: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0 Safari/537.360";

/// What a visitor's cookie holds where pins are not signed.
pub const PIN: &str = "web-2026-11-20.4711";

/// The name of that cookie.
pub const PIN_COOKIE: &str = "__Host-onebox";

/// When every measured request comes: 2026-11-20T12:00:00Z.
pub const NOW: Time = Time::from_unix_seconds(1_795_176_000);

/// The viewer's address.
pub const CLIENT_IP: &str = "198.51.100.7";

/// Six pairs, 170 bytes: what comes before the session's pair.
const OTHER_PAIRS: &str = "_ga=GA1.2.1754903231.1731402203; theme=system; locale=en-GB; consent=analytics:1|ads:0|maps:1; \
     cart=9b1c7de2-55a0-4b3c-9f0e-6a3c1d2e4f50; _gid=GA1.2.99817264.1732000000; ";

/// A Cookie header of 210 bytes and 7 pairs. The session is the last of them: whoever wants it reads all of it.
#[must_use]
pub fn cookie() -> String {
    format!("{OTHER_PAIRS}session={SESSION}")
}

/// The same pairs, the session first: whoever stops at it reads 41 bytes.
#[must_use]
pub fn cookie_first() -> String {
    format!("session={SESSION}; {}", OTHER_PAIRS.trim_end_matches("; "))
}

/// The same pairs without the session.
#[must_use]
pub fn cookie_without_session() -> String {
    OTHER_PAIRS.trim_end_matches("; ").to_owned()
}

/// The 7 pairs and a pin behind them: browsers send first what they were given first
/// (<https://www.rfc-editor.org/rfc/rfc6265#section-5.4>), and only who has a key gets a pin.
#[must_use]
pub fn cookie_with_pin(pin: &str) -> String {
    format!("{}; {PIN_COOKIE}={pin}", cookie())
}

/// A Cookie header of 1,500 bytes, as sites with much advertising have it; the session is the last of its pairs.
#[must_use]
pub fn long_cookie() -> String {
    let session = format!("session={SESSION}");
    let mut line = OTHER_PAIRS.to_owned();
    for number in 0.. {
        let pair = format!("_fbp{number}=fb.1.17314022031{number:02}.1098115397{number:02}; ");
        if line.len() + pair.len() + session.len() > 1500 {
            break;
        }
        line += &pair;
    }
    let room = 1500 - line.len() - session.len();
    // One more pair fills the rest to the byte.
    let filler: String = iter::once("x=").chain(iter::repeat_n("y", room.saturating_sub(4))).collect();
    if room >= 4 {
        line += &filler;
        line += "; ";
    }
    line + &session
}

/// One request of a visitor.
#[derive(Clone, Debug, Default)]
pub struct Visit {
    /// The Cookie header's lines.
    pub cookies: Vec<String>,
    /// The User-Agent header.
    pub user_agent: Option<String>,
    /// The viewer's address.
    pub client_ip: Option<String>,
}

impl Visit {
    /// A request with an address, a User-Agent and these Cookie lines.
    #[must_use]
    pub fn new(cookies: &[&str]) -> Self {
        Self {
            cookies: cookies.iter().map(|line| (*line).to_owned()).collect(),
            user_agent: Some(USER_AGENT.to_owned()),
            client_ip: Some(CLIENT_IP.to_owned()),
        }
    }
}

impl Request for Visit {
    #[inline]
    fn cookie_lines(&self) -> impl Iterator<Item = &[u8]> {
        self.cookies.iter().map(String::as_bytes)
    }

    #[inline]
    fn header(&self, name: &str) -> Option<&[u8]> {
        if name == "user-agent" { self.user_agent.as_deref().map(str::as_bytes) } else { None }
    }

    #[inline]
    fn client_ip(&self) -> Option<&[u8]> {
        self.client_ip.as_deref().map(str::as_bytes)
    }
}

/// The configuration of the measured handlers, as it is packaged.
#[must_use]
pub fn config() -> String {
    settings().to_string()
}

/// The same with pins, without which viewer-response has nothing to do.
#[must_use]
pub fn config_with_pins() -> String {
    let mut settings = settings();
    settings["pin"] = json!({ "cookie": PIN_COOKIE });
    settings.to_string()
}

fn settings() -> Value {
    json!({
        "release": { "id": SALT, "share": SHARE },
        "partition": { "keys": ["cookie:session", ["client-ip", "header:user-agent"], "header:user-agent"] },
        "origins": {
            "regular": { "domain": "reg.execute-api.eu-west-1.amazonaws.com" },
            "one-box": { "domain": "box.execute-api.eu-west-1.amazonaws.com" },
        },
    })
}

/// A viewer-request event:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html>.
#[must_use]
pub fn viewer_request() -> String {
    let request = json!({
        "clientIp": CLIENT_IP, "method": "GET", "uri": "/products/42", "querystring": "size=large",
        "headers": viewer_headers(&cookie()),
    });
    event("viewer-request", json!({ "request": request }))
}

/// A viewer-response event of a visitor with this Cookie header.
#[must_use]
pub fn viewer_response(cookie: &str) -> String {
    let request = json!({
        "clientIp": CLIENT_IP, "method": "GET", "uri": "/products/42", "querystring": "size=large",
        "headers": viewer_headers(cookie),
    });
    event("viewer-response", json!({ "request": request, "response": response() }))
}

/// An origin-request event of a visitor on the one-box, which the handler moves.
#[must_use]
pub fn origin_request() -> String {
    event("origin-request", json!({ "request": origin_request_message() }))
}

/// An origin-response event whose response has a `Vary` header already.
#[must_use]
pub fn origin_response() -> String {
    event("origin-response", json!({ "request": origin_request_message(), "response": response() }))
}

fn response() -> Value {
    let line = |key: &str, value: &str| json!([{ "key": key, "value": value }]);
    json!({
        "status": "200", "statusDescription": "OK",
        "headers": {
            "cache-control": line("Cache-Control", "public, max-age=60"),
            "content-type": line("Content-Type", "text/html; charset=utf-8"),
            "content-length": line("Content-Length", "48213"),
            "date": line("Date", "Fri, 20 Nov 2026 12:00:00 GMT"),
            "etag": line("ETag", "W/\"bc55-193c1b8d1f0\""),
            "server": line("Server", "nginx"),
            "vary": line("Vary", "Accept-Encoding"),
            "x-amzn-requestid": line("x-amzn-RequestId", "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"),
        },
    })
}

fn viewer_headers(cookie: &str) -> Value {
    let line = |key: &str, value: &str| json!([{ "key": key, "value": value }]);
    json!({
        "host": line("Host", "www.example.org"),
        "user-agent": line("User-Agent", USER_AGENT),
        "accept": line("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"),
        "accept-encoding": line("Accept-Encoding", "gzip, deflate, br"),
        "accept-language": line("Accept-Language", "en-GB,en;q=0.5"),
        "cookie": line("Cookie", cookie),
        "referer": line("Referer", "https://www.example.org/products"),
        "sec-fetch-dest": line("Sec-Fetch-Dest", "document"),
        "sec-fetch-mode": line("Sec-Fetch-Mode", "navigate"),
        "upgrade-insecure-requests": line("Upgrade-Insecure-Requests", "1"),
    })
}

fn origin_request_message() -> Value {
    let line = |key: &str, value: &str| json!([{ "key": key, "value": value }]);
    json!({
        "clientIp": CLIENT_IP, "method": "GET", "uri": "/products/42", "querystring": "size=large",
        "headers": {
            "host": line("Host", "reg.execute-api.eu-west-1.amazonaws.com"),
            "user-agent": line("User-Agent", "Amazon CloudFront"),
            "accept-encoding": line("Accept-Encoding", "gzip"),
            "cookie": line("Cookie", &cookie()),
            "via": line("Via", "2.0 2afae0d44e2540f472c0635ab62c232b.cloudfront.net (CloudFront)"),
            "x-forwarded-for": line("X-Forwarded-For", CLIENT_IP),
            "x-req-partition": line("X-Req-Partition", "one-box"),
        },
        "origin": { "custom": {
            "customHeaders": {}, "domainName": "reg.execute-api.eu-west-1.amazonaws.com", "keepaliveTimeout": 5,
            "path": "", "port": 443, "protocol": "https", "readTimeout": 30, "sslProtocols": ["TLSv1.2"],
        } },
    })
}

fn event(event_type: &str, mut cf: Value) -> String {
    cf["config"] = json!({
        "distributionDomainName": "d111111abcdef8.cloudfront.net", "distributionId": "EDFDVBD6EXAMPLE",
        "eventType": event_type, "requestId": "4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ==",
    });
    json!({ "Records": [{ "cf": cf }] }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inputs_are_as_large_as_they_are_said_to_be() {
        assert_eq!((cookie().len(), cookie().split("; ").count()), (210, 7));
        assert_eq!((cookie_first().len(), cookie_first().split("; ").count()), (210, 7));
        assert_eq!(cookie_with_pin(PIN).len(), 245);
        assert_eq!(NOW.to_string(), "2026-11-20T12:00:00Z");
        assert_eq!(long_cookie().len(), 1500);
        assert_eq!(USER_AGENT.len(), 110);
        assert_eq!(SESSION.len(), 32);
    }
}
