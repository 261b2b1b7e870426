//! From the instance to where a node is reached: address, account, and the hosts on the way.

use super::known_hosts::HostPort;
use crate::instance::Instance;
use crate::instance::model::{Node, NodeType};
use crate::instance::registry::login_of;
use sanctum_types::{AccountName, NodeName};

/// One server to log in to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// Name or address, and port.
    pub at: HostPort,
    /// The account.
    pub user: AccountName,
}

/// A node and the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub node: NodeName,
    /// The servers on the way, outermost first; the node itself is last.
    pub route: Vec<Endpoint>,
}

/// Why there is no way to a node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It is not declared.
    #[error("the instance has no node `{0}`")]
    NoNode(String),
    /// Nothing says where it is.
    #[error("nothing says where `{0}` is reached")]
    NoHost(NodeName),
    /// A jump leads back.
    #[error("the jumps to `{0}` lead in a circle")]
    Circle(NodeName),
}

/// The way to a node; `jump` stands in for the jump that the instance declares.
pub fn target(
    instance: &Instance,
    node: &NodeName,
    jump: Option<&NodeName>,
) -> Result<Target, TargetError> {
    let mut names = vec![node.clone()];
    let mut next = jump.cloned().or_else(|| declared(instance, node).ok()?.jump.clone());
    while let Some(name) = next {
        if names.contains(&name) {
            return Err(TargetError::Circle(node.clone()));
        }
        next = declared(instance, &name)?.jump.clone();
        names.push(name);
    }
    let route: Result<Vec<Endpoint>, TargetError> =
        names.iter().rev().map(|name| endpoint(instance, name)).collect();
    Ok(Target { node: node.clone(), route: route? })
}

/// Every node that serves, each with its way.
#[must_use]
pub fn all(
    instance: &Instance,
    jump: Option<&NodeName>,
) -> Vec<(NodeName, Result<Target, TargetError>)> {
    instance
        .nodes
        .iter()
        .filter(|(_, node)| node.kind != NodeType::Mobile)
        .map(|(name, _)| {
            // A jump for everybody does not stand before itself.
            let jump = jump.filter(|jump| *jump != name);
            (name.clone(), target(instance, name, jump))
        })
        .collect()
}

fn declared<'a>(instance: &'a Instance, name: &NodeName) -> Result<&'a Node, TargetError> {
    instance.nodes.get(name).ok_or_else(|| TargetError::NoNode(name.to_string()))
}

fn endpoint(instance: &Instance, name: &NodeName) -> Result<Endpoint, TargetError> {
    let node = declared(instance, name)?;
    let guest = (node.kind == NodeType::Guest)
        .then(|| instance.networks.vm.as_ref().map(|vm| vm.guest.to_string()))
        .flatten();
    let host = node
        .host
        .clone()
        .or_else(|| node.lan_address.map(|address| address.to_string()))
        .or(guest)
        .ok_or_else(|| TargetError::NoHost(name.clone()))?;
    Ok(Endpoint {
        at: HostPort { host, port: instance.ssh.port.get() },
        user: login_of(instance, node).clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::fixture::instance as house;

    fn shown(target: &Target) -> String {
        let hops: Vec<String> =
            target.route.iter().map(|end| format!("{}@{}", end.user, end.at)).collect();
        hops.join(" > ")
    }

    #[test]
    fn ways() {
        let name = |text: &str| NodeName::new(text).unwrap();
        let mut house = house();
        let at = |house: &Instance, node: &str, jump: Option<&str>| {
            let jump = jump.map(name);
            target(house, &name(node), jump.as_ref()).map(|target| shown(&target))
        };
        assert_eq!(at(&house, "cottage", None), Err(TargetError::NoHost(name("cottage"))));
        assert_eq!(at(&house, "nobody", None), Err(TargetError::NoNode("nobody".to_owned())));
        let guest = at(&house, "vm", None).unwrap();
        assert!(guest.contains("10.10.10.10"), "{guest}");
        for (node, host) in [("hub", "hub.example"), ("cottage", "cottage.example")] {
            house.nodes.get_mut(&name(node)).unwrap().host = Some(host.to_owned());
        }
        house.nodes.get_mut(&name("vm")).unwrap().jump = Some(name("hub"));
        let vm = at(&house, "vm", None).unwrap();
        assert!(vm.starts_with(&format!("{}@hub.example > ", house.users.owner)), "{vm}");
        let both = at(&house, "vm", Some("cottage")).unwrap();
        assert!(both.contains("@cottage.example > ") && !both.contains("hub.example"), "{both}");
        house.nodes.get_mut(&name("hub")).unwrap().jump = Some(name("vm"));
        assert_eq!(at(&house, "vm", None), Err(TargetError::Circle(name("vm"))));
        let names: Vec<String> =
            all(&house, None).iter().map(|(name, _)| name.to_string()).collect();
        assert_eq!(names, ["cottage", "hub", "vm"], "who only calls is not asked");
    }
}
