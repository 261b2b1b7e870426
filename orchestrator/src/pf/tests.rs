//! Tables and laws over whole rulesets.

mod cases;
mod decisions;
mod expansions;
mod grammar;
mod laws;
