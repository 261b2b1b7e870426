//! Every renderer, joined: what one node of a house should have.

use crate::house::{Artefact, House, Part, facts, layout};
use crate::instance::model::NodeType;
use crate::plan::{Want, WantError};
use crate::render;
use sanctum_host::Blobs;
use sanctum_types::{AbsPath, Mode, PathError};
use std::collections::BTreeSet;

/// Why a house cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The packet filter.
    #[error("cannot render the pf anchor")]
    Pf(#[from] render::pf_anchor::PfAnchorError),
    /// nftables.
    #[error("cannot render the nftables ruleset")]
    Nft(#[from] render::nft::NftError),
    /// The SSH server.
    #[error("cannot render the sshd drop-in")]
    Sshd(#[from] render::sshd::SshdError),
    /// launchd jobs.
    #[error("cannot render the launchd jobs")]
    Launchd(#[from] render::launchd::LaunchdError),
    /// systemd units.
    #[error("cannot render the systemd units")]
    Systemd(#[from] render::systemd::SystemdError),
    /// The seed of the virtual machine.
    #[error("cannot render the virtual machine")]
    Vm(#[from] render::vm::SeedError),
    /// Two artefacts contradict each other.
    #[error("the rendered house contradicts itself")]
    Want(#[from] WantError),
    /// A path of the layout is not a path.
    #[error("the layout names a path that is none")]
    Path(#[from] PathError),
}

/// Renders one node. `text` is the instance file itself, which becomes the approved copy; an empty `only` means
/// every part.
pub fn artefacts(
    house: &House<'_>,
    text: &str,
    only: &BTreeSet<Part>,
) -> Result<Vec<Artefact>, ComposeError> {
    let mut all = vec![approved(house, text)?, node(house)?];
    all.extend(render::pf_anchor::render(house)?);
    all.extend(render::nft::render(house)?);
    all.extend(render::sshd::render(house)?);
    all.extend(render::launchd::render(house)?);
    all.extend(render::systemd::render(house)?);
    all.extend(render::vm::render(house, &guest_files(house)?)?);
    all.retain(|artefact| only.is_empty() || only.contains(&artefact.part));
    Ok(all)
}

/// What the guest of this hub is born with: its own packet filter and SSH server, as its own renderers make
/// them for the guest as a node. Nothing for other nodes.
fn guest_files(house: &House<'_>) -> Result<Vec<Artefact>, ComposeError> {
    let guest = house.instance.nodes.iter().find(|(_, node)| node.kind == NodeType::Guest);
    let (Some((name, node)), NodeType::Hub) = (guest, house.node.kind) else {
        return Ok(Vec::new());
    };
    let facts = facts::assumed(house.instance, node);
    let guest = House { instance: house.instance, name, node, facts: &facts };
    let mut files = render::nft::render(&guest)?;
    files.extend(render::sshd::render(&guest)?);
    Ok(files)
}

/// The wanted state that artefacts make; their bytes go into `blobs`.
pub fn want(
    house: &House<'_>,
    artefacts: Vec<Artefact>,
    blobs: &mut Blobs,
) -> Result<Want, ComposeError> {
    Ok(Want::from_artefacts(artefacts, &layout::root_owner(house.facts.os), blobs)?)
}

/// Which node this machine is: one word, so that no later verb has to be told.
fn node(house: &House<'_>) -> Result<Artefact, PathError> {
    let bytes = format!("{}\n", house.name).into_bytes();
    Ok(Artefact { path: AbsPath::new(layout::NODE_FILE)?, bytes, ..approved(house, "")? })
}

/// The copy of the instance file that counts at euid 0. It holds no secrets, and services read it.
fn approved(house: &House<'_>, text: &str) -> Result<Artefact, PathError> {
    Ok(Artefact {
        path: AbsPath::new(layout::APPROVED_INSTANCE)?,
        bytes: text.as_bytes().to_vec(),
        mode: Mode::PUBLIC,
        owner: layout::root_owner(house.facts.os),
        unit: None,
        lockout: false,
        part: Part::Instance,
        dirs: Vec::new(),
        accounts: BTreeSet::new(),
    })
}
