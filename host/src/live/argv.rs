//! The exact arguments of every program that a live host runs, as pure functions.
//!
//! Nothing here quotes or concatenates input: names come in as types whose characters no program treats
//! specially. Deliberately absent: `pfctl -d` and `pfctl -f /etc/pf.conf`, which would undo other people's rules.

use sanctum_types::{AccountName, JobLabel};
use std::fmt::Display;

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// `launchctl enable`: an override in disabled.plist would make bootstrap fail with error 5.
#[must_use]
pub fn launchctl_enable(label: &JobLabel) -> Vec<String> {
    words(&["enable", &format!("system/{label}")])
}

/// `launchctl bootout` of one job; without a label the whole domain would go, so one is always there.
#[must_use]
pub fn launchctl_bootout(label: &JobLabel) -> Vec<String> {
    words(&["bootout", &format!("system/{label}")])
}

/// `launchctl bootstrap` of one plist.
#[must_use]
pub fn launchctl_bootstrap(plist: &str) -> Vec<String> {
    words(&["bootstrap", "system", plist])
}

/// `launchctl print`, which fails when the job is not there.
#[must_use]
pub fn launchctl_print(label: &JobLabel) -> Vec<String> {
    words(&["print", &format!("system/{label}")])
}

/// `pfctl -n`: parses only.
#[must_use]
pub fn pfctl_check(anchor: &str, file: &str) -> Vec<String> {
    words(&["-n", "-a", anchor, "-f", file])
}

/// Replaces the rules of our anchor and of nothing else.
#[must_use]
pub fn pfctl_load(anchor: &str, file: &str) -> Vec<String> {
    words(&["-a", anchor, "-f", file])
}

/// The filter rules of our anchor.
#[must_use]
pub fn pfctl_rules(anchor: &str) -> Vec<String> {
    words(&["-a", anchor, "-sr"])
}

/// Empties our anchor.
#[must_use]
pub fn pfctl_flush(anchor: &str) -> Vec<String> {
    words(&["-a", anchor, "-F", "rules"])
}

/// Enables pf and takes a reference, whose token is printed.
#[must_use]
pub fn pfctl_enable() -> Vec<String> {
    words(&["-E"])
}

/// Gives our reference back; pf stops only when nobody else holds one.
#[must_use]
pub fn pfctl_release(token: impl Display) -> Vec<String> {
    words(&["-X", &token.to_string()])
}

/// Who holds references.
#[must_use]
pub fn pfctl_references() -> Vec<String> {
    words(&["-s", "References"])
}

/// Whether pf is enabled.
#[must_use]
pub fn pfctl_status() -> Vec<String> {
    words(&["-s", "info"])
}

/// All users or groups of the local node with their numbers.
#[must_use]
pub fn dscl_list(kind: Record) -> Vec<String> {
    words(&[".", "-list", kind.node(), kind.number()])
}

/// Removes a record.
#[must_use]
pub fn dscl_delete(kind: Record, name: &AccountName) -> Vec<String> {
    words(&[".", "-delete", &format!("{}/{name}", kind.node())])
}

/// A record of the local directory node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// A user.
    User,
    /// A group.
    Group,
}

impl Record {
    const fn node(self) -> &'static str {
        match self {
            Self::User => "/Users",
            Self::Group => "/Groups",
        }
    }

    const fn number(self) -> &'static str {
        match self {
            Self::User => "UniqueID",
            Self::Group => "PrimaryGroupID",
        }
    }
}

/// The calls of dscl that make a hidden role account and its group, in order; the last one makes it usable.
#[must_use]
pub fn dscl_create(name: &AccountName, id: impl Display) -> Vec<Vec<String>> {
    let (group, user) = (format!("/Groups/{name}"), format!("/Users/{name}"));
    let id = id.to_string();
    // What Apple's own role accounts have: no password, no shell, an empty home, hidden from the login window.
    let rows: [(&str, &[&str]); 10] = [
        (&group, &[]),
        (&group, &["PrimaryGroupID", &id]),
        (&group, &["Password", "*"]),
        (&user, &[]),
        (&user, &["UserShell", "/usr/bin/false"]),
        (&user, &["NFSHomeDirectory", "/var/empty"]),
        (&user, &["Password", "*"]),
        (&user, &["IsHidden", "1"]),
        (&user, &["PrimaryGroupID", &id]),
        (&user, &["UniqueID", &id]),
    ];
    let row = |(record, rest): &(&str, &[&str])| {
        let mut argv = words(&[".", "-create", record]);
        argv.extend(words(rest));
        argv
    };
    rows.iter().map(row).collect()
}

