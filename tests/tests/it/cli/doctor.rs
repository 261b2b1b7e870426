//! `sanctum doctor` as a contract: what it finds in a directory, how it says so, and that it repairs nothing unasked.

#![expect(
    clippy::disallowed_methods,
    reason = "the page of lints is read where it lies, and files of a house are spoilt"
)]

use super::program::{House, MANOR, SMALL};
use super::terminal::on_a_terminal;
use serde_json::{Value, json};

const PLIST: &str = "<?xml version=\"1.0\"?>\n<plist version=\"1.0\"><dict><key>Label</key>\
    <string>com.sanctum.leftover</string><key>ProgramArguments</key><array><string>/opt/x</string></array>\
    <key>ExitTimeOut</key><integer>5</integer></dict></plist>\n";
const LEFTOVER: &str = "Library/LaunchDaemons/com.sanctum.leftover.plist";

fn verdict<'a>(report: &'a Value, id: &str) -> &'a Value {
    let all = report["lints"]["verdicts"].as_array().expect("verdicts");
    all.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("no {id} in {report:#}"))
}

#[test]
fn an_orphan_is_found_by_id_and_exit_code() {
    let house = House::of(MANOR, Some("hub"));
    house.run(&["apply", "--yes"]).exits(0);
    let clean = house.run(&["doctor", "--only", "launchd", "--json"]).exits(0).json();
    assert_eq!(clean["lints"]["counts"]["violated"], 0, "{clean:#}");
    house.put(LEFTOVER, PLIST, 0o644);
    let report = house.run(&["doctor", "--only", "launchd/orphaned-job", "--json"]).exits(3).json();
    let orphan = verdict(&report, "launchd/orphaned-job");
    assert_eq!(orphan["outcome"], "violated");
    let path = "/Library/LaunchDaemons/com.sanctum.leftover.plist";
    assert_eq!(orphan["findings"][0]["subject"], path);
    // What runs could not be looked at below a directory, and is said beside what was found.
    assert_eq!(orphan["unseen"][0]["subject"], "loaded jobs");
    let by_hand = &report["lints"]["remedies"]["by_hand"];
    assert_eq!(
        (&by_hand[0]["lint"], &by_hand[0]["subject"]),
        (&json!("launchd/orphaned-job"), &json!(path))
    );
    let words = house.run(&["doctor", "--only", "launchd"]).exits(3).stdout;
    assert!(words.contains("com.sanctum.leftover.plist: its job is in no registry"), "{words}");
}

#[test]
fn what_could_not_be_looked_at_counts_only_when_that_is_asked() {
    let house = House::of(MANOR, Some("hub"));
    let seen = ["doctor", "--only", "launchd/loaded-as-written"];
    let report = house.run(&[&seen[..], &["--json"]].concat()).exits(0).json();
    assert_eq!(verdict(&report, seen[2])["outcome"], "could-not-look");
    assert_eq!(report["lints"]["counts"]["could-not-look"], 1);
    assert!(house.run(&seen).exits(0).stdout.contains("1 could not look"));
    house.run(&[&seen[..], &["--strict"]].concat()).exits(3);
}

#[test]
fn the_boot_report_says_who_stays_down_and_what_the_disk_means() {
    let house = House::of(
        &format!("{MANOR}\nboot:\n  filevault: off\n  reason: it has to come back alone\n"),
        Some("hub"),
    );
    let report = house.run(&["doctor", "--only", "boot", "--json"]).exits(3).json();
    assert_eq!(verdict(&report, "boot/filevault-decided")["outcome"], "holds");
    let services = report["lints"]["reports"]["boot"]["services"].as_array().expect("services");
    let gateway = services.iter().find(|one| one["name"] == "gateway").expect("the gateway");
    assert_eq!(gateway["comes_back"], false);
    assert_eq!(gateway["because"][0]["why"], "secret");
    let words = house.run(&["doctor", "--only", "boot"]).exits(3);
    assert!(words.stdout.contains("a stolen disk yields"), "{words:?}");
    assert!(words.stdout.contains("decided because: it has to come back alone"), "{words:?}");
}

