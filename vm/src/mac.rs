//! MAC addresses that follow from a name, so that a rendered machine keeps its address.

use std::fmt;

/// A locally administered unicast address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MacAddress([u8; 6]);

impl MacAddress {
    /// The address that belongs to a name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let [_, _, first, rest @ ..] = fnv1a(name.as_bytes()).to_be_bytes();
        let [b, c, d, e, f] = rest;
        // IEEE 802: bit 1 of the first octet is "locally administered", bit 0 "group".
        Self([first & 0b1111_1100 | 0b10, b, c, d, e, f])
    }
}

/// FNV-1a of 64 bits: spreads names evenly, and is not meant to resist anybody.
fn fnv1a(bytes: &[u8]) -> u64 {
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    bytes.iter().fold(OFFSET_BASIS, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

impl fmt::Display for MacAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, f] = self.0;
        write!(out, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn follows_from_the_name() {
        assert_eq!(MacAddress::of("manor").to_string(), MacAddress::of("manor").to_string());
        assert_ne!(MacAddress::of("manor"), MacAddress::of("manor2"));
        // The published FNV-1a value of "foobar" is 85944171f73967e8.
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    proptest! {
        #[test]
        fn is_local_and_unicast(name in ".*") {
            let MacAddress([first, ..]) = MacAddress::of(&name);
            prop_assert_eq!(first & 0b11, 0b10);
        }
    }
}
