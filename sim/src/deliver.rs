//! The last step of a request's way: the answer with CloudFront's own headers, past viewer-response, to the viewer.

use http::header;
use onebox_edge::Trigger;

use crate::{
    body::{Body, full},
    flow::{Flow, Stop},
    message::{Request, Response},
    observe::CacheResult,
    reply::Reply,
    rule::{Rule, Violation},
    validate::{Outcome, Returned, Sent},
};

/// What a viewer gets, and what is recorded of it.
pub(crate) struct Delivered {
    pub(crate) response: http::Response<Body>,
    pub(crate) cache: CacheResult,
    pub(crate) failures: Vec<Violation>,
}

impl Flow {
    /// Makes a viewer's response of an answer. `request` is the request as viewer-request left it; there is none if that
    /// trigger answered by itself or did not get to run. Viewer-response sees `received` instead, if there is one.
    ///
    /// What viewer-response adds is this viewer's alone: the cache has its object already.
    pub(crate) async fn deliver(
        &self,
        reply: Reply,
        request: Option<&Request>,
        received: Option<&Request>,
    ) -> Delivered {
        let (cache, mut failures) = (reply.cache, reply.failures.clone());
        let mut response = reply.deliver(request, &self.request_id);
        let Some(request) = request.filter(|_| self.associated_viewer(Trigger::ViewerResponse) && runs(&response))
        else {
            return Delivered { response, cache, failures };
        };
        let seen = Response { status: response.status(), headers: response.headers().clone() };
        match self.viewer_response(received.unwrap_or(request), &seen).await {
            Ok(returned) => {
                apply(&mut response, returned);
                Delivered { response, cache, failures }
            }
            Err(stop) => {
                let error = Reply::from(stop);
                failures.extend(error.failures.iter().cloned());
                Delivered { cache: error.cache, failures, response: error.deliver(None, &self.request_id) }
            }
        }
    }

    async fn viewer_response(&self, request: &Request, seen: &Response) -> Result<Returned, Stop> {
        match self.call_viewer(Trigger::ViewerResponse, Sent { request, response: Some(seen) }).await?.outcome {
            Outcome::Response(returned) => Ok(returned),
            Outcome::Request(_) => Err(Violation::new(Rule::Internal, "viewer-response returned a request").into()),
        }
    }
}

/// Whether viewer-response runs for a response: not after an error of the origin, nor for an error page.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-cloudfront-trigger-events.html>
fn runs(response: &http::Response<Body>) -> bool {
    response.status().as_u16() < 400
}

fn apply(response: &mut http::Response<Body>, returned: Returned) {
    let Returned { status, mut headers, body } = returned;
    // The length is the body's, whatever a function says of it.
    headers.remove(header::CONTENT_LENGTH);
    match body {
        Some(body) => *response.body_mut() = full(body),
        None => headers.extend(
            response.headers().get(header::CONTENT_LENGTH).map(|length| (header::CONTENT_LENGTH, length.clone())),
        ),
    }
    *response.status_mut() = status;
    *response.headers_mut() = headers;
}
