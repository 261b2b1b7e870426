//! On a machine: a person reads, and no program of the owner's does. What the approved instance declares runs with nobody
//! there.

use super::bed::{Machine, PERSON, SANCTUM, Said, house, on_a_machine, program, sh};

const MORE: &str = r#"
secrets:
  token: {ref: "file:token", cleartext: {reason: read at boot}}
"#;

fn arranged(machine: &Machine) {
    machine.install();
    house(
        &[(
            "  dashboard: {node: hub, ports: [1111]}",
            "  dashboard: {node: hub, ports: [1111], run_as: {user: nobody}, command: [/bin/sh, -c, \"id -un; id -G; pwd; /usr/bin/env; cat /proc/self/status; if (: < /dev/tty) 2>/dev/null || [ -t 0 ] || [ -t 1 ] || [ -t 2 ]; then echo TERMINAL; fi\"], secrets: [token]}\n  waiter: {node: hub, ports: [2222], run_as: {user: nobody}, command: [/bin/sleep, \"600\"], secrets: [token]}",
        )],
        MORE,
    );
    machine.apply_and_confirm();
    sh(&format!("printf 'pl@nted-w0rd' | {SANCTUM} secrets set token --stdin"));
}

#[test]
fn only_a_person_reads_a_secret() {
    on_a_machine("live::secrets::only_a_person_reads_a_secret", |machine| {
        arranged(machine);
        for verb in [
            &["secrets", "get", "token", "--stdout"][..],
            &["secrets", "exec", "token", "--", "/usr/bin/env"],
            &["secrets", "copy", "token", "--terminal", "--seconds", "1"],
            &[
                "secrets",
                "export",
                "--to",
                "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
                "--out",
                "/run/x.age",
            ],
        ] {
            let said = machine.nobody(verb);
            said.expect(4, "terminal");
            assert!(!said.out.contains("pl@nted"), "{said:#?}");
            // A terminal of its own, and nobody who knows the password.
            let line = verb.join(" ");
            let guess =
                format!("TYPED='[[\"assword\",\"a guess\"]]' {PERSON} sudo -n {SANCTUM} {line}");
            let said =
                Said::of(&machine.as_owner(&["sh", "-c", &guess]).output().expect("it starts"));
            assert!(said.code == Some(4) && !said.out.contains("pl@nted"), "{said:#?}");
            // What an agent starts, even with the right password.
            sh("cp /bin/bash /run/claude");
            program("/run/agent.sh", &format!("{PERSON} sudo -n {SANCTUM} {line}; exit $?\n"));
            let said = Said::of(
                &machine.as_owner(&["/run/claude", "/run/agent.sh"]).output().expect("it starts"),
            );
            said.expect(4, "the agent `claude`");
            assert!(!said.out.contains("pl@nted"), "{said:#?}");
        }
        assert!(!super::bed::is_there("/run/x.age"));
        let said = machine.run(&["secrets", "get", "token", "--stdout"]);
        said.done();
        assert_eq!(said.out, "pl@nted-w0rd");
        let said = machine.run(&["secrets", "exec", "token", "--", "/usr/bin/env"]);
        said.done();
        assert!(said.out.contains("TOKEN=pl@nted-w0rd\n"), "{said:#?}");
    });
}

#[test]
fn a_service_gets_what_is_declared_with_nobody_there() {
    on_a_machine("live::secrets::a_service_gets_what_is_declared_with_nobody_there", |machine| {
        arranged(machine);
        // No login, no terminal, no environment: as launchd and systemd start it.
        let said =
            sh(&format!("env -i setsid {SANCTUM} secrets exec --service dashboard < /dev/null"));
        // The account of the service, with that one's group alone.
        let id = sh("id -g nobody");
        let home = sh("getent passwd nobody | cut -d: -f6");
        let lines: std::collections::BTreeSet<&str> = said.lines().skip(3).collect();
        assert!(said.starts_with(&format!("nobody\n{id}/\n")), "{said}");
        let home = format!("HOME={}", home.trim());
        for line in ["TOKEN=pl@nted-w0rd", "USER=nobody", &home] {
            assert!(lines.contains(line), "{line}: {said}");
        }
        for capabilities in ["Inh", "Prm", "Eff", "Amb"] {
            let none = format!("Cap{capabilities}:\t{}", "0".repeat(16));
            assert!(lines.contains(none.as_str()), "{none}: {said}");
        }
        // Nor has it the terminal that root sits at: what it typed there, root would have typed, and what root types there
        // is not for it to read.
        let sits = format!("TYPED='[]' {PERSON} {SANCTUM} secrets exec --service dashboard; :");
        let said = sh(&sits).replace('\r', "");
        assert!(said.contains("TOKEN=pl@nted-w0rd\n"), "{said}");
        assert!(!said.contains("TERMINAL"), "{said}");
        // What would end it there ends it, although it is not of that session.
        for signal in ["TERM", "INT", "HUP"] {
            let said = sh(&format!(
                "TYPED='[]' {PERSON} {SANCTUM} secrets exec --service waiter & sat=$!
                 for n in $(seq 400); do pgrep -u nobody -x sleep > /dev/null && break; sleep 0.05; done
                 kill -{signal} $(pgrep -x sanctum); ended=0; wait $sat || ended=$?
                 echo ended $ended; pgrep -u nobody -x sleep || echo nothing is left"
            ));
            assert_eq!(said.replace('\r', ""), "ended 143\nnothing is left\n", "{signal}");
        }
        // The owner's own file does not choose what root runs.
        let named = machine.nobody(&[
            "secrets",
            "exec",
            "--service",
            "dashboard",
            "--instance",
            "/home/alma/.sanctum/instance.yaml",
        ]);
        named.expect(2, "only the approved copy counts");
    });
}
