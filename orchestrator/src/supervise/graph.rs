//! Who stands on whom: the services of one node and everything above them.
//!
//! An ancestor of a service is whatever it requires, directly or through others. Services of other nodes are part of
//! the graph, so that an explanation can name them, and are never started or looked at from here.

use crate::instance::model::{Criticality, Instance, Service};
use sanctum_types::{NodeName, ServiceName};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What this supervisor does with a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Starts, looks at, heals and stops it.
    Managed,
    /// Only looks at it: something else starts it.
    Watched,
    /// It is on another node.
    Elsewhere,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vertex {
    /// What it stands on, directly.
    pub requires: BTreeSet<ServiceName>,
    /// How much stands on it, in the owner's judgement.
    pub criticality: Criticality,
    /// What is done with it here.
    pub role: Role,
}

/// The graph.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Graph {
    vertices: BTreeMap<ServiceName, Vertex>,
}

impl Graph {
    /// The enabled services of an instance as this node sees them.
    #[must_use]
    pub fn of(instance: &Instance, node: &NodeName) -> Self {
        let enabled = || instance.services.iter().filter(|(_, service)| service.enabled);
        let names: BTreeSet<&ServiceName> = enabled().map(|(name, _)| name).collect();
        let vertex = |service: &Service| Vertex {
            requires: service.requires.iter().filter(|n| names.contains(n)).cloned().collect(),
            criticality: service.criticality,
            role: match &service.command {
                _ if service.node != *node => Role::Elsewhere,
                Some(_) => Role::Managed,
                None => Role::Watched,
            },
        };
        Self::new(enabled().map(|(name, service)| (name.clone(), vertex(service))).collect())
    }

    /// A graph of these; what they require and is not among them is dropped.
    #[must_use]
    pub fn new(mut vertices: BTreeMap<ServiceName, Vertex>) -> Self {
        let names: BTreeSet<ServiceName> = vertices.keys().cloned().collect();
        for vertex in vertices.values_mut() {
            vertex.requires.retain(|name| names.contains(name));
        }
        Self { vertices }
    }

    /// Only these services and what they stand on.
    #[must_use]
    pub fn only(&self, wanted: &BTreeSet<ServiceName>) -> Self {
        let mut keep = wanted.clone();
        for name in wanted {
            keep.extend(self.ancestors(name));
        }
        let kept = self.vertices.iter().filter(|(name, _)| keep.contains(*name));
        Self::new(kept.map(|(name, vertex)| (name.clone(), vertex.clone())).collect())
    }

    /// The service of that name.
    #[must_use]
    pub fn get(&self, name: &ServiceName) -> Option<&Vertex> {
        self.vertices.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&ServiceName, &Vertex)> {
        self.vertices.iter()
    }

    /// What a service requires directly.
    pub fn requires(&self, name: &ServiceName) -> impl Iterator<Item = &ServiceName> {
        self.vertices.get(name).into_iter().flat_map(|vertex| &vertex.requires)
    }

    /// Services that require this one directly.
    pub fn required_by(&self, name: &ServiceName) -> impl Iterator<Item = &ServiceName> {
        let asks = move |vertex: &Vertex| vertex.requires.contains(name);
        self.vertices.iter().filter(move |(_, vertex)| asks(vertex)).map(|(name, _)| name)
    }

    /// Everything that a service stands on. The walk ends on any graph, a circle too.
    #[must_use]
    pub fn ancestors(&self, name: &ServiceName) -> BTreeSet<ServiceName> {
        walk(name, |at| self.requires(at).cloned().collect())
    }

    /// Everything that stands on a service.
    #[must_use]
    pub fn descendants(&self, name: &ServiceName) -> BTreeSet<ServiceName> {
        walk(name, |at| self.required_by(at).cloned().collect())
    }

    /// The highest failed services above one, or itself: those with nothing failed above them.
    #[must_use]
    pub fn causes(
        &self,
        name: &ServiceName,
        failed: impl Fn(&ServiceName) -> bool,
    ) -> BTreeSet<ServiceName> {
        let mut chain = self.ancestors(name);
        chain.insert(name.clone());
        chain.retain(|one| failed(one) && !self.ancestors(one).iter().any(&failed));
        chain
    }

    /// Every service after all that it requires; those of a circle are left out.
    #[must_use]
    pub fn order(&self) -> Vec<ServiceName> {
        let mut placed = BTreeSet::new();
        let mut order = Vec::with_capacity(self.vertices.len());
        loop {
            let free: Vec<ServiceName> = self
                .vertices
                .iter()
                .filter(|(name, vertex)| {
                    !placed.contains(*name) && vertex.requires.is_subset(&placed)
                })
                .map(|(name, _)| name.clone())
                .collect();
            if free.is_empty() {
                return order;
            }
            placed.extend(free.iter().cloned());
            order.extend(free);
        }
    }
}

/// Everything that is reached, without the start unless a circle leads back to it.
fn walk(
    from: &ServiceName,
    next: impl Fn(&ServiceName) -> Vec<ServiceName>,
) -> BTreeSet<ServiceName> {
    let mut found = BTreeSet::new();
    let mut open = next(from);
    while let Some(name) = open.pop() {
        if found.insert(name.clone()) {
            open.extend(next(&name));
        }
    }
    found
}
