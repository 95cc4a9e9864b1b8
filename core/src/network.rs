//! A visitor's network: the leading bits of an address.

use core::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str,
};

/// How many leading bits of an IPv6 address name a visitor's network, `16..=128`.
///
/// A household or a mobile device has a /64 at least, and its privacy addresses change within it:
/// <https://www.rfc-editor.org/rfc/rfc8981>.
///
/// ```
/// use onebox_core::PrefixLen;
/// assert_eq!(PrefixLen::new(64).map(PrefixLen::bits), Some(64));
/// assert_eq!([PrefixLen::new(15), PrefixLen::new(129)], [None, None]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrefixLen(u8);

impl PrefixLen {
    /// A prefix of this many bits; none below 16 (a /16 is more than a country) and above 128.
    #[must_use]
    pub const fn new(bits: u8) -> Option<Self> {
        if matches!(bits, 16..=128) { Some(Self(bits)) } else { None }
    }

    /// How many bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The number in decimal, without a leading zero or a sign.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        text.parse().ok().filter(|_| is_number).and_then(Self::new)
    }

    /// The network of an address: an IPv4 address, mapped or not, as a whole. Text that is not one address has none.
    // Most policies have no such entry.
    #[inline(never)]
    pub(crate) fn network(self, address: &[u8]) -> Option<Network> {
        let address = str::from_utf8(address).ok()?.parse::<IpAddr>().ok()?.to_canonical();
        let mut network = Network { text: [0; _], len: 0 };
        match address {
            IpAddr::V4(address) => network.octets(address.octets()),
            IpAddr::V6(address) => {
                let kept = u128::MAX << (128 - u32::from(self.0));
                network.groups(Ipv6Addr::from_bits(address.to_bits() & kept).segments());
            }
        }
        Some(network)
    }
}

impl fmt::Display for PrefixLen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A network as text, held in place. The standard library writes the same, and is what the tests compare with; but its
/// formatting is a part of every module's start that nothing else needs.
pub(crate) struct Network {
    text: [u8; Self::LONGEST],
    len: usize,
}

impl Network {
    const LONGEST: usize = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff".len();

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.text[..self.len]
    }

    fn push(&mut self, byte: u8) {
        self.text[self.len] = byte;
        self.len += 1;
    }

    fn octets(&mut self, octets: [u8; 4]) {
        for (at, octet) in octets.into_iter().enumerate() {
            if at > 0 {
                self.push(b'.');
            }
            self.number(octet.into(), 10, 100);
        }
    }

    /// Groups in lower case, the first of the longest runs of two zeros or more as `::`
    /// (<https://www.rfc-editor.org/rfc/rfc5952#section-4>); what looks like an embedded IPv4 address in hexadecimal too.
    fn groups(&mut self, groups: [u16; 8]) {
        let run = longest_run(&groups);
        for (at, group) in groups.into_iter().enumerate() {
            if at == run.start && !run.is_empty() {
                self.push(b':');
                self.push(b':');
            } else if !run.contains(&at) {
                if at > 0 && at != run.end {
                    self.push(b':');
                }
                self.number(group, 16, 0x1000);
            }
        }
    }

    /// A number without leading zeros; its first digit is at most worth this.
    fn number(&mut self, number: u16, base: u16, mut worth: u16) {
        while worth > 1 && number < worth {
            worth /= base;
        }
        while worth > 0 {
            self.push(b"0123456789abcdef"[usize::from(number / worth % base)]);
            worth /= base;
        }
    }
}

/// The first of the longest runs of zeros; an empty one if none is of two or more.
fn longest_run(groups: &[u16; 8]) -> core::ops::Range<usize> {
    let (mut longest, mut start) = (0..0, 0);
    for (at, group) in groups.iter().enumerate() {
        if *group != 0 {
            start = at + 1;
        } else if at + 1 - start > longest.len().max(1) {
            longest = start..at + 1;
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};
    use core::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    fn network(address: &str, bits: u8) -> Option<String> {
        let network = PrefixLen::new(bits).unwrap().network(address.as_bytes())?;
        Some(String::from_utf8(network.as_bytes().to_vec()).unwrap())
    }

    #[test]
    fn a_prefix_length_is_a_plain_number_from_16_to_128() {
        for (text, bits) in [("16", 16), ("64", 64), ("99", 99), ("128", 128)] {
            assert_eq!(PrefixLen::parse(text).map(PrefixLen::bits), Some(bits));
        }
        for text in
            ["", "0", "15", "129", "256", "1000", "064", "+64", "-64", " 64", "64 ", "6_4", "0x40", "64/", "\u{0666}4"]
        {
            assert_eq!(PrefixLen::parse(text), None, "{text:?}");
        }
    }

    /// Groups with many zeros and, now and then, the prefix of mapped addresses.
    fn groups() -> impl Strategy<Value = [u16; 8]> {
        let group = || prop_oneof![4 => Just(0), 1 => Just(0xFFFF), 1 => 0..0x11_u16, 2 => any::<u16>()];
        let mapped = |[high, low]: [u16; 2]| [0, 0, 0, 0, 0, 0xFFFF, high, low];
        prop_oneof![
            8 => proptest::array::uniform8(group()),
            1 => proptest::array::uniform2(any::<u16>()).prop_map(mapped),
        ]
    }

    proptest! {
        #[test]
        fn a_network_is_written_as_the_standard_library_writes_it(groups in groups(), bits in 16..=128_u8) {
            let address = Ipv6Addr::from(groups);
            let mask = u128::MAX << (128 - bits);
            let expected = match address.to_ipv4_mapped() {
                Some(address) => address.to_string(),
                None => Ipv6Addr::from_bits(address.to_bits() & mask).to_string(),
            };
            prop_assert_eq!(network(&address.to_string(), bits), Some(expected));
        }

        #[test]
        fn an_ipv4_address_is_its_own_network(address: [u8; 4], bits in 16..=128_u8) {
            let text = Ipv4Addr::from(address).to_string();
            prop_assert_eq!(network(&text, bits), Some(text));
        }

        #[test]
        fn addresses_that_differ_behind_the_prefix_are_of_one_network(address: u128, other: u128, bits in 16..=128_u8) {
            let behind = u128::MAX.checked_shr(bits.into()).unwrap_or(0);
            let neighbour = address & !behind | other & behind;
            let [address, neighbour] = [address, neighbour].map(|bits| Ipv6Addr::from_bits(bits).to_string());
            prop_assert_eq!(network(&address, bits), network(&neighbour, bits));
        }
    }
}
