//! The machine's network interfaces, their addresses, and which one the default route leaves by.
//!
//! Reading is done here and beside, parsing is pure. Deliberately absent: an opinion on which interface is the
//! LAN's.

use crate::HostError;
use nix::net::if_::InterfaceFlags;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

#[cfg(not(target_os = "macos"))]
#[path = "interfaces/linux.rs"]
mod route;
#[cfg(target_os = "macos")]
#[path = "interfaces/macos.rs"]
mod route;

/// An address and the length of its network's prefix in bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// 0 to 32 or 128.
    pub prefix: u8,
}

/// One interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// Whether it is switched on.
    pub up: bool,
    /// Whether it has a carrier.
    pub running: bool,
    /// Whether it is the loopback.
    pub loopback: bool,
    /// Whether it is a tunnel with one other end.
    pub point_to_point: bool,
    /// Its addresses.
    pub addresses: BTreeSet<Address>,
}

/// All interfaces by name.
pub fn interfaces() -> Result<BTreeMap<String, Interface>, HostError> {
    let all = nix::ifaddrs::getifaddrs().map_err(|errno| HostError::Io {
        verb: "list",
        path: "the network interfaces".to_owned(),
        source: errno.into(),
    })?;
    let mut found = BTreeMap::<String, Interface>::new();
    for one in all {
        let interface = found.entry(one.interface_name).or_default();
        let has = |flag| one.flags.contains(flag);
        interface.up |= has(InterfaceFlags::IFF_UP);
        interface.running |= has(InterfaceFlags::IFF_RUNNING);
        interface.loopback |= has(InterfaceFlags::IFF_LOOPBACK);
        interface.point_to_point |= has(InterfaceFlags::IFF_POINTOPOINT);
        if let Some(ip) = one.address.as_ref().and_then(ip) {
            // Without a mask (a tunnel on some systems) the address stands for itself alone.
            let prefix = one.netmask.as_ref().and_then(self::ip).map_or_else(|| width(ip), ones);
            interface.addresses.insert(Address { ip, prefix });
        }
    }
    Ok(found)
}

/// The interface that the default route leaves by, IPv4 before IPv6; none when there is no such route.
pub fn default_route() -> Result<Option<String>, HostError> {
    route::default_route()
}

fn ip(address: &nix::sys::socket::SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
}

fn ones(mask: IpAddr) -> u8 {
    let bits = match mask {
        IpAddr::V4(v4) => v4.to_bits().count_ones(),
        IpAddr::V6(v6) => v6.to_bits().count_ones(),
    };
    u8::try_from(bits).unwrap_or(u8::MAX)
}

const fn width(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// The interface of the default route with the lowest metric in Linux's `/proc/net/route`.
#[must_use]
pub fn parse_proc_route(text: &str) -> Option<String> {
    // The header line has no numbers and falls out by itself. Flags: RTF_UP 1, RTF_REJECT 0x200 (linux/route.h).
    let row = |line: &str| {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let [name, to, _, flags, _, _, metric, mask, ..] = cells.as_slice() else { return None };
        let flags = u32::from_str_radix(flags, 16).ok()?;
        let usable = flags & 0x1 != 0 && flags & 0x200 == 0;
        (*to == "00000000" && *mask == "00000000" && usable)
            .then_some((metric.parse::<u32>().ok()?, (*name).to_owned()))
    };
    text.lines().filter_map(row).min().map(|(_, name)| name)
}

/// The same for `/proc/net/ipv6_route`, whose last column is the interface.
#[must_use]
pub fn parse_proc_ipv6_route(text: &str) -> Option<String> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let [to, prefix, _, _, _, metric, _, _, flags, name] = cells.as_slice() else {
            return None;
        };
        let flags = u32::from_str_radix(flags, 16).ok()?;
        let usable = flags & 0x1 != 0 && flags & 0x200 == 0 && *name != "lo";
        (to.bytes().all(|digit| digit == b'0') && *prefix == "00" && usable)
            .then_some((u32::from_str_radix(metric, 16).ok()?, (*name).to_owned()))
    };
    text.lines().filter_map(row).min().map(|(_, name)| name)
}

/// The `interface:` line of `route -n get default` of macOS (route(8)).
#[must_use]
pub fn parse_route_get(text: &str) -> Option<String> {
    let name = text.lines().find_map(|line| line.trim().strip_prefix("interface:"))?.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_route_with_the_lowest_metric() {
        let header =
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";
        let row = |name: &str, to: &str, flags: &str, metric: u32, mask: &str| {
            format!("{name}\t{to}\t0100000A\t{flags}\t0\t0\t{metric}\t{mask}\t0\t0\t0")
        };
        let table = [
            header.to_owned(),
            row("eth9", "0000000A", "0001", 0, "00FFFFFF"),
            row("wlan0", "00000000", "0003", 600, "00000000"),
            row("eth0", "00000000", "0003", 100, "00000000"),
            row("down0", "00000000", "0002", 1, "00000000"),
            row("no0", "00000000", "0201", 1, "00000000"),
            row("half0", "00000000", "0001", 1, "00000080"),
        ];
        assert_eq!(parse_proc_route(&table.join("\n")).as_deref(), Some("eth0"));
        assert_eq!(parse_proc_route(&table[..2].join("\n")), None);
    }

    #[test]
    fn the_same_for_ipv6() {
        let zero = "0".repeat(32);
        let row = |to: &str, prefix: &str, metric: &str, flags: &str, name: &str| {
            format!("{to} {prefix} {zero} 00 {zero} {metric} 00000001 00000000 {flags} {name}")
        };
        let table = [
            row(&zero, "00", "ffffffff", "00200200", "lo"),
            row(&zero, "00", "00000400", "00000003", "eth0"),
            row(&zero, "40", "00000001", "00000001", "eth1"),
            row(&zero, "00", "00000001", "00000002", "eth2"),
        ];
        assert_eq!(parse_proc_ipv6_route(&table.join("\n")).as_deref(), Some("eth0"));
        assert_eq!(parse_proc_ipv6_route(&table[0]), None);
    }

    #[test]
    fn the_same_for_macos() {
        let said = "   route to: default\ndestination: default\n    gateway: 192.168.1.1\n  interface: en0\n      flags: <UP>\n";
        assert_eq!(parse_route_get(said).as_deref(), Some("en0"));
        assert_eq!(parse_route_get("route: writing to routing socket: not in table\n"), None);
    }

    #[test]
    fn this_machine_has_a_loopback() {
        let all = interfaces().unwrap();
        let (_, lo) = all.iter().find(|(_, one)| one.loopback).unwrap();
        let home = Address { ip: IpAddr::from([127, 0, 0, 1]), prefix: 8 };
        assert!(lo.up && lo.addresses.contains(&home), "{lo:?}");
        if let Some(name) = default_route().unwrap() {
            assert!(all.contains_key(&name));
        }
    }
}
