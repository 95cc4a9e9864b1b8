//! Pages of a list: AWS gives at most 50 entries at once.

use super::refusal::Refusal;

/// The most on a page of Lambda's lists, "even if you set `MaxItems` higher":
/// <https://docs.aws.amazon.com/lambda/latest/api/API_ListVersionsByFunction.html#API_ListVersionsByFunction_RequestSyntax>
const PAGE: usize = 50;

/// A page, and where the next begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<String>,
}

/// The page of `all` that begins at `marker`.
pub(crate) fn page<T>(all: Vec<T>, marker: Option<&str>, most: Option<i64>) -> Result<Page<T>, Refusal> {
    let most = match most {
        None => PAGE,
        Some(most @ 1..=10_000) => usize::try_from(most).map_or(PAGE, |most| most.min(PAGE)),
        Some(other) => {
            return Err(Refusal::constraint(&other.to_string(), "maxItems", "have value between 1 and 10000"));
        }
    };
    let begin = match marker {
        None => 0,
        Some(marker) => {
            let begin = marker.parse().ok().filter(|begin| *begin <= all.len());
            begin.ok_or_else(|| Refusal::invalid(format!("Invalid marker: {marker}")))?
        }
    };
    let end = all.len().min(begin + most);
    let next = (end < all.len()).then(|| end.to_string());
    Ok(Page { items: all.into_iter().skip(begin).take(most).collect(), next })
}
