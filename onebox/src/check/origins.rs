//! What is doubtful about the two origins together.

use onebox_core::{Origin, S3Domain};
use onebox_edge::{Config, Moves};

use super::doubt::{Doubt, doubt};

pub(super) fn all(config: &Config) -> impl Iterator<Item = Doubt> {
    swapped(config).into_iter().chain(inherited(config))
}

/// Lambda@Edge changes the fields of the origin that it is given, and those of S3 are others:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html>.
fn swapped(config: &Config) -> Option<Doubt> {
    let is_bucket = |origin: &Origin| S3Domain::of(origin.domain.as_bytes()).is_some();
    let origins = &config.origins;
    let meets = config.function.moves == Moves::Lambda && is_bucket(&origins.regular) && !is_bucket(&origins.one_box);
    meets.then(|| {
        doubt(
            "origins.one-box.domain",
            "is no bucket, and the regular origin is one: if that is an S3 origin, origin-request cannot make another \
             kind of it; use function.origin = \"function\"",
        )
    })
}

/// A port or a protocol that the one-box has from the regular origin and that hardly goes with its own.
fn inherited(config: &Config) -> Option<Doubt> {
    let one_box = &config.origins.one_box;
    let whole = config.origins.destination();
    let (protocol, port) = whole.connection();
    let odd = matches!((protocol, port), ("https", 80) | ("http", 443));
    let field = if one_box.port.is_none() { "port" } else { "protocol" };
    let mixed = one_box.port.is_some() != one_box.protocol.is_some();
    (odd && mixed).then(|| {
        doubt(
            format!("origins.one-box.{field}"),
            format!(
                "is taken from origins.regular, which makes {protocol} on port {port}: say it for the one-box, too"
            ),
        )
    })
}
