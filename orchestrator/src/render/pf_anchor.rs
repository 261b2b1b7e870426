//! The anchor of a macOS node, `/etc/pf.anchors/sanctum`, generated from the table of intent, and with
//! `pf.attach: main` the line of `/etc/pf.conf` that names it.
//!
//! Invariant: every rule is `quick` and is bound to a named interface; loopback is never named, so the
//! machine can always talk to itself. Grammar of pf as of 2007, which is what macOS has. Deliberately absent:
//! tables and options, which another load of the main ruleset could trip over; loading, which `host` does.

mod attach;
mod intent;
#[cfg(test)]
mod main_tests;
#[cfg(test)]
mod tests;

pub use attach::{AttachError, MARK, attach_line, insert_attach, remove_attach};
pub use intent::intents;

use super::template::{TemplateError, fill, lockout_file};
use crate::exposure::{Exposure, ExposureError, Links, Network, PortGroup, links, word};
use crate::house::{Artefact, House, Part, layout};
use crate::instance::model::{NodeType, Os, PfAttach};
use sanctum_host::Unit;
use sanctum_types::{IfName, NodeName};
use serde::Serialize;

const TEMPLATE: &str = include_str!("../../../pf-anchors/sanctum.hbs");

/// Why no anchor could be rendered.
#[derive(Debug, thiserror::Error)]
pub enum PfAnchorError {
    /// The table of intent cannot be made.
    #[error("cannot tell which ports the anchor closes")]
    Exposure(#[from] ExposureError),
    /// There is no main ruleset to attach to.
    #[error("`pf.attach` is `main`, and {node} has no {} of UTF-8 text", layout::PF_CONF)]
    NoMainRuleset {
        /// The node.
        node: NodeName,
    },
    /// The main ruleset cannot take the line.
    #[error("cannot attach the anchor in {}", layout::PF_CONF)]
    Attach(#[from] AttachError),
    /// The template does not fit.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

#[derive(Serialize)]
struct Variables<'a> {
    node: &'a str,
    walls: Vec<Wall<'a>>,
    vm: Option<Vm<'a>>,
}

#[derive(Serialize)]
struct Wall<'a> {
    network: String,
    interface: &'a str,
    groups: Vec<Group>,
}

#[derive(Serialize)]
struct Vm<'a> {
    interface: &'a str,
    subnet: String,
    host: String,
    host6: Option<String>,
    groups: Vec<Group>,
}

#[derive(Serialize)]
struct Group {
    by: String,
    transport: &'static str,
    ports: String,
}

/// Renders the anchor of a macOS node that serves, and the main ruleset where that names it; nothing for a Linux
/// or a mobile node.
///
/// # Errors
/// [`PfAnchorError`] where the registry or the interfaces contradict themselves, or the main ruleset cannot be edited.
pub fn render(house: &House<'_>) -> Result<Vec<Artefact>, PfAnchorError> {
    if !applies(house) {
        return Ok(Vec::new());
    }
    let exposure = Exposure::of(house.instance, house.name)?;
    let links = links(house)?;
    let variables = Variables {
        node: house.name.as_str(),
        walls: walls(&exposure, &links),
        vm: vm(&exposure, &links),
    };
    let text = fill("sanctum.hbs", TEMPLATE, &variables)?;
    let unit = Unit::PfAnchor { name: anchor_name(house.instance.pf.attach).to_owned() };
    let anchor = lockout_file(house, layout::PF_ANCHOR_FILE, text, (Part::Pf, Some(unit)));
    Ok(main_ruleset(house)?.into_iter().chain([anchor]).collect())
}

/// The machine's own main ruleset with our line. Nothing is loaded from it: that would drop the rules which
/// other programs have put into the live one.
fn main_ruleset(house: &House<'_>) -> Result<Option<Artefact>, PfAnchorError> {
    if house.instance.pf.attach != PfAttach::Main {
        return Ok(None);
    }
    let Some(text) = &house.facts.pf_conf else {
        return Err(PfAnchorError::NoMainRuleset { node: house.name.clone() });
    };
    Ok(Some(lockout_file(house, layout::PF_CONF, insert_attach(text)?, (Part::Pf, None))))
}

/// The anchor's path below the main ruleset.
#[must_use]
pub const fn anchor_name(attach: PfAttach) -> &'static str {
    match attach {
        PfAttach::ComApple => "com.apple/sanctum",
        PfAttach::Main => "sanctum",
    }
}

fn applies(house: &House<'_>) -> bool {
    house.facts.os == Os::Macos && house.node.kind != NodeType::Mobile
}

fn walls<'a>(exposure: &Exposure, links: &'a Links) -> Vec<Wall<'a>> {
    let wall = |network: Network, interface: &'a IfName| Wall {
        network: network.to_string(),
        interface: interface.as_str(),
        groups: groups(exposure.closed_to(network)),
    };
    let lan = links.lan.iter().map(|interface| wall(Network::Lan, interface));
    lan.chain(links.tailnet.iter().map(|interface| wall(Network::Tailnet, interface))).collect()
}

fn vm<'a>(exposure: &Exposure, links: &'a Links) -> Option<Vm<'a>> {
    let vm = links.vm.as_ref().filter(|vm| vm.is_hub)?;
    Some(Vm {
        interface: vm.interface.as_ref()?.as_str(),
        subnet: vm.subnet.to_string(),
        host: vm.own.to_string(),
        host6: vm.host6.map(|host6| host6.to_string()),
        groups: groups(exposure.open_to(Network::Vm)),
    })
}

fn groups(groups: Vec<PortGroup>) -> Vec<Group> {
    let text = |ports: Vec<u16>| ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    groups
        .into_iter()
        .map(|group| Group {
            by: group.by.to_string(),
            transport: word(group.transport),
            ports: text(group.ports),
        })
        .collect()
}
