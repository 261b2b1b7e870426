//! Manifests: what a project says it needs.

use super::Read;
use super::tree::{at, items, members, read as table};
use crate::agents::json::{Json, Node, parse};
use crate::shell::Ecosystem;

/// Scripts that an install of the project itself runs (npm-scripts(7), "Life Cycle Scripts").
const OWN_SCRIPTS: [&str; 6] =
    ["preinstall", "install", "postinstall", "prepare", "preprepare", "postprepare"];

pub(super) fn package_json(text: &str) -> Read {
    let Ok(root) = parse(text.as_bytes()) else {
        return Read { unread: true, ..Read::default() };
    };
    let mut read = Read::default();
    for section in ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"] {
        for member in root.get(section).and_then(Node::members).unwrap_or(&[]) {
            let range = member.node.text().unwrap_or("");
            node_dependency(&member.name, range, &mut read);
        }
    }
    for path in [&["overrides"][..], &["resolutions"], &["pnpm", "overrides"]] {
        if let Some(node) = path.iter().try_fold(&root, |node, name| node.get(name)) {
            overrides(node, 0, &mut read);
        }
    }
    for script in OWN_SCRIPTS {
        if root.get("scripts").and_then(|s| s.get(script)).and_then(Node::text).is_some() {
            read.steers.push(format!("a script of the project that an install runs ({script})"));
        }
    }
    if root.get("trustedDependencies").and_then(Node::items).is_some_and(|i| !i.is_empty()) {
        read.steers.push("dependencies whose scripts are let run".to_owned());
    }
    read
}

fn node_dependency(name: &str, range: &str, read: &mut Read) {
    let local = ["file:", "link:", "workspace:", "portal:", "catalog:"];
    if local.iter().any(|mark| range.starts_with(mark)) {
        return;
    }
    let repository = range.contains("://")
        || range.starts_with("git")
        || (range.contains('/') && !range.starts_with("npm:"));
    if repository {
        read.others.push(range.to_owned());
    } else {
        // What `npm:` stands for is read where the name is.
        read.names.push((Ecosystem::Npm, format!("{name}@{range}")));
    }
}

/// What stands in for a dependency of a dependency: another package, or one from elsewhere. Ranges name nothing new.
fn overrides(node: &Node, depth: usize, read: &mut Read) {
    /// An override of an override of an override is nobody's intention.
    const DEEPEST: usize = 8;
    if depth > DEEPEST {
        return;
    }
    for member in node.members().unwrap_or(&[]) {
        match member.node.text() {
            Some(range) if range.contains([':', '/']) => node_dependency(&member.name, range, read),
            Some(_) => {}
            None => overrides(&member.node, depth + 1, read),
        }
    }
}

/// Lists of PEP 508 requirements.
fn requirements(value: Option<&Json>, read: &mut Read) {
    for item in items(value) {
        if let Some(word) = item.text() {
            let one = super::requirements::read(word);
            read.names.extend(one.names);
            read.others.extend(one.others);
        }
    }
}

/// Tables of names and versions, as poetry and Pipfile have them.
fn named(value: Option<&Json>, read: &mut Read) {
    for (name, value) in members(value) {
        let source = ["path", "git", "url", "file"].iter().find_map(|key| value.get(key));
        match source {
            Some(source) => read.others.extend(source.text().map(str::to_owned)),
            None if name == "python" => {}
            None => {
                let version = value.text().or_else(|| value.get("version")?.text());
                let exact = version.filter(|v| v.starts_with("==")).unwrap_or("");
                read.names.push((Ecosystem::Pypi, format!("{name}{exact}")));
            }
        }
    }
}

pub(super) fn pyproject(text: &str) -> Read {
    let Some(root) = table(text) else { return Read { unread: true, ..Read::default() } };
    let mut read = Read::default();
    requirements(at(&root, &["project", "dependencies"]), &mut read);
    requirements(at(&root, &["build-system", "requires"]), &mut read);
    requirements(at(&root, &["tool", "uv", "dev-dependencies"]), &mut read);
    let groups: [&[&str]; 3] = [
        &["project", "optional-dependencies"],
        &["dependency-groups"],
        &["tool", "pdm", "dev-dependencies"],
    ];
    for group in groups {
        for (_, list) in members(at(&root, group)) {
            requirements(Some(list), &mut read);
        }
    }
    named(at(&root, &["tool", "poetry", "dependencies"]), &mut read);
    named(at(&root, &["tool", "poetry", "dev-dependencies"]), &mut read);
    for (_, group) in members(at(&root, &["tool", "poetry", "group"])) {
        named(group.get("dependencies"), &mut read);
    }
    for (_, source) in members(at(&root, &["tool", "uv", "sources"])) {
        let other = ["url", "git", "path"].iter().find_map(|key| source.get(key)?.text());
        read.others.extend(other.map(str::to_owned));
    }
    let sources: [(&[&str], &str); 9] = [
        (&["tool", "poetry", "source"], "tool.poetry.source"),
        (&["tool", "pdm", "source"], "tool.pdm.source"),
        (&["tool", "uv", "index"], "tool.uv.index"),
        (&["tool", "uv", "index-url"], "tool.uv.index-url"),
        (&["tool", "uv", "extra-index-url"], "tool.uv.extra-index-url"),
        (&["tool", "uv", "find-links"], "tool.uv.find-links"),
        (&["tool", "uv", "pip", "index-url"], "tool.uv.pip.index-url"),
        (&["tool", "uv", "pip", "extra-index-url"], "tool.uv.pip.extra-index-url"),
        (&["tool", "uv", "pip", "find-links"], "tool.uv.pip.find-links"),
    ];
    for (path, name) in sources {
        if at(&root, path).is_some() {
            read.steers.push(name.to_owned());
        }
    }
    read
}

