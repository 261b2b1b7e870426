//! The floors: an edge between two crates of the house goes strictly down (docs/architecture.md).
//!
//! Two crates on one floor therefore never import one another. Edges for tests and builds count too.

use std::process::Command;

use serde_json::Value;

use super::assert_clean;
use super::repository::{self, SourceFile};

/// Each crate's folder and floor. A crate that is not here has no floor, which is a finding.
const FLOORS: &[(&str, u8)] = &[
    ("types", 0),
    ("host", 1),
    ("firewall", 1),
    ("presidio", 1),
    ("secrets", 2),
    ("vm", 3),
    ("rotation", 3),
    ("scan", 3),
    ("sentinel", 3),
    ("vault", 3),
    ("proxy", 3),
    ("orchestrator", 4),
    ("dashboard", 5),
    ("cli", 6),
    ("tests", 7),
    ("bench", 7),
    ("fuzz", 7),
];

/// Where a dependency that brings the kernel's calls, a socket or the command line may be named. Test
/// crates (floor 7) may name any; those that must not come in by way of others either are in deny.toml.
const HOMES: &[(&str, &[&str])] = &[
    ("clap", &["cli"]),
    ("getrandom", &["host"]),
    ("nix", &["host"]),
    ("rustix", &["host", "cli"]),
    ("ureq", &["secrets", "rotation", "vault", "orchestrator"]),
    ("zbus", &["secrets", "orchestrator"]),
    ("hyper", &["presidio", "secrets", "rotation", "sentinel", "vault", "proxy", "orchestrator"]),
    ("reqwest", &["presidio", "secrets", "rotation", "sentinel", "vault", "proxy", "orchestrator"]),
];

fn is_away_from_home(package: &str, dependency: &str) -> bool {
    let homes = HOMES.iter().find(|(name, _)| *name == dependency).map(|(_, homes)| homes);
    let folder = package.strip_prefix("sanctum-").unwrap_or(package);
    homes.is_some_and(|homes| floor(package) != Some(7) && !homes.contains(&folder))
}

fn floor(package: &str) -> Option<u8> {
    let folder = package.strip_prefix("sanctum-")?;
    FLOORS.iter().find(|(name, _)| *name == folder).map(|(_, floor)| *floor)
}

/// Findings on `(package, its dependencies)`.
fn judge<'a>(edges: impl IntoIterator<Item = (&'a str, Vec<&'a str>)>) -> Vec<String> {
    let mut findings = Vec::new();
    for (package, dependencies) in edges {
        let Some(from) = floor(package) else {
            findings.push(format!("{package} has no floor in floors.rs"));
            continue;
        };
        for dependency in dependencies {
            match floor(dependency) {
                Some(to) if to < from => {}
                Some(to) => findings.push(format!(
                    "{package} (floor {from}) depends on {dependency} (floor {to}): not strictly down"
                )),
                None if dependency.starts_with("sanctum-") => {
                    findings.push(format!("{package} depends on {dependency}, which has no floor"));
                }
                None if is_away_from_home(package, dependency) => {
                    findings.push(format!("{package} depends on {dependency}, whose home is elsewhere"));
                }
                None => {}
            }
        }
    }
    findings
}

/// cargo's own reading of the manifests: renamed, target-specific, build and dev edges included.
fn metadata() -> Value {
    #[expect(clippy::disallowed_methods, reason = "a child of the test, not of the product")]
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(repository::root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().expect("cargo metadata names it")
}

#[test]
fn repository_edges_go_strictly_down() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 2, "the workspace has crates");
    assert_clean(&judge(packages.iter().map(|package| {
        let dependencies = package["dependencies"].as_array().expect("dependencies");
        (text(package, "name"), dependencies.iter().map(|edge| text(edge, "name")).collect())
    })));
}

/// A package is named after its folder, and no manifest is left out of the workspace.
#[test]
fn repository_folders_are_the_packages() {
    let metadata = metadata();
    let root = repository::root();
    let mut members: Vec<String> = Vec::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let manifest = std::path::Path::new(text(package, "manifest_path"));
        let folder = manifest.parent().and_then(|path| path.strip_prefix(&root).ok());
        let folder = folder.and_then(|path| path.to_str()).expect("a member is below the root");
        assert_eq!(text(package, "name"), format!("sanctum-{folder}"));
        members.push(format!("{folder}/Cargo.toml"));
    }
    members.sort();
    let manifests: Vec<String> =
        repository::paths().into_iter().filter(|path| is_member(path)).collect();
    assert_eq!(manifests, members);
}

/// A manifest of this workspace. Fuzz targets are a workspace of their own, because libFuzzer brings C++ that nobody else
/// should have to build, and so is a counterpart's driver, whose dependencies are the counterpart's.
fn is_member(path: &str) -> bool {
    path.ends_with("/Cargo.toml")
        && path != "fuzz/Cargo.toml"
        && path != "tests/tools/vault-client/Cargo.toml"
}

fn without_lints(files: &[SourceFile]) -> Vec<String> {
    let manifests = files.iter().filter(|file| is_member(&file.path));
    manifests
        .filter(|file| !file.text.contains("\n[lints]\nworkspace = true\n"))
        .map(|file| format!("{}: [lints] workspace = true is missing", file.path))
        .collect()
}

#[test]
fn repository_crates_take_the_workspace_lints() {
    assert_clean(&without_lints(&repository::files()));
}

#[test]
fn planted_edges_are_found() {
    let down = ("sanctum-cli", vec!["sanctum-types", "clap"]);
    let proof = ("sanctum-tests", vec!["sanctum-cli", "nix", "reqwest"]);
    assert_clean(&judge([down, proof]));
    for (package, dependency) in [
        ("sanctum-types", "sanctum-host"),
        ("sanctum-host", "sanctum-firewall"),
        ("sanctum-vm", "sanctum-vault"),
        ("sanctum-vm", "sanctum-vm"),
        ("sanctum-cli", "sanctum-tests"),
        ("sanctum-cli", "sanctum-attic"),
        ("sanctum-firewall", "rustix"),
        ("sanctum-host", "clap"),
        ("sanctum-attic", "serde"),
        ("attic", "serde"),
    ] {
        assert_eq!(judge([(package, vec![dependency])]).len(), 1, "{package} -> {dependency}");
    }
}

#[test]
fn planted_manifest_without_lints_is_found() {
    let bare = SourceFile::new("vm/Cargo.toml", "[package]\nname = \"sanctum-vm\"\n");
    let own =
        SourceFile::new("vm/Cargo.toml", "[package]\n\n[lints.rust]\nunsafe_code = \"warn\"\n");
    let good = SourceFile::new("vm/Cargo.toml", "[package]\n\n[lints]\nworkspace = true\n");
    assert_eq!(without_lints(&[bare, own, good]).len(), 2);
}
