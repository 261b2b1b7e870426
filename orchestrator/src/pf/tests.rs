//! Tables and laws over whole rulesets.

mod cases;
mod decisions;
mod grammar;
mod laws;
