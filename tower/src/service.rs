use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower_service::Service;

use crate::{future::ResponseFuture, rules::Rules};

/// A service that is told the visitor's side: what [`OneboxLayer`](crate::OneboxLayer) makes of one.
///
/// ```
/// use http::{Request, Response};
/// use onebox_core::{Policy, Share};
/// use onebox_tower::{Onebox, OneboxLayer};
/// use tower::{Layer, service_fn};
///
/// let bare = service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(())));
/// let service: Onebox<_> = OneboxLayer::new(Policy::new("web-1", Share::ALL, Vec::new())).layer(bare);
/// # let _ = service;
/// ```
#[derive(Clone)]
pub struct Onebox<S> {
    inner: S,
    rules: Arc<Rules>,
}

impl<S> Onebox<S> {
    pub(crate) fn new(inner: S, rules: Arc<Rules>) -> Self {
        Self { inner, rules }
    }
}

impl<S, B, R> Service<Request<B>> for Onebox<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let outcome = self.rules.assign(&mut request);
        ResponseFuture::new(self.inner.call(request), Arc::clone(&self.rules), outcome)
    }
}

impl<S: fmt::Debug> fmt::Debug for Onebox<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Onebox").field("inner", &self.inner).finish_non_exhaustive()
    }
}
