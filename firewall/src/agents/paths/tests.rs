use super::*;
use proptest::prelude::*;

fn place() -> Place {
    Place { home: "/home/me".to_owned(), cwd: "/home/me/p".to_owned(), ignore_case: false }
}

fn mac() -> Place {
    Place { home: "/Users/me".to_owned(), cwd: "/Users/me/p".to_owned(), ignore_case: true }
}

#[test]
fn paths_are_made_normal_by_their_text() {
    for (path, want) in [
        ("~/.aws/credentials", "~/.aws/credentials"),
        ("$HOME/.aws/credentials", "~/.aws/credentials"),
        ("${HOME}/.aws//./credentials", "~/.aws/credentials"),
        ("/home/me/.aws/credentials", "~/.aws/credentials"),
        ("/home/other/.aws/credentials", "~/.aws/credentials"),
        ("/root/.ssh", "~/.ssh"),
        ("../.aws/credentials", "~/.aws/credentials"),
        ("src/main.rs", "~/p/src/main.rs"),
        ("./src/../../.ssh", "~/.ssh"),
        ("/etc/../etc/shadow", "/etc/shadow"),
        ("/../../etc/shadow", "/etc/shadow"),
        ("file:///etc/shadow", "/etc/shadow"),
        ("/proc/self/root/etc/shadow", "/etc/shadow"),
        ("/proc/self/cwd/../.ssh/id_rsa", "~/.ssh/id_rsa"),
        ("/proc/self/environ", "/proc/self/environ"),
        ("~", "~"),
        ("/home/me/", "~"),
        ("/homestead/x", "/homestead/x"),
        ("~other/x", "~/x"),
    ] {
        assert_eq!(normal(path, &place()), want, "{path}");
    }
    for (path, want) in [
        ("/private/etc/sudoers", "/etc/sudoers"),
        ("/System/Volumes/Data/Users/me/.ssh", "~/.ssh"),
        ("/users/ME/.ssh", "~/.ssh"),
        ("/private/var/root/.ssh", "~/.ssh"),
    ] {
        assert_eq!(normal(path, &mac()), want, "{path}");
    }
    assert_eq!(normal("x/../y", &Place::default()), "y");
    assert_eq!(normal("~/x", &Place::default()), "~/x");
}

#[test]
fn what_may_not_be_read() {
    for path in [
        "~/.aws/credentials",
        "~/.ssh/id_ed25519",
        "~/.ssh",
        "~/.ssh/",
        "~/.ssh/jobs/key",
        "/root/.ssh/id_rsa",
        ".env",
        "app/.env.production",
        "~/.netrc",
        "~/.npmrc",
        "~/.kube/config",
        "~/.config/gh/hosts.yml",
        "/etc/shadow",
        "/proc/self/environ",
        "/proc/1/environ",
        "~/.gnupg/private-keys-v1.d/x.key",
        "deploy/id_rsa",
        "~/.s*h/id_*",
        "~/.ssh/*",
        "~/.aws/*",
        "~/.aw?/credentials",
        "~/.aws/cred[e]ntials",
        ".en?",
        ".e*",
        "~/.bash_history",
        "~/.codex/auth.json",
        "~/.claude/.credentials.json",
        "~/Library/Keychains/login.keychain-db",
        "~/.{ssh,aws}/id_rsa",
        "~other/.ssh/id_rsa",
        "/Users/other/.aws/credentials",
        "**/.env",
        "../.ssh/id_rsa",
    ] {
        assert!(meet(path, &place(), Use::Read).is_some(), "{path}");
    }
    for path in [
        "src/main.rs",
        ".env.example",
        ".env.sample",
        "README.md",
        ".gitignore",
        "~/.ssh/known_hosts",
        "~/.ssh/config",
        "~/.ssh/id_rsa.pub",
        "docs/env.md",
        "environment.ts",
        "*.rs",
        "src/*",
        "*",
        "*.json",
        "*s",
        "~/.config/nvim/init.lua",
        "~/.zshrc",
        "/etc/hosts",
        "/etc/passwd",
        "/proc/cpuinfo",
        ".envoy/config",
        "package.json",
        "~/.cargo/config.toml",
        "/tmp/x",
        "id_generator.py",
        "credentials_test.go",
        ".env.d.ts",
        "~/*/config",
        "src/**/*.ts",
        "~/**/*.rs",
        "dist/lib*",
        "*bytes*",
    ] {
        assert_eq!(meet(path, &place(), Use::Read), None, "{path}");
    }
    assert!(meet("~/.SSH/ID_RSA", &mac(), Use::Read).is_some());
}

