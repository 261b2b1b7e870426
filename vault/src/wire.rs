//! The wire of the published clients (docs/formats/vault-wire.md): frames, requests in three dialects, answers, errors.
//!
//! One answer a request, in their order, and never one that nobody asked for. Deliberately absent: sockets.

pub mod answer;
pub mod error;
pub mod frame;
pub mod request;

pub use error::{Code, WireError};
pub use request::{Call, Dialect, Request};
