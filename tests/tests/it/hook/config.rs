//! What the firewall is configured with: shown with whose it is, edited in a private copy, and what has no effect is told.

use super::bed::Bed;
use crate::cli::program::checkout;
use sanctum_tests::need;
use serde_json::json;

#[test]
fn what_holds_is_shown_with_whose_it_is() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    let ran = bed.run(&["config"], b"").exits(0);
    assert!(ran.stdout.contains("have their defaults"), "{ran:?}");
    bed.tree("home/.sanctum/config.toml", "[ai_firewall]\nunattended = \"defer\"\n");
    bed.tree("home/project/.sanctum/config.toml", "[ai_firewall]\nmin_package_age_hours = 96\n");
    let ran = bed.run(&["config"], b"").exits(0);
    assert!(ran.stdout.contains("ai_firewall.unattended = \"defer\"  # user"), "{ran:?}");
    assert!(ran.stdout.contains("ai_firewall.min_package_age_hours = 96  # project"), "{ran:?}");
    let said =
        bed.run(&["config", "--explain", "ai_firewall.unattended", "--json"], b"").exits(0).json();
    assert_eq!((&said["value"], &said["from"]), (&json!("\"defer\""), &json!("user")));
    bed.run(&["config", "--explain", "ai_firewall.unatended"], b"")
        .exits(2)
        .says("did you mean `ai_firewall.unattended`");
}

/// Who brings a checkout does not choose for its owner.
#[test]
fn what_would_loosen_is_told_by_every_way_to_look_and_in_the_journal() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    bed.run(&["hooks", "install", "claude"], b"").exits(0);
    bed.tree(
        "home/project/.sanctum/config.toml",
        "[ai_firewall]\nguard = \"observe\"\nredact_credentials = false\n",
    );
    for verb in [
        &["config"][..],
        &["config", "--explain", "ai_firewall.guard"],
        &["hooks", "status", "claude"],
    ] {
        let ran = bed.run(verb, b"").exits(3);
        assert!(
            ran.stdout.contains("ai_firewall.guard") && ran.stdout.contains(":2:1:"),
            "{verb:?}: {ran:?}"
        );
    }
    bed.hook(&["pre-bash"], &json!({"command": "cat ~/.ssh/id_rsa"})).exits(2);
    let said = bed.run(&["audit", "--json"], b"").json();
    let told = said["entries"].to_string();
    assert!(
        told.contains("ai_firewall.guard (project), ai_firewall.redact_credentials (project)"),
        "{told}"
    );
}

#[test]
fn the_recommended_file_is_whole_and_says_nothing_new() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    let text = bed.run(&["config", "--recommended"], b"").exits(0).stdout;
    bed.tree("home/.sanctum/config.toml", &text);
    let said = bed.run(&["config", "--json"], b"").exits(0).json();
    assert_eq!(said["without_effect"], json!([]));
    let bare = Bed::new().run(&["config", "--json"], b"").exits(0).json();
    let values = |said: &serde_json::Value| -> Vec<(String, String)> {
        let all = said["values"].as_array().expect("values").iter();
        all.map(|one| (one["key"].to_string(), one["value"].to_string())).collect()
    };
    assert_eq!(values(&said), values(&bare));
}

#[test]
fn only_what_can_be_read_comes_into_place() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    let edit = |script: &str| {
        bed.write("home/editor", &format!("#!/bin/sh\n{script}\n"));
        bed.executable("home/editor");
        bed.run_with(
            &["config", "--edit"],
            &[("VISUAL", &bed.shown("home/editor")), ("PATH", "/usr/bin:/bin")],
        )
    };
    let path = "home/.sanctum/config.toml";
    edit("exit 3").exits(1).says("status 3");
    edit("echo 'not toml' > \"$1\"").exits(4).says("line 1");
    assert!(!bed.is_there(path));
    edit("printf '[ai_firewall]\\nunattended = \"defer\"\\n' > \"$1\"").exits(0);
    assert_eq!(bed.read(path), "[ai_firewall]\nunattended = \"defer\"\n");
    edit("echo '[ai_firewall]\nunattended = 7' > \"$1\"").exits(4).says("unattended");
    assert_eq!(bed.read(path), "[ai_firewall]\nunattended = \"defer\"\n");
    edit("true").exits(0);
}

/// The page of keys says of each what it does, and of those that nothing reads that nothing acts on them.
#[test]
#[expect(clippy::disallowed_methods, reason = "the sources are read")]
fn a_key_that_nothing_reads_is_told_as_such() {
    let page =
        std::fs::read_to_string(checkout().join("docs/formats/config-toml.md")).expect("the page");
    let mut sources = String::new();
    let mut left = vec![
        checkout().join("cli/src"),
        checkout().join("orchestrator/src"),
        checkout().join("firewall/src"),
    ];
    while let Some(dir) = left.pop() {
        for entry in std::fs::read_dir(&dir).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
            if path.is_dir() {
                left.push(path);
            } else if !["table.rs", "tests.rs", "parse.rs"].contains(&name.as_str()) {
                sources += &std::fs::read_to_string(&path).unwrap_or_default();
            }
        }
    }
    let rows: Vec<(&str, &str)> =
        page.lines().filter_map(|row| row.strip_prefix("| `")?.split_once("` |")).collect();
    assert!(rows.len() > 60, "{}", rows.len());
    for (key, row) in rows {
        let read = sources.contains(&format!("\"{key}\""));
        let said = row.contains("nothing acts on it yet") || row.contains("Accepted");
        // The version is the format's own.
        assert!(read != said || key == "config_version", "{key}: read {read}, {row}");
    }
}
