//! The verb's exit codes, outputs and options.
#![expect(clippy::disallowed_methods, reason = "the real binary is started on real files")]

use super::bed::{Bed, NEEDLE, token};
use sanctum_tests::need;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;

fn paths(report: &Value, key: &str) -> Vec<String> {
    let all = report[key].as_array().expect("a list");
    all.iter().map(|one| one["path"].as_str().expect("a path").to_owned()).collect()
}

#[test]
fn files_and_history_are_scanned_and_exit_codes_tell() {
    let _git = need!("git");
    let bed = Bed::new();
    bed.repository("code");
    bed.write("code/old", &token('A'));
    bed.commit("code", "a leak").unwrap();
    std::fs::remove_file(bed.at("code/old")).unwrap();
    bed.write("code/new", "clean\n");
    bed.commit("code", "gone").unwrap();
    let report = bed.scan("code", &["--json"]).exits(3).json();
    assert_eq!(
        (paths(&report, "findings"), &report["format"]),
        (vec!["old".to_owned()], &1.into())
    );
    assert!(report["findings"][0]["commit"]["id"].as_str().unwrap().len() == 40);
    bed.scan("code", &["--no-git"]).exits(0);
    bed.scan("code", &["--remotes"]).exits(0);
    bed.scan("", &["code"]).exits(3);
    // Something that is not there is not scanned; strictly taken that is a finding.
    bed.scan("code", &["--no-git", "gone"]).exits(0);
    bed.scan("code", &["--no-git", "--strict", "gone"]).exits(3);
    bed.scan("code", &["--staged", "--history"]).exits(2);
    bed.scan("home", &["--staged"]).exits(1).says("no repository of git");
}

#[test]
fn the_url_of_a_remote_is_a_finding() {
    let _git = need!("git");
    let bed = Bed::new();
    bed.repository("code");
    bed.commit("code", "x").unwrap_err();
    let url = format!("https://me:{}@example.org/x", token('B'));
    bed.git("code", &["config", "remote.origin.pushurl", &url]).unwrap();
    let report = bed.scan("code", &["--remotes", "--json"]).exits(3).json();
    assert_eq!(paths(&report, "findings"), [".git/config"]);
    bed.scan("code", &["--no-git"]).exits(0);
}

#[test]
fn a_baseline_accepts_what_was_there_until_its_day() {
    let bed = Bed::new();
    bed.write("code/a", &format!("{}\n", token('C')));
    bed.scan("code", &["--baseline", "../known"]).exits(2);
    bed.scan(
        "code",
        &["--write-baseline", "../known", "--reason", "a test", "--until", "9999-12-31"],
    )
    .exits(0);
    assert!(!bed.read("known").contains("MNBVCXZP"));
    let report = bed.scan("code", &["--baseline", "../known", "--json"]).exits(0).json();
    assert_eq!(report["accepted"][0]["accepted"]["reason"], "a test");
    bed.write("code/b", &format!("{}\n", token('C')));
    let report = bed.scan("code", &["--baseline", "../known", "--json"]).exits(3).json();
    assert_eq!(paths(&report, "findings"), ["b"]);
    // The owner's own list counts by itself; a file of that name in the tree does not.
    if sanctum_host::accounts::effective_uid() != 0 {
        // Root's home is the account's, not this one.
        bed.scan("code", &["--write-baseline", "../home/.sanctum/scan-allow.json"]).exits(0);
        bed.scan("code", &[]).exits(0);
        std::fs::remove_dir_all(bed.at("home/.sanctum")).unwrap();
    }
    bed.scan("code", &["--write-baseline", ".sanctum/scan-allow.json"]).exits(0);
    bed.scan("code", &[]).exits(3);
    bed.write("known", "{}");
    bed.scan("code", &["--baseline", "../known"]).exits(1);
    let wrong = ["--write-baseline", "../new", "--reason", "x", "--until", "tomorrow"];
    bed.scan("code", &wrong).exits(2);
}

#[test]
fn marks_accept_and_the_house_believes_none() {
    let bed = Bed::new();
    let mark = ["sanctum:", "allow"].concat();
    bed.write("code/a", &format!("x {} # {mark} aws-access-key-id from the manual\n", token('D')));
    let rule = bed.scan("code", &["--no-marks", "--json"]).exits(3).json();
    let rule = rule["findings"][0]["rule"].as_str().unwrap().to_owned();
    bed.write("code/a", &format!("x {} # {mark} {rule} from the manual\n", token('D')));
    let report = bed.scan("code", &["--json"]).exits(0).json();
    assert_eq!(report["accepted"][0]["accepted"]["reason"], "from the manual");
    bed.scan("code", &["--verbose"]).exits(0);
}

#[test]
fn a_report_in_a_file_is_the_owners_only() {
    let bed = Bed::new();
    bed.write("code/a", &token('E'));
    for format in ["text", "json", "sarif"] {
        let ran = bed.scan("code", &["--format", format, "--output", "../report"]).exits(3);
        assert!(ran.stdout.contains("1 findings"), "{ran:?}");
        let mode = std::fs::metadata(bed.at("report")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = bed.read("report");
        assert!(text.contains("[redacted ") && !text.contains("MNBVCXZP"), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).is_ok(), format != "text");
    }
}

