//! What the verbs record, and what `sanctum audit` says of it.
#![expect(
    clippy::disallowed_methods,
    reason = "files of the store are changed behind the binary's back"
)]

use crate::cli::program::{House, SMALL, sanctum};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use sanctum_host::journal::{Durability, Journal, Limits, Places, StreamName};
use sanctum_types::{Action, Actor, AuditEvent, OperationId, Outcome, Phase, Severity};
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The first file of the stream below the house's folder.
const FILE: &str = "root/.sanctum/journal/sanctum/000001.jsonl";

fn audit(house: &House, words: &[&str]) -> crate::cli::program::Ran {
    let root = house.at("root");
    let mut all = vec!["audit"];
    all.extend(words);
    all.extend(["--root", root.to_str().expect("a path in UTF-8")]);
    house.bare(&all)
}

/// The report says so.
fn tells(ran: &crate::cli::program::Ran, text: &str) {
    assert!(ran.stdout.contains(text), "no {text:?} in {}", ran.stdout);
}

/// Action, phase and outcome of each entry.
fn story(house: &House) -> Vec<(String, String, String)> {
    let told = audit(house, &["--json"]).exits(0).json();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let entries = told["entries"].as_array().expect("a list");
    entries
        .iter()
        .map(|one| (text(&one["action"]), text(&one["phase"]), text(&one["outcome"])))
        .collect()
}

/// Every file below, with its bytes.
fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).expect("a list") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push((path.clone(), fs::read(path).expect("bytes")));
        }
    }
    all
}

#[test]
fn every_change_is_told_from_its_start_to_its_end() {
    let house = House::applied(SMALL);
    house.put("etc/sanctum/node", "somebody else\n", 0o644);
    house.run(&["apply", "--yes"]).exits(4);
    house.run(&["rollback", "--yes"]).exits(4);
    house.run(&["rollback", "--yes", "--overwrite-foreign"]).exits(0);
    house.run(&["apply", "--yes", "--confirm-within", "600"]).exits(0);
    house.run(&["confirm"]).exits(0);
    house.run(&["apply", "--yes"]).exits(0);
    house.run(&["uninstall", "--yes"]).exits(0);
    let pair = |action: &str, outcome: &str| {
        [("started", "pending"), ("finished", outcome)]
            .map(|(phase, outcome)| (action.to_owned(), phase.to_owned(), outcome.to_owned()))
    };
    let expected = [
        pair("apply.run", "ok"),
        pair("apply.run", "refused"),
        pair("rollback.run", "refused"),
        pair("rollback.run", "ok"),
        pair("apply.run", "ok"),
        pair("confirm.run", "ok"),
        pair("uninstall.run", "ok"),
    ];
    assert_eq!(story(&house), expected.concat());
    tells(&audit(&house, &["verify"]).exits(0), "lines hold");
}

#[test]
fn what_was_told_can_be_chosen_and_is_ocsf_too() {
    let house = House::applied(SMALL);
    house.put("etc/sanctum/node", "somebody else\n", 0o644);
    house.run(&["apply", "--yes"]).exits(4);
    let count = |words: &[&str]| {
        let told = audit(&house, &[&["--json"], words].concat()).exits(0).json();
        told["entries"].as_array().expect("a list").len()
    };
    assert_eq!(count(&[]), 4);
    assert_eq!(count(&["--level", "warn"]), 1);
    assert_eq!(count(&["--last", "1h", "--actor", "uid"]), 4);
    assert_eq!(count(&["--actor", "job"]), 0);
    audit(&house, &["--last", "soon"]).exits(2);
    let told = audit(&house, &["--ocsf"]).exits(0);
    for line in told.stdout.lines() {
        let event: Value = serde_json::from_str(line).expect("one JSON object a line");
        // What OCSF 1.3.0 requires of Entity Management.
        for field in ["activity_id", "category_uid", "class_uid", "type_uid", "time", "severity_id"]
        {
            assert!(event[field].is_u64(), "{field}: {line}");
        }
        assert!(
            event["metadata"]["version"].is_string()
                && event["metadata"]["product"]["name"].is_string()
        );
        assert!(event["entity"]["name"].is_string() && event["actor"]["user"]["name"].is_string());
        let number = |field: &str| event[field].as_u64().expect("a number");
        assert_eq!(number("type_uid"), number("class_uid") * 100 + number("activity_id"));
        assert_eq!(number("category_uid"), number("class_uid") / 1000);
    }
    assert_eq!(told.stdout.lines().count(), 4);
}

