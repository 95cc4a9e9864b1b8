//! What the layer costs a request that has a pin, beside the bare service.
//!
//! `cargo bench -p onebox-tower` measures both and prints the difference and the ratio.

use std::{
    convert::Infallible,
    env,
    future::{Ready, ready},
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use criterion::{BatchSize, Criterion};
use http::{HeaderValue, Request, Response, header::CONTENT_TYPE};
use onebox_core::{Pins, Policy, Share};
use onebox_tower::{Onebox, OneboxLayer};
use tower::{Layer, Service};

/// What the layer may add, in nanoseconds.
const AT_MOST: f64 = 150.0;

const RELEASE: &str = "web-2026-11-20";

/// A service that answers at once, as most of a page's parts are answered: with a type.
#[derive(Clone)]
struct Bare;

impl Service<Request<()>> for Bare {
    type Response = Response<Request<()>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        // The request goes along, so that freeing it is not measured.
        let mut response = Response::new(request);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        ready(Ok(response))
    }
}

fn layered() -> Onebox<Bare> {
    let keys = ["cookie:session", "client-ip+header:user-agent"].map(str::parse).into_iter().flatten().collect();
    let share = Share::from_thousandths(5_000).unwrap_or(Share::NONE);
    let policy = Policy::new(RELEASE, share, keys).with_pins(Pins::new("__Host-onebox", RELEASE, None));
    OneboxLayer::new(policy).write_pins(Duration::from_secs(7 * 24 * 60 * 60)).layer(Bare)
}

/// What a browser sends.
fn request() -> Request<()> {
    let mut request = Request::new(());
    for (name, value) in [
        ("host", "www.example.org"),
        (
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
        ),
        ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"),
        ("accept-language", "de-DE,de;q=0.9,en;q=0.8"),
        ("accept-encoding", "gzip, deflate, br, zstd"),
        ("referer", "https://www.example.org/shop"),
        ("cookie", "theme=dark; session=7f3a2c91d04b4ac8; __Host-onebox=web-2026-11-20.4711; consent=1"),
        ("sec-fetch-mode", "navigate"),
    ] {
        request.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    request
}

#[inline]
fn answer<S: Service<Request<()>>>(service: &mut S, request: Request<()>) -> Poll<Result<S::Response, S::Error>> {
    pin!(service.call(black_box(request))).poll(&mut Context::from_waker(Waker::noop()))
}

/// Nanoseconds for each of many requests, the requests made and freed outside.
fn round<S: Service<Request<()>>>(service: &mut S) -> f64 {
    const REQUESTS: u32 = 512;
    let requests: Vec<_> = (0..REQUESTS).map(|_| request()).collect();
    let mut answers = Vec::with_capacity(requests.len());
    let start = Instant::now();
    answers.extend(requests.into_iter().map(|request| answer(service, request)));
    let took = start.elapsed();
    drop(black_box(answers));
    took.as_secs_f64() * 1e9 / f64::from(REQUESTS)
}

/// The medians of rounds that take turns, so that a busy machine slows both.
fn race() -> (f64, f64) {
    const ROUNDS: usize = 2_001;
    let (mut bare, mut layered) = (Bare, layered());
    let (mut without, mut with): (Vec<_>, Vec<_>) =
        (0..ROUNDS).map(|_| (round(&mut bare), round(&mut layered))).unzip();
    let median = |times: &mut Vec<f64>| *times.select_nth_unstable_by(ROUNDS / 2, f64::total_cmp).1;
    (median(&mut without), median(&mut with))
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("pinned");
    let (mut bare, mut layer) = (Bare, layered());
    group.bench_function("bare", |b| {
        b.iter_batched(request, |request| answer(&mut bare, request), BatchSize::SmallInput)
    });
    group.bench_function("layer", |b| {
        b.iter_batched(request, |request| answer(&mut layer, request), BatchSize::SmallInput)
    });
    group.finish();
    criterion.final_summary();
    // Anything but cargo's own `--bench` narrows the run down.
    if !env::args().skip(1).eq(["--bench"]) {
        return;
    }
    let (bare, layer) = race();
    let over = layer - bare;
    let verdict = if over <= AT_MOST { "ok" } else { "MISSED" };
    println!("pinned: bare {bare:.1} ns, layer {layer:.1} ns: layer / bare {:.2} x", layer / bare);
    println!("  {over:.1} ns over bare, at most {AT_MOST}: {verdict}");
}
