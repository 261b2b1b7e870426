//! `sanctum rotate` as a person and a job run it, against a stand-in of the provider: values in real stores and files,
//! kills at every write and every answer.

pub(crate) mod bed;
mod by_hand;
mod kill;
mod kinds;
mod laws;
mod lints;
mod node;
mod pairs;
mod program;
mod promises;
mod schedules;
mod stores;
mod vault;
mod verbs;
