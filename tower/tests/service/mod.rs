//! A service behind the layer that answers with the request as it got it.
#![allow(dead_code, reason = "no test needs all of it")]

use std::{
    convert::Infallible,
    future::ready,
    pin::pin,
    task::{Context, Poll, Waker},
};

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use onebox_tower::OneboxLayer;
use tower::{Layer, Service, service_fn};

/// Headers, in order.
pub(crate) fn headers(lines: &[(&str, &[u8])]) -> HeaderMap {
    let line =
        |(name, value): &(&str, &[u8])| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value).unwrap());
    lines.iter().map(line).collect()
}

/// Sends a request through the layer to a service that answers with these headers.
pub(crate) fn send(layer: &OneboxLayer, request: Request<()>, answer: &HeaderMap) -> Response<Request<()>> {
    let mut service = layer.layer(service_fn(|request: Request<()>| {
        let mut response = Response::new(request);
        response.headers_mut().clone_from(answer);
        ready(Ok::<_, Infallible>(response))
    }));
    match pin!(service.call(request)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(response)) => response,
        Poll::Pending => panic!("the service is ready at once"),
    }
}

/// Sends a request with these headers.
pub(crate) fn ask(layer: &OneboxLayer, lines: &[(&str, &[u8])]) -> Response<Request<()>> {
    let mut request = Request::new(());
    *request.headers_mut() = headers(lines);
    send(layer, request, &HeaderMap::new())
}
