//! The spellings of an S3 bucket's domain name.

/// A bucket, as the domain name of an S3 origin names it.
///
/// One bucket has several names: `BUCKET.s3.amazonaws.com`, `BUCKET.s3.REGION.amazonaws.com`,
/// `BUCKET.s3-REGION.amazonaws.com`, `BUCKET.s3.dualstack.REGION.amazonaws.com`, the endpoints for FIPS and for Transfer
/// Acceleration, and each of them below `amazonaws.com.cn` in China (<https://docs.aws.amazon.com/general/latest/gr/s3.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>). A bucket's own name may have dots. Website
/// endpoints (`s3-website`), access points and path-style names are other origins: they are no [`S3Domain`].
///
/// ```
/// use onebox_core::S3Domain;
/// let bucket = S3Domain::of(b"my.assets.s3.dualstack.eu-west-1.amazonaws.com").unwrap();
/// assert_eq!((bucket.bucket(), bucket.region()), (&b"my.assets"[..], Some(&b"eu-west-1"[..])));
/// assert!(bucket.is_same(S3Domain::of(b"my.assets.s3.amazonaws.com").unwrap()));
/// assert_eq!(S3Domain::of(b"my.assets.s3-website-eu-west-1.amazonaws.com"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct S3Domain<'a> {
    bucket: &'a [u8],
    region: Option<&'a [u8]>,
    names_region: bool,
    /// A bucket's name is unique in its AWS partition: China is another one.
    is_china: bool,
}

impl<'a> S3Domain<'a> {
    /// The bucket of a domain name, in any case; none if it names no bucket.
    #[must_use]
    pub fn of(domain: &'a [u8]) -> Option<Self> {
        let (names, is_china) = match without_end(domain, b".amazonaws.com") {
            Some(names) => (names, false),
            None => (without_end(domain, b".amazonaws.com.cn")?, true),
        };
        let global: &[u8] = if is_china { b"cn-north-1" } else { b"us-east-1" };
        // Read from the end: a bucket's own name may look like one of these.
        let (before, last) = last_label(names)?;
        let is_global = last.eq_ignore_ascii_case(b"s3");
        let (bucket, region) = if is_global {
            (before, Some(global))
        } else if last.eq_ignore_ascii_case(b"s3-external-1") {
            (before, Some(&b"us-east-1"[..]))
        } else if last.eq_ignore_ascii_case(ACCELERATE) {
            (before, None)
        } else if let Some(region) = after_start(last, b"s3-fips-").or_else(|| after_start(last, b"s3-")) {
            is_region(region).then_some((before, Some(region)))?
        } else {
            let (before, service) = last_label(before)?;
            if last.eq_ignore_ascii_case(DUALSTACK) {
                service.eq_ignore_ascii_case(ACCELERATE).then_some((before, None))?
            } else {
                let is_dual = service.eq_ignore_ascii_case(DUALSTACK);
                let (before, service) = if is_dual { last_label(before)? } else { (before, service) };
                let is_s3 = service.eq_ignore_ascii_case(b"s3") || service.eq_ignore_ascii_case(b"s3-fips");
                (is_s3 && is_region(last)).then_some((before, Some(last)))?
            }
        };
        let names_region = region.is_some() && !is_global;
        (!bucket.is_empty()).then_some(Self { bucket, region, names_region, is_china })
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &'a [u8] {
        self.bucket
    }

    /// The bucket's Region. A name without one is the legacy global endpoint's, which stands for us-east-1
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html#deprecated-global-endpoint>), or
    /// cn-north-1 in China; an accelerated name tells none.
    #[must_use]
    pub fn region(&self) -> Option<&'a [u8]> {
        self.region
    }

    /// Whether the name has a Region in it. That of the global endpoint has none, though it stands for one: a bucket of any
    /// Region can be reached by it.
    #[must_use]
    pub fn names_region(&self) -> bool {
        self.names_region
    }

    /// Whether it is in China, where names end with `.cn`.
    #[must_use]
    pub fn is_china(&self) -> bool {
        self.is_china
    }

    /// Whether both are the same bucket, whatever their spelling.
    #[must_use]
    pub fn is_same(&self, other: S3Domain<'_>) -> bool {
        self.is_china == other.is_china && self.bucket.eq_ignore_ascii_case(other.bucket)
    }
}

const ACCELERATE: &[u8] = b"s3-accelerate";
const DUALSTACK: &[u8] = b"dualstack";

/// Whether two domain names lead to the same place: the same name in any case, or the same bucket in any spelling.
#[must_use]
pub(crate) fn same_domain(left: &[u8], right: &[u8]) -> bool {
    left.eq_ignore_ascii_case(right)
        || S3Domain::of(left).zip(S3Domain::of(right)).is_some_and(|(left, right)| left.is_same(right))
        || same_website(left, right)
}

/// Whether both are one website endpoint, whose name is written with a hyphen or a dot before the Region:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html>.
fn same_website(left: &[u8], right: &[u8]) -> bool {
    let Some(at) = left.iter().zip(right).position(|(left, right)| !left.eq_ignore_ascii_case(right)) else {
        return false;
    };
    let (Some((before, [left, after @ ..])), Some(right)) = (left.split_at_checked(at), right.get(at..)) else {
        return false;
    };
    matches!((left, right), (b'.', [b'-', rest @ ..]) | (b'-', [b'.', rest @ ..]) if after.eq_ignore_ascii_case(rest))
        && without_end(before, b".s3-website").is_some()
        && (without_end(after, b".amazonaws.com").is_some() || without_end(after, b".amazonaws.com.cn").is_some())
}

/// `eu-west-1`, and not `website-eu-west-1`: two letters, a hyphen, and a digit at the end.
fn is_region(label: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    matches!(label, [first, second, b'-', .., last]
        if first.is_ascii_alphabetic() && second.is_ascii_alphabetic() && last.is_ascii_digit())
        && label.iter().all(plain)
}

fn without_end<'a>(text: &'a [u8], end: &[u8]) -> Option<&'a [u8]> {
    let (before, found) = text.split_at_checked(text.len().checked_sub(end.len())?)?;
    found.eq_ignore_ascii_case(end).then_some(before)
}

fn after_start<'a>(text: &'a [u8], start: &[u8]) -> Option<&'a [u8]> {
    let (found, after) = text.split_at_checked(start.len())?;
    found.eq_ignore_ascii_case(start).then_some(after)
}

/// What is before the last dot, and behind it.
fn last_label(names: &[u8]) -> Option<(&[u8], &[u8])> {
    let dot = names.iter().rposition(|byte| *byte == b'.')?;
    Some((names.get(..dot)?, names.get(dot + 1..)?))
}
