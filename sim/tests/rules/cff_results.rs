//! What a CloudFront Function may return, rule by rule.

use onebox_sim::Rule;

use crate::cff::{SAME_REQUEST, SAME_RESPONSE, engines, stage};

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-502-bad-gateway.html>
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-503-service-unavailable.html>
#[tokio::test]
async fn a_request_function_that_fails_or_breaks_a_rule_is_an_error_and_the_next_request_is_served() {
    for (body, code, rule) in [
        ("throw new Error('no luck')", 503, Rule::FunctionThrew),
        ("nothing.at.all", 503, Rule::FunctionThrew),
        ("require('fs')", 503, Rule::FunctionThrew),
        ("setTimeout(handler, 1)", 503, Rule::FunctionThrew),
        ("for (;;) {}", 503, Rule::FunctionTimedOut),
        ("return null", 502, Rule::FunctionResultShape),
        ("return undefined", 502, Rule::FunctionResultShape),
        ("return {}", 502, Rule::MissingField),
        ("delete event.request.uri", 502, Rule::MissingField),
        ("delete event.request.cookies", 502, Rule::MissingField),
        ("event.request.method = 'POST'", 502, Rule::ReadOnlyField),
        ("event.request.uri = 'x'", 502, Rule::UriWithoutSlash),
        ("event.request.headers = []", 502, Rule::FunctionResultShape),
        ("event.request.headers.host = { value: 'other' }", 502, Rule::ReadOnlyHeader),
        ("delete event.request.headers.host", 502, Rule::ReadOnlyHeader),
        ("event.request.headers['x-edge-x'] = { value: '1' }", 502, Rule::DisallowedHeader),
        ("event.request.headers['X-Any'] = { value: '1' }", 502, Rule::InvalidHeader),
        ("event.request.headers.cookie = { value: 'a=1' }", 502, Rule::InvalidHeader),
        ("event.request.headers['x-any'] = { value: 1 }", 502, Rule::FunctionResultShape),
        ("event.request.headers['x-any'] = '1'", 502, Rule::FunctionResultShape),
        ("event.request.cookies.a = { multiValue: 1 }", 502, Rule::FunctionResultShape),
        ("return { statusCode: '200' }", 502, Rule::FunctionResultShape),
        ("return { statusCode: 700 }", 502, Rule::StatusRange),
        ("return { statusCode: 200, body: 'x'.repeat(50000) }", 502, Rule::GeneratedTooLarge),
    ] {
        let source = format!(
            "function handler(event) {{ if (event.request.uri === '/bad') {{ {body} }} return event.request; }}"
        );
        for engine in engines() {
            let stage = stage(&source, SAME_RESPONSE, &engine).await;
            let failed = stage.get("/bad").await;
            assert_eq!((failed.status().as_u16(), stage.last_failures()), (code, vec![rule]), "{body} {engine:?}");
            assert!(failed.x_cache().starts_with("Function"), "{}", failed.x_cache());
            assert_eq!(stage.get("/good").await.text(), "/good", "{body} {engine:?}");
        }
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html#function-restrictions-read-only-headers>
#[tokio::test]
async fn a_response_function_that_breaks_a_rule_is_a_502() {
    for (body, rule) in [
        ("event.response.headers.via = { value: '1.1 x' }", Rule::ReadOnlyHeader),
        ("event.response.headers.warning = { value: '199' }", Rule::ReadOnlyHeader),
        ("event.response.headers['x-cache'] = { value: 'x' }", Rule::DisallowedHeader),
        ("event.response.headers['set-cookie'] = { value: 'a=1' }", Rule::InvalidHeader),
        ("event.response.cookies.a = { value: '1', attributes: 1 }", Rule::FunctionResultShape),
        ("event.response.cookies.a = { value: '1\\r\\nx-b: 1' }", Rule::InvalidHeader),
        ("return event.request", Rule::MissingField),
    ] {
        let source = format!("function handler(event) {{ {body}; return event.response; }}");
        for engine in engines() {
            let stage = stage(SAME_REQUEST, &source, &engine).await;
            assert_eq!(stage.get("/").await.status(), 502, "{body}");
            assert_eq!(stage.last_failures(), [rule], "{body} {engine:?}");
        }
    }
}

#[tokio::test]
async fn the_length_of_a_body_is_its_own_whatever_a_function_says_of_it() {
    for body in
        ["delete event.response.headers['content-length']", "event.response.headers['content-length'].value = '1'"]
    {
        let source = format!("function handler(event) {{ {body}; return event.response; }}");
        let stage = stage(SAME_REQUEST, &source, &engines()[0]).await;
        let page = stage.get("/page").await;
        assert_eq!((page.text(), page.header("content-length")), ("/page", Some("5")), "{body}");
    }
}
