//! The house that tests of jobs and their renderers look at.

use crate::house::{Artefact, Facts, House};
use crate::instance::Instance;
use crate::instance::model::{Arch, NodeType, Os};
use proptest::prelude::*;
use sanctum_types::NodeName;

/// The fixture's instance.
pub(crate) fn instance() -> Instance {
    serde_json::from_str(include_str!("../../../tests/fixtures/house.json")).unwrap()
}

/// What is known of one of its nodes: a macOS hub in Tokyo, Linux elsewhere.
pub(crate) fn facts(instance: &Instance, node: &str) -> Facts {
    let node = &instance.nodes[&NodeName::new(node).unwrap()];
    let hub = node.kind == NodeType::Hub;
    Facts {
        os: node.os.unwrap_or(if hub { Os::Macos } else { Os::Linux }),
        arch: node.arch.unwrap_or(Arch::Aarch64),
        interfaces: Vec::new(),
        default_route: None,
        ssh: crate::house::SshFacts::default(),
        timezone: if hub { "Asia/Tokyo" } else { "UTC" }.to_owned(),
        implemented: ["bootstrap", "pf-load", "nft-load", "job", "secret-scan"]
            .map(str::to_owned)
            .into(),
        pf_conf: None,
    }
}

/// Calls with the house as that node sees it.
pub(crate) fn with_house<T>(
    instance: &Instance,
    facts: &Facts,
    node: &str,
    call: impl FnOnce(&House<'_>) -> T,
) -> T {
    let (name, node) = instance.nodes.get_key_value(&NodeName::new(node).unwrap()).unwrap();
    call(&House { instance, name, node, facts })
}

/// Calls with the fixture as that node sees it.
pub(crate) fn with_node<T>(node: &str, call: impl FnOnce(&House<'_>) -> T) -> T {
    let instance = instance();
    with_house(&instance, &facts(&instance, node), node, call)
}

/// The text of the rendered file of that name.
pub(crate) fn text_of(artefacts: &[Artefact], file_name: &str) -> String {
    let found = artefacts.iter().find(|artefact| artefact.path.file_name() == file_name);
    String::from_utf8(found.unwrap().bytes.clone()).unwrap()
}

/// Whether the text has a character that neither XML 1.0 nor a unit file can hold.
pub(crate) fn is_unwritable(text: &str) -> bool {
    text.chars().any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'))
}

/// Any character, and those that a writer of XML, units or YAML trips over more often than not.
pub(crate) fn odd_text() -> impl Strategy<Value = String> {
    let special = "\0\u{1}\t\n\r \"'\\%$;#<>&]`\u{7f}\u{85}\u{2028}\u{fffe}\u{ffff}";
    let special = special.chars().collect::<Vec<_>>();
    let one = prop_oneof![2 => any::<char>(), 1 => proptest::sample::select(special), 3 => any_printable()];
    proptest::collection::vec(one, 0..8).prop_map(|chars| chars.into_iter().collect())
}

fn any_printable() -> impl Strategy<Value = char> {
    proptest::char::range(' ', '~')
}
