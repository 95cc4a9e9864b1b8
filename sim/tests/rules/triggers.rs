//! The order of the triggers and what they are given.
//!
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-cloudfront-trigger-events.html>

use std::sync::{Arc, Mutex};

use http::{Method, StatusCode};
use onebox_edge::Trigger;
use onebox_sim::{CacheResult, Fault};
use serde_json::{Value, json};

use crate::{
    props::{Count, answer, status},
    stage::{Answer, ONE_BOX, REGULAR, Setup, Stage, config, unchanged},
};

type Events = Arc<Mutex<Vec<(Trigger, Value)>>>;

/// A setup whose functions remember their events.
fn remembering() -> (Setup, Events) {
    let events = Events::default();
    let seen = events.clone();
    let setup = Setup::new().functions(move |trigger, event| {
        let result = unchanged(trigger, &event);
        seen.lock().unwrap().push((trigger, event));
        Ok(result)
    });
    (setup, events)
}

fn order(events: &Events) -> Vec<Trigger> {
    events.lock().unwrap().drain(..).map(|(trigger, _)| trigger).collect()
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-cloudfront-trigger-events.html>
#[tokio::test]
async fn all_triggers_run_on_a_miss_and_only_the_viewers_on_a_hit() {
    let (setup, events) = remembering();
    let stage = setup.origin(|_| answer("page", &[("cache-control", "max-age=60")])).await;
    assert_eq!(stage.get("/").await.x_cache(), "Miss from cloudfront");
    assert_eq!(order(&events), Trigger::ALL);
    assert_eq!(stage.get("/").await.x_cache(), "Hit from cloudfront");
    assert_eq!(order(&events), [Trigger::ViewerRequest, Trigger::ViewerResponse]);
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-cloudfront-trigger-events.html>
#[tokio::test]
async fn origin_response_runs_for_an_origins_errors_too() {
    let (setup, events) = remembering();
    let stage = setup.origin(|_| status(404, &[])).await;
    let missing = stage.get("/").await;
    assert_eq!((missing.status(), missing.x_cache()), (StatusCode::NOT_FOUND, "Error from cloudfront"));
    assert_eq!(order(&events).last(), Some(&Trigger::OriginResponse));
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html>
#[tokio::test]
async fn events_have_the_documented_fields() {
    let (setup, events) = remembering();
    let stage = setup.origin(|_| answer("page", &[("vary", "Accept-Encoding")])).await;
    stage.get_with("/shop?p=2", &[("cookie", "a=1"), ("cookie", "b=2"), ("x-req-partition", "regular")]).await;
    let events = events.lock().unwrap();
    let cf = |index: usize| &events[index].1["Records"][0]["cf"];
    let viewer = cf(0);
    assert_eq!(viewer["config"]["eventType"], "viewer-request");
    assert_eq!(viewer["config"]["distributionDomainName"], "d1onebox.cloudfront.net");
    assert_eq!(viewer["config"]["distributionId"], "E1ONEBOX");
    assert_eq!(viewer["request"]["clientIp"], "127.0.0.1");
    assert_eq!(viewer["request"]["method"], "GET");
    assert_eq!(viewer["request"]["uri"], "/shop");
    assert_eq!(viewer["request"]["querystring"], "p=2");
    assert_eq!(
        viewer["request"]["headers"]["cookie"],
        json!([{"key": "Cookie", "value": "a=1"}, {"key": "Cookie", "value": "b=2"}])
    );
    assert!(viewer["request"].get("origin").is_none() && viewer.get("response").is_none());
    let origin = cf(1);
    assert_eq!(origin["request"]["headers"]["host"], json!([{"key": "Host", "value": REGULAR}]));
    assert_eq!(
        origin["request"]["origin"],
        json!({"custom": {"customHeaders": {}, "domainName": REGULAR, "keepaliveTimeout": 5, "path": "", "port": 80,
                          "protocol": "http", "readTimeout": 30, "sslProtocols": ["TLSv1.2"]}})
    );
    let response = cf(2);
    assert_eq!(response["request"], origin["request"]);
    assert_eq!(response["response"]["status"], "200");
    assert_eq!(response["response"]["statusDescription"], "OK");
    assert_eq!(response["response"]["headers"]["vary"], json!([{"key": "Vary", "value": "Accept-Encoding"}]));
    let returned = cf(3);
    assert_eq!(returned["config"]["eventType"], "viewer-response");
    assert_eq!(returned["request"], viewer["request"]);
    assert_eq!(returned["response"]["status"], "200");
    let headers = &returned["response"]["headers"];
    assert_eq!(headers["via"], json!([{"key": "Via", "value": "1.1 d1onebox.cloudfront.net (CloudFront)"}]));
    assert!(headers.get("x-cache").is_none() && headers.get("x-amz-cf-id").is_none());
    assert!((0..4).all(|index| cf(index)["config"]["requestId"] == viewer["config"]["requestId"]));
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-generating-http-responses-in-requests.html>
#[tokio::test]
async fn a_response_that_viewer_request_generates_is_not_cached() {
    let count = Count::default();
    let counted = count.clone();
    let stage = Setup::new()
        .functions(move |_, _| {
            let body = counted.add().to_string();
            Ok(json!({"status": "200", "body": body,
                      "headers": {"cache-control": [{"key": "Cache-Control", "value": "max-age=60"}]}}))
        })
        .origin(|_| answer("never asked", &[]))
        .await;
    for expected in ["1", "2"] {
        let made = stage.get("/").await;
        assert_eq!((made.text(), made.x_cache()), (expected, "LambdaGeneratedResponse from cloudfront"));
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-generating-http-responses-in-requests.html>
#[tokio::test]
async fn a_response_that_origin_request_generates_is_cached_and_origin_response_does_not_run() {
    let count = Count::default();
    let counted = count.clone();
    let stage = Setup::new()
        .functions(move |trigger, event| match trigger {
            Trigger::ViewerRequest | Trigger::ViewerResponse => Ok(unchanged(trigger, &event)),
            Trigger::OriginRequest => {
                Ok(json!({"status": "200", "body": counted.add().to_string(), "bodyEncoding": "text"}))
            }
            Trigger::OriginResponse => Err(Fault::Threw("origin-response ran".into())),
        })
        .origin(|_| answer("never asked", &[]))
        .await;
    let made = stage.get("/").await;
    assert_eq!((made.text(), made.x_cache()), ("1", "LambdaGeneratedResponse from cloudfront"));
    let again = stage.get("/").await;
    assert_eq!((again.text(), again.x_cache()), ("1", "Hit from cloudfront"));
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-updating-http-responses.html>
#[tokio::test]
async fn origin_response_replaces_a_body_and_the_cache_keeps_it() {
    let stage = Setup::new()
        .returning(Trigger::OriginResponse, |mut response| {
            response["body"] = json!("c29ycnk=");
            response["bodyEncoding"] = json!("base64");
            response["status"] = json!("200");
            response
        })
        .origin(|_| status(404, &[]))
        .await;
    for x_cache in ["Miss from cloudfront", "Hit from cloudfront"] {
        let replaced = stage.get("/").await;
        assert_eq!((replaced.status(), replaced.text(), replaced.x_cache()), (StatusCode::OK, "sorry", x_cache));
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html#request-event-fields-origin>
#[tokio::test]
async fn origin_request_moves_a_request_to_another_origin() {
    let stage = Setup::of(config("100%"))
        .origin(|request| answer(request.headers()["host"].clone().as_bytes().to_vec(), &[]))
        .await;
    let moved = stage.get_with("/", &[("cookie", "sid=1")]).await;
    assert_eq!(moved.text(), ONE_BOX);
    let record = stage.watcher.records.lock().unwrap().last().unwrap().clone();
    assert_eq!((record.origin.as_deref(), record.partition.as_deref()), (Some(ONE_BOX), Some("one-box")));
    assert_eq!((record.cache, record.method, record.uri.as_str()), (CacheResult::Miss, Method::GET, "/"));
}

#[tokio::test]
async fn a_move_to_a_bucket_is_a_move() {
    let stage = Setup::new()
        .returning(Trigger::OriginRequest, |mut request| {
            request["origin"] = json!({"s3": {"authMethod": "none", "customHeaders": {}, "domainName": ONE_BOX,
                                              "path": "/site", "region": ""}});
            request["headers"]["host"] = json!([{"key": "Host", "value": ONE_BOX}]);
            request
        })
        .origin(|request| answer(request.uri().path().to_owned(), &[]))
        .await;
    assert_eq!(stage.get("/a.js").await.text(), "/site/a.js");
}

async fn one_of_each_side(stage: &Stage) -> (Answer, Answer) {
    stage.distribution.deploy(config("100%")).await.unwrap();
    let one_box = stage.get_with("/", &[("cookie", "sid=1")]).await;
    stage.distribution.deploy(config("0%")).await.unwrap();
    (one_box, stage.get_with("/", &[("cookie", "sid=1")]).await)
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/controlling-the-cache-key.html>
#[tokio::test]
async fn partitions_never_share_a_cached_object_when_the_header_is_in_the_cache_policy() {
    let origin = |request: http::Request<bytes::Bytes>| answer(request.headers()["host"].as_bytes().to_vec(), &[]);
    let (one_box, regular) = one_of_each_side(&Setup::new().origin(origin).await).await;
    assert_eq!((one_box.text(), regular.text()), (ONE_BOX, REGULAR));
    assert_eq!(regular.x_cache(), "Miss from cloudfront");
}

/// The trap: `Vary` does not help, because lookups go by the policy alone.
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/controlling-the-cache-key.html>
#[tokio::test]
async fn partitions_share_a_cached_object_when_the_header_is_missing_in_the_cache_policy() {
    let origin = |request: http::Request<bytes::Bytes>| answer(request.headers()["host"].as_bytes().to_vec(), &[]);
    let setup = Setup::new().cache_policy(|policy| policy.headers = onebox_sim::Selection::None);
    let (one_box, regular) = one_of_each_side(&setup.origin(origin).await).await;
    assert_eq!((one_box.text(), regular.text()), (ONE_BOX, ONE_BOX));
    assert_eq!(regular.x_cache(), "Hit from cloudfront");
}

#[tokio::test]
async fn without_stickiness_one_visitor_sees_both_sides_at_the_configured_share() {
    let stage = Setup::of(config("50%")).origin(|_| answer("", &[])).await;
    let sides = async |stage: &Stage| {
        stage.watcher.records.lock().unwrap().clear();
        for _ in 0..200 {
            stage.get_with("/", &[("cookie", "sid=1")]).await;
        }
        let records = stage.watcher.records.lock().unwrap();
        records.iter().filter(|record| record.partition.as_deref() == Some("one-box")).count()
    };
    assert!([0, 200].contains(&sides(&stage).await));
    stage.distribution.set_sticky(false);
    let one_box = sides(&stage).await;
    assert!((40..=160).contains(&one_box), "{one_box} of 200, at 50 %");
    stage.distribution.set_sticky(true);
    assert!([0, 200].contains(&sides(&stage).await));
}

#[tokio::test]
async fn a_viewers_own_partition_header_does_not_pass() {
    let stage =
        Setup::new().origin(|request| answer(request.headers()["x-req-partition"].as_bytes().to_vec(), &[])).await;
    let spoofed = stage.get_with("/", &[("cookie", "sid=1"), ("x-req-partition", "one-box")]).await;
    assert_eq!(spoofed.text(), "regular");
}

#[tokio::test]
async fn functions_of_the_callers_own_stay_when_a_configuration_is_deployed() {
    let (setup, events) = remembering();
    let stage = setup.origin(|_| answer("", &[])).await;
    stage.distribution.deploy(config("7%")).await.unwrap();
    stage.get("/").await;
    assert_eq!(order(&events).first(), Some(&Trigger::ViewerRequest));
    assert_eq!(stage.distribution.config(), config("7%"));
}
