//! The sshd drop-in of a node that is reached over SSH.
//!
//! Invariant: one block without `Match`, whose algorithms are all known to the host: sshd refuses its whole
//! configuration over one unknown name. Deliberately absent: host keys, PAM and subsystems, which stay the
//! system's; and reading the effective configuration, of which [`effective`] is the pure half.

mod algorithms;
pub mod effective;
#[cfg(test)]
mod tests;

pub use algorithms::Algorithms;
pub use effective::{
    Effective, Finding, Want, check_effective, expected, matches_in, parse_effective,
};

use super::template::{TemplateError, fill, lockout_file};
use crate::house::{Artefact, House, Part, layout};
use crate::instance::model::{NodeType, Os, SshProfile};
use sanctum_host::Unit;
use sanctum_types::{AccountName, NodeName};
use serde::Serialize;
use std::collections::BTreeSet;

const TEMPLATE: &str = include_str!("../../../templates/sshd/00-sanctum.conf.hbs");

/// Why no drop-in could be rendered.
#[derive(Debug, thiserror::Error)]
pub enum SshdError {
    /// The profile promises what no key exchange of the host can keep.
    #[error("ssh on {node} has no post-quantum key exchange, which profile `post-quantum` needs")]
    NoPostQuantum {
        /// The node.
        node: NodeName,
    },
    /// The host has nothing of a list; a drop-in without it would leave the host's defaults in force.
    #[error("ssh on {node} has none of the {list} of profile `{profile}`")]
    NoneOf {
        /// The node.
        node: NodeName,
        /// The sshd_config keyword.
        list: &'static str,
        /// The profile.
        profile: &'static str,
    },
    /// The template does not fit.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

#[derive(Serialize)]
struct Variables<'a> {
    node: &'a str,
    port: Option<u16>,
    allow_users: String,
    per_source_max_startups: bool,
    per_source_penalties: bool,
    profile: &'static str,
    kex: String,
    ciphers: String,
    macs: String,
    host_key_algorithms: String,
}

/// Renders the drop-in of a node that serves; nothing for a mobile node.
///
/// # Errors
/// [`SshdError`] where the host has too little for its profile.
pub fn render(house: &House<'_>) -> Result<Vec<Artefact>, SshdError> {
    if house.node.kind == NodeType::Mobile {
        return Ok(Vec::new());
    }
    let algorithms = Algorithms::of(house)?;
    let users: Vec<String> = allowed_users(house).iter().map(ToString::to_string).collect();
    let variables = Variables {
        node: house.name.as_str(),
        port: port(house),
        allow_users: users.join(" "),
        per_source_max_startups: has_option(house, "PerSourceMaxStartups"),
        per_source_penalties: has_option(house, "PerSourcePenalties"),
        profile: word(profile(house)),
        kex: algorithms.kex.join(","),
        ciphers: algorithms.ciphers.join(","),
        macs: algorithms.macs.join(","),
        host_key_algorithms: algorithms.host_key_algorithms.join(","),
    };
    let text = fill("00-sanctum.conf.hbs", TEMPLATE, &variables)?;
    Ok(vec![lockout_file(house, layout::SSHD_DROP_IN, text, (Part::Ssh, Some(Unit::Sshd)))])
}

/// Accounts that may log in: the node's own and those of `ssh.allow_users`.
#[must_use]
pub fn allowed_users(house: &House<'_>) -> BTreeSet<AccountName> {
    let users = &house.instance.users;
    let own = house.node.user.as_ref().unwrap_or(match house.node.kind {
        NodeType::Guest => &users.guest,
        NodeType::Hub | NodeType::Satellite | NodeType::Mobile => &users.owner,
    });
    house.instance.ssh.allow_users.iter().chain([own]).cloned().collect()
}

/// The profile of the node: as declared, else `post-quantum` on a guest and `compatible` elsewhere.
#[must_use]
pub fn profile(house: &House<'_>) -> SshProfile {
    let declared = house.instance.ssh.profiles.get(house.name).copied();
    declared.unwrap_or(match house.node.kind {
        NodeType::Guest => SshProfile::PostQuantum,
        NodeType::Hub | NodeType::Satellite | NodeType::Mobile => SshProfile::Compatible,
    })
}

const fn word(profile: SshProfile) -> &'static str {
    match profile {
        SshProfile::PostQuantum => "post-quantum",
        SshProfile::Compatible => "compatible",
    }
}

fn port(house: &House<'_>) -> Option<u16> {
    match house.facts.os {
        Os::Macos => None,
        Os::Linux => Some(house.instance.ssh.port.get()),
    }
}

fn has_option(house: &House<'_>, name: &str) -> bool {
    house.facts.ssh.options.iter().any(|option| option.eq_ignore_ascii_case(name))
}
