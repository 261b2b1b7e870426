//! `git`: what it discards, what it rewrites, what it runs, and what of a secret it shows.

use super::super::effect::{Effect, Secrecy};
use super::super::tables;
use super::super::value::{Taint, Text, Value, from, normal, shown, single, unknown};
use super::super::walk::{State, Walker};
use super::{Parsed, options, part};
use crate::sensitive::Below;

/// Options before the subcommand that take a value.
const GLOBAL: &str =
    "-c -C --git-dir --work-tree --namespace --exec-path --config-env --super-prefix --attr-source";

/// Settings that are commands.
const RUNNING: &str = "core.pager core.editor core.sshcommand core.fsmonitor sequence.editor diff.external credential.helper gpg.program core.askpass core.gitproxy filter.lfs.process uploadpack.packobjectshook";

/// Runs it.
pub(super) fn run(w: &mut Walker<'_>, st: &mut State, args: &[Text]) -> Value {
    let mut inner = st.clone();
    let mut rest = args.iter();
    let mut subcommand = None;
    let mut aliases: Vec<(String, Text)> = Vec::new();
    while let Some(arg) = rest.next() {
        let s = arg.s.as_str();
        if !s.starts_with('-') {
            subcommand = Some(arg);
            break;
        }
        let (name, glued) = s
            .split_once('=')
            .filter(|_| s.starts_with("--"))
            .map_or((s, None), |(n, v)| (n, Some(part(arg, v))));
        if name.starts_with("-c") && name.len() > 2 && !name.starts_with("--") {
            setting(w, &inner, &part(arg, s.get(2..).unwrap_or("")), &mut aliases);
            continue;
        }
        if !GLOBAL.split_ascii_whitespace().any(|g| g == name) {
            continue;
        }
        let Some(value) = glued.or_else(|| rest.next().cloned()) else { break };
        match name {
            "-c" | "--config-env" => setting(w, &inner, &value, &mut aliases),
            "-C" | "--work-tree" => {
                inner.cwd = value.known().map(|v| normal(v, inner.cwd.as_deref()));
            }
            _ => {}
        }
    }
    for (key, value) in environment(st) {
        setting(w, &inner, &part(&value, &format!("{key}={}", value.s)), &mut aliases);
    }
    let Some(subcommand) = subcommand else { return unknown() };
    let rest: Vec<Text> = rest.cloned().collect();
    if let Some((_, code)) = aliases.iter().find(|(name, _)| *name == subcommand.s) {
        return alias(w, &mut inner, &code.clone(), &rest);
    }
    let Some(name) = subcommand.known() else {
        w.underived(super::super::effect::Reason::Program);
        return unknown();
    };
    if rest.iter().any(|a| matches!(a.s.as_str(), "--help" | "-h")) {
        return unknown();
    }
    for address in rest.iter().filter(|a| a.taint.secret.is_some() && a.s.contains("://")) {
        super::network::credential_for(w, &inner, address);
    }
    if let Some(what) = destroys(w, &inner, name, &rest) {
        w.effect(what);
    }
    others(w, &mut inner, name, &rest)
}

/// Settings that variables of the command give: `GIT_CONFIG_KEY_0`, `GIT_CONFIG_VALUE_0`, and `'key=value'` of `GIT_CONFIG_PARAMETERS`.
fn environment(st: &State) -> Vec<(String, Text)> {
    // git takes as many as `GIT_CONFIG_COUNT` says; a command line gives a few.
    const MOST: usize = 16;
    let mut found = Vec::new();
    for at in 0..MOST {
        let key = st.scalar(&format!("GIT_CONFIG_KEY_{at}"));
        let value = st.scalar(&format!("GIT_CONFIG_VALUE_{at}"));
        let (Some(key), Some(value)) = (key, value) else { break };
        found.extend(key.iter().flat_map(|k| value.iter().map(|v| (k.shown(), v.clone()))));
    }
    for text in st.scalar("GIT_CONFIG_PARAMETERS").unwrap_or_default() {
        // `'key'='value'` and `'key=value'`.
        let plain = text.s.replace("'='", "=");
        for pair in plain.split('\'').filter(|p| !p.trim().is_empty()) {
            if let Some((key, value)) = pair.split_once('=') {
                found.push((key.to_owned(), part(&text, value)));
            }
        }
    }
    found
}

