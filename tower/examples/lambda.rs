//! A Lambda function behind API Gateway that knows the visitor's side.
//!
//! In Lambda it serves what it is invoked with. Anywhere else it answers the event in `examples/event.json`, or in the
//! file that is named:
//!
//! ```text
//! cargo run -p onebox-tower --example lambda
//! ```

use std::{convert::Infallible, env, fs, net::IpAddr, time::Duration};

use http::Extensions;
use lambda_http::{Body, Error, Request, Response, request::RequestContext, tower::ServiceBuilder};
use onebox_core::{Pins, Policy, Share};
use onebox_tower::{Assignment, OneboxLayer};
use tower::{Service, ServiceExt, service_fn};

const RELEASE: &str = "web-2026-11-20";
const EVENT: &str = include_str!("event.json");

async fn handler(request: Request) -> Result<Response<Body>, Infallible> {
    let answer = match request.extensions().get() {
        Some(Assignment { partition, reason, .. }) => format!("{} is {partition}, by {reason}", request.uri().path()),
        None => "nobody has decided".to_owned(),
    };
    Ok(Response::new(Body::from(answer)))
}

/// The visitor's address, as API Gateway saw it.
fn address(extensions: &Extensions) -> Option<IpAddr> {
    match extensions.get()? {
        RequestContext::ApiGatewayV2(context) => context.http.source_ip.as_ref()?.parse().ok(),
        _ => None,
    }
}

fn service() -> Result<impl Service<Request, Response = Response<Body>, Error = Infallible, Future: Send> + Clone, Error>
{
    let keys = vec!["cookie:session".parse()?, "client-ip+header:user-agent".parse()?];
    let policy =
        Policy::new(RELEASE, "80%".parse::<Share>()?, keys).with_pins(Pins::new("__Host-onebox", RELEASE, None));
    let onebox = OneboxLayer::new(policy)
        .extension(true)
        // No cache stands between API Gateway and its visitors. Behind CloudFront leave this to viewer-response.
        .write_pins(Duration::from_secs(7 * 24 * 60 * 60))
        .address(|_, extensions| address(extensions));
    Ok(ServiceBuilder::new().layer(onebox).service(service_fn(handler)))
}

/// Answers one event, as Lambda would have it answered.
async fn answer(event: &str) -> Result<Response<Body>, Error> {
    Ok(service()?.oneshot(lambda_http::request::from_str(event)?).await?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        return lambda_http::run(service()?).await;
    }
    let event = env::args_os().nth(1).map_or_else(|| Ok(EVENT.to_owned()), fs::read_to_string)?;
    println!("{:#?}", answer(&event).await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answered(event: &str) -> (String, Body) {
        let response = answer(event).await.unwrap();
        (response.headers()["vary"].to_str().unwrap().to_owned(), response.into_body())
    }

    #[tokio::test]
    async fn an_event_is_answered_on_its_side() {
        let answer = Body::from("/shop is one-box, by cookie:session");
        assert_eq!(answered(EVENT).await, ("x-req-partition".to_owned(), answer));
    }

    #[tokio::test]
    async fn without_a_session_the_address_decides() {
        let (_, answer) = answered(&EVENT.replace("session=", "other=")).await;
        assert!(
            matches!(&answer, Body::Text(text) if text.ends_with(", by client-ip+header:user-agent")),
            "{answer:?}"
        );
    }
}
