use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::Response;
use pin_project_lite::pin_project;

use crate::rules::{Outcome, Rules};

pin_project! {
    /// The response of an [`Onebox`](crate::Onebox) service to come.
    ///
    /// ```
    /// use http::{Request, Response};
    /// use onebox_core::{Policy, Share};
    /// use onebox_tower::{OneboxLayer, ResponseFuture};
    /// use tower::{Layer, Service, service_fn};
    ///
    /// let bare = service_fn(|_: Request<()>| std::future::ready(Ok::<_, ()>(Response::new(()))));
    /// let mut service = OneboxLayer::new(Policy::new("web-1", Share::ALL, Vec::new())).layer(bare);
    /// let response: ResponseFuture<_> = service.call(Request::new(()));
    /// # let _ = response;
    /// ```
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        rules: Arc<Rules>,
        outcome: Outcome,
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn new(inner: F, rules: Arc<Rules>, outcome: Outcome) -> Self {
        Self { inner, rules, outcome }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // In place: a response is some hundred bytes long.
        let mut polled = this.inner.poll(cx);
        if let Poll::Ready(Ok(response)) = &mut polled {
            this.rules.respond(*this.outcome, response.headers_mut());
        }
        polled
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
