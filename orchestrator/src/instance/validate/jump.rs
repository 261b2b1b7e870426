//! The way to a node over SSH: each jump is a node of the house, and no way leads in a circle.

use super::services::known_node;
use super::{Judged, Problem};
use crate::instance::Instance;
use sanctum_types::NodeName;

pub(super) fn judge(instance: &Instance, judged: &mut Judged) {
    for (name, node) in &instance.nodes {
        let path = ["nodes", name.as_str(), "jump"];
        let Some(jump) = &node.jump else { continue };
        known_node(instance, path, jump, judged);
        if leads_back(instance, name) {
            judged.refuse(path, Problem::JumpCircle { node: name.clone() });
        }
    }
}

/// Whether a walk along the jumps of a node comes to it again. A walk is no longer than there are nodes.
fn leads_back(instance: &Instance, name: &NodeName) -> bool {
    let step = |from: &NodeName| instance.nodes.get(from)?.jump.clone();
    std::iter::successors(step(name), step).take(instance.nodes.len()).any(|at| at == *name)
}
