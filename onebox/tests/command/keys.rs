//! Keys that do not identify a visitor: refused where they cannot work, a warning where they work badly.

use serde_json::Value;

use crate::{CONFIG, Desk, pinned};

fn with_keys(keys: &str) -> String {
    let line = |line: &str| if line.starts_with("keys") { format!("keys = {keys}\n") } else { format!("{line}\n") };
    CONFIG.lines().map(line).collect()
}

/// The warnings about keys, each with its field. They are the same for people and for machines.
fn warnings(config: &str) -> Vec<String> {
    let desk = Desk::with(config);
    let done = desk.run(&["check", "--json"]);
    let found: Value = serde_json::from_str(&done.out).unwrap_or_else(|_| panic!("{done:?}"));
    let said = desk.run(&["check"]).err;
    let warnings = found["warnings"].as_array().unwrap_or_else(|| panic!("{config}: {found}"));
    let texts = warnings.iter().map(|warning| {
        let text = format!("{}: {}", warning["field"].as_str().unwrap(), warning["message"].as_str().unwrap());
        assert!(said.contains(&text), "{text} is not in {said}");
        text
    });
    texts.filter(|text| !text.contains("first page")).collect()
}

/// Every cookie here gets a new value with responses; where each is known from is in `check/names.rs`.
const ROLLING: &[&str] = &[
    "AWSALB",
    "AWSALBCORS",
    "AWSALBTG",
    "AWSALBTGCORS",
    "AWSELBAuthSessionCookie-0",
    "aws-waf-token",
    "CloudFront-Signature",
    "__cf_bm",
    "cf_clearance",
    "_abck",
    "bm_sz",
    "ak_bmsc",
    "datadome",
    "incap_ses_534_2345678",
    "next-auth.session-token",
    "__Secure-next-auth.session-token",
    "__Secure-next-auth.session-token.0",
    "authjs.session-token",
    "__Secure-authjs.session-token",
    "appSession",
    "__session",
    "_shop_session",
    "laravel_session",
    "XSRF-TOKEN",
    "koa.sess",
    "session.sig",
    ".AspNetCore.Identity.Application",
    "sb-abcdefgh-auth-token",
    "access_token",
    "_gid",
    "_ga_ABC123XYZ",
    "__cfruid",
    "__cfduid",
    "__cfwaitingroom",
    "bm_lso",
    "sb-abcdefgh-auth-token.1",
    ".AspNetCore.CookiesC1",
    "better-auth.session_data",
    "wos-session",
    "PLAY_SESSION",
    "rack.session",
    "ci_session",
    "_csrf",
    "__RequestVerificationToken_L3Nob3A1",
    ".AspNetCore.Antiforgery.9fXoN5jHCXs",
    "_uetsid",
    "ai_session",
    "_pk_ses.1.1fff",
    "__hssc",
];

#[test]
fn a_cookie_that_changes_with_responses_is_a_warning() {
    for name in ROLLING {
        let config = with_keys(&format!("[\"cookie:{name}\", \"client-ip\"]"));
        let found = warnings(&config);
        assert_eq!(found.len(), 1, "{name}: {found:#?}");
        assert!(found[0].starts_with(&format!("partition.keys.0: cookie:{name}: ")), "{found:#?}");
        assert!(found[0].contains("the visitor changes sides; take a cookie whose value stays the same"), "{found:#?}");
        // A pin keeps whoever keeps cookies, as long as it lasts: said, for all that.
        let found = warnings(&pinned(&config));
        assert_eq!(found.len(), 1, "{name}: {found:#?}");
        assert!(found[0].contains("only the pin keeps a visitor on one side, for 7d"), "{found:#?}");
    }
}

#[test]
fn a_cookie_that_stays_the_same_is_no_warning() {
    for name in [
        "session",
        "sid",
        "connect.sid",
        "PHPSESSID",
        "JSESSIONID",
        "ASP.NET_SessionId",
        "sessionid",
        "_ga",
        "visid_incap_7",
        "visitor",
        "my_session",
        "csrftoken",
    ] {
        let config = pinned(&with_keys(&format!("[\"cookie:{name}\", [\"client-ip\", \"header:user-agent\"]]")));
        assert_eq!(warnings(&config), [""; 0], "{name}");
    }
}

#[test]
fn a_header_that_differs_between_requests_is_a_warning() {
    for name in [
        "traceparent",
        "X-Request-Id",
        "X-Amzn-Trace-Id",
        "Date",
        "If-None-Match",
        "Content-Length",
        "Range",
        "Referer",
        "Accept",
        "Sec-Fetch-Dest",
        "X-Forwarded-For",
        "Authorization",
        "Cache-Control",
        "RTT",
        "CF-Ray",
        "X-Trace-Id",
        "X-Request-Start",
        "X-Amz-Request-Id",
        "X-MS-Request-Id",
        "X-Timestamp",
        "X-Nonce",
        "Last-Event-ID",
        "Content-Encoding",
        "Next-Router-State-Tree",
    ] {
        let found = warnings(&with_keys(&format!("[\"header:{name}\"]")));
        let expected = format!("partition.keys.0: header:{}: ", name.to_lowercase());
        assert!(found.len() == 1 && found[0].starts_with(&expected), "{name}: {found:#?}");
    }
    // In a composite too, with its own place.
    let found = warnings(&with_keys("[[\"client-ip\", \"header:traceparent\"]]"));
    assert!(found.len() == 1 && found[0].starts_with("partition.keys.0.1: header:traceparent: "), "{found:#?}");
}

