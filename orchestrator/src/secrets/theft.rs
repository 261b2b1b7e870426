//! What a thief holds, in order of danger: a pure function over the instance, as a plan that rotation can execute.
//!
//! docs/formats/stolen-plan.md is its page. Where the instance does not say that a disk is encrypted it is taken for
//! open, and a key that must open something with nobody there is taken for lying beside it. Nothing that is merely
//! unlikely is left out. Deliberately absent: doing any of it.

mod danger;
#[cfg(test)]
mod tests;

use crate::instance::boot::FileVault;
use crate::instance::model::{Instance, NodeType, Os};
use crate::instance::secrets::{SecretEntry, consumers, holders};
use sanctum_types::{NodeName, SecretRef, ServiceName};
use serde::Serialize;
use std::collections::BTreeSet;

/// What was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Taken {
    /// A disk, switched off.
    Disk,
    /// A machine that runs, with whatever is unlocked on it.
    Node,
}

/// How the disk lies there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AtRest {
    /// FileVault is declared on.
    Encrypted,
    /// It is declared off.
    Open,
    /// Nobody said, so it counts as open.
    Undeclared,
}

/// How far the thief is from the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Held {
    /// It can be read as it lies, or its key lies beside it.
    AtOnce,
    /// A token for another place may lie there.
    ByToken,
    /// It is encrypted under a password that can be guessed at leisure.
    ByGuessing,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// End what the key opens: take it out of who accepts it.
    Revoke,
    /// Make a new key and encrypt to it.
    Replace,
    /// Make a new value and put it in every place.
    Rotate,
}

/// One thing that the thief holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// From 1, the most dangerous first.
    pub order: usize,
    /// What to do.
    pub act: Act,
    /// `secret:NAME` or `key:KIND:NODE`.
    pub thing: String,
    /// How far the thief is from it.
    pub held: Held,
    /// From 0 to 10.
    pub danger: u8,
    /// Why so much.
    pub because: Vec<String>,
    /// Where it lies among what was taken.
    pub places: Vec<String>,
    /// Services that read it, and stop with the old one.
    pub consumers: Vec<ServiceName>,
    /// What a person types.
    pub commands: Vec<String>,
}

/// The plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Theft {
    /// Always 1.
    pub format: u32,
    /// What was taken.
    pub taken: Taken,
    /// Of which node.
    pub node: NodeName,
    /// Every node whose things are in the thief's hands: a guest's disk is a file on the hub.
    pub nodes: BTreeSet<NodeName>,
    /// How the disk lies there.
    pub at_rest: AtRest,
    /// What is held, the most dangerous first.
    pub steps: Vec<Step>,
}

/// What whoever took this holds.
#[must_use]
pub fn theft(instance: &Instance, taken: Taken, node: &NodeName) -> Theft {
    let nodes = reach(instance, node);
    let at_rest = at_rest(instance, node);
    let sealed = taken == Taken::Disk && at_rest == AtRest::Encrypted;
    let mut steps = Vec::new();
    for (name, entry) in &instance.secrets {
        steps.extend(secret(instance, (name, entry), &nodes, (taken, sealed)));
    }
    for one in &nodes {
        steps.extend(keys(instance, one, &steps, sealed));
        steps.extend(store_token(instance, one, (taken, sealed)));
    }
    steps.sort_by(|a, b| {
        (a.held, std::cmp::Reverse(a.danger), a.act, &a.thing).cmp(&(
            b.held,
            std::cmp::Reverse(b.danger),
            b.act,
            &b.thing,
        ))
    });
    for (step, order) in steps.iter_mut().zip(1..) {
        step.order = order;
    }
    Theft { format: 1, taken, node: node.clone(), nodes, at_rest, steps }
}

fn reach(instance: &Instance, node: &NodeName) -> BTreeSet<NodeName> {
    let mut nodes = BTreeSet::from([node.clone()]);
    if kind(instance, node) == Some(NodeType::Hub) {
        let guests = instance.nodes.iter().filter(|(_, one)| one.kind == NodeType::Guest);
        nodes.extend(guests.map(|(name, _)| name.clone()));
    }
    nodes
}

fn kind(instance: &Instance, node: &NodeName) -> Option<NodeType> {
    instance.nodes.get(node).map(|node| node.kind)
}

/// The operating system that a node has unless it says another (docs/formats/instance.md).
fn os(instance: &Instance, node: &NodeName) -> Os {
    let declared = instance.nodes.get(node);
    let usual = match declared.map(|node| node.kind) {
        Some(NodeType::Hub | NodeType::Mobile) => Os::Macos,
        _ => Os::Linux,
    };
    declared.and_then(|node| node.os).unwrap_or(usual)
}

fn at_rest(instance: &Instance, node: &NodeName) -> AtRest {
    // A guest's disk lies on the hub's, so it is encrypted where that is.
    let guest = kind(instance, node) == Some(NodeType::Guest);
    if os(instance, node) != Os::Macos && !guest {
        return AtRest::Undeclared;
    }
    match instance.boot.filevault {
        Some(FileVault::On) => AtRest::Encrypted,
        Some(FileVault::Off) => AtRest::Open,
        None => AtRest::Undeclared,
    }
}