#[test]
fn words_that_name_no_lint_and_a_question_to_a_program_are_misuse() {
    let house = House::new(SMALL);
    let before = house.tree();
    let wrong = house.run(&["doctor", "--only", "lanchd"]).exits(2);
    assert!(wrong.stderr.contains("did you mean `launchd`?"), "{wrong:?}");
    house.run(&["doctor", "--fix", "--json"]).exits(2);
    house.run(&["doctor", "--fix", "--list"]).exits(2);
    assert!(house.tree() == before, "looking makes nothing");
}

#[test]
fn a_fix_shows_the_plan_and_asks_and_without_a_person_changes_nothing() {
    let house = House::of(MANOR, Some("hub"));
    house.run(&["apply", "--yes"]).exits(0);
    // A file of the house that somebody spoilt: apply can put it right, and the owner is asked.
    let spoilt = "Library/LaunchDaemons/com.sanctum.bootstrap.plist";
    house.put(spoilt, &PLIST.replace("leftover", "bootstrap").replace("/opt/x", "~/x"), 0o644);
    let before = house.tree();
    let asked = house.run(&["doctor", "--fix", "--only", "launchd/absolute-program"]);
    assert_eq!(asked.code, Some(4), "{asked:?}");
    assert!(asked.stdout.contains("what apply would put right"), "{asked:?}");
    assert!(house.tree() == before, "nothing was changed");
}

#[test]
fn a_run_is_told_where_there_is_a_journal_and_looks_all_the_same_where_there_is_none() {
    let house = House::of(MANOR, Some("hub"));
    let only = ["doctor", "--only", "launchd", "--json"];
    let fresh = house.run(&only).json();
    assert_eq!((&fresh["recorded"], house.at("root/.sanctum").exists()), (&json!(false), false));
    house.run(&["apply", "--yes"]).exits(0);
    assert_eq!(house.run(&only).exits(0).json()["recorded"], true);
    house.put(LEFTOVER, PLIST, 0o644);
    house.run(&only).exits(3);
    let root = house.at("root");
    let audit = ["audit", "--json", "--root", root.to_str().expect("a path in UTF-8")];
    let told = house.bare(&audit).exits(0).json();
    let runs: Vec<(&Value, &Value, &Value)> = told["entries"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| one["action"] == "doctor.run")
        .map(|one| (&one["phase"], &one["outcome"], &one["severity"]))
        .collect();
    let (started, finished) = (json!("started"), json!("finished"));
    let words = ["pending", "could-not-check", "found", "info", "warn"].map(|word| json!(word));
    let [pending, unseen, found, info, warn] = &words;
    assert_eq!(
        runs,
        [
            (&started, pending, info),
            (&finished, unseen, info),
            (&started, pending, info),
            (&finished, found, warn)
        ]
    );
    // A journal that takes nothing any more.
    let journal = house.at("root/.sanctum/journal");
    std::fs::remove_dir_all(&journal).expect("the journal goes");
    std::fs::write(&journal, "no folder").expect("something is in its way");
    let report = house.run(&only).exits(3).json();
    assert_eq!(report["recorded"], false);
    assert!(report["unrecorded"].as_str().expect("a reason").contains("journal"), "{report:#}");
    let words = house.run(&["doctor", "--only", "launchd"]).exits(3).stdout;
    assert!(words.contains("this run is not in the journal: "), "{words}");
}

#[test]
fn the_list_is_the_page_of_the_documents() {
    let house = House::new(SMALL);
    let list = house.bare(&["doctor", "--list"]).exits(0);
    let page = super::program::checkout().join("docs/lints.md");
    assert_eq!(list.stdout, std::fs::read_to_string(page).expect("the page"));
    let lints = house.bare(&["doctor", "--list", "--json"]).exits(0).json();
    let all = lints["lints"].as_array().expect("lints");
    assert!(all.len() >= 24, "{}", all.len());
    assert!(all.iter().all(|lint| lint["why"].as_str().is_some_and(|why| why.len() > 80)));
}

