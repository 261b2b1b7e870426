//! The table is well formed, and both engines read it alike.

use super::*;
use crate::agents::paths::{self, Use};
use crate::shell::{self, Context, Decision, NoView, Policy};
use proptest::prelude::*;

const HOME: &str = "/home/dev";

fn context() -> Context<'static> {
    Context { home: HOME, cwd: "/home/dev/p", project: "/home/dev/p", view: &NoView }
}

fn place() -> paths::Place {
    paths::Place { home: HOME.to_owned(), cwd: "/home/dev/p".to_owned(), ignore_case: false }
}

fn by_command(command: &str) -> shell::Judgement {
    let policy = Policy { home: HOME.to_owned(), ..Policy::default() };
    shell::judge(&shell::read(command, &context()), &policy)
}

/// A path as a line of the table means it: `**` and `*` filled in, `~` as somebody's home.
fn sample(line: &str, home: &str, filling: &str) -> String {
    let path = line.replace("**", &format!("{filling}/x")).replace('*', filling);
    path.strip_prefix('~').map_or_else(|| path.clone(), |rest| format!("{home}{rest}"))
}

fn absolute(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/home/dev/p/{path}") }
}

#[test]
fn every_line_of_the_table_is_read() {
    let text = TABLE.lines().filter(|l| !l.starts_with(['#', '[']) && !l.is_empty()).count();
    assert_eq!(lines().count(), text);
    assert!(text > 400, "{text}");
    for (_, _, line) in lines() {
        assert_eq!(line, line.to_lowercase().trim(), "names are compared in lower case");
        assert!(line.starts_with(['~', '/']) || line.starts_with("**/"), "{line}");
    }
    for head in TABLE.lines().filter_map(|l| l.strip_prefix('[')) {
        assert!(head.split_once(']').is_some_and(|(kind, _)| named(kind).is_some()), "{head}");
    }
    let mut seen: Vec<_> = lines()
        .map(|(section, _, line)| {
            (
                section == Section::Store,
                matches!(section, Section::Write(..) | Section::WriteOpen),
                line,
            )
        })
        .collect();
    let all = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), all, "a line stands twice");
}

