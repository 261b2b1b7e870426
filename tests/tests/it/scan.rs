//! `sanctum scan` as people, git and jobs run it: the real binary, real repositories, and no network.

mod bed;
mod containers;
mod hook;
mod house;
mod network;
mod sarif;
#[cfg(target_os = "linux")]
mod special;
mod validate;
mod verb;
