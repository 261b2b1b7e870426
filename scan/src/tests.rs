//! What all sources have in common, and files in folders.

#![expect(clippy::disallowed_methods, reason = "folders of the tests' own")]

use crate::{Baseline, Report, Request, Scanner, Settings};
use std::path::{Path, PathBuf};

/// A token with the form of one, in two halves, so that no scanner takes this file for a leak. The second letter of the
/// body makes it another one.
pub(crate) fn token(kind: char) -> String {
    format!("AKIA{}{kind}{}", "Q3EG", "TY7MNBVCXZP")
}

pub(crate) fn settings(roots: &[&Path]) -> Settings {
    Settings {
        lists: Vec::new(),
        today: jiff::civil::date(2026, 11, 22),
        marks: true,
        max_file_size: 1 << 30,
        exclude: Vec::new(),
        jobs: Some(2),
        key: [1; 32],
        validate: false,
        roots: roots.iter().map(|root| root.display().to_string()).collect(),
    }
}

pub(crate) fn scan(settings: &Settings, request: &Request) -> Report {
    let scanner = Scanner::new(settings);
    crate::run(&scanner, request).unwrap();
    scanner.finish()
}

pub(crate) fn files(root: &Path) -> Request {
    Request { paths: vec![root.to_path_buf()], files: true, ..Request::default() }
}

/// Path below the root and line of every finding.
pub(crate) fn places(report: &Report, root: &Path) -> Vec<(String, usize)> {
    let below = |path: &str| {
        Path::new(path).strip_prefix(root).map_or(path.to_owned(), |p| p.display().to_string())
    };
    report.findings.iter().map(|finding| (below(&finding.path), finding.line)).collect()
}

fn write(path: PathBuf, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn files_are_judged_by_content_and_ignored_ones_are_scanned() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    write(root.join(".gitignore"), ".env\n");
    write(root.join(".env"), &format!("KEY={}\n", token('R')));
    write(root.join("deep/er/picture.png"), &format!("\n\nkey {}", token('S')));
    write(root.join("program.txt"), &format!("\u{7f}ELF\0\0\0\u{1}\u{2} {}", token('T')));
    std::os::unix::fs::symlink("/etc", root.join("out")).unwrap();
    let report = scan(&settings(&[root]), &files(root));
    assert_eq!(
        places(&report, root),
        [(".env".to_owned(), 1), ("deep/er/picture.png".to_owned(), 3)]
    );
    assert_eq!((report.counts.pieces, report.counts.binary), (3, 1));
    assert_eq!(report.not_scanned, []);
    let shown = format!("{report:?}");
    assert!(!shown.contains("MNBVCXZP"), "{shown}");
}

#[test]
fn many_files_in_many_folders_are_each_scanned_once() {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..300 {
        let path = dir.path().join(format!("{}/{}/f{number}", number % 3, number % 7));
        write(path, &format!("x {}\n", token('U')));
        write(dir.path().join(format!("flat/f{number}")), &format!("x {}\n", token('V')));
    }
    let report = scan(&settings(&[dir.path()]), &files(dir.path()));
    let mut places = places(&report, dir.path());
    places.dedup();
    assert_eq!((places.len(), report.counts.pieces), (600, 600));
}

#[test]
fn what_cannot_be_read_is_told() {
    if sanctum_host::accounts::effective_uid() == 0 {
        // Root reads everything; a path that is not there stands for one that is closed.
        let report = scan(&settings(&[]), &files(Path::new("/nonexistent/folder")));
        assert_eq!(report.not_scanned.len(), 1);
        return;
    }
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    write(dir.path().join("closed/x"), "");
    std::fs::set_permissions(dir.path().join("closed"), std::fs::Permissions::from_mode(0o000))
        .unwrap();
    let report = scan(&settings(&[dir.path()]), &files(dir.path()));
    assert_eq!(report.not_scanned.len(), 1);
}

