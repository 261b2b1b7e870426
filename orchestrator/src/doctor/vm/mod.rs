//! Lints of the guest and its host-only network: one bridge, one gateway, no way out, and what only root may touch.
//!
//! [`look`] makes the observations; every other file is one lint.

mod disk_private;
mod gateway_address;
mod guest_egress;
pub mod look;
mod no_route_rendered;
mod one_bridge;
mod vmnet_binary_trusted;

pub use look::{Disk, Egress};

use super::{Lint, Looked};
use crate::instance::model::{NodeType, VmNet};
use sanctum_types::CouldNotCheck;

/// The family.
pub(super) static LINTS: &[&Lint] = &[
    &one_bridge::LINT,
    &gateway_address::LINT,
    &no_route_rendered::LINT,
    &guest_egress::LINT,
    &vmnet_binary_trusted::LINT,
    &disk_private::LINT,
];

/// The host-only network, on the hub of a house that has one.
fn of_hub(looked: &Looked) -> Result<Option<&VmNet>, CouldNotCheck> {
    let hub = looked.house()?.node.kind == NodeType::Hub;
    Ok(looked.ground.instance.networks.vm.as_ref().filter(|_| hub))
}
