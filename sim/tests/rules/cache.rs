//! What is kept, for how long, and what is made of it.

use http::{Method, StatusCode};
use onebox_sim::Rule;

use crate::{
    props::{Count, answer, status, until},
    stage::Setup,
};

const EXPIRATION: &str = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html";

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html>
#[tokio::test]
async fn an_object_is_used_until_its_time_is_over_and_says_its_age() {
    let count = Count::default();
    let stage = Setup::new()
        .origin(move |_| answer(count.add().to_string(), &[("cache-control", "max-age=60"), ("age", "5")]))
        .await;
    assert_eq!(stage.get("/").await.header("age"), Some("5"));
    stage.hands.forward(59);
    let hit = stage.get("/").await;
    assert_eq!(
        (hit.text(), hit.x_cache(), hit.header("age")),
        ("1", "Hit from cloudfront", Some("64")),
        "{EXPIRATION}"
    );
    stage.hands.forward(1);
    let expired = stage.get("/").await;
    assert_eq!((expired.text(), expired.x_cache()), ("2", "Miss from cloudfront"));
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#RequestCustomConditionalGETs>
#[tokio::test]
async fn an_expired_object_is_confirmed_by_its_origin() {
    for (validator, value, condition) in
        [("etag", "\"v1\"", "if-none-match"), ("last-modified", "Fri, 20 Nov 2026 12:00:00 GMT", "if-modified-since")]
    {
        let stage = Setup::new()
            .origin(move |request| match request.headers().get(condition) {
                Some(sent) => {
                    assert_eq!(sent, value);
                    status(304, &[("cache-control", "max-age=10"), ("x-new", "yes")])
                }
                None => answer("page", &[("cache-control", "max-age=1"), (validator, value)]),
            })
            .await;
        stage.get("/").await;
        stage.hands.forward(2);
        let confirmed = stage.get("/").await;
        assert_eq!((confirmed.status(), confirmed.text()), (StatusCode::OK, "page"));
        assert_eq!((confirmed.x_cache(), confirmed.header("x-new")), ("RefreshHit from cloudfront", Some("yes")));
        let control: Vec<_> = confirmed.head.headers.get_all("cache-control").iter().collect();
        assert_eq!(control, ["max-age=10"]);
        stage.hands.forward(9);
        assert_eq!(stage.get("/").await.x_cache(), "Hit from cloudfront");
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html#HTTPStatusCodes-cached-errors>
#[tokio::test]
async fn errors_are_kept_for_ten_seconds() {
    let count = Count::default();
    let counted = count.clone();
    let stage = Setup::new()
        .origin(move |_| {
            counted.add();
            status(404, &[])
        })
        .await;
    stage.get("/").await;
    stage.hands.forward(9);
    let kept = stage.get("/").await;
    assert_eq!((kept.status(), kept.x_cache(), count.get()), (StatusCode::NOT_FOUND, "Error from cloudfront", 1));
    stage.hands.forward(1);
    stage.get("/").await;
    assert_eq!(count.get(), 2);
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html#HTTPStatusCodes-no-custom-error-pages-in-cache>
#[tokio::test]
async fn an_expired_object_is_served_while_its_origin_is_failing() {
    let count = Count::default();
    let counted = count.clone();
    let stage = Setup::new()
        .origin(move |_| match counted.add() {
            1 => answer("page", &[("cache-control", "max-age=60")]),
            _ => status(503, &[]),
        })
        .await;
    stage.get("/").await;
    stage.hands.forward(60);
    for _ in 0..3 {
        let stale = stage.get("/").await;
        assert_eq!((stale.status(), stale.text(), stale.header("age")), (StatusCode::OK, "page", Some("60")));
    }
    assert_eq!(count.get(), 2, "for ten seconds the origin is left alone");
    stage.hands.forward(10);
    stage.get("/").await;
    assert_eq!(count.get(), 3);
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html#stale-content>
#[tokio::test]
async fn an_expired_object_is_not_served_when_its_origin_forbids_that() {
    let count = Count::default();
    let stage = Setup::new()
        .origin(move |_| match count.add() {
            1 => answer("page", &[("cache-control", "max-age=60, stale-if-error=0")]),
            _ => status(503, &[]),
        })
        .await;
    stage.get("/").await;
    stage.hands.forward(60);
    assert_eq!(stage.get("/").await.status(), StatusCode::SERVICE_UNAVAILABLE);
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#RequestCustomHTTPMethods>
#[tokio::test]
async fn only_get_and_head_are_cached() {
    for (method, asked) in [
        (Method::GET, 1),
        (Method::HEAD, 1),
        (Method::OPTIONS, 2),
        (Method::POST, 2),
        (Method::PUT, 2),
        (Method::PATCH, 2),
        (Method::DELETE, 2),
    ] {
        let count = Count::default();
        let counted = count.clone();
        let stage = Setup::new()
            .origin(move |_| {
                counted.add();
                answer("page", &[("cache-control", "max-age=60")])
            })
            .await;
        for _ in 0..2 {
            assert_eq!(stage.send(method.clone(), "/", &[]).await.status(), StatusCode::OK);
        }
        assert_eq!(count.get(), asked, "{method}");
    }
}

#[tokio::test]
async fn a_cached_page_answers_head_and_a_cached_head_does_not_answer_get() {
    let stage = Setup::new().origin(|_| answer("page", &[("cache-control", "max-age=60")])).await;
    let missed = stage.send(Method::HEAD, "/", &[]).await;
    assert_eq!((missed.x_cache(), missed.header("content-length")), ("Miss from cloudfront", Some("4")));
    let page = stage.get("/").await;
    assert_eq!((page.text(), page.x_cache()), ("page", "Miss from cloudfront"));
    let head = stage.send(Method::HEAD, "/", &[]).await;
    assert_eq!((head.x_cache(), head.header("content-length"), head.text()), ("Hit from cloudfront", Some("4"), ""));
}

#[tokio::test]
async fn a_viewer_that_has_the_object_is_told_so() {
    let stage = Setup::new()
        .origin(|request| {
            assert!(!request.headers().contains_key("if-none-match"));
            answer("page", &[("etag", "\"v1\""), ("last-modified", "Fri, 20 Nov 2026 12:00:00 GMT")])
        })
        .await;
    for (name, value, expected) in [
        ("if-none-match", "\"v1\"", 304),
        ("if-none-match", "\"v0\", W/\"v1\"", 304),
        ("if-none-match", "*", 304),
        ("if-none-match", "\"v2\"", 200),
        ("if-modified-since", "Fri, 20 Nov 2026 12:00:00 GMT", 304),
        ("if-modified-since", "Fri, 20 Nov 2026 11:59:59 GMT", 200),
        ("if-modified-since", "yesterday", 200),
    ] {
        assert_eq!(stage.get_with("/", &[(name, value)]).await.status(), expected, "{name}: {value}");
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RangeGETs.html>
#[tokio::test]
async fn a_part_that_is_not_cached_is_the_origins_and_is_not_kept() {
    let stage = Setup::new()
        .origin(|request| match request.headers().get("range") {
            Some(_) => status(206, &[("content-range", "bytes 0-1/10"), ("cache-control", "max-age=60")]),
            None => answer("0123456789", &[("cache-control", "max-age=60")]),
        })
        .await;
    for _ in 0..2 {
        let part = stage.get_with("/", &[("range", "bytes=0-1")]).await;
        assert_eq!((part.status(), part.x_cache()), (StatusCode::PARTIAL_CONTENT, "Miss from cloudfront"));
    }
    assert_eq!(stage.get("/").await.text(), "0123456789");
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RangeGETs.html>
#[tokio::test]
async fn a_part_of_a_cached_object_is_cut_out_of_it() {
    let stage = Setup::new().origin(|_| answer("0123456789", &[("cache-control", "max-age=60")])).await;
    stage.get("/").await;
    let part = stage.get_with("/", &[("range", "bytes=2-4")]).await;
    assert_eq!((part.status(), part.text()), (StatusCode::PARTIAL_CONTENT, "234"));
    assert_eq!(part.header("content-range"), Some("bytes 2-4/10"));
    let outside = stage.get_with("/", &[("range", "bytes=10-")]).await;
    assert_eq!(outside.status(), StatusCode::RANGE_NOT_SATISFIABLE);
}

#[tokio::test]
async fn an_object_that_is_too_large_passes_and_that_is_logged() {
    let stage = Setup::new()
        .settings(|settings| settings.limits.object_bytes = 1000)
        .origin(|request| answer(vec![b'x'; request.uri().query().unwrap().parse().unwrap()], &[]))
        .await;
    for (path, second) in [("/?1000", "Hit from cloudfront"), ("/?1001", "Miss from cloudfront")] {
        stage.get(path).await;
        assert_eq!(stage.get(path).await.x_cache(), second, "{path}");
    }
    until(|| stage.broken().contains(&Rule::ObjectNotCached)).await;
}

#[tokio::test]
async fn an_invalidation_empties_the_cache() {
    let stage = Setup::new().origin(|_| answer("page", &[])).await;
    stage.get("/").await;
    assert_eq!(stage.get("/").await.x_cache(), "Hit from cloudfront");
    stage.distribution.invalidate_all();
    assert_eq!(stage.get("/").await.x_cache(), "Miss from cloudfront");
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html>
#[tokio::test]
async fn a_viewers_cache_control_is_ignored() {
    let stage = Setup::new().origin(|_| answer("page", &[])).await;
    stage.get("/").await;
    let forced = stage.get_with("/", &[("cache-control", "no-cache"), ("pragma", "no-cache")]).await;
    assert_eq!(forced.x_cache(), "Hit from cloudfront");
}