#[test]
fn names_and_paths_are_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    for name in ["a/target/x", "target/x", "b/x", "c/x"] {
        write(root.join(name), &format!("x {}\n", token('W')));
    }
    let exclude = vec!["target".to_owned(), format!("{}/b", root.display())];
    let report = scan(&Settings { exclude, ..settings(&[root]) }, &files(root));
    assert_eq!(places(&report, root), [("c/x".to_owned(), 1)]);
}

#[test]
fn marks_accept_with_a_reason_and_are_told_without_one() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let (word, key) = (crate::mark::WORD, token('X'));
    let rule = sanctum_firewall::find(key.as_bytes())[0].rule.id;
    write(root.join("same"), &format!("{key} # {word} {rule} a test key\n"));
    write(root.join("above"), &format!("// {word} {rule} a test key\n{key}\n"));
    write(root.join("far"), &format!("// {word} {rule} a test key\n\n{key}\n"));
    write(root.join("other"), &format!("{key} # {word} jwt a test key\n"));
    write(root.join("why"), &format!("{key} # {word} {rule}\n"));
    let report = scan(&settings(&[root]), &files(root));
    let rules: Vec<_> = report
        .findings
        .iter()
        .map(|found| (places(&report, root), found.rule))
        .map(|(_, rule)| rule)
        .collect();
    assert_eq!(
        places(&report, root),
        [
            ("far".to_owned(), 3),
            ("other".to_owned(), 1),
            ("why".to_owned(), 1),
            ("why".to_owned(), 1)
        ]
    );
    assert_eq!(rules, [rule, rule, rule, "mark-without-reason"]);
    assert_eq!(report.accepted.len(), 2);
    // A scan of the house believes no mark.
    let report = scan(&Settings { marks: false, ..settings(&[root]) }, &files(root));
    assert_eq!((report.findings.len(), report.accepted.len()), (6, 0));
}

#[test]
fn a_baseline_follows_lines_that_move_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    write(root.join("a"), &format!("{}\n", token('Y')));
    let list = || Baseline::new([3; 32]);
    let first = scan(&Settings { lists: vec![list()], ..settings(&[root]) }, &files(root));
    let mut known = list();
    for finding in &first.findings {
        let name = finding.fingerprint.clone().unwrap();
        let entry = crate::baseline::Entry {
            fingerprint: name.clone(),
            rule: finding.rule.to_owned(),
            path: finding.path.clone(),
            reason: Some("known".to_owned()),
            until: None,
        };
        known.add(crate::baseline::parse(&name).unwrap(), entry).unwrap();
    }
    let again = |known: &Baseline| {
        let report =
            scan(&Settings { lists: vec![known.clone()], ..settings(&[root]) }, &files(root));
        (places(&report, root), report.accepted.len())
    };
    assert_eq!(again(&known), (vec![], 1));
    // The line moves; another file gets the same secret; the first file another secret.
    write(root.join("a"), &format!("\n\n{}\n{}\n", token('Y'), token('Z')));
    write(root.join("b"), &format!("{}\n", token('Y')));
    assert_eq!(again(&known), (vec![("a".to_owned(), 4), ("b".to_owned(), 1)], 1));
}

#[test]
fn of_two_commits_the_earlier_one_counts_in_whatever_order_they_come() {
    use crate::finding::{Commit, Source};
    use crate::scanner::{Once, Place};
    for orders in [[1, 2], [2, 1]] {
        let settings = settings(&[]);
        let scanner = Scanner::new(&settings);
        let path = || "a".to_owned();
        for order in orders {
            let authored = sanctum_types::UnixTime(0);
            let commit = Commit { id: order.to_string(), authored, order };
            let (source, once) = (Source::History, Once::ByPath);
            let place = Place { source, path: &path, commit: Some(&commit), once, lines: None };
            scanner.piece(&place, token('P').as_bytes());
        }
        assert_eq!(scanner.found(), 1);
        let report = scanner.finish();
        assert_eq!(
            (report.findings.len(), &*report.findings[0].commit.as_ref().unwrap().id),
            (1, "1")
        );
    }
}
