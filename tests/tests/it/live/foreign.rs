//! An edit by somebody else is told from our own old version, and is never overwritten silently.

use super::bed::{DROP_IN, Machine, PARTS, digest, house, on_a_machine, read, sh};

/// What drift says of the drop-in.
fn drift(machine: &Machine) -> Option<String> {
    let said = machine.run(&["drift", "--json"]);
    // The units of a machine without systemd are never applied here.
    said.expect(3, "");
    let data: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let lines = data["drift"].as_array().unwrap();
    let line = lines.iter().find(|line| line["subject"] == DROP_IN)?;
    Some(line["drift"].as_str().unwrap().to_owned())
}

#[test]
fn an_edit_of_the_drop_in_is_shown_and_kept() {
    on_a_machine("live::foreign::an_edit_of_the_drop_in_is_shown_and_kept", |machine| {
        machine.install();
        assert_eq!(drift(machine).as_deref(), Some("pending"));
        machine.apply_and_confirm();
        assert_eq!(drift(machine), None);
        sh(&format!("sed -i 's/^MaxAuthTries.*/MaxAuthTries 6/' {DROP_IN}"));
        let edited = read(DROP_IN);
        assert_eq!(drift(machine).as_deref(), Some("foreign-edit"));
        let refusal = "somebody else changed since sanctum wrote them: file:/etc/ssh/sshd_config.d/00-sanctum.conf";
        machine.run(&["apply", PARTS, "--yes"]).expect(4, refusal);
        house(&[("owner: alma", "owner: berta")], "");
        machine.run(&["apply", PARTS, "--yes", "--approve", &digest()]).expect(4, refusal);
        for verb in [["rollback", "--yes"], ["uninstall", "--yes"]] {
            assert_eq!(machine.run(&verb).code, Some(4), "{verb:?}");
        }
        assert_eq!(read(DROP_IN), edited);
        house(&[], "");
        machine.run(&["apply", PARTS, "--yes", "--overwrite-foreign"]).done();
        machine.run(&["confirm"]).done();
        assert_eq!(drift(machine), None);
        sh(&format!("rm {DROP_IN}"));
        assert_eq!(drift(machine).as_deref(), Some("missing"));
    });
}

/// What doctor finds wrong with the ssh server: proof and message.
fn wrong(machine: &Machine) -> Vec<String> {
    let said = machine.run(&["doctor", "--json"]);
    let data: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let proofs = data["proofs"].as_array().unwrap().iter();
    let failed = proofs.filter(|proof| proof["outcome"] == "failed");
    let lines = failed.flat_map(|proof| {
        let findings = proof["findings"].as_array().unwrap().iter();
        findings.map(|one| format!("{}: {}", proof["name"], one["message"]).replace('"', ""))
    });
    let lines: Vec<String> = lines.filter(|line| line.starts_with("sshd")).collect();
    assert!(lines.is_empty() || said.code == Some(3), "{said:?}");
    lines
}

#[test]
fn another_drop_in_that_lets_more_in_is_found() {
    on_a_machine("live::foreign::another_drop_in_that_lets_more_in_is_found", |machine| {
        machine.install();
        machine.apply_and_confirm();
        assert_eq!(wrong(machine), Vec::<String>::new());
        let other = "/etc/ssh/sshd_config.d/99-other.conf";
        for (text, found) in [
            (
                "AllowUsers berta",
                "sshd, in force: berta may log in, which the house does not allow (7 of 7 callers)",
            ),
            (
                "Match User alma\n  PasswordAuthentication yes",
                "sshd, in force: passwordauthentication is yes, wanted no (3 of 7 callers)",
            ),
            (
                "Match User alma\n  PasswordAuthentication yes",
                "sshd, other files: line 1 holds for some callers only: User alma",
            ),
        ] {
            sh(&format!("echo '{text}' > {other}"));
            let lines = wrong(machine);
            assert!(lines.iter().any(|line| line == found), "{found}: {lines:?}");
        }
    });
}

#[test]
fn what_other_drop_ins_let_in_stops_an_apply_before_anything_is_written() {
    on_a_machine(
        "live::foreign::what_other_drop_ins_let_in_stops_an_apply_before_anything_is_written",
        |machine| {
            machine.install();
            let other = "/etc/ssh/sshd_config.d/99-other.conf";
            sh(&format!("echo 'AllowUsers berta' > {other}"));
            let apply = ["apply", PARTS, "--yes", "--approve", &digest()];
            machine.run(&apply).expect(1, "wrong by sshd, merged; nothing was changed");
            assert_eq!(read(DROP_IN), None);
            sh(&format!("rm {other}"));
            machine.run(&apply).done();
        },
    );
}

#[test]
fn a_table_of_the_same_name_that_nobody_knows_is_not_taken_over() {
    on_a_machine(
        "live::foreign::a_table_of_the_same_name_that_nobody_knows_is_not_taken_over",
        |machine| {
            machine.install();
            sh("nft add table inet sanctum; nft add chain inet sanctum theirs");
            let table = || sh("nft list table inet sanctum");
            let theirs = table();
            let apply = ["apply", PARTS, "--yes", "--approve", &digest()];
            let said = machine.run(&apply);
            said.expect(4, "nft:inet/sanctum runs already, from a place that is not known");
            said.expect(4, "see it with `sudo nft list table inet sanctum`");
            assert!(said.out.contains("which no rollback brings back"), "{said:#?}");
            assert_eq!((table(), read(DROP_IN)), (theirs, None), "nothing was begun");
            sh("nft delete table inet sanctum");
            machine.run(&apply).done();
        },
    );
}
