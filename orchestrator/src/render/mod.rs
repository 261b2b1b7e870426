//! Renderers: from a [`crate::house::House`] to [`crate::house::Artefact`]s, pure and sorted.
//!
//! Each renderer's output is read back by an independent reader before it may enter a plan.

pub mod launchd;
pub mod nft;
pub mod pf_anchor;
pub mod sshd;
pub mod systemd;
pub mod template;
pub mod vm;
