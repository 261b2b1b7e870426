//! Whether what an install would fetch is what somebody wanted: names, where they come from, and what is known of them.
//!
//! [`order`] makes names of an install and of the files that it reads; [`judge`] holds them against the list of well known names,
//! the records of malicious packages, and what a registry said. The worst finding counts, so a further name never makes a
//! verdict milder. Pure: files are asked of a [`Project`], registries of whoever calls, and no registry is named here.

mod files;
mod malicious;
mod name;
mod near;
mod order;
mod osv;
mod redirect;
#[cfg(test)]
mod tests;
mod top;
mod verdict;

pub use files::{MAX_DEPTH, MAX_FILES, Read, read_as};
pub use malicious::{Index, SEED};
pub use name::{Spelling, normal, read};
pub use near::{How, Near, distance, near, nearest};
pub use order::{Order, Project, Wanted, order};
pub use osv::{MAX_RECORD, OsvError, Record, compact, record};
pub use top::well_known;
pub use verdict::{
    Facts, Finding, Known, MOST_ASKED, Policy, Safer, Weight, asked, judge, safer, worst,
};

use crate::shell::Ecosystem;

impl Ecosystem {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Npm, Self::Pypi, Self::Cargo, Self::Go, Self::Gem, Self::Brew, Self::Conda];

    /// Its word in our own files and questions.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pypi => "pypi",
            Self::Cargo => "cargo",
            Self::Go => "go",
            Self::Gem => "gem",
            Self::Brew => "brew",
            Self::Conda => "conda",
        }
    }

    /// The one of that word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.word() == word)
    }

    /// The client that is asked about it, as a person calls it.
    #[must_use]
    pub const fn client(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pypi => "pip",
            Self::Cargo => "cargo",
            Self::Go => "go",
            Self::Gem => "gem",
            Self::Brew => "brew",
            Self::Conda => "conda",
        }
    }
}
