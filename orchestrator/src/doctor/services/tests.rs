#![expect(clippy::disallowed_methods, reason = "tests start and replace programs")]

use super::guardians::{Kind, Sources, others};
use super::*;
use crate::doctor::eyes::Eyes;
use crate::doctor::fixture::{barn, file, hub};
use crate::doctor::launchd::LoadedJob;
use crate::doctor::looked::{Looked, Need};
use crate::doctor::report::{Outcome, Verdict};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};

fn ha(node: &str, program: &str) -> serde_json::Value {
    json!({ "services": { "ha": { "node": node, "ports": [8123], "command": [program] } } })
}

fn messages(lint: &'static Lint, looked: &Looked) -> Vec<String> {
    match Verdict::of(lint, looked).outcome {
        Outcome::Violated(found) => found.into_iter().map(|found| found.message).collect(),
        Outcome::Holds(_) => Vec::new(),
        Outcome::CouldNotLook => panic!("{}: {:?}", lint.id, Verdict::of(lint, looked).unseen),
    }
}

#[test]
fn everybody_who_can_start_a_service_again() {
    let mut looked = hub(&ha("hub", "/opt/ha/bin/ha"))
        .with_command("ha", &["/opt/ha/bin/ha"])
        .with_command("heal", &["/opt/heal.sh"])
        .with_plist(
            "/Library/LaunchAgents/old.plist",
            "old",
            "<key>ProgramArguments</key><array><string>/bin/sh</string><string>/opt/ha/bin/ha</string></array>",
        )
        .with_named(
            "/opt/heal.sh",
            Some(file(0o755)),
            "#!/bin/sh\nlaunchctl kickstart -k system/com.sanctum.ha\n",
        )
        .with_named("/opt/other.sh", Some(file(0o755)), "#!/bin/sh\necho com.sanctum.ha\n");
    let keepers = looked.keepers.as_mut().unwrap();
    keepers.cron.all.extend(look::read_crontab(
        "/etc/crontab",
        "@reboot root /opt/ha/bin/ha\n* * * * * root /bin/true\n",
        true,
    ));
    keepers.containers.all.extend(
        ["/other always 8123", "/ha unless-stopped", "/off no 8123"]
            .iter()
            .filter_map(|line| look::read_container(line)),
    );
    keepers.units.all.push(UnitFile {
        name: "legacy.service".to_owned(),
        text: "[Service]\nExecStart=-/opt/ha/bin/ha --x\n".to_owned(),
    });
    let (plists, named) = (looked.plists.as_ref().unwrap(), looked.named.as_ref().unwrap());
    let sources = Sources { plists, named, keepers: looked.keepers.as_ref().unwrap() };
    let job =
        looked.wanted.as_ref().unwrap().jobs.iter().find(|job| job.name.as_str() == "ha").unwrap();
    let found = others(job, sources);
    let shown: BTreeSet<(Kind, &str, bool)> =
        found.iter().map(|one| (one.kind, one.name.as_str(), one.starts)).collect();
    assert_eq!(
        shown,
        [
            (Kind::Launchd, "old", true),
            (Kind::Systemd, "legacy.service", true),
            (Kind::Cron, "/etc/crontab:1", true),
            (Kind::Container, "ha", true),
            (Kind::Container, "other", true),
            (Kind::Script, "/opt/heal.sh", false),
        ]
        .into()
    );
    assert_eq!(
        messages(&one_guardian::LINT, &looked),
        ["restarted by script /opt/heal.sh as well"]
    );
}

#[test]
fn restarts_and_supervision_by_launchd() {
    let job = |runs, pid| LoadedJob {
        domain: "system".to_owned(),
        label: "com.sanctum.ha".to_owned(),
        runs: Some(runs),
        pid: Some(pid),
        ..LoadedJob::default()
    };
    let house = || hub(&ha("hub", "/opt/ha/bin/ha"));
    assert_eq!(messages(&restart_budget::LINT, &house().with_loaded(job(4, 400))).len(), 0);
    assert_eq!(messages(&restart_budget::LINT, &house().with_loaded(job(5, 400))).len(), 1);
    let mut patient = house().with_loaded(job(5, 400));
    patient.ground.instance.supervision.budget.restarts = 4;
    assert_eq!(messages(&restart_budget::LINT, &patient).len(), 0);
    let held = |pid| {
        house()
            .with_listener("tcp 127.0.0.1:8123", "/opt/ha/bin/ha")
            .with_running("ha", "/opt/ha/bin/ha", 7, 7)
            .with_loaded(job(1, pid))
    };
    assert_eq!(messages(&supervised::LINT, &held(400)).len(), 0);
    assert_eq!(messages(&supervised::LINT, &held(401)).len(), 1);
    let mut child = held(300);
    // A worker below the process that launchd started.
    let one = &mut child.processes.as_mut().unwrap().all;
    one[0].parent = 300;
    let mut parent = one[0].clone();
    (parent.pid, parent.parent) = (300, 1);
    one.push(parent);
    assert_eq!(messages(&supervised::LINT, &child).len(), 0);
}

