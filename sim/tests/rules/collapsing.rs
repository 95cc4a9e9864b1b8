//! Requests for one object at one time.
//!
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#request-custom-traffic-spikes>

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::Semaphore};

use crate::{
    props::{Count, answer, until},
    stage::{Setup, Stage},
};

/// An origin that answers with the number of the request, as often as the gate lets it.
async fn gated(setup: Setup, count: &Count, gate: &Arc<Semaphore>, cache_control: &'static str) -> Stage {
    let (count, gate) = (count.clone(), gate.clone());
    setup
        .slow_origin(move |_| {
            let number = count.add();
            let gate = gate.clone();
            async move {
                gate.acquire().await.unwrap().forget();
                answer(number.to_string(), &[("cache-control", cache_control)])
            }
        })
        .await
}

/// Sends ten requests at once, lets the origin answer when `asked` have reached it, and counts what it was asked.
async fn spike(cache_control: &'static str, min_ttl: u64, asked: u64) -> u64 {
    let (count, gate) = (Count::default(), Arc::new(Semaphore::new(0)));
    let setup = Setup::new().cache_policy(|policy| policy.min_ttl = Duration::from_secs(min_ttl));
    let stage = gated(setup, &count, &gate, cache_control).await;
    let requests = join_all((0..10).map(|_| stage.get("/")));
    let opening = async {
        until(|| count.get() == 1).await;
        gate.add_permits(1);
        until(|| count.get() >= asked).await;
        gate.add_permits(10);
    };
    let (answers, ()) = tokio::join!(requests, opening);
    assert!(answers.iter().all(|answer| answer.status() == 200));
    count.get()
}

#[tokio::test]
async fn requests_for_one_object_wait_for_the_first_answer() {
    assert_eq!(spike("max-age=60", 0, 1).await, 1);
}

#[tokio::test]
async fn private_answers_are_not_shared() {
    for directive in ["private", "no-store", "no-cache", "max-age=0", "s-maxage=0"] {
        assert_eq!(spike(directive, 0, 10).await, 10, "{directive}");
    }
}

#[tokio::test]
async fn with_a_minimum_even_private_answers_are_shared() {
    assert_eq!(spike("private", 1, 1).await, 1);
}

#[tokio::test]
async fn a_first_viewer_that_goes_away_does_not_take_the_answer_with_it() {
    let (count, gate) = (Count::default(), Arc::new(Semaphore::new(0)));
    let stage = gated(Setup::new(), &count, &gate, "max-age=60").await;
    let first = tokio::time::timeout(Duration::from_millis(100), stage.get("/"));
    let gone = tokio::join!(first, until(|| count.get() == 1)).0;
    assert!(gone.is_err(), "the origin had not answered yet");
    let second = async {
        gate.add_permits(1);
        stage.get("/").await
    };
    assert_eq!(second.await.text(), "1");
    assert_eq!(count.get(), 1);
}

/// The cache's copy is read as fast as the origin gives it.
#[tokio::test]
async fn a_first_viewer_that_does_not_read_does_not_hold_up_the_others() {
    let count = Count::default();
    let counted = count.clone();
    let stage = Setup::new()
        .origin(move |_| {
            counted.add();
            answer(vec![b'x'; 8 << 20], &[("cache-control", "max-age=60")])
        })
        .await;
    let mut idle = TcpStream::connect(stage.address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    until(|| count.get() == 1).await;
    let second = stage.get("/").await;
    assert_eq!((second.body.len(), second.x_cache(), count.get()), (8 << 20, "Hit from cloudfront", 1));
}

/// Once an answer was not for others, nobody waits for the next one.
#[tokio::test]
async fn requests_for_a_private_object_do_not_wait_for_each_other() {
    for directive in ["private", "no-store", "max-age=0"] {
        let (count, gate) = (Count::default(), Arc::new(Semaphore::new(1)));
        let stage = gated(Setup::new(), &count, &gate, directive).await;
        stage.get("/").await;
        let requests = join_all((0..5).map(|_| stage.get("/")));
        let opening = async {
            until(|| count.get() == 6).await;
            gate.add_permits(5);
        };
        tokio::join!(requests, opening);
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Invalidation.html>
#[tokio::test]
async fn an_answer_that_was_asked_for_before_an_invalidation_is_not_kept() {
    let (count, gate) = (Count::default(), Arc::new(Semaphore::new(0)));
    let stage = gated(Setup::new(), &count, &gate, "max-age=60").await;
    let invalidating = async {
        until(|| count.get() == 1).await;
        stage.distribution.invalidate_all();
        gate.add_permits(2);
    };
    let (old, ()) = tokio::join!(stage.get("/"), invalidating);
    assert_eq!((old.text(), stage.get("/").await.text()), ("1", "2"));
}
