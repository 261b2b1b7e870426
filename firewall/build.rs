//! Turns `rules/*.yaml` into the table that `src/rule.rs` includes.
//!
//! A file that does not fit the format fails the build. The examples stay out of the table.
#![expect(
    clippy::disallowed_methods,
    reason = "a build script's output is a file at a path from the environment"
)]

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

#[path = "src/format.rs"]
mod format;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=src/format.rs");
    let mut table = String::from("&[\n");
    for rule in format::read_rules()? {
        writeln!(
            table,
            "Rule {{ id: {:?}, title: {:?}, provider: {:?}, severity: Severity::{:?}, source: {:?}, keywords: &{:?}, \
             pattern: {:?}, min_length: {}, varied: {}, check: {}, dummies: &{:?} }},",
            rule.id,
            rule.title,
            rule.provider,
            rule.severity,
            rule.source,
            rule.keywords,
            rule.pattern,
            rule.min_length,
            rule.varied,
            rule.check.map_or_else(|| "None".to_owned(), |check| format!("Some(Check::{check:?})")),
            rule.dummies,
        )?;
    }
    table.push_str("]\n");
    let out = std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    std::fs::write(Path::new(&out).join("rules.rs"), table)?;
    Ok(())
}