/// Whether the value of a setting is a command: `*.textconv`, `difftool.x.cmd`, `credential.helper`.
fn runs_its_value(key: &str, value: &str) -> bool {
    const ENDS: [&str; 13] = [
        ".textconv",
        ".clean",
        ".smudge",
        ".process",
        ".cmd",
        ".command",
        ".helper",
        ".driver",
        ".program",
        ".proxycommand",
        ".gitproxy",
        ".vcs",
        ".packobjectshook",
    ];
    RUNNING.split_ascii_whitespace().any(|r| r == key)
        || ENDS.iter().any(|end| key.ends_with(end))
        || key.starts_with("pager.")
        || key.starts_with("submodule.") && value.starts_with('!')
        || value.starts_with('!')
}

fn setting(w: &mut Walker<'_>, st: &State, value: &Text, aliases: &mut Vec<(String, Text)>) {
    let (key, text) = value.s.split_once('=').unwrap_or((value.s.as_str(), "true"));
    let key = key.to_ascii_lowercase();
    let text = part(value, text);
    if let Some(name) = key.strip_prefix("alias.") {
        aliases.push((name.to_owned(), text));
    } else if key == "core.hookspath" {
        w.effect(Effect::Disables {
            what: "Runs git without the repository's hooks (core.hooksPath)".to_owned(),
        });
    } else if runs_its_value(&key, &text.s) {
        runs(w, st, &text);
    } else if key == "http.sslverify" && text.s == "false" {
        w.effect(Effect::Disables { what: "Runs git without checking certificates".to_owned() });
    } else if key == "gc.pruneexpire" && text.s == "now" {
        w.effect(Effect::Destroys { what: "Deletes what git could still bring back".to_owned() });
    } else if key == "protocol.ext.allow" {
        w.effect(Effect::Touches { what: "Lets git run commands out of addresses".to_owned() });
    }
}

fn runs(w: &mut Walker<'_>, st: &State, code: &Text) {
    let code = part(code, code.s.trim_start_matches('!'));
    w.script(&mut st.clone(), &code, None);
}

fn alias(w: &mut Walker<'_>, st: &mut State, code: &Text, rest: &[Text]) -> Value {
    if code.s.starts_with('!') {
        runs(w, st, code);
        return unknown();
    }
    let mut argv: Vec<Text> = code.s.split_ascii_whitespace().map(|s| part(code, s)).collect();
    argv.extend(rest.iter().cloned());
    w.deeper(unknown(), |w| run(w, st, &argv))
}

