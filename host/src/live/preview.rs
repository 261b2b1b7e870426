//! What a live host would run for a verb, as text for `sanctum plan`: the same argument builders, not run.
//!
//! A host also asks questions (`print`, `list`) and tries again; those are left out. Which system is meant follows
//! from the unit; accounts look different on both, and a file is written by sanctum itself.

use super::argv;
use crate::{Op, Unit};

fn line(program: &str, args: &[String]) -> String {
    // Types keep out what a shell would treat specially, except in paths, which may hold a space.
    let words =
        args.iter().map(|arg| if arg.contains(' ') { format!("'{arg}'") } else { arg.clone() });
    std::iter::once(program.to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// The commands that change something, in order; none where sanctum does it by itself.
#[must_use]
pub fn commands(op: &Op) -> Vec<String> {
    match op {
        Op::Loaded { unit, from } => load(unit, from.as_str()),
        Op::Unloaded { unit } => unload(unit),
        Op::Dir { .. } | Op::File { .. } | Op::Absent { .. } => Vec::new(),
        Op::Account { .. } | Op::NoAccount { .. } => Vec::new(),
    }
}

fn load(unit: &Unit, from: &str) -> Vec<String> {
    match unit {
        Unit::LaunchdJob { label } => vec![
            line("launchctl", &argv::launchctl_bootout(label)),
            line("launchctl", &argv::launchctl_enable(label)),
            line("launchctl", &argv::launchctl_bootstrap(from)),
        ],
        Unit::PfAnchor { name } => vec![
            line("pfctl", &argv::pfctl_check(name, from)),
            line("pfctl", &argv::pfctl_load(name, from)),
            line("pfctl", &argv::pfctl_enable()),
        ],
        Unit::Sshd => vec![line("sshd", &argv::sshd_check())],
        Unit::SystemdUnit { name } => vec![
            line("systemctl", &argv::systemctl_daemon_reload()),
            line("systemctl", &argv::systemctl_unit("try-restart", name)),
            line("systemctl", &argv::systemctl_enable(name)),
        ],
        Unit::NftTable { .. } => {
            vec![line("nft", &argv::nft_check()), line("nft", &argv::nft_load())]
        }
    }
}

fn unload(unit: &Unit) -> Vec<String> {
    match unit {
        Unit::LaunchdJob { label } => vec![line("launchctl", &argv::launchctl_bootout(label))],
        Unit::PfAnchor { name } => vec![line("pfctl", &argv::pfctl_flush(name))],
        Unit::Sshd => vec![line("sshd", &argv::sshd_check())],
        Unit::SystemdUnit { name } => vec![line("systemctl", &argv::systemctl_disable(name))],
        Unit::NftTable { family, name } => vec![line("nft", &argv::nft_delete(family, name))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanctum_types::AbsPath;

    #[test]
    fn a_plan_shows_what_would_be_run() {
        let from = AbsPath::new("/Library/LaunchDaemons/com.sanctum.pf.plist").unwrap();
        let label = sanctum_types::JobLabel::new("com.sanctum.pf").unwrap();
        let load = Op::Loaded { unit: Unit::LaunchdJob { label }, from };
        assert_eq!(
            commands(&load),
            [
                "launchctl bootout system/com.sanctum.pf",
                "launchctl enable system/com.sanctum.pf",
                "launchctl bootstrap system /Library/LaunchDaemons/com.sanctum.pf.plist",
            ]
        );
        let unload = Op::Unloaded { unit: Unit::PfAnchor { name: "com.apple/sanctum".to_owned() } };
        assert_eq!(commands(&unload), ["pfctl -a com.apple/sanctum -F rules"]);
    }
}
