//! Against repositories that the real git made.

#![expect(clippy::disallowed_methods, reason = "git and folders of the tests' own")]

use super::object::Kind;
use super::store::Store;
use super::*;
use crate::tests::{places, scan, settings, token};
use crate::{Report, Request, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

struct Git(tempfile::TempDir);

impl Git {
    fn new(options: &[&str]) -> Self {
        let git = Self(tempfile::tempdir().unwrap());
        git.run(&[&["init", "-q", "-b", "main"], options].concat());
        git
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, args: &[&str]) -> String {
        run_in(self.root(), args)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.root().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn commit(&self, message: &str) -> String {
        self.run(&["add", "-A"]);
        self.run(&["commit", "-q", "--allow-empty", "-m", message]);
        self.run(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    fn repository(&self) -> Repository {
        Repository::at(self.root()).unwrap().unwrap()
    }

    fn history(&self, unreachable: bool) -> Report {
        let request = Request {
            paths: vec![self.root().to_path_buf()],
            history: true,
            unreachable,
            ..Request::default()
        };
        scan(&settings(&[self.root()]), &request)
    }

    fn staged(&self, index_file: Option<PathBuf>) -> Report {
        let request = Request {
            paths: vec![self.root().to_path_buf()],
            staged: true,
            index_file,
            ..Request::default()
        };
        scan(&settings(&[]), &request)
    }
}

fn run_in(dir: &Path, args: &[&str]) -> String {
    let said = Command::new("git")
        .args([
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@example.org",
            "-c",
            "protocol.file.allow=always",
        ])
        .args(args)
        .current_dir(dir)
        .env_clear()
        .envs([
            ("PATH", std::env::var("PATH").unwrap()),
            ("HOME", "/nonexistent".to_owned()),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
        ])
        .output()
        .unwrap();
    assert!(said.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8(said.stdout).unwrap()
}

/// Every object that git knows, with its kind and bytes.
fn truth(git: &Git) -> BTreeMap<String, (String, usize)> {
    let said = git.run(&["cat-file", "--batch-all-objects", "--batch-check"]);
    let row = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        (words[0].to_owned(), (words[1].to_owned(), words[2].parse().unwrap()))
    };
    said.lines().map(row).collect()
}

fn many_versions(git: &Git) {
    let mut text: Vec<String> =
        (0..400).map(|number| format!("line {number} of a text that grows")).collect();
    for round in 0..60 {
        text[(round * 37) % 400] = format!("changed in round {round}");
        text.push(format!("line of round {round}"));
        git.write("long.txt", &text.join("\n"));
        git.write(&format!("folder/{}/f{round}", round % 5), &format!("{round}\n"));
        git.commit(&format!("round {round}"));
    }
}

/// Loose, packed with chains of deltas, and in SHA-256: what is read is what git reads, to the byte.
#[test]
fn every_object_reads_as_git_reads_it() {
    for options in [&["--object-format=sha1"][..], &["--object-format=sha256"]] {
        let git = Git::new(options);
        many_versions(&git);
        git.run(&["tag", "-a", "v1", "-m", "a tag"]);
        for packed in [false, true] {
            if packed {
                git.run(&["gc", "-q", "--aggressive", "--prune=now"]);
                // Some are loose beside the pack.
                git.write("late", "x");
                git.commit("late");
            }
            let repository = git.repository();
            let (store, errors) = Store::open(&repository);
            assert!(errors.is_empty(), "{errors:?}");
            let truth = truth(&git);
            let every: BTreeSet<String> =
                store.every().unwrap().iter().map(Id::to_string).collect();
            assert_eq!(every, truth.keys().cloned().collect());
            let mut reader = store.reader();
            for (name, (kind, size)) in &truth {
                let (found, bytes) = reader.read(&Id::parse(name.as_bytes()).unwrap()).unwrap();
                assert_eq!(
                    (Kind::of_word(kind.as_bytes()), *size),
                    (Some(found), bytes.len()),
                    "{name}"
                );
            }
            let bytes = reader
                .read(
                    &Id::parse(git.run(&["rev-parse", "HEAD:long.txt"]).trim().as_bytes()).unwrap(),
                )
                .unwrap()
                .1;
            assert_eq!(*bytes, std::fs::read(git.root().join("long.txt")).unwrap());
        }
    }
}

#[test]
fn a_finding_belongs_to_the_first_commit_that_shows_it() {
    let git = Git::new(&[]);
    git.write("a", "nothing\n");
    git.commit("start");
    git.write("a", &format!("one\n{}\n", token('A')));
    let first = git.commit("leak");
    git.write("a", &format!("one\ntwo\n{}\n", token('A')));
    git.commit("moved");
    git.write("a", "clean\n");
    git.commit("gone");
    for packed in [false, true] {
        if packed {
            git.run(&["gc", "-q"]);
        }
        let report = git.history(false);
        assert_eq!(places(&report, git.root()), [("a".to_owned(), 2)]);
        assert_eq!(report.findings[0].commit.as_ref().unwrap().id, first);
        assert_eq!((report.counts.commits, &*report.not_scanned), (4, &[][..]));
    }
}

/// Of two branches that show the same file, the commit that is older.
#[test]
fn of_two_branches_the_older_commit_counts() {
    for (main, side) in [(1_700_000_000, 1_700_001_000), (1_700_001_000, 1_700_000_000)] {
        let git = Git::new(&[]);
        git.run(&["commit", "-q", "--allow-empty", "-m", "root", "--date=1600000000 +0000"]);
        let at = |branch: &str, time: u64| {
            git.run(&["checkout", "-q", "-B", branch, "main~0"]);
            git.write("a", &token('A'));
            git.run(&["add", "-A"]);
            let tree = git.run(&["write-tree"]);
            let parent = git.run(&["rev-parse", "main"]);
            let person = format!("A <a@example.org> {time} +0000");
            let text = format!(
                "tree {}\nparent {}\nauthor {person}\ncommitter {person}\n\n{branch}\n",
                tree.trim(),
                parent.trim()
            );
            git.write(".git/commit", &text);
            let id = git.run(&["hash-object", "-t", "commit", "-w", ".git/commit"]);
            git.run(&["update-ref", &format!("refs/heads/{branch}"), id.trim()]);
            id.trim().to_owned()
        };
        let ids = [at("one", main), at("two", side)];
        let first = if main < side { &ids[0] } else { &ids[1] };
        let report = git.history(false);
        assert_eq!(report.findings.len(), 1);
        assert_eq!(&report.findings[0].commit.as_ref().unwrap().id, first);
    }
}

#[test]
fn every_ref_is_looked_at() {
    let git = Git::new(&[]);
    git.write("main", "x");
    git.commit("start");
    git.run(&["checkout", "-q", "-b", "side/deep"]);
    git.write("branch", &token('B'));
    git.commit("on a branch");
    git.run(&["checkout", "-q", "--detach", "main"]);
    git.write("tagged", &token('C'));
    git.commit("tagged");
    git.run(&["tag", "-a", "v1", "-m", &format!("message {}", token('D'))]);
    git.run(&["checkout", "-q", "main"]);
    for (number, kind) in ['E', 'F'].into_iter().enumerate() {
        git.write("main", &format!("stash {number} {}", token(kind)));
        git.run(&["stash", "-q"]);
    }
    git.run(&["notes", "add", "-m", &token('G')]);
    git.commit(&format!("message {}", token('H')));
    git.write("lost", &token('I'));
    git.commit("lost");
    git.run(&["reset", "-q", "--hard", "HEAD~1"]);
    // Only the log of HEAD knows it, which is not looked at by itself.
    std::fs::remove_file(git.root().join(".git/ORIG_HEAD")).unwrap();
    for packed in [false, true] {
        if packed {
            git.run(&["pack-refs", "--all"]);
        }
        let report = git.history(false);
        assert_eq!(report.findings.len(), 7, "{:?}", places(&report, git.root()));
        let messages = report.findings.iter().filter(|found| found.source == Source::Message);
        assert_eq!(messages.count(), 2);
        assert_eq!(git.history(true).findings.len(), 8);
    }
}

#[test]
fn other_layouts_of_a_repository() {
    let git = Git::new(&[]);
    git.write("sub/key", &token('J'));
    git.commit("leak");
    let away = tempfile::tempdir().unwrap();
    let at = |name: &str| away.path().join(name);
    let source = git.root().to_str().unwrap();
    let clone = |args: &[&str], name: &str| {
        run_in(away.path(), &[&["clone", "-q"], args, &[source, name]].concat())
    };
    clone(&["--bare"], "bare.git");
    clone(&["--shared"], "shared");
    run_in(git.root(), &["worktree", "add", "-q", "--detach", at("tree").to_str().unwrap()]);
    std::fs::create_dir(at("super")).unwrap();
    run_in(&at("super"), &["init", "-q"]);
    run_in(&at("super"), &["submodule", "--quiet", "add", source, "module"]);
    for (name, files) in [("bare.git", 0), ("shared", 1), ("tree", 1), ("super", 1)] {
        let request = Request {
            paths: vec![at(name)],
            files: true,
            history: true,
            remotes: true,
            ..Request::default()
        };
        let report = scan(&settings(&[]), &request);
        let of =
            |source: Source| report.findings.iter().filter(|found| found.source == source).count();
        assert_eq!(
            (of(Source::File), of(Source::History)),
            (files, 1),
            "{name} {:?}",
            report.not_scanned
        );
    }
    let file = format!("file://{source}");
    git.write("more", "x");
    git.commit("more");
    run_in(away.path(), &["clone", "-q", "--depth", "1", &file, "shallow"]);
    let request = Request { paths: vec![at("shallow")], history: true, ..Request::default() };
    let report = scan(&settings(&[]), &request);
    assert_eq!((report.counts.commits, report.findings.len(), report.not_scanned.len()), (1, 1, 1));
}

#[test]
fn what_is_missing_or_unknown_is_told() {
    let git = Git::new(&[]);
    git.write("a", "x");
    git.commit("a");
    let blob = git.run(&["rev-parse", "HEAD:a"]);
    let (fan, rest) = blob.trim().split_at(2);
    let path = git.root().join(".git/objects").join(fan).join(rest);
    let whole = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(git.history(false).not_scanned.len(), 1);
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(git.history(false).not_scanned.len(), 1);
    std::fs::write(git.root().join(".git/config"), "[extensions]\nrefstorage = reftable\n")
        .unwrap();
    assert_eq!(git.history(false).not_scanned.len(), 1);
}

#[test]
fn what_is_staged_is_what_is_new() {
    for version in ["2", "3", "4"] {
        let git = Git::new(&[]);
        git.write("old", &format!("{}\n", token('K')));
        git.write("same", "x");
        // Before the first commit everything is new.
        git.run(&["add", "-A"]);
        assert_eq!(places(&git.staged(None), git.root()), [("old".to_owned(), 1)]);
        git.commit("start");
        git.run(&["update-index", "--index-version", version]);
        git.write("old", &format!("moved\n{}\n", token('K')));
        git.write("folder/new name", &format!("\n{}\n", token('L')));
        git.run(&["add", "-A"]);
        git.write("not staged", &token('M'));
        assert_eq!(places(&git.staged(None), git.root()), [("folder/new name".to_owned(), 2)]);
        git.run(&["rm", "-q", "--cached", "folder/new name"]);
        assert_eq!(git.staged(None).findings, []);
        // Another index, as `git commit FILE` makes one.
        let other = git.root().join("other-index");
        std::fs::copy(git.root().join(".git/index"), &other).unwrap();
        assert_eq!(git.staged(Some(other)).findings, []);
    }
}

#[test]
fn an_index_that_cannot_be_read_is_an_error() {
    let git = Git::new(&[]);
    git.write("a", "x");
    git.commit("a");
    git.run(&["update-index", "--split-index"]);
    let settings = settings(&[]);
    let split = |git: &Git| {
        let scanner = crate::Scanner::new(&settings);
        super::staged::scan(&scanner, &git.repository(), None)
    };
    assert!(split(&git).is_err());
    std::fs::write(git.root().join(".git/index"), "DIRC").unwrap();
    assert!(split(&git).is_err());
}

/// Everything in a folder: names, bytes, modes.
fn tree(dir: &Path) -> BTreeMap<String, (Vec<u8>, u32)> {
    use std::os::unix::fs::PermissionsExt as _;
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let row = |entry: std::fs::DirEntry| {
        let mode = entry.metadata().unwrap().permissions().mode();
        (entry.file_name().into_string().unwrap(), (std::fs::read(entry.path()).unwrap(), mode))
    };
    entries.map(row).collect()
}

#[test]
fn a_hook_is_put_in_once_and_taken_out_without_a_trace() {
    use hook::{Done, HookError, install, remove};
    use std::os::unix::fs::PermissionsExt as _;
    let program = Path::new("/opt/sanctum/bin/sanctum");
    for (hooks_path, existing) in [(None, false), (None, true), (Some("my hooks"), true)] {
        let git = Git::new(&[]);
        if let Some(path) = hooks_path {
            git.run(&["config", "core.hooksPath", path]);
        }
        let repository = git.repository();
        let folder = hook::folder(&repository).unwrap();
        std::fs::create_dir_all(&folder).unwrap();
        if existing {
            std::fs::write(folder.join("pre-commit"), "#!/bin/sh\nexit 0\n").unwrap();
            std::fs::set_permissions(
                folder.join("pre-commit"),
                std::fs::Permissions::from_mode(0o750),
            )
            .unwrap();
        }
        let before = tree(&folder);
        assert!(matches!(remove(&repository, program).unwrap(), Done::NotThere(_)));
        let Done::Installed { chained, .. } = install(&repository, program, None).unwrap() else {
            panic!("installed")
        };
        assert_eq!(chained, existing);
        let installed = tree(&folder);
        assert!(matches!(install(&repository, program, None).unwrap(), Done::AlreadyThere(_)));
        assert_eq!(tree(&folder), installed);
        assert!(
            matches!(remove(&repository, program).unwrap(), Done::Removed { restored, .. } if restored == existing)
        );
        assert_eq!(tree(&folder), before);
        // One that somebody changed is left alone.
        install(&repository, program, None).unwrap();
        let path = folder.join("pre-commit");
        std::fs::write(&path, [std::fs::read(&path).unwrap(), b"echo mine\n".to_vec()].concat())
            .unwrap();
        assert!(matches!(remove(&repository, program), Err(HookError::Changed(_))));
        assert!(matches!(install(&repository, program, None), Err(HookError::Changed(_))));
    }
}

/// A hook that git never runs is none: then nothing is put anywhere.
#[test]
fn where_git_looks_for_hooks_elsewhere_nothing_is_put() {
    use hook::{Done, HookError, install};
    let program = Path::new("/opt/sanctum/bin/sanctum");
    let home = tempfile::tempdir().unwrap();
    let git = Git::new(&[]);
    let put = || install(&git.repository(), program, Some(home.path()));
    std::fs::write(home.path().join(".gitconfig"), "[core]\n\thooksPath = ~/hooks\n").unwrap();
    assert!(matches!(put(), Err(HookError::Elsewhere(path)) if path == "~/hooks"));
    git.run(&["config", "core.hooksPath", "~/hooks"]);
    assert!(matches!(put(), Err(HookError::Elsewhere(_))));
    assert!(!git.root().join(".git/hooks/pre-commit").exists() && !git.root().join("~").exists());
    git.run(&["config", "core.hooksPath", ".git/hooks"]);
    assert!(matches!(put(), Ok(Done::Installed { chained: false, .. })));
    assert!(git.root().join(".git/hooks/pre-commit").exists());
}