/// What is lost beyond recall, or worth a question.
#[expect(clippy::too_many_lines, reason = "a table: one arm a subcommand")]
fn destroys(w: &Walker<'_>, st: &State, name: &str, rest: &[Text]) -> Option<Effect> {
    let deny = |what: &str| Some(Effect::Destroys { what: what.to_owned() });
    let ask = |what: &str| Some(Effect::Touches { what: what.to_owned() });
    let p = options(rest, valued(name));
    let word = p.operands.first().map_or("", |o| o.s.as_str());
    match name {
        "reset" if p.has(&["--hard", "--merge"]) || long(&p, "--har") => {
            deny("Throws uncommitted work away (git reset --hard)")
        }
        "clean"
            if (p.has(&["-f", "--force"]) || long(&p, "--for"))
                && !p.has(&["-n", "--dry-run", "-i", "--interactive"]) =>
        {
            deny("Deletes files that git does not know (git clean -f)")
        }
        "push" => push(&p, rest),
        "branch" if p.has(&["-D"]) || (p.has(&["-d", "--delete"]) && p.has(&["-f", "--force"])) => {
            deny("Deletes a branch that may not be merged (git branch -D)")
        }
        "stash" if matches!(word, "drop" | "clear") => deny("Throws stashed work away (git stash)"),
        "checkout" | "switch" | "restore" => discards(w, st, name, &p, rest),
        "reflog" if matches!(word, "expire" | "delete") && !p.has(&["-n", "--dry-run"]) => {
            deny("Deletes what git could still bring back (git reflog)")
        }
        "gc" if !p.has(&["--no-prune"])
            && rest.iter().any(|a| matches!(a.s.as_str(), "--prune=now" | "--prune=all")) =>
        {
            deny("Deletes what git could still bring back (git gc)")
        }
        "prune" if !p.has(&["-n", "--dry-run"]) => {
            deny("Deletes what git could still bring back (git prune)")
        }
        "repack"
            if p.has(&["-a", "-A"])
                && p.has(&["-d"])
                && !p.has(&["-k", "--keep-unreachable"])
                && !p.has(&["-A"]) =>
        {
            ask("Deletes what git could still bring back (git repack)")
        }
        "filter-branch" | "filter-repo" => deny("Rewrites the history of the repository"),
        "update-ref" if p.has(&["-d", "--delete", "--stdin"]) => {
            deny("Deletes a reference (git update-ref -d)")
        }
        "replace" | "fast-import" if p.has(&["-d", "-f", "--force"]) => {
            deny("Rewrites the history of the repository")
        }
        "worktree" if word == "remove" && p.has(&["-f", "--force"]) => {
            deny("Throws a working tree away with what is in it")
        }
        "worktree" if word == "prune" && p.has(&["-f", "--force"]) => {
            deny("Throws a working tree away with what is in it")
        }
        "submodule" if word == "deinit" && p.has(&["-f", "--force"]) => {
            deny("Throws the work in a submodule away")
        }
        "remote" if matches!(word, "remove" | "rm") => ask("Removes a remote of the repository"),
        "tag" if p.has(&["-d", "--delete"]) => ask("Deletes a tag"),
        "tag" if p.has(&["-f", "--force"]) => ask("Moves a tag"),
        "rebase" if p.has(&["--no-verify"]) => off("rebase"),
        "commit" | "merge" | "am" | "cherry-pick"
            if p.has(&["--no-verify"])
                || long(&p, "--no-ver")
                || (name == "commit" && p.has(&["-n"]))
                || skips(st) =>
        {
            off(name)
        }
        "rm" => remove(w, st, &p),
        "read-tree" if p.has(&["--reset"]) && p.has(&["-u"]) => {
            deny("Throws uncommitted work away (git read-tree --reset -u)")
        }
        "checkout-index" if p.has(&["-f", "--force"]) && p.has(&["-a", "--all"]) => {
            deny("Throws uncommitted work away (git checkout-index -f -a)")
        }
        _ => None,
    }
}

fn off(name: &str) -> Option<Effect> {
    Some(Effect::Disables {
        what: format!("Skips the repository's checks (git {name} --no-verify)"),
    })
}

/// pre-commit leaves out the hooks that `SKIP` names.
fn skips(st: &State) -> bool {
    st.scalar("SKIP").is_some_and(|v| single(&v).is_none_or(|v| !v.is_empty()))
}

/// git takes a long option by any unique beginning.
fn long(p: &Parsed<'_>, beginning: &str) -> bool {
    p.options.iter().any(|(n, _)| n.starts_with(beginning))
}

