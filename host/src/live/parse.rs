//! What the system's programs answer, read strictly: an answer that is not understood is no answer.

use std::collections::{BTreeMap, BTreeSet};

/// `Key=value` lines of `systemctl show`.
#[must_use]
pub fn properties(text: &str) -> BTreeMap<&str, &str> {
    text.lines().filter_map(|line| line.split_once('=')).collect()
}

/// Whether a unit's text is that of a service which runs once: `Type=oneshot` in its last word on the matter.
#[must_use]
pub fn is_oneshot(text: &str) -> bool {
    let mut kinds =
        text.lines().filter_map(|line| line.split_once('=')).map(|(k, v)| (k.trim(), v.trim()));
    kinds.rfind(|(key, _)| *key == "Type").is_some_and(|(_, kind)| kind == "oneshot")
}

/// The service that a process runs in, of the text of its /proc/PID/cgroup: the outermost one, because what a
/// user's own systemd starts is below `user@UID.service`.
///
/// Only the unified hierarchy and systemd's own of the older layout say it (cgroups(7)).
#[must_use]
pub fn own_service(cgroup: &str) -> Option<&str> {
    cgroup
        .lines()
        .filter_map(|line| {
            line.strip_prefix("0::")
                .or_else(|| line.split_once(":name=systemd:").map(|(_, path)| path))
        })
        .flat_map(|path| path.split('/'))
        .find(|part| part.ends_with(".service"))
}

/// Whether `nft list tables` names that table.
#[must_use]
pub fn has_table(text: &str, family: &str, name: &str) -> bool {
    let wanted = format!("table {family} {name}");
    text.lines().any(|line| line.trim() == wanted)
}

/// The token that `pfctl -E` prints as `Token : 1234`.
#[must_use]
pub fn pf_token(text: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == "Token").then(|| value.trim().parse().ok())?
    })
}

/// Whether a line of `pfctl -s References` holds that token as one of its words.
#[must_use]
pub fn holds_reference(text: &str, token: u64) -> bool {
    let token = token.to_string();
    text.lines().any(|line| line.split_whitespace().any(|word| word == token))
}

/// Whether `pfctl -s info` says that pf is enabled.
#[must_use]
pub fn pf_enabled(text: &str) -> bool {
    text.lines().any(|line| line.trim_start().starts_with("Status: Enabled"))
}

/// The plist that `launchctl print` names as the job's origin.
#[must_use]
pub fn launchd_path(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.trim().strip_prefix("path = "))
}

/// The process that `launchctl print` says the job runs as; none while it does not run.
#[must_use]
pub fn launchd_pid(text: &str) -> Option<u32> {
    text.lines().find_map(|line| line.trim().strip_prefix("pid = ")?.parse().ok())
}

/// The numbers in use of `dscl . -list /Users UniqueID`.
#[must_use]
pub fn dscl_numbers(text: &str) -> BTreeSet<i64> {
    text.lines().filter_map(|line| line.split_whitespace().last()?.parse().ok()).collect()
}

/// Whether an nftables file replaces the table in one transaction and leaves all others alone.
///
/// Loading a table that exists adds to it, so the file has to delete it first.
#[must_use]
pub fn replaces_table(text: &str, family: &str, name: &str) -> bool {
    let code: Vec<Vec<&str>> = text
        .lines()
        .filter_map(|line| line.split('#').next())
        .flat_map(|line| line.split([';', '{', '}']))
        .map(|part| part.split_whitespace().collect())
        .collect();
    let (ours, gone) = (["table", family, name], ["delete", "table", family, name]);
    let stays = |part: &Vec<&str>| match part.first() {
        Some(&"table") => part.as_slice() == ours,
        Some(&"delete") => part.as_slice() == gone,
        Some(word) => !["flush", "destroy", "include", "reset"].contains(word),
        None => true,
    };
    code.iter().any(|part| part.as_slice() == gone) && code.iter().all(stays)
}

