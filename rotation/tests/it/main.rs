//! The machine against a world that fails: every interleaving of crash and fault, and long random schedules.
//!
//! `world` is the model of provider, consumers, disk and clock, with the invariants; `explore` walks it without
//! gaps, `schedules` far. Both drive the real machine. `cfg(test)` tells clippy that all of it is test code.

#[cfg(test)]
mod explore;
#[cfg(test)]
mod kinds;
#[cfg(test)]
mod noise;
#[cfg(test)]
mod schedules;
#[cfg(test)]
mod world;
