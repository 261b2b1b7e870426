//! Bridges of this machine with their members; vmnet of macOS makes one for each of its networks.
//!
//! Their addresses are with all other interfaces' in [`crate::interfaces`].

use crate::HostError;
use std::collections::{BTreeMap, BTreeSet};

#[cfg(not(target_os = "macos"))]
#[path = "bridges/linux.rs"]
mod look;
#[cfg(target_os = "macos")]
#[path = "bridges/macos.rs"]
mod look;

/// Members by the bridge's name.
pub type Bridges = BTreeMap<String, BTreeSet<String>>;

/// All bridges.
///
/// # Errors
/// [`HostError`] where they cannot be listed.
pub fn bridges() -> Result<Bridges, HostError> {
    look::bridges()
}

/// Reads `ifconfig -a` of macOS: an interface begins a line, its members follow as `member: NAME flags=...`
/// (ifconfig(8)). Written from the manual; not run on a Mac yet.
#[must_use]
pub fn parse_ifconfig(text: &str) -> Bridges {
    let mut all = Bridges::new();
    let mut here: Option<&str> = None;
    for line in text.lines() {
        if !line.starts_with(char::is_whitespace) {
            here = line.split_once(": flags=").map(|(name, _)| name);
            let number = here.and_then(|name| name.strip_prefix("bridge"));
            let is_bridge = number
                .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
            here = here.filter(|_| is_bridge);
            all.extend(here.map(|name| (name.to_owned(), BTreeSet::new())));
            continue;
        }
        let member = line.trim().strip_prefix("member: ").and_then(|rest| rest.split(' ').next());
        if let (Some(members), Some(member)) = (here.and_then(|name| all.get_mut(name)), member) {
            members.insert(member.to_owned());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bridges_of_a_mac() {
        let said = "lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 16384\n\tinet 127.0.0.1 netmask 0xff000000\n\
            bridge0: flags=8863<UP,BROADCAST> mtu 1500\n\tmember: en1 flags=3<LEARNING,DISCOVER>\n\t        ifmaxaddr 0 port 9\n\
            bridge100: flags=8a63<UP,BROADCAST> mtu 1500\n\tinet 10.10.10.1 netmask 0xffffff00 broadcast 10.10.10.255\n\tmember: vmenet0 flags=10003<LEARNING>\n\tmember: vmenet1 flags=10003<LEARNING>\n\
            vmenet0: flags=8963<UP> mtu 1500\n\tmember: x flags=3\n";
        let expected = Bridges::from([
            ("bridge0".to_owned(), ["en1".to_owned()].into()),
            ("bridge100".to_owned(), ["vmenet0".to_owned(), "vmenet1".to_owned()].into()),
        ]);
        assert_eq!(parse_ifconfig(said), expected);
    }

    #[test]
    fn this_machine_answers() {
        let known = crate::interfaces::interfaces().unwrap();
        for name in bridges().unwrap().keys() {
            assert!(known.contains_key(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse_ifconfig(&String::from_utf8_lossy(&bytes));
        }
    }
}
