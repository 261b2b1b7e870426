//! Lock files: names with the version that will be installed.

use super::Read;
use crate::agents::json::{Json, Node, Value, parse, parse_settings};
use crate::shell::Ecosystem;

fn unread() -> Read {
    Read { unread: true, ..Read::default() }
}

/// `package-lock.json` of version 1 (nested `dependencies`), 2 and 3 (`packages`).
pub(super) fn package_lock(text: &str) -> Read {
    let Ok(root) = parse(text.as_bytes()) else { return unread() };
    let mut read = Read::default();
    let mut resolved: Vec<String> = Vec::new();
    for member in root.get("packages").and_then(Node::members).unwrap_or(&[]) {
        let Some((_, path_name)) = member.name.rsplit_once("node_modules/") else { continue };
        // An alias says its real name.
        let name = member.node.get("name").and_then(Node::text).unwrap_or(path_name);
        if !member.node.get("link").is_some_and(|l| l.is(true)) {
            locked(name, &member.node, &mut read, &mut resolved);
        }
    }
    if root.get("packages").is_none() {
        old_lock(&root, 0, &mut read, &mut resolved);
    }
    hosts(&resolved, &mut read);
    read
}

fn old_lock(node: &Node, depth: usize, read: &mut Read, resolved: &mut Vec<String>) {
    if depth > 32 {
        return;
    }
    for member in node.get("dependencies").and_then(Node::members).unwrap_or(&[]) {
        let version = member.node.get("version").and_then(Node::text).unwrap_or("");
        let name = version.strip_prefix("npm:").map_or(member.name.as_str(), |alias| {
            alias.rsplit_once('@').map_or(alias, |(name, _)| name)
        });
        locked(name, &member.node, read, resolved);
        old_lock(&member.node, depth + 1, read, resolved);
    }
}

fn locked(name: &str, node: &Node, read: &mut Read, resolved: &mut Vec<String>) {
    let version = node.get("version").and_then(Node::text).unwrap_or("");
    let version = version.rsplit_once('@').map_or(version, |(_, v)| v);
    read.locked.push((Ecosystem::Npm, format!("{name}@{version}")));
    resolved.extend(node.get("resolved").and_then(Node::text).map(str::to_owned));
}

/// Addresses in the clear, and archives of another host than all the others.
fn hosts(resolved: &[String], read: &mut Read) {
    let host = |url: &str| {
        let rest = url.split_once("://").map_or("", |(_, rest)| rest);
        rest.split('/').next().unwrap_or("").rsplit('@').next().unwrap_or("").to_owned()
    };
    let mut counted = std::collections::BTreeMap::<String, usize>::new();
    for url in resolved.iter().filter(|url| url.starts_with("http")) {
        *counted.entry(host(url)).or_default() += 1;
    }
    let most = counted.iter().max_by_key(|(_, count)| **count).map(|(host, _)| host.clone());
    for url in resolved {
        let clear = url.starts_with("http://");
        let elsewhere = url.starts_with("http") && most.as_ref().is_some_and(|m| *m != host(url));
        if clear || elsewhere {
            let steer = format!("a lock that fetches from {}", host(url));
            if !read.steers.contains(&steer) {
                read.steers.push(steer);
            }
        }
    }
}

/// yarn's lock of both generations.
pub(super) fn yarn(text: &str) -> Read {
    let mut read = Read::default();
    let mut resolved = Vec::new();
    let mut head: Option<String> = None;
    for line in text.lines() {
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        if !line.starts_with(' ') {
            let first = line.trim_end_matches(':').split(',').next().unwrap_or("").trim();
            head = Some(first.trim_matches('"').to_owned());
            continue;
        }
        let word = line.trim();
        if let Some(url) = word.strip_prefix("resolved ") {
            resolved.push(url.trim_matches('"').to_owned());
        }
        let version = word.strip_prefix("version ").or_else(|| word.strip_prefix("version:"));
        if let Some(version) = version
            && let Some(spec) = head.take()
            && !spec.starts_with("__metadata")
            && !spec.contains("@workspace:")
        {
            let version = version.trim().trim_matches('"');
            let name = match spec.split_once("@npm:") {
                // `alias@npm:real@^1` names the real one, `name@npm:^1` does not.
                Some((_, real)) if real.trim_start_matches('@').contains('@') => cut(real),
                Some((name, _)) => name,
                None => cut(&spec),
            };
            read.locked.push((Ecosystem::Npm, format!("{name}@{version}")));
        }
    }
    hosts(&resolved, &mut read);
    read
}

