//! Stores of secrets against the programs whose formats they share: age, and the Secret Service of a real session.
//!
//! 1Password's servers and its `op` cannot be had here: `connect` and `op` are strict stand-ins, written from the
//! documented shapes, and say so. What only the real ones could show is not claimed.

mod age;
#[cfg(target_os = "linux")]
pub(crate) mod boot;
#[cfg(target_os = "linux")]
pub(crate) mod clipboard;
pub(crate) mod connect;
mod kill;
pub(crate) mod one_password;
pub(crate) mod op;
#[cfg(target_os = "linux")]
mod secret_service;
