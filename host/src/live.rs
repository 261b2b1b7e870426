//! Hosts that change this machine: `LiveLinux` and `LiveMac`, one surface in sibling files.
//!
//! Owns the order check, act, read back: an exit status of 0 is a claim, what the system says afterwards is
//! the answer. The Mac's host is compiled everywhere, so that it is checked and run against stand-ins on Linux;
//! [`Live`] is the one of this machine.

pub mod argv;
#[cfg(target_os = "linux")]
mod linux;
mod machine;
mod macos;
pub mod parse;
pub mod preview;
#[cfg(target_os = "linux")]
mod systemd;

#[cfg(target_os = "linux")]
pub use linux::LiveLinux;
pub use machine::recorded;
pub use macos::{LiveMac, Programs};

#[cfg(target_os = "linux")]
pub use linux::LiveLinux as Live;
#[cfg(target_os = "macos")]
pub use macos::LiveMac as Live;
