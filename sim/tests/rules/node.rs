//! Bundles in real Node.js processes.

use std::{fs, path::Path, process::Command, sync::Arc, time::Duration};

use futures_util::future::join_all;
use onebox_edge::Trigger;
use onebox_sim::{Distribution, Nobody, Rule, Runtime, Settings, StartError};
use tempfile::TempDir;

use crate::{
    props::{answer, until},
    stage::{Setup, Stage, pinned},
};

const UNCHANGED: &str = "
    const cf = event.Records[0].cf;
    return cf.response ?? cf.request;
";

/// Bundles that change nothing, but for the body of one handler.
fn bundles(at: Trigger, body: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for trigger in Trigger::ALL {
        let body = if trigger == at { body } else { UNCHANGED };
        write(folder.path(), trigger, &format!("export const handler = async (event) => {{ {body} }};\n"));
    }
    folder
}

fn write(folder: &Path, trigger: Trigger, module: &str) {
    let folder = folder.join(trigger.as_str());
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("index.mjs"), module).unwrap();
}

fn runtime(folder: &TempDir) -> Runtime {
    Runtime::Node { bundles: folder.path().to_owned(), node: "node".into() }
}

async fn stage(folder: &TempDir) -> Stage {
    let setup = Setup::of(pinned("0%")).runtime(runtime(folder)).settings(|settings| {
        settings.limits.viewer_function_time = Duration::from_secs(2);
        settings.limits.origin_function_time = Duration::from_secs(2);
    });
    setup.origin(|request| answer(request.uri().to_string(), &[("cache-control", "no-store")])).await
}

#[tokio::test]
async fn a_bundle_gets_the_event_and_its_result_counts() {
    let folder = bundles(
        Trigger::OriginRequest,
        "const request = event.Records[0].cf.request; request.uri = '/moved'; return request;",
    );
    let stage = stage(&folder).await;
    assert_eq!(stage.get("/?a=\u{2028}%20b").await.text(), "/moved?a=\u{2028}%20b");
}

