//! `sanctum reboot` below a directory, with a real QEMU as the guest: everything but the system's own restart.
#![expect(clippy::disallowed_methods, reason = "a real machine is started and ended")]

use crate::cli::program::House;
use sanctum_host::supervisor::qmp::{Off, power_off};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const HOUSE: &str = "\
format: 1
instance: {name: Bed, slug: bed, timezone: UTC}
users: {owner: operator, guest: ubuntu, authorized_keys: []}
nodes:
  hub: {type: hub, os: linux}
networks:
  lan: {subnet: 192.168.7.0/24}
services:
  quiet: {node: hub}
";

/// A machine without an operating system, controlled as sanctum's own is.
fn machine(qemu: &Path, socket: &Path) -> Child {
    let chardev = format!("socket,id=control,server=on,wait=off,path={}", socket.display());
    let child = Command::new(qemu)
        .args(["-machine", "q35", "-m", "64", "-display", "none", "-nodefaults"])
        .args(["-chardev", &chardev, "-mon", "chardev=control,mode=control"])
        .stdin(Stdio::null())
        .spawn()
        .expect("qemu starts");
    let start = Instant::now();
    while std::os::unix::net::UnixStream::connect(socket).is_err() {
        assert!(start.elapsed() < Duration::from_secs(30), "no control socket");
        std::thread::sleep(Duration::from_millis(50));
    }
    child
}

#[test]
fn a_machine_is_asked_and_only_then_ended() {
    let qemu = sanctum_tests::need!("qemu-system-x86_64");
    let house = House::new("");
    let socket = house.at("control.sock");
    assert_eq!(power_off(&socket, Duration::from_secs(1)).expect("an answer"), Off::NotRunning);
    // Firmware alone does not listen to the power button.
    let mut deaf = machine(&qemu, &socket);
    assert_eq!(power_off(&socket, Duration::from_secs(2)).expect("an answer"), Off::Forced);
    assert!(deaf.wait().expect("a status").success(), "it was asked to quit, not killed");
    let mut going = machine(&qemu, &socket);
    let pid = going.id();
    let powering = std::thread::spawn({
        let socket = socket.clone();
        move || power_off(&socket, Duration::from_secs(60))
    });
    std::thread::sleep(Duration::from_secs(1));
    super::bed::kill(pid, rustix::process::Signal::TERM);
    assert_eq!(powering.join().expect("a thread").expect("an answer"), Off::Asked);
    going.wait().expect("a status");
}

#[test]
fn what_does_not_speak_qmp_is_an_error_and_not_a_guest_that_is_off() {
    let house = House::new("");
    let socket = house.at("control.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let _ = std::io::Write::write_all(&mut &stream, b"220 mail ready\r\n");
        }
    });
    assert!(power_off(&socket, Duration::from_secs(1)).is_err());
}

#[test]
fn what_did_not_come_back_is_in_the_journal_and_in_the_status() {
    let door = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = door.local_addr().expect("an address").port();
    let house = House::new(
        &HOUSE.replace("quiet: {node: hub}", &format!("door: {{node: hub, ports: [{port}]}}")),
    );
    house.run(&["apply", "--yes"]).exits(0);
    let of = |report: &serde_json::Value| report["reboot"].as_array().expect("lines").clone();
    let before = house.run(&["status", "--json"]).exits(0).json();
    assert!(of(&before).is_empty(), "no reboot was asked for: {before:#}");
    house.run(&["reboot", "--yes", "--anyway"]).exits(0);
    // As after another boot, of which nobody has told.
    let file = house.at("root/.sanctum/state/reboot.json");
    let record = std::fs::read_to_string(&file).expect("a record");
    let record = record.replace("\"boot\": \"", "\"boot\": \"another-");
    std::fs::write(&file, record).expect("it is written");
    let untold = house.run(&["status", "--json"]).exits(3).json();
    assert_eq!(of(&untold)[0]["state"], "unknown", "{untold:#}");
    drop(door);
    house.run(&["reboot", "--report", "--json"]).exits(3);
    let told = house.run(&["status", "--json"]).exits(3).json();
    assert_eq!(
        (&of(&told)[0]["name"], &of(&told)[0]["state"]),
        (&"door".into(), &"finding".into())
    );
    let words = house.run(&["status"]).exits(3).stdout;
    assert!(words.contains("did not come back, it was down: sanctum services why door"), "{words}");
    let root = house.at("root");
    let root = root.to_str().expect("a path in UTF-8");
    let audit = house.bare(&["audit", "--json", "--root", root]).json();
    let ends: Vec<_> = audit["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .filter(|one| one["action"] == "reboot.run" && one["phase"] == "finished")
        .map(|one| (&one["outcome"], &one["details"]["missing"]))
        .collect();
    assert_eq!(ends, [(&"failed".into(), &"door".into())], "{audit:#}");
}

#[test]
fn a_rehearsal_says_every_step_and_restarts_nothing() {
    let house = House::new(HOUSE);
    let plan = house.run(&["reboot", "--dry-run", "--json"]).exits(0).json();
    assert_eq!(plan["dry_run"], true);
    assert!(!house.at("root/.sanctum/state/reboot.json").exists());
    house.run(&["reboot"]).exits(4).says("no terminal");
    house.run(&["reboot", "--report"]).exits(1).says("no reboot of sanctum's was recorded");
    let done = house.run(&["reboot", "--yes", "--json"]).exits(0).json();
    let steps: Vec<(&str, &str)> = done["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|one| (one["step"].as_str().expect("a word"), one["did"].as_str().expect("a word")))
        .collect();
    let skipped = ["drain", "guest", "vault", "system"].map(|step| (step, "skipped"));
    assert_eq!(steps, skipped);
    house.run(&["reboot", "--report"]).exits(1).says("was not restarted since");
    house.run(&["reboot", "--in", "1h"]).exits(2);
}
