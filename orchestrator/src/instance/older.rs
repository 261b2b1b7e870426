//! Whether a file is of the older schema, which `sanctum adopt` reads and nothing else does.

use super::tree::Node;
use sanctum_types::Diagnostic;

/// One clear remark instead of a hundred unknown keys; none when the file is of this format, or of no known one.
pub(crate) fn remark(tree: &Node) -> Option<Diagnostic> {
    if tree.get("format").is_some() {
        return None;
    }
    let network = tree.get("network").or_else(|| tree.get("networks"));
    let older = network
        .is_some_and(|n| n.get("vm_ip").is_some() || n.get("mac_bridge_ip").is_some())
        || tree.get("users").is_some_and(|u| u.get("mac").is_some())
        || tree.get("instance").is_some_and(|i| i.get("domain").is_some());
    older.then(|| {
        Diagnostic::new(tree.pos.0, tree.pos.1, "this is an instance file of the older schema")
            .with_hint("run `sanctum adopt`: it turns the file into a proposal and changes nothing")
    })
}
