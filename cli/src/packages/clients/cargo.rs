//! cargo: `cargo info NAME` says whether a crate is there and leaves its entry of the sparse index in cargo's own cache, where the
//! versions stand with their times (`pubtime`).

use super::{Clients, greatest, says, time};
use sanctum_firewall::packages::{Facts, Known};
use sanctum_host::{files, look};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The entry of a crate with thousands of versions.
const LIMIT: u64 = 64 << 20;

pub(super) fn look_up(clients: &Clients, name: &str, version: Option<&str>) -> Option<Known> {
    // The index knows a crate by one of two spellings, and asks are compared without the difference.
    let spellings = [name.to_owned(), name.replace('-', "_")];
    let mut said = None;
    for spelling in spellings {
        said = one(clients, &spelling, version);
        if said != Some(Known::Absent) {
            break;
        }
    }
    said
}

fn one(clients: &Clients, name: &str, version: Option<&str>) -> Option<Known> {
    let output = clients.run(&["cargo"], &["info", "--color=never", "--quiet", name], &[])?;
    if !output.status.success() {
        return says(&output, &["could not find"]).then_some(Known::Absent);
    }
    let entry = entry(&clients.home, clients.env.get("CARGO_HOME"), name);
    let told = told(&output.text());
    Some(Known::Present(read(entry.as_deref().unwrap_or(&[]), version, told.as_deref())))
}

/// The version of cargo's own words.
fn told(text: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix("version: "))?;
    line.split_whitespace().next().map(str::to_owned)
}

/// The newest entry of all the registries that cargo has cached.
fn entry(home: &Path, cargo_home: Option<&String>, name: &str) -> Option<Vec<u8>> {
    let cargo = cargo_home.map_or_else(|| home.join(".cargo"), PathBuf::from);
    let index = cargo.join("registry/index");
    let lower = name.to_lowercase();
    let sub = match lower.len() {
        1 | 2 => format!("{}/{lower}", lower.len()),
        3 => format!("3/{}/{lower}", lower.get(..1)?),
        _ => format!("{}/{}/{lower}", lower.get(..2)?, lower.get(2..4)?),
    };
    let mut newest = None;
    for registry in look::list(&index).ok().flatten()? {
        let path = index.join(registry).join(".cache").join(&sub);
        let Ok(Some(facts)) = look::at(&path) else { continue };
        if newest.as_ref().is_none_or(|(when, _)| *when < facts.modified) {
            newest = Some((facts.modified, path));
        }
    }
    files::read(&newest?.1, LIMIT).ok()
}

/// Entries are JSON texts between zero bytes; what else stands there is passed over.
fn read(entry: &[u8], version: Option<&str>, told: Option<&str>) -> Facts {
    let lines: Vec<Value> = entry
        .split(|byte| *byte == 0)
        .filter(|part| part.starts_with(b"{"))
        .filter_map(|part| serde_json::from_slice(part).ok())
        .collect();
    let of = |line: &Value, key: &str| line.get(key).and_then(Value::as_str).map(str::to_owned);
    let versions: Vec<(String, Option<_>)> = lines
        .iter()
        .filter_map(|line| Some((of(line, "vers")?, of(line, "pubtime").and_then(|t| time(&t)))))
        .collect();
    let kept = |line: &&Value| line.get("yanked").and_then(Value::as_bool) != Some(true);
    let good: Vec<String> = lines.iter().filter(kept).filter_map(|line| of(line, "vers")).collect();
    let latest = greatest(good.iter().map(String::as_str)).or(told);
    let chosen = version.or(latest).map(str::to_owned);
    let at = |wanted: &str| versions.iter().find(|(v, _)| v == wanted).and_then(|(_, at)| *at);
    // Without a time for every version nobody knows which came first.
    let all = versions.iter().map(|(_, at)| *at).collect::<Option<Vec<_>>>();
    Facts {
        created: all.and_then(|times| times.into_iter().min()),
        published: chosen.as_deref().and_then(at),
        no_such_version: version
            .is_some_and(|v| !versions.is_empty() && !versions.iter().any(|(have, _)| have == v)),
        version: chosen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanctum_types::UnixTime;

    #[test]
    fn the_entry_of_the_index_is_read() {
        let entry = b"\x03\x02\0\0\0etag: x\x001.0.0\0{\"vers\":\"1.0.0\",\"pubtime\":\"2024-01-01T00:00:00Z\"}\x001.10.0\0{\"vers\":\"1.10.0\",\"pubtime\":\"2025-01-01T00:00:00Z\"}\x001.9.0\0{\"vers\":\"1.9.0\",\"pubtime\":\"2024-06-01T00:00:00Z\"}\x002.0.0-rc.1\0{\"vers\":\"2.0.0-rc.1\",\"pubtime\":\"2025-02-01T00:00:00Z\"}\x003.0.0\0{\"vers\":\"3.0.0\",\"yanked\":true,\"pubtime\":\"2025-03-01T00:00:00Z\"}\0";
        let facts = read(entry, None, None);
        assert_eq!(facts.version.as_deref(), Some("1.10.0"));
        assert_eq!(facts.created, Some(UnixTime(1_704_067_200)));
        assert_eq!(facts.published, Some(UnixTime(1_735_689_600)));
        assert!(read(entry, Some("9.9.9"), None).no_such_version);
        let nothing = read(b"", Some("1.0.0"), Some("1.0.0"));
        assert!(!nothing.no_such_version && nothing.created.is_none());
        assert_eq!(told("a\nversion: 1.0.19 (latest 2)\n").as_deref(), Some("1.0.19"));
    }
}