/// How far the thief is from what lies at a place of a node.
fn place(reference: &SecretRef, os: Os, (taken, sealed): (Taken, bool)) -> Held {
    match reference {
        _ if taken == Taken::Node => Held::AtOnce,
        _ if sealed => Held::ByGuessing,
        // A token for it is on a disk only where something reads it unattended.
        SecretRef::OnePassword { .. } => Held::ByToken,
        // The login Keychain is encrypted under the login's password.
        SecretRef::Keychain { .. } if os == Os::Macos => Held::ByGuessing,
        // Elsewhere it is a file under the node's own age identity, and so are the others. The System keychain's key
        // lies beside it (/var/db/SystemKey, systemkeychain(8)).
        SecretRef::Keychain { .. }
        | SecretRef::SystemKeychain { .. }
        | SecretRef::Age(_)
        | SecretRef::Sops { .. }
        | SecretRef::File(_) => Held::AtOnce,
    }
}

fn secret(
    instance: &Instance,
    (name, entry): (&ServiceName, &SecretEntry),
    nodes: &BTreeSet<NodeName>,
    thief: (Taken, bool),
) -> Option<Step> {
    let there: Vec<NodeName> = holders(instance, name).intersection(nodes).cloned().collect();
    let held = there
        .iter()
        .flat_map(|node| entry.places().map(|one| place(one, os(instance, node), thief)))
        .min()?;
    let consumers: Vec<ServiceName> = consumers(instance, name).cloned().collect();
    let (danger, because) = danger::of_secret(instance, name, &consumers);
    let mut commands = vec![match &entry.rotation {
        Some(_) => format!("sanctum rotate {name}"),
        None => format!("sanctum secrets set {name}"),
    }];
    if !entry.caches.is_empty() {
        commands.push(format!("sanctum secrets diff {name}"));
    }
    Some(Step {
        order: 0,
        act: Act::Rotate,
        thing: format!("secret:{name}"),
        held,
        danger,
        because,
        places: there
            .iter()
            .flat_map(|node| entry.places().map(move |one| format!("{node}: {one}")))
            .collect(),
        consumers,
        commands,
    })
}

/// Keys of the node itself, whatever it holds of the house's secrets.
fn keys(instance: &Instance, node: &NodeName, secrets: &[Step], sealed: bool) -> Vec<Step> {
    if kind(instance, node) == Some(NodeType::Mobile) && secrets.is_empty() {
        return vec![login(node, sealed)];
    }
    let held = if sealed { Held::ByGuessing } else { Held::AtOnce };
    let step = |kind: &str, act: Act, danger: u8, because: &str, command: &str| Step {
        order: 0,
        act,
        thing: format!("key:{kind}:{node}"),
        held,
        danger,
        because: vec![because.to_owned()],
        places: vec![node.to_string()],
        consumers: Vec::new(),
        commands: vec![command.to_owned()],
    };
    let mut all = vec![
        login(node, sealed),
        step(
            "age-identity",
            Act::Replace,
            danger::MOST,
            "it opens every age: and sops: secret of the node, old copies in backups and git too",
            "sanctum sops updatekeys FILE",
        ),
        step(
            "ssh-host",
            Act::Replace,
            6,
            "whoever has it can stand in for the node",
            &format!("sanctum ssh repin {node}"),
        ),
        step(
            "fingerprints",
            Act::Replace,
            2,
            "with it short values can be tried against recorded fingerprints",
            "rm fingerprints.key in the store; the next change makes a new one",
        ),
        step(
            "journal",
            Act::Replace,
            1,
            "lines since the last seal can be forged; what was sealed before cannot",
            "sanctum audit verify",
        ),
    ];
    if !instance.secrets.values().any(|entry| entry.places().any(encrypted_to_the_node)) {
        all.retain(|step| !step.thing.starts_with("key:age-identity"));
    }
    all
}

const fn encrypted_to_the_node(place: &SecretRef) -> bool {
    match place {
        SecretRef::Age(_)
        | SecretRef::Sops { .. }
        | SecretRef::Keychain { .. }
        | SecretRef::SystemKeychain { .. } => true,
        SecretRef::File(_) | SecretRef::OnePassword { .. } => false,
    }
}

/// The token that opens 1Password is no secret of the instance, and lies on every node that reads something there.
fn store_token(instance: &Instance, node: &NodeName, thief: (Taken, bool)) -> Option<Step> {
    let access = instance.stores.one_password.as_ref()?;
    let there = |place: &SecretRef| matches!(place, SecretRef::OnePassword { .. });
    let reads = |(name, entry): (&ServiceName, &SecretEntry)| {
        entry.places().any(there) && holders(instance, name).contains(node)
    };
    instance.secrets.iter().any(reads).then(|| Step {
        order: 0,
        act: Act::Revoke,
        thing: format!("key:store-tokens:{node}"),
        held: place(&access.token, os(instance, node), thief),
        danger: danger::MOST,
        because: vec!["it reads every item that 1Password lets it, from anywhere".to_owned()],
        places: vec![format!("{node}: {}", access.token)],
        consumers: Vec::new(),
        commands: vec!["revoke the token at 1Password, and put another in its place".to_owned()],
    })
}

/// Private keys of people on the machine log in elsewhere.
fn login(node: &NodeName, sealed: bool) -> Step {
    Step {
        order: 0,
        act: Act::Revoke,
        thing: format!("key:ssh-login:{node}"),
        held: if sealed { Held::ByGuessing } else { Held::AtOnce },
        danger: 9,
        because: vec![
            "private SSH keys of people and agents on it log in to other machines".to_owned(),
        ],
        places: vec![node.to_string()],
        consumers: Vec::new(),
        commands: vec![
            "take its public keys out of authorized_keys everywhere".to_owned(),
            "sanctum doctor --only ssh/authorized-keys-drift".to_owned(),
        ],
    }
}
