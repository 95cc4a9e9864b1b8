//! What the page may order.

use std::ops::RangeInclusive;

use http::StatusCode;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use onebox_core::{Partition, Share};
use serde::{Deserialize, de::DeserializeOwned};

use super::Refusal;
use crate::rollout::Ask;

/// The longest order, in bytes.
const LONGEST: usize = 1024;

/// How long a ramp may take.
const RAMP_SECONDS: RangeInclusive<u32> = 5..=3600;

/// A change that the page asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Another share.
    Share(Share),
    /// A schedule from 1 % to 100 % within so many seconds.
    Ramp(u32),
    /// A side for this visitor, or the one that is decided.
    Force(Option<Partition>),
    /// Stickiness on or off.
    Stickiness(bool),
    /// Another session for this browser.
    Visitor,
    /// Something that the release shall do.
    Release(Ask),
    /// The backend's new version fails, or works.
    Failure(bool),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShareOrder {
    share: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RampOrder {
    seconds: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForceOrder {
    partition: Option<Side>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Side {
    OneBox,
    Regular,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StickinessOrder {
    sticky: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseOrder {
    order: Asked,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Asked {
    Abort,
    Promote,
    Again,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FailureOrder {
    failing: bool,
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
            "/ramp" => match json(body, r#"{"seconds":30}"#)? {
                RampOrder { seconds } if RAMP_SECONDS.contains(&seconds) => Ok(Self::Ramp(seconds)),
                _ => {
                    let (shortest, longest) = RAMP_SECONDS.into_inner();
                    Err(bad(format!("seconds: expected a number from {shortest} to {longest}")))
                }
            },
            "/override" => {
                let order: ForceOrder = json(body, r#"{"partition":"one-box"}, or null for none"#)?;
                Ok(Self::Force(order.partition.map(|side| match side {
                    Side::OneBox => Partition::OneBox,
                    Side::Regular => Partition::Regular,
                })))
            }
            "/stickiness" => {
                json(body, r#"{"sticky":true}"#).map(|order: StickinessOrder| Self::Stickiness(order.sticky))
            }
            "/release" => {
                let order: ReleaseOrder = json(body, r#"{"order":"abort"}, or promote, or again"#)?;
                Ok(Self::Release(match order.order {
                    Asked::Abort => Ask::Abort,
                    Asked::Promote => Ask::Promote,
                    Asked::Again => Ask::Again,
                }))
            }
            "/failure" => json(body, r#"{"failing":true}"#).map(|order: FailureOrder| Self::Failure(order.failing)),
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
            ("/ramp", r#"{"seconds":30}"#, Some(Order::Ramp(30))),
            ("/ramp", r#"{"seconds":4}"#, None),
            ("/ramp", r#"{"seconds":3601}"#, None),
            ("/ramp", r#"{"seconds":-1}"#, None),
            ("/override", r#"{"partition":"one-box"}"#, Some(Order::Force(Some(Partition::OneBox)))),
            ("/override", r#"{"partition":"regular"}"#, Some(Order::Force(Some(Partition::Regular)))),
            ("/override", r#"{"partition":null}"#, Some(Order::Force(None))),
            ("/override", r#"{"partition":"both"}"#, None),
            ("/stickiness", r#"{"sticky":false}"#, Some(Order::Stickiness(false))),
            ("/stickiness", r#"{"sticky":"no"}"#, None),
            ("/visitor", "", Some(Order::Visitor)),
            ("/release", r#"{"order":"abort"}"#, Some(Order::Release(Ask::Abort))),
            ("/release", r#"{"order":"promote"}"#, Some(Order::Release(Ask::Promote))),
            ("/release", r#"{"order":"again"}"#, Some(Order::Release(Ask::Again))),
            ("/release", r#"{"order":"stop"}"#, None),
            ("/failure", r#"{"failing":true}"#, Some(Order::Failure(true))),
            ("/failure", "{}", None),
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
