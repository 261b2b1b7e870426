//! The instance file: the one source of truth of a house.

pub mod model;

pub use model::Instance;
