//! Who asks: the decision for a request, and which visitor it is.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::IpAddr,
};

use http::{HeaderMap, HeaderValue, header};
use onebox_core::{CookieName, Request};

/// The cookie that tells the demo's visitors apart.
pub(super) const SESSION: &str = "session";

/// A request's headers and address, as a decision reads them.
pub(super) struct Viewer<'a> {
    headers: &'a HeaderMap,
    address: String,
}

impl<'a> Viewer<'a> {
    /// The viewer at an address, with these headers.
    pub(super) fn new(headers: &'a HeaderMap, address: IpAddr) -> Self {
        Self { headers, address: address.to_string() }
    }
}

impl Request for Viewer<'_> {
    fn cookie_lines(&self) -> impl Iterator<Item = &[u8]> {
        self.headers.get_all(header::COOKIE).into_iter().map(HeaderValue::as_bytes)
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.get(name).map(HeaderValue::as_bytes)
    }

    fn client_ip(&self) -> Option<&[u8]> {
        Some(self.address.as_bytes())
    }
}

/// Tells visitors apart.
#[derive(Clone, Debug)]
pub(super) struct Visitors {
    session: CookieName,
}

impl Visitors {
    /// By the demo's session cookie.
    pub(super) fn new() -> Self {
        Self { session: CookieName::new(SESSION) }
    }

    /// The session of a request, if it has one.
    pub(super) fn session<'a>(&self, headers: &'a HeaderMap) -> Option<&'a [u8]> {
        let lines = headers.get_all(header::COOKIE).into_iter();
        lines.map(HeaderValue::as_bytes).find_map(|line| self.session.value_in(line)).filter(|value| !value.is_empty())
    }

    /// The same number for the same visitor: by session, or else by User-Agent, as the demo's key chain does.
    pub(super) fn number(&self, headers: &HeaderMap) -> u64 {
        let agent = headers.get(header::USER_AGENT).map(HeaderValue::as_bytes);
        number(self.session(headers).or(agent))
    }

    /// The number of a visitor who gets a first session with this response.
    pub(super) fn newcomer(&self, response: &HeaderMap) -> Option<u64> {
        let lines = response.get_all(header::SET_COOKIE).into_iter();
        let pairs = lines.filter_map(|line| line.as_bytes().split(|byte| *byte == b';').next());
        pairs.into_iter().find_map(|pair| self.session.value_in(pair)).map(|session| number(Some(session)))
    }
}

fn number(key: Option<&[u8]>) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_page_belongs_to_the_visitor_who_gets_a_session_with_it() {
        let visitors = Visitors::new();
        let response = headers(&[("set-cookie", "a=b; Path=/"), ("set-cookie", "session=7f3a; Path=/; HttpOnly")]);
        let later = headers(&[("cookie", "session=7f3a"), ("user-agent", "Firefox")]);
        assert_eq!(visitors.newcomer(&response), Some(visitors.number(&later)));
        assert_eq!(visitors.newcomer(&headers(&[("set-cookie", "a=b; session=7f3a")])), None);
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_visitor_is_the_session_and_else_the_browser() {
        let visitors = Visitors::new();
        let number = |lines: &[(&'static str, &str)]| visitors.number(&headers(lines));
        let with = number(&[("cookie", "a=b; session=7f3a"), ("user-agent", "Firefox")]);
        assert_eq!(with, number(&[("cookie", "session=7f3a"), ("user-agent", "Safari")]));
        assert_ne!(with, number(&[("user-agent", "Firefox")]));
        assert_ne!(number(&[("user-agent", "Safari")]), number(&[("user-agent", "Firefox")]));
        assert_eq!(number(&[("cookie", "session="), ("user-agent", "Safari")]), number(&[("user-agent", "Safari")]));
    }

    #[test]
    fn a_decision_sees_every_cookie_line() {
        let headers = headers(&[("cookie", "a=b"), ("cookie", "session=7f3a"), ("user-agent", "Firefox")]);
        let viewer = Viewer::new(&headers, "127.0.0.1".parse().unwrap());
        assert_eq!(viewer.cookie_lines().count(), 2);
        assert_eq!(viewer.client_ip(), Some(&b"127.0.0.1"[..]));
        assert_eq!(viewer.header("user-agent"), Some(&b"Firefox"[..]));
    }
}
