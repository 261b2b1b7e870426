//! What verbs report: JSON that parses and has a format, words on standard output, progress on standard error.

use super::program::{House, SMALL};
use serde_json::{Value, json};

/// Runs in this order on one house, so that each finds something to do.
const IN_TURN: [(&[&str], i32); 12] = [
    (&["config", "check"], 0),
    (&["history"], 0),
    (&["drift"], 3),
    (&["plan"], 3),
    (&["apply", "--yes"], 0),
    (&["plan"], 0),
    (&["apply", "--yes"], 0),
    (&["drift"], 0),
    (&["history"], 0),
    (&["rollback", "--yes"], 0),
    (&["recover"], 0),
    (&["uninstall", "--yes"], 0),
];

#[test]
fn every_report_is_one_json_value_with_a_format() {
    let house = House::new(SMALL);
    for (verb, code) in IN_TURN {
        let report = house.run(&[verb, &["--json"]].concat()).exits(code).json();
        assert_eq!(report["format"], 1, "{verb:?}: {report}");
    }
    let schema = house.bare(&["config", "schema"]).exits(0).json();
    assert_eq!(schema["type"], "object");
}

#[test]
fn the_report_of_a_refusal_is_json_too_and_names_its_exit_code() {
    let house = House::new(SMALL);
    let ran = house.run(&["apply", "--json"]).exits(4);
    let report = ran.json();
    assert_eq!((&report["exit"], &report["format"]), (&json!(4), &json!(1)));
    assert!(!report["hints"].as_array().expect("hints").is_empty(), "{report}");
    assert_eq!(house.run(&["confirm", "--json"]).exits(4).json()["exit"], 4);
    house.instance("format: 1\n");
    let report = house.run(&["plan", "--json"]).exits(1).json();
    assert!(report["error"].as_str().expect("an error").contains("house.yaml:1:1"), "{report}");
}

#[test]
fn a_plan_reports_each_step_with_its_verbs_and_its_diff() {
    let house = House::new(SMALL);
    let report = house.run(&["plan", "--json", "--only", "ssh"]).exits(3).json();
    let steps = report["steps"].as_array().expect("steps");
    assert_eq!(report["changes"], steps.len());
    let drop_in = "/etc/ssh/sshd_config.d/00-sanctum.conf";
    let step = steps.iter().find(|step| step["id"] == format!("file:{drop_in}"));
    let step = step.expect("the drop-in is a step");
    assert_eq!((&step["change"], &step["lockout"]), (&json!("create"), &json!(true)));
    assert_eq!(step["verbs"][1], format!("load sshd from {drop_in}"));
    assert_eq!(step["commands"], json!(["sshd -t"]), "what a machine would run for it");
    let diff = step["diff"].as_str().expect("a diff");
    assert!(diff.starts_with(&format!("--- /dev/null\n+++ b{drop_in}\n@@ ")), "{diff}");
    assert!(diff.contains("\n+PasswordAuthentication no\n"), "{diff}");
    let ids: Vec<&Value> = steps.iter().map(|step| &step["id"]).collect();
    assert!(!ids.iter().any(|id| id.as_str().expect("an id").contains("pf")), "{ids:?}");
}

#[test]
fn progress_goes_to_standard_error_and_quiet_ends_it() {
    let loud = House::new(SMALL).run(&["apply", "--yes"]).exits(0);
    assert!(loud.stderr.contains("[1/") && !loud.stdout.contains("[1/"), "{loud:?}");
    assert!(loud.stdout.contains("applied as 000001-"), "{loud:?}");
    let quiet = House::new(SMALL).run(&["apply", "--yes", "--quiet"]).exits(0);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn the_demo_proves_every_node_and_leaves_nothing() {
    let house = House::new(SMALL);
    let report = house.bare(&["demo", "--json"]).exits(0).json();
    let nodes = report["nodes"].as_array().expect("nodes");
    assert_eq!(nodes.len(), 3, "{report}");
    for node in nodes {
        assert_eq!((&node["second"], &node["rolled_back"]), (&json!(0), &json!(true)), "{node}");
        assert!(node["changes"].as_u64() > Some(3), "{node}");
    }
    #[expect(clippy::disallowed_methods, reason = "what is left is looked for on the real disk")]
    let left = std::fs::read_dir(house.at("tmp")).expect("a folder").count();
    assert_eq!(left, 0);
    house.bare(&["demo", "--keep", "kept"]).exits(0);
    assert!(house.at("kept/hub/etc/pf.anchors/sanctum").is_file());
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let house = House::new(super::program::MANOR);
    let plan = house.arguments(&["plan"]).join(" ");
    let script = format!("{} {plan} | head -n 1", super::program::sanctum().display());
    let shell = std::path::Path::new("/bin/bash");
    let mut command = house.command(shell);
    let output = command.args(["-o", "pipefail", "-c", &script]).output().expect("a shell");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn a_secret_in_the_instance_file_is_refused_and_never_printed() {
    // In two halves, so that no scanner takes this file for a leak.
    let token = ["ghp_", "OZsOy0AG9b8DR3p1qGU5XWwqsOJKoy", "07ECmi"].concat();
    let house = House::new(&SMALL.replace("--only, dashboard", &format!("--token, {token}")));
    for verb in [&["config", "check"][..], &["plan"], &["apply", "--yes"], &["plan", "--json"]] {
        let ran = house.run(verb).exits(1).says("house.yaml:23:").says("GitHub");
        assert!(!format!("{ran:?}").contains("OZsOy0"), "{ran:?}");
    }
}

#[test]
fn an_option_that_the_verb_does_not_listen_to_is_refused() {
    let house = House::new(SMALL);
    let table: [(&[&str], &str); 7] = [
        (&["demo", "--root", "root"], "--root"),
        (&["init", "--print", "--root", "root"], "--root"),
        (&["job", "x", "--node", "hub"], "--node"),
        (&["self", "rollback", "--root", "root"], "--root"),
        (&["completions", "bash", "--instance", "house.yaml"], "--instance"),
        (&["config", "schema", "--node", "hub"], "--node"),
        (&["adopt", "--node", "hub"], "--node"),
    ];
    for (words, option) in table {
        house.bare(words).exits(2).says(&format!("{option} means nothing to this verb"));
    }
}

#[test]
fn a_part_that_the_node_has_not_is_no_empty_plan() {
    let house = House::of(super::program::MANOR, Some("cottage"));
    house.run(&["plan", "--only", "pf"]).exits(2).says("node `cottage` has no part `pf`");
    house.run(&["apply", "--yes", "--only", "pf"]).exits(2);
    house.run(&["plan", "--only", "nft"]).exits(3);
}

#[test]
fn root_runs_only_jobs_of_the_approved_copy() {
    let house = House::new(SMALL);
    let ran = house.bare(&["job", "x", "--instance", "house.yaml"]);
    let root = rustix::process::geteuid().is_root();
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert_eq!(ran.stderr.contains("as root only the approved copy counts"), root, "{ran:?}");
}
