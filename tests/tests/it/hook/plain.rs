//! The plain form: 0 for an allow, 2 for a block, and a word and a reason on standard output.
#![expect(clippy::disallowed_methods, reason = "links and a device that is full")]

use super::bed::{Bed, NEEDLE, token};
use sanctum_tests::need;
use serde_json::{Value, json};
use std::process::Stdio;

#[test]
fn the_documented_example_says_just_that() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    let ran =
        bed.run(&["hook", "pre-bash"], b"{\"command\": \"cat ~/.aws/credentials\"}\n").exits(2);
    let said = "{\"decision\":\"block\",\"reason\":\"Reads sensitive credential path: ~/.aws/credentials\"}\n";
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (said, ""));
    let ran = bed.run(&["hook", "pre-bash"], b"{\"command\": \"git status\"}").exits(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("{\"decision\":\"allow\"}\n", ""));
}

#[test]
fn every_verb_blocks_and_allows() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    let told = |verb: &str, input: Value| {
        let ran = bed.hook(&[verb], &input);
        let word = ran.json()["decision"].as_str().expect("a decision").to_owned();
        (word, ran.code.expect("an exit code"))
    };
    let secret = format!("key = \"{}\"\n", token());
    for (verb, input, word, code) in [
        ("pre-read", json!({"path": "~/.ssh/id_ed25519"}), "block", 2),
        ("pre-read", json!({"path": "src/main.rs"}), "allow", 0),
        ("pre-read", json!({"path": "../.netrc"}), "block", 2),
        ("pre-write", json!({"path": "src/a.rs", "content": "fn main() {}\n"}), "allow", 0),
        ("pre-write", json!({"path": "src/a.rs", "content": secret}), "block", 2),
        ("pre-write", json!({"path": "~/.ssh/authorized_keys", "content": "x"}), "block", 2),
        ("pre-write", json!({"path": "~/.claude/settings.json", "content": "{}"}), "block", 2),
        (
            "pre-mcp",
            json!({"tool": "read", "arguments": {"path": "~/.aws/credentials"}}),
            "block",
            2,
        ),
        ("pre-mcp", json!({"tool": "read", "arguments": {"path": "a"}}), "ask", 2),
    ] {
        assert_eq!(told(verb, input.clone()), (word.to_owned(), code), "{verb} {input}");
    }
}

#[test]
fn what_a_command_printed_is_covered() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    let input =
        json!({"command": "env", "stdout": format!("a\nkey={}\nb\n", token()), "exit_code": 0});
    let said = bed.hook(&["post-bash"], &input).exits(0).json();
    let covered = said["stdout"].as_str().expect("the output");
    assert!(covered.starts_with("a\nkey=") && covered.ends_with("\nb\n"), "{said}");
    assert!(!covered.contains(NEEDLE), "{said}");
    let clean = json!({"command": "ls", "stdout": "a\n", "exit_code": 0});
    assert!(bed.hook(&["post-bash"], &clean).exits(0).json().get("stdout").is_none());
}

#[test]
fn a_link_is_what_it_leads_to() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    let link = |from: &str, to: &str| std::os::unix::fs::symlink(to, bed.at(from)).expect("a link");
    bed.dir("home/.aws");
    link("home/project/notes.txt", &bed.shown("home/.aws/credentials"));
    link("home/project/docs", "../.aws");
    link("home/project/readme", "README.md");
    for (verb, input, code) in [
        ("pre-bash", json!({"command": "cat notes.txt"}), 2),
        ("pre-bash", json!({"command": "cat docs/credentials"}), 2),
        ("pre-bash", json!({"command": "cat readme"}), 0),
        ("pre-read", json!({"path": "notes.txt"}), 2),
        ("pre-read", json!({"path": "docs/credentials"}), 2),
        ("pre-read", json!({"path": "readme"}), 0),
        ("pre-mcp", json!({"tool": "t", "arguments": {"file": "./notes.txt"}}), 2),
    ] {
        let ran = bed.hook(&[verb], &input).exits(code);
        let blocked = ran.json()["decision"] == "block";
        assert_eq!(blocked, code == 2, "{verb} {input} {ran:?}");
    }
}

#[test]
fn whatever_cannot_be_read_or_said_is_a_refusal_with_a_reason() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    let deep = "[".repeat(100_000);
    let long = format!("{{\"command\": \"{}\"}}", "a".repeat(16 << 20));
    for input in [
        &b""[..],
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe",
        b"{\"command\": 1}",
        b"{\"command\": \"a\", \"command\": \"b\"}",
        b"{\"nothing\": true}",
        deep.as_bytes(),
        long.as_bytes(),
    ] {
        for words in [&["hook"][..], &["hook", "pre-bash"], &["hook", "--agent", "claude"]] {
            let ran = bed.run(words, input).exits(2);
            let start = String::from_utf8_lossy(input).chars().take(40).collect::<String>();
            assert!(ran.stderr.starts_with("sanctum: "), "{words:?} {start:?} {ran:?}");
        }
    }
    bed.run(&["hook", "post-write"], b"{}").exits(2).says("post-write");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("the device");
    let mut command = bed.command();
    let child = command.args(["hook", "pre-bash"]).stdin(Stdio::piped()).stdout(full).spawn();
    let mut child = child.expect("sanctum starts");
    drop(child.stdin.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(2));
}

#[test]
fn a_large_benign_file_is_written() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    let line =
        "pub fn number_of_rows(table: &Table) -> usize { table.rows().count() } // as \"told\"\n";
    let content = line.repeat((3 << 19) / line.len() + 1);
    assert!(content.len() >= 3 << 19);
    bed.hook(&["pre-write"], &json!({"path": "src/rows.rs", "content": content})).exits(0);
}

#[test]
fn the_users_configuration_counts_and_a_project_can_only_tighten_it() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    let write = |path: &str| json!({"path": path, "content": "x"});
    bed.dir("home/.sanctum");
    bed.dir("home/project/.sanctum");
    bed.hook(&["pre-read"], &json!({"path": "plans/a.md"})).exits(0);
    bed.write("home/.sanctum/config.toml", "[ai_firewall]\nsensitive_paths = [\"**/plans/**\"]\n");
    bed.write(
        "home/project/.sanctum/config.toml",
        "[ai_firewall]\nsensitive_paths = []\nprotected_paths = [\"**/vendor/**\"]\n",
    );
    bed.hook(&["pre-read"], &json!({"path": "plans/a.md"})).exits(2);
    bed.hook(&["pre-bash"], &json!({"command": "cat plans/a.md"})).exits(2);
    bed.hook(&["pre-write"], &write("vendor/a.c")).exits(2);
    bed.hook(&["pre-bash"], &json!({"command": "echo x > vendor/a.c"})).exits(2);
    bed.hook(&["pre-write"], &write("src/a.c")).exits(0);
}

#[test]
fn the_parser_that_costs_every_start_is_not_linked_in() {
    // A crate that is linked in leaves the names of its files in the places that its panics tell.
    let count = |needle: &str| {
        let mut grep = std::process::Command::new("grep");
        let ran =
            grep.args(["-c", "-a", "-F", needle]).arg(crate::cli::program::sanctum()).output();
        String::from_utf8(ran.expect("grep").stdout).expect("a number").trim().to_owned()
    };
    assert_ne!(count("/src/parser/pratt_parser.rs"), "0", "what is linked in is found");
    assert_eq!(count("antlr4rust-"), "0");
}
