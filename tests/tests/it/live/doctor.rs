//! `sanctum doctor` on a machine with a real sshd, the real nft, real listeners and real processes: every fault is
//! made by hand, found by the lint that is about it, and gone when it is put right.
#![expect(clippy::disallowed_methods, reason = "a machine is arranged and asked from outside")]

use super::bed::{
    Guarded, Machine, SANCTUM, Said, house, is_there, on_a_machine, read, sh, until, write,
};
use std::net::{TcpListener, UdpSocket};
use std::process::{Command, Stdio};

const INVENTORY: &str = "/var/lib/sanctum/ssh-inventory.json";

/// The outcome of one lint, and its findings as `subject: message`.
fn ask(machine: &Machine, lint: &str) -> (String, Vec<String>) {
    let said = machine.run(&["doctor", "--json", "--only", lint]);
    let data: serde_json::Value =
        serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    let one = find(&data, lint).unwrap_or_else(|| panic!("{lint}: {data}"));
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let found = one["findings"].as_array().into_iter().flatten();
    let found = found.map(|one| format!("{}: {}", word(&one["subject"]), word(&one["message"])));
    (word(&one["outcome"]), found.collect())
}

/// The verdict of that id, wherever the report has it.
pub(super) fn find<'a>(value: &'a serde_json::Value, id: &str) -> Option<&'a serde_json::Value> {
    match value {
        serde_json::Value::Object(map)
            if map.get("id").is_some_and(|is| is == id) && map.contains_key("outcome") =>
        {
            Some(value)
        }
        serde_json::Value::Object(map) => map.values().find_map(|value| find(value, id)),
        serde_json::Value::Array(all) => all.iter().find_map(|value| find(value, id)),
        _ => None,
    }
}

#[track_caller]
fn holds(machine: &Machine, lint: &str) {
    let (outcome, found) = ask(machine, lint);
    assert_eq!(outcome, "holds", "{lint}: {found:?}");
}

#[track_caller]
fn unseen(machine: &Machine, lint: &str) {
    let (outcome, found) = ask(machine, lint);
    assert_eq!(outcome, "could-not-look", "{lint}: {found:?}");
}

/// Violated, and one finding holds the words.
#[track_caller]
fn violated(machine: &Machine, lint: &str, words: &str) {
    let (outcome, found) = ask(machine, lint);
    assert_eq!(outcome, "violated", "{lint}");
    assert!(found.iter().any(|found| found.contains(words)), "{lint}, {words:?}: {found:?}");
}