fn valued(name: &str) -> &'static str {
    match name {
        "commit" => {
            "-m -F -C -c --message --file --author --date --fixup --squash -t --template --cleanup --trailer"
        }
        "push" => "-o --push-option --repo --receive-pack --exec",
        "checkout" | "switch" => "-b -B -c -C --orphan --conflict --pathspec-from-file",
        "restore" => "-s --source --conflict --pathspec-from-file",
        "clean" => "-e --exclude",
        "rebase" => "-x --exec --onto -s --strategy -X",
        "tag" => "-m -F -u --message --file",
        "difftool" => "-x --extcmd -t --tool",
        "notes" => "-m -F --message --file --ref -C -c",
        "hash-object" => "-t --path",
        "fetch" | "pull" | "ls-remote" => "-u --upload-pack -o --server-option -s -X --depth -j",
        "log" | "diff" | "show" => {
            "-n -S -G -L --format --pretty --since --until --author --grep -U"
        }
        "bisect" => "",
        "grep" => "-e -f -A -B -C -m --max-depth",
        "clone" => {
            "-b -o -u -c --branch --depth --config --template --reference --upload-pack --origin"
        }
        "config" => "-f --file --blob --type --default --get --value",
        "archive" => "-o --output --prefix --format --remote",
        "reset" => "--pathspec-from-file",
        _ => "",
    }
}

fn push(p: &Parsed<'_>, rest: &[Text]) -> Option<Effect> {
    if p.has(&["-n", "--dry-run"]) {
        return None;
    }
    let lease = rest
        .iter()
        .any(|a| a.s.starts_with("--force-with-lease") || a.s.starts_with("--force-if-includes"));
    let refs: Vec<&str> = p.operands.iter().skip(1).map(|o| o.s.as_str()).collect();
    let main = refs.iter().any(|r| {
        matches!(
            r.rsplit(':')
                .next()
                .unwrap_or(r)
                .trim_start_matches("refs/heads/")
                .trim_start_matches('+'),
            "main" | "master"
        )
    });
    if p.has(&["-f", "--force"]) || refs.iter().any(|r| r.starts_with('+')) || p.has(&["--mirror"])
    {
        return Some(Effect::Destroys {
            what: "Overwrites a remote branch (git push --force)".to_owned(),
        });
    }
    if lease && main {
        return Some(Effect::Destroys {
            what: "Overwrites the main branch of the remote (git push --force-with-lease)"
                .to_owned(),
        });
    }
    if p.has(&["-d", "--delete", "--prune"]) || refs.iter().any(|r| r.starts_with(':')) {
        let what = "Deletes a remote branch or tag (git push --delete)".to_owned();
        return Some(if main { Effect::Destroys { what } } else { Effect::Touches { what } });
    }
    p.has(&["--no-verify"]).then(|| Effect::Disables {
        what: "Skips the repository's checks (git push --no-verify)".to_owned(),
    })
}

fn discards(
    w: &Walker<'_>,
    st: &State,
    name: &str,
    p: &Parsed<'_>,
    rest: &[Text],
) -> Option<Effect> {
    let what = |s: &str| {
        Some(Effect::Destroys { what: format!("Throws uncommitted work away (git {name} {s})") })
    };
    if name != "restore"
        && (p.has(&["-f", "--force", "--discard-changes"]))
        && !p.has(&["-m", "--merge"])
    {
        return what("--force");
    }
    if name == "switch" {
        return None;
    }
    let only_index =
        name == "restore" && p.has(&["-S", "--staged"]) && !p.has(&["-W", "--worktree"]);
    if only_index {
        return None;
    }
    let after_dashes: Vec<&Text> = rest.iter().skip_while(|a| a.s != "--").skip(1).collect();
    let paths: Vec<&Text> = if name == "restore" || !after_dashes.is_empty() {
        if after_dashes.is_empty() { p.operands.clone() } else { after_dashes }
    } else {
        p.operands
            .iter()
            .copied()
            .filter(|o| {
                matches!(o.s.as_str(), "." | ":/" | "./" | "..")
                    || o.s.starts_with(":/")
                    || o.has_pattern()
            })
            .collect()
    };
    let whole = paths.iter().any(|o| {
        let full = st.full(o);
        matches!(o.s.as_str(), "." | "./" | ".." | ":/" | ":" | ":/." | ":(top)")
            || full == w.cx.project
            || o.s.chars().all(|c| c == super::super::value::STAR)
    });
    if whole {
        return what(".");
    }
    if paths.is_empty() {
        return None;
    }
    Some(Effect::Destroys {
        what: format!("Throws uncommitted changes of a file away (git {name})"),
    })
}

