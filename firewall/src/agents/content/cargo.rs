//! What the lines that cargo prints tell: crates that are new, and crates whose build script ran.
//!
//! The lines are those of cargo's status output (`Adding`, `Downloaded`, `Compiling`), of its verbose one (`Running
//! …/build-script-build`) and of warnings that only a build script can print (`warning: name@version:`).

use std::collections::BTreeSet;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A crate of a version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CargoCrate {
    /// Its name.
    pub name: String,
    /// Its version, without `v`.
    pub version: String,
}

/// What cargo's output tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CargoSeen {
    /// Crates that were added or fetched.
    pub new: BTreeSet<CargoCrate>,
    /// Crates that were compiled.
    pub compiled: BTreeSet<CargoCrate>,
    /// Names of crates whose build script ran.
    pub build_scripts: BTreeSet<String>,
}

/// What is remarked of crates that cargo fetched.
pub struct CargoPolicy<'a> {
    /// Whether anything is.
    pub warned: bool,
    /// Crates that are known.
    pub spared: Vec<String>,
    /// Whether the sources of this crate bring a build script. Cargo says so itself only when it is asked to say more.
    pub has_script: &'a dyn Fn(&CargoCrate) -> bool,
}

/// Crates whose sources are looked at for one output; with a cold cache cargo names hundreds.
const MOST_LOOKED_AT: usize = 512;
/// Names in one remark.
const MOST_NAMED: usize = 16;

/// The remark on crates that are new here and run a build script.
pub(super) fn remark(texts: &[&str], policy: &CargoPolicy<'_>) -> Option<String> {
    if !policy.warned {
        return None;
    }
    let mut seen = CargoSeen::default();
    for text in texts {
        let one = seen_by_cargo(text);
        seen.new.extend(one.new);
        seen.build_scripts.extend(one.build_scripts);
    }
    let told = |krate: &CargoCrate| seen.build_scripts.contains(&krate.name);
    let with_script: BTreeSet<&str> = seen
        .new
        .iter()
        .filter(|krate| !policy.spared.contains(&krate.name))
        .take(MOST_LOOKED_AT)
        .filter(|krate| told(krate) || (policy.has_script)(krate))
        .map(|krate| krate.name.as_str())
        .collect();
    let named: Vec<&str> = with_script.iter().take(MOST_NAMED).copied().collect();
    let more = match with_script.len().saturating_sub(named.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!named.is_empty()).then(|| format!("new crates run a build.rs: {}{more}", named.join(", ")))
}

/// Whether a package with this manifest runs a build script; where `build` says nothing, cargo takes the `build.rs` that lies there.
///
/// A manifest that cannot be read, or was cut, counts as one that names a script: its author would like it to count as none.
#[must_use]
pub fn runs_script(manifest: &str, has_build_rs: impl FnOnce() -> bool) -> bool {
    let Ok(root) = DeTable::parse(manifest) else { return true };
    let package = root.get_ref().get("package").map(Spanned::get_ref);
    let build = match package {
        Some(DeValue::Table(package)) => package.get("build").map(Spanned::get_ref),
        _ => return true,
    };
    match build {
        Some(DeValue::Boolean(says)) => *says,
        Some(_) => true,
        None => has_build_rs(),
    }
}

/// Reads the output of cargo; other lines mean nothing.
#[must_use]
pub fn seen_by_cargo(text: &str) -> CargoSeen {
    let mut seen = CargoSeen::default();
    for line in text.lines() {
        let line = line.trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match word {
            "Adding" | "Downloaded" => seen.new.extend(named(rest)),
            "Compiling" => seen.compiled.extend(named(rest)),
            "Running" => seen.build_scripts.extend(script(rest)),
            "warning:" => seen.build_scripts.extend(warned(rest)),
            _ => {}
        }
    }
    seen
}

/// `serde v1.0.219`, with more behind it or not.
fn named(rest: &str) -> Option<CargoCrate> {
    let mut words = rest.split_whitespace();
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    (is_name(name) && is_version(version))
        .then(|| CargoCrate { name: name.to_owned(), version: version.to_owned() })
}

/// `` `/…/target/debug/build/serde-1f2e3d4c5b6a7980/build-script-build` ``.
fn script(rest: &str) -> Option<String> {
    let path = rest
        .split_whitespace()
        .map(|word| word.trim_matches('`'))
        .find(|word| word.ends_with("/build-script-build"))?;
    let folder = path.strip_suffix("/build-script-build")?.rsplit('/').next()?;
    let (name, hash) = folder.rsplit_once('-')?;
    (is_name(name) && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| name.to_owned())
}

/// `ring@0.17.8: the compiler …`.
fn warned(rest: &str) -> Option<String> {
    let (krate, _) = rest.split_once(": ")?;
    let (name, version) = krate.split_once('@')?;
    (is_name(name) && is_version(version)).then(|| name.to_owned())
}

/// In the letters of a semantic version: it becomes a part of a path, and whoever prints the line chose it.
fn is_version(version: &str) -> bool {
    version.starts_with(|c: char| c.is_ascii_digit())
        && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+-".contains(&byte))
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