#[test]
fn listeners_and_filters_as_they_really_are() {
    on_a_machine("live::doctor::listeners_and_filters_as_they_really_are", |machine| {
        machine.install();
        house(&[], "  ha: {node: hub, ports: [8123], bind: lan, reason: the family}\n");
        machine.apply_and_confirm();
        let lints = [
            "exposure/listener-decided",
            "exposure/udp-decided",
            "exposure/bind-wider",
            "exposure/negative-probe",
            "exposure/nft-as-wanted",
            "exposure/interface-covered",
            "exposure/subnet-overlap",
        ];
        let _own = TcpListener::bind("127.0.0.1:1111").unwrap();
        let lan = TcpListener::bind("192.168.7.10:8123").unwrap();
        for lint in lints {
            holds(machine, lint);
        }
        holds(machine, "exposure/bind-narrower");
        drop(lan);
        let _narrow = TcpListener::bind("127.0.0.1:8123").unwrap();
        violated(
            machine,
            "exposure/bind-narrower",
            "ha: declared `lan`, listens on 127.0.0.1:8123 only",
        );
        let _wide = TcpListener::bind("192.168.7.10:1111").unwrap();
        violated(machine, "exposure/bind-wider", "on network lan, and it is declared `loopback`");
        violated(machine, "exposure/negative-probe", "dashboard: 192.168.7.10:1111 answers");
        let _odd = TcpListener::bind("192.168.7.10:9999").unwrap();
        violated(machine, "exposure/listener-decided", "192.168.7.10:9999: tcp 192.168.7.10:9999");
        let _udp = UdpSocket::bind("0.0.0.0:5353").unwrap();
        violated(machine, "exposure/udp-decided", "0.0.0.0:5353: udp 0.0.0.0:5353");
        sh("sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0");
        holds(machine, "exposure/forwarding-off");
        sh("sysctl -qw net.ipv4.ip_forward=1");
        violated(machine, "exposure/forwarding-off", "IPv4: the kernel passes packets on");
        sh("ip link add odd0 type veth peer name odd1
            ip addr add 192.168.0.1/16 dev odd0 && ip link set odd0 up && ip link set odd1 up");
        violated(machine, "exposure/interface-covered", "odd0: active with 192.168.0.1");
        violated(machine, "exposure/subnet-overlap", "192.168.7.0/24, and odd0 has 192.168.0.0/16");
        sh("nft flush table inet sanctum");
        violated(machine, "exposure/nft-as-wanted", "is wanted");
        sh("nft delete table inet sanctum");
        violated(machine, "exposure/nft-as-wanted", "inet sanctum: the kernel has no such table");
        // Nothing here is systemd, so nobody can say what a boot would load.
        unseen(machine, "exposure/firewall-at-boot");
    });
}

#[test]
fn who_may_not_write_the_journal_still_looks() {
    on_a_machine("live::doctor::who_may_not_write_the_journal_still_looks", |machine| {
        machine.install();
        machine.apply_and_confirm();
        let runs = || {
            let told = machine.run(&["audit", "--json"]).json();
            let all = told["entries"].as_array().cloned().unwrap_or_default();
            all.iter().filter(|one| one["action"] == "doctor.run").count()
        };
        let words = ["doctor", "--json", "--only", "ssh"];
        assert_eq!((&machine.run(&words).json()["recorded"], runs()), (&true.into(), 2));
        let mut owner = machine.as_owner(&[&[SANCTUM], &words[..]].concat());
        let said = Said::of(&owner.env("HOME", "/home/alma").output().unwrap());
        let report = said.json();
        assert_eq!((&report["recorded"], runs()), (&false.into(), 2), "{said:#?}");
        assert!(report["lints"]["counts"]["holds"].as_u64() > Some(0), "{said:#?}");
        // A disk that takes nothing any more.
        sh("mount --bind /var/lib/sanctum /var/lib/sanctum
            mount -o remount,bind,ro /var/lib/sanctum");
        let said = machine.run(&words);
        assert_eq!(said.json()["recorded"], false, "{said:#?}");
        sh("umount /var/lib/sanctum");
        assert_eq!(runs(), 2);
    });
}

#[test]
fn the_ssh_server_and_its_keys_as_they_really_are() {
    on_a_machine("live::doctor::the_ssh_server_and_its_keys_as_they_really_are", |machine| {
        machine.install();
        machine.apply_and_confirm();
        let lints = [
            "ssh/effective-as-wanted",
            "ssh/no-password-or-root",
            "ssh/allow-users",
            "ssh/match-leak",
            "ssh/weak-algorithms",
            "ssh/host-key-modes",
            "ssh/authorized-keys-modes",
            "ssh/server-older-than-disk",
        ];
        for lint in lints {
            holds(machine, lint);
        }
        let other = "/etc/ssh/sshd_config.d/99-other.conf";
        write(other, "AllowUsers berta\n");
        violated(machine, "ssh/allow-users", "berta: may log in");
        write(other, "Match User alma\n  PasswordAuthentication yes\n  LogLevel QUIET\n");
        violated(machine, "ssh/match-leak", "line 1 holds for some callers only: User alma");
        violated(
            machine,
            "ssh/no-password-or-root",
            "passwordauthentication: yes for 3 of 7 callers",
        );
        violated(
            machine,
            "ssh/effective-as-wanted",
            "loglevel is SILENT, wanted VERBOSE (3 of 7 callers)",
        );
        sh(&format!("rm {other}"));
        sh("chmod 640 /etc/ssh/ssh_host_ed25519_key");
        violated(machine, "ssh/host-key-modes", "mode 0640");
        sh("chmod 600 /etc/ssh/ssh_host_ed25519_key && chmod 660 /home/alma/.ssh/authorized_keys");
        violated(
            machine,
            "ssh/authorized-keys-modes",
            "mode 0660: others can decide who logs in as alma",
        );
        sh("chmod 600 /home/alma/.ssh/authorized_keys");
        sh("cp /usr/sbin/sshd /run/sshd-new && mount --bind /run/sshd-new /usr/sbin/sshd");
        violated(machine, "ssh/server-older-than-disk", "runs an older file");
    });
}

#[test]
fn keys_are_held_against_what_the_owner_recorded() {
    on_a_machine("live::doctor::keys_are_held_against_what_the_owner_recorded", |machine| {
        machine.install();
        machine.apply_and_confirm();
        sh("[ -s /etc/machine-id ] || echo 0123456789abcdef0123456789abcdef > /etc/machine-id");
        let lints = ["ssh/host-key-changed", "ssh/host-key-new", "ssh/authorized-keys-drift"];
        for lint in lints {
            unseen(machine, lint);
        }
        machine.nobody(&["doctor", "--record-ssh"]).expect(4, "standard input is no terminal");
        assert_eq!(read(INVENTORY), None);
        record("no");
        assert_eq!(read(INVENTORY), None);
        // What the journal does not take is not recorded here either.
        sh("cd /var/lib/sanctum && mv journal aside && touch journal");
        record("record");
        assert_eq!(read(INVENTORY), None);
        sh("cd /var/lib/sanctum && rm journal && mv aside journal");
        record("record");
        assert!(sh("cat /var/lib/sanctum/journal/sanctum/*.jsonl").contains("doctor.record-ssh"));
        assert_eq!(sh(&format!("stat -c %U:%a {INVENTORY}")), "root:600\n");
        for lint in lints {
            holds(machine, lint);
        }
        sh("ssh-keygen -q -t ed25519 -N '' -f /run/keys/thief
            cat /run/keys/thief.pub >> /home/alma/.ssh/authorized_keys");
        violated(machine, "ssh/authorized-keys-drift", "was not recorded");
        sh(
            "rm /etc/ssh/ssh_host_ed25519_key* && ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key",
        );
        violated(machine, "ssh/host-key-changed", "in the inventory");
        sh("ssh-keygen -q -t ecdsa -b 521 -N '' -f /etc/ssh/ssh_host_new_key");
        violated(machine, "ssh/host-key-new", "is not in the inventory");
        record("record");
        for lint in lints {
            holds(machine, lint);
        }
        write("/etc/machine-id", "fedcba9876543210fedcba9876543210\n");
        violated(
            machine,
            "ssh/host-key-changed",
            "it is not the one that the inventory was taken of",
        );
    });
}

/// The owner at a terminal, who types that, and the password when sudo asks once more.
fn record(word: &str) {
    let sanctum = super::bed::SANCTUM;
    let person = super::bed::PERSON;
    let typed = serde_json::json!([["assword", "open sesame"], ["Type `record`", word]]);
    sh(&format!(
        "setpriv --reuid=alma --regid=alma --init-groups env TYPED='{typed}' \
         {person} sudo -n {sanctum} doctor --record-ssh < /dev/null || true"
    ));
}

#[test]
fn processes_as_they_really_are() {
    on_a_machine("live::doctor::processes_as_they_really_are", |machine| {
        machine.install();
        house(&[], "  ha: {node: hub, ports: [8123], command: [/opt/ha/bin/ha, '600']}\n");
        machine.apply_and_confirm();
        unseen(machine, "services/restart-budget");
        violated(machine, "services/command-missing", "/opt/ha/bin/ha: it is not there");
        sh("install -D /bin/sleep /opt/ha/bin/ha");
        holds(machine, "services/running-is-on-disk");
        holds(machine, "services/program-writable");
        let run = || {
            Guarded(Command::new("/opt/ha/bin/ha").arg("600").stdin(Stdio::null()).spawn().unwrap())
        };
        let child = run();
        sh("install /bin/sleep /opt/ha/bin/ha");
        violated(machine, "services/running-is-on-disk", "runs an older file");
        drop(child);
        holds(machine, "services/running-is-on-disk");
        sh("chmod 777 /opt/ha/bin");
        violated(
            machine,
            "services/program-writable",
            "/opt/ha/bin cannot be trusted: group or others can write it",
        );
        sh("chmod 755 /opt/ha/bin");
        let _squat = TcpListener::bind("127.0.0.1:8123").unwrap();
        violated(machine, "services/port-owner", "ha: tcp 127.0.0.1:8123 is held by");
        holds(machine, "services/secret-in-argv");
        let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
        let _leak = Guarded(
            Command::new("sh")
                .args(["-c", "sleep 600; :", "x", &format!("--token={token}")])
                .spawn()
                .unwrap(),
        );
        violated(machine, "services/secret-in-argv", "argument 4 is");
        let said = machine.run(&["doctor", "--only", "services/secret-in-argv"]);
        assert!(!said.out.contains("a1B2c3") && !said.err.contains("a1B2c3"), "{said:?}");
        write("/home/alma/.bash_history", &format!("ls\nexport GITHUB_TOKEN={token}\n"));
        violated(machine, "services/secret-in-history", "/home/alma/.bash_history:2: it holds");
        // A container engine that does not answer could start anything.
        sh("mkdir /run/none && mount --bind /run/none /usr/local/bin");
        sh(
            ": > /run/no-engine && { test ! -e /usr/bin/docker || mount --bind /run/no-engine /usr/bin/docker; }",
        );
        holds(machine, "services/started-twice");
        write(
            "/etc/cron.d/heal",
            "@reboot root /opt/ha/bin/ha 600\n*/5 * * * * root systemctl restart sanctum-ha\n",
        );
        violated(
            machine,
            "services/started-twice",
            "started by crontab line /etc/cron.d/heal:1 as well",
        );
        violated(
            machine,
            "services/one-guardian",
            "restarted by crontab line /etc/cron.d/heal:2 as well",
        );
    });
}

#[test]
fn an_installed_sanctumd_is_known_by_its_file() {
    on_a_machine("live::doctor::an_installed_sanctumd_is_known_by_its_file", |machine| {
        machine.install();
        machine.apply_and_confirm();
        // As `self install` lays them: a job's path is a link, and a process names the version's own.
        sh("mkdir /opt/sanctum/versions /run/house && mv /opt/sanctum/bin /opt/sanctum/versions/one
            ln -s versions/one /opt/sanctum/bin && cp /opt/sanctum/bin/sanctumd /run/sanctumd");
        let serve = |program: &str, socket: &str| {
            let mut command = Command::new(program);
            command.args(["--only", "journal", "--root", "/run/house", "--socket", socket]);
            let serving = Guarded(command.stdin(Stdio::null()).spawn().unwrap());
            until(20, "the journal is served", || is_there(socket));
            serving
        };
        let installed = serve("/opt/sanctum/bin/sanctumd", "/run/house/one.sock");
        holds(machine, "services/version-skew");
        drop(installed);
        let _other = serve("/run/sanctumd", "/run/house/two.sock");
        violated(machine, "services/version-skew", "is a sanctumd that is not the installed one");
    });
}
