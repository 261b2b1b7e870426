//! `LiveMac` against stand-ins for Apple's programs, which model the traps that are known of the real ones.
//!
//! What this proves is our own order of calls and what we conclude from answers, not that a Mac answers so.

use crate::namespace::{inside, program, sh, write};
use sanctum_host::command::Program;
use sanctum_host::live::{LiveMac, Programs};
use sanctum_host::tree::Tree;
use sanctum_host::{Blobs, FileState, Host, HostError, Observed, Op, Scope, Unit};
use sanctum_types::{AbsPath, AccountName, JobLabel, Mode, Owner};
use std::path::Path;

/// A job goes away three looks after its bootout, and bootstrap fails with error 5 twice.
const LAUNCHCTL: &str = r#"#!/bin/sh
s=/run/mac/state; echo "launchctl $*" >> $s/log; job=$s/job.${2#system/}
case $1 in
enable) touch $s/enabled.${2#system/} ;;
print)
  [ -e $job ] || exit 113
  if [ -e $job.left ]; then
    n=$(cat $job.left); [ $n = 0 ] && { rm $job $job.left; exit 113; }
    echo $((n - 1)) > $job.left
  fi
  printf '%s = {\n\tactive count = 1\n\tpath = %s\n' $2 $(cat $job)
  [ ! -e $s/pid.${2#system/} ] || printf '\n\tpid = %s\n' $(cat $s/pid.${2#system/}); echo '}' ;;
bootout) [ -e $job ] || exit 3; [ ! -e $s/pid.${2#system/} ] || kill -9 $(cat $s/pid.${2#system/}); echo 2 > $job.left; exit 36 ;;
bootstrap)
  label=$(sed -n 's/^label //p' $3); n=$(cat $s/fives 2>/dev/null || echo 0)
  [ -e $s/enabled.$label ] && [ ! -e $s/job.$label ] && [ $n -ge 2 ] || {
    echo $((n + 1)) > $s/fives; echo 'Bootstrap failed: 5: Input/output error' >&2; exit 5; }
  rm -f $s/fives; echo $3 > $s/job.$label ;;
*) exit 64 ;;
esac
"#;

/// Says its ALTQ remark on every call; pf is on while anybody holds a token.
const PFCTL: &str = r#"#!/bin/sh
s=/run/mac/state; echo "pfctl $*" >> $s/log; mkdir -p $s/tokens
echo 'No ALTQ support in kernel' >&2; echo 'ALTQ related functions disabled' >&2
key() { echo "$1" | tr / _; }
case "$*" in
-E) t=$(($(cat $s/last 2>/dev/null || echo 1000) + 1)); echo $t > $s/last; touch $s/tokens/$t
  echo 'pf enabled' >&2; echo "Token : $t" >&2 ;;
-X\ *) rm $s/tokens/$2 || exit 1 ;;
"-s References") for t in $s/tokens/*; do [ -e $t ] && echo "312 pfctl $(basename $t) 0 days 00:00:01"; done; true ;;
"-s info") [ -n "$(ls $s/tokens)" ] && echo 'Status: Enabled for 0 days' || echo 'Status: Disabled' ;;
"-n -a "*) grep -q bad $5 && { echo "$5:1: syntax error" >&2; exit 1; }; true ;;
"-a "*" -f "*) grep -v '^#' $4 > $s/anchor.$(key $2) ;;
"-a "*" -sr") cat $s/anchor.$(key $2) 2>/dev/null; true ;;
"-a "*" -F rules") rm -f $s/anchor.$(key $2) ;;
*) exit 64 ;;
esac
"#;

/// Writes the account database that this Linux reads, once a record has its number.
const DSCL: &str = r#"#!/bin/sh
s=/run/mac/state; echo "dscl $*" >> $s/log; name=${3##*/}
case "$2 $3 $4" in
"-list /Users UniqueID") awk -F: '{ print $1 "   " $3 }' /etc/passwd ;;
"-list /Groups PrimaryGroupID") awk -F: '{ print $1 "   " $3 }' /etc/group ;;
"-create /Groups/"*" PrimaryGroupID") echo "$name:x:$5:" >> /etc/group ;;
"-create /Users/"*" PrimaryGroupID") echo $5 > $s/gid ;;
"-create /Users/"*" UniqueID") echo "$name:x:$5:$(cat $s/gid)::/var/empty:/usr/bin/false" >> /etc/passwd ;;
"-create "*) ;;
"-delete /Users/"*) sed -i "/^$name:/d" /etc/passwd ;;
"-delete /Groups/"*) sed -i "/^$name:/d" /etc/group ;;
*) exit 64 ;;
esac
"#;

const SSHD: &str = "#!/bin/sh\n[ \"$*\" = -t ] && [ ! -e /run/mac/state/bad-sshd ]\n";

