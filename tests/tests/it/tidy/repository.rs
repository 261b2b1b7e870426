//! The files of this checkout as the laws see them: relative path and text.
//!
//! git names the files (tracked, and new ones that are not ignored), so that build products are never
//! judged; in an unpacked archive without git the folder is walked instead.

use std::path::{Path, PathBuf};

use std::process::Command;

/// One text file; bytes that are no UTF-8 are left out of the list, since no law reads them.
pub(super) struct SourceFile {
    /// Relative to the repository's root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

impl SourceFile {
    pub(super) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// A program in some language, by its ending or by its first line; prose and data are none.
    pub(super) fn is_code(&self) -> bool {
        [".rs", ".py", ".sh", ".toml"].iter().any(|ending| self.path.ends_with(ending))
            || self.text.starts_with("#!")
    }
}

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate is a folder of the root")
        .to_owned()
}

/// Every path of the checkout, sorted, text or not.
pub(super) fn paths() -> Vec<String> {
    let mut paths = git_paths(&root()).unwrap_or_else(|| {
        let mut found = Vec::new();
        walk(&root(), "", &mut found);
        found
    });
    paths.retain(|path| root().join(path).is_file());
    paths.sort();
    paths.dedup();
    paths
}

pub(super) fn files() -> Vec<SourceFile> {
    paths()
        .into_iter()
        .filter_map(|path| {
            #[expect(clippy::disallowed_methods, reason = "the laws read the checkout itself")]
            let bytes = std::fs::read(root().join(&path)).expect("a listed file is readable");
            Some(SourceFile { path, text: String::from_utf8(bytes).ok()? })
        })
        .collect()
}

fn git_paths(root: &Path) -> Option<Vec<String>> {
    #[expect(clippy::disallowed_methods, reason = "a child of the test, not of the product")]
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let list = String::from_utf8(output.stdout).ok()?;
    Some(list.split_terminator('\0').map(str::to_owned).collect())
}

fn walk(directory: &Path, prefix: &str, found: &mut Vec<String>) {
    #[expect(clippy::disallowed_methods, reason = "the laws read the checkout itself")]
    let entries = std::fs::read_dir(directory).expect("a folder of the checkout is readable");
    for entry in entries {
        let entry = entry.expect("a folder of the checkout is readable");
        let name = entry.file_name().into_string().expect("names here are UTF-8");
        let kind = entry.file_type().expect("a listed entry has a type");
        // The folders that .gitignore names, and git's own.
        if kind.is_dir() && ["target", ".git", ".tools", "__pycache__"].contains(&name.as_str()) {
            continue;
        }
        let path = format!("{prefix}{name}");
        if kind.is_dir() {
            walk(&entry.path(), &format!("{path}/"), found);
        } else if kind.is_file() {
            found.push(path);
        }
    }
}

#[test]
fn repository_is_listed_alike_with_and_without_git() {
    let mut walked = Vec::new();
    walk(&root(), "", &mut walked);
    walked.sort();
    for wanted in ["Cargo.toml", "tests/run", "tests/tests/it/tidy/repository.rs"] {
        assert!(walked.iter().any(|path| path == wanted), "walk misses {wanted}");
        assert!(paths().iter().any(|path| path == wanted), "list misses {wanted}");
    }
    let unwalked: Vec<_> =
        paths().into_iter().filter(|path| walked.binary_search(path).is_err()).collect();
    assert_eq!(unwalked, Vec::<String>::new(), "git lists what the walk does not find");
}

/// A file that nobody has added yet is judged too, or the laws would first speak after the commit.
#[test]
fn new_files_are_listed_and_ignored_ones_are_not() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    #[expect(clippy::disallowed_methods, reason = "a child of the test, not of the product")]
    let made = Command::new("git").args(["init", "-q"]).current_dir(dir.path()).status();
    if !made.is_ok_and(|status| status.success()) {
        sanctum_tests::note_skipped(concat!(module_path!(), ":", line!()), "there is no git here");
        return;
    }
    for (name, text) in [(".gitignore", "/target\n"), ("new.rs", ""), ("target", "")] {
        #[expect(clippy::disallowed_methods, reason = "fixtures in the test's own folder")]
        std::fs::write(dir.path().join(name), text).expect("the test's folder is writable");
    }
    let listed = git_paths(dir.path()).expect("git lists its files");
    assert_eq!(listed, [".gitignore", "new.rs"]);
}