/// A remedy that names a verb or an option which is not there is worse than none.
#[test]
fn what_a_fix_tells_to_type_is_on_the_page_of_the_command_line() {
    let page = |name| {
        std::fs::read_to_string(super::program::checkout().join(name)).expect("a page of the docs")
    };
    let (line, lints) = (page("docs/cli.md"), page("docs/lints.md"));
    let verb = |words: &str| line.split("\n## ").find(|part| part.lines().next() == Some(words));
    let mut named = 0;
    for fix in lints.lines().filter(|line| line.starts_with("Fix: ")) {
        for rest in fix.split("sanctum ").skip(1) {
            let rest = rest.split([';', ',', '`', ':']).next().expect("the command");
            let words: Vec<&str> = std::iter::once("sanctum").chain(rest.split(' ')).collect();
            let both = words.get(..3).and_then(|words| verb(&words.join(" ")));
            // One whose only form names a verb of its own says nothing by itself.
            let alone =
                || verb(&words[..2].join(" ")).filter(|part| !part.contains("[OPTIONS] <COMMAND>"));
            let part = both.or_else(alone).unwrap_or_else(|| panic!("no verb: {fix}"));
            for option in words.iter().filter(|word| word.starts_with("--")) {
                assert!(part.contains(&format!(" {option} ")), "no {option}: {fix}");
            }
            named += 1;
        }
    }
    assert!(named > 20, "{named} commands are named");
}

/// The words that `boot/no-ordering-cycle` looks for are those of the program itself.
#[test]
fn a_circle_of_units_is_called_so_by_systemd_analyze() {
    let house = House::new(SMALL);
    for (name, other) in [("a", "b"), ("b", "a")] {
        let unit = format!(
            "[Unit]\nAfter={other}.service\nRequires={other}.service\n[Service]\nExecStart=/bin/true\n"
        );
        house.put(&format!("{name}.service"), &unit, 0o644);
    }
    let mut command = house.command(&sanctum_tests::tool("systemd-analyze"));
    command
        .args(["verify", "--man=no", "./a.service", "./b.service"])
        .current_dir(house.at("root"));
    let said = command.output().expect("systemd-analyze runs");
    let words = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(!said.status.success() && words.contains("Found ordering cycle on "), "{words}");
}

#[test]
fn a_file_that_cannot_be_looked_at_is_told_and_hides_nothing_else() {
    let house = House::of(MANOR, Some("hub"));
    house.run(&["apply", "--yes"]).exits(0);
    let link = house.at("root").join("Library/LaunchDaemons/com.sanctum.elsewhere.plist");
    std::os::unix::fs::symlink("/etc/hostname", link).expect("a link");
    let look = ["doctor", "--only", "launchd/exit-timeout", "--json"];
    let report = house.run(&look).exits(0).json();
    let lint = verdict(&report, "launchd/exit-timeout");
    assert_eq!(lint["outcome"], "could-not-look", "{lint}");
    assert!(lint["unseen"][0]["subject"].as_str().expect("a path").ends_with("elsewhere.plist"));
    house.put(LEFTOVER, &PLIST.replace("<key>ExitTimeOut</key><integer>5</integer>", ""), 0o644);
    let report = house.run(&look).exits(3).json();
    let lint = verdict(&report, "launchd/exit-timeout");
    assert_eq!(
        (&lint["outcome"], lint["unseen"].as_array().expect("a list").len()),
        (&json!("violated"), 1)
    );
}

#[test]
fn a_fix_that_the_owner_says_yes_to_is_applied_and_looked_at_again() {
    let house = House::of(MANOR, Some("hub"));
    let look = ["doctor", "--only", "launchd"];
    let fresh = house.run(&look).exits(0).stdout;
    assert!(fresh.contains("nothing of the house is applied here yet"), "{fresh}");
    house.run(&["apply", "--yes"]).exits(0);
    let whole = house.tree();
    let plist = house.at("root").join("Library/LaunchDaemons/com.sanctum.bootstrap.plist");
    std::fs::remove_file(&plist).expect("it is removed");
    assert!(house.run(&look).exits(3).stdout.contains("bootstrap.plist: it is not there"));
    let fix = [&look[..], &["--fix"]].concat();
    let no = on_a_terminal(&house, &fix, "n\n", &[]).exits(4);
    assert!(no.stdout.contains("Apply this? [y/N]") && !plist.is_file(), "{no:?}");
    let careful = on_a_terminal(&house, &fix, "y\n", &[]).exits(4);
    assert!(careful.stdout.contains("say --overwrite-foreign") && !plist.is_file(), "{careful:?}");
    let sure = [&fix[..], &["--overwrite-foreign"]].concat();
    let yes = on_a_terminal(&house, &sure, "y\n", &[]).exits(0);
    assert!(yes.stdout.contains("looked at again"), "{yes:?}");
    assert!(house.tree() == whole, "it is as it was applied");
}
