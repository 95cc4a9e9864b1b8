//! The crowd: visitors who open pages and load what is in them, as browsers do with an empty cache. They are new: most
//! get their session with the first page, so that other keys decide its assets than decided the page.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::time::timeout;

use super::{
    origins::NO_TRACKING,
    site::{PATHS, assets_in},
    tally::{Kind, Seen},
};

/// The most connections that a crowd opens.
pub(super) const CONNECTIONS: usize = 64;
/// How long an answer may take. One that takes longer is lost.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest answer that is read, in bytes.
const LARGEST: usize = 1 << 20;
/// One visitor in so many gets no session, and is known by address and browser alone.
const WITHOUT_SESSION: usize = 5;

/// Many visitors of one site. Clones are the same crowd.
#[derive(Clone, Debug)]
pub(super) struct Crowd {
    address: SocketAddr,
    client: Client<HttpConnector, Empty<Bytes>>,
    visitors: Arc<[Visitor]>,
}

#[derive(Debug)]
struct Visitor {
    /// Whether the site may set a session.
    has_session: bool,
    agent: HeaderValue,
    /// The cookies that the site has set, each as `name=value`.
    jar: Mutex<Vec<String>>,
}

impl Crowd {
    /// So many visitors of the site at this address; the same seed gives the same visitors.
    pub(super) fn new(address: SocketAddr, visitors: usize, seed: u64) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(CONNECTIONS).build(connector);
        let mut random = fastrand::Rng::with_seed(seed);
        let visitors = (0..visitors).map(|number| Visitor::new(number, &mut random)).collect();
        Self { address, client, visitors }
    }

    /// How many visitors there are.
    pub(super) fn len(&self) -> usize {
        self.visitors.len()
    }

    /// One visitor opens one page and loads what is in it. `tell` hears every answer.
    pub(super) async fn open(&self, visitor: usize, visit: usize, mut tell: impl FnMut(u64, Seen)) {
        let (who, number) = (&self.visitors[visitor % self.visitors.len()], visitor as u64);
        let (seen, html) = self.get(who, PATHS[visit % PATHS.len()], Kind::Page).await;
        tell(number, seen);
        for path in assets_in(&html) {
            let (seen, _) = self.get(who, path, Kind::Asset).await;
            tell(number, seen);
        }
    }

    /// What one visitor gets who asks an API, as the script of a page does.
    pub(super) async fn ask_api(&self, visitor: usize, path: &str) -> Seen {
        self.get(&self.visitors[visitor % self.visitors.len()], path, Kind::Other).await.0
    }

    async fn get(&self, visitor: &Visitor, path: &str, kind: Kind) -> (Seen, String) {
        match timeout(PATIENCE, self.ask(visitor, path, kind)).await {
            Ok(Some(answer)) => answer,
            Ok(None) | Err(_) => (Seen::lost(kind), String::new()),
        }
    }

    /// The whole answer, or nothing.
    async fn ask(&self, visitor: &Visitor, path: &str, kind: Kind) -> Option<(Seen, String)> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = format!("http://{}{path}", self.address).parse().ok()?;
        let headers = request.headers_mut();
        headers.insert(header::USER_AGENT, visitor.agent.clone());
        headers.extend(visitor.cookies().map(|cookie| (header::COOKIE, cookie)));
        if !visitor.has_session {
            headers.insert(NO_TRACKING, HeaderValue::from_static("1"));
        }
        let accept = if kind == Kind::Page { "text/html,application/xhtml+xml,*/*;q=0.8" } else { "*/*" };
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));

        let (head, body) = self.client.request(request).await.ok()?.into_parts();
        let body = Limited::new(body, LARGEST).collect().await.ok()?.to_bytes();
        visitor.keep(&head.headers);
        let seen = Seen::of(kind, head.status, &head.headers);
        Some((seen, String::from_utf8_lossy(&body).into_owned()))
    }
}

impl Visitor {
    fn new(number: usize, random: &mut fastrand::Rng) -> Self {
        let agent = format!("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Demo/{:08x}", random.u32(..));
        Self {
            has_session: !number.is_multiple_of(WITHOUT_SESSION),
            // Letters and digits, so it is a header value.
            agent: HeaderValue::from_str(&agent).unwrap_or(HeaderValue::from_static("Demo")),
            jar: Mutex::default(),
        }
    }

    /// The line of all cookies, if there is one.
    fn cookies(&self) -> Option<HeaderValue> {
        let jar = self.jar.lock().unwrap_or_else(PoisonError::into_inner);
        (!jar.is_empty()).then(|| HeaderValue::from_str(&jar.join("; ")).ok()).flatten()
    }

    /// Keeps what an answer sets, as long as it walks.
    fn keep(&self, headers: &HeaderMap) {
        let set = headers.get_all(header::SET_COOKIE).into_iter().filter_map(|line| line.to_str().ok());
        for pair in set.filter_map(|line| line.split(';').next()) {
            let named = |kept: &String| kept.split('=').next() == pair.split('=').next();
            let mut jar = self.jar.lock().unwrap_or_else(PoisonError::into_inner);
            jar.retain(|kept| !named(kept));
            jar.push(pair.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_visitors_and_each_of_them_is_another() {
        let keys = |seed| {
            let crowd = Crowd::new(SocketAddr::from(([127, 0, 0, 1], 9)), 100, seed);
            crowd.visitors.iter().map(|visitor| (visitor.has_session, visitor.agent.clone())).collect::<Vec<_>>()
        };
        assert_eq!(keys(1), keys(1));
        assert_ne!(keys(1), keys(2));
        let distinct: std::collections::HashSet<_> = keys(1).into_iter().collect();
        assert_eq!(distinct.len(), 100);
        assert_eq!(keys(1).iter().filter(|(has_session, _)| !has_session).count(), 20);
    }

    #[test]
    fn a_visitor_keeps_the_last_cookie_of_a_name() {
        let visitor = Visitor::new(1, &mut fastrand::Rng::with_seed(1));
        assert_eq!(visitor.cookies(), None);
        for cookie in ["session=7f3a; Path=/", "__Host-onebox=demo.1; Path=/", "__Host-onebox=demo.2; Path=/; Secure"] {
            visitor.keep(&[(header::SET_COOKIE, HeaderValue::from_static(cookie))].into_iter().collect());
        }
        assert_eq!(visitor.cookies().unwrap(), "session=7f3a; __Host-onebox=demo.2");
    }

    #[tokio::test]
    async fn a_site_that_is_not_there_is_a_broken_page_and_no_panic() {
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut seen = Vec::new();
        Crowd::new(gone, 1, 1).open(0, 0, |_, answer| seen.push(answer)).await;
        assert_eq!(seen, [Seen::lost(Kind::Page)]);
    }
}
