//! What the machine that loads a ruleset would add to it: the addresses of its interfaces.
//!
//! A ruleset such as `antispoof for en1` means other rules on other machines. Facts come in as a value; nothing
//! here looks at the machine it runs on. Without facts an interface stays a name, and rules that use it as an
//! address cannot be decided.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::rule::{Addr, Host, Modifiers};

/// Addresses of the interfaces of one machine, or the admission that they are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    interfaces: Option<BTreeMap<String, Vec<(IpAddr, u8)>>>,
}

impl Machine {
    /// A machine about which nothing is known.
    #[must_use]
    pub fn unknown() -> Self {
        Self::default()
    }

    /// A machine that has exactly these interfaces, each with addresses and prefix lengths.
    #[must_use]
    pub fn with(interfaces: impl IntoIterator<Item = (String, Vec<(IpAddr, u8)>)>) -> Self {
        Self { interfaces: Some(interfaces.into_iter().collect()) }
    }

    /// Whether an interface of this name exists; `None` when the machine is not known.
    pub(crate) fn has(&self, name: &str) -> Option<bool> {
        self.interfaces.as_ref().map(|all| all.contains_key(name))
    }

    /// The addresses that `name` stands for as a host, or `None` when it is no interface.
    pub(crate) fn lookup(
        &self,
        name: &str,
        modifiers: Modifiers,
        prefix: Option<u8>,
    ) -> Option<Vec<Host>> {
        let Some(all) = &self.interfaces else {
            let modified = modifiers != Modifiers::default();
            return looks_like_interface(name, modified).then(|| {
                vec![Host::new(Addr::Unresolved { name: name.to_owned(), modifiers, prefix })]
            });
        };
        let mut hosts = Vec::new();
        for (interface, addresses) in all {
            if name == "self" || interface == name || same_driver(name, interface) {
                hosts.extend(of_interface(addresses, modifiers, prefix));
            }
        }
        (!hosts.is_empty()).then_some(hosts)
    }

    /// Whether an interface or address is the house's own: what the evaluator may compare with.
    pub(crate) fn addresses(&self, name: &str) -> Option<&[(IpAddr, u8)]> {
        self.interfaces.as_ref().and_then(|all| all.get(name)).map(Vec::as_slice)
    }
}

/// `en` as a host means every `en0`, `en1`, ...
fn same_driver(name: &str, interface: &str) -> bool {
    !name.ends_with(|c: char| c.is_ascii_digit())
        && interface
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Letters and then digits, as drivers name interfaces; a modifier settles the doubt.
fn looks_like_interface(name: &str, modified: bool) -> bool {
    let unit = name.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let driver = name.len() - unit.len();
    // IFNAMSIZ is 16 with its NUL.
    let fits = driver > 0 && name.len() < 16;
    name == "self"
        || (fits && unit.chars().all(|c| c.is_ascii_digit()) && (modified || !unit.is_empty()))
}

fn of_interface(addresses: &[(IpAddr, u8)], modifiers: Modifiers, prefix: Option<u8>) -> Vec<Host> {
    let mut seen = (false, false);
    let mut hosts = Vec::new();
    for &(ip, bits) in addresses {
        let before = if ip.is_ipv4() { &mut seen.0 } else { &mut seen.1 };
        if modifiers.no_alias && std::mem::replace(before, true) {
            continue;
        }
        let full = if ip.is_ipv4() { 32 } else { 128 };
        let (ip, own) = match ip {
            _ if modifiers.peer => continue,
            IpAddr::V4(v4) if modifiers.broadcast => {
                (IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() | !mask4(bits))), full)
            }
            IpAddr::V6(_) if modifiers.broadcast => continue,
            ip if modifiers.network => (ip, bits),
            ip => (ip, full),
        };
        let prefix = prefix.unwrap_or(own);
        hosts.push(Host::new(Addr::Net { ip: masked(ip, prefix), prefix }));
    }
    hosts
}

fn mask4(bits: u8) -> u32 {
    u32::MAX.checked_shl(32u32.saturating_sub(u32::from(bits))).unwrap_or(0)
}

/// The network part of an address; a prefix longer than the family leaves it as it is.
pub(crate) fn masked(ip: IpAddr, prefix: u8) -> IpAddr {
    match ip {
        IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask4(prefix))),
        IpAddr::V6(v6) => {
            let shift = 128u32.saturating_sub(u32::from(prefix));
            let mask = u128::MAX.checked_shl(shift).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
        }
    }
}
