//! Commit-confirm against the real ssh server: what locks out comes back by itself, and the owner's word counts
//! only over a connection that was made after the change.
#![expect(clippy::disallowed_methods, reason = "children are started and ended by the scene")]

use super::bed::{
    DROP_IN, Guarded, Machine, PARTS, Said, digest, house, house_of_another, on_a_machine, past,
    read, sh, until,
};
use std::process::Stdio;

/// `sudo sanctum apply` of the owner's file with consent.
fn apply(seconds: u64) -> String {
    format!(
        "/run/typist sudo -n /opt/sanctum/bin/sanctum apply {PARTS} --yes --quiet --confirm-within {seconds} --approve {}",
        digest()
    )
}

const CONFIRM: &str = "/run/typist sudo -n /opt/sanctum/bin/sanctum confirm";

#[test]
fn a_lockout_is_taken_back_although_its_session_is_gone() {
    on_a_machine(
        "live::confirm::a_lockout_is_taken_back_although_its_session_is_gone",
        |machine| {
            machine.install();
            machine.apply_and_confirm();
            let good = read(DROP_IN);
            let rules = sh("nft -s list ruleset");
            house_of_another();
            let script = format!("{} && echo applied && exec sleep 600", apply(6));
            let mut session =
                Guarded(machine.ssh(&["-tt"], &script).stdout(Stdio::piped()).spawn().unwrap());
            until(10, "the change is applied", || machine.status() == "unconfirmed");
            assert!(!machine.can_log_in(), "the change locks out");
            // The terminal goes away under everything that was started there.
            session.0.kill().unwrap();
            session.0.wait().unwrap();
            until(3, "the session's shell ends", || {
                sh("pgrep -x -f 'sleep 600' || true").is_empty()
            });
            assert!(!machine.can_log_in(), "the deadline has not come");
            until(10, "the watchdog lets the owner in", || machine.can_log_in());
            assert_eq!(machine.status(), "rolled-back");
            assert_eq!((read(DROP_IN), sh("nft -s list ruleset")), (good, rules));
        },
    );
}

#[test]
fn the_first_change_of_all_is_taken_back_to_nothing() {
    on_a_machine("live::confirm::the_first_change_of_all_is_taken_back_to_nothing", |machine| {
        machine.install();
        let before = sh("cd /etc && find . -type f | sort | xargs -d '\\n' sha256sum");
        house_of_another();
        machine.alma(&apply(5)).done();
        assert!(!machine.can_log_in());
        until(12, "the watchdog lets the owner in", || machine.can_log_in());
        until(3, "the receipt is closed", || machine.status() == "rolled-back");
        assert_eq!(sh("cd /etc && find . -type f | sort | xargs -d '\\n' sha256sum"), before);
        assert_eq!(sh("nft list tables"), "");
    });
}

/// A connection that stays open, over which more sessions run.
fn master(machine: &Machine) -> Guarded {
    let child = machine.ssh(&["-M", "-S", "/run/keys/master", "-N"], "").spawn().unwrap();
    until(10, "the connection is up", || super::bed::is_there("/run/keys/master"));
    Guarded(child)
}

#[test]
fn only_a_new_connection_confirms_and_then_the_change_stays() {
    on_a_machine(
        "live::confirm::only_a_new_connection_confirms_and_then_the_change_stays",
        |machine| {
            machine.install();
            let _open = master(machine);
            let over = |script: &str| {
                Said::of(&machine.ssh(&["-S", "/run/keys/master"], script).output().unwrap())
            };
            // A connection that is open before the change is no proof, whoever opened it. Times are in seconds.
            std::thread::sleep(std::time::Duration::from_millis(1_500));
            let seconds = 8;
            machine.alma(&apply(seconds)).done();
            let refusal = "is older than receipt";
            over(CONFIRM).expect(4, refusal);
            over(&format!("env SSH_CONNECTION=1 SUDO_UID=0 {CONFIRM}")).expect(4, refusal);
            // A process that left the connection's tree proves nothing either.
            over(&format!(
                "setsid -f sh -c 'sleep 0.5; {CONFIRM} > /tmp/said 2>&1; echo $? >> /tmp/said'"
            ))
            .done();
            until(5, "it is answered", || {
                read("/tmp/said").is_some_and(|said| said.ends_with("\n4\n"))
            });
            assert_eq!(machine.status(), "unconfirmed");
            machine.alma(CONFIRM).done();
            assert_eq!(machine.status(), "applied");
            machine.alma(CONFIRM).expect(4, "nothing waits to be confirmed");
            past(seconds);
            assert_eq!(machine.status(), "applied");
            assert!(read(DROP_IN).is_some_and(|text| text.contains("AllowUsers alma")));
            // Applied over that connection: no session that shares it confirms.
            house(
                &[(
                    "users:",
                    "ssh: {allow_users: [carla]}
users:",
                )],
                "",
            );
            over(&apply(60)).done();
            over(CONFIRM).expect(4, refusal);
            machine.alma(CONFIRM).done();
            // In one shell, one command after the other.
            house(
                &[(
                    "users:",
                    "ssh: {allow_users: [berta]}
users:",
                )],
                "",
            );
            let said = machine.alma(&format!("{} && {CONFIRM}", apply(60)));
            said.expect(4, refusal);
            machine.alma(CONFIRM).done();
        },
    );
}

#[test]
fn a_deadline_that_passes_under_another_verb_is_kept() {
    on_a_machine("live::confirm::a_deadline_that_passes_under_another_verb_is_kept", |machine| {
        machine.install();
        house_of_another();
        machine.alma(&apply(5)).done();
        assert!(!machine.can_log_in());
        // Somebody holds the store's lock from before the deadline until long after the watchdog's patience.
        sh("ls -la /var/lib/sanctum");
        let lock = sh("ls /var/lib/sanctum | grep -i lock").trim().to_owned();
        let mut held = Guarded(
            std::process::Command::new("flock")
                .args([&format!("/var/lib/sanctum/{lock}"), "sleep", "13"])
                .spawn()
                .unwrap(),
        );
        held.0.wait().unwrap();
        assert!(!machine.can_log_in(), "nothing is taken back under the lock");
        until(8, "the watchdog lets the owner in", || machine.can_log_in());
    });
}
