//! The one integration binary: every proof is a module of it, so the workspace links once.
//!
//! Only the list of modules is here; `tidy` fails when a file of this folder is not in it. `cfg(test)` is
//! always true here; it tells clippy that helper functions of the modules are test code too.

#[cfg(test)]
#[cfg(target_os = "linux")]
mod alerts;
#[cfg(test)]
mod back;
#[cfg(test)]
mod bed;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod confirm;
#[cfg(test)]
mod counterparts;
#[cfg(target_os = "linux")]
#[cfg(test)]
mod fleet;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod guest;
#[cfg(target_os = "linux")]
#[cfg(test)]
mod hook;
#[cfg(test)]
mod journal;
#[cfg(target_os = "linux")]
#[cfg(test)]
mod journal_full;
#[cfg(test)]
mod journal_load;
#[cfg(target_os = "linux")]
#[cfg(test)]
mod journal_service;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod laws;
#[cfg(target_os = "linux")]
#[cfg(test)]
mod live;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod plists;
#[cfg(test)]
mod prove;
#[cfg(target_os = "linux")]
#[cfg(test)]
mod reachability;
#[cfg(target_os = "linux")]
#[cfg(test)]
mod rotate;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod scan;
#[cfg(target_os = "linux")]
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod sops;
#[cfg(test)]
mod sshd;
#[cfg(test)]
mod status;
#[cfg(test)]
mod stores;
#[cfg(target_os = "linux")]
#[cfg(test)]
mod supervise;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod units;
#[cfg(test)]
mod units_house;
#[cfg(test)]
mod vault;
