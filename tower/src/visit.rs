//! An HTTP request as the request that a policy decides.

use std::{cell::OnceCell, io::Write, net::IpAddr};

use http::{Extensions, HeaderMap, header::COOKIE};
use onebox_core::Request;

/// Where the visitor's address is.
pub(crate) type Address = dyn Fn(&HeaderMap, &Extensions) -> Option<IpAddr> + Send + Sync;

/// The headers and the address of a request, as UTF-8.
pub(crate) struct Visit<'a> {
    headers: &'a HeaderMap,
    extensions: &'a Extensions,
    address: &'a Address,
    /// All header text as UTF-8, made when some is read that is not.
    converted: OnceCell<HeaderMap<String>>,
    client_ip: OnceCell<Option<AddressText>>,
}

impl<'a> Visit<'a> {
    #[inline]
    pub(crate) fn new(headers: &'a HeaderMap, extensions: &'a Extensions, address: &'a Address) -> Self {
        Self { headers, extensions, address, converted: OnceCell::new(), client_ip: OnceCell::new() }
    }

    #[cold]
    fn converted(&self) -> &HeaderMap<String> {
        self.converted.get_or_init(|| {
            self.headers.iter().map(|(name, value)| (name.clone(), converted(value.as_bytes()))).collect()
        })
    }
}

/// A header's text: UTF-8, or else ISO-8859-1, whose bytes are the numbers of the characters.
fn converted(text: &[u8]) -> String {
    str::from_utf8(text).map_or_else(|_| text.iter().copied().map(char::from).collect(), str::to_owned)
}

impl Request for Visit<'_> {
    #[inline]
    fn cookie_lines(&self) -> impl Iterator<Item = &[u8]> {
        self.headers.get_all(COOKIE).iter().enumerate().map(|(at, line)| match str::from_utf8(line.as_bytes()) {
            Ok(line) => line.as_bytes(),
            Err(_) => self.converted().get_all(COOKIE).iter().nth(at).map(String::as_bytes).unwrap_or_default(),
        })
    }

    #[inline]
    fn header(&self, name: &str) -> Option<&[u8]> {
        let value = self.headers.get(name)?.as_bytes();
        if str::from_utf8(value).is_ok() { Some(value) } else { self.converted().get(name).map(String::as_bytes) }
    }

    #[inline]
    fn client_ip(&self) -> Option<&[u8]> {
        let address = || (self.address)(self.headers, self.extensions).map(AddressText::new);
        self.client_ip.get_or_init(address).as_ref().map(AddressText::as_bytes)
    }
}

/// An address as CloudFront writes it, held in place.
struct AddressText {
    bytes: [u8; Self::LONGEST],
    len: usize,
}

impl AddressText {
    const LONGEST: usize = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".len();

    /// A socket for both families sees 198.51.100.7 as ::ffff:198.51.100.7; CloudFront never writes that.
    fn new(address: IpAddr) -> Self {
        let mut bytes = [0; Self::LONGEST];
        let mut rest = &mut bytes[..];
        // It cannot fail: no address is longer.
        let _ = write!(rest, "{}", address.to_canonical());
        let len = Self::LONGEST - rest.len();
        Self { bytes, len }
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_as_cloudfront_writes_it() {
        for (address, expected) in [
            ("198.51.100.7", "198.51.100.7"),
            ("::ffff:198.51.100.7", "198.51.100.7"),
            ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("::", "::"),
        ] {
            let text = AddressText::new(address.parse().unwrap());
            assert_eq!(str::from_utf8(text.as_bytes()), Ok(expected));
        }
    }

    #[test]
    fn text_that_is_not_utf_8_is_iso_8859_1() {
        for (bytes, expected) in [
            (&b"plain"[..], "plain"),
            ("é".as_bytes(), "é"),
            (b"\xe9", "é"),
            (b"\x80\xff", "\u{80}\u{ff}"),
            (b"\xc3\xa9\xe9", "Ã©é"),
        ] {
            assert_eq!(converted(bytes), expected);
        }
    }
}