pub(super) fn pipfile(text: &str) -> Read {
    let Some(root) = table(text) else { return Read { unread: true, ..Read::default() } };
    let mut read = Read::default();
    named(root.get("packages"), &mut read);
    named(root.get("dev-packages"), &mut read);
    // Every Pipfile names one source; a second one is a choice.
    if items(root.get("source")).len() > 1 {
        read.steers.push("a second source".to_owned());
    }
    read
}

pub(super) fn cargo(text: &str) -> Read {
    let Some(root) = table(text) else { return Read { unread: true, ..Read::default() } };
    let mut read = Read::default();
    let mut sections: Vec<Option<&Json>> =
        ["dependencies", "dev-dependencies", "build-dependencies"]
            .iter()
            .map(|name| root.get(name))
            .collect();
    sections.push(at(&root, &["workspace", "dependencies"]));
    for (_, target) in members(root.get("target")) {
        sections.push(target.get("dependencies"));
    }
    for (name, value) in sections.into_iter().flat_map(members) {
        let name = value.get("package").and_then(Json::text).unwrap_or(name);
        let other = ["path", "git"].iter().find_map(|key| value.get(key)?.text());
        if let Some(other) = other {
            read.others.push(other.to_owned());
        } else if value.get("workspace").is_none() {
            read.names.push((Ecosystem::Cargo, name.to_owned()));
        }
        if value.get("registry").is_some() || value.get("registry-index").is_some() {
            read.steers.push(format!("the registry of the dependency {name}"));
        }
    }
    if root.get("patch").is_some() || root.get("replace").is_some() {
        read.steers.push("[patch]".to_owned());
    }
    read
}

/// `go.mod`: requirements are pinned; a `replace` leads elsewhere.
pub(super) fn go(text: &str) -> Read {
    let mut read = Read::default();
    let mut block = String::new();
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or(line).trim();
        if line == ")" {
            block.clear();
            continue;
        }
        if let Some(word) = line.strip_suffix('(') {
            word.trim().clone_into(&mut block);
            continue;
        }
        let (verb, rest) = if block.is_empty() {
            line.split_once(' ').unwrap_or((line, ""))
        } else {
            (block.as_str(), line)
        };
        match verb {
            "require" => {
                let mut words = rest.split_whitespace();
                if let (Some(name), Some(version)) = (words.next(), words.next()) {
                    read.locked.push((Ecosystem::Go, format!("{name}@{version}")));
                }
            }
            "replace" => {
                if let Some((_, to)) = rest.split_once("=>")
                    && !to.trim().starts_with(['.', '/'])
                {
                    read.names.push((Ecosystem::Go, to.trim().replacen(' ', "@", 1)));
                }
            }
            _ => {}
        }
    }
    read
}

/// The first quoted text of a line.
fn first_text(rest: &str) -> Option<&str> {
    let mark = rest.find(['"', '\''])?;
    let quote = rest.get(mark..=mark)?;
    rest.get(mark + 1..)?.split(quote).next()
}

pub(super) fn gemfile(text: &str) -> Read {
    let mut read = Read::default();
    let mut sources = 0_usize;
    for line in text.lines() {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("gem ").or_else(|| line.strip_prefix("gem(")) {
            let Some(name) = first_text(rest) else { continue };
            let other = ["git:", "github:", "path:", ":git =>", ":github =>", ":path =>"];
            if other.iter().any(|mark| rest.contains(mark)) {
                read.others.push(name.to_owned());
            } else {
                read.names.push((Ecosystem::Gem, name.to_owned()));
            }
            if rest.contains("source:") {
                read.steers.push(format!("the source of the gem {name}"));
            }
        } else if line.starts_with("source ") || line.starts_with("source(") {
            sources += 1;
        }
    }
    // Every Gemfile names one source; a second one is a choice.
    if sources > 1 {
        read.steers.push("a second source".to_owned());
    }
    read
}

pub(super) fn brewfile(text: &str) -> Read {
    let mut read = Read::default();
    for line in text.lines() {
        let line = line.trim();
        let (verb, rest) = line.split_once([' ', '(']).unwrap_or((line, ""));
        let Some(name) = first_text(rest) else { continue };
        match verb {
            "brew" | "cask" => read.names.push((Ecosystem::Brew, name.to_owned())),
            "tap" => read.others.push(format!("tap:{name}")),
            _ => {}
        }
    }
    read
}
