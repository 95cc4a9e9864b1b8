//! What is doubtful about the two origins together.

use onebox_core::{Origin, S3Domain};
use onebox_edge::{Config, Moves, Origins};

use super::doubt::{Doubt, doubt};

pub(super) fn all(config: &Config) -> impl Iterator<Item = Doubt> {
    swapped(config).into_iter().chain(nowhere(config)).chain(inherited(config)).chain(ignored(config))
}

fn bucket(origin: &Origin) -> Option<S3Domain<'_>> {
    S3Domain::of(origin.domain.as_bytes())
}

/// Lambda@Edge changes the fields of the origin that it is given, and those of S3 are others:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html>.
pub(super) fn swapped(config: &Config) -> Option<Doubt> {
    const INSTEAD: &str = "use function.origin = \"function\", with function.one_box_id if the one-box is an origin of the \
                           distribution (selectRequestOriginById)";
    let Origins { regular, one_box } = &config.origins;
    let message = match (bucket(regular), bucket(one_box)) {
        _ if config.function.moves != Moves::Lambda => return None,
        (Some(_), None) => {
            "is no bucket, and the regular origin is one: if that is an S3 origin, origin-request leaves its requests \
                            where they are, because an S3 origin cannot lead anywhere else"
        }
        (None, Some(_)) => {
            "is a bucket, and the regular origin is none: origin-request reaches it as a custom origin, without an \
                            origin access identity or control, so only what is public in it is served"
        }
        _ => return None,
    };
    Some(doubt("origins.one-box.domain", format!("{message}; {INSTEAD}")))
}

/// An S3 origin that is read with an identity has to say the bucket's Region:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html>.
fn nowhere(config: &Config) -> Option<Doubt> {
    let (regular, one_box) = (bucket(&config.origins.regular)?, bucket(&config.origins.one_box)?);
    if config.function.moves != Moves::Lambda || one_box.names_region() || one_box.is_same(regular) {
        return None;
    }
    let meant = match one_box.region().filter(|_| regular.names_region()) {
        Some(home) => format!("{} is taken for it", String::from_utf8_lossy(home)),
        None => "that of the regular origin is taken for it".to_owned(),
    };
    let (name, end) = (String::from_utf8_lossy(one_box.bucket()), if one_box.is_china() { ".cn" } else { "" });
    Some(doubt(
        "origins.one-box.domain",
        format!("does not tell the bucket's Region, and {meant}: write {name}.s3.REGION.amazonaws.com{end}"),
    ))
}

/// What a function that selects an origin of the distribution does not tell it.
fn ignored(config: &Config) -> impl Iterator<Item = Doubt> {
    let Origin { path, port, protocol, .. } = &config.origins.one_box;
    let said = [("path", path.is_some()), ("port", port.is_some()), ("protocol", protocol.is_some())];
    let id = if let Moves::Select(id) = &config.function.moves { Some(id) } else { None };
    id.into_iter().flat_map(move |id| {
        said.into_iter().filter(|(_, is_said)| *is_said).map(move |(name, _)| {
            doubt(
                format!("origins.one-box.{name}"),
                format!("is not told to the origin {id}, which has the {name} of the distribution: set it there and remove this"),
            )
        })
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
