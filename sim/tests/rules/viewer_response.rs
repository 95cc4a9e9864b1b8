//! viewer-response: when it runs, and that what it adds is one viewer's.
//!
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-cloudfront-trigger-events.html>

use std::sync::{Arc, Mutex};

use onebox_edge::Trigger;
use onebox_sim::{Fault, Rule, SeenRequest};
use serde_json::{Value, json};

use crate::{
    props::{Count, answer, status},
    stage::{Setup, config, pinned, unchanged},
};

const KEPT: (&str, &str) = ("cache-control", "max-age=60");

/// A setup that counts how often viewer-response runs.
fn counting() -> (Setup, Count) {
    let count = Count::default();
    let counted = count.clone();
    let setup = Setup::new().functions(move |trigger, event| {
        if trigger == Trigger::ViewerResponse {
            counted.add();
        }
        Ok(unchanged(trigger, &event))
    });
    (setup, count)
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html#function-restrictions-status-codes>
#[tokio::test]
async fn it_runs_for_hits_and_redirects_but_not_for_errors_of_the_origin_cached_or_not() {
    let (setup, count) = counting();
    let stage = setup
        .origin(|request| match request.uri().path() {
            "/missing" => status(404, &[KEPT]),
            "/failing" => status(500, &[("cache-control", "no-store")]),
            "/moved" => status(302, &[("location", "/")]),
            _ => answer("page", &[KEPT, ("etag", "\"v1\"")]),
        })
        .await;
    for (path, runs) in [("/", 1), ("/", 2), ("/missing", 2), ("/missing", 2), ("/failing", 2), ("/moved", 3)] {
        stage.get(path).await;
        assert_eq!(count.get(), runs, "{path}");
    }
    let known = stage.get_with("/", &[("if-none-match", "\"v1\"")]).await;
    assert_eq!((known.status().as_u16(), count.get()), (304, 4));
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-cloudfront-trigger-events.html>
#[tokio::test]
async fn it_runs_neither_for_cloudfronts_own_errors_nor_for_what_viewer_request_generates() {
    let (setup, count) = counting();
    let stage = setup.settings(|settings| settings.limits.connect_attempts = 1).start().await;
    assert_eq!(stage.get("/").await.status(), 502);
    assert_eq!(stage.try_send(http::Method::GET, "/", &[], "body").await.unwrap().status(), 403);
    assert_eq!(count.get(), 0);
    let generating = Setup::new().functions(|trigger, _| match trigger {
        Trigger::ViewerRequest => Ok(json!({"status": "200", "body": "made"})),
        _ => Err(Fault::Threw(format!("{trigger} ran"))),
    });
    let stage = generating.origin(|_| answer("never asked", &[])).await;
    assert_eq!(stage.get("/").await.text(), "made");
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html>
#[tokio::test]
async fn it_sees_the_request_as_viewer_request_left_it_and_the_age_of_a_hit() {
    let seen = Arc::new(Mutex::new(Value::Null));
    let keeping = seen.clone();
    let setup = Setup::new().functions(move |trigger, event| {
        let mut message = unchanged(trigger, &event);
        match trigger {
            Trigger::ViewerRequest => message["headers"]["x-tag"] = json!([{"key": "X-Tag", "value": "1"}]),
            Trigger::OriginRequest => message["uri"] = json!("/elsewhere"),
            Trigger::OriginResponse => {}
            Trigger::ViewerResponse => *keeping.lock().unwrap() = event["Records"][0]["cf"].clone(),
        }
        Ok(message)
    });
    let stage = setup.origin(|_| answer("page", &[KEPT])).await;
    stage.get("/shop").await;
    stage.hands.forward(7);
    stage.get("/shop").await;
    let cf = seen.lock().unwrap().clone();
    assert_eq!((&cf["request"]["uri"], cf["request"].get("origin")), (&json!("/shop"), None));
    assert_eq!(cf["request"]["headers"]["x-tag"], json!([{"key": "X-Tag", "value": "1"}]));
    assert_eq!(cf["response"]["headers"]["age"], json!([{"key": "Age", "value": "7"}]));
    assert_eq!(cf["response"]["statusDescription"], "OK");
}

/// The trap that pins avoid: a Set-Cookie of the origin side is cached and handed to others.
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Cookies.html>
#[tokio::test]
async fn what_it_adds_goes_to_one_viewer_and_what_origin_response_adds_to_all() {
    for (at, handed_out) in [(Trigger::ViewerResponse, ["1", "2"]), (Trigger::OriginResponse, ["1", "1"])] {
        let count = Count::default();
        let stage = Setup::new()
            .returning(at, move |mut response| {
                response["headers"]["set-cookie"] = json!([{"value": count.add().to_string()}]);
                response
            })
            .origin(|_| answer("page", &[KEPT]))
            .await;
        for expected in handed_out {
            assert_eq!(stage.get("/").await.header("set-cookie"), Some(expected), "{at}");
        }
    }
}

#[tokio::test]
async fn a_mistake_of_its_own_takes_the_place_of_the_answer_and_leaves_the_cache_alone() {
    let stage = Setup::new()
        .functions(|trigger, event| {
            let mut message = unchanged(trigger, &event);
            match event["Records"][0]["cf"]["request"]["querystring"].as_str() {
                Some("throw") if trigger == Trigger::ViewerResponse => return Err(Fault::Threw("no luck".into())),
                Some("status") if trigger == Trigger::ViewerResponse => message["status"] = json!("404"),
                _ => {}
            }
            Ok(message)
        })
        .cache_policy(|policy| policy.query_strings = onebox_sim::Selection::None)
        .origin(|_| answer("page", &[KEPT]))
        .await;
    for (path, code, x_cache, rule) in [
        ("/?throw", 503, "LambdaExecutionError from cloudfront", Rule::FunctionThrew),
        ("/?status", 502, "LambdaValidationError from cloudfront", Rule::ReadOnlyStatus),
    ] {
        let failed = stage.get(path).await;
        assert_eq!((failed.status().as_u16(), failed.x_cache()), (code, x_cache));
        assert!(!failed.text().contains("page"), "{}", failed.text());
        assert_eq!(stage.last_failures(), [rule]);
    }
    let good = stage.get("/").await;
    assert_eq!((good.text(), good.x_cache()), ("page", "Hit from cloudfront"));
}

#[tokio::test]
async fn a_visitor_is_pinned_on_the_first_answer_and_keeps_its_side_without_its_key() {
    let stage =
        Setup::of(pinned("50%")).origin(|request| answer(request.headers()["host"].as_bytes().to_vec(), &[KEPT])).await;
    for visitor in 0..20 {
        let first = stage.get_with("/", &[("cookie", &format!("sid={visitor}"))]).await;
        let cookie = first.header("set-cookie").unwrap().to_owned();
        assert!(cookie.starts_with("__Host-onebox=web-1."), "{cookie}");
        let pin = cookie.split(';').next().unwrap();
        let second = stage.get_with("/", &[("cookie", pin)]).await;
        assert_eq!((second.text(), second.header("set-cookie")), (first.text(), None), "{visitor}");
    }
}

#[tokio::test]
async fn a_configuration_without_pins_has_no_function_at_viewer_response_until_one_with_pins_is_deployed() {
    let stage = Setup::of(config("50%")).origin(|_| answer("page", &[KEPT])).await;
    let visit = async || stage.get_with("/", &[("cookie", "sid=1")]).await.header("set-cookie").map(str::to_owned);
    assert_eq!(visit().await, None);
    stage.distribution.deploy(pinned("50%")).await.unwrap();
    assert!(visit().await.is_some());
}

/// AWS's page on the events of CloudFront Functions can be read both ways:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html>.
#[tokio::test]
async fn it_sees_the_request_as_viewer_request_left_it_or_as_the_viewer_sent_it() {
    for (seen, expected) in [(SeenRequest::Changed, json!("changed")), (SeenRequest::Received, json!("sent"))] {
        let found = Arc::new(Mutex::new(Vec::new()));
        let kept = found.clone();
        let stage = Setup::new()
            .settings(|settings| settings.viewer_response = seen)
            .functions(move |trigger, event| {
                let mut message = unchanged(trigger, &event);
                if trigger == Trigger::ViewerRequest {
                    message["headers"]["x-any"] = json!([{"value": "changed"}]);
                }
                if trigger == Trigger::ViewerResponse {
                    let request = &event["Records"][0]["cf"]["request"];
                    kept.lock().unwrap().push(request["headers"]["x-any"][0]["value"].clone());
                }
                Ok(message)
            })
            .origin(|request| answer(request.headers()["x-any"].to_str().unwrap().to_owned(), &[KEPT]))
            .await;
        for _ in 0..2 {
            assert_eq!(stage.get_with("/", &[("x-any", "sent")]).await.text(), "changed");
        }
        assert_eq!(*found.lock().unwrap(), [expected.clone(), expected], "{seen:?}");
    }
}
