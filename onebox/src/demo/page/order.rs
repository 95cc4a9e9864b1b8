//! What the page may order.

use http::StatusCode;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use onebox_core::Share;
use serde::{Deserialize, de::DeserializeOwned};

use super::Refusal;

/// The longest order, in bytes.
const LONGEST: usize = 1024;

/// A change that the page asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Another share.
    Share(Share),
    /// Stickiness on or off.
    Stickiness(bool),
    /// Another session for this browser.
    Visitor,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShareOrder {
    share: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StickinessOrder {
    sticky: bool,
}

impl Order {
    /// Reads the body of a POST to `path`.
    pub(super) async fn read(path: &str, body: Incoming) -> Result<Self, Refusal> {
        let body = Limited::new(body, LONGEST).collect().await;
        let body = body.map_err(|_| bad(format!("expected a whole body of at most {LONGEST} bytes")))?;
        Self::of(path, &body.to_bytes())
    }

    fn of(path: &str, body: &[u8]) -> Result<Self, Refusal> {
        match path {
            "/share" => {
                let order: ShareOrder = json(body, r#"{"share":"20%"}"#)?;
                order.share.parse().map(Self::Share).map_err(|error| bad(format!("share: {error}")))
            }
            "/stickiness" => {
                json(body, r#"{"sticky":true}"#).map(|order: StickinessOrder| Self::Stickiness(order.sticky))
            }
            _ => Ok(Self::Visitor),
        }
    }
}

fn json<T: DeserializeOwned>(body: &[u8], example: &str) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| bad(format!("expected JSON such as {example}: {error}")))
}

fn bad(error: String) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_strictly() {
        for (path, body, expected) in [
            ("/share", r#"{"share":"12.5%"}"#, Share::from_thousandths(12_500).map(Order::Share)),
            ("/share", r#"{"share":"101%"}"#, None),
            ("/share", r#"{"share":20}"#, None),
            ("/share", r#"{"share":"20%","more":1}"#, None),
            ("/share", "", None),
            ("/stickiness", r#"{"sticky":false}"#, Some(Order::Stickiness(false))),
            ("/stickiness", r#"{"sticky":"no"}"#, None),
            ("/visitor", "", Some(Order::Visitor)),
        ] {
            assert_eq!(Order::of(path, body.as_bytes()).ok(), expected, "{path} {body}");
        }
    }

    #[test]
    fn a_refusal_says_what_was_expected() {
        let refusal = Order::of("/share", b"{}").unwrap_err();
        assert_eq!(refusal.status, StatusCode::BAD_REQUEST);
        assert!(refusal.error.starts_with(r#"expected JSON such as {"share":"20%"}: "#), "{}", refusal.error);
    }
}
