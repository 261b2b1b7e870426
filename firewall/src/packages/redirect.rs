//! What makes a client fetch from elsewhere than its owner chose, or run scripts that it would not: options, variables, files.
//!
//! A checkout brings its own `.npmrc` and `.cargo/config.toml`; what they steer is told, whatever it is. Deliberately absent: which
//! registry would be the right one.

use super::files::{tree, usual_channel};
use super::verdict::{Finding, Weight};
use crate::shell::{Ecosystem, Install};

/// Options that choose where is fetched from, by registry.
const fn steering(ecosystem: Ecosystem) -> &'static [&'static str] {
    match ecosystem {
        Ecosystem::Npm => &["--registry", "--userconfig", "--globalconfig", "--config"],
        Ecosystem::Pypi => &[
            "-i",
            "--index-url",
            "--extra-index-url",
            "--default-index",
            "--index",
            "-f",
            "--find-links",
            "--trusted-host",
            "--allow-insecure-host",
            "--pypi-mirror",
            "--source",
            "--config-file",
            "--pip-args",
        ],
        Ecosystem::Cargo => &["--registry", "--index", "--config"],
        Ecosystem::Go => &[],
        Ecosystem::Gem => &["-s", "--source", "--clear-sources"],
        Ecosystem::Brew => &["--no-quarantine"],
        Ecosystem::Conda => &["-c", "--channel", "--override-channels"],
    }
}

/// Options that let scripts run, by registry.
const fn scripting(ecosystem: Ecosystem) -> &'static [&'static str] {
    match ecosystem {
        Ecosystem::Npm => &[
            "--ignore-scripts=false",
            "--no-ignore-scripts",
            "--dangerously-allow-all-builds",
            "--allow-build",
            "--script-shell",
            "--trust",
        ],
        Ecosystem::Pypi => &["--no-binary"],
        _ => &[],
    }
}

/// Files of a project that a client reads beside the owner's own, by registry.
pub(super) const fn project_files(ecosystem: Ecosystem) -> &'static [&'static str] {
    match ecosystem {
        Ecosystem::Npm => {
            &[".npmrc", ".yarnrc", ".yarnrc.yml", "bunfig.toml", "pnpm-workspace.yaml"]
        }
        Ecosystem::Pypi => &["uv.toml", "poetry.toml", "pdm.toml"],
        Ecosystem::Cargo => &[".cargo/config.toml", ".cargo/config"],
        Ecosystem::Gem => &[".bundle/config"],
        Ecosystem::Conda => &[".condarc"],
        Ecosystem::Go => &["go.env"],
        Ecosystem::Brew => &[],
    }
}

/// What the command line and its variables steer.
pub(super) fn commanded(install: &Install) -> Vec<Finding> {
    let mut found = Vec::new();
    for flag in &install.flags {
        let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
        // npm's `-f` is `--force`, cargo's `--index` an address, conda's `-c` mostly one of the usual channels.
        let usual = install.ecosystem == Ecosystem::Conda && usual_channel(value);
        let steers = steering(install.ecosystem).contains(&name)
            || install.ecosystem == Ecosystem::Npm && registry_of(name);
        if steers && !usual && !local(value, name) {
            found.push(ask(format!("Installs from elsewhere than its owner chose: {name}")));
        }
        let scripts = scripting(install.ecosystem);
        if scripts.contains(&name) || scripts.contains(&flag.as_str()) {
            found.push(ask(format!("Lets scripts of packages run: {name}")));
        }
    }
    for setting in &install.settings {
        let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
        let lower = name.to_ascii_lowercase();
        let tighter = lower == "npm_config_ignore_scripts" && value == "true"
            || lower == "goflags"
                && !["-insecure", "-modfile", "-overlay", "-toolexec", "-exec"]
                    .iter()
                    .any(|f| value.contains(f))
            || lower == "gosumdb" && value != "off";
        if !tighter {
            found.push(ask(format!("Installs with another setting than its owner's: {name}")));
        }
    }
    found
}

/// `--@scope:registry` of npm, `--config.registry` of pnpm.
fn registry_of(name: &str) -> bool {
    name.ends_with(":registry") || name.starts_with("--config.") && name.ends_with("registry")
}

/// A folder of wheels on this machine is no registry.
pub(super) fn local(value: &str, name: &str) -> bool {
    matches!(name, "-f" | "--find-links") && value.starts_with(['/', '.', '~'])
}

