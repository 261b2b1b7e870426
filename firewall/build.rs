//! Turns `rules/*.yaml` into the tables that `src/rule.rs` and `src/prefilter.rs` include.
//!
//! A file that does not fit the format fails the build. The examples stay out of the tables. The automaton
//! over all keywords is finished here, so that the program constructs none.
#![expect(
    clippy::disallowed_methods,
    reason = "a build script's output is a file at a path from the environment"
)]

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

#[path = "src/automaton.rs"]
mod automaton;
#[path = "src/format.rs"]
mod format;
#[path = "src/reach.rs"]
mod reach;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=rules");
    for source in ["automaton", "format", "reach"] {
        println!("cargo::rerun-if-changed=src/{source}.rs");
    }
    let out = std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    let rules = format::read_rules()?;
    std::fs::write(Path::new(&out).join("rules.rs"), rule_table(&rules)?)?;
    let built = automaton::build(&rules)?;
    std::fs::write(Path::new(&out).join("keywords.rs"), keyword_tables(&built)?)?;
    std::fs::write(Path::new(&out).join("keywords.bin"), &built.steps)?;
    Ok(())
}

fn rule_table(rules: &[format::RuleText]) -> Result<String, Box<dyn Error>> {
    let mut table = String::from("&[\n");
    for rule in rules {
        let (before, after) = reach::reach_of(rule)?;
        let variant = |kind: &str, name: Option<String>| {
            name.map_or_else(|| "None".to_owned(), |name| format!("Some({kind}::{name})"))
        };
        writeln!(
            table,
            "Rule {{ id: {:?}, title: {:?}, provider: {:?}, severity: Severity::{:?}, source: {:?}, keywords: &{:?}, \
             pattern: {:?}, finder: {}, before: {before:?}, after: {after}, min_length: {}, varied: {}, check: {}, dummies: &{:?}, guards_only: {}, validate: {} }},",
            rule.id,
            rule.title,
            rule.provider,
            rule.severity,
            rule.source,
            rule.keywords,
            rule.pattern,
            variant("Finder", rule.finder.map(|finder| format!("{finder:?}"))),
            rule.min_length,
            rule.varied,
            variant("Check", rule.check.map(|check| format!("{check:?}"))),
            rule.dummies,
            rule.guards_only,
            rule.validate.as_ref().map_or_else(|| Ok("None".to_owned()), validation)?,
        )?;
    }
    table.push_str("]\n");
    Ok(table)
}

fn validation(validate: &format::ValidateText) -> Result<String, Box<dyn Error>> {
    let (host, path) = validate.host_and_path().ok_or("a request has a host and a path")?;
    let says = |text: &format::SaysText| {
        format!("Says {{ status: &{:?}, body: &{:?} }}", text.status, text.says)
    };
    let headers: Vec<(&String, &String)> = validate.headers.iter().collect();
    Ok(format!(
        "Some(&Validation {{ source: {:?}, method: {:?}, host: {host:?}, path: {path:?}, headers: &{headers:?}, body: {:?}, \
         begins: &{:?}, active: {}, inactive: {} }})",
        validate.source,
        format!("{:?}", validate.method).to_ascii_uppercase(),
        validate.body,
        validate.begins,
        says(&validate.active),
        says(&validate.inactive),
    ))
}

fn keyword_tables(built: &automaton::Automaton) -> Result<String, std::fmt::Error> {
    let mut table = String::new();
    writeln!(table, "const SHIFT: u32 = {};", built.shift)?;
    writeln!(table, "const FIRST_MATCH: usize = {};", built.first_match)?;
    let longest = built.keywords.iter().map(|(text, _)| text.len()).max().unwrap_or(0);
    writeln!(table, "const LONGEST: usize = {longest};")?;
    writeln!(table, "static CLASSES: [u8; 256] = {:?};", built.classes)?;
    writeln!(table, "static OUTPUTS: &[&[u16]] = &[")?;
    for keywords in &built.outputs {
        writeln!(table, "&{keywords:?},")?;
    }
    writeln!(table, "];\npub(crate) static KEYWORDS: &[Keyword] = &[")?;
    for (text, rules) in &built.keywords {
        writeln!(table, "Keyword {{ len: {}, rules: &{rules:?} }},", text.len())?;
    }
    writeln!(table, "];")?;
    Ok(table)
}