#[test]
fn an_owner_that_cannot_be_seen_is_not_the_right_one_either() {
    let mut looked = barn(&ha("barn", "/opt/ha/bin/ha"))
        .with_program("/opt/ha/bin/ha", None)
        .with_listener("tcp 127.0.0.1:8123", "/opt/ha/bin/ha");
    looked.listeners.as_mut().unwrap().all[0].owners = sanctum_host::sockets::Owners::CouldNotSee;
    assert_eq!(Verdict::of(&port_owner::LINT, &looked).outcome, Outcome::CouldNotLook);
    looked.listeners.as_mut().unwrap().all[0].owners = sanctum_host::sockets::Owners::Nobody;
    assert_eq!(messages(&port_owner::LINT, &looked).len(), 1);
}

/// A child that ends with its test.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What this machine shows of processes to the lint, of the children of this test only.
fn live(looked: Looked, pid: u32) -> Looked {
    let eyes = Eyes::on_machine(&looked.ground);
    let mut processes = Looked::gather(&eyes, &[Need::Processes].into()).processes;
    processes.as_mut().unwrap().all.retain(|one| one.pid == pid);
    Looked { processes, ..looked }
}

fn start(program: &Path, args: &[&str]) -> Ends {
    let child = Ends(Command::new(program).args(args).stdin(Stdio::null()).spawn().unwrap());
    let is = || std::fs::read_link(format!("/proc/{}/exe", child.0.id())).unwrap();
    while is() != std::fs::canonicalize(program).unwrap() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    child
}

#[test]
fn a_program_that_is_replaced_under_its_process() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().canonicalize().unwrap().join("ha");
    std::fs::copy("/bin/sleep", &path).unwrap();
    let looked = || barn(&ha("barn", path.to_str().unwrap()));
    let child = start(&path, &["300"]);
    let pid = child.0.id();
    assert_eq!(messages(&running_is_on_disk::LINT, &live(looked(), pid)).len(), 0);
    assert_eq!(messages(&binary_newer::LINT, &live(looked(), pid)).len(), 0);
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    std::fs::File::open(&path).unwrap().set_modified(later).unwrap();
    assert_eq!(messages(&binary_newer::LINT, &live(looked(), pid)).len(), 1);
    std::fs::copy("/bin/sleep", dir.path().join("new")).unwrap();
    std::fs::rename(dir.path().join("new"), &path).unwrap();
    let said = messages(&running_is_on_disk::LINT, &live(looked(), pid));
    assert_eq!(said, [format!("process {pid} runs an older file than the one that is there now")]);
    std::fs::remove_file(&path).unwrap();
    let said = messages(&running_is_on_disk::LINT, &live(looked(), pid));
    assert_eq!(said, [format!("process {pid} runs a file that is not there any more")]);
}

#[test]
fn a_credential_in_the_arguments_of_a_real_process_is_named_and_never_shown() {
    let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let child =
        start(Path::new("/bin/sh"), &["-c", "sleep 300; :", "x", &format!("--token={token}")]);
    let looked = live(barn(&json!({})), child.0.id());
    let verdict = Verdict::of(&secret_in_argv::LINT, &looked);
    let shown = format!("{} {:?}", verdict.json(), looked.processes);
    assert!(matches!(verdict.outcome, Outcome::Violated(_)), "{shown}");
    assert!(shown.contains("argument 4 is") && !shown.contains("a1B2c3"), "{shown}");
}

#[test]
fn crontabs_units_and_histories_below_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let path = dir.path().join(path.trim_start_matches('/'));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put("/etc/crontab", "# m h\n@reboot root /opt/ha/bin/ha\n");
    put("/etc/cron.d/heal", "*/5 * * * * root systemctl restart sanctum-ha\n");
    put("/var/spool/cron/crontabs/neo", "* * * * * /opt/neo.sh\n");
    put("/etc/systemd/system/legacy.service", "[Service]\nExecStart=/opt/ha/bin/ha\n");
    put("/etc/systemd/system/legacy.service.d/x.conf", "[Service]\n");
    put(
        "/Users/operator/.zsh_history",
        "export GITHUB_TOKEN=ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8\n",
    );
    let looked = barn(&ha("barn", "/opt/ha/bin/ha"));
    let eyes = Eyes::below(&looked.ground, dir.path()).unwrap();
    let seen = Looked::gather(&eyes, &[Need::Keepers, Need::Histories].into());
    let looked = Looked { keepers: seen.keepers, histories: seen.histories, ..looked };
    assert_eq!(
        messages(&started_twice::LINT, &looked),
        ["started by systemd unit legacy.service and by crontab line /etc/crontab:2 as well"]
    );
    assert_eq!(
        messages(&one_guardian::LINT, &looked),
        ["restarted by crontab line /etc/cron.d/heal:1 as well"]
    );
    let found = messages(&secret_in_history::LINT, &looked);
    assert!(found.len() == 1 && !found[0].contains("a1B2"), "{found:?}");
}
