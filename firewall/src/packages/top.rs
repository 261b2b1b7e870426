//! Names that everybody knows: what a squatter's name is near, and what a person may have meant.
//!
//! Text files that are part of the program, searched where they stand; nothing of them is built at start. Which counts made
//! the lists is told in docs/formats/packages.md.

use super::name::normal;
use crate::shell::Ecosystem;

const NPM: &str = include_str!("../../packages/npm.txt");
const PYPI: &str = include_str!("../../packages/pypi.txt");
const CARGO: &str = include_str!("../../packages/cargo.txt");
const GO: &str = include_str!("../../packages/go.txt");
const GEM: &str = include_str!("../../packages/gem.txt");
const BREW: &str = include_str!("../../packages/brew.txt");
const CONDA: &str = include_str!("../../packages/conda.txt");

/// All of one registry.
pub(super) fn names(ecosystem: Ecosystem) -> impl Iterator<Item = &'static str> {
    let text = match ecosystem {
        Ecosystem::Npm => NPM,
        Ecosystem::Pypi => PYPI,
        Ecosystem::Cargo => CARGO,
        Ecosystem::Go => GO,
        Ecosystem::Gem => GEM,
        Ecosystem::Brew => BREW,
        Ecosystem::Conda => CONDA,
    };
    text.split_ascii_whitespace()
}

/// Whether a name is among them.
#[must_use]
pub fn well_known(ecosystem: Ecosystem, name: &str) -> bool {
    let name = normal(ecosystem, name);
    names(ecosystem).any(|known| known == name)
}
