//! The host-only network and the arguments of socket_vmnet that makes it.
//!
//! Mode `host` is always written out: socket_vmnet's own default, `shared`, routes to the internet.

use crate::VmError;
use sanctum_types::{AbsPath, AccountName};
use std::net::Ipv4Addr;

/// The host-only network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The hub's address.
    pub host: Ipv4Addr,
    /// The guest's address, which is static.
    pub guest: Ipv4Addr,
    /// Bits of the network.
    pub prefix_len: u8,
    /// Socket over which frames pass.
    pub socket: AbsPath,
    /// Group that may use the socket.
    pub group: AccountName,
}

/// `sun_path` of macOS's sys/un.h holds 104 bytes with the NUL.
const SUN_PATH: usize = 103;

impl Network {
    /// The arguments of socket_vmnet, without the program.
    pub fn socket_vmnet_arguments(&self) -> Result<Vec<String>, VmError> {
        check_socket(&self.socket)?;
        Ok(vec![
            "--vmnet-mode=host".to_owned(),
            format!("--vmnet-gateway={}", self.host),
            format!("--vmnet-dhcp-end={}", self.last_lease()?),
            format!("--vmnet-mask={}", self.mask()),
            format!("--socket-group={}", self.group),
            self.socket.as_str().to_owned(),
        ])
    }

    /// The netmask.
    #[must_use]
    pub fn mask(&self) -> Ipv4Addr {
        let host_bits = 32_u32.saturating_sub(u32::from(self.prefix_len));
        Ipv4Addr::from_bits(u32::MAX.checked_shl(host_bits).unwrap_or(0))
    }

    /// vmnet leases from behind its gateway up to this address, which is never the guest's.
    pub fn last_lease(&self) -> Result<Ipv4Addr, VmError> {
        let (host, guest) = (self.host, self.guest);
        self.check(host)?;
        self.check(guest)?;
        let behind = host.to_bits() + 1;
        let none = VmError::NoLeases { host, guest };
        let last = match guest.to_bits() {
            bits if bits < host.to_bits() => behind,
            bits if bits > behind => bits - 1,
            _ => return Err(none),
        };
        let last = Ipv4Addr::from_bits(last);
        self.check(last).map_err(|_| none).map(|()| last)
    }

    /// A host address: in the network, and neither its first nor its last.
    pub(crate) fn check(&self, address: Ipv4Addr) -> Result<(), VmError> {
        let mask = self.mask().to_bits();
        let (own, other) = (self.host.to_bits(), address.to_bits());
        let ends = [own & mask, own | !mask];
        if self.prefix_len < 31 && own & mask == other & mask && !ends.contains(&other) {
            return Ok(());
        }
        Err(VmError::Address { address, host: self.host, prefix_len: self.prefix_len })
    }
}

/// Whether a Unix socket can be bound at the path.
pub(crate) fn check_socket(path: &AbsPath) -> Result<(), VmError> {
    if path.as_str().len() > SUN_PATH {
        return Err(VmError::SocketPath { path: path.clone() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn network(host: [u8; 4], guest: [u8; 4], prefix_len: u8) -> Network {
        Network {
            host: host.into(),
            guest: guest.into(),
            prefix_len,
            socket: AbsPath::new("/opt/sanctum/vm/net/vmnet.sock").unwrap(),
            group: AccountName::new("_sanctum_vm").unwrap(),
        }
    }

    #[test]
    fn arguments() {
        let arguments =
            network([10, 10, 10, 1], [10, 10, 10, 10], 24).socket_vmnet_arguments().unwrap();
        assert_eq!(
            arguments.join(" "),
            "--vmnet-mode=host --vmnet-gateway=10.10.10.1 --vmnet-dhcp-end=10.10.10.9 \
             --vmnet-mask=255.255.255.0 --socket-group=_sanctum_vm /opt/sanctum/vm/net/vmnet.sock"
        );
    }

    #[test]
    fn leases() {
        let last = |host, guest, len| network(host, guest, len).last_lease();
        assert_eq!(last([10, 0, 0, 5], [10, 0, 0, 2], 24).unwrap(), Ipv4Addr::new(10, 0, 0, 6));
        assert!(matches!(last([10, 0, 0, 1], [10, 0, 0, 2], 24), Err(VmError::NoLeases { .. })));
        assert!(matches!(last([10, 0, 0, 1], [10, 0, 0, 1], 24), Err(VmError::NoLeases { .. })));
        assert!(matches!(last([10, 0, 0, 254], [10, 0, 0, 9], 24), Err(VmError::NoLeases { .. })));
        for guest in [[10, 0, 1, 9], [10, 0, 0, 0], [10, 0, 0, 255]] {
            assert!(
                matches!(last([10, 0, 0, 1], guest, 24), Err(VmError::Address { .. })),
                "{guest:?}"
            );
        }
        assert!(last([10, 0, 0, 1], [10, 0, 0, 3], 31).is_err());
        assert!(last([0, 0, 0, 0], [255, 255, 255, 255], 0).is_err());
    }

    proptest! {
        #[test]
        fn the_guest_is_never_leased(host in any::<u32>(), guest in 0u32..600, len in 0u8..=40) {
            let other = (host & !0xff).wrapping_add(guest);
            let net = network(host.to_be_bytes(), other.to_be_bytes(), len);
            if let Ok(last) = net.last_lease() {
                prop_assert!(host < last.to_bits());
                prop_assert!(!(host + 1..=last.to_bits()).contains(&other));
                prop_assert!(net.check(last).is_ok());
            }
        }
    }
}