/// `sshd -t`: the whole merged configuration and the host keys.
#[must_use]
pub fn sshd_check() -> Vec<String> {
    words(&["-t"])
}

/// Reads all unit files again.
#[must_use]
pub fn systemctl_daemon_reload() -> Vec<String> {
    words(&["daemon-reload"])
}

/// Debian's name of the ssh server's unit, and everybody else's.
pub const SSH_UNITS: [&str; 2] = ["ssh.service", "sshd.service"];

/// A verb of systemctl about one unit: `reload`, `restart`, `stop`.
#[must_use]
pub fn systemctl_unit(verb: &str, unit: &str) -> Vec<String> {
    words(&[verb, "--", unit])
}

/// Asks for a restart and does not wait for it.
#[must_use]
pub fn systemctl_restart_later(unit: &str) -> Vec<String> {
    words(&["restart", "--no-block", "--", unit])
}

/// Starts at every boot, not now.
#[must_use]
pub fn systemctl_enable(unit: &str) -> Vec<String> {
    words(&["enable", "--", unit])
}

/// Stops now and at every boot.
#[must_use]
pub fn systemctl_disable(unit: &str) -> Vec<String> {
    words(&["disable", "--now", "--", unit])
}

/// Starts at no boot any more, and stops nothing now.
#[must_use]
pub fn systemctl_disable_only(unit: &str) -> Vec<String> {
    words(&["disable", "--", unit])
}

/// The state of a unit as `Key=value` lines.
#[must_use]
pub fn systemctl_show(unit: &str) -> Vec<String> {
    words(&[
        "show",
        "--property=Type,LoadState,ActiveState,UnitFileState,NeedDaemonReload,FragmentPath,MainPID",
        "--",
        unit,
    ])
}

/// Checks a ruleset from standard input without loading it.
#[must_use]
pub fn nft_check() -> Vec<String> {
    words(&["-c", "-f", "-"])
}

/// Loads a ruleset from standard input as one transaction.
#[must_use]
pub fn nft_load() -> Vec<String> {
    words(&["-f", "-"])
}

/// The names of all tables.
#[must_use]
pub fn nft_tables() -> Vec<String> {
    words(&["list", "tables"])
}

/// One table without its counters' values.
#[must_use]
pub fn nft_list(family: &str, name: &str) -> Vec<String> {
    words(&["-s", "list", "table", family, name])
}

/// Removes one table.
#[must_use]
pub fn nft_delete(family: &str, name: &str) -> Vec<String> {
    words(&["delete", "table", family, name])
}

/// A system group.
#[must_use]
pub fn groupadd(name: &AccountName) -> Vec<String> {
    words(&["--system", "--", name.as_str()])
}

/// A system user of the group of the same name, without home and login.
#[must_use]
pub fn useradd(name: &AccountName) -> Vec<String> {
    let (name, none) = (name.as_str(), "/nonexistent");
    words(&[
        "--system",
        "--gid",
        name,
        "--no-create-home",
        "--home-dir",
        none,
        "--shell",
        "/usr/sbin/nologin",
        "--",
        name,
    ])
}

