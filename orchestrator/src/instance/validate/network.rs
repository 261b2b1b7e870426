//! Machines and networks: one hub, disjoint subnets, every address inside its own.

use super::{Judged, Problem};
use crate::instance::model::{Instance, Interfaces, Node, NodeType, Os};
use crate::instance::registry::node_os;
use ipnet::{IpNet, Ipv4Net};
use sanctum_types::NodeName;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

pub(super) fn judge(instance: &Instance, judged: &mut Judged) {
    hubs(instance, judged);
    guests(instance, judged);
    interfaces(instance, judged);
    subnets(instance, judged);
    vm_addresses(instance, judged);
    lan_addresses(instance, judged);
    ssh_port(instance, judged);
}

fn of_type(instance: &Instance, kind: NodeType) -> Vec<&NodeName> {
    instance.nodes.iter().filter(|(_, node)| node.kind == kind).map(|(name, _)| name).collect()
}

fn hubs(instance: &Instance, judged: &mut Judged) {
    let hubs = of_type(instance, NodeType::Hub);
    let count = hubs.len();
    match hubs.get(1..) {
        None => judged.refuse_key(["nodes"], Problem::Hubs { count }),
        Some(more) => {
            for name in more {
                judged.refuse(["nodes", name.as_str(), "type"], Problem::Hubs { count });
            }
        }
    }
}

fn guests(instance: &Instance, judged: &mut Judged) {
    let guests = of_type(instance, NodeType::Guest);
    if instance.networks.vm.is_none() {
        for node in &guests {
            let node = (*node).clone();
            judged.refuse_key(
                ["nodes", node.clone().as_str()],
                Problem::GuestWithoutNetwork { node },
            );
        }
    }
    if let Some((first, more)) = guests.split_first() {
        for second in more {
            let problem =
                Problem::SecondGuest { first: (*first).clone(), second: (*second).clone() };
            judged.refuse(["nodes", second.as_str(), "type"], problem);
        }
    }
    let Some(vm) = &instance.vm else { return };
    if instance.networks.vm.is_none() {
        judged.refuse_key(["vm"], Problem::VmWithout { what: "`networks.vm`" });
    }
    if guests.is_empty() {
        judged.refuse_key(["vm"], Problem::VmWithout { what: "a node of type `guest`" });
    }
    // The cloud image of the guest does not boot with less than half a GiB.
    if instance.users.authorized_keys.is_empty() {
        judged.refuse_key(["vm"], Problem::VmWithout { what: "`users.authorized_keys`" });
    }
    for (key, value, least) in [("cpus", vm.cpus, 1), ("memory_mib", vm.memory_mib, 512)] {
        if value < least {
            judged.refuse(["vm", key], Problem::TooSmall { what: format!("`{key}`"), least });
        }
    }
}

fn interfaces(instance: &Instance, judged: &mut Judged) {
    let none = |given: &Interfaces| matches!(given, Interfaces::Many(names) if names.is_empty());
    if none(&instance.networks.lan.interface) {
        judged.refuse(["networks", "lan", "interface"], Problem::NoInterfaces);
    }
    for (name, node) in &instance.nodes {
        if node.lan_interfaces.as_ref().is_some_and(none) {
            judged.refuse(["nodes", name.as_str(), "lan_interfaces"], Problem::NoInterfaces);
        }
    }
}