#[test]
fn what_may_not_be_written() {
    for (path, grade) in [
        ("~/.ssh/authorized_keys", Grade::Deny),
        ("~/.ssh/config", Grade::Ask),
        ("~/.bashrc", Grade::Ask),
        ("/home/me/.zshrc", Grade::Ask),
        ("~/.config/fish/config.fish", Grade::Ask),
        ("~/.claude/settings.json", Grade::Deny),
        (".claude/settings.local.json", Grade::Deny),
        ("~/.codex/hooks.json", Grade::Deny),
        ("~/.gemini/settings.json", Grade::Deny),
        ("~/.cursor/hooks.json", Grade::Deny),
        ("~/.config/opencode/plugins/sanctum.js", Grade::Deny),
        (".sanctum/config.toml", Grade::Deny),
        ("/usr/local/bin/sanctum", Grade::Deny),
        (".git/hooks/pre-commit", Grade::Ask),
        (".git/config", Grade::Ask),
        ("sub/.git/hooks/post-checkout", Grade::Ask),
        ("~/Library/LaunchAgents/x.plist", Grade::Deny),
        ("/Library/LaunchDaemons/x.plist", Grade::Deny),
        ("~/.config/systemd/user/x.service", Grade::Deny),
        ("/etc/systemd/system/x.service", Grade::Deny),
        ("/etc/sudoers", Grade::Deny),
        ("/etc/sudoers.d/me", Grade::Deny),
        ("/etc/crontab", Grade::Deny),
        ("/etc/cron.d/x", Grade::Deny),
        ("/var/spool/cron/crontabs/me", Grade::Deny),
        ("venv/lib/python3.12/site-packages/x.pth", Grade::Deny),
        ("~/.cargo/config.toml", Grade::Ask),
        ("/usr/bin/ls", Grade::Deny),
        ("~/.aws/credentials", Grade::Deny),
    ] {
        let met = meet(path, &place(), Use::Write);
        assert_eq!(met.map(|met| met.grade), Some(grade), "{path}");
    }
    for path in [
        "src/main.rs",
        ".env",
        ".gitignore",
        ".git/hooks/pre-commit.sample",
        ".github/workflows/ci.yml",
        "~/.config/nvim/init.lua",
        "/tmp/x",
        "Dockerfile",
        ".claude/agents/x.md",
        "docs/sudoers.md",
        "crontab.txt",
        "launchd/x.plist",
        "/usr/local/bin/mytool",
    ] {
        assert_eq!(meet(path, &place(), Use::Write), None, "{path}");
    }
}

#[test]
fn searches() {
    let globs = |glob: &str| if glob.is_empty() { Vec::new() } else { vec![glob.to_owned()] };
    for (root, glob, met) in [
        ("~/.ssh", "", true),
        ("/root/.ssh", "", true),
        ("~/.aws", "credentials", true),
        (".", "**/.env", true),
        (".", ".env*", true),
        ("~", ".ssh/id_*", true),
        (".", "~/.ssh/*", true),
        (".", "", false),
        (".", "**/*.rs", false),
        (".", "**/*", false),
        ("src", "*.env", false),
        (".", "*.json", false),
    ] {
        assert_eq!(meet_below(root, &globs(glob), &place()).is_some(), met, "{root} {glob}");
    }
    for (root, covers) in [("~", true), ("/", true), ("/etc", true), (".", false), ("/tmp", false)]
    {
        assert_eq!(covers_secrets(root, &place()), covers, "{root}");
    }
}

/// A plain reading of one pattern, to compare with: `**`, `*` and `?` against a path without wildcards.
fn plain(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), _) => {
            plain(rest, path) || path.split_first().is_some_and(|(_, tail)| plain(pattern, tail))
        }
        (Some((head, rest)), Some((part, tail))) => {
            letters(&head.chars().collect::<Vec<_>>(), &part.chars().collect::<Vec<_>>())
                && plain(rest, tail)
        }
        _ => false,
    }
}

fn letters(pattern: &[char], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), _) => {
            letters(rest, text)
                || text.split_first().is_some_and(|(_, tail)| letters(pattern, tail))
        }
        (Some(('?', rest)), Some((_, tail))) => letters(rest, tail),
        (Some((a, rest)), Some((b, tail))) => a == b && letters(rest, tail),
        _ => false,
    }
}

proptest! {
    #[test]
    fn patterns_match_as_a_plain_reading_does(pattern in "(\\*\\*|[ab*?]{1,4})(/(\\*\\*|[ab*?]{1,4})){0,4}", path in "[ab]{1,4}(/[ab]{1,4}){0,4}") {
        let parts = |text: &'static str| text.split('/').collect::<Vec<_>>();
        let _ = parts;
        let (left, right): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
        prop_assert_eq!(overlap(&pattern, &path, false), plain(&left, &right));
    }

    #[test]
    fn what_a_wild_path_can_mean_is_met(path in "[abc]{1,4}(/[abc]{1,4}){0,3}", at in 0..16_usize, pattern in "(\\*\\*/)?[abc*]{1,4}(/[abc*]{1,4}){0,2}") {
        // A path of which one letter is made a wildcard can still mean all that it meant.
        let at = at % path.len();
        let mut wild = path.clone().into_bytes();
        if wild[at] != b'/' {
            wild[at] = b'?';
        }
        let wild = String::from_utf8(wild).unwrap();
        prop_assert!(!overlap(&pattern, &path, false) || overlap(&pattern, &wild, false), "{} {}", pattern, wild);
    }

    #[test]
    fn noise_in_a_path_changes_nothing(path in proptest::sample::select(&["~/.aws/credentials", "~/.ssh/id_rsa", "~/p/src/main.rs", "/etc/shadow", "~/p/.env"][..]), noise in proptest::collection::vec(0..3_usize, 0..4)) {
        let mut noisy = path.to_owned();
        for (n, kind) in noise.into_iter().enumerate() {
            let Some(slash) = noisy.match_indices('/').map(|(at, _)| at).nth(n % 3) else { continue };
            noisy.insert_str(slash, ["/.", "/x/..", "/"][kind]);
        }
        prop_assert_eq!(normal(&noisy, &place()), path, "{}", noisy);
        prop_assert_eq!(meet(&noisy, &place(), Use::Read).is_some(), meet(path, &place(), Use::Read).is_some());
    }

    #[test]
    fn any_path_is_read(path in ".{0,80}") {
        let _ = meet(&path, &place(), Use::Read);
        let _ = meet(&path, &mac(), Use::Write);
        let _ = meet_below(&path, std::slice::from_ref(&path), &place());
    }
}

#[test]
fn long_and_wild_paths_cost_little() {
    let long = format!("/{}", "*a/".repeat(1300));
    assert!(meet(&long, &place(), Use::Read).is_none() || long.len() <= 4096);
    assert!(
        meet(&"/a".repeat(5000), &place(), Use::Read).is_some(),
        "what is too long counts as possible"
    );
}
