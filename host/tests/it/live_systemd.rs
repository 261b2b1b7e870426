//! `LiveLinux` against a stand-in for systemctl that starts, restarts and stops what the units say.
//!
//! What this proves is our own order of calls and what we conclude from answers, not that systemd answers so.

use crate::namespace::{inside, missing, program, sh, write};
use sanctum_host::live::LiveLinux;
use sanctum_host::{Blobs, FileState, Host, HostError, LoadedState, Op, Scope, Store, Unit};
use sanctum_types::{AbsPath, Mode, Owner};
use std::path::Path;
use std::time::Duration;

/// Knows the units that it has read, and runs the definition that it had read when they were started. Stopping
/// the service that the caller runs in ends the caller, and a start waits for services on their way up.
const SYSTEMCTL: &str = r#"#!/bin/sh
s=/run/sd; etc=/etc/systemd/system; for unit; do :; done
echo "$*" >> $s/log
has() { case " $args " in *" $1 "*) ;; *) return 1 ;; esac; }
args="$*"
file() { [ -e $s/read.$unit ] || { echo "Unit file $unit does not exist." >&2; exit 1; }; }
start() {
  file
  has --no-block && { echo $unit >> $s/queued; exit 0; }
  [ -e $s/activating ] && { echo 'the job waits for ever' >&2; exit 1; }
  run=$(sed -n 's/^ExecStart=//p' $s/read.$unit)
  grep -q ^Type=oneshot $s/read.$unit && { $run || exit 1; }
  grep -q refuses $s/read.$unit || cp $s/read.$unit $s/active.$unit
}
stop() { grep -qs /$unit$ $s/cgroup && kill -9 $PPID; rm -f $s/active.$unit; }
case $1 in
daemon-reload) rm -f $s/read.*; for f in $etc/*.service $etc/*.timer; do [ -f $f ] && cp $f $s/read.${f##*/}; done; true ;;
enable) file; touch $s/enabled.$unit; has --now && start; true ;;
disable) file; rm -f $s/enabled.$unit; has --now && stop; true ;;
restart) [ ! -e $s/active.$unit ] || has --no-block || stop; start ;;
start) [ -e $s/active.$unit ] || start ;;
stop) stop ;;
reload) [ -e $s/active.$unit ] && if [ -e $s/told ]; then
  setsid sh -c "sleep 0.5; kill -HUP $(cat $s/main)" > /dev/null 2>&1 &
fi ;;
show)
  loaded=loaded; [ -e $s/read.$unit ] || loaded=not-found
  new=no; [ -e $etc/$unit ] && ! cmp -s $etc/$unit $s/read.$unit && new=yes
  active=inactive; [ -e $s/active.$unit ] && active=active
  grep -qsx $unit $s/activating && active=activating
  grep -qs ^Type=oneshot $s/read.$unit && echo Type=oneshot
  enabled=disabled; [ -e $s/enabled.$unit ] && enabled=enabled
  [ -e $s/main ] && echo MainPID=$(cat $s/main)
  printf 'LoadState=%s\nActiveState=%s\nUnitFileState=%s\nNeedDaemonReload=%s\nFragmentPath=%s\n' $loaded $active $enabled $new $etc/$unit ;;
*) exit 64 ;;
esac
"#;

const STORE: &str = "/run/store";

fn path(text: &str) -> AbsPath {
    AbsPath::new(text).unwrap()
}

fn unit(name: &str) -> Unit {
    Unit::SystemdUnit { name: name.to_owned() }
}

fn file(name: &str) -> AbsPath {
    path(&format!("/etc/systemd/system/{name}"))
}

fn open() -> LiveLinux {
    LiveLinux::open(Path::new(STORE)).unwrap()
}

/// A host whose systemctl is the stand-in; none where there is no program to put it over.
fn prepare() -> Option<LiveLinux> {
    if !Path::new("/usr/bin/systemctl").try_exists().unwrap() {
        missing("systemctl, to put the stand-in over");
        return None;
    }
    sh("mkdir -p /run/systemd/system /run/sd /etc/systemd/system; rm -rf /etc/systemd/system/*");
    program("/run/sd/systemctl", SYSTEMCTL);
    sh("mount --bind /run/sd/systemctl /usr/bin/systemctl");
    Some(open())
}

fn put(host: &mut LiveLinux, at: &AbsPath, text: &str) {
    let mut blobs = Blobs::default();
    let blob = blobs.add(text.as_bytes());
    let state = FileState { blob, mode: Mode::PUBLIC, owner: Owner::new("root", "root") };
    host.ensure(&Op::File { path: at.clone(), state }, &blobs).unwrap();
}

