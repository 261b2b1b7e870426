//! Loosening needs the owner in person: every way that a program of the owner's has is tried, and a person gets in.

#![expect(clippy::disallowed_methods, reason = "children are started and ended by the scene")]

use super::bed::{
    Guarded, Machine, PARTS, PERSON, SANCTUM, Said, digest, house, is_there, on_a_machine, program,
    read, sh, until, write,
};

use crate::units_house::with_node;
use sanctum_orchestrator::render::vm;

/// Everything that a verb could have changed.
fn look() -> String {
    sh("cat /etc/sanctum/instance.yaml /etc/ssh/sshd_config.d/00-sanctum.conf; nft -s list ruleset
        find /var/lib/sanctum/receipts /var/lib/sanctum/ssh-inventory.json -type f | sort | xargs -d '\\n' sha256sum")
}

fn tried(machine: &Machine, words: &[&str]) -> Said {
    Said::of(&machine.as_owner(words).env("HOME", "/home/alma").output().unwrap())
}

/// Tries a verb in every way that a program of the owner's has; nothing may change.
fn all_ways(machine: &Machine, line: &str) {
    let before = look();
    let sudo = format!("sudo -n {SANCTUM} {line}");
    let guess = r#"[["assword","a guess"]]"#;
    for (how, script, says) in [
        ("without sudo", format!("{SANCTUM} {line}"), "needs"),
        ("no terminal", sudo.clone(), "terminal"),
        ("a pipe", format!("yes y | {sudo}"), "terminal"),
        ("variables", format!("sudo -n env SUDO_UID=0 SANCTUM_YES=1 {SANCTUM} {line}"), "terminal"),
        // Terminals of its own, and nobody who knows the password.
        (
            "a terminal without a person",
            format!("TYPED='{guess}' {PERSON} {sudo}"),
            "sudo's question was not answered",
        ),
        (
            "a terminal, and a hidden caller",
            format!("TYPED='[]' {PERSON} sudo -n env -u SUDO_UID {SANCTUM} {line}"),
            "which account called it is hidden",
        ),
        (
            "a terminal, and root's name",
            format!("TYPED='[]' {PERSON} sudo -n env SUDO_UID=0 {SANCTUM} {line}"),
            "which account called it is hidden",
        ),
    ] {
        let said = tried(machine, &["sh", "-c", &script]);
        let refused = said.code == Some(4) && (said.err.contains(says) || said.out.contains(says));
        // Without its caller root reads the approved file, which asks for nothing new.
        let nothing = said.code == Some(0) && said.out.contains("in sync, nothing to do");
        assert!(refused || nothing, "{line}, {how}: {said:#?}");
        assert_eq!(look(), before, "{line}, {how}");
    }
}

#[test]
fn no_program_of_the_owners_loosens_anything() {
    on_a_machine("live::presence::no_program_of_the_owners_loosens_anything", |machine| {
        machine.install();
        machine.apply_and_confirm();
        house(&[("users:", "ssh: {allow_users: [berta]}\nusers:")], "");
        machine
            .run(&["apply", PARTS, "--yes", "--confirm-within", "3600", "--approve", &digest()])
            .done();
        assert_eq!(machine.status(), "unconfirmed");
        for line in ["confirm", "rollback --yes", "uninstall --yes"] {
            all_ways(machine, line);
        }
        machine.run(&["confirm"]).done();
        assert_eq!(machine.status(), "applied");
        for line in ["services release dashboard", "doctor --record-ssh", "pf unload"] {
            all_ways(machine, line);
        }
        for (old, new) in [
            ("ports: [1111]", "ports: [1111], bind: lan, reason: x"),
            ("users:", "guards: {firewall: observe}\nusers:"),
        ] {
            house(&[(old, new)], "");
            all_ways(machine, &format!("apply {PARTS} --yes --approve {}", digest()));
        }
    });
}

#[test]
fn a_quarantine_of_the_owners_own_supervisor_ends_by_a_person_alone() {
    on_a_machine(
        "live::presence::a_quarantine_of_the_owners_own_supervisor_ends_by_a_person_alone",
        |machine| {
            machine.install();
            machine.apply_and_confirm();
            let mut up = machine.as_owner(&[SANCTUM, "up", "--quiet"]);
            up.env("HOME", "/home/alma").stdout(std::process::Stdio::null());
            let _up = Guarded(up.spawn().unwrap());
            let socket = "/home/alma/.sanctum/state/up.sock";
            until(20, "the supervisor listens", || is_there(socket));
            // What the verb says, by a program that does not ask for a person.
            let words = "import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b'release dashboard\\n')
print(s.recv(99).decode())";
            program("/run/ask", &format!("#!/usr/bin/python3\n{words}\n"));
            let said = tried(machine, &["/run/ask", socket]);
            assert_eq!(said.out.trim(), "root's to release", "{said:#?}");
            let said = machine.run(&["services", "release", "dashboard"]);
            said.done();
            assert!(said.out.contains("not quarantined"), "{said:#?}");
            // A place that others can enter does not let them ask.
            sh(&format!(
                "chmod 711 /home/alma /home/alma/.sanctum /home/alma/.sanctum/state
                chmod 666 {socket}"
            ));
            let berta = ["setpriv", "--reuid=berta", "--regid=berta", "--init-groups"];
            let berta = sh(&format!("{} /run/ask {socket} 2>&1 || :", berta.join(" ")));
            assert!(!berta.contains("release") && !berta.contains("PermissionError"), "{berta}");
        },
    );
}

#[test]
fn what_an_agent_starts_is_refused_even_with_the_right_password() {
    on_a_machine(
        "live::presence::what_an_agent_starts_is_refused_even_with_the_right_password",
        |machine| {
            machine.install();
            machine.apply_and_confirm();
            // A shell under an agent's name is what its children see above them.
            sh("cp /bin/bash /run/claude && cp /bin/bash /run/helper");
            program(
                "/run/agent.sh",
                &format!("{PERSON} sudo -n {SANCTUM} rollback --yes; exit $?\n"),
            );
            let before = look();
            let said = tried(machine, &["/run/claude", "/run/agent.sh"]);
            said.expect(4, "the agent `claude`");
            assert_eq!(look(), before);
            // Registered by the house.
            house(&[("services:", "agents: {builder: {programs: [/run/helper]}}\nservices:")], "");
            machine.run(&["apply", PARTS, "--yes", "--approve", &digest()]).done();
            let said = tried(machine, &["/run/helper", "/run/agent.sh"]);
            said.expect(4, "the agent `builder`");
            assert!(
                read("/etc/sanctum/instance.yaml").is_some_and(|text| text.contains("builder"))
            );
            let said = tried(machine, &["/bin/bash", "/run/agent.sh"]);
            said.done();
        },
    );
}

#[test]
fn where_sudo_asks_for_nothing_nobody_can_prove_anything() {
    on_a_machine(
        "live::presence::where_sudo_asks_for_nothing_nobody_can_prove_anything",
        |machine| {
            machine.install();
            sh("sed -i /verifypw/d /etc/sudoers.d/alma");
            machine
                .run(&["apply", PARTS, "--yes", "--approve", &digest()])
                .expect(4, "sudo asks alma for nothing");
            // Root's own login on a terminal was asked then.
            let said = Said::of(
                &machine_root(&[
                    "apply",
                    PARTS,
                    "--yes",
                    "--instance",
                    "/home/alma/.sanctum/instance.yaml",
                    "--approve",
                    &digest(),
                ])
                .output()
                .unwrap(),
            );
            said.done();
            let _ = machine;
        },
    );
}

/// The files of the guest's seed, with the account `ubuntu` called alma, put where cloud-init puts them.
fn seeded() {
    let house = crate::units_house::instance();
    let seed = with_node(&house, "hub", |hub| vm::render(hub, &[])).expect("a seed");
    let text = std::str::from_utf8(&seed[0].bytes).expect("text").replace("ubuntu", "alma");
    let (_, body) = text.split_once('\n').expect("a head and a body");
    let data: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert!(data["users"][0]["sudo"].is_null() && data["users"][0]["lock_passwd"] == true);
    let word = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    for file in data["write_files"].as_array().expect("files") {
        let (path, mode) = (word(&file["path"]), word(&file["permissions"]));
        sh(&format!("mkdir -p $(dirname {path})"));
        write(&path, &word(&file["content"]));
        sh(&format!("chown {} {path} && chmod {mode} {path}", word(&file["owner"])));
    }
    // As cloud-init makes the account: nothing answers sudo's question.
    sh("rm /etc/sudoers.d/alma && usermod --password '!' alma && visudo -cq");
}

/// The account types what the script waits for, at a terminal.
fn typed(machine: &Machine, script: &str, words: &[&str]) -> Said {
    let mut command = machine.as_owner(&[&[PERSON], words].concat());
    Said::of(&command.env("HOME", "/home/alma").env("TYPED", script).output().unwrap())
}

#[test]
fn on_a_fresh_guest_the_owner_types_a_password_once_and_is_then_asked_for_it() {
    on_a_machine(
        "live::presence::on_a_fresh_guest_the_owner_types_a_password_once_and_is_then_asked_for_it",
        |machine| {
            machine.install();
            machine.run(&["apply", PARTS, "--yes", "--approve", &digest()]).done();
            assert_eq!(machine.status(), "unconfirmed");
            seeded();
            let claim = "/usr/local/sbin/sanctum-first-password";
            // Nobody is root yet, and every door says what to type.
            tried(machine, &["sudo", "-n", "id"]).expect(1, "a password is required");
            tried(machine, &[SANCTUM, "confirm"]).expect(4, &format!("sudo {claim}"));
            let guesses = r#"[["assword","a"],["assword","b"],["assword","c"]]"#;
            let said = typed(machine, guesses, &["sudo", SANCTUM, "confirm"]);
            assert!(
                said.code == Some(1) && said.out.contains(&format!("sudo {claim}")),
                "{said:#?}"
            );
            // No program without a terminal, and nothing else by that rule.
            tried(machine, &["sudo", "-n", claim]).expect(1, "typed on a terminal");
            tried(machine, &["sudo", "-n", claim, "root"]).expect(1, "a password is required");
            let twice = r#"[["assword","open sesame"],["assword","open sesame"]]"#;
            assert_eq!(typed(machine, twice, &["sudo", "-n", claim]).code, Some(0));
            // Once is once: who comes later changes nothing, and is nobody.
            tried(machine, &["sudo", "-n", claim]).expect(1, "has a password already");
            tried(machine, &["sudo", "-n", "id"]).expect(1, "a password is required");
            assert_eq!(typed(machine, twice, &["sudo", SANCTUM, "confirm"]).code, Some(0));
            assert!(sh("/opt/sanctum/bin/sanctum history --json").contains("applied"));
        },
    );
}

#[test]
fn who_has_no_password_is_told_how_to_get_one() {
    on_a_machine("live::presence::who_has_no_password_is_told_how_to_get_one", |machine| {
        machine.install();
        sh("usermod --password '!' alma");
        let apply = ["apply", PARTS, "--yes", "--approve", &digest()];
        machine.run(&apply).expect(4, "alma has no password to answer with: sudo passwd alma");
        sh("echo 'alma:open sesame' | chpasswd");
        machine.run(&apply).done();
    });
}

/// Root on the console: a terminal, and no caller.
fn machine_root(args: &[&str]) -> std::process::Command {
    let mut command = std::process::Command::new(PERSON);
    command.arg(SANCTUM).args(args).env_remove("SUDO_UID").stdin(std::process::Stdio::null());
    command
}
