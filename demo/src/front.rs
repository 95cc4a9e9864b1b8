//! What answers on the demo's port: the page at `/__onebox/`, the API if there is one, and the distribution for
//! everything else.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use http::{Request, Response};
use hyper::body::Incoming;
use onebox_sim::Body;

use super::{
    page::{self, Page},
    rollout::API,
    stage::Stage,
    tally::{Kind, Seen},
    viewer::Visitors,
};

/// The page and the stage it shows.
pub(super) struct Front {
    stage: Arc<Stage>,
    visitors: Visitors,
    page: Page,
}

impl Front {
    /// In front of this stage.
    pub(super) fn new(stage: Arc<Stage>, page: Page) -> Self {
        Self { stage, visitors: Visitors::new(), page }
    }

    /// Answers one request.
    pub(super) async fn answer(
        self: Arc<Self>,
        client: SocketAddr,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Infallible> {
        let path = request.uri().path();
        let below = |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        Ok(match &self.stage.rollout {
            _ if below(page::ROOT) => self.page.answer(client, request).await,
            // A behaviour of its own, without functions and without a cache.
            Some(rollout) if below(API) => rollout.order(&request),
            _ => self.counted(client, request).await,
        })
    }

    /// The distribution's answer, written on the board.
    async fn counted(&self, client: SocketAddr, request: Request<Incoming>) -> Response<Body> {
        let visitor = self.visitors.number(request.headers());
        let is_new = self.visitors.session(request.headers()).is_none();
        let kind = Kind::of(request.uri().path(), request.headers());
        let ticket = self.stage.board.ticket();
        let response = self.stage.distribution.handle(client, request).await;
        let newcomer = self.visitors.newcomer(response.headers()).filter(|_| is_new);
        let visitor = newcomer.unwrap_or(visitor);
        self.stage.board.seen(ticket, visitor, Seen::of(kind, response.status(), response.headers()));
        response
    }
}
