//! Root's consent: the owner's file is a proposal, and what it widens is consented to by itself.
#![expect(clippy::disallowed_methods, reason = "children are started and ended by the scene")]

use super::bed::{
    APPROVED, INSTANCE, Machine, PARTS, PERSON, SANCTUM, Said, digest, house, is_there,
    on_a_machine, read, sh, write,
};
use std::process::{Command, Stdio};

const YES: [&str; 3] = ["apply", PARTS, "--yes"];
const NOBODY: &str = "the file widens what is approved, and there is nobody to ask";

/// Runs a verb on a terminal of its own; each line is typed when its question has come.
fn typed(verb: &str, answers: &[(&str, &str)]) -> Said {
    let output = Command::new(PERSON)
        .args(["sh", "-c", &format!("exec {SANCTUM} {verb}")])
        .env("SUDO_UID", sh("id -u alma").trim())
        .env("TYPED", serde_json::to_string(answers).unwrap())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Said::of(&output)
}

fn machine_with_house(machine: &Machine) {
    machine.install();
    machine.apply_and_confirm();
}

#[test]
fn the_first_file_needs_consent_by_its_digest() {
    on_a_machine("live::approval::the_first_file_needs_consent_by_its_digest", |machine| {
        machine.install();
        let said = machine.nobody(&YES);
        said.expect(4, NOBODY);
        said.expect(
            4,
            &format!("then: sudo /opt/sanctum/bin/sanctum apply --approve {}", digest()),
        );
        assert!(
            said.out.contains("widens the whole file: is approved for the first time"),
            "{said:?}"
        );
        let report = machine.nobody(&["apply", PARTS, "--yes", "--json", "--quiet"]).json();
        assert_eq!(report["widens"][0]["subject"], "the whole file", "{report}");
        let wrong: String = digest().chars().rev().collect();
        let short: String = digest().chars().take(12).collect();
        for wrong in [wrong.as_str(), "", &short, &digest().to_uppercase()] {
            machine
                .run(&["apply", PARTS, "--yes", "--approve", wrong])
                .expect(4, "is not that of this file");
        }
        assert!(!is_there(APPROVED));
        // Consent to the file is not consent to the plan.
        machine
            .nobody(&["apply", PARTS, "--yes", "--approve", &digest()])
            .expect(4, "standard input is no terminal");
        assert!(!is_there(APPROVED));
        machine.run(&["apply", PARTS, "--yes", "--approve", &digest()]).done();
        assert_eq!(read(APPROVED), read(INSTANCE));
        assert_eq!(sh(&format!("stat -c '%U %a' {APPROVED}")), "root 644\n");
    });
}

