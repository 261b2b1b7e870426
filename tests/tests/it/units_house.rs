//! The house that the proofs of jobs, units and the guest look at, and how they call a counterpart.

use sanctum_orchestrator::house::{Artefact, Facts, House, SshFacts};
use sanctum_orchestrator::instance::Instance;
use sanctum_orchestrator::instance::model::{Arch, NodeType, Os};
use sanctum_types::NodeName;
use std::path::Path;
use std::process::{Command, Output};

/// The fixture's instance.
pub(crate) fn instance() -> Instance {
    serde_json::from_str(include_str!("../../fixtures/house.json")).expect("a fixture")
}

/// Calls with the fixture as that node sees it: a macOS hub on a machine in Tokyo, Linux elsewhere.
pub(crate) fn with_node<T>(
    instance: &Instance,
    node: &str,
    call: impl FnOnce(&House<'_>) -> T,
) -> T {
    let name = NodeName::new(node).expect("a name");
    let (name, node) = instance.nodes.get_key_value(&name).expect("a node");
    let hub = node.kind == NodeType::Hub;
    let verbs = ["bootstrap", "pf-load", "nft-load", "job", "secret-scan"];
    let facts = Facts {
        os: if hub { Os::Macos } else { Os::Linux },
        arch: Arch::Aarch64,
        interfaces: Vec::new(),
        default_route: None,
        ssh: SshFacts::default(),
        timezone: if hub { "Asia/Tokyo" } else { "UTC" }.to_owned(),
        implemented: verbs.map(str::to_owned).into(),
        pf_conf: None,
    };
    call(&House { instance, name, node, facts: &facts })
}

/// Runs a counterpart with an empty environment, in UTC.
pub(crate) fn run(program: &Path, arguments: &[&str]) -> Output {
    #[expect(clippy::disallowed_methods, reason = "a child of the test, not of the product")]
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C.UTF-8");
    command.env("TZ", "UTC").args(arguments).output().expect("a counterpart starts")
}

/// Everything that a counterpart said.
pub(crate) fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Writes below a root, with all directories.
pub(crate) fn put(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path.trim_start_matches('/'));
    #[expect(clippy::disallowed_methods, reason = "fixtures in the test's own folder")]
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder of the test's");
    #[expect(clippy::disallowed_methods, reason = "fixtures in the test's own folder")]
    std::fs::write(path, bytes).expect("a file of the test's");
}

/// An artefact's text.
pub(crate) fn text(artefact: &Artefact) -> &str {
    std::str::from_utf8(&artefact.bytes).expect("text")
}