fn path(text: &str) -> AbsPath {
    AbsPath::new(text).unwrap()
}

fn open() -> LiveMac {
    let at = |name: &str| Program::new(path(&format!("/run/mac/bin/{name}")));
    let programs = Programs {
        launchctl: at("launchctl"),
        pfctl: at("pfctl"),
        dscl: at("dscl"),
        sshd: at("sshd"),
    };
    let tree = Tree::open(Path::new("/run/mac/root")).unwrap();
    LiveMac::with(tree, Path::new("/run/mac/store"), programs)
}

fn prepare() -> LiveMac {
    sh("mkdir -p /run/mac/bin /run/mac/state /run/mac/root/private/etc/pf.anchors
        mkdir -p /run/mac/root/Library/LaunchDaemons; ln -s private/etc /run/mac/root/etc");
    for (name, text) in [("launchctl", LAUNCHCTL), ("pfctl", PFCTL), ("dscl", DSCL), ("sshd", SSHD)]
    {
        program(&format!("/run/mac/bin/{name}"), text);
    }
    open()
}

fn put(host: &mut LiveMac, at: &str, text: &str) {
    let mut blobs = Blobs::default();
    let blob = blobs.add(text.as_bytes());
    let state = FileState { blob, mode: Mode::PUBLIC, owner: Owner::new("root", "root") };
    host.ensure(&Op::File { path: path(at), state }, &blobs).unwrap();
}

fn act(host: &mut LiveMac, op: &Op) -> Result<(), HostError> {
    host.ensure(op, &Blobs::default())
}

fn see(unit: &Unit) -> Option<Option<sanctum_types::Digest>> {
    let scope = Scope { units: [unit.clone()].into(), ..Scope::default() };
    let seen = open().observe(&scope, &mut Blobs::default()).unwrap();
    seen.loaded.get(unit).map(|state| state.blob)
}

fn log() -> String {
    let said = sh("cat /run/mac/state/log");
    sh("rm /run/mac/state/log");
    said
}

#[test]
fn a_job_is_booted_out_waited_for_and_bootstrapped() {
    inside("live_mac::a_job_is_booted_out_waited_for_and_bootstrapped", || {
        let mut host = prepare();
        let file = "/Library/LaunchDaemons/com.sanctum.probe.plist";
        let unit = Unit::LaunchdJob { label: JobLabel::new("com.sanctum.probe").unwrap() };
        let load = Op::Loaded { unit: unit.clone(), from: path(file) };
        assert!(act(&mut host, &load).is_err(), "the file is absent");
        for text in ["label com.sanctum.probe\n", "label com.sanctum.probe\nversion 2\n"] {
            put(&mut host, file, text);
            act(&mut host, &load).unwrap();
            assert_eq!(see(&unit), Some(Some(Blobs::digest(text.as_bytes()))));
        }
        assert!(log().starts_with("launchctl enable system/com.sanctum.probe\n"));
        // Somebody loads the label from another file: it runs, and what it runs is not ours to say.
        write("/run/mac/state/job.com.sanctum.probe", "/tmp/other.plist\n");
        assert_eq!(see(&unit), Some(None));
        for _ in 0..2 {
            act(&mut host, &Op::Unloaded { unit: unit.clone() }).unwrap();
            assert_eq!(see(&unit), None);
        }
        // A plist that launchd never takes: the failure carries launchd's own words.
        put(&mut host, file, "label com.sanctum.other\n");
        let failure = act(&mut host, &load).unwrap_err().to_string();
        assert!(failure.contains("Bootstrap failed: 5"), "{failure}");
        assert_eq!(see(&unit), None);
    });
}

#[test]
fn the_job_that_takes_a_change_back_does_not_end_itself() {
    inside("live_mac::the_job_that_takes_a_change_back_does_not_end_itself", || {
        let mut host = prepare();
        let file = "/Library/LaunchDaemons/com.sanctum.boot.plist";
        let unit = Unit::LaunchdJob { label: JobLabel::new("com.sanctum.boot").unwrap() };
        let load = Op::Loaded { unit: unit.clone(), from: path(file) };
        put(&mut host, file, "label com.sanctum.boot\n");
        act(&mut host, &load).unwrap();
        let pid = "/run/mac/state/pid.com.sanctum.boot";
        // The stand-in kills what a job that is booted out runs as.
        write(pid, &std::process::id().to_string());
        log();
        put(&mut host, file, "label com.sanctum.boot\nversion 2\n");
        act(&mut host, &load).unwrap();
        let second = Blobs::digest(b"label com.sanctum.boot\nversion 2\n");
        assert_eq!(see(&unit), Some(Some(second)));
        act(&mut host, &Op::Unloaded { unit: unit.clone() }).unwrap();
        assert_eq!(see(&unit), None);
        assert!(!log().contains("bootout"));
        // Another process sees a job that launchd still knows, and may end it.
        sh(&format!("sleep 300 > /dev/null 2>&1 & echo $! > {pid}"));
        assert_eq!(see(&unit), Some(None));
        sh(&format!("kill $(cat {pid}); rm {pid}"));
        act(&mut host, &Op::Unloaded { unit: unit.clone() }).unwrap();
        assert_eq!(see(&unit), None);
    });
}

#[test]
fn an_anchor_is_ours_alone_and_the_token_is_given_back() {
    inside("live_mac::an_anchor_is_ours_alone_and_the_token_is_given_back", || {
        let mut host = prepare();
        let file = "/etc/pf.anchors/sanctum";
        let unit = Unit::PfAnchor { name: "com.apple/sanctum".to_owned() };
        let load = Op::Loaded { unit: unit.clone(), from: path(file) };
        let text = "# ours\nblock in quick on en1 proto tcp to port 1977\n";
        put(&mut host, file, text);
        assert_eq!(sh("stat -c %a /run/mac/root/private/etc/pf.anchors/sanctum"), "644\n");
        assert_eq!(see(&unit), None);
        // Somebody else's reference must survive us.
        sh("mkdir -p /run/mac/state/tokens; touch /run/mac/state/tokens/77");
        for _ in 0..2 {
            act(&mut host, &load).unwrap();
            assert_eq!(see(&unit), Some(Some(Blobs::digest(text.as_bytes()))));
            assert_eq!(sh("ls /run/mac/state/tokens | wc -l"), "2\n", "one token of ours");
        }
        // After a reboot no token is known any more and pf is off: nothing is claimed, and loading mends it.
        sh("rm /run/mac/state/tokens/*");
        assert_eq!(see(&unit), Some(None));
        sh("touch /run/mac/state/tokens/77");
        act(&mut host, &load).unwrap();
        assert_eq!(see(&unit), Some(Some(Blobs::digest(text.as_bytes()))));
        write("/run/mac/state/anchor.com.apple_sanctum", "pass quick all\n");
        assert_eq!(see(&unit), Some(None), "foreign rules are not ours");
        put(&mut host, file, "bad\n");
        let refusal = act(&mut host, &load).unwrap_err().to_string();
        assert!(refusal.contains("syntax error") && !refusal.contains("ALTQ"), "{refusal}");
        for _ in 0..2 {
            act(&mut host, &Op::Unloaded { unit: unit.clone() }).unwrap();
            assert_eq!(see(&unit), None);
            assert_eq!(sh("ls /run/mac/state/tokens"), "77\n");
        }
        for word in ["com.apple/sanctum; x", "-F", "", "a//b"] {
            let unit = Unit::PfAnchor { name: word.to_owned() };
            assert!(act(&mut host, &Op::Unloaded { unit }).is_err(), "{word:?}");
        }
        let said = log();
        assert!(!said.contains(" -d") && !said.contains("/etc/pf.conf"), "{said}");
        assert!(
            said.lines().all(|line| !line.contains("-f ") || line.contains("-a com.apple/sanctum"))
        );
    });
}

#[test]
fn accounts_get_a_free_role_number_and_sshd_is_checked() {
    inside("live_mac::accounts_get_a_free_role_number_and_sshd_is_checked", || {
        let mut host = prepare();
        sh("echo 'one:x:200:1::/:/bin/false' >> /etc/passwd; echo 'two:x:201:' >> /etc/group");
        let name = AccountName::new("_sanctum_probe").unwrap();
        let scope = Scope { accounts: [name.clone()].into(), ..Scope::default() };
        for _ in 0..2 {
            act(&mut host, &Op::Account { name: name.clone() }).unwrap();
            assert_eq!(sh("id -u _sanctum_probe; id -g _sanctum_probe"), "202\n202\n");
        }
        let seen = open().observe(&scope, &mut Blobs::default()).unwrap();
        assert!(seen.accounts.contains(&name));
        for _ in 0..2 {
            act(&mut host, &Op::NoAccount { name: name.clone() }).unwrap();
            let seen = open().observe(&scope, &mut Blobs::default()).unwrap();
            assert_eq!(seen, Observed::default());
        }
        put(&mut host, "/etc/drop-in", "x\n");
        let load = Op::Loaded { unit: Unit::Sshd, from: path("/etc/drop-in") };
        act(&mut host, &load).unwrap();
        assert_eq!(see(&Unit::Sshd), Some(Some(Blobs::digest(b"x\n"))));
        write("/run/mac/state/bad-sshd", "");
        assert!(act(&mut host, &load).is_err());
        let nft = Unit::NftTable { family: "inet".to_owned(), name: "x".to_owned() };
        let answer = act(&mut host, &Op::Unloaded { unit: nft });
        assert!(matches!(answer, Err(HostError::Unsupported { .. })));
    });
}
