//! A saved plan at euid 0 carries a seal of the store's key, and holds only for the machine that it was made for.

use super::bed::{APPROVED, DROP_IN, digest, house, is_there, on_a_machine, read, sh, write};

const PLAN: &str = "/run/keys/next.plan";

#[test]
fn a_saved_plan_is_applied_unless_it_was_touched_or_the_machine_was() {
    on_a_machine(
        "live::saved::a_saved_plan_is_applied_unless_it_was_touched_or_the_machine_was",
        |machine| {
            machine.install();
            let parts = super::bed::PARTS;
            let plan = || {
                machine.run(&["plan", parts, "--out", PLAN]).expect(3, "saved the plan");
                read(PLAN).unwrap()
            };
            let consent = digest();
            let apply = || machine.run(&["apply", PLAN, "--yes", "--approve", &consent]);
            let saved = plan();
            let value = || serde_json::from_str::<serde_json::Value>(&saved).unwrap();
            let seal = value()["seal"].as_str().unwrap().to_owned();
            let flipped = if seal.starts_with('0') {
                seal.replacen('0', "1", 1)
            } else {
                seal.chars().rev().collect()
            };
            let mut unsealed = value();
            unsealed["seal"] = serde_json::Value::Null;
            let mut moved = value();
            moved["plan"]["steps"][0]["id"] = "dir:/etc/elsewhere".into();
            let cut: String = seal.chars().skip(2).collect();
            for (name, text) in [
                ("no seal", unsealed.to_string()),
                ("another step", moved.to_string()),
                ("one mode", saved.replacen("\"0755\"", "\"0777\"", 1)),
                ("another seal", saved.replace(&seal, &flipped)),
                ("a short seal", saved.replace(&seal, &cut)),
                ("an empty seal", saved.replace(&seal, "")),
            ] {
                write(PLAN, &text);
                let said = apply();
                assert_eq!(said.code, Some(4), "{name}: {said:#?}");
                assert!(said.err.contains("seal"), "{name}: {said:#?}");
                assert!(!is_there(APPROVED), "{name}");
            }
            // The seal is right, and the machine is another one by now.
            plan();
            sh(&format!("echo 'MaxAuthTries 4' > {DROP_IN}"));
            apply().expect(4, "the plan is stale");
            sh(&format!("rm {DROP_IN}"));
            // The instance is another one by now.
            house(&[("ports: [1111]", "ports: [1112]")], "");
            machine
                .run(&["apply", PLAN, "--yes", "--approve", &digest()])
                .expect(4, "the plan is stale");
            house(&[], "");
            assert!(!is_there(APPROVED));
            apply().done();
            machine.run(&["confirm"]).done();
            assert_eq!(machine.status(), "applied");
            // What was applied is not wanted twice.
            apply().expect(4, "the plan is stale");
        },
    );
}
