//! observe, plan, apply, receipt, rollback; render, prove, adopt.
//!
//! `plan` is pure data from an instance and an observation; only a `sanctum_host::Host` touches the world.

pub mod adopt;
pub mod alerts;
pub mod apply;
pub mod doctor;
pub mod drift;
pub mod engine;
pub mod exposure;
pub mod fleet;
pub mod guard;
pub mod house;
pub mod instance;
pub mod jobs;

pub mod pf;
pub mod plan;
pub mod presence;
pub mod probe;
pub mod prove;
pub mod python_index;
pub mod receipt;
pub mod render;
pub mod retire;
pub mod rotate;
pub mod secrets;
pub mod status;
pub mod supervise;