/// Removes the user, or with groupdel the group.
#[must_use]
pub fn delete_account(name: &AccountName) -> Vec<String> {
    words(&["--", name.as_str()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table: every call, and how each is written")]
    fn every_call() {
        let label = JobLabel::new("com.sanctum.vmnet").unwrap();
        let name = AccountName::new("_sanctum_proxy").unwrap();
        let mut all = vec![];
        let mut note =
            |program: &str, argv: Vec<String>| all.push(format!("{program} {}", argv.join(" ")));
        note("launchctl", launchctl_enable(&label));
        note("launchctl", launchctl_bootout(&label));
        note("launchctl", launchctl_bootstrap("/Library/LaunchDaemons/com.sanctum.vmnet.plist"));
        note("launchctl", launchctl_print(&label));
        note("pfctl", pfctl_check("com.apple/sanctum", "/private/etc/pf.anchors/sanctum"));
        note("pfctl", pfctl_load("com.apple/sanctum", "/private/etc/pf.anchors/sanctum"));
        note("pfctl", pfctl_rules("com.apple/sanctum"));
        note("pfctl", pfctl_flush("com.apple/sanctum"));
        note("pfctl", pfctl_enable());
        note("pfctl", pfctl_release(7));
        note("pfctl", pfctl_references());
        note("pfctl", pfctl_status());
        note("dscl", dscl_list(Record::User));
        note("dscl", dscl_list(Record::Group));
        dscl_create(&name, 250).into_iter().for_each(|argv| note("dscl", argv));
        note("dscl", dscl_delete(Record::User, &name));
        note("sshd", sshd_check());
        note("systemctl", systemctl_daemon_reload());
        note("systemctl", systemctl_unit("restart", "a.service"));
        note("systemctl", systemctl_restart_later("a.service"));
        note("systemctl", systemctl_enable("a.timer"));
        note("systemctl", systemctl_disable("a.timer"));
        note("systemctl", systemctl_disable_only("a.timer"));
        note("systemctl", systemctl_show("a.timer"));
        note("nft", nft_check());
        note("nft", nft_load());
        note("nft", nft_tables());
        note("nft", nft_list("inet", "sanctum"));
        note("nft", nft_delete("inet", "sanctum"));
        note("groupadd", groupadd(&name));
        note("useradd", useradd(&name));
        note("userdel", delete_account(&name));
        expect![[r#"
            launchctl enable system/com.sanctum.vmnet
            launchctl bootout system/com.sanctum.vmnet
            launchctl bootstrap system /Library/LaunchDaemons/com.sanctum.vmnet.plist
            launchctl print system/com.sanctum.vmnet
            pfctl -n -a com.apple/sanctum -f /private/etc/pf.anchors/sanctum
            pfctl -a com.apple/sanctum -f /private/etc/pf.anchors/sanctum
            pfctl -a com.apple/sanctum -sr
            pfctl -a com.apple/sanctum -F rules
            pfctl -E
            pfctl -X 7
            pfctl -s References
            pfctl -s info
            dscl . -list /Users UniqueID
            dscl . -list /Groups PrimaryGroupID
            dscl . -create /Groups/_sanctum_proxy
            dscl . -create /Groups/_sanctum_proxy PrimaryGroupID 250
            dscl . -create /Groups/_sanctum_proxy Password *
            dscl . -create /Users/_sanctum_proxy
            dscl . -create /Users/_sanctum_proxy UserShell /usr/bin/false
            dscl . -create /Users/_sanctum_proxy NFSHomeDirectory /var/empty
            dscl . -create /Users/_sanctum_proxy Password *
            dscl . -create /Users/_sanctum_proxy IsHidden 1
            dscl . -create /Users/_sanctum_proxy PrimaryGroupID 250
            dscl . -create /Users/_sanctum_proxy UniqueID 250
            dscl . -delete /Users/_sanctum_proxy
            sshd -t
            systemctl daemon-reload
            systemctl restart -- a.service
            systemctl restart --no-block -- a.service
            systemctl enable -- a.timer
            systemctl disable --now -- a.timer
            systemctl disable -- a.timer
            systemctl show --property=Type,LoadState,ActiveState,UnitFileState,NeedDaemonReload,FragmentPath,MainPID -- a.timer
            nft -c -f -
            nft -f -
            nft list tables
            nft -s list table inet sanctum
            nft delete table inet sanctum
            groupadd --system -- _sanctum_proxy
            useradd --system --gid _sanctum_proxy --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin -- _sanctum_proxy
            userdel -- _sanctum_proxy"#]].assert_eq(&all.join("\n"));
    }
}
