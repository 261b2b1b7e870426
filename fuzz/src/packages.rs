//! Packages: words of installs, files that name them, records of malicious ones.

use super::text;
use sanctum_firewall::packages::{Index, Spelling, compact, near, nearest, normal, read, read_as, record};
use sanctum_firewall::shell::Ecosystem;

/// Names of files; each has its reader.
const FILES: [&str; 20] = [
    "requirements.txt", "package.json", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "Cargo.toml",
    "Cargo.lock", "pyproject.toml", "poetry.lock", "Pipfile", "Pipfile.lock", "go.mod", "Gemfile", "Gemfile.lock",
    "Brewfile", "environment.yml", "uv.lock", "list.txt", "npm-shrinkwrap.json",
];

/// A file that names packages: every name is in the form in which it is compared, or is none.
pub fn package_files(bytes: &[u8]) {
    let Some((which, rest)) = bytes.split_first() else { return };
    let text = text(rest);
    let name = FILES[usize::from(*which) % FILES.len()];
    let ecosystem = Ecosystem::ALL[usize::from(*which) / FILES.len() % Ecosystem::ALL.len()];
    let found = read_as(ecosystem, name, &text);
    for (ecosystem, word) in found.names.iter().chain(&found.locked) {
        if let Spelling::Named { name, .. } = read(*ecosystem, word) {
            assert_eq!(normal(*ecosystem, &name), name);
            assert!(!name.is_empty() && !name.contains(char::is_whitespace));
        }
    }
    for word in text.split_whitespace().take(8) {
        let _ = near(ecosystem, word);
        assert!(nearest(ecosystem, word).len() <= 3);
    }
}

/// A record of OSV: what is taken is found in the index that is made of it. Any text is searched without harm.
pub fn package_records(bytes: &[u8]) {
    if let Ok(records) = record(bytes) {
        let index = compact(records.clone());
        for one in &records {
            let ecosystem = Ecosystem::named(one.ecosystem).expect("a word of ours");
            let version = one.versions.first().map(String::as_str);
            assert!(Index(&index).find(ecosystem, &one.name, version).is_some());
        }
    }
    let text = text(bytes);
    let first = text.split('\t').nth(1).unwrap_or_default().to_owned();
    let _ = Index(&text).find(Ecosystem::Npm, &first, Some("1.0.0"));
}