/// Whether a word is safe where nft or pfctl reads its arguments as a language of their own.
#[must_use]
pub fn is_identifier(word: &str) -> bool {
    let rest = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
    word.starts_with(|c: char| c.is_ascii_alphabetic()) && word.chars().all(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_macos() {
        let said = "No ALTQ support in kernel\nALTQ related functions disabled\npf enabled\nToken : 18446744073709551615\n";
        assert_eq!(pf_token(said), Some(u64::MAX));
        assert_eq!(pf_token("Token : none\n"), None);
        let held = "TOKENS:\nPID      Process Name                 TOKEN                    TIMESTAMP\n312  pfctl  1234567  0 days 00:01:02\n";
        assert!(holds_reference(held, 1_234_567) && !holds_reference(held, 34));
        assert!(pf_enabled("Status: Enabled for 0 days 01:02:03   Debug: Urgent\n"));
        assert!(!pf_enabled("Status: Disabled   Debug: Urgent\n"));
        let job = "system/com.x = {\n\tactive count = 1\n\tpath = /Library/LaunchDaemons/com.x.plist\n\tstate = running\n}\n";
        assert_eq!(launchd_path(job), Some("/Library/LaunchDaemons/com.x.plist"));
        assert_eq!(launchd_pid(job), None);
        assert_eq!(launchd_pid("x = {\n\tstate = running\n\n\tpid = 4711\n}\n"), Some(4711));
        assert_eq!(launchd_pid("\tpid = (none)\n\tlast pid = 3\n"), None);
        let users = "_amavisd          83\nnobody            -2\nroot              0\n";
        assert_eq!(dscl_numbers(users), [-2, 0, 83].into());
    }

    #[test]
    fn answers_of_linux() {
        let unit = properties("LoadState=loaded\nActiveState=active\nFragmentPath=/a=b\n");
        assert_eq!((unit["ActiveState"], unit["FragmentPath"]), ("active", "/a=b"));
        let tables = "table inet sanctum2\ntable ip sanctum\n";
        assert!(has_table(tables, "ip", "sanctum") && !has_table(tables, "inet", "sanctum"));
    }

    #[test]
    fn the_service_that_a_process_runs_in() {
        for (text, expected) in [
            ("0::/system.slice/sanctum-bootstrap.service\n", Some("sanctum-bootstrap.service")),
            ("0::/system.slice/a.service/nested\n", Some("a.service")),
            ("12:cpu:/x.service\n1:name=systemd:/system.slice/b.service\n", Some("b.service")),
            (
                "0::/user.slice/user-0.slice/user@0.service/app.slice/c.service\n",
                Some("user@0.service"),
            ),
            ("0::/user.slice/user-0.slice/session-1.scope\n", None),
            ("0::/\n", None),
            ("", None),
        ] {
            assert_eq!(own_service(text), expected, "{text}");
        }
    }

    #[test]
    fn a_oneshot_says_so() {
        for (text, expected) in [
            ("[Service]\nType=oneshot\n", true),
            ("[Service]\nType = oneshot \n", true),
            ("[Service]\nType=oneshot\nType=exec\n", false),
            ("[Service]\nExecStart=/x --Type=oneshot\n", false),
            ("#Type=oneshot\n[Timer]\n", false),
        ] {
            assert_eq!(is_oneshot(text), expected, "{text}");
        }
    }

    #[test]
    fn a_ruleset_replaces_its_own_table_only() {
        for (text, expected) in [
            ("table inet s {}\ndelete table inet s\ntable inet s { chain a { } }\n", true),
            ("table inet s {}; delete table inet s; table inet s { }\n", true),
            ("table inet s { }\n", false),
            ("# delete table inet s\ntable inet s { }\n", false),
            ("delete table inet other\n", false),
            ("delete table inet s\nflush ruleset\n", false),
            ("delete table inet s\ntable ip nat { }\n", false),
            ("delete table inet s\ndelete table ip nat\n", false),
            ("delete table inet s\ninclude \"/tmp/x\"\n", false),
        ] {
            assert_eq!(replaces_table(text, "inet", "s"), expected, "{text}");
        }
        for (word, expected) in [
            ("sanctum", true),
            ("a-b_c.d@e", true),
            ("a;b", false),
            ("-f", false),
            ("", false),
            ("a b", false),
        ] {
            assert_eq!(is_identifier(word), expected, "{word}");
        }
    }
}