/// What a file of the project steers; `path` is for a person.
pub(super) fn configured(path: &str, text: &str) -> Vec<Finding> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let what = match name {
        ".npmrc" | ".yarnrc" => assignments(text),
        ".yarnrc.yml" | "pnpm-workspace.yaml" | "config" if path.ends_with(".bundle/config") => {
            keys(text)
        }
        ".yarnrc.yml" | "pnpm-workspace.yaml" | ".condarc" => keys(text),
        "go.env" => text.lines().filter_map(go_setting).collect(),
        _ => tables(text),
    };
    what.into_iter()
        .map(|what| ask(format!("The project steers its own installs: {what} in {path}")))
        .collect()
}

/// What a manifest or requirement file steers by itself.
pub(super) fn declared(path: &str, what: &str) -> Finding {
    // Every project of Node may have scripts of its own; they are told, not asked about.
    if what.starts_with("a script of the project") {
        return Finding { weight: Weight::Remark, text: format!("{path} has {what}") };
    }
    ask(format!("The project steers its own installs: {what} in {path}"))
}

fn ask(text: String) -> Finding {
    Finding { weight: Weight::Ask, text }
}

/// `key = value` of npm, `key "value"` of yarn.
fn assignments(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with(['#', ';']) {
            continue;
        }
        let (key, value) = match line.split_once('=') {
            Some(both) => both,
            None => line.split_once([' ', ':']).unwrap_or((line, "")),
        };
        let key = key.trim().trim_matches('"').to_ascii_lowercase();
        let value = value.trim().trim_matches(['"', '\'']);
        let steers = key == "registry"
            || key.ends_with(":registry")
            || key.ends_with("registry-server")
            || matches!(
                key.as_str(),
                "script-shell"
                    | "node-options"
                    | "userconfig"
                    | "globalconfig"
                    | "prefix"
                    | "yarn-path"
                    | "proxy"
                    | "https-proxy"
                    | "onload-script"
                    | "git"
            )
            || key == "ignore-scripts" && value == "false"
            || key == "strict-ssl" && value == "false"
            || key.starts_with("dangerously")
            || key.starts_with("only-built-dependencies");
        if steers {
            found.push(key);
        }
    }
    found
}

/// Keys of YAML at the outermost level, and those of scopes below it.
fn keys(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        let Some((key, value)) = line.trim().split_once(':') else { continue };
        let key = key.trim().trim_matches(['"', '\'']);
        let value = value.trim();
        let lower = key.to_ascii_lowercase();
        let steers = lower == "npmregistryserver"
            || lower == "yarnpath"
            || lower == "unsafehttpwhitelist"
            || lower == "enablescripts" && value == "true"
            || lower == "enablestrictssl" && value == "false"
            || lower == "dangerouslyallowallbuilds"
            || lower == "channel_alias"
            || lower == "registry"
            || lower.starts_with("bundle_mirror")
            || lower == "packageextensions";
        if steers {
            found.push(key.to_owned());
        }
    }
    found
}

fn go_setting(line: &str) -> Option<String> {
    let (key, _) = line.split_once('=')?;
    let steers =
        matches!(key.trim(), "GOPROXY" | "GOSUMDB" | "GONOSUMDB" | "GOINSECURE" | "GOFLAGS");
    steers.then(|| key.trim().to_owned())
}

/// Tables of cargo, bun, uv, poetry and pdm. What cannot be read steers, for all that is known.
fn tables(text: &str) -> Vec<String> {
    const STEER: [&[&str]; 23] = [
        &["source"],
        &["registries"],
        &["registry"],
        &["build", "rustc-wrapper"],
        &["build", "rustc"],
        &["build", "rustc-workspace-wrapper"],
        &["credential-alias"],
        &["http", "proxy"],
        &["http", "cainfo"],
        &["net", "git-fetch-with-cli"],
        &["paths"],
        &["patch"],
        &["install", "registry"],
        &["install", "scopes"],
        &["index"],
        &["index-url"],
        &["extra-index-url"],
        &["find-links"],
        &["pip", "index-url"],
        &["pip", "extra-index-url"],
        &["pip", "find-links"],
        &["repositories"],
        &["pypi"],
    ];
    let Some(table) = tree::read(text) else {
        return vec!["what cannot be read".to_owned()];
    };
    let there = |path: &&&[&str]| tree::at(&table, path).is_some();
    let mut found: Vec<String> = STEER.iter().filter(there).map(|path| path.join(".")).collect();
    for (name, target) in tree::members(table.get("target")) {
        for key in ["runner", "linker"] {
            if target.get(key).is_some() {
                found.push(format!("target.{name}.{key}"));
            }
        }
    }
    found
}
