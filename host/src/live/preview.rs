//! What a live host would run for a verb, as text for `sanctum plan`: the same argument builders, not run.
//!
//! A host also asks questions (`print`, `list`, `show`) and tries again; those are left out, and so is what depends
//! on their answers: a verb whose work is done already runs less. Files are written by sanctum itself.

use super::{argv, parse};
use crate::{Op, Unit};
use sanctum_types::{AbsPath, AccountName};

/// Where systemd has to be told of every changed file.
pub(super) const SYSTEMD_UNITS: &str = "/etc/systemd/system/";

/// Which system a plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Linux with systemd; where there is none, the ssh server gets SIGHUP instead of a reload.
    Linux,
    /// macOS.
    Macos,
}

/// One command as a shell would be given it.
fn line(program: &str, args: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    let words = args.iter().map(|arg| match !arg.is_empty() && arg.chars().all(plain) {
        true => arg.clone(),
        false => format!("'{}'", arg.replace('\'', "'\\''")),
    });
    std::iter::once(program.to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// The commands that change something, in order; none where sanctum does it by itself.
///
/// `definition` is the text of the file that defines a unit, where it is known: not every unit is started.
#[must_use]
pub fn commands(op: &Op, system: System, definition: Option<&[u8]>) -> Vec<String> {
    match op {
        Op::Loaded { unit, from } => load(unit, from.as_str(), system, definition),
        Op::Unloaded { unit } => unload(unit, system),
        Op::File { path, .. } | Op::Absent { path } if is_systemd_unit(path) => {
            vec![line("systemctl", &argv::systemctl_daemon_reload())]
        }
        Op::Dir { .. } | Op::File { .. } | Op::Absent { .. } => Vec::new(),
        Op::Account { name } => add_account(name, system),
        Op::NoAccount { name } => remove_account(name, system),
    }
}

/// Whether systemd has to read its units again after a change of that file.
pub(super) fn is_systemd_unit(path: &AbsPath) -> bool {
    path.as_str().starts_with(SYSTEMD_UNITS)
}

fn load(unit: &Unit, from: &str, system: System, definition: Option<&[u8]>) -> Vec<String> {
    match unit {
        Unit::LaunchdJob { label } => vec![
            line("launchctl", &argv::launchctl_enable(label)),
            line("launchctl", &argv::launchctl_bootout(label)),
            line("launchctl", &argv::launchctl_bootstrap(from)),
        ],
        Unit::PfAnchor { name } => vec![
            line("pfctl", &argv::pfctl_check(name, from)),
            line("pfctl", &argv::pfctl_load(name, from)),
            line("pfctl", &argv::pfctl_enable()),
        ],
        Unit::Sshd => sshd(system),
        Unit::SystemdUnit { name } => {
            let mut lines = vec![
                line("systemctl", &argv::systemctl_daemon_reload()),
                line("systemctl", &argv::systemctl_enable(name)),
            ];
            let text = definition.map(String::from_utf8_lossy).unwrap_or_default();
            if !parse::is_oneshot(&text) {
                lines.push(line("systemctl", &argv::systemctl_unit("restart", name)));
            }
            lines
        }
        Unit::NftTable { .. } => {
            vec![line("nft", &argv::nft_check()), line("nft", &argv::nft_load())]
        }
    }
}

fn unload(unit: &Unit, system: System) -> Vec<String> {
    match unit {
        Unit::LaunchdJob { label } => vec![line("launchctl", &argv::launchctl_bootout(label))],
        Unit::PfAnchor { name } => vec![
            line("pfctl", &argv::pfctl_flush(name)),
            line("pfctl", &argv::pfctl_release("TOKEN")),
        ],
        Unit::Sshd => sshd(system),
        Unit::SystemdUnit { name } => vec![line("systemctl", &argv::systemctl_disable(name))],
        Unit::NftTable { family, name } => vec![line("nft", &argv::nft_delete(family, name))],
    }
}

/// launchd starts a server for each connection, which reads what is on disk; on Linux one has to be told.
fn sshd(system: System) -> Vec<String> {
    let check = line("sshd", &argv::sshd_check());
    let [unit, _] = argv::SSH_UNITS;
    match system {
        System::Macos => vec![check],
        System::Linux => vec![check, line("systemctl", &argv::systemctl_unit("reload", unit))],
    }
}

/// The number of an account is found when it is made.
fn add_account(name: &AccountName, system: System) -> Vec<String> {
    match system {
        System::Macos => {
            argv::dscl_create(name, "ID").iter().map(|argv| line("dscl", argv)).collect()
        }
        System::Linux => {
            vec![line("groupadd", &argv::groupadd(name)), line("useradd", &argv::useradd(name))]
        }
    }
}

fn remove_account(name: &AccountName, system: System) -> Vec<String> {
    match system {
        System::Macos => [argv::Record::User, argv::Record::Group]
            .iter()
            .map(|kind| line("dscl", &argv::dscl_delete(*kind, name)))
            .collect(),
        System::Linux => ["userdel", "groupdel"]
            .iter()
            .map(|program| line(program, &argv::delete_account(name)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Blobs, FileState};
    use expect_test::{Expect, expect};
    use sanctum_types::{JobLabel, Mode, Owner};

    fn from() -> AbsPath {
        AbsPath::new("/etc/systemd/system/a file").unwrap()
    }

    fn check(system: System, ops: &[Op], wanted: &Expect) {
        let once = b"[Service]\nType=oneshot\n".as_slice();
        let lines: Vec<String> =
            ops.iter().flat_map(|op| commands(op, system, Some(once))).collect();
        wanted.assert_eq(&(lines.join("\n") + "\n"));
    }

    fn both(unit: Unit) -> [Op; 2] {
        [Op::Loaded { unit: unit.clone(), from: from() }, Op::Unloaded { unit }]
    }

    #[test]
    fn a_plan_for_macos() {
        let label = JobLabel::new("com.sanctum.pf").unwrap();
        let name = AccountName::new("_sanctum_proxy").unwrap();
        let mut ops = both(Unit::LaunchdJob { label }).to_vec();
        ops.extend(both(Unit::PfAnchor { name: "com.apple/sanctum".to_owned() }));
        ops.extend(both(Unit::Sshd));
        ops.extend([Op::Account { name: name.clone() }, Op::NoAccount { name }]);
        check(
            System::Macos,
            &ops,
            &expect![[r#"
            launchctl enable system/com.sanctum.pf
            launchctl bootout system/com.sanctum.pf
            launchctl bootstrap system '/etc/systemd/system/a file'
            launchctl bootout system/com.sanctum.pf
            pfctl -n -a com.apple/sanctum -f '/etc/systemd/system/a file'
            pfctl -a com.apple/sanctum -f '/etc/systemd/system/a file'
            pfctl -E
            pfctl -a com.apple/sanctum -F rules
            pfctl -X TOKEN
            sshd -t
            sshd -t
            dscl . -create /Groups/_sanctum_proxy
            dscl . -create /Groups/_sanctum_proxy PrimaryGroupID ID
            dscl . -create /Groups/_sanctum_proxy Password '*'
            dscl . -create /Users/_sanctum_proxy
            dscl . -create /Users/_sanctum_proxy UserShell /usr/bin/false
            dscl . -create /Users/_sanctum_proxy NFSHomeDirectory /var/empty
            dscl . -create /Users/_sanctum_proxy Password '*'
            dscl . -create /Users/_sanctum_proxy IsHidden 1
            dscl . -create /Users/_sanctum_proxy PrimaryGroupID ID
            dscl . -create /Users/_sanctum_proxy UniqueID ID
            dscl . -delete /Users/_sanctum_proxy
            dscl . -delete /Groups/_sanctum_proxy
        "#]],
        );
    }

    #[test]
    fn a_plan_for_linux() {
        let name = AccountName::new("_sanctum_proxy").unwrap();
        let state = FileState {
            blob: Blobs::digest(b""),
            mode: Mode::PUBLIC,
            owner: Owner::new("root", "root"),
        };
        let mut ops = vec![
            Op::File { path: from(), state: state.clone() },
            Op::File { path: AbsPath::new("/etc/other").unwrap(), state },
        ];
        ops.extend(both(Unit::SystemdUnit { name: "sanctum-bootstrap.service".to_owned() }));
        ops.extend(both(Unit::NftTable { family: "inet".to_owned(), name: "s".to_owned() }));
        ops.extend(both(Unit::Sshd));
        ops.extend([Op::Account { name: name.clone() }, Op::NoAccount { name }]);
        ops.push(Op::Absent { path: from() });
        check(
            System::Linux,
            &ops,
            &expect![[r#"
            systemctl daemon-reload
            systemctl daemon-reload
            systemctl enable -- sanctum-bootstrap.service
            systemctl disable --now -- sanctum-bootstrap.service
            nft -c -f -
            nft -f -
            nft delete table inet s
            sshd -t
            systemctl reload -- ssh.service
            sshd -t
            systemctl reload -- ssh.service
            groupadd --system -- _sanctum_proxy
            useradd --system --gid _sanctum_proxy --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin -- _sanctum_proxy
            userdel -- _sanctum_proxy
            groupdel -- _sanctum_proxy
            systemctl daemon-reload
        "#]],
        );
        let [load, _] = both(Unit::SystemdUnit { name: "a.timer".to_owned() });
        assert_eq!(
            commands(&load, System::Linux, Some(b"[Timer]\n")).last().unwrap(),
            "systemctl restart -- a.timer"
        );
    }

    #[test]
    fn what_a_shell_would_read_is_quoted() {
        let words = ["a", "", "*", "it's", "$x", "a b"].map(str::to_owned);
        assert_eq!(line("x", &words), r"x a '' '*' 'it'\''s' '$x' 'a b'");
    }
}