#[test]
fn a_key_that_many_visitors_share_is_a_warning_unless_something_beside_it_tells_them_apart() {
    for keys in [
        "[\"header:host\"]",
        "[\"header:accept-encoding\"]",
        "[\"cookie:AWSELB\"]",
        "[[\"header:host\", \"header:user-agent\"]]",
    ] {
        let found = warnings(&with_keys(keys));
        assert!(
            found.iter().any(|text| text.contains("visitors with the same value go to one side together")),
            "{keys}: {found:#?}"
        );
    }
    assert_eq!(warnings(&with_keys("[[\"client-ip\", \"header:accept-language\"]]")), [""; 0]);
    for keys in ["[\"header:user-agent\"]", "[\"header:User-Agent\", \"cookie:session\"]"] {
        let found = warnings(&with_keys(keys));
        assert!(found.len() == 1 && found[0].contains("all visitors with the same browser"), "{keys}: {found:#?}");
    }
}

#[test]
fn a_name_with_a_wildcard_is_a_warning() {
    for key in ["cookie:name_*", "cookie:*", "header:x-*", "cookie:a|b", "cookie:^session$"] {
        let found = warnings(&with_keys(&format!("[\"{key}\", \"client-ip\"]")));
        let expected = format!("partition.keys.0: {key} matches no pattern: a name is matched as it is written");
        assert!(found.len() == 1 && found[0].starts_with(&expected), "{key}: {found:#?}");
    }
    // And it does match as it is written.
    let desk = Desk::with(&with_keys("[\"cookie:name_*\"]"));
    let decided = desk
        .run_with(&["decide"], b"{\"headers\":{\"cookie\":\"name_1=a\"}}\n{\"headers\":{\"cookie\":\"name_*=a\"}}\n")
        .out;
    let sources: Vec<_> = decided.lines().map(|line| line.contains("\"source\":\"cookie:name_*\"")).collect();
    assert_eq!(sources, [false, true], "{decided}");
}

#[test]
fn an_entry_that_is_never_reached_is_a_warning() {
    for (keys, expected) in [
        ("[\"client-ip\", \"cookie:session\"]", "partition.keys.1: is never reached: every request has client-ip"),
        (
            "[\"cookie:a\", \"client-ip\", \"header:x-b\"]",
            "partition.keys.2: is never reached: every request has client-ip",
        ),
        (
            "[\"cookie:a\", [\"cookie:a\", \"client-ip\"], \"client-ip\"]",
            "partition.keys.1: is never reached: a request that has it has cookie:a as well",
        ),
        (
            "[[\"client-ip\", \"header:x-b\"], [\"header:x-b\", \"client-ip\"]]",
            "partition.keys.1: is never reached: a request that has it has client-ip+header:x-b as well",
        ),
        ("[[\"client-ip\", \"client-ip\"]]", "partition.keys.0.1: client-ip is in this entry already"),
        (
            "[\"cookie:phpsessid\", \"client-ip\"]",
            "partition.keys.0: cookie:phpsessid: the names of cookies are case-sensitive: did you mean cookie:PHPSESSID?",
        ),
        (
            "[\"header:set-cookie\", \"client-ip\"]",
            "partition.keys.0: header:set-cookie: it is a header of responses: it never yields",
        ),
    ] {
        let found = warnings(&with_keys(keys));
        assert!(found.len() == 1 && found[0].starts_with(expected), "{keys}: {found:#?}");
    }
    // The chain of the documentation: every entry is there for somebody.
    assert_eq!(warnings(&pinned(CONFIG)), [""; 0]);
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html>
#[test]
fn a_header_that_no_function_sees_is_refused_by_every_verb() {
    for name in [
        "via",
        "Via",
        "x-amz-cf-id",
        "X-Amz-Cf-Pop",
        "x-edge-location",
        "connection",
        "X-Real-IP",
        "x-forwarded-proto",
        "X-Cache",
        "x-amzn-requestid",
        "cloudfront-viewer-address",
        "client-cert",
        "cookie",
    ] {
        let desk = Desk::with(&with_keys(&format!("[\"cookie:session\", \"header:{name}\"]")));
        for verb in ["check", "decide", "package", "serve"] {
            let done = desk.run(&[verb]);
            assert_eq!(done.code, Some(64), "{name}: {done:?}");
            assert!(done.err.contains(":6:27: partition.keys.1: "), "{name}: {done:?}");
        }
    }
}