#[test]
fn a_changed_line_is_named_with_its_file() {
    let house = House::applied(SMALL);
    let text = fs::read_to_string(house.at(FILE)).expect("a journal");
    fs::write(house.at(FILE), text.replacen("\"outcome\":\"ok\"", "\"outcome\":\"failed\"", 2))
        .expect("a write");
    let place = format!("first bad line 1 at {}:1", house.at(FILE).display());
    tells(&audit(&house, &["verify"]).exits(3), &place);
    fs::write(house.at(FILE), text.lines().next().expect("a line").to_owned() + "\n")
        .expect("a write");
    tells(&audit(&house, &["verify"]).exits(3), "first bad line 2 at ");
    // What is not whole is not continued, and what cannot be recorded is not done.
    let before = house.tree();
    house.run(&["rollback", "--yes"]).exits(1).says("sanctum audit verify");
    assert_eq!(house.tree(), before);
    fs::write(house.at(FILE), text).expect("a write");
    audit(&house, &["verify"]).exits(0);
    house.run(&["rollback", "--yes"]).exits(0);
}

#[test]
fn a_second_place_that_is_away_is_not_a_finding_and_not_clean() {
    let house = House::applied(SMALL);
    fs::rename(house.at("root/.sanctum/witness"), house.at("elsewhere")).expect("a move");
    audit(&house, &["verify"]).exits(1).says("could not look");
    tells(&audit(&house, &[]).exits(1), "apply.run hub begins");
    let elsewhere = house.at("elsewhere");
    audit(&house, &["verify", "--second-place", elsewhere.to_str().expect("UTF-8")]).exits(0);
}

#[test]
fn an_operation_that_never_ended_is_a_finding_once_its_process_is_gone() {
    let house = House::applied(SMALL);
    let store = house.at("root/.sanctum");
    let places = Places::at(&store.join("journal"), &store.join("witness")).expect("places");
    let name = StreamName::new("sanctum").expect("a name");
    let journal = Journal::open(places, name, Limits::default()).expect("a journal");
    let event = AuditEvent {
        actor: Actor::new("job:backup").expect("a word"),
        action: Action::new("job.run").expect("a word"),
        subject: "backup".to_owned(),
        phase: Phase::Started(OperationId::new("op-1").expect("a word")),
        outcome: Outcome::Pending,
        severity: Severity::Info,
        details: [].into(),
    };
    let mut child =
        Command::new("/bin/sleep").arg("600").stdin(Stdio::null()).spawn().expect("a process");
    let record = |id| journal.submit([(&event, id)], Durability::Synced).expect("a hand-in").wait();
    record(child.id()).expect("a record");
    audit(&house, &["verify"]).exits(0);
    child.kill().expect("it ends");
    child.wait().expect("it ended");
    tells(&audit(&house, &["verify"]).exits(3), "never ended: ");
    let told = audit(&house, &["--json", "--level", "critical"]).exits(3).json();
    assert_eq!(told["unfinished"][0]["operation"], "op-1");
}

/// An apply that is killed when it has begun: nobody reads what it says of its first step.
pub(super) fn killed_in_the_middle(house: &House) {
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    let flags = fcntl_getfl(&writer).expect("flags");
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).expect("a flag");
    while writer.write(b".").is_ok() {}
    fcntl_setfl(&writer, flags).expect("a flag");
    let mut command = house.command(sanctum());
    command.args(house.arguments(&["apply", "--yes", "--no-prove"]));
    let mut child = command.stdout(Stdio::null()).stderr(writer).spawn().expect("sanctum starts");
    let began = Instant::now();
    while house.receipts().last().is_none_or(|(_, is)| is != "interrupted") {
        assert!(began.elapsed() < Duration::from_secs(20), "it is not in the middle");
        sleep(Duration::from_millis(20));
    }
    audit(house, &["verify"]).exits(0);
    child.kill().expect("a child of ours");
    child.wait().expect("it ended");
    drop(reader);
}