fn remove(w: &Walker<'_>, st: &State, p: &Parsed<'_>) -> Option<Effect> {
    if p.has(&["--cached", "-n", "--dry-run"]) || !p.has(&["-r"]) {
        return None;
    }
    let whole = p
        .operands
        .iter()
        .any(|o| st.full(o) == w.cx.project || o.s.chars().all(|c| c == super::super::value::STAR));
    whole.then(|| Effect::Destroys {
        what: "Deletes every file of the project (git rm -r)".to_owned(),
    })
}

/// What is run, read or changed without being lost.
fn others(w: &mut Walker<'_>, st: &mut State, name: &str, rest: &[Text]) -> Value {
    let p = options(rest, valued(name));
    match name {
        "rebase" => {
            for code in p.values(&["-x", "--exec"]) {
                runs(w, st, code);
            }
        }
        "bisect" if p.operands.first().is_some_and(|o| o.s == "run") => {
            let at = rest.iter().position(|a| a.s == "run").map_or(rest.len(), |i| i + 1);
            w.run(&mut st.clone(), rest.get(at..).unwrap_or(&[]), None);
        }
        "submodule" if p.operands.first().is_some_and(|o| o.s == "foreach") => {
            let words: Vec<Text> = rest
                .iter()
                .skip_while(|a| a.s != "foreach")
                .skip(1)
                .filter(|a| !a.s.starts_with("--"))
                .cloned()
                .collect();
            runs(w, st, &crate::shell::wrappers::joined(&words));
        }
        "config" => config(w, st, rest, &p),
        "clone" | "ls-remote" | "fetch" | "pull" => {
            addresses(w, st, &p);
        }
        "push" => {
            for code in p.values(&["--receive-pack", "--exec"]) {
                runs(w, st, code);
            }
        }
        "difftool" | "mergetool" if p.values(&["-x", "--extcmd"]).next().is_some() => {
            for code in p.values(&["-x", "--extcmd"]) {
                runs(w, st, code);
            }
        }

        "credential" | "credential-store" | "credential-cache"
            if p.operands.first().is_some_and(|o| matches!(o.s.as_str(), "fill" | "get")) =>
        {
            w.effect(Effect::Shows { what: "the credentials of git".to_owned(), certain: true });
        }
        "show" | "cat-file" | "diff" | "blame" | "annotate" | "archive" | "grep" | "log"
        | "difftool" | "checkout" | "restore" => {
            return history(w, st, name, &p);
        }
        // What is no name of a file for these, or only its name, is not read: an ignored file is named, staged, moved, forgotten.
        "add" | "stage" => return staged(w, st, &p),
        _ if !NAMES_ONLY.split_ascii_whitespace().any(|n| n == name) => {
            let mut all = Taint::default();
            for text in p.operands.iter().copied().chain(p.values(FILES)) {
                if let Some(secret) = super::known_file(w, st, text) {
                    all.add(&secret);
                }
            }
            return from(all);
        }
        _ => {}
    }
    unknown()
}

/// What an address, a setting of a new repository or the other side's program runs.
fn addresses(w: &mut Walker<'_>, st: &State, p: &Parsed<'_>) {
    for address in &p.operands {
        if let Some(code) = address.s.strip_prefix("ext::") {
            // `% ` is a space inside a word, `%%` a percent sign; the other letters stand for the service.
            let words: Vec<Text> = code
                .replace("% ", "\0")
                .split(' ')
                .map(|word| part(address, &word.replace('\0', " ").replace("%%", "%")))
                .collect();
            runs(w, st, &crate::shell::wrappers::quoted(&words));
        }
    }
    for value in p.values(&["-c", "--config"]) {
        setting(w, st, value, &mut Vec::new());
    }
    for code in p.values(&["-u", "--upload-pack"]) {
        runs(w, st, code);
    }
}

