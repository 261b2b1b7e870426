//! `sanctum sops` and the crate below it beside the real sops: what one closes the other opens.
//!
//! The real one is the judge; ours runs in this process where many documents are compared, as a program where its
//! flags and exit codes are.

mod bed;
mod codes;
mod comments;
mod corpus;
mod crash;
mod exec;
mod groups;
mod helps;
mod lines;
mod oracle;
mod plugins;
mod private;
mod selectors;