/// Whoever names a file can put a secret into its name.
#[test]
fn a_secret_in_a_path_is_in_no_report_and_no_baseline() {
    let bed = Bed::new();
    let name = format!("code/{}", token('E'));
    bed.write(&format!("{name}/a"), &token('F'));
    std::fs::write(bed.at(&format!("{name}/packed")), b"\xfd7zXZ\0").unwrap();
    for format in ["text", "json", "sarif"] {
        let ran = bed.scan("code", &["--format", format]).exits(3);
        assert!(ran.stdout.contains("packed with xz"), "{ran:?}");
        bed.scan("code", &["--format", format, "--output", "../report"]).exits(3);
        let text = bed.read("report");
        assert!(text.contains("[redacted ") && !text.contains(NEEDLE), "{format}: {text}");
    }
    bed.scan("code", &["--write-baseline", "../known"]).exits(0);
    assert!(!bed.read("known").contains(NEEDLE), "{}", bed.read("known"));
    bed.scan("code", &["--baseline", "../known"]).exits(0);
}

#[test]
fn a_finding_says_where_it_ends_and_in_what_it_is_encoded() {
    let bed = Bed::new();
    // `password=hunter2 and more of it` in base64, and another one in escapes of a URL.
    let coded = ["cGFzc3dvcmQ9aHVu", "dGVyMiBhbmQgbW9yZSBvZiBpdA=="].concat();
    let url = ["/a%3Fpass", "word%3Dkq82%4Ad0s%26x%3D1"].concat();
    bed.write("code/a", &format!("x {coded}\n{url}\n"));
    let report = bed.scan("code", &["--json"]).exits(3).json();
    let place = |at: usize| {
        let found = &report["findings"][at];
        let number = |key: &str| found[key].as_u64().unwrap();
        let place = ["line", "column", "end_line", "end_column"].map(number);
        (place, found["layers"].clone())
    };
    let length = coded.len() as u64;
    assert_eq!(place(0), ([1, 3, 1, 3 + length], serde_json::json!(["base64"])));
    assert_eq!(place(1), ([2, 17, 2, 27], serde_json::json!(["percent"])));
    let shown = bed.scan("code", &[]).exits(3).stdout;
    assert!(shown.contains(" in base64") && shown.contains(" in percent"), "{shown}");
    let log = bed.scan("code", &["--format", "sarif"]).exits(3).json();
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["properties"]["layers"], serde_json::json!(["base64"]));
    let region = &result["locations"][0]["physicalLocation"]["region"];
    assert_eq!(region["endColumn"], 3 + length);
}

/// A baseline holds wherever the tree is, for what stands in messages too.
#[test]
fn a_message_has_one_path_from_wherever_it_is_looked_at() {
    let _git = need!("git");
    let bed = Bed::new();
    bed.repository("code");
    bed.write("code/a", "x");
    bed.commit("code", &token('K')).unwrap();
    let report = bed.scan("code", &["--history", "--json"]).exits(3).json();
    assert_eq!(paths(&report, "findings"), ["message"]);
    bed.scan("code", &["--history", "--write-baseline", "../known"]).exits(0);
    bed.scan("", &["--history", "code", "--baseline", "known"]).exits(0);
}

#[test]
fn what_is_left_out_is_left_out_of_what_is_staged_too() {
    let _git = need!("git");
    let bed = Bed::new();
    bed.repository("code");
    bed.write("code/vendor/a", &token('L'));
    bed.git("code", &["add", "-A"]).unwrap();
    bed.scan("code", &["--staged"]).exits(3);
    bed.scan("code", &["--staged", "--exclude", "vendor"]).exits(0);
}

/// A process with more arguments or variables than are read is not one that was scanned as a whole.
#[test]
fn what_is_cut_off_of_a_process_is_told() {
    let sleep = need!("sleep");
    let bed = Bed::new();
    let mut command = bed.command(&sleep, "");
    command.arg("60").envs((0..5).map(|n| (format!("LONG{n}"), "x".repeat(60_000))));
    let mut child = command.spawn().unwrap();
    let report = bed.scan("", &["--processes", "--json"]).json();
    child.kill().unwrap();
    child.wait().unwrap();
    let subject = format!("environment of process {} (sleep)", child.id());
    let told = report["not_scanned"].as_array().unwrap();
    assert!(told.iter().any(|one| one["subject"] == subject.as_str()), "{told:#?}");
}

#[test]
fn histories_of_shells_are_read_as_they_were_typed() {
    let bed = Bed::new();
    bed.write(
        "home/.zsh_history",
        &format!(": 1700000000:0;ls\n: 1700000001:0;export K={}\n", token('F')),
    );
    bed.write("home/.bash_history", &format!("#1700000000\nexport K={}\n", token('G')));
    bed.write(
        "home/.local/share/fish/fish_history",
        &format!("- cmd: x\n- cmd: y {}\n  when: 1\n", token('H')),
    );
    let report = bed.scan("home", &["--json", "--shell", "--home", "."]).exits(3).json();
    let lines: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [2, 2, 2]);
    assert!(paths(&report, "findings")[0].ends_with(".bash_history"));
    // Who wants no history links it to /dev/null; then there is none, and nothing that was not scanned.
    for name in [".zsh_history", ".bash_history", ".local/share/fish/fish_history"] {
        std::fs::remove_file(bed.at("home").join(name)).unwrap();
    }
    std::os::unix::fs::symlink("/dev/null", bed.at("home/.bash_history")).unwrap();
    bed.scan("home", &["--strict", "--shell", "--home", "."]).exits(0);
}

#[test]
fn names_with_control_characters_reach_no_terminal() {
    let bed = Bed::new();
    bed.write("code/a\u{1b}[31mred\nline", &token('I'));
    let ran = bed.scan("code", &[]).exits(3);
    assert!(!ran.stdout.contains("\u{1b}[31m") && ran.stdout.lines().count() == 3, "{ran:?}");
}
