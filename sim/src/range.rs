//! Parts of a cached object.
//!
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RangeGETs.html>

use http::{HeaderMap, header};

/// What a viewer asks for of an object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Range {
    /// All of it; also when it asks for several parts, or in a way that is not understood.
    Whole,
    /// These bytes.
    Part(std::ops::Range<usize>),
    /// Bytes that it does not have.
    Outside,
}

/// The part of an object of `length` bytes that a request asks for.
pub(crate) fn ranged(request: &HeaderMap, object: &HeaderMap, length: usize) -> Range {
    let Some(wanted) = request.get(header::RANGE).and_then(|value| value.to_str().ok()) else { return Range::Whole };
    let Some((first, last)) = wanted.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Range::Whole;
    };
    let same = |name| request.get(header::IF_RANGE) == object.get(name);
    if request.contains_key(header::IF_RANGE) && !same(header::ETAG) && !same(header::LAST_MODIFIED) {
        return Range::Whole;
    }
    let (start, end) = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) if last >= first => (first, last.saturating_add(1).min(length)),
        (Ok(first), Err(_)) if last.is_empty() => (first, length),
        (Err(_), Ok(suffix)) if first.is_empty() => (length.saturating_sub(suffix), length),
        _ => return Range::Whole,
    };
    if start < end { Range::Part(start..end) } else { Range::Outside }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// <https://www.rfc-editor.org/rfc/rfc9110.html#section-14.1.2>
    #[test]
    fn one_range_of_bytes_is_a_part_and_anything_else_is_the_whole() {
        for (wanted, expected) in [
            ("bytes=0-3", Range::Part(0..4)),
            ("bytes=4-", Range::Part(4..10)),
            ("bytes=-3", Range::Part(7..10)),
            ("bytes=-30", Range::Part(0..10)),
            ("bytes=8-99", Range::Part(8..10)),
            ("bytes=10-", Range::Outside),
            ("bytes=-0", Range::Outside),
            ("bytes=5-2", Range::Whole),
            ("bytes=0-1,4-5", Range::Whole),
            ("lines=0-1", Range::Whole),
            ("bytes=99999999999999999999-", Range::Whole),
        ] {
            let request = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static(wanted))]);
            assert_eq!(ranged(&request, &HeaderMap::new(), 10), expected, "{wanted}");
        }
    }
}
