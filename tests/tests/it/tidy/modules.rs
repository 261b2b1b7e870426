//! One integration binary per crate, and no file of it forgotten: a `.rs` file that no `mod` line names
//! compiles nowhere and passes always.

use super::assert_clean;
use super::repository::{self, SourceFile};

/// The files that could declare the module of `path`, all relative to the repository's root.
fn parents(path: &str) -> Option<(Vec<String>, &str)> {
    let (folder, name) = path.strip_suffix(".rs")?.rsplit_once('/')?;
    let (folder, name) = if name == "mod" { folder.rsplit_once('/')? } else { (folder, name) };
    Some((
        ["/main.rs", "/mod.rs", ".rs"].iter().map(|ending| format!("{folder}{ending}")).collect(),
        name,
    ))
}

fn judge(files: &[SourceFile]) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        let Some((package, inside)) = file.path.split_once("/tests/") else { continue };
        if package.contains('/') || inside == "it/main.rs" {
            continue;
        }
        if !inside.starts_with("it/") {
            findings.push(format!("{}: tests of a crate are modules of tests/it", file.path));
            continue;
        }
        let Some((parents, module)) = parents(&file.path) else { continue };
        let declared = files.iter().filter(|other| parents.contains(&other.path)).any(|other| {
            other
                .text
                .lines()
                .any(|line| line.trim_start_matches("pub(crate) ") == format!("mod {module};"))
        });
        if !declared {
            findings.push(format!("{}: no `mod {module};` in {}", file.path, parents.join(" or ")));
        }
    }
    findings
}

#[test]
fn repository_forgets_no_test_file() {
    assert_clean(&judge(&repository::files()));
}

#[test]
fn planted_orphans_are_found() {
    let main = "//! Modules.\nmod a;\nmod c;\nmod d;\n// mod e;\n";
    let judged = |path: &str, text: &str| {
        let files = [
            SourceFile::new("vm/tests/it/main.rs", main),
            SourceFile::new("vm/tests/it/a.rs", "mod b;\n"),
            SourceFile::new(path, text),
        ];
        judge(&files)
    };
    for (path, findings) in [
        ("vm/tests/it/c.rs", 0),
        ("vm/tests/it/d/mod.rs", 0),
        ("vm/tests/it/a/b.rs", 0),
        ("vm/tests/it/b.rs", 1),
        ("vm/tests/it/a/c.rs", 1),
        ("vm/tests/it/e.rs", 1),
        ("vm/tests/it/e/mod.rs", 1),
        ("vm/tests/other.rs", 1),
        ("vm/src/other.rs", 0),
        ("vm/src/tests/other.rs", 0),
        ("tests/src/lib.rs", 0),
    ] {
        assert_eq!(judged(path, "").len(), findings, "{path}");
    }
    assert!(judged("vm/tests/other.rs", "").concat().contains("modules of tests/it"));
}
