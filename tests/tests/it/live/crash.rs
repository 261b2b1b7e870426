//! `kill -9` of an apply in the middle: the next one heals it, and so does the watchdog alone.

use super::bed::{
    APPROVED, DROP_IN, Guarded, Machine, PARTS, SANCTUM, digest, hold_nft, house, is_there,
    on_a_machine, read, release_nft, sh, until,
};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

const RULES: &str = "/etc/nftables.d/sanctum.nft";

/// An apply that died between writing the rules and loading them.
fn die(machine: &Machine, seconds: &str) {
    hold_nft();
    let approve = digest();
    let mut command = machine.sudo(&[
        "apply",
        PARTS,
        "--yes",
        "--confirm-within",
        seconds,
        "--approve",
        &approve,
    ]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut child = Guarded(child);
    until(10, "apply loads the rules", || read("/run/held").is_some_and(|pid| pid.ends_with('\n')));
    // The parent of the nft that waits is the apply itself; sudo is the parent of that.
    sh("kill -9 $(ps -o ppid= -p $(cat /run/held))");
    child.0.wait().unwrap();
    release_nft();
    assert!(is_there(RULES) && !is_there(APPROVED), "it died in the middle");
    assert_eq!(machine.status(), "interrupted");
}

#[test]
fn the_next_apply_or_recover_heals_what_was_killed() {
    on_a_machine("live::crash::the_next_apply_or_recover_heals_what_was_killed", |machine| {
        machine.install();
        die(machine, "600");
        let said = machine.run(&["apply", PARTS, "--yes", "--approve", &digest()]);
        said.expect(0, "was left half-done; it is taken back now");
        assert_eq!(machine.status(), "unconfirmed");
        machine.run(&["confirm"]).done();
        assert!(sh("nft list tables").contains("inet sanctum") && machine.can_log_in());
        let good = (read(RULES), read(DROP_IN), read(APPROVED));
        // A house with other rules dies on top of it.
        house(&[("ports: [1111]", "ports: [1111], bind: lan, reason: x")], "");
        sh("umount /usr/sbin/nft");
        hold_nft();
        let approve = digest();
        let mut command = machine.sudo(&["apply", PARTS, "--yes", "--approve", &approve]);
        let mut child =
            Guarded(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        until(10, "apply loads the rules", || {
            read("/run/held").is_some_and(|pid| pid.ends_with('\n'))
        });
        sh("kill -9 $(ps -o ppid= -p $(cat /run/held))");
        child.0.wait().unwrap();
        release_nft();
        assert_ne!(read(RULES), good.0);
        machine.run(&["recover"]).done();
        assert_eq!(machine.status(), "rolled-back");
        assert_eq!((read(RULES), read(DROP_IN), read(APPROVED)), good);
        assert!(!sh("nft list table inet sanctum").contains("1111"));
    });
}

#[test]
fn the_watchdog_of_a_killed_apply_heals_alone() {
    on_a_machine("live::crash::the_watchdog_of_a_killed_apply_heals_alone", |machine| {
        machine.install();
        die(machine, "5");
        until(12, "the watchdog takes it back", || machine.status() == "rolled-back");
        assert!(!is_there(RULES) && machine.can_log_in());
        assert_eq!(sh("nft list tables"), "");
    });
}

/// Kills an apply so many milliseconds after it said that it begins a step; whether it said so.
fn kill_at(machine: &Machine, approve: &str, step: &str, delay: u64) -> bool {
    let mut command = machine.sudo(&["apply", PARTS, "--yes", "--approve", approve]);
    let spawned = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut child = Guarded(spawned);
    let said = BufReader::new(child.0.stderr.take().unwrap());
    let begun = said.lines().map_while(Result::ok).any(|line| line.contains(step));
    sleep(Duration::from_millis(delay));
    // It may have ended by itself. The machine's processes are in a namespace of their own.
    sh(&format!("pid=$(pgrep -f '^{SANCTUM} apply') && kill -9 $pid || true"));
    child.0.wait().unwrap();
    begun
}

#[test]
fn killed_in_any_step_it_is_whole_again_after_recover() {
    on_a_machine("live::crash::killed_in_any_step_it_is_whole_again_after_recover", |machine| {
        machine.install();
        machine.apply_and_confirm();
        let look = || (read(RULES), read(DROP_IN), read(APPROVED), sh("nft -s list ruleset"));
        let good = look();
        let wider = ("ports: [1111]", "ports: [1111], bind: lan, reason: x");
        house(&[("owner: alma", "owner: berta"), wider], "");
        let approve = digest();
        let mut healed = 0;
        for (step, delay) in
            ["[1/3]", "[2/3]", "[3/3]"].iter().flat_map(|step| [0, 4, 16].map(|ms| (step, ms)))
        {
            assert!(kill_at(machine, &approve, step, delay), "{step} is not begun");
            match machine.status().as_str() {
                "interrupted" => {
                    machine.run(&["recover"]).done();
                    healed += 1;
                }
                "unconfirmed" => machine.run(&["rollback", "--yes"]).done(),
                other => assert_eq!(other, "rolled-back", "{step} {delay}"),
            }
            assert_eq!(look(), good, "{step} {delay}");
            assert!(machine.can_log_in(), "{step} {delay}");
        }
        // The last step reloads the server, which takes longer than any of these delays but on a slow day.
        assert!(healed >= 3, "only {healed} were caught in the middle");
    });
}
