//! A request that has a pin costs no allocation over the bare service.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets the unexpected fails")]

use std::{
    convert::Infallible,
    future::{Ready, ready},
    hint::black_box,
    pin::pin,
    task::{Context, Waker},
    time::Duration,
};

use allocation_counter::measure;
use http::{HeaderName, HeaderValue, Request, Response};
use onebox_core::{Crawlers, Overrides, Pins, Policy, Ramp, Secret, Share, Step, Time};
use onebox_tower::OneboxLayer;
use tower::{Layer, Service, service_fn};

const RELEASE: &str = "web-2026-11-20";

/// How many names fill a header map before it grows.
const FULL: [usize; 3] = [6, 12, 24];

fn policy(secret: Option<&[u8]>) -> Policy {
    let keys = ["cookie:session", "client-ip+header:user-agent"].map(|key| key.parse().unwrap()).to_vec();
    let share: Share = "5%".parse().unwrap();
    Policy::new(RELEASE, share, keys).with_pins(Pins::new("__Host-onebox", RELEASE, secret.map(Secret::new)))
}

/// A request with a pin and so many headers, as a server fills it while it reads.
fn pinned(count: usize, pin: &str) -> Request<()> {
    let cookie = format!("theme=dark; __Host-onebox={pin}; session=7f3a");
    let mut request = Request::new(());
    request.headers_mut().insert("cookie", cookie.parse().unwrap());
    for at in 1..count {
        request
            .headers_mut()
            .insert(format!("x-{at}").parse::<HeaderName>().unwrap(), HeaderValue::from_static("value"));
    }
    request
}

fn bare(_: Request<()>) -> Ready<Result<Response<()>, Infallible>> {
    let mut response = Response::new(());
    response.headers_mut().insert("content-type", HeaderValue::from_static("text/html"));
    ready(Ok(response))
}

/// How often a service allocates for a request.
fn allocations<S: Service<Request<()>>>(mut service: S, request: Request<()>) -> u64 {
    let mut request = Some(request);
    let counted = measure(|| {
        let response = pin!(service.call(request.take().unwrap()));
        assert!(black_box(response.poll(&mut Context::from_waker(Waker::noop()))).is_ready());
    });
    counted.count_total
}

/// What a layer costs over the bare service.
fn over_bare(layer: &OneboxLayer, request: impl Fn() -> Request<()>) -> u64 {
    allocations(layer.layer(service_fn(bare)), request()) - allocations(service_fn(bare), request())
}

#[test]
fn a_pinned_request_allocates_nothing() {
    let unsigned = format!("{RELEASE}.4711");
    let pins = Pins::new("__Host-onebox", RELEASE, Some(Secret::new(b"swordfish")));
    let signed = pins.value(onebox_core::Bucket::new(4711).unwrap()).to_string();
    let all = |policy: Policy| {
        let noon: Time = "2026-11-20T12:00:00Z".parse().unwrap();
        let ramp = Ramp::schedule(vec![Step { at: noon, share: Share::ALL }]).unwrap();
        let all = Policy::new(RELEASE, ramp, policy.keys().to_vec()).with_pins(policy.pins().unwrap().clone());
        all.with_crawlers(Crawlers::new(vec!["bot".into()]))
            .with_overrides(Overrides::new("onebox-force", Secret::new(b"swordfish")))
    };
    for (name, policy, pin) in [
        ("unsigned", policy(None), &unsigned),
        ("signed", policy(Some(b"swordfish")), &signed),
        ("everything configured", all(policy(Some(b"swordfish"))), &signed),
    ] {
        let layer = OneboxLayer::new(policy).write_pins(Duration::from_secs(60)).debug(true);
        let named = layer.clone().header("X-Side".parse().unwrap());
        for count in (1..=40).filter(|count| !FULL.contains(count)) {
            assert_eq!(over_bare(&layer, || pinned(count, pin)), 0, "{name}, {count} headers");
            assert_eq!(over_bare(&named, || pinned(count, pin)), 0, "{name}, {count} headers, a name of its own");
        }
    }
}

#[test]
fn what_allocates_is_what_the_documentation_names() {
    let pin = format!("{RELEASE}.4711");
    let layer = OneboxLayer::new(policy(None)).write_pins(Duration::from_secs(60));
    for count in FULL {
        assert!(over_bare(&layer, || pinned(count, &pin)) > 0, "a map that is full of {count} names");
    }
    assert!(over_bare(&layer, || pinned(5, "stale")) > 0, "a pin to write");
    let with_extension = layer.extension(true);
    assert_eq!(over_bare(&with_extension, || pinned(5, &pin)), 3, "an assignment in new extensions");
    let in_use = || {
        let mut request = pinned(5, &pin);
        request.extensions_mut().insert("a server's own");
        request
    };
    assert_eq!(over_bare(&with_extension, in_use), 1, "an assignment beside another extension");
}
