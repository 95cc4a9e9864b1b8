//! What a viewer gets when a function is at fault.

use std::time::Duration;

use onebox_edge::Trigger;
use onebox_sim::{Fault, Rule};
use serde_json::json;

use crate::{
    props::answer,
    stage::{Setup, unchanged},
};

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-502-bad-gateway.html>
#[tokio::test]
async fn a_broken_rule_is_a_502_that_names_the_rule_and_its_source_and_is_not_cached() {
    for trigger in Trigger::ALL {
        let stage = Setup::new()
            .returning(trigger, |mut message| {
                message["headers"]["via"] = json!([{"key": "Via", "value": "me"}]);
                message
            })
            .origin(|_| answer("page", &[]))
            .await;
        for _ in 0..2 {
            let failed = stage.get("/").await;
            assert_eq!((failed.status().as_u16(), failed.x_cache()), (502, "LambdaValidationError from cloudfront"));
            assert!(failed.text().contains("read-only-header"), "{}", failed.text());
            assert!(failed.text().contains(Rule::ReadOnlyHeader.source()), "{}", failed.text());
            assert_eq!(stage.last_failures(), [Rule::ReadOnlyHeader]);
        }
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-503-service-unavailable.html>
#[tokio::test]
async fn a_function_that_throws_is_a_503() {
    for at in Trigger::ALL {
        let stage = Setup::new()
            .functions(move |trigger, event| match trigger {
                trigger if trigger == at => Err(Fault::Threw("no luck".into())),
                trigger => Ok(unchanged(trigger, &event)),
            })
            .origin(|_| answer("page", &[]))
            .await;
        let failed = stage.get("/").await;
        assert_eq!((failed.status().as_u16(), failed.x_cache()), (503, "LambdaExecutionError from cloudfront"));
        assert_eq!(stage.last_failures(), [Rule::FunctionThrew]);
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-503-service-unavailable.html>
#[tokio::test]
async fn a_function_that_takes_too_long_is_a_503() {
    for at in Trigger::ALL {
        let stage = Setup::new()
            .settings(|settings| {
                settings.limits.viewer_function_time = Duration::from_millis(20);
                settings.limits.origin_function_time = Duration::from_millis(20);
            })
            .slow_functions(move |trigger, event| {
                Box::pin(async move {
                    if trigger == at {
                        std::future::pending::<()>().await;
                    }
                    Ok(unchanged(trigger, &event))
                })
            })
            .origin(|_| answer("page", &[]))
            .await;
        let failed = stage.get("/").await;
        assert_eq!((failed.status().as_u16(), failed.x_cache()), (503, "LambdaLimitExceeded from cloudfront"));
        assert_eq!(stage.last_failures(), [Rule::FunctionTimedOut]);
    }
}
