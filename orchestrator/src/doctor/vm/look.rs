//! The observations of the guest: whether it has a way out, and its disk.

use crate::doctor::eyes::{Eyes, There, nothing_runs};
use crate::doctor::looked::{Seen, unseen};
use crate::instance::model::NodeType;
use crate::jobs::account;
use sanctum_host::accounts;
use sanctum_types::{AbsPath, CouldNotCheck};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Whether there is a route to addresses of nobody's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Egress {
    /// IPv4.
    pub v4: bool,
    /// IPv6.
    pub v6: bool,
}

/// The guest's disk on the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Where it is.
    pub path: AbsPath,
    /// What is there.
    pub there: Option<There>,
    /// User id of the machine's account, where it exists.
    pub owner: Option<u32>,
}

/// Addresses of the documentation: TEST-NET-1 of RFC 5737, and RFC 3849.
const NOBODYS: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];
/// Discard; nothing is sent to it.
const PORT: u16 = 9;

/// Routes of the guest, asked on the guest itself.
pub fn egress(eyes: &Eyes<'_>) -> Seen<Egress> {
    let subject = "routes of the guest";
    let house = eyes.ground.house()?;
    match house.node.kind {
        NodeType::Guest if eyes.is_machine() => {
            let [v4, v6] = NOBODYS.map(|ip| routed(ip).map_err(|error| unseen(subject, &error)));
            Ok(Egress { v4: v4?, v6: v6? })
        }
        NodeType::Guest => Err(nothing_runs(subject)),
        NodeType::Hub if house.instance.networks.vm.is_some() => Err(CouldNotCheck {
            subject: subject.to_owned(),
            cause: "they show on the guest itself: run sanctum doctor there".to_owned(),
        }),
        NodeType::Hub | NodeType::Satellite | NodeType::Mobile => Ok(Egress::default()),
    }
}

/// Whether the kernel would know where to send a datagram; none is sent (connect(2) of a datagram socket).
fn routed(ip: IpAddr) -> std::io::Result<bool> {
    let any: IpAddr = match ip {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let said =
        UdpSocket::bind((any, 0)).and_then(|socket| socket.connect(SocketAddr::new(ip, PORT)));
    match said {
        Ok(()) => Ok(true),
        Err(error) => match error.kind() {
            // A machine without the family has no route in it.
            ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable
            | ErrorKind::AddrNotAvailable
            | ErrorKind::Unsupported => Ok(false),
            _ if error.raw_os_error() == Some(AF_NOT_SUPPORTED) => Ok(false),
            _ => Err(error),
        },
    }
}

/// EAFNOSUPPORT (errno(3)), for which std has no word.
const AF_NOT_SUPPORTED: i32 = if cfg!(target_os = "macos") { 47 } else { 97 };

/// The disk of the hub's guest; none on other nodes and in houses without one.
pub fn disk(eyes: &Eyes<'_>) -> Seen<Option<Disk>> {
    let house = eyes.ground.house()?;
    let Some(vm) = house.instance.vm.as_ref().filter(|_| house.node.kind == NodeType::Hub) else {
        return Ok(None);
    };
    let name =
        crate::jobs::vm::name("vm").map_err(|error| unseen("the machine's account", &error))?;
    let account = account::own(&name);
    let owner = match eyes.is_machine() {
        true => accounts::by_name(account.as_str())
            .map_err(|error| unseen(&account, &error))?
            .map(|account| account.uid),
        false => None,
    };
    Ok(Some(Disk { path: vm.disk.clone(), there: eyes.at(&vm.disk)?, owner }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_always_routed() {
        assert!(routed(IpAddr::V4(Ipv4Addr::LOCALHOST)).unwrap());
    }
}
