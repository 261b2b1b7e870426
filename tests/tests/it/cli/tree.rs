//! A folder as a value: kind, mode and bytes of everything below it, and what a root's ledger says of it.
//!
//! It is the judge of "byte for byte", so it shares no code with what it judges. Owners, what is loaded and
//! accounts are in the ledger, because a root host changes no real ones.
#![expect(clippy::disallowed_methods, reason = "the judge reads the real files")]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// What is at one path.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// All mode bits.
    pub(crate) mode: u32,
    /// None of a directory.
    pub(crate) bytes: Option<Vec<u8>>,
}

/// Everything below a root but its store, by relative path; and its ledger.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Tree {
    pub(crate) entries: BTreeMap<String, Entry>,
    /// Lines such as `owner /etc root:wheel`. An owner that the root would assume anyway is left out.
    pub(crate) ledger: BTreeSet<String>,
}

/// Who owns what no ledger knows: `root`, with the group that macOS or Linux has for it.
const ASSUMED: [&str; 2] = ["root:wheel", "root:root"];

impl Tree {
    pub(crate) fn of(root: &Path) -> Self {
        let mut entries = BTreeMap::new();
        walk(root, "", &mut entries);
        Self { entries, ledger: ledger(root) }
    }
}

fn walk(root: &Path, below: &str, entries: &mut BTreeMap<String, Entry>) {
    for entry in fs::read_dir(root.join(below)).expect("a folder") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name in UTF-8");
        if below.is_empty() && name == ".sanctum" {
            continue;
        }
        let name = if below.is_empty() { name } else { format!("{below}/{name}") };
        let meta = fs::symlink_metadata(root.join(&name)).expect("an entry stays");
        let bytes = meta.is_file().then(|| fs::read(root.join(&name)).expect("a readable file"));
        entries.insert(name.clone(), Entry { mode: meta.permissions().mode() & 0o7777, bytes });
        if meta.is_dir() {
            walk(root, &name, entries);
        }
    }
}

fn ledger(root: &Path) -> BTreeSet<String> {
    let Ok(bytes) = fs::read(root.join(".sanctum/ledger.json")) else { return BTreeSet::new() };
    let ledger: Value = serde_json::from_slice(&bytes).expect("a ledger is JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let owners = ledger["owners"].as_object().expect("owners").iter();
    let owners = owners
        .map(|(path, owner)| (path, format!("{}:{}", text(&owner["user"]), text(&owner["group"]))))
        .filter(|(_, owner)| !ASSUMED.contains(&owner.as_str()))
        .map(|(path, owner)| format!("owner {path} {owner}"));
    let loaded = ledger["running"]["loaded"].as_array().expect("units").iter();
    let loaded = loaded.map(|pair| format!("loaded {} from {}", pair[0], pair[1]));
    let accounts = ledger["running"]["accounts"].as_array().expect("accounts").iter();
    owners.chain(loaded).chain(accounts.map(|name| format!("account {}", text(name)))).collect()
}

impl fmt::Debug for Tree {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (path, entry) in &self.entries {
            let size = entry.bytes.as_ref().map(Vec::len);
            writeln!(out, "{path} {:04o} {size:?}", entry.mode)?;
        }
        write!(out, "{:#?}", self.ledger)
    }
}

/// Copies a folder with its modes; `to` must not exist.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a new folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
    let mode = fs::metadata(from).expect("a folder").permissions();
    fs::set_permissions(to, mode).expect("a mode");
}
