//! Lints of exposure: who listens where, what the packet filter does about it, and what a caller from elsewhere gets.
//!
//! [`look`] makes the observations, [`reach`] says which network an address belongs to; every other file is one lint.

mod bind_narrower;
mod bind_wider;
mod firewall_at_boot;
mod forwarding_off;
mod interface_covered;
mod listener_decided;
pub mod look;
mod negative_probe;
mod nft_as_wanted;
mod pf_anchor_evaluated;
mod pf_anchor_loaded;
mod pf_enabled;
pub mod reach;
mod retired_port_open;
mod subnet_overlap;
mod udp_decided;

pub use look::{Listeners, NftState, Passing, PfState, Probed};

use super::Lint;

/// The family.
pub(super) static LINTS: &[&Lint] = &[
    &listener_decided::LINT,
    &udp_decided::LINT,
    &bind_wider::LINT,
    &bind_narrower::LINT,
    &retired_port_open::LINT,
    &negative_probe::LINT,
    &interface_covered::LINT,
    &subnet_overlap::LINT,
    &forwarding_off::LINT,
    &pf_enabled::LINT,
    &pf_anchor_loaded::LINT,
    &pf_anchor_evaluated::LINT,
    &nft_as_wanted::LINT,
    &firewall_at_boot::LINT,
];
