//! The command line as a contract: exit codes, reports, refusals, what is printed where.

mod doctor;
mod guard;
mod misuse;
pub(crate) mod owner;
mod pages;
pub(crate) mod program;
mod reports;
mod terminal;
pub(crate) mod tree;
