//! What AWS's errors become, and how often a call is tried.

use std::time::Duration;

use aws_credential_types::{
    credential_fn::provide_credentials_fn,
    provider::{SharedCredentialsProvider, error::CredentialsError},
};
use onebox_release::{Call, ErrorKind, Routing};
use tokio::{io::AsyncReadExt, net::TcpListener, time::Instant};

use crate::stage::{PLENTY, calls, config, get_alias, local, scripted, scripted_with, update_alias};

/// An error in Lambda's protocol.
fn refused(status: u16, code: &'static str) -> (u16, Vec<(&'static str, &'static str)>, String) {
    (status, vec![("x-amzn-errortype", code)], format!(r#"{{"Type":"User","message":"why {status}"}}"#))
}

#[tokio::test(start_paused = true)]
async fn what_an_error_means_and_how_often_it_is_tried() {
    let table = [
        (412, "PreconditionFailedException", ErrorKind::Precondition, 1),
        (409, "ResourceConflictException", ErrorKind::Conflict, 1),
        (404, "ResourceNotFoundException", ErrorKind::NotFound, 1),
        (403, "AccessDeniedException", ErrorKind::Denied, 1),
        (403, "UnrecognizedClientException", ErrorKind::Unconfigured, 1),
        (403, "ExpiredTokenException", ErrorKind::Expired, 1),
        (400, "InvalidParameterValueException", ErrorKind::Invalid, 1),
        (400, "ValidationException", ErrorKind::Invalid, 1),
        (429, "TooManyRequestsException", ErrorKind::Throttled, 5),
        // Perhaps applied: a second attempt would be refused for its revision, and hide whose change it was.
        (500, "ServiceException", ErrorKind::Unknown, 1),
        (503, "ServiceUnavailable", ErrorKind::Unknown, 1),
    ];
    for (status, code, kind, attempts) in table {
        let (aws, asked) = scripted(move |_, _| refused(status, code));
        let error = aws.call(&update_alias(Routing::wholly("2"), "r1")).await.unwrap_err();
        assert_eq!(error.kind, kind, "{status} {code}");
        assert_eq!(asked.lock().unwrap().len(), attempts, "{status} {code}");
        assert!(error.message.contains(&format!("{code}: why {status}")), "{}", error.message);
        assert!(error.message.starts_with("UpdateAlias"), "{}", error.message);
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttle_that_passes_is_not_told() {
    let (aws, asked) = scripted(|_, before| {
        match before {
        0..3 => refused(429, "TooManyRequestsException"),
        _ => (200, vec![], r#"{"AliasArn":"arn:aws:lambda:eu-west-1:123456789012:function:orders:live","FunctionVersion":"1","RevisionId":"r1"}"#.to_owned()),
    }
    });
    let start = Instant::now();
    aws.call(&get_alias()).await.unwrap();
    assert_eq!(asked.lock().unwrap().len(), 4);
    assert!(start.elapsed() <= Duration::from_millis(3_500), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_answer_leaves_the_change_in_doubt() {
    for body in ["<html>", "{}", r#"{"FunctionVersion":"1"}"#, r#"{"RoutingConfig":{"AdditionalVersionWeights":7}}"#] {
        let (aws, _) = scripted(|_, _| (200, vec![], body.to_owned()));
        let error = aws.call(&update_alias(Routing::wholly("2"), "r1")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unknown, "{body}: {error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_is_created_once_or_not_at_all() {
    let create = calls().into_iter().find(|call| matches!(call, Call::CreateDeployment(_))).unwrap();
    let (aws, asked) = scripted(|_, _| (500, vec![], "{}".to_owned()));
    assert_eq!(aws.call(&create).await.unwrap_err().kind, ErrorKind::Unknown);
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_told() {
    let canonical = "The request signature we calculated does not match.\\n\\nThe Canonical String for this request should \
                     have been\\n'GET\\nx-amz-security-token:session'";
    let (aws, _) = scripted(move |_, _| {
        (403, vec![("x-amzn-errortype", "InvalidSignatureException")], format!(r#"{{"message":"{canonical}"}}"#))
    });
    let error = aws.call(&get_alias()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unconfigured);
    assert!(error.message.ends_with("does not match."), "{}", error.message);
}

#[tokio::test]
async fn nobody_there_leaves_the_change_in_doubt() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    tokio::time::pause();
    for call in calls() {
        let error = local(&url).call(&call).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unknown, "{error:?}");
        assert!(error.message.contains("in eu-west-1: no answer"), "{}", error.message);
    }
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_the_change_in_doubt() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            // It hears the question, and hangs up.
            let _ = stream.read(&mut [0; 1024]).await;
        }
    });
    let error = local(&url).call(&update_alias(Routing::wholly("2"), "r1")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unknown, "{error:?}");
}

#[tokio::test]
async fn silence_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut held = Vec::new();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    tokio::time::pause();
    let start = Instant::now();
    let error = local(&url).call(&get_alias()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unknown, "{error:?}");
    // Five attempts of at most 15 seconds, and the pauses.
    assert!(start.elapsed() <= Duration::from_secs(5 * 15 + 8), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn credentials_that_ran_out_are_told_apart_from_silence() {
    let errors = [
        || CredentialsError::not_loaded("there are none"),
        || CredentialsError::provider_error("the session has expired: aws sso login"),
        || CredentialsError::invalid_configuration("the profile has half a key"),
    ];
    for error in errors {
        let provider = provide_credentials_fn(move || async move { Err(error()) });
        let config = config().to_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build();
        let (aws, asked) = scripted_with(&config, PLENTY, |_, _| (200, vec![], "{}".to_owned()));
        for call in calls() {
            let told = aws.call(&call).await.unwrap_err();
            let is_over = error().to_string() + &std::error::Error::source(&error()).unwrap().to_string();
            let kind = if is_over.contains("expired") { ErrorKind::Expired } else { ErrorKind::Unconfigured };
            assert_eq!(told.kind, kind, "{told:?}");
            let source = std::error::Error::source(&error()).unwrap().to_string();
            assert!(told.message.contains(&source), "{}", told.message);
        }
        assert!(asked.lock().unwrap().is_empty(), "nothing was sent");
    }
}