#[test]
fn what_takes_a_dead_run_back_ends_its_operation() {
    for (verb, by) in [
        (&["recover"][..], "recover.run"),
        (&["recover", "--boot"], "recover.run"),
        (&["rollback", "--yes"], "rollback.run"),
        (&["apply", "--yes"], "recover.run"),
        (&["uninstall", "--yes"], "recover.run"),
    ] {
        let house = House::applied(SMALL);
        house.instance(&SMALL.replace("1111", "2222"));
        killed_in_the_middle(&house);
        tells(&audit(&house, &["verify"]).exits(3), "apply.run hub begins");
        let id = house.receipts().last().expect("a receipt").0.clone();
        house.run(verb).exits(0);
        audit(&house, &["verify"]).exits(0);
        let told = audit(&house, &["--json"]).exits(0).json();
        let entries = told["entries"].as_array().expect("a list");
        let [ended] = &entries
            .iter()
            .filter(|one| one["details"]["ended-by"].is_string())
            .collect::<Vec<_>>()[..]
        else {
            panic!("{verb:?}: one operation was ended by another")
        };
        assert_eq!((&ended["action"], &ended["outcome"]), (&"apply.run".into(), &"failed".into()));
        assert_eq!(ended["details"]["ended-by"], by, "{verb:?}");
        let started = |one: &&Value| one["phase"] == "started" && one["action"] == by;
        let recovery = entries.iter().rfind(started).expect("a start");
        assert_eq!(ended["details"]["recovery"], recovery["operation"]);
        if by == "recover.run" {
            assert_eq!(ended["details"]["receipts"], id);
        }
    }
}

#[test]
fn a_recovery_that_is_not_whole_ends_nothing() {
    let house = House::new(SMALL);
    killed_in_the_middle(&house);
    // As if the first step had been begun, and somebody put a link where its undo has to remove a file.
    let (id, _) = house.receipts().pop().expect("a receipt");
    let dir = house.at("root/.sanctum/receipts").join(id);
    let text = fs::read_to_string(dir.join("plan.json")).expect("a receipt");
    let plan: Value = serde_json::from_str(&text).expect("JSON");
    let steps = plan["plan"]["steps"].as_array().expect("steps");
    let file = |step: &Value| step["act"][0]["op"] == "file" && step["undo"][0]["op"] == "absent";
    let number = steps.iter().position(file).expect("a step that makes a file");
    let path = steps[number]["act"][0]["path"].as_str().expect("a path");
    fs::write(dir.join("progress.jsonl"), format!("{{\"begin\":{number}}}\n")).expect("a mark");
    let path = house.at("root").join(path.trim_start_matches('/'));
    fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
    std::os::unix::fs::symlink("/dev/null", &path).expect("a link");
    house.run(&["recover"]).exits(6);
    tells(&audit(&house, &["verify"]).exits(3), "apply.run hub begins");
    fs::remove_file(&path).expect("it goes");
    house.run(&["recover"]).exits(0);
    audit(&house, &["verify"]).exits(0);
}

#[test]
fn what_files_hold_is_not_in_the_journal() {
    // In two halves, so that no scanner takes this file for a leak.
    let secret = ["ghp_", "OZsOy0AG9b8DR3p1qGU5XWwqsOJKoy", "07ECmi"].concat();
    let house = House::new(SMALL);
    house.put("etc/sanctum/node", &format!("token: {secret}\n"), 0o600);
    house.run(&["apply", "--yes", "--overwrite-foreign"]).exits(0);
    house.run(&["rollback", "--yes"]).exits(0);
    for (path, bytes) in
        ["journal", "witness"].iter().flat_map(|dir| files(&house.at("root/.sanctum").join(dir)))
    {
        assert!(
            !bytes.windows(12).any(|part| part == &secret.as_bytes()[4..16]),
            "{}",
            path.display()
        );
    }
}
