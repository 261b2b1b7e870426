//! Records of malicious packages in the form of OSV (schema 1.x), and the compact index that is made of them.
//!
//! Only records whose id begins with `MAL-`, that are not withdrawn, and whose ecosystem has an install here. A record that
//! names versions is of these; one with ranges only is of all, which is the safe reading.

use super::name::normal;
use crate::agents::json::{Json, parse};
use crate::shell::Ecosystem;

/// The longest record: those with thousands of versions take some 100 KiB.
pub const MAX_RECORD: usize = 4 << 20;

/// Why a record was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OsvError {
    /// Not JSON, or longer than what is read.
    #[error("no JSON within the limits")]
    Json,
    /// No text `id`.
    #[error("no id")]
    NoId,
}

/// One package of a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Record {
    /// The ecosystem's word.
    pub ecosystem: &'static str,
    /// The name as its registry compares it.
    pub name: String,
    /// The versions; none means all.
    pub versions: Vec<String>,
    /// The record's id.
    pub id: String,
}

/// Reads one record: none of other kinds, else a line for each package.
///
/// # Errors
/// It is no record at all.
pub fn record(bytes: &[u8]) -> Result<Vec<Record>, OsvError> {
    if bytes.len() > MAX_RECORD {
        return Err(OsvError::Json);
    }
    let json = Json::from(parse(bytes).map_err(|_| OsvError::Json)?);
    let id = json.get("id").and_then(Json::text).ok_or(OsvError::NoId)?;
    let plain = |text: &str| !text.is_empty() && !text.contains(['\t', '\n', '\r']);
    let withdrawn = json.get("withdrawn").is_some_and(|when| *when != Json::Null);
    if !id.starts_with("MAL-") || !plain(id) || withdrawn {
        return Ok(Vec::new());
    }
    let Some(Json::List(affected)) = json.get("affected") else { return Ok(Vec::new()) };
    let mut records = Vec::new();
    for each in affected {
        let text = |name: &str| each.get("package").and_then(|p| p.get(name)).and_then(Json::text);
        let (Some(ecosystem), Some(name)) = (text("ecosystem").and_then(named), text("name"))
        else {
            continue;
        };
        let versions = match each.get("versions") {
            Some(Json::List(list)) => list.iter().filter_map(Json::text).collect(),
            _ => Vec::new(),
        };
        // A range next to the versions that is open to all is of all.
        let all = open(each);
        let versions: Vec<String> = versions
            .into_iter()
            .filter(|v| !all && plain(v) && !v.contains(','))
            .map(str::to_owned)
            .collect();
        let name = normal(ecosystem, name);
        if plain(&name) {
            let ecosystem = ecosystem.word();
            records.push(Record { ecosystem, name, versions, id: id.to_owned() });
        }
    }
    Ok(records)
}

/// Whether a range begins with nothing and never ends.
fn open(affected: &Json) -> bool {
    let Some(Json::List(ranges)) = affected.get("ranges") else { return false };
    ranges.iter().any(|range| {
        let Some(Json::List(events)) = range.get("events") else { return false };
        let starts = |e: &Json| e.get("introduced").and_then(Json::text) == Some("0");
        let ends = |e: &Json| e.get("fixed").is_some() || e.get("last_affected").is_some();
        events.iter().any(starts) && !events.iter().any(ends)
    })
}

/// OSV's names of ecosystems; what follows a colon is a registry of its own.
fn named(word: &str) -> Option<Ecosystem> {
    let word = word.split(':').next().unwrap_or(word).to_ascii_lowercase();
    match word.as_str() {
        "npm" => Some(Ecosystem::Npm),
        "pypi" => Some(Ecosystem::Pypi),
        "go" => Some(Ecosystem::Go),
        "rubygems" => Some(Ecosystem::Gem),
        "conda" | "conda-forge" => Some(Ecosystem::Conda),
        "homebrew" => Some(Ecosystem::Brew),
        word if word.starts_with("crates.") => Some(Ecosystem::Cargo),
        _ => None,
    }
}

/// The compact index of records, sorted and without repetition.
#[must_use]
pub fn compact(mut records: Vec<Record>) -> String {
    records.sort();
    records.dedup();
    let mut text = String::new();
    for record in &records {
        let versions =
            if record.versions.is_empty() { "*".to_owned() } else { record.versions.join(",") };
        for (at, cell) in [record.ecosystem, &record.name, &versions, &record.id].iter().enumerate()
        {
            if at > 0 {
                text.push('\t');
            }
            text.push_str(cell);
        }
        text.push('\n');
    }
    text
}
