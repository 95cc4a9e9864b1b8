//! Who may ask the page's API: this machine's own page, not a page of another site that runs in the same browser.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, uri::Authority};

use super::Refusal;

/// A header that a page of another site cannot send without being asked for permission, which nobody gives.
pub(super) const TOKEN: HeaderName = HeaderName::from_static("x-onebox-demo");

/// Lets a request in, or says why not.
///
/// The Host has to be this machine's own name: a stranger's name that resolves to 127.0.0.1 (DNS rebinding) would make
/// a stranger's page and this one the same site. Whatever changes something also has to come from this very page.
pub(super) fn admit(method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    let forbidden = |why: &str| Err(Refusal::new(StatusCode::FORBIDDEN, why));
    let Some(host) = text(headers, header::HOST).filter(|host| is_here(host)) else {
        return forbidden("open this page by the name localhost or 127.0.0.1");
    };
    if matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    match text(headers, header::ORIGIN) {
        Some(origin) if origin.strip_prefix("http://") != Some(host) => {
            return forbidden("another site may not change anything here");
        }
        _ => {}
    }
    if !headers.contains_key(TOKEN) {
        return forbidden("the header X-Onebox-Demo is missing: it tells this page from others");
    }
    Ok(())
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).map(HeaderValue::to_str)?.ok()
}

fn is_here(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(method: &Method, lines: &[(&'static str, &str)]) -> bool {
        let lines = lines.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        admit(method, &lines.collect()).is_ok()
    }

    #[test]
    fn only_this_machine_s_own_names_are_answered() {
        for (host, expected) in [
            ("127.0.0.1:8080", true),
            ("localhost:8080", true),
            ("LOCALHOST", true),
            ("[::1]:8080", true),
            ("evil.example:8080", false),
            ("127.0.0.1.evil.example", false),
            ("localhost.evil.example", false),
            ("", false),
        ] {
            assert_eq!(admitted(&Method::GET, &[("host", host)]), expected, "{host}");
        }
        assert!(!admitted(&Method::GET, &[]));
    }

    #[test]
    fn only_this_very_page_may_change_anything() {
        let host = ("host", "localhost:8080");
        let token = ("x-onebox-demo", "1");
        for (lines, expected) in [
            (&[host, token][..], true),
            (&[host, token, ("origin", "http://localhost:8080")], true),
            (&[host, token, ("origin", "http://localhost:9090")], false),
            (&[host, token, ("origin", "https://localhost:8080")], false),
            (&[host, token, ("origin", "http://evil.example")], false),
            (&[host, token, ("origin", "null")], false),
            (&[host], false),
            (&[host, ("origin", "http://localhost:8080")], false),
        ] {
            assert_eq!(admitted(&Method::POST, lines), expected, "{lines:?}");
        }
    }
}
