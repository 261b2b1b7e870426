//! The section `secrets` of an instance file: where each secret is, never what it is.
//!
//! One place is the source and counts; caches are rebuilt from it by `sanctum secrets sync`. What lies in clear text is
//! an exception with a reason. Deliberately absent: values, and how stores are opened.

use super::model::Instance;
use super::rotation::Rotation;
use sanctum_types::{NodeName, SecretRef, ServiceName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One secret by reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretEntry {
    /// Where it is: the one place that counts.
    #[serde(rename = "ref")]
    pub reference: SecretRef,
    /// Further places that hold the same value, rebuilt from `ref` by `sanctum secrets sync`.
    #[serde(default)]
    pub caches: Vec<SecretRef>,
    /// Days after which it should be rotated.
    #[serde(default)]
    pub rotation_max_age_days: Option<u32>,
    /// Machines that hold it; those of the services that read it unless said, and the hub when none does.
    #[serde(default)]
    pub nodes: Vec<NodeName>,
    /// Why it lies somewhere in clear text (`file:`), which is an exception.
    #[serde(default)]
    pub cleartext: Option<Cleartext>,
    /// How it is rotated by `sanctum rotate`; without it the owner sets a new value.
    #[serde(default)]
    pub rotation: Option<Rotation>,
}

/// A declared exception: a value at rest that nothing encrypts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cleartext {
    /// Why it has to be so.
    pub reason: String,
}

impl SecretEntry {
    /// A secret with one place.
    #[must_use]
    pub const fn at(reference: SecretRef) -> Self {
        Self {
            reference,
            caches: Vec::new(),
            rotation_max_age_days: None,
            nodes: Vec::new(),
            cleartext: None,
            rotation: None,
        }
    }

    /// Every place, the source first.
    pub fn places(&self) -> impl Iterator<Item = &SecretRef> {
        std::iter::once(&self.reference).chain(&self.caches)
    }

    /// The first place that answers with nobody logged in and no network, which a P0 service reads.
    #[must_use]
    pub fn at_boot(&self) -> Option<&SecretRef> {
        self.places().find(|place| place.unattended())
    }

    /// Places where the value lies in clear text.
    pub fn in_clear(&self) -> impl Iterator<Item = &SecretRef> {
        self.places().filter(|place| matches!(place, SecretRef::File(_)))
    }
}

/// The services that read a secret, switched on or not.
pub fn consumers<'a>(
    instance: &'a Instance,
    secret: &'a ServiceName,
) -> impl Iterator<Item = &'a ServiceName> {
    let reads = move |(_, service): &(&ServiceName, &super::model::Service)| {
        service.secrets.contains(secret)
    };
    instance.services.iter().filter(reads).map(|(name, _)| name)
}

/// The secrets that a machine holds.
pub fn held<'a>(
    instance: &'a Instance,
    node: &'a NodeName,
) -> impl Iterator<Item = (&'a ServiceName, &'a SecretEntry)> {
    instance.secrets.iter().filter(move |(name, _)| holders(instance, name).contains(node))
}

/// The machines that hold a secret: those that are named, those of the services that read it, or else the hub.
#[must_use]
pub fn holders(instance: &Instance, secret: &ServiceName) -> BTreeSet<NodeName> {
    let named = instance.secrets.get(secret).map_or(&[][..], |entry| &entry.nodes);
    if !named.is_empty() {
        return named.iter().cloned().collect();
    }
    let nodes: BTreeSet<NodeName> = consumers(instance, secret)
        .filter_map(|name| instance.services.get(name))
        .map(|service| service.node.clone())
        .collect();
    if !nodes.is_empty() {
        return nodes;
    }
    let hub =
        |(_, node): &(&NodeName, &super::model::Node)| node.kind == super::model::NodeType::Hub;
    instance.nodes.iter().filter(hub).map(|(name, _)| name.clone()).collect()
}
