//! The two origins: each serves its own release, or the one that its alias gives, and answers 404 to the other's assets.
//! Both set the session cookie with a visitor's first page, as most sites do.

use std::{convert::Infallible, sync::Arc};

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use onebox_core::Partition;
use onebox_sim::{Body, full};

use super::{
    page::cookies::become_somebody,
    rollout::{API, Rollout},
    site::{ASSETS, Edition, File, Release},
    tally::SIDE,
};

/// The request header of who does not want to be tracked: <https://www.w3.org/TR/gpc/>.
pub(super) const NO_TRACKING: &str = "sec-gpc";

/// What an origin serves.
#[derive(Clone)]
pub(super) enum Origin {
    /// The same release all the time.
    Fixed(Arc<Release>),
    /// The one of two that the alias of its function gives.
    Rolled(Arc<[Release; 2]>, Arc<Rollout>),
}

impl Origin {
    /// The origin of a side.
    pub(super) fn of(side: Partition, rollout: Option<&Arc<Rollout>>) -> Self {
        match rollout {
            None => Self::Fixed(Arc::new(Release::of(side))),
            Some(rollout) => {
                let releases = [Edition::A, Edition::B].map(|edition| Release::new(side, edition, Some(API)));
                Self::Rolled(Arc::new(releases), rollout.clone())
            }
        }
    }

    /// Answers as the server of a release does.
    pub(super) async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        Ok(match self {
            Self::Fixed(release) => respond(&release, &request),
            Self::Rolled(releases, rollout) => {
                let [a, b] = &*releases;
                let release = match rollout.edition(a.side) {
                    Edition::A => a,
                    Edition::B => b,
                };
                respond(release, &request)
            }
        })
    }
}

fn respond<B>(release: &Release, request: &Request<B>) -> Response<Body> {
    let (method, path) = (request.method(), request.uri().path());
    let mut response = match release.file(path) {
        _ if method != Method::GET && method != Method::HEAD => status(StatusCode::METHOD_NOT_ALLOWED),
        Some(file) if is_first_page(request, file) => first_page(file),
        Some(file) if knows(request, file) => of(StatusCode::NOT_MODIFIED, file, ""),
        Some(file) => of(StatusCode::OK, file, &file.content),
        None if path.starts_with(ASSETS) => status(StatusCode::NOT_FOUND),
        None => of(StatusCode::NOT_FOUND, release.missing(), &release.missing().content),
    };
    response.headers_mut().insert(SIDE, HeaderValue::from_static(release.side.as_str()));
    response
}

/// Whether a visitor opens a page who has no cookie yet. Who does not want to be tracked gets none.
fn is_first_page<B>(request: &Request<B>, file: &File) -> bool {
    let headers = request.headers();
    file.is_page() && !headers.contains_key(header::COOKIE) && !headers.contains_key(NO_TRACKING)
}

/// The page with a session. A cache would hand one visitor's session to others.
fn first_page(file: &File) -> Response<Body> {
    let mut response = of(StatusCode::OK, file, &file.content);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    become_somebody(&mut response);
    response
}

fn knows<B>(request: &Request<B>, file: &File) -> bool {
    request.headers().get(header::IF_NONE_MATCH).is_some_and(|etag| etag.as_bytes() == file.etag.as_bytes())
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(full(""));
    *response.status_mut() = status;
    response
}

fn of(code: StatusCode, file: &File, content: &str) -> Response<Body> {
    let mut response = status(code);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(file.cache));
    headers.extend(HeaderValue::from_str(&file.etag).ok().map(|etag| (header::ETAG, etag)));
    *response.body_mut() = full(content.to_owned());
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::assets_in;

    #[test]
    fn a_first_page_sets_a_session_that_no_cache_keeps() {
        let release = Release::of(Partition::Regular);
        let open = |path: &str, header: (&str, &str)| {
            let response = respond(&release, &Request::get(path).header(header.0, header.1).body(()).unwrap());
            (response.headers().get("set-cookie").cloned(), response.headers()["cache-control"].clone())
        };
        let (cookie, cache) = open("/", ("accept", "text/html"));
        assert!(cookie.unwrap().to_str().unwrap().starts_with("session="));
        assert_eq!(cache, "private, no-store");
        assert_eq!(open("/", ("cookie", "session=7f3a")), (None, HeaderValue::from_static("no-cache")));
        assert_eq!(open("/", ("sec-gpc", "1")), (None, HeaderValue::from_static("no-cache")));
        let page = release.file("/").unwrap();
        assert_eq!(open(assets_in(&page.content)[0], ("accept", "*/*")).0, None);
    }

    fn ask(release: &Release, method: &str, path: &str, etag: Option<&str>) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path).header("cookie", "session=7f3a");
        request = etag.into_iter().fold(request, |request, etag| request.header("if-none-match", etag));
        respond(release, &request.body(()).unwrap())
    }

    #[test]
    fn an_origin_has_its_own_assets_and_not_the_other_release_s() {
        let (regular, one_box) = (Release::of(Partition::Regular), Release::of(Partition::OneBox));
        for path in assets_in(&regular.file("/").unwrap().content) {
            assert_eq!(ask(&regular, "GET", path, None).status(), 200, "{path}");
            let other = ask(&one_box, "GET", path, None);
            assert_eq!((other.status().as_u16(), &other.headers()[SIDE]), (404, &HeaderValue::from_static("one-box")));
        }
    }

    #[test]
    fn a_page_that_has_not_changed_is_not_sent_again() {
        let release = Release::of(Partition::Regular);
        let etag = release.file("/").unwrap().etag.clone();
        assert_eq!(ask(&release, "GET", "/", Some(&etag)).status(), 304);
        assert_eq!(ask(&release, "GET", "/", Some("\"other\"")).status(), 200);
    }

    #[test]
    fn what_is_not_there_and_what_is_not_done_is_said() {
        let release = Release::of(Partition::Regular);
        assert_eq!(ask(&release, "GET", "/tea/none", None).status(), 404);
        assert_eq!(ask(&release, "POST", "/", None).status(), 405);
    }
}
