//! Views of the service registry that renderers share: ports of a node, the order to start in, labels, logins.
//!
//! Everything here is derived from the instance alone and is the same on every machine.

use super::model::{Arch, Bind, Instance, Node, NodeType, Os, Service, Transport};
use sanctum_types::{AccountName, JobLabel, NodeName, ServiceName};
use std::collections::{BTreeMap, BTreeSet};

/// One port that a service of a node listens on.
#[derive(Clone, Copy, Debug)]
pub struct PortUse<'a> {
    /// The service's name.
    pub name: &'a ServiceName,
    /// The service.
    pub service: &'a Service,
    /// Number.
    pub port: u16,
    /// Transport.
    pub transport: Transport,
    /// Who may reach it.
    pub bind: Bind,
}

/// Enabled services of a node, by name.
pub fn services_of<'a>(
    instance: &'a Instance,
    node: &NodeName,
) -> impl Iterator<Item = (&'a ServiceName, &'a Service)> {
    instance.services.iter().filter(move |(_, service)| service.enabled && service.node == *node)
}

/// Ports that enabled services of a node listen on, by service and in the order of the file.
pub fn ports_of<'a>(instance: &'a Instance, node: &NodeName) -> impl Iterator<Item = PortUse<'a>> {
    services_of(instance, node).flat_map(|(name, service)| {
        service.ports.iter().map(move |spec| {
            let (port, transport) = spec.get();
            PortUse { name, service, port, transport, bind: service.bind }
        })
    })
}

/// Every service after all that it requires; services that are free to start stand by name.
///
/// Unknown requirements are passed over. An error is a circle: each requires the next, and the last the first.
pub fn start_order(instance: &Instance) -> Result<Vec<&ServiceName>, Vec<ServiceName>> {
    let services = &instance.services;
    let mut waiting: BTreeMap<&ServiceName, BTreeSet<&ServiceName>> = BTreeMap::new();
    let mut asked_by: BTreeMap<&ServiceName, Vec<&ServiceName>> = BTreeMap::new();
    for (name, service) in services {
        let open = service.requires.iter().filter(|name| services.contains_key(*name));
        let open: BTreeSet<&ServiceName> = open.collect();
        for required in &open {
            asked_by.entry(required).or_default().push(name);
        }
        waiting.insert(name, open);
    }
    let free = waiting.iter().filter(|(_, open)| open.is_empty()).map(|(name, _)| *name);
    let mut free: BTreeSet<&ServiceName> = free.collect();
    let mut order = Vec::with_capacity(services.len());
    while let Some(next) = free.pop_first() {
        waiting.remove(next);
        for name in asked_by.remove(next).into_iter().flatten() {
            let Some(open) = waiting.get_mut(name) else { continue };
            open.remove(next);
            if open.is_empty() {
                free.insert(name);
            }
        }
        order.push(next);
    }
    if waiting.is_empty() { Ok(order) } else { Err(circle(&waiting)) }
}

/// Everybody in `waiting` waits for somebody in it, so a walk along the first of each comes round.
fn circle(waiting: &BTreeMap<&ServiceName, BTreeSet<&ServiceName>>) -> Vec<ServiceName> {
    let mut walk: Vec<ServiceName> = Vec::new();
    let mut next = waiting.keys().next().map(|name| (*name).clone());
    while let Some(name) = next {
        if let Some(start) = walk.iter().position(|seen| *seen == name) {
            let mut found = walk.split_off(start);
            let least =
                found.iter().enumerate().min_by_key(|(_, name)| *name).map_or(0, |(n, _)| n);
            found.rotate_left(least);
            return found;
        }
        next = waiting.get(&name).and_then(|open| open.first()).map(|name| (*name).clone());
        walk.push(name);
    }
    walk
}

/// The launchd label (and, without its prefix, the unit name) of a service or schedule.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "a service name of 40 bytes fits every rule of a label; tested"
)]
pub fn job_label(name: &ServiceName) -> JobLabel {
    JobLabel::new(format!("com.sanctum.{name}")).expect("a service name makes a label")
}

/// The operating system of a node: as declared; macOS for a hub and Linux for the others unless said.
#[must_use]
pub fn os_of(instance: &Instance, node: &NodeName) -> Option<Os> {
    instance.nodes.get(node).map(node_os)
}

/// The same of a declaration.
#[must_use]
pub fn node_os(node: &Node) -> Os {
    node.os.unwrap_or(match node.kind {
        NodeType::Hub | NodeType::Mobile => Os::Macos,
        NodeType::Guest | NodeType::Satellite => Os::Linux,
    })
}

/// The architecture of a node: as declared, or aarch64.
#[must_use]
pub fn node_arch(node: &Node) -> Arch {
    node.arch.unwrap_or(Arch::Aarch64)
}

/// The hub of a validated instance.
#[must_use]
pub fn hub(instance: &Instance) -> Option<(&NodeName, &Node)> {
    instance.nodes.iter().find(|(_, node)| node.kind == NodeType::Hub)
}

/// The guest, where there is one.
#[must_use]
pub fn guest(instance: &Instance) -> Option<(&NodeName, &Node)> {
    instance.nodes.iter().find(|(_, node)| node.kind == NodeType::Guest)
}

/// The account that logs in to a node over SSH.
#[must_use]
pub fn login_of<'a>(instance: &'a Instance, node: &'a Node) -> &'a AccountName {
    node.user.as_ref().unwrap_or(match node.kind {
        NodeType::Guest => &instance.users.guest,
        NodeType::Hub | NodeType::Satellite | NodeType::Mobile => &instance.users.owner,
    })
}
