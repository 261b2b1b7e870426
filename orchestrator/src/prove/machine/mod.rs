//! What is in force on this machine, looked at and compared; nothing is changed.
//!
//! Files can be right and without effect: another drop-in adds users, an anchor is loaded and never evaluated,
//! a table was flushed by hand. So each check asks the running system. Every look that this user or this
//! operating system does not allow is an obstacle.

mod nft;
pub mod pf;
mod sshd;
mod trust;
pub(super) mod units;
mod vault;

pub use trust::trust;
#[cfg(test)]
pub(super) use trust::{Taken, What, trust_by};

use super::{Proof, Tools, wrong};
use crate::house::{Artefact, House, Part};
use crate::instance::coverage::uncovered_interfaces;
use sanctum_host::accounts::effective_uid;
use sanctum_types::{Finding, Severity};

/// Before anything is written on the node's own machine: programs and logs of jobs, and our drop-in beside other files.
#[must_use]
pub fn before(house: &House<'_>, artefacts: &[Artefact], tools: Option<&Tools>) -> Vec<Proof> {
    let drop_in = artefacts.iter().find(|artefact| artefact.part == Part::Ssh);
    let merged = drop_in.zip(tools).map(|(file, tools)| sshd::merged(house, file, tools));
    trust(artefacts).into_iter().chain(merged).collect()
}

/// Every live check for a node on its own machine.
#[must_use]
pub fn live(house: &House<'_>, artefacts: &[Artefact], tools: &Tools) -> Vec<Proof> {
    let has = |part: Part| artefacts.iter().find(|artefact| artefact.part == part);
    let mut proofs = vec![coverage(house), trust::prefix()];
    proofs.extend(trust(artefacts));
    proofs.extend(units::loaded(artefacts, tools));
    proofs.extend(vault::answers(house, artefacts));
    proofs.extend(has(Part::Ssh).map(|_| sshd::effective(house, tools)));
    proofs.extend(has(Part::Ssh).map(|file| sshd::others(file.path.as_str())));
    if let Some(file) = artefacts.iter().find(|artefact| artefact.is_anchor()) {
        proofs.extend(pf::all(file, tools));
    }
    proofs.extend(has(Part::Nft).map(|_| nft::present(tools)));
    proofs
}

/// What listens on every address is reachable, unfiltered, where no declared network is.
pub(super) fn coverage(house: &House<'_>) -> Proof {
    let uncovered = uncovered_interfaces(house.instance, house.name, house.facts);
    let finding = |name: &str, addresses: usize| Finding {
        severity: Severity::Warn,
        hint: Some(format!(
            "add {name} to networks.lan.interface of the instance file, or take it down"
        )),
        ..wrong(
            "network.uncovered",
            name,
            format!("active with {addresses} addresses, and no network of the house covers it"),
        )
    };
    let findings = uncovered.iter().map(|u| finding(u.interface.as_str(), u.addresses.len()));
    let active = house.facts.interfaces.iter().filter(|interface| interface.active).count();
    let detail = format!("{active} active, each faces a network of the house");
    Proof::of("interfaces", "this machine", findings.collect(), &detail)
}

fn is_root() -> bool {
    effective_uid() == 0
}