/// Without the version behind the last `@`.
fn cut(spec: &str) -> &str {
    match spec.rfind('@') {
        Some(at) if at > 0 => spec.get(..at).unwrap_or(spec),
        _ => spec,
    }
}

/// pnpm's lock: the keys below `packages:`.
pub(super) fn pnpm(text: &str) -> Read {
    let mut read = Read::default();
    let mut inside = false;
    for line in text.lines() {
        if !line.starts_with(' ') && !line.trim().is_empty() {
            inside = line.trim_end() == "packages:";
            continue;
        }
        let Some(key) = line.strip_prefix("  ").filter(|l| inside && !l.starts_with(' ')) else {
            if let Some((_, url)) = line.split_once("tarball: ").filter(|_| inside) {
                let url = url.trim_matches([' ', '}', '\'']);
                read.steers.push(format!("a lock that fetches {url}"));
            }
            continue;
        };
        let key = key.trim().trim_end_matches(':').trim_matches('\'').trim_start_matches('/');
        let key = key.split('(').next().unwrap_or(key);
        if key.contains("://") || key.starts_with("file:") {
            read.others.push(key.to_owned());
            continue;
        }
        // Older locks write `name/version`.
        let word = if key.trim_start_matches('@').contains('@') {
            key.to_owned()
        } else {
            key.rsplit_once('/').map_or_else(|| key.to_owned(), |(n, v)| format!("{n}@{v}"))
        };
        if !word.is_empty() {
            read.locked.push((Ecosystem::Npm, word));
        }
    }
    read
}

/// bun's lock in text: JSON with comments, `packages` with `["name@version", ...]`.
pub(super) fn bun(text: &str) -> Read {
    let Ok(root) = parse_settings(text) else { return unread() };
    let mut read = Read::default();
    for member in root.get("packages").and_then(Node::members).unwrap_or(&[]) {
        if let Some(word) = member.node.items().and_then(|i| i.first()).and_then(Node::text) {
            read.locked.push((Ecosystem::Npm, word.to_owned()));
        }
    }
    read
}

/// `[[package]]` tables with `name` and `version`: Cargo.lock, poetry.lock, uv.lock, pdm.lock.
pub(super) fn toml_packages(ecosystem: Ecosystem, text: &str) -> Read {
    let mut read = Read::default();
    let (mut name, mut version, mut inside) = (None::<String>, None::<String>, false);
    let quoted = |line: &str| line.split('"').nth(1).map(str::to_owned);
    let mark = if ecosystem == Ecosystem::Cargo { "@" } else { "==" };
    for line in text.lines().chain(std::iter::once("[[package]]")) {
        let line = line.trim();
        if line.starts_with('[') {
            if let (Some(name), Some(version)) = (name.take(), version.take()) {
                read.locked.push((ecosystem, format!("{name}{mark}{version}")));
            }
            inside = line == "[[package]]";
        } else if let Some((key, value)) = line.split_once('=').filter(|_| inside) {
            match key.trim() {
                "name" => name = quoted(value),
                "version" => version = quoted(value),
                _ => {}
            }
        }
    }
    read
}

/// `Pipfile.lock`: sections of names with `version`.
pub(super) fn pipfile(text: &str) -> Read {
    let Ok(root) = parse(text.as_bytes()) else { return unread() };
    let mut read = Read::default();
    for section in root.members().unwrap_or(&[]).iter().filter(|m| m.name != "_meta") {
        for member in section.node.members().unwrap_or(&[]) {
            let version = member.node.get("version").and_then(Node::text).unwrap_or("");
            if matches!(member.node.value, Value::Map(_) | Value::Scalar(Json::Text(_))) {
                read.locked.push((Ecosystem::Pypi, format!("{}{version}", member.name)));
            }
        }
    }
    read
}

/// `Gemfile.lock`: `    name (version)` below `GEM`.
pub(super) fn gemfile(text: &str) -> Read {
    let mut read = Read::default();
    let (mut section, mut remotes) = (String::new(), 0_usize);
    for line in text.lines() {
        if !line.starts_with(' ') {
            line.trim().clone_into(&mut section);
            continue;
        }
        if section != "GEM" {
            continue;
        }
        if line.trim().starts_with("remote:") {
            remotes += 1;
        }
        let entry = line.strip_prefix("    ").filter(|l| !l.starts_with(' '));
        if let Some((name, version)) = entry.and_then(|e| e.split_once(" (")) {
            let version = version.trim_end_matches(')');
            read.locked.push((Ecosystem::Gem, format!("{name}:{version}")));
        }
    }
    if remotes > 1 {
        read.steers.push("a lock with several sources of gems".to_owned());
    }
    read
}