/// Subcommands that take names of files without showing what is in them.
const NAMES_ONLY: &str = "
rm mv ls-files ls-tree status check-ignore check-attr update-index stash branch tag remote init reset switch push fetch pull merge
rebase worktree submodule rev-parse rev-list describe reflog shortlog sparse-checkout clean gc lfs hook maintenance help version bisect
cherry-pick revert symbolic-ref for-each-ref clone
";

/// Options of the others that name a file.
const FILES: &[&str] = &["-F", "--file", "-f", "--template", "-t", "--from-file"];

/// A credential that is staged leaves with the next push.
fn staged(w: &mut Walker<'_>, st: &State, p: &Parsed<'_>) -> Value {
    for operand in &p.operands {
        let full = st.full(operand);
        if tables::secrecy(&full, w.cx.home) == Secrecy::Credential {
            let what =
                format!("Puts a credential into the repository: {}", shown(&full, w.cx.home));
            w.effect(Effect::Touches { what });
        }
    }
    unknown()
}

fn config(w: &mut Walker<'_>, st: &State, rest: &[Text], p: &Parsed<'_>) {
    // Another file is shown like settings.
    for file in p.values(&["-f", "--file"]) {
        super::known_file(w, st, file);
    }
    let mut words = p.operands.iter().filter(|o| !matches!(o.s.as_str(), "set" | "--add"));
    let (Some(key), Some(value)) = (words.next(), words.next()) else {
        if rest.iter().any(|a| matches!(a.s.as_str(), "--unset" | "unset"))
            && rest.iter().any(|a| a.s.eq_ignore_ascii_case("core.hookspath"))
        {
            w.effect(Effect::Touches { what: "Changes which hooks git runs".to_owned() });
        }
        return;
    };
    let lower = key.s.to_ascii_lowercase();
    if lower == "core.hookspath" {
        let inside = value.known().is_some_and(|v| !v.starts_with('/') && !v.starts_with('~'));
        let what = "Changes which hooks git runs (core.hooksPath)".to_owned();
        w.effect(if inside { Effect::Touches { what } } else { Effect::Disables { what } });
        return;
    }
    if lower.starts_with("alias.") && value.s.starts_with('!') {
        runs(w, st, value);
        return;
    }
    setting(w, st, &part(value, &format!("{lower}={}", value.s)), &mut Vec::new());
}

/// A secret read out of a commit, or out of the working tree.
fn history(w: &mut Walker<'_>, st: &State, name: &str, p: &Parsed<'_>) -> Value {
    let shows = match name {
        "log" => p.has(&["-p", "--patch", "-u", "-L", "-S", "-G"]),
        "diff" => !p.has(&[
            "--stat",
            "--name-only",
            "--name-status",
            "--numstat",
            "--shortstat",
            "--quiet",
        ]),
        "show" => !p.has(&["--stat", "--name-only", "--name-status", "--numstat"]),
        "cat-file" => {
            p.has(&["-p", "--textconv", "--filters"])
                || p.operands.first().is_some_and(|o| o.s == "blob")
        }
        "checkout" | "restore" => false,
        _ => true,
    };
    let mut all = Taint::default();
    let operands = if name == "grep" && !p.has(&["-e", "-f"]) {
        p.operands.get(1..).unwrap_or(&[])
    } else {
        p.operands.as_slice()
    };
    for operand in operands.iter().filter(|_| shows) {
        let path = operand.s.split_once(':').map_or(operand.s.as_str(), |(_, path)| path);
        let full = normal(path, st.cwd.as_deref());
        // Outside a repository git compares and searches whole directories.
        if p.has(&["--no-index"]) && tables::below(&full, w.cx.home) > Below::Nothing {
            all.add(&w.reads(&full).unwrap_or_default());
            continue;
        }
        if tables::secrecy(&full, w.cx.home) > Secrecy::Open {
            if let Some(secret) = w.reads(&full) {
                all.add(&secret);
            }
        } else if tables::secrecy(&full, w.cx.home) == Secrecy::Private {
            all.add(&Taint::secret(&shown(&full, w.cx.home)));
        }
    }
    from(all)
}
