//! Which addresses a request of the vault may go to: those of the public internet, and those that policy names.
//!
//! Judged is the address that is connected to, after every resolution, so that no spelling of a name or number matters. What is not known to be
//! public is not (IANA's special-purpose registries, RFC 6890). Addresses that carry another one inside, such as mapped and NAT64 ones, are none of it.

use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Not reachable globally, or not one machine: RFC 6890 and RFC 5736 and its kin, multicast, and what is reserved. The first is "this network".
const V4: [([u8; 4], u8); 15] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];
/// Of the addresses that are handed out at all (2000::/3) these are special: protocol assignments with Teredo (RFC 2928), documentation (RFC 3849,
/// RFC 9637) and 6to4 (RFC 3056).
const V6: [([u16; 2], u8); 4] =
    [([0x2001, 0], 23), ([0x2001, 0x0db8], 32), ([0x2002, 0], 16), ([0x3fff, 0], 20)];

/// Whether a request may go there.
#[must_use]
pub fn may_reach(address: IpAddr, named: &[IpNet]) -> bool {
    is_public(address) || named.iter().any(|net| net.contains(&address))
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => {
            let within = |(base, length): &([u8; 4], u8)| {
                u32::from(ip) >> (32 - length) == u32::from(Ipv4Addr::from(*base)) >> (32 - length)
            };
            !V4.iter().any(within)
        }
        IpAddr::V6(ip) => {
            let within = |(base, length): &([u16; 2], u8)| {
                let [high, low] = *base;
                let base = Ipv6Addr::new(high, low, 0, 0, 0, 0, 0, 0);
                u128::from(ip) >> (128 - length) == u128::from(base) >> (128 - length)
            };
            u128::from(ip) >> 125 == 1 && !V6.iter().any(within)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_and_those_that_are_named() {
        for (address, public) in [
            ("1.1.1.1", true),
            ("172.15.255.255", true),
            ("172.32.0.0", true),
            ("100.63.255.255", true),
            ("100.128.0.0", true),
            ("198.17.255.255", true),
            ("198.20.0.0", true),
            ("223.255.255.255", true),
            ("2606:4700::1111", true),
            ("2001:200::1", true),
            ("0.0.0.0", false),
            ("10.1.2.3", false),
            ("100.64.0.1", false),
            ("127.0.0.1", false),
            ("127.255.255.254", false),
            ("169.254.169.254", false),
            ("172.16.0.1", false),
            ("172.31.255.255", false),
            ("192.0.0.192", false),
            ("192.168.1.1", false),
            ("198.19.0.1", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::", false),
            ("::1", false),
            ("::127.0.0.1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:1.1.1.1", false),
            ("64:ff9b::7f00:1", false),
            ("64:ff9b:1::a00:1", false),
            ("2001::1", false),
            ("2001:db8::1", false),
            ("2002:7f00:1::", false),
            ("fc00::1", false),
            ("fd00:ec2::254", false),
            ("fe80::1", false),
            ("fec0::1", false),
            ("ff02::1", false),
            ("4000::1", false),
        ] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(may_reach(address, &[]), public, "{address}");
            assert!(may_reach(address, &[IpNet::from(address)]), "{address}");
        }
        let loopback: IpNet = "127.0.0.0/8".parse().unwrap();
        assert!(!may_reach("::ffff:127.0.0.1".parse().unwrap(), &[loopback]));
    }
}