fn subnets(instance: &Instance, judged: &mut Judged) {
    let networks = &instance.networks;
    let mut v4: Vec<(&'static str, Ipv4Net)> = vec![("lan", networks.lan.subnet)];
    v4.extend(networks.vm.as_ref().map(|vm| ("vm", vm.subnet)));
    v4.extend(networks.tailnet.as_ref().map(|tailnet| ("tailnet", tailnet.subnet)));
    for (n, (name, net)) in v4.iter().enumerate() {
        if net.trunc() != *net {
            judged
                .refuse(["networks", name, "subnet"], Problem::HostBits { given: IpNet::V4(*net) });
        }
        for (other, other_net) in v4.iter().take(n) {
            if net.contains(&other_net.network()) || other_net.contains(&net.network()) {
                let (net, other_net) = (IpNet::V4(*net), IpNet::V4(*other_net));
                judged.refuse(
                    ["networks", name, "subnet"],
                    Problem::Overlap { name, net, other, other_net },
                );
            }
        }
    }
    if let Some(net) = networks.lan.subnet6.filter(|net| net.trunc() != *net) {
        judged.refuse(["networks", "lan", "subnet6"], Problem::HostBits { given: IpNet::V6(net) });
    }
    let lan = networks.lan.subnet;
    if !lan.network().is_private() && !lan.network().is_link_local() {
        judged.warn(["networks", "lan", "subnet"], Problem::PublicSubnet { name: "lan", net: lan });
    }
}

/// An address that a machine can have: inside the subnet, and neither its first nor its last.
fn placed<const N: usize>(
    path: [&str; N],
    network: &'static str,
    (address, subnet): (Ipv4Addr, Ipv4Net),
    judged: &mut Judged,
) {
    let subnet = subnet.trunc();
    // RFC 3021: a /31 has two hosts and no broadcast; a /32 is its own host.
    let edges = subnet.prefix_len() < 31;
    let ip = IpAddr::V4(address);
    if !subnet.contains(&address) {
        judged.refuse(path, Problem::Outside { address: ip, subnet, network });
    } else if edges && address == subnet.network() {
        judged.refuse(path, Problem::Reserved { address: ip, kind: "network", subnet });
    } else if edges && address == subnet.broadcast() {
        judged.refuse(path, Problem::Reserved { address: ip, kind: "broadcast", subnet });
    }
}

fn vm_addresses(instance: &Instance, judged: &mut Judged) {
    let Some(vm) = &instance.networks.vm else { return };
    placed(["networks", "vm", "host"], "vm", (vm.host, vm.subnet), judged);
    placed(["networks", "vm", "guest"], "vm", (vm.guest, vm.subnet), judged);
    if vm.host == vm.guest {
        let problem =
            Problem::AddressTaken { address: vm.guest.into(), other: "the hub".to_owned() };
        judged.refuse(["networks", "vm", "guest"], problem);
    }
    let Some(address) = vm.host6 else { return };
    let in_lan = instance.networks.lan.subnet6.is_some_and(|lan| lan.contains(&address));
    let kind = match address {
        a if a.is_unspecified() => "the unspecified address",
        a if a.is_loopback() => "the loopback address",
        a if a.is_multicast() => "a multicast address",
        _ if in_lan => "in the LAN's prefix",
        _ => return,
    };
    judged.refuse(
        ["networks", "vm", "host6"],
        Problem::BadAddress6 { address: address.into(), kind },
    );
}

fn lan_addresses(instance: &Instance, judged: &mut Judged) {
    let subnet = instance.networks.lan.subnet;
    let mut taken: BTreeMap<Ipv4Addr, &NodeName> = BTreeMap::new();
    for (name, node) in &instance.nodes {
        let Some(address) = node.lan_address else { continue };
        let path = ["nodes", name.as_str(), "lan_address"];
        placed(path, "lan", (address, subnet), judged);
        if let Some(other) = taken.insert(address, name) {
            let other = format!("node `{other}`");
            judged.refuse(path, Problem::AddressTaken { address: address.into(), other });
        }
    }
}

/// launchd listens for the SSH server of macOS, on the port that its own plist names (launchd.plist(5), `Sockets`).
fn ssh_port(instance: &Instance, judged: &mut Judged) {
    let port = instance.ssh.port.get();
    let serves = |node: &Node| node_os(node) == Os::Macos && node.kind != NodeType::Mobile;
    let mac = instance.nodes.iter().find(|(_, node)| serves(node));
    if let (Some((name, _)), true) = (mac, port != 22) {
        judged.warn(["ssh", "port"], Problem::SshPortOfMac { port, node: name.clone() });
    }
}
