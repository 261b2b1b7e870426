//! Rotation of a house's secrets: from what the instance declares to values in their places.
//!
//! `prepare` is who takes part, `consumer` and its siblings are the places that get a value, `shelf` what is on disk,
//! `driver` carries out what `sanctum_rotation::Machine` says. Deliberately absent: providers and the order of steps,
//! which are `sanctum_rotation`'s, and printing.

pub mod calendar;
pub mod consumer;
pub mod driver;
pub mod due;
pub mod env_text;
pub mod json_text;
pub mod node_file;
pub mod prepare;
pub mod reload;
pub mod shelf;
pub mod trouble;
pub mod vault_path;

pub use driver::{Crew, DriveError, Driver};
pub use prepare::{Prepared, Refusal, Setting, leaves, prepare};
pub use shelf::{Shelf, ShelfError};
