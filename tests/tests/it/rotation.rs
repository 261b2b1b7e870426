//! Rotation against stand-ins of the providers, with every fault that a network and a provider have.

mod house;
mod providers;
pub(crate) mod stand_in;
