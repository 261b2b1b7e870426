//! Our own readers over what our own renderers wrote: pure, always here, and first.
//!
//! Each reads the bytes as the program that they are for would, and judges them by the registry, not by the
//! template. Invariant: one proof for every kind of artefact that is there. Deliberately absent: the machine.

mod nft;
mod pf;
pub(super) mod seed;
mod sshd;
pub(super) mod unit;

use super::{Proof, text_of, wrong};
use crate::house::{Artefact, House, Part, layout};
use crate::instance::{NoCheck, load};
use crate::jobs::lint;
use sanctum_types::{AbsPath, Finding};

/// Reads everything that was rendered for a node.
#[must_use]
pub fn readers(house: &House<'_>, artefacts: &[Artefact]) -> Vec<Proof> {
    let of = |part: Part| artefacts.iter().filter(move |artefact| artefact.part == part);
    let mut proofs = Vec::new();
    let (named, copy): (Vec<_>, Vec<_>) =
        of(Part::Instance).partition(|artefact| artefact.path.as_str() == layout::NODE_FILE);
    proofs.extend(copy.into_iter().map(|artefact| approved(house, artefact)));
    proofs.extend(named.into_iter().map(|artefact| node(house, artefact)));
    let (anchor, main): (Vec<_>, Vec<_>) = of(Part::Pf).partition(|artefact| artefact.is_anchor());
    proofs.extend(anchor.into_iter().map(|artefact| pf::read(house, artefact)));
    proofs.extend(main.into_iter().map(pf::read_main));
    proofs.extend(of(Part::Ssh).map(|artefact| sshd::read(house, artefact)));
    proofs.extend(plists(&of(Part::Launchd).collect::<Vec<_>>()));
    proofs.extend(unit::read(&of(Part::Systemd).collect::<Vec<_>>()));
    proofs.extend(of(Part::Nft).map(|artefact| nft::read(house, artefact)));
    proofs.extend(seed::read(&of(Part::Vm).collect::<Vec<_>>()));
    proofs
}

/// The node's file names the node.
fn node(house: &House<'_>, artefact: &Artefact) -> Proof {
    let path = artefact.path.as_str();
    let findings = match text_of(artefact) {
        Ok(text) if text.trim() == house.name.as_str() => Vec::new(),
        Ok(text) => vec![wrong("instance.node", path, format!("it names `{}`", text.trim()))],
        Err(finding) => vec![finding],
    };
    Proof::of("node, read back", path, findings, "it names this node")
}

/// The approved copy says what the house is rendered from.
fn approved(house: &House<'_>, artefact: &Artefact) -> Proof {
    let path = artefact.path.as_str();
    let wrong = |message: String| wrong("instance.copy", path, message);
    let findings = match text_of(artefact).map(|text| load(text, path, &NoCheck)) {
        Ok(Ok(loaded)) if loaded.instance == *house.instance => Vec::new(),
        Ok(Ok(_)) => vec![wrong("it says something else than what is rendered".to_owned())],
        Ok(Err(rejected)) => vec![wrong(rejected.to_string())],
        Err(finding) => vec![finding],
    };
    Proof::of("instance, read back", path, findings, "the approved copy is the house")
}

fn plists(artefacts: &[&Artefact]) -> Option<Proof> {
    let files: Vec<(&AbsPath, &[u8])> =
        artefacts.iter().map(|artefact| (&artefact.path, artefact.bytes.as_slice())).collect();
    let findings: Vec<Finding> = lint::lint_all(&files).iter().map(Finding::from).collect();
    let detail = format!("{} jobs, by launchd's rules", files.len());
    let subject = "property lists";
    (!files.is_empty()).then(|| Proof::of("launchd, read back", subject, findings, &detail))
}
