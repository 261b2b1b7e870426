//! `LiveLinux` against a real sshd, the real nft and the real account tools, in namespaces of their own.

use crate::namespace::{inside, sh, write};
use sanctum_host::live::LiveLinux;
use sanctum_host::{Blobs, DirState, FileState, Host, HostError, Observed, Op, Scope, Unit};
use sanctum_types::{AbsPath, AccountName, Mode, Owner};
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::Path;

fn path(text: &str) -> AbsPath {
    AbsPath::new(text).unwrap()
}

fn open() -> LiveLinux {
    LiveLinux::open(Path::new("/run/store")).unwrap()
}

fn put(host: &mut LiveLinux, at: &str, text: &str, owner: &str) -> Result<(), HostError> {
    let mut blobs = Blobs::default();
    let blob = blobs.add(text.as_bytes());
    let state = FileState { blob, mode: Mode::PUBLIC, owner: Owner::new(owner, owner) };
    host.ensure(&Op::File { path: path(at), state }, &blobs)
}

fn act(host: &mut LiveLinux, op: &Op) -> Result<(), HostError> {
    host.ensure(op, &Blobs::default())
}

fn see(host: &LiveLinux, scope: &Scope) -> Observed {
    host.observe(scope, &mut Blobs::default()).unwrap()
}

#[test]
fn accounts_and_real_owners() {
    inside("live_linux::accounts_and_real_owners", || {
        let mut host = open();
        let name = AccountName::new("_sanctum_probe").unwrap();
        let (file, dir) = (path("/etc/sanctum-probe/file"), path("/etc/sanctum-probe"));
        let scope = Scope {
            paths: [file.clone(), dir.clone()].into(),
            accounts: [name.clone()].into(),
            ..Scope::default()
        };
        assert_eq!(see(&host, &scope), Observed::default());
        assert!(put(&mut host, dir.as_str(), "x", "_sanctum_probe").is_err());
        let add = Op::Account { name: name.clone() };
        act(&mut host, &add).unwrap();
        act(&mut host, &add).unwrap();
        let line = sh("getent passwd _sanctum_probe");
        assert!(line.ends_with(":/nonexistent:/usr/sbin/nologin\n"), "{line}");
        let state = DirState { mode: Mode::OPEN_DIR, owner: Owner::new("root", "root") };
        act(&mut host, &Op::Dir { path: dir.clone(), state }).unwrap();
        for text in ["one", "two"] {
            put(&mut host, file.as_str(), text, "_sanctum_probe").unwrap();
        }
        let seen = see(&host, &scope);
        assert_eq!(seen.files[&file].owner, Owner::new("_sanctum_probe", "_sanctum_probe"));
        assert_eq!(seen.files[&file].blob, Blobs::digest(b"two"));
        assert_eq!(
            sh("stat -c %U:%G:%a /etc/sanctum-probe/file"),
            "_sanctum_probe:_sanctum_probe:644\n"
        );
        assert!(seen.accounts.contains(&name));
        // A person's account is neither an owner nor ours to remove.
        assert!(put(&mut host, file.as_str(), "x", "nobody").is_err());
        let nobody = AccountName::new("nobody").unwrap();
        assert!(act(&mut host, &Op::NoAccount { name: nobody.clone() }).is_err());
        assert!(act(&mut host, &Op::Account { name: nobody }).is_err());
        for gone in [Op::Absent { path: file }, Op::Absent { path: dir }, Op::NoAccount { name }] {
            act(&mut host, &gone).unwrap();
            act(&mut host, &gone).unwrap();
        }
        assert_eq!(see(&host, &scope), Observed::default());
        assert!(sh("getent group _sanctum_probe || true").is_empty());
    });
}

const TABLE: &str = "\
table inet sanctum {}
delete table inet sanctum
table inet sanctum {
    chain input {
        type filter hook input priority 0; policy accept;
        tcp dport 1977 counter drop
    }
}
";

#[test]
fn a_table_is_loaded_read_back_and_removed() {
    inside("live_linux::a_table_is_loaded_read_back_and_removed", || {
        let mut host = open();
        let file = "/etc/sanctum.nft";
        let unit = Unit::NftTable { family: "inet".to_owned(), name: "sanctum".to_owned() };
        let scope = Scope { units: [unit.clone()].into(), ..Scope::default() };
        let load = Op::Loaded { unit: unit.clone(), from: path(file) };
        sh("nft add table inet other");
        assert!(act(&mut host, &load).is_err(), "the file is absent");
        put(&mut host, file, TABLE, "root").unwrap();
        assert!(see(&host, &scope).loaded.is_empty());
        for _ in 0..2 {
            act(&mut host, &load).unwrap();
            let seen = &see(&open(), &scope).loaded[&unit];
            assert_eq!(seen.blob, Some(Blobs::digest(TABLE.as_bytes())));
            assert_eq!(seen.from, Some(path(file)));
            assert_eq!(sh("nft list table inet sanctum | grep -c 1977"), "1\n");
        }
        sh("nft add chain inet sanctum foreign");
        assert_eq!(see(&host, &scope).loaded[&unit].blob, None, "a foreign edit is not ours");
        act(&mut host, &load).unwrap();
        assert!(see(&host, &scope).loaded[&unit].blob.is_some());
        for bad in [
            TABLE.replace("delete table inet sanctum", ""),
            TABLE.replace("delete table inet sanctum", "flush ruleset; delete table inet sanctum"),
            TABLE.replace("dport 1977", "dport 65536"),
        ] {
            put(&mut host, file, &bad, "root").unwrap();
            assert!(act(&mut host, &load).is_err(), "{bad}");
            assert_eq!(
                see(&host, &scope).loaded[&unit].blob,
                Some(Blobs::digest(TABLE.as_bytes()))
            );
        }
        for _ in 0..2 {
            act(&mut host, &Op::Unloaded { unit: unit.clone() }).unwrap();
            assert!(see(&host, &scope).loaded.is_empty());
        }
        assert_eq!(sh("nft list tables"), "table inet other\n");
        let words =
            Unit::NftTable { family: "inet".to_owned(), name: "x; flush ruleset".to_owned() };
        assert!(act(&mut host, &Op::Unloaded { unit: words }).is_err());
    });
}

