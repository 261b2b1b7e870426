//! Rotation against stand-ins of the providers, with every fault that a network and a provider have.

mod house;
mod providers;
mod scripts;
pub(crate) mod stand_in;
