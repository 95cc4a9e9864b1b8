//! CloudFront Functions at the viewer's triggers, in njs and in Node.js.
//!
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html>

use std::{fs, path::Path, sync::Arc, time::Duration};

use onebox_edge::Config;
use onebox_sim::{Distribution, Engine, Nobody, Runtime, Settings, StartError};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    props::{answer, status, until},
    stage::{Setup, Stage, config, pinned},
};

pub(crate) const SAME_REQUEST: &str = "function handler(event) { return event.request; }";
pub(crate) const SAME_RESPONSE: &str = "function handler(event) { return event.response; }";

pub(crate) fn functions(viewer_request: &str, viewer_response: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "viewer-request", viewer_request);
    write(folder.path(), "viewer-response", viewer_response);
    folder
}

fn write(folder: &Path, trigger: &str, source: &str) {
    fs::write(folder.join(format!("{trigger}.cff.js")), source).unwrap();
}

pub(crate) fn engines() -> [Engine; 2] {
    [Engine::Njs("njs".into()), Engine::Node("node".into())]
}

fn runtime(folder: &TempDir, engine: &Engine) -> Runtime {
    Runtime::Cff { functions: folder.path().to_owned(), engine: engine.clone() }
}

/// The configuration with a table `[function]`.
pub(crate) fn moving(share: &str, table: &str) -> Config {
    let json = config(share).to_json();
    Config::from_json(&json.replacen('{', &format!(r#"{{"function":{table},"#), 1)).unwrap()
}

pub(crate) fn setup(config: Config, folder: &TempDir, engine: &Engine) -> Setup {
    Setup::of(config)
        .runtime(runtime(folder, engine))
        .settings(|settings| settings.limits.viewer_function_time = Duration::from_secs(2))
}

/// A stage of pinned visitors, whose origin answers with what it was asked for.
pub(crate) async fn stage(viewer_request: &str, viewer_response: &str, engine: &Engine) -> Stage {
    let folder = functions(viewer_request, viewer_response);
    let kept = ("cache-control", "no-store");
    setup(pinned("0%"), &folder, engine).origin(move |request| answer(request.uri().to_string(), &[kept])).await
}

/// A viewer-request that answers with something of its event, as JSON.
fn telling(of: &str) -> String {
    format!("function handler(event) {{ return {{ statusCode: 200, body: JSON.stringify({of}) }}; }}")
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html#functions-event-structure-example>
#[tokio::test]
async fn an_event_has_the_documented_fields() {
    for engine in engines() {
        let stage = stage(&telling("event"), SAME_RESPONSE, &engine).await;
        let sent = [("cookie", "a=1; b=2=3; alone"), ("cookie", "a=4"), ("x-any", "1"), ("x-any", "2")];
        let told = stage.get_with("/shop?p=1&q&p=2", &sent).await;
        assert_eq!(told.x_cache(), "FunctionGeneratedResponse from cloudfront");
        let event: Value = serde_json::from_str(told.text()).unwrap();
        assert_eq!(event["version"], "1.0");
        assert_eq!(event["context"]["eventType"], "viewer-request");
        assert_eq!(event["context"]["distributionDomainName"], "d1onebox.cloudfront.net");
        assert_eq!(event["context"]["requestId"].as_str(), told.header("x-amz-cf-id"));
        assert_eq!(event["viewer"]["ip"], "127.0.0.1");
        let request = &event["request"];
        assert_eq!((request["method"].as_str(), request["uri"].as_str()), (Some("GET"), Some("/shop")));
        for (pointer, expected) in [
            ("/cookies/a", r#"{"multiValue":[{"value":"1"},{"value":"4"}],"value":"1"}"#),
            ("/cookies/b", r#"{"value":"2=3"}"#),
            ("/headers/x-any", r#"{"multiValue":[{"value":"1"},{"value":"2"}],"value":"1"}"#),
            ("/querystring/p", r#"{"multiValue":[{"value":"1"},{"value":"2"}],"value":"1"}"#),
            ("/querystring/q", r#"{"value":""}"#),
        ] {
            let expected: Value = serde_json::from_str(expected).unwrap();
            assert_eq!(request.pointer(pointer), Some(&expected), "{pointer}");
        }
        assert!(request["headers"].get("cookie").is_none() && request["cookies"].get("alone").is_none());
        assert!(event.get("response").is_none());
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html>
#[tokio::test]
async fn what_a_function_leaves_alone_reaches_the_origin_as_the_viewer_sent_it() {
    for engine in engines() {
        let folder = functions(SAME_REQUEST, SAME_RESPONSE);
        let told = |request: http::Request<bytes::Bytes>| {
            let line = |name: &str| request.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
            answer(format!("{} {} {}", request.uri(), line("cookie"), line("x-any")), &[("set-cookie", "b=1; Path=/")])
        };
        let stage = setup(pinned("0%"), &folder, &engine).origin(told).await;
        let same = stage.get_with("/a?q&p=%20&&q=1", &[("cookie", "b=2;a= 1 ; alone"), ("x-any", " 1,2 ")]).await;
        assert_eq!(same.text(), "/a?q&p=%20&&q=1 b=2; a= 1; alone 1,2");
        assert_eq!(same.header("set-cookie"), Some("b=1; Path=/"));
    }
}

#[tokio::test]
async fn headers_cookies_and_parameters_are_changed() {
    let source = "function handler(event) {
        const request = event.request;
        request.headers['x-any'].value = 'one';
        request.headers['x-many'].multiValue.push({ value: '3' });
        delete request.headers['x-gone'];
        request.cookies.a = { value: '1' };
        request.querystring = 'p=2';
        return request;
    }";
    for engine in engines() {
        let folder = functions(source, SAME_RESPONSE);
        let told = |request: http::Request<bytes::Bytes>| {
            let all = |name: &str| {
                let lines = request.headers().get_all(name).iter();
                lines.map(|line| line.to_str().unwrap()).collect::<Vec<_>>().join("|")
            };
            answer(
                [request.uri().to_string(), all("x-any"), all("x-many"), all("x-gone"), all("cookie")].join(" "),
                &[],
            )
        };
        let stage = setup(pinned("0%"), &folder, &engine).origin(told).await;
        let sent =
            [("x-any", "1"), ("x-any", "2"), ("x-many", "1"), ("x-many", "2"), ("x-gone", "1"), ("cookie", "b=2")];
        // An object's members have no order that a test may rely on.
        let told = stage.get_with("/?p=1", &sent).await;
        assert!(["/?p=2 one 1|2|3  a=1; b=2", "/?p=2 one 1|2|3  b=2; a=1"].contains(&told.text()), "{}", told.text());
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html#functions-event-structure-status-body>
#[tokio::test]
async fn viewer_response_may_change_status_body_headers_and_cookies_but_does_not_run_after_an_error() {
    let source = "function handler(event) {
        const response = event.response;
        response.statusCode = 203;
        response.body = { encoding: 'base64', data: 'c29ycnk=' };
        response.headers['x-added'] = { value: event.request.uri };
        response.cookies.id = { value: '7', attributes: 'Path=/; Secure' };
        return response;
    }";
    for engine in engines() {
        let folder = functions(SAME_REQUEST, source);
        let stage = setup(pinned("0%"), &folder, &engine)
            .origin(|request| match request.uri().path() {
                "/missing" => status(404, &[]),
                _ => answer("page", &[("cache-control", "max-age=60"), ("set-cookie", "lang=en")]),
            })
            .await;
        for x_cache in ["Miss from cloudfront", "Hit from cloudfront"] {
            let changed = stage.get("/").await;
            assert_eq!((changed.status().as_u16(), changed.text(), changed.x_cache()), (203, "sorry", x_cache));
            assert_eq!(changed.header("content-length"), Some("5"));
            assert_eq!(changed.header("x-added"), Some("/"));
            let mut cookies: Vec<_> = changed.head.headers.get_all("set-cookie").iter().collect();
            cookies.sort_by_key(|cookie| cookie.as_bytes());
            assert_eq!(cookies, ["id=7; Path=/; Secure", "lang=en"]);
        }
        assert_eq!(stage.get("/missing").await.header("x-added"), None);
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html>
#[tokio::test]
async fn a_function_awaits_hashes_and_logs() {
    let source = "async function handler(event) {
        const crypto = require('crypto');
        const digest = await Promise.resolve(crypto.createHash('md5').update('a').digest('hex'));
        console.log('d\u{e9}j\u{e0} ' + event.request.rawQueryString());
        event.request.uri = '/' + digest + Buffer.from('a').toString('hex');
        return event.request;
    }";
    for engine in engines() {
        let stage = stage(source, SAME_RESPONSE, &engine).await;
        assert_eq!(stage.get("/?%20").await.text(), "/0cc175b9c0f1b6a831c399e26977266161?%20");
        until(|| *stage.watcher.logs.lock().unwrap() == ["viewer-request: d\u{e9}j\u{e0} %20"]).await;
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/kvs-with-functions.html>
#[tokio::test]
async fn a_function_reads_its_key_value_store_at_every_request() {
    let source = "import cf from 'cloudfront';
        async function handler(event) {
            let text = 'none';
            try { text = await cf.kvs('s-1').get('onebox'); } catch (error) { text = String(error.message); }
            return { statusCode: 200, body: text };
        }";
    for engine in engines() {
        let folder = functions(source, SAME_RESPONSE);
        let setup = setup(moving("0%", r#"{"store":"s-1"}"#), &folder, &engine);
        let store = setup.settings.key_values.clone();
        let stage = setup.origin(|_| answer("", &[])).await;
        assert_eq!(stage.get("/").await.text(), "KeyNotFound: onebox");
        for value in ["first", "second"] {
            store.put("onebox", value).unwrap();
            assert_eq!(stage.get("/").await.text(), value);
        }
        store.delete("onebox");
        assert_eq!(stage.get("/").await.text(), "KeyNotFound: onebox");
        stage.distribution.deploy_bundles(moving("0%", "{}"), folder.path()).await.unwrap();
        assert_eq!(stage.get("/").await.text(), "no KeyValueStore s-1 is associated");
    }
}

async fn refused(config: Config, folder: &TempDir, engine: &Engine) -> String {
    match Distribution::start(Settings::new(config), runtime(folder, engine), Arc::new(Nobody)).await {
        Ok(_) => panic!("it should not have started"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_function_that_cloudfront_would_not_run_is_told_at_the_start() {
    let large = format!("{SAME_REQUEST}//{}", "x".repeat(10_240));
    for (source, complaint) in [
        ("function handle() {}", "handler"),
        ("function handler() { for (const a of []) {} }", "SyntaxError: Token \"of\" not supported"),
        (large.as_str(), "CloudFront takes 10,240"),
    ] {
        let error = refused(config("0%"), &functions(source, SAME_RESPONSE), &engines()[0]).await;
        assert!(error.contains("viewer-request.cff.js") && error.contains(complaint), "{error}");
    }
    let folder = functions(SAME_REQUEST, SAME_RESPONSE);
    for (engine, complaint) in [(Engine::Njs("/nowhere".into()), "njs"), (Engine::Node("/nowhere".into()), "Node.js")] {
        let error = refused(config("0%"), &folder, &engine).await;
        assert!(error.contains("`/nowhere` cannot be started") && error.contains(complaint), "{error}");
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html>
#[tokio::test]
async fn pins_need_both_functions_as_the_other_kind_cannot_stand_in_for_one() {
    let folder = functions(SAME_REQUEST, SAME_RESPONSE);
    fs::remove_file(folder.path().join("viewer-response.cff.js")).unwrap();
    let error = refused(pinned("0%"), &folder, &engines()[0]).await;
    assert!(error.contains("viewer-response.cff.js") && error.contains("Lambda@Edge"), "{error}");
    let settings = Settings::new(config("0%"));
    Distribution::start(settings, runtime(&folder, &engines()[0]), Arc::new(Nobody)).await.map(drop).unwrap();
}

#[tokio::test]
async fn new_functions_are_deployed_while_it_runs() {
    let stage = stage(&telling("'old'"), SAME_RESPONSE, &engines()[0]).await;
    assert_eq!(stage.get("/").await.text(), "\"old\"");
    assert!(matches!(stage.distribution.deploy(config("5%")).await, Err(StartError::NeedsBundles)));
    let newer = functions(&telling("'new'"), SAME_RESPONSE);
    stage.distribution.deploy_bundles(config("5%"), newer.path()).await.unwrap();
    assert_eq!(stage.get("/").await.text(), "\"new\"");
}