/// One change of the house and what of it is shown.
type Change = (&'static [(&'static str, &'static str)], &'static str, &'static str);

#[test]
fn each_widening_needs_consent_and_narrowing_needs_none() {
    on_a_machine(
        "live::approval::each_widening_needs_consent_and_narrowing_needs_none",
        |machine| {
            machine_with_house(machine);
            let table: [Change; 6] = [
                (
                    &[("ports: [1111]", "ports: [1111], bind: lan, reason: x")],
                    "",
                    "widens services.dashboard: tcp port 1111 is opened to lan",
                ),
                (
                    &[("ports: [1111]", "ports: [1111], command: [/bin/sh, -c, id]")],
                    "",
                    "widens services.dashboard.command: runs /bin/sh -c id",
                ),
                (
                    &[("users:", "ssh: {allow_users: [berta]}\nusers:")],
                    "",
                    "widens ssh.allow_users: berta may log in",
                ),
                (
                    &[("users:", "guards: {sentinel: off}\nusers:")],
                    "",
                    "widens guards.sentinel: lowered from Enforce to Off",
                ),
                (&[("owner: alma", "owner: berta")], "", "widens users.owner: becomes berta"),
                (
                    &[],
                    "  shell: {node: hub, ports: [2222], bind: lan, reason: x}\n",
                    "widens services.shell: tcp port 2222 is opened to lan",
                ),
            ];
            let before = read(APPROVED);
            for (changes, more, shown) in table {
                house(changes, more);
                let said = machine.nobody(&YES);
                said.expect(4, NOBODY);
                assert!(said.out.contains(shown), "{shown}: {said:#?}");
                assert_eq!(read(APPROVED), before);
            }
            let (changes, more, _) = table[0];
            house(changes, more);
            let approved = ["apply", PARTS, "--yes", "--json", "--quiet", "--approve", &digest()];
            let report = machine.run(&approved).json();
            assert_eq!(report["widens"][0]["subject"], "services.dashboard", "{report}");
            assert_eq!(report["widens"].as_array().map(Vec::len), Some(1), "{report}");
            machine.run(&["confirm"]).done();
            assert_eq!(read(APPROVED), read(INSTANCE));
            // Back to what it was: less than what is approved.
            house(&[], "");
            let report = machine.run(&["apply", PARTS, "--yes", "--json", "--quiet"]).json();
            assert_eq!(report["widens"], serde_json::json!([]), "{report}");
            machine.run(&["confirm"]).done();
            assert_eq!(read(APPROVED), before);
        },
    );
}

#[test]
fn at_euid_0_the_environment_names_neither_the_home_nor_the_file() {
    on_a_machine(
        "live::approval::at_euid_0_the_environment_names_neither_the_home_nor_the_file",
        |machine| {
            machine.install();
            sh("mkdir -p /home/evil/.sanctum /home/evil/.config/sanctum");
            let evil = read(INSTANCE).unwrap().replace("owner: alma", "owner: berta");
            for at in
                ["/home/evil/.sanctum/instance.yaml", "/home/evil/.config/sanctum/instance.yaml"]
            {
                write(at, &evil);
            }
            let file = "/home/evil/.sanctum/instance.yaml";
            let said = Command::new(PERSON)
                .args([SANCTUM, "apply", PARTS, "--yes", "--approve", &digest()])
                .env_clear()
                .envs([
                    ("SUDO_UID", sh("id -u alma").trim()),
                    ("SUDO_USER", "berta"),
                    ("SUDO_HOME", "/home/evil"),
                    ("HOME", "/home/evil"),
                    ("XDG_CONFIG_HOME", "/home/evil/.config"),
                    ("SANCTUM_INSTANCE", file),
                    ("SANCTUM_INSTANCE_FILE", file),
                    ("PATH", "/home/evil/bin"),
                ])
                .stdin(Stdio::null())
                .output()
                .unwrap();
            Said::of(&said).done();
            assert!(read(APPROVED).is_some_and(
                |text| text == read(INSTANCE).unwrap() && text.contains("owner: alma")
            ));
            // The account database says where a home is, today.
            sh(&format!("{PERSON} {SANCTUM} confirm; usermod --home /home/evil alma"));
            let said = Command::new(SANCTUM)
                .args(YES)
                .envs([("SUDO_UID", sh("id -u alma").trim()), ("HOME", "/home/alma")])
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let said = Said::of(&said);
            said.expect(4, NOBODY);
            assert!(said.out.contains("widens users.owner: becomes berta"), "{said:?}");
        },
    );
}

#[test]
fn answers_are_taken_from_a_terminal_word_by_word() {
    on_a_machine("live::approval::answers_are_taken_from_a_terminal_word_by_word", |machine| {
        machine.install();
        let verb = format!("apply {PARTS} --confirm-within 3600");
        let (consent, sudo, plan) = ("Type `approve`", "assword", "Apply this?");
        for (answers, says) in [
            (&[(consent, "y")][..], "the widening is not approved"),
            (&[(consent, "yes")], "the widening is not approved"),
            (&[(consent, "")], "the widening is not approved"),
            (&[(consent, "approve"), (sudo, "wrong")], "sudo's question was not answered"),
            (&[(consent, "approve"), (sudo, "open sesame"), (plan, "n")], "nothing was changed"),
            (&[(consent, "approve"), (sudo, "open sesame"), (plan, "")], "nothing was changed"),
        ] {
            let said = typed(&verb, answers);
            assert!(
                said.code == Some(4) && said.out.contains(says),
                "{answers:?} {says}: {said:#?}"
            );
            assert!(!is_there(APPROVED), "{answers:?}");
        }
        let all = [(consent, "approve"), (sudo, "open sesame"), (plan, "y")];
        let said = typed(&verb, &all);
        assert!(said.code == Some(0), "{said:#?}");
        assert_eq!(read(APPROVED), read(INSTANCE));
    });
}
