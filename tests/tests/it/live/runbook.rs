//! docs/runbooks: what they tell a person to do by hand brings back what was there before.

use super::bed::{APPROVED, DROP_IN, Machine, digest, house, on_a_machine, read, sh};
use serde_json::Value;

const STORE: &str = "/var/lib/sanctum";
const RULES: &str = "/etc/nftables.d/sanctum.nft";

type Look = (Option<String>, Option<String>, Option<String>, String);

fn look() -> Look {
    (read(RULES), read(DROP_IN), read(APPROVED), sh("nft -s list ruleset"))
}

/// The table of rollback-by-hand.md, as commands. No systemd runs here: the server is told by its signal.
fn by_hand(op: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    match (op["op"].as_str().unwrap(), op["unit"]["unit"].as_str()) {
        ("file", _) => {
            let (state, path) = (&op["state"], text(&op["path"]));
            let owner = &state["owner"];
            format!(
                "install -m {} -o {} -g {} {STORE}/blobs/{} {path}",
                text(&state["mode"]),
                text(&owner["user"]),
                text(&owner["group"]),
                text(&state["blob"])
            )
        }
        ("absent", _) => format!("rm -d {}", text(&op["path"])),
        ("loaded" | "unloaded", Some("sshd")) => {
            "sshd -t && kill -HUP $(cat /run/sshd.pid)".to_owned()
        }
        ("loaded", Some("nft-table")) => format!("nft -c -f {0} && nft -f {0}", text(&op["from"])),
        ("unloaded", Some("nft-table")) => "nft delete table inet sanctum".to_owned(),
        other => panic!("the table has no row for {other:?}"),
    }
}

fn last_receipt() -> String {
    sh(&format!("ls -d {STORE}/receipts/* | tail -n 1")).trim().to_owned()
}

/// Undoes the last receipt as the runbook says, and tells sanctum.
fn undo_by_hand() {
    let receipt = last_receipt();
    let header: Value =
        serde_json::from_str(&read(&format!("{receipt}/plan.json")).unwrap()).unwrap();
    for step in header["plan"]["steps"].as_array().unwrap().iter().rev() {
        for op in step["undo"].as_array().unwrap() {
            sh(&by_hand(op));
        }
    }
    sh(&format!("echo \"{{\\\"rolled-back\\\":$(date +%s)}}\" >> {receipt}/progress.jsonl"));
}

#[test]
fn a_rollback_by_hand_brings_back_what_was_there() {
    on_a_machine("live::runbook::a_rollback_by_hand_brings_back_what_was_there", |machine| {
        machine.install();
        let nothing = look();
        machine.apply_and_confirm();
        let first = look();
        house(
            &[
                ("ports: [1111]", "ports: [1111], bind: lan, reason: x"),
                ("owner: alma", "owner: berta"),
            ],
            "",
        );
        let approve = digest();
        machine
            .run(&[
                "apply",
                super::bed::PARTS,
                "--yes",
                "--confirm-within",
                "3600",
                "--approve",
                &approve,
            ])
            .done();
        assert!(look() != first && !machine.can_log_in());
        undo_by_hand();
        assert_eq!((look(), machine.status().as_str()), (first.clone(), "rolled-back"));
        assert!(machine.can_log_in());
        // Sanctum goes on from there; what was loaded by hand it loads again by itself.
        house(&[], "");
        machine.apply_and_confirm();
        assert_eq!((look(), machine.status().as_str()), (first, "applied"));
        machine.run(&["uninstall", "--yes"]).done();
        assert_eq!(look(), nothing);
    });
}

#[test]
fn the_door_is_opened_by_hand_and_rollback_finishes() {
    on_a_machine(
        "live::runbook::the_door_is_opened_by_hand_and_rollback_finishes",
        |machine: &Machine| {
            machine.install();
            let nothing = look();
            super::bed::house_of_another();
            let approve = digest();
            machine.run(&["apply", super::bed::PARTS, "--yes", "--approve", &approve]).done();
            machine.run(&["confirm"]).done();
            assert!(!machine.can_log_in());
            sh(&format!("mv {DROP_IN} /run/keys && sshd -t && kill -HUP $(cat /run/sshd.pid)"));
            sh("nft delete table inet sanctum");
            super::bed::until(5, "the door is open", || machine.can_log_in());
            machine.run(&["rollback", "--yes"]).done();
            assert_eq!(look(), nothing);
            assert!(machine.can_log_in());
        },
    );
}
