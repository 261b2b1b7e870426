//! What `--explain KEY` says, and the page of all keys.

use super::merge::Config;
use super::table::{KEYS, Key, key};
use super::value::{Kind, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a key is, what holds for it and whose it is; none for a name that is no key.
#[must_use]
pub fn explain(name: &str, config: &Config) -> Option<String> {
    let key = key(name)?;
    let mut out = format!("{name}: {}\n", key.told());
    let _ = writeln!(out, "  takes: {}", key.kind.name());
    let _ = writeln!(out, "  default: {}", preset(key));
    let _ = writeln!(out, "  a project may: {}", key.tighter.name());
    if let Some(setting) = config.get(name) {
        let _ = writeln!(out, "  now: {} ({})", setting.value, setting.layer.name());
    }
    Some(out)
}

fn preset(key: &Key) -> String {
    key.preset.value().map_or_else(|| "none".to_owned(), |value| value.to_string())
}

const HEAD: &str = "\
# `.sanctum/config.toml`

Made from the table in `firewall/src/agents/config/table.rs` by its test; do not edit.

Three files count: root's floor, the user's own, the project's. They are merged key by key. The user's file may say anything above the
floor; a project's file may only tighten, and what would loosen has no effect and is reported with key, old and new value. An unknown
key is a warning that names the nearest one; a value of a wrong kind has no effect; one out of bounds counts as its bound. A
file that is not TOML counts as empty. `*` is any name. Amounts are in cents here.

| key | takes | default | a project may | what it does |
|---|---|---|---|---|
";

/// The page docs/formats/config-toml.md.
#[must_use]
pub fn page() -> String {
    let mut out = HEAD.to_owned();
    for key in KEYS {
        let takes = key.kind.name().replace('|', "\\|");
        let _ = writeln!(
            out,
            "| `{}` | {takes} | `{}` | {} | {} |",
            key.name,
            preset(key),
            key.tighter.name(),
            key.told()
        );
    }
    out
}

const RECOMMENDED: &str = "\
# What the firewall for coding agents is configured with. Every key has its recommended value; what you leave out keeps it.
# ~/.sanctum/config.toml is yours; a project's .sanctum/config.toml can only tighten it; /etc/sanctum/config.toml is root's floor.
";

/// A whole file with every key, its recommended value and what it does.
#[must_use]
pub fn recommended() -> String {
    let mut sections: BTreeMap<&str, Vec<(&str, &Key)>> = BTreeMap::new();
    for key in KEYS {
        let (section, name) = key.name.rsplit_once('.').unwrap_or(("", key.name));
        sections.entry(section).or_default().push((name, key));
    }
    let mut out = RECOMMENDED.to_owned();
    for (section, keys) in sections {
        // A name in the place of the star is the person's to choose.
        let open = section.contains('*') || keys.iter().all(|(name, _)| *name == "*");
        let mark = if open { "# " } else { "" };
        if !section.is_empty() {
            let _ = write!(out, "\n{mark}[{}]\n", section.replace('*', "NAME"));
        }
        for (name, key) in keys {
            let _ = writeln!(out, "# {} Takes {}.", key.told(), key.kind.name());
            let value = match (key.kind, key.preset.value()) {
                (Kind::Cents, Some(Value::Integer(cents))) => {
                    Some(format!("\"${}.{:02}\"", cents / 100, cents % 100))
                }
                (Kind::Ports, Some(Value::Texts(ports))) => Some(format!("[{}]", ports.join(", "))),
                (_, value) => value.map(|value| value.to_string()),
            };
            let _ = match value {
                Some(value) => writeln!(out, "{mark}{name} = {value}"),
                None if name == "*" => Ok(()),
                None => writeln!(out, "# {name} ="),
            };
        }
    }
    out
}
