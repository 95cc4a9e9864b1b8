//! Naming the partition header in `Vary`.

/// What to do with a response's `Vary` so that it names a header once.
///
/// ```
/// use onebox_core::{Vary, merge};
/// let name = "X-Req-Partition";
/// let found = "Accept-Encoding";
/// let vary = match merge(Some(found.as_bytes()), name) {
///     Vary::Leave => found.to_owned(),
///     Vary::Set => name.to_owned(),
///     Vary::Append => format!("{found}, {name}"),
/// };
/// assert_eq!(vary, "Accept-Encoding, X-Req-Partition");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vary {
    /// It names the header already, or it is `*`, which says more than any name.
    Leave,
    /// There is none, or it is empty: set it to the name.
    Set,
    /// Add the name at the end of the list.
    Append,
}

/// Compares a `Vary` value with a header name, ignoring ASCII case.
///
/// The value is the list of all lines, joined with commas, or none without a line. See
/// <https://www.rfc-editor.org/rfc/rfc9110#field.vary>.
///
/// ```
/// use onebox_core::{merge, Vary};
/// assert_eq!(merge(None, "X-Req-Partition"), Vary::Set);
/// assert_eq!(merge(Some(b"Accept-Encoding"), "X-Req-Partition"), Vary::Append);
/// assert_eq!(merge(Some(b"x-req-partition, Cookie"), "X-Req-Partition"), Vary::Leave);
/// assert_eq!(merge(Some(b"*"), "X-Req-Partition"), Vary::Leave);
/// ```
#[must_use]
pub fn merge(value: Option<&[u8]>, name: &str) -> Vary {
    let members = value.into_iter().flat_map(|value| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    members.filter(|member| !member.is_empty()).fold(Vary::Set, |found, member| {
        if found == Vary::Leave || member == b"*" || member.eq_ignore_ascii_case(name.as_bytes()) {
            Vary::Leave
        } else {
            Vary::Append
        }
    })
}
