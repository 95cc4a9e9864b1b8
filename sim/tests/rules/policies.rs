//! What the policies put into the key, and let through of an answer.

use onebox_sim::{CachePolicy, OriginRequestPolicy};

use crate::{
    props::{Count, answer},
    stage::Setup,
};

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Cookies.html>
#[tokio::test]
async fn set_cookie_is_cached_with_its_object_when_cookies_are_forwarded_and_removed_when_not() {
    let page = |_| answer("page", &[("set-cookie", "seen=1"), ("set-cookie", "lang=en")]);
    let forwarding = Setup::new().origin(page).await;
    for _ in 0..2 {
        let cookies: Vec<_> = forwarding.get("/").await.head.headers.get_all("set-cookie").iter().cloned().collect();
        assert_eq!(cookies, ["seen=1", "lang=en"]);
    }
    let plain = Setup::new()
        .settings(|settings| settings.origin_request_policy = OriginRequestPolicy::none())
        .origin(move |request| {
            assert!(!request.headers().contains_key("cookie"));
            page(request)
        })
        .await;
    assert_eq!(plain.get_with("/", &[("cookie", "a=1")]).await.header("set-cookie"), None);
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Cookies.html>
#[tokio::test]
async fn an_origin_can_keep_set_cookie_out_of_the_cache() {
    let stage = Setup::new()
        .origin(|_| {
            answer("page", &[("set-cookie", "seen=1"), ("cache-control", "max-age=60, no-cache=\"Set-Cookie\"")])
        })
        .await;
    assert_eq!(stage.get("/").await.header("set-cookie"), Some("seen=1"));
    let hit = stage.get("/").await;
    assert_eq!((hit.x_cache(), hit.header("set-cookie")), ("Hit from cloudfront", None));
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#ResponseCustomRemovedHeaders>
#[tokio::test]
async fn vary_keeps_only_names_that_are_forwarded() {
    let origin = |request: http::Request<bytes::Bytes>| answer("", &[("vary", request.uri().query().unwrap())]);
    let narrow = Setup::new().settings(|s| s.origin_request_policy = OriginRequestPolicy::none()).origin(origin).await;
    let wide = Setup::new().origin(origin).await;
    for (sent, narrowly, widely) in [
        ("Accept-Encoding", Some("Accept-Encoding"), Some("Accept-Encoding")),
        ("cookie", Some("cookie"), Some("cookie")),
        ("X-Req-Partition", Some("X-Req-Partition"), Some("X-Req-Partition")),
        ("Accept-Language", None, Some("Accept-Language")),
        ("User-Agent,X-Req-Partition", Some("X-Req-Partition"), Some("User-Agent, X-Req-Partition")),
        ("*", Some("*"), Some("*")),
    ] {
        let path = format!("/?{sent}");
        // The native origin-response adds the partition header's name.
        let with_partition = |vary: Option<&str>| match vary {
            Some("*") => Some("*".to_owned()),
            Some(vary) if vary.contains("X-Req-Partition") => Some(vary.to_owned()),
            Some(vary) => Some(format!("{vary}, X-Req-Partition")),
            None => Some("X-Req-Partition".to_owned()),
        };
        assert_eq!(narrow.get(&path).await.header("vary"), with_partition(narrowly).as_deref(), "{sent}");
        assert_eq!(wide.get(&path).await.header("vary"), with_partition(widely).as_deref(), "{sent}");
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#ResponseCustomContentNegotiation>
#[tokio::test]
async fn vary_by_everything_asks_the_origin_every_time_unless_there_is_a_minimum() {
    for (min_ttl, asked) in [(0, 2), (1, 1)] {
        let count = Count::default();
        let counted = count.clone();
        let stage = Setup::new()
            .cache_policy(|policy| policy.min_ttl = std::time::Duration::from_secs(min_ttl))
            .origin(move |request| {
                assert!(!request.headers().contains_key("if-none-match"));
                counted.add();
                answer("page", &[("vary", "*"), ("etag", "\"v1\"")])
            })
            .await;
        stage.get("/").await;
        stage.get("/").await;
        assert_eq!(count.get(), asked, "MinTTL {min_ttl}");
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/header-caching.html>
#[tokio::test]
async fn the_key_is_what_the_policy_takes_with_the_letter_case_of_values() {
    let stage = Setup::new()
        .cache_policy(|policy| {
            policy.headers = onebox_sim::Selection::Only(vec!["x-side".into()]);
            policy.cookies = onebox_sim::Selection::Only(vec!["lang".into()]);
            policy.query_strings = onebox_sim::Selection::Only(vec!["page".into()]);
        })
        .origin(|_| answer("page", &[]))
        .await;
    let first = ("/?page=1&utm=a", [("x-side", "one"), ("cookie", "sid=1; lang=en"), ("accept-encoding", "gzip")]);
    stage.get_with(first.0, &first.1).await;
    for (path, headers, x_cache) in [
        ("/?page=1&utm=b", first.1, "Hit"),
        ("/?page=2&utm=a", first.1, "Miss"),
        (
            "/?page=1",
            [("X-SIDE", "one"), ("cookie", "lang=en; sid=2"), ("accept-encoding", "deflate, gzip;q=0.5")],
            "Hit",
        ),
        ("/?page=1", [("x-side", "One"), first.1[1], first.1[2]], "Miss"),
        ("/?page=1", [first.1[0], ("cookie", "lang=de"), first.1[2]], "Miss"),
        ("/?page=1", [first.1[0], first.1[1], ("accept-encoding", "gzip, br")], "Miss"),
        ("/?page=1", [first.1[0], first.1[1], ("accept-encoding", "gzip;q=0")], "Miss"),
        ("/x?page=1", first.1, "Miss"),
    ] {
        let found = stage.get_with(path, &headers).await;
        assert_eq!(found.x_cache(), format!("{x_cache} from cloudfront"), "{path} {headers:?}");
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html#managed-cache-policy-caching-disabled>
#[tokio::test]
async fn caching_disabled_caches_nothing() {
    let disabled = r#"{"Comment": "", "Name": "Managed-CachingDisabled", "DefaultTTL": 0, "MaxTTL": 0, "MinTTL": 0,
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "EnableAcceptEncodingGzip": false, "EnableAcceptEncodingBrotli": false,
            "HeadersConfig": {"HeaderBehavior": "none"}, "CookiesConfig": {"CookieBehavior": "none"},
            "QueryStringsConfig": {"QueryStringBehavior": "none"}}}"#;
    let stage = Setup::new()
        .settings(|settings| settings.cache_policy = CachePolicy::from_json(disabled).unwrap())
        .origin(|request| {
            answer(format!("{:?}", request.headers().get("accept-encoding")), &[("cache-control", "max-age=60")])
        })
        .await;
    for _ in 0..2 {
        let got = stage.get_with("/", &[("accept-encoding", "gzip, zstd")]).await;
        // Not normalised, it is a header like any other, which the origin request policy forwards.
        assert_eq!((got.text(), got.x_cache()), ("Some(\"gzip, zstd\")", "Miss from cloudfront"));
    }
}