#[tokio::test]
async fn what_a_function_prints_is_its_log_and_not_its_result() {
    let folder = bundles(
        Trigger::ViewerRequest,
        &format!("console.log('one', 1); process.stdout.write('two\\n'); console.error('three'); {UNCHANGED}"),
    );
    let stage = stage(&folder).await;
    assert_eq!(stage.get("/").await.status(), 200);
    let expected = ["viewer-request: one 1", "viewer-request: two", "viewer-request: three"];
    until(|| *stage.watcher.logs.lock().unwrap() == expected).await;
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-503-service-unavailable.html>
#[tokio::test]
async fn a_function_that_throws_crashes_or_hangs_is_a_503_and_the_next_request_is_served() {
    for (body, rule, x_cache, detail) in [
        ("throw new Error('no luck')", Rule::FunctionThrew, "LambdaExecutionError", "no luck"),
        ("return { big: 1n }", Rule::FunctionThrew, "LambdaExecutionError", "BigInt"),
        ("process.exit(3)", Rule::FunctionThrew, "LambdaExecutionError", "process ended"),
        (
            "setTimeout(() => { throw new Error('late') }); await new Promise(() => {})",
            Rule::FunctionThrew,
            "LambdaExecutionError",
            "process ended",
        ),
        ("for (;;) {}", Rule::FunctionTimedOut, "LambdaLimitExceeded", "within 2000 ms"),
        (
            "return new Promise(() => setInterval(() => {}, 1e6))",
            Rule::FunctionTimedOut,
            "LambdaLimitExceeded",
            "within 2000 ms",
        ),
    ] {
        let each = Trigger::ALL.map(|trigger| async move {
            let folder =
                bundles(trigger, &format!("if (event.Records[0].cf.request.uri === '/bad') {{ {body} }} {UNCHANGED}"));
            let stage = stage(&folder).await;
            let failed = stage.get("/bad").await;
            assert_eq!(failed.status(), 503, "{trigger} {body}");
            assert_eq!(failed.x_cache(), format!("{x_cache} from cloudfront"), "{trigger} {body}");
            assert_eq!(stage.last_failures(), [rule], "{trigger} {body}");
            assert!(failed.text().contains(detail), "{}", failed.text());
            assert_eq!(stage.get("/good").await.status(), 200, "{trigger} {body}");
        });
        join_all(each).await;
    }
}

#[tokio::test]
async fn a_process_that_hangs_is_killed() {
    let stage = stage(&bundles(Trigger::ViewerRequest, "console.log(process.pid); for (;;) {}")).await;
    assert_eq!(stage.get("/").await.status(), 503);
    let log = stage.watcher.logs.lock().unwrap().join("");
    let pid = log.strip_prefix("viewer-request: ").unwrap().to_owned();
    let lives = || Command::new("kill").args(["-0", &pid]).output().unwrap().status.success();
    until(|| !lives()).await;
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-502-bad-gateway.html>
#[tokio::test]
async fn a_function_that_returns_no_request_is_a_502() {
    for (body, rule) in [
        // What is undefined is sent as null.
        ("", Rule::ResultShape),
        ("return undefined", Rule::ResultShape),
        ("return null", Rule::ResultShape),
        ("return 'request'", Rule::ResultShape),
        ("return {}", Rule::MissingField),
        ("return 'x'.repeat(9 << 20)", Rule::GeneratedTooLarge),
    ] {
        let stage = stage(&bundles(Trigger::ViewerRequest, body)).await;
        let failed = stage.get("/").await;
        assert_eq!(
            (failed.status().as_u16(), failed.x_cache()),
            (502, "LambdaValidationError from cloudfront"),
            "{body}"
        );
        assert_eq!(stage.last_failures(), [rule], "{body}");
    }
}

/// AWS's runtime client up to Node.js 22 ignores what is returned without a promise, and from 24 on there are no callbacks:
/// <https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html>
#[tokio::test]
async fn a_function_without_a_promise_is_a_502_up_to_node_22_and_one_with_a_callback_does_not_load_from_node_24_on() {
    let version = Command::new("node").arg("--version").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    let is_old = version.trim_start_matches('v').split('.').next().unwrap().parse::<u32>().unwrap() < 24;

    let folder = bundles(Trigger::ViewerRequest, UNCHANGED);
    write(folder.path(), Trigger::ViewerRequest, "export const handler = (event) => event.Records[0].cf.request;");
    let stage = stage(&folder).await;
    let answer = stage.get("/").await;
    assert_eq!(answer.status(), if is_old { 502 } else { 200 }, "{version}");
    assert_eq!(stage.last_failures(), if is_old { vec![Rule::ResultShape] } else { vec![] }, "{version}");

    let folder = bundles(Trigger::ViewerRequest, UNCHANGED);
    let module = "export const handler = (event, context, done) => done(null, event.Records[0].cf.request);";
    write(folder.path(), Trigger::ViewerRequest, module);
    if is_old {
        assert_eq!(self::stage(&folder).await.get("/").await.status(), 200);
    } else {
        let error = refused(runtime(&folder)).await;
        assert!(error.contains("takes a callback"), "{error}");
    }
}

#[tokio::test]
async fn events_run_at_once_and_each_gets_its_own_result() {
    let folder = bundles(
        Trigger::OriginRequest,
        "const request = event.Records[0].cf.request;
         await new Promise((done) => setTimeout(done, Math.random() * 5));
         request.uri += request.uri; return request;",
    );
    let stage = stage(&folder).await;
    let paths: Vec<String> = (0..40).map(|number| format!("/{number}")).collect();
    let answers = join_all(paths.iter().map(|path| stage.get(path))).await;
    for (path, answer) in paths.iter().zip(answers) {
        assert_eq!(answer.text(), format!("{path}{path}"));
    }
}

#[tokio::test]
async fn new_bundles_are_deployed_while_it_runs() {
    let answering =
        |text: &str| bundles(Trigger::ViewerRequest, &format!("return {{ status: '200', body: '{text}' }}"));
    let stage = stage(&answering("old")).await;
    assert_eq!(stage.get("/").await.text(), "old");
    assert!(matches!(stage.distribution.deploy(pinned("5%")).await, Err(StartError::NeedsBundles)));
    let newer = answering("new");
    stage.distribution.deploy_bundles(pinned("5%"), newer.path()).await.unwrap();
    assert_eq!(stage.get("/").await.text(), "new");
}

async fn refused(runtime: Runtime) -> String {
    match Distribution::start(Settings::new(pinned("0%")), runtime, Arc::new(Nobody)).await {
        Ok(_) => panic!("it should not have started"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_missing_node_is_told_with_what_to_install() {
    let folder = bundles(Trigger::ViewerRequest, UNCHANGED);
    let error = refused(Runtime::Node { bundles: folder.path().to_owned(), node: "/nowhere/node".into() }).await;
    assert!(error.contains("`/nowhere/node` cannot be started") && error.contains("install Node.js"), "{error}");
}

#[tokio::test]
async fn a_bundle_that_cannot_be_loaded_is_told_at_the_start() {
    for (module, complaint) in [
        ("export const handle = 1;", "does not export a function `handler`"),
        ("export const handler = ;", "SyntaxError"),
        ("throw new Error('at load');", "at load"),
    ] {
        let folder = bundles(Trigger::ViewerRequest, UNCHANGED);
        write(folder.path(), Trigger::OriginResponse, module);
        let error = refused(runtime(&folder)).await;
        assert!(error.contains("origin-response/index.mjs") && error.contains(complaint), "{error}");
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(refused(runtime(&empty)).await.contains("`onebox package` writes it"));
}