#[test]
fn both_engines_say_the_same_of_every_line() {
    let mut wrong = Vec::new();
    for (_, _, line) in lines() {
        for (home, filling) in [("/home/dev", "work"), ("/Users/other", "a"), ("/root", "x1")] {
            let path = absolute(&sample(line, home, filling));
            if path.contains(' ') {
                continue;
            }
            let tool = paths::meet(&path, &place(), Use::Read);
            let command = by_command(&format!("cat {path}"));
            let denied = command.decision == Decision::Deny;
            // A directory of credentials is more to `cat`, which can be `grep -r`.
            let store = below(&homed(&path, HOME)) == Below::Store;
            if tool.is_some() != denied && !store {
                wrong.push(format!("{path}: {tool:?} {command:?}"));
            }
            if let Some(met) = tool.filter(|_| denied) {
                let want = format!("Reads {}: ", met.what);
                if !command.reason.starts_with(&want) {
                    wrong.push(format!("{path}: {want} {command:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn both_engines_say_the_same_of_writing_every_line() {
    let mut wrong = Vec::new();
    for (section, _, line) in lines() {
        if section == Section::Write(Grade::Deny, Writer::Tool) {
            continue;
        }
        for home in ["/home/dev", "/Users/other"] {
            let path = absolute(&sample(line, home, "work"));
            if path.contains(' ') || path.starts_with("/dev/") {
                continue;
            }
            let tool = paths::meet(&path, &place(), Use::Write).map(|met| met.grade);
            let command = by_command(&format!("echo x > {path}")).decision;
            let want = match tool {
                None => Decision::Allow,
                Some(Grade::Ask) => Decision::Ask,
                Some(Grade::Deny) => Decision::Deny,
            };
            if command != want {
                wrong.push(format!("{path}: {tool:?} {command:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_is_below_a_directory() {
    for (path, want) in [
        ("~", Below::Some),
        ("/", Below::Some),
        ("/home", Below::Some),
        ("/home/dev", Below::Some),
        ("/root", Below::Some),
        ("/users", Below::Some),
        ("/home/other", Below::Some),
        ("~/.config", Below::Some),
        ("~/.cargo", Below::Some),
        ("/etc", Below::Some),
        ("~/library", Below::Some),
        ("~/.aws", Below::Store),
        ("~/.config/gh", Below::Store),
        ("~/.config/gh/x", Below::Store),
        ("/home/other/.aws", Below::Store),
        ("~/p", Below::Nothing),
        ("~/p/src", Below::Nothing),
        ("/usr", Below::Nothing),
        ("/tmp", Below::Nothing),
        ("~/.cargo/registry", Below::Nothing),
        ("~/.config/nvim", Below::Nothing),
        ("/etc/apt", Below::Nothing),
    ] {
        assert_eq!(below(&homed(path, HOME)), want, "{path}");
    }
}

#[test]
fn a_line_for_all_below_a_directory_is_not_the_directory() {
    for (directory, file) in
        [("/etc/ssl/private", "/etc/ssl/private/a"), ("~/.config/age", "~/.config/age/a/b")]
    {
        assert_eq!(reading(directory).0, shell::Secrecy::Open, "{directory}");
        assert_eq!(reading(file).0, shell::Secrecy::Credential, "{file}");
    }
}

#[test]
fn what_holds_the_house_together_is_not_written_by_a_command() {
    for command in [
        "rm -rf /opt/sanctum",
        "cp evil /opt/sanctum/bin/sanctum",
        "cp evil /usr/bin/sanctum",
        "rm /private/var/db/sanctum/hooks-claude.json",
        "rm /var/lib/sanctum/hooks-claude.json",
        "rm -r /var/db/sanctum-witness",
        "echo '{}' > /etc/sanctum/config.toml",
        "rm /var/log/sanctum/x.log",
        "rm /etc/nftables.d/sanctum.nft",
        "rm ~/.sanctum/config.toml",
        "rm ~/.local/state/sanctum/hooks/claude.json",
        "echo '{}' > /etc/claude-code/managed-settings.json",
        "rm '/Library/Application Support/ClaudeCode/managed-settings.json'",
        "rm /etc/codex/requirements.toml",
        "rm /etc/gemini-cli/settings.json",
        "rm /etc/cursor/hooks.json",
        "rm /etc/opencode/opencode.json",
        "rm '/Library/Managed Preferences/com.anthropic.claudecode.plist'",
    ] {
        assert_eq!(by_command(command).decision, Decision::Deny, "{command}");
    }
    for command in ["cat /private/var/db/sanctum/secrets/x", "tar c /var/db/sanctum"] {
        assert_eq!(by_command(command).decision, Decision::Deny, "{command}");
    }
    let honest = by_command("/opt/sanctum/bin/sanctum plan");
    assert_eq!(honest.decision, Decision::Allow, "{honest:?}");
}

#[test]
fn one_path_has_one_name() {
    for (path, want) in [
        ("/home/dev/.ssh", "~/.ssh"),
        ("/HOME/DEV/.SSH", "~/.ssh"),
        ("/Users/other/.ssh", "~/.ssh"),
        ("/home/other", "~"),
        ("/home", "/home"),
        ("/homes/x", "/homes/x"),
        ("/root/.ssh", "~/.ssh"),
        ("/rooted", "/rooted"),
        ("/proc/self/root/etc/shadow", "/etc/shadow"),
        ("/proc/1/task/2/root/home/dev/.ssh", "~/.ssh"),
        ("/proc/1/root/proc/2/root/etc/shadow", "/etc/shadow"),
        ("/proc/self/rooted/etc/shadow", "/proc/self/rooted/etc/shadow"),
        ("/private/var/root/.ssh", "~/.ssh"),
        ("/private/etc/sudoers", "/etc/sudoers"),
        ("/System/Volumes/Data/Users/me/.ssh", "~/.ssh"),
        ("~other/.ssh", "~/.ssh"),
        ("~", "~"),
    ] {
        assert_eq!(homed(path, HOME), want, "{path}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn both_engines_say_the_same_of_any_path(
        home in prop::sample::select(vec!["/home/dev", "/home/o", "/Users/o", "/root", "/etc", "/srv", "/proc/1/root/home/o", "/home/dev/p"]),
        names in prop::collection::vec(prop::sample::select(vec![
            ".ssh", "id_rsa", "id_rsa.pub", ".aws", "credentials", "config", ".env", ".env.example", ".env.local", "x.env", "src",
            ".config", "gh", "hosts.yml", "a.pem", "key.p12", ".git", "hooks", "shadow", "known_hosts", ".kube", "history", "main.rs",
        ]), 1..5),
    ) {
        let path = format!("{home}/{}", names.join("/"));
        let tool = paths::meet(&path, &place(), Use::Read).is_some();
        let store = below(&homed(&path, HOME)) == Below::Store;
        let command = by_command(&format!("cat {path}")).decision == Decision::Deny;
        prop_assert_eq!(tool || store, command, "{}", path);
    }

    #[test]
    fn a_path_of_which_less_is_known_is_still_met(which in 0_usize..10_000, at in 0_usize..64) {
        let denied: Vec<&str> = lines().filter(|(s, _, l)| *s == Section::Deny && !l.contains('*')).map(|(_, _, l)| l).collect();
        let path = denied[which % denied.len()];
        let letters: Vec<char> = path.chars().collect();
        let at = at % letters.len();
        prop_assume!(letters[at].is_alphanumeric());
        let wild: String = letters.iter().enumerate().map(|(i, c)| if i == at { crate::shell::ONE } else { *c }).collect();
        prop_assert_eq!(reading(&wild).0, shell::Secrecy::Credential, "{}", wild);
    }

    #[test]
    fn any_path_is_read(path in ".{0,80}") {
        let _ = (reading(&path), writing(&path, Writer::Tool), below(&path), homed(&path, HOME));
    }
}
