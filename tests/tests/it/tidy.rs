//! Laws about the repository itself: floors, wording, sizes, links, manifests.
//!
//! Each law is a pure function from files to findings, with a test beside it that plants a violation;
//! the `repository_…` tests run it over this checkout. Nothing is written and no file is fixed.

mod dependencies;
mod floors;
mod links;
mod modules;
mod repository;
mod sizes;
mod words;

/// Fails with one finding a line.
fn assert_clean(findings: &[String]) {
    assert!(findings.is_empty(), "{} finding(s):\n  {}", findings.len(), findings.join("\n  "));
}