fn act(host: &mut LiveLinux, op: &Op) -> Result<(), HostError> {
    host.ensure(op, &Blobs::default())
}

fn load(host: &mut LiveLinux, name: &str) -> Result<(), HostError> {
    act(host, &Op::Loaded { unit: unit(name), from: file(name) })
}

fn unload(host: &mut LiveLinux, name: &str) {
    act(host, &Op::Unloaded { unit: unit(name) }).unwrap();
}

fn see(name: &str) -> Option<LoadedState> {
    let scope = Scope { units: [unit(name)].into(), ..Scope::default() };
    open().observe(&scope, &mut Blobs::default()).unwrap().loaded.remove(&unit(name))
}

/// What was called since the last look, without questions.
fn log() -> String {
    let said = sh("touch /run/sd/log; grep -v ^show /run/sd/log || true");
    sh("rm /run/sd/log");
    said
}

/// Makes this process look as if it ran in that service, which systemd waits for.
fn run_in(name: &str) {
    write("/run/sd/cgroup", &format!("0::/system.slice/{name}\n"));
    write("/run/sd/activating", &format!("{name}\n"));
    sh(&format!("mount --bind /run/sd/cgroup /proc/{}/cgroup", std::process::id()));
}

#[test]
fn a_unit_runs_the_definition_that_its_file_holds() {
    inside("live_systemd::a_unit_runs_the_definition_that_its_file_holds", || {
        let Some(mut host) = prepare() else { return };
        let name = "probe.service";
        assert!(see(name).is_none());
        for text in ["[Service]\nExecStart=/bin/true\n", "[Service]\nExecStart=/bin/false\n"] {
            put(&mut host, &file(name), text);
            load(&mut host, name).unwrap();
            assert_eq!(sh("cat /run/sd/active.probe.service"), text);
            assert_eq!(see(name).unwrap().blob, Some(Blobs::digest(text.as_bytes())));
        }
        sh(&format!("echo '# edited' >> {}", file(name)));
        assert_eq!(see(name).unwrap().blob, None, "systemd has not read this");
        for _ in 0..2 {
            unload(&mut host, name);
            assert!(see(name).is_none());
        }
        put(&mut host, &file(name), "refuses to start\n");
        assert!(matches!(load(&mut host, name), Err(HostError::ReadBack { .. })));
        let glob = Op::Unloaded { unit: unit("*") };
        assert!(matches!(act(&mut host, &glob), Err(HostError::Unsupported { .. })));
    });
}

#[test]
fn a_unit_that_lost_its_file_is_stopped_all_the_same() {
    inside("live_systemd::a_unit_that_lost_its_file_is_stopped_all_the_same", || {
        let Some(mut host) = prepare() else { return };
        let name = "probe.service";
        put(&mut host, &file(name), "[Service]\nExecStart=/bin/true\n");
        load(&mut host, name).unwrap();
        act(&mut host, &Op::Absent { path: file(name) }).unwrap();
        assert!(see(name).is_some());
        unload(&mut host, name);
        assert!(see(name).is_none());
    });
}

#[test]
fn with_systemd_the_ssh_server_is_reloaded_through_its_unit() {
    inside("live_systemd::with_systemd_the_ssh_server_is_reloaded_through_its_unit", || {
        let Some(mut host) = prepare() else { return };
        sh("ssh-keygen -A; rm -f /etc/ssh/sshd_config.d/*; touch /run/sd/active.ssh.service");
        let from = path("/etc/ssh/sshd_config.d/00-sanctum.conf");
        put(&mut host, &from, "MaxAuthTries 2\n");
        act(&mut host, &Op::Loaded { unit: Unit::Sshd, from }).unwrap();
        assert_eq!(log(), "reload -- ssh.service\n");
    });
}

/// systemd is done with a reload when it has sent the signal; the server is not.
#[test]
fn a_reload_ends_when_the_server_has_taken_it() {
    inside("live_systemd::a_reload_ends_when_the_server_has_taken_it", || {
        let Some(mut host) = prepare() else { return };
        sh("ssh-keygen -A; rm -f /etc/ssh/sshd_config.d/*; touch /run/sd/active.ssh.service");
        write(
            "/etc/ssh/sshd_config",
            "Include /etc/ssh/sshd_config.d/*.conf\nPort 2222\nListenAddress 127.0.0.1\n",
        );
        sh(
            "mkdir -p /run/sshd; /usr/sbin/sshd; for n in $(seq 100); do [ -s /run/sshd.pid ] && break; sleep 0.05; done",
        );
        let stamp = || sh("stat -c %i:%z /run/sshd.pid");
        let from = path("/etc/ssh/sshd_config.d/00-sanctum.conf");
        put(&mut host, &from, "MaxAuthTries 2\n");
        let mut load = || act(&mut host, &Op::Loaded { unit: Unit::Sshd, from: from.clone() });
        // It is another server's file: nothing is concluded from it.
        load().unwrap();
        sh("cp /run/sshd.pid /run/sd/main; touch /run/sd/told");
        let before = stamp();
        load().unwrap();
        assert_ne!(stamp(), before, "the server wrote its file again before the verb was over");
        sh("rm /run/sd/told");
        assert!(matches!(load(), Err(HostError::ReadBack { .. })), "it was told nothing");
        sh("kill $(cat /run/sshd.pid)");
    });
}