fn greeting() -> String {
    let mut line = String::new();
    let server = TcpStream::connect(("127.0.0.1", 2222)).unwrap();
    BufReader::new(server).read_line(&mut line).unwrap();
    line.trim_end().rsplit(' ').next().unwrap().to_owned()
}

fn sshd_pid() -> String {
    sh("for n in $(seq 100); do [ -s /run/sshd.pid ] && break; sleep 0.05; done; cat /run/sshd.pid")
}

#[test]
fn a_running_sshd_reads_its_files_again() {
    inside("live_linux::a_running_sshd_reads_its_files_again", || {
        let mut host = open();
        write(
            "/etc/ssh/sshd_config",
            "Include /etc/ssh/sshd_config.d/*.conf\nPort 2222\nListenAddress 127.0.0.1\n\
             VersionAddendum stock\nHostKey /etc/ssh/probe_key\n",
        );
        sh("rm -f /etc/ssh/sshd_config.d/*; ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/probe_key");
        let drop_in = "/etc/ssh/sshd_config.d/00-sanctum.conf";
        let load = Op::Loaded { unit: Unit::Sshd, from: path(drop_in) };
        let scope = Scope { units: [Unit::Sshd].into(), ..Scope::default() };
        put(&mut host, drop_in, "VersionAddendum early\n", "root").unwrap();
        // No server runs: the configuration is checked and that is all.
        act(&mut host, &load).unwrap();
        sh("/usr/sbin/sshd");
        let pid = sshd_pid();
        assert_eq!(greeting(), "early");
        put(&mut host, drop_in, "VersionAddendum first\n", "root").unwrap();
        assert_eq!(greeting(), "early", "a file alone changes nothing");
        act(&mut host, &load).unwrap();
        assert_eq!((greeting().as_str(), sshd_pid()), ("first", pid.clone()));
        let seen = see(&open(), &scope).loaded[&Unit::Sshd].blob;
        assert_eq!(seen, Some(Blobs::digest(b"VersionAddendum first\n")));
        put(&mut host, drop_in, "NoSuchOption yes\n", "root").unwrap();
        let refusal = act(&mut host, &load).unwrap_err().to_string();
        assert!(refusal.contains("NoSuchOption"), "{refusal}");
        assert_eq!(greeting(), "first", "a bad file never reaches the server");
        act(&mut host, &Op::Absent { path: path(drop_in) }).unwrap();
        act(&mut host, &Op::Unloaded { unit: Unit::Sshd }).unwrap();
        assert_eq!((greeting().as_str(), sshd_pid()), ("stock", pid.clone()));
        assert!(see(&host, &scope).loaded.is_empty());
        // The server removes its pid file when it ends.
        let pid = pid.trim();
        sh(&format!("kill {pid}; while [ -e /run/sshd.pid ]; do sleep 0.05; done"));
        // A stale pid file names a process that is not sshd, and that SIGHUP would end.
        sh("sleep 60 > /dev/null 2>&1 & echo $! > /run/sshd.pid");
        act(&mut host, &Op::Unloaded { unit: Unit::Sshd }).unwrap();
        sh("kill $(cat /run/sshd.pid)");
    });
}

#[test]
fn what_this_machine_does_not_have_is_refused() {
    inside("live_linux::what_this_machine_does_not_have_is_refused", || {
        let mut host = open();
        put(&mut host, "/etc/probe.service", "[Service]\n", "root").unwrap();
        let from = path("/etc/probe.service");
        for unit in [
            Unit::SystemdUnit { name: "probe.service".to_owned() },
            Unit::PfAnchor { name: "sanctum".to_owned() },
        ] {
            let answer = act(&mut host, &Op::Loaded { unit, from: from.clone() });
            assert!(matches!(answer, Err(HostError::Unsupported { .. })), "{answer:?}");
        }
        for open_to_others in ["/tmp/store", "/run/../run/store", "store"] {
            assert!(LiveLinux::open(Path::new(open_to_others)).is_err(), "{open_to_others}");
        }
        // Looking makes no store.
        assert!(!Path::new("/run/store").try_exists().unwrap());
    });
}
