//! What is not written: JavaScript that CloudFront does not know, and functions that are too large.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod harness;

use harness::config;
use onebox_cff::{MAX_BYTES, Refused, check, functions};
use serde_json::json;

fn name(source: &str) -> String {
    match check(source) {
        Err(Refused::Construct { name, .. }) => name,
        other => panic!("{source}: {other:?}"),
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html>
#[test]
fn constructs_that_cloudfront_does_not_list_are_refused() {
    for (source, expected) in [
        ("for (const a of b) {}", "ForOfStatement"),
        ("const { a } = globalThis;", "ObjectPattern"),
        ("const [a] = globalThis;", "ArrayPattern"),
        ("var a; [a] = globalThis;", "ArrayAssignmentTarget"),
        ("var a; ({ a } = globalThis);", "ObjectAssignmentTarget"),
        ("Math.max(...Math);", "SpreadElement"),
        ("const a = [...Math];", "SpreadElement"),
        ("const a = { ...Math };", "SpreadElement"),
        ("function f(a = 1) {}", "a default parameter"),
        ("class A {}", "Class"),
        ("Math?.max;", "ChainExpression"),
        ("Math.max?.(1);", "ChainExpression"),
        ("const a = 10n;", "BigIntLiteral"),
        ("function* f() {}", "a generator"),
        ("try {} catch {}", "a catch without a binding"),
        ("let a; a ??= 1;", "a logical assignment"),
        ("let a; a ||= 1;", "a logical assignment"),
        ("const a = Math ?? 1;", "the operator ??"),
        ("const a = { Math };", "a shorthand, computed or method property"),
        ("const a = { [Math]: 1 };", "a shorthand, computed or method property"),
        ("const a = { f() {} };", "a shorthand, computed or method property"),
        ("const a = { get f() { return 1; } };", "an accessor in an object literal"),
        ("const f = async () => 1;", "an async arrow function"),
        ("async function f() { Math.max(await 1); }", "await in an argument"),
        ("export function handler() {}", "ExportDeclaration"),
        ("import fs from 'fs';", "this module"),
        ("import { kvs } from 'cloudfront';", "ImportSpecifier"),
        ("require('fs');", "this module"),
        ("import('crypto');", "ImportExpression"),
        ("String.raw`a`;", "TaggedTemplateExpression"),
        ("/(?<=a)b/;", "this regular expression"),
        ("/(?<!a)b/;", "this regular expression"),
        ("/a/u;", "this regular expression"),
        ("/a/s;", "this regular expression"),
        ("debugger;", "DebuggerStatement"),
        ("const a = new Map();", "Map"),
        ("setTimeout(handler, 1); function handler() {}", "setTimeout"),
        ("eval('1');", "eval"),
    ] {
        assert_eq!(name(source), expected, "{source}");
    }
}

#[test]
fn the_line_is_told() {
    let refused = check("function handler(event) {\n\n    return event?.request;\n}").unwrap_err();
    assert_eq!(refused.to_string(), "CloudFront Functions do not have ChainExpression, used in line 3");
    assert!(matches!(check("\nfunction (").unwrap_err(), Refused::Syntax { line: 2, .. }));
}

#[test]
fn a_function_of_what_is_listed_is_not_refused() {
    let source = "import cf from 'cloudfront';\nconst crypto = require('crypto');\n\
        async function handler(event) {\n    const text = await cf.kvs().get('a');\n    for (const name in event.request.headers) {\n\
        if (!/^(?<first>a)/y.test(name)) continue;\n    }\n    try { f(1, 2); } catch (error) { console.log(`${error}`); }\n\
        return [1, 2].map((one) => one ** 2).length ? event.request : undefined;\n}\nfunction f(a, ...rest) { return rest; }\n";
    assert_eq!(check(source), Ok(()));
}

#[test]
fn a_function_that_is_too_large_is_refused_with_by_how_much() {
    let built = |count: usize| {
        let keys: Vec<_> = (0..count).map(|at| format!("header:x-visitor-number-{at}")).collect();
        let more = json!({ "crawlers": { "contains": ["bot"] } });
        functions(&config(&json!({ "id": "web-1", "share": "5%" }), &json!(keys), &more))
    };
    let refused = built(400).unwrap_err();
    let Refused::TooLarge { function: "viewer-request", bytes } = refused else { panic!("{refused}") };
    assert!(refused.to_string().contains(&format!("{} more than the 10240", bytes - MAX_BYTES)), "{refused}");
    assert!(built(50).unwrap().viewer_request.len() <= MAX_BYTES);
}

#[test]
fn what_is_not_configured_is_not_in_the_function() {
    let plain =
        functions(&config(&json!({ "id": "web-1", "share": "5%" }), &json!(["client-ip"]), &json!({}))).unwrap();
    assert_eq!(plain.viewer_response, None);
    for absent in ["import", "crypto", "Date", "async", "split", "JSON", "user-agent", "updateRequestOrigin", "null"] {
        assert!(!plain.viewer_request.contains(absent), "{absent}: {}", plain.viewer_request);
    }
    let secret = json!("hex:73776f7264666973682073776f726466697368");
    let more = json!({ "pin": { "secret": secret }, "override": { "secret": secret }, "crawlers": { "contains": ["bot"] },
        "function": { "origin": "function", "store": "a1b2" } });
    let full = functions(&config(&json!({ "id": "web-1", "share": "5%" }), &json!(["client-ip"]), &more)).unwrap();
    for present in ["import", "crypto", "Date", "async", "split", "JSON", "user-agent", "updateRequestOrigin"] {
        assert!(full.viewer_request.contains(present), "{present}: {}", full.viewer_request);
    }
    assert!(full.viewer_request.starts_with("import cf from"));
    assert!(full.viewer_response.unwrap().contains("async function handler("));
}