/// The job at boot waits for the store's lock, which whoever loads it holds.
#[test]
fn a_job_of_boot_is_enabled_and_not_started() {
    inside("live_systemd::a_job_of_boot_is_enabled_and_not_started", || {
        let Some(mut host) = prepare() else { return };
        let name = "boot.service";
        program("/run/sd/job", "#!/bin/sh\nexec flock --timeout 1 /run/store/lock true\n");
        let text =
            "[Service]\nType=oneshot\nExecStart=/run/sd/job\n[Install]\nWantedBy=sysinit.target\n";
        put(&mut host, &file(name), text);
        let store = Store::open(Path::new(STORE)).unwrap();
        let lock = store.lock(Duration::ZERO).unwrap();
        // The stand-in really starts it: with the lock held that fails.
        let forced = sh(
            "systemctl daemon-reload; systemctl enable --now -- boot.service && echo 0 || echo 1",
        );
        assert_eq!(forced, "1\n");
        log();
        for _ in 0..2 {
            load(&mut host, name).unwrap();
            assert_eq!(see(name).unwrap().blob, Some(Blobs::digest(text.as_bytes())));
        }
        drop(lock);
        assert!(!log().contains("start"));
        sh("systemctl disable -- boot.service");
        assert!(see(name).is_none(), "what is not enabled does nothing at the next boot");
        load(&mut host, name).unwrap();
        unload(&mut host, name);
        assert!(see(name).is_none());
    });
}

#[test]
fn the_unit_that_takes_a_change_back_does_not_stop_itself() {
    inside("live_systemd::the_unit_that_takes_a_change_back_does_not_stop_itself", || {
        let Some(mut host) = prepare() else { return };
        let (own, other) = ("boot.service", "probe.service");
        let oneshot = "[Service]\nType=oneshot\nExecStart=/bin/true\n";
        put(&mut host, &file(own), oneshot);
        put(&mut host, &file(other), "[Service]\nExecStart=/bin/true\n");
        load(&mut host, own).unwrap();
        run_in(own);
        log();
        // The stand-in answers that a start which is waited for never ends.
        load(&mut host, other).unwrap();
        assert_eq!(sh("cat /run/sd/queued"), "probe.service\n");
        put(&mut host, &file(own), &format!("{oneshot}# another\n"));
        load(&mut host, own).unwrap();
        unload(&mut host, own);
        assert!(see(own).is_none());
        act(&mut host, &Op::Absent { path: file(own) }).unwrap();
        unload(&mut host, own);
        assert!(see(own).is_none());
        let said = log();
        assert!(said.contains("\ndisable -- boot.service\n"), "{said}");
        assert!(!said.contains("--now"), "{said}");
        sh("rm /run/sd/activating");
        load(&mut host, other).unwrap();
        unload(&mut host, other);
        assert!(log().contains("\ndisable --now -- probe.service\n"));
    });
}

/// A scheduled job's service has no verb of its own, so its file is all that changes.
#[test]
fn a_change_of_any_unit_file_is_read() {
    inside("live_systemd::a_change_of_any_unit_file_is_read", || {
        let Some(mut host) = prepare() else { return };
        let (timer, service) = ("probe.timer", "probe.service");
        put(&mut host, &file(service), "[Service]\nType=oneshot\nExecStart=/bin/true\n");
        put(&mut host, &file(timer), "[Timer]\nOnCalendar=daily\n");
        load(&mut host, timer).unwrap();
        log();
        put(&mut host, &file(service), "[Service]\nType=oneshot\nExecStart=/bin/false\n");
        assert_eq!(log(), "daemon-reload\n");
        assert!(see(timer).unwrap().blob.is_some());
        put(&mut host, &path("/etc/elsewhere"), "x");
        assert_eq!(log(), "");
        sh("echo '# edited' >> /etc/systemd/system/probe.service");
        assert_eq!(see(timer).unwrap().blob, None, "systemd would run what it read before");
        act(&mut host, &Op::Absent { path: file(service) }).unwrap();
        assert_eq!(log(), "daemon-reload\n");
        assert!(see(timer).unwrap().blob.is_some());
    });
}
