//! The real notification service of a real session bus: dunst below a display of its own.
//!
//! dunst runs a script for each notification with what it understood; that script's file is the judge.
#![expect(clippy::disallowed_methods, reason = "a session of the test's own")]

use super::{channels, message};
use sanctum_orchestrator::alerts::alert::{Message, What};
use sanctum_tests::{Tier, need, note_skipped};
use sanctum_types::Severity;
use sanctum_types::chain;
use serde_json::json;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A bus, a display and dunst; ended with this value, dunst first.
struct Desktop {
    children: Vec<Child>,
    dir: tempfile::TempDir,
    bus: String,
}

impl Drop for Desktop {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    let out = child.stdout.take().expect("a pipe");
    BufReader::new(out).read_line(&mut line).expect("a line");
    line.trim_end().to_owned()
}

fn start(program: &Path, args: &[&str], env: &[(&str, &str)]) -> Child {
    let mut command = Command::new(program);
    command.args(args).env_clear().env("PATH", "/usr/bin:/bin").envs(env.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().expect("a counterpart starts")
}

impl Desktop {
    fn start((daemon, xvfb, dunst): (&Path, &Path, &Path), markup: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let at = |name: &str| dir.path().join(name).display().to_string();
        let script = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$DUNST_SUMMARY\" \"$DUNST_URGENCY\" \"$DUNST_TIMEOUT\" \"$DUNST_BODY\" >{0}.new\nmv {0}.new {0}\n",
            at("seen")
        );
        fs::write(at("show"), script).expect("the script");
        fs::set_permissions(at("show"), fs::Permissions::from_mode(0o755)).expect("a mode");
        let config = format!(
            "[global]\n  markup = {markup}\n[all]\n  summary = \"*\"\n  script = {}\n",
            at("show")
        );
        fs::write(at("dunstrc"), config).expect("the configuration");
        let address = format!("--address=unix:path={}", at("bus"));
        let mut bus = start(daemon, &["--session", "--nofork", "--print-address=1", &address], &[]);
        let bus_address = first_line(&mut bus);
        let mut display = start(
            xvfb,
            &["-displayfd", "1", "-screen", "0", "320x240x24", "-nolisten", "tcp"],
            &[],
        );
        let number = format!(":{}", first_line(&mut display));
        let home = dir.path().display().to_string();
        let env =
            [("HOME", &*home), ("DISPLAY", &*number), ("DBUS_SESSION_BUS_ADDRESS", &*bus_address)];
        let dunst = start(dunst, &["-conf", &at("dunstrc")], &env);
        Self { children: vec![bus, display, dunst], dir, bus: bus_address }
    }

    fn send(&self, message: &Message) -> Result<(), String> {
        let declared = json!([{ "name": "desk", "via": "desktop" }]);
        let channels = channels(&declared, self.dir.path(), Some(self.bus.clone()));
        channels.send("desk", message).map_err(|error| chain(&error))
    }

    /// What dunst showed: summary, urgency, time on screen, body.
    fn shown(&self) -> String {
        let seen = self.dir.path().join("seen");
        for _ in 0..200 {
            if let Ok(text) = fs::read_to_string(&seen) {
                fs::remove_file(&seen).expect("it is there");
                return text;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("dunst showed nothing in ten seconds");
    }

    /// Waits until the service is on the bus; its first notification is a heartbeat.
    fn ready(&self) {
        let message = Message { what: What::Heartbeat, ..message(Severity::Info) };
        let mut said = Ok(());
        for _ in 0..100 {
            said = self.send(&message);
            if said.is_ok() {
                let shown = self.shown();
                assert!(shown.starts_with("hub: this channel works\nLOW\n"), "{shown}");
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("no service on the bus: {said:?}");
    }
}

#[test]
fn the_real_service_shows_title_body_and_urgency() {
    let (daemon, xvfb, dunst) = need!("dbus-daemon", "Xvfb", "dunst");
    let desktop = Desktop::start((&daemon, &xvfb, &dunst), "no");
    desktop.ready();
    for (severity, urgency, word) in [
        (Severity::Warn, "NORMAL", "warn"),
        (Severity::Error, "NORMAL", "error"),
        (Severity::Critical, "CRITICAL", "critical"),
    ] {
        desktop.send(&message(severity)).expect("delivered");
        let shown = desktop.shown();
        let head = format!("hub: {word}: services.port-owner (gäteway \"x\" \\ <b>)\n{urgency}\n");
        assert!(shown.starts_with(&head), "{shown}");
        assert!(shown.contains("held by <socat> & \"co\""), "{shown}");
        assert!(shown.contains("next: sanctum services why gateway"), "{shown}");
        // A critical one stays on the screen.
        let time = shown.lines().nth(2).expect("a line");
        assert_eq!(time == "0", severity == Severity::Critical, "{shown}");
    }
}

#[test]
fn a_service_that_reads_markup_gets_none() {
    let (daemon, xvfb, dunst) = need!("dbus-daemon", "Xvfb", "dunst");
    let desktop = Desktop::start((&daemon, &xvfb, &dunst), "full");
    desktop.ready();
    desktop.send(&message(Severity::Error)).expect("delivered");
    let shown = desktop.shown();
    assert!(shown.contains("held by &lt;socat&gt; &amp; "), "{shown}");
}

#[test]
fn a_bus_that_accepts_and_says_nothing_has_ten_seconds() {
    if Tier::of_this_run() == Tier::First {
        return note_skipped(module_path!(), "waits ten seconds");
    }
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("bus");
    let _mute = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
    let bus = format!("unix:path={}", path.display());
    let desktop = Desktop { children: vec![], dir, bus };
    let start = std::time::Instant::now();
    let said = desktop.send(&message(Severity::Critical)).expect_err("no answer");
    assert_eq!(said, "the session's bus did not answer within 10 s");
    assert!((9..=15).contains(&start.elapsed().as_secs()));
}

#[test]
fn a_bus_without_a_service_and_no_bus_are_not_deliveries() {
    let daemon = need!("dbus-daemon");
    let dir = tempfile::tempdir().expect("a folder");
    // A bus that knows no services to start: Debian's would start any that is installed.
    let config = format!(
        "<busconfig><type>session</type><listen>unix:path={}/bus</listen>\
         <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
         <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>",
        dir.path().display()
    );
    let file = dir.path().join("bus.conf");
    fs::write(&file, config).expect("the configuration");
    let file = format!("--config-file={}", file.display());
    let mut bus = start(&daemon, &[&file, "--nofork", "--print-address=1"], &[]);
    let address = first_line(&mut bus);
    let desktop = Desktop { children: vec![bus], dir, bus: address };
    let said = desktop.send(&message(Severity::Error)).expect_err("no service");
    assert!(said.contains("ServiceUnknown") || said.contains("was not provided"), "{said}");
    let gone = Desktop {
        bus: "unix:path=/nonexistent/bus".to_owned(),
        children: vec![],
        dir: tempfile::tempdir().expect("a folder"),
    };
    let said = gone.send(&message(Severity::Error)).expect_err("no bus");
    assert!(said.contains("did not take the message"), "{said}");
}
