//! Where CloudFront Functions send requests.
//!
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/helper-functions-origin-modification.html>

use onebox_sim::{OriginRequestPolicy, Rule, Settings};

use crate::{
    cff::{SAME_REQUEST, SAME_RESPONSE, engines, functions, moving, setup},
    props::answer,
    stage::{ONE_BOX, REGULAR, config},
};

const ASKED: fn(http::Request<bytes::Bytes>) -> http::Response<http_body_util::Full<bytes::Bytes>> = |request| {
    let host = request.headers()["host"].to_str().unwrap();
    answer(format!("{host} {}", request.uri()), &[("cache-control", "no-store")])
};

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/helper-functions-origin-modification.html>
#[tokio::test]
async fn a_helper_moves_this_request_to_another_origin() {
    for (call, table, expected) in [
        ("cf.updateRequestOrigin({ domainName: 'onebox.test' })", "{}", "onebox.test /a"),
        ("cf.updateRequestOrigin({ domainName: 'onebox.test', hostHeader: 'shop.test' })", "{}", "shop.test /a"),
        ("cf.updateRequestOrigin({ originPath: '/prod' })", "{}", "regular.test /prod/a"),
        (
            "cf.updateRequestOrigin({ domainName: 'onebox.test', timeouts: { readTimeout: 5 },
                customOriginConfig: { port: 80, protocol: 'http', sslProtocols: ['TLSv1.2'] } })",
            "{}",
            "onebox.test /a",
        ),
        ("cf.selectRequestOriginById('box')", r#"{"origin":"function","one_box_id":"box"}"#, "onebox.test /a"),
        (
            "cf.selectRequestOriginById('box', { hostHeader: 'shop.test' })",
            r#"{"origin":"function","one_box_id":"box"}"#,
            "shop.test /a",
        ),
    ] {
        let source = format!(
            "import cf from 'cloudfront';
             function handler(event) {{ if (event.request.uri === '/a') {{ {call}; }} return event.request; }}"
        );
        for engine in engines() {
            let folder = functions(&source, SAME_RESPONSE);
            let stage = setup(moving("0%", table), &folder, &engine).origin(ASKED).await;
            assert_eq!(stage.get("/a").await.text(), expected, "{call}");
            assert_eq!(stage.get("/b").await.text(), "regular.test /b", "{call}");
        }
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/helper-functions-origin-modification.html>
#[tokio::test]
async fn a_move_that_cannot_be_is_a_502() {
    for (call, rule) in [
        ("cf.updateRequestOrigin({ domainName: 'a:1' })", Rule::InvalidOrigin),
        ("cf.updateRequestOrigin('onebox.test')", Rule::InvalidOrigin),
        ("cf.updateRequestOrigin({ hostHeader: '' })", Rule::InvalidOrigin),
        ("cf.updateRequestOrigin({ customOriginConfig: { port: 22 } })", Rule::InvalidOrigin),
        ("cf.updateRequestOrigin({ sni: 'x' })", Rule::HelperNotImitated),
        ("cf.updateRequestOrigin({ domainName: 'nowhere.invalid' })", Rule::OriginDns),
        ("cf.selectRequestOriginById('box')", Rule::UnknownOrigin),
        ("cf.createRequestOriginGroup({ originIds: ['a', 'b'] })", Rule::HelperNotImitated),
    ] {
        let source =
            format!("import cf from 'cloudfront'; function handler(event) {{ {call}; return event.request; }}");
        let folder = functions(&source, SAME_RESPONSE);
        let stage = setup(config("0%"), &folder, &engines()[0]).origin(ASKED).await;
        assert_eq!(stage.get("/").await.status(), 502, "{call}");
        assert_eq!(stage.last_failures(), [rule], "{call}");
    }
}

/// A function that tags everybody, for the side of the handlers.
const TAGGING: &str = "function handler(event) {
    event.request.headers['x-req-partition'] = { value: 'one-box' };
    return event.request;
}";

#[tokio::test]
async fn origin_request_moves_what_a_function_has_tagged_unless_functions_move_requests() {
    for (table, expected) in [("{}", "onebox.test /"), (r#"{"origin":"function"}"#, "regular.test /")] {
        let folder = functions(TAGGING, SAME_RESPONSE);
        let stage = setup(moving("100%", table), &folder, &engines()[0]).origin(ASKED).await;
        assert_eq!(stage.get("/").await.text(), expected, "{table}");
    }
}

#[tokio::test]
async fn without_stickiness_a_function_that_moves_requests_moves_those_that_were_drawn() {
    for table in [r#"{"origin":"function"}"#, r#"{"origin":"function","one_box_id":"box"}"#] {
        let folder = functions(SAME_REQUEST, SAME_RESPONSE);
        let stage = setup(moving("100%", table), &folder, &engines()[0]).origin(ASKED).await;
        assert_eq!(stage.get("/").await.text(), format!("{REGULAR} /"));
        stage.distribution.set_sticky(false);
        assert_eq!(stage.get("/").await.text(), format!("{ONE_BOX} /"), "{table}");
    }
}

#[tokio::test]
async fn the_host_is_the_origins_also_where_the_viewers_is_forwarded() {
    let source = "import cf from 'cloudfront';
        function handler(event) { cf.updateRequestOrigin({ domainName: 'onebox.test', hostHeader: 'onebox.test' });
                                  return event.request; }";
    let folder = functions(source, SAME_RESPONSE);
    let forwarding = |settings: &mut Settings| {
        settings.origin_request_policy =
            OriginRequestPolicy { headers: onebox_sim::Selection::All, ..OriginRequestPolicy::default() };
    };
    let stage = setup(config("0%"), &folder, &engines()[0]).settings(forwarding).origin(ASKED).await;
    assert_eq!(stage.get("/").await.text(), "onebox.test /");
}
