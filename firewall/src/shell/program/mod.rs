//! What programs do with their arguments and input, by name.
//!
//! Each family has a file; a name that no family knows reads the files among its arguments. Output is computed where that is
//! cheap and certain (`echo`, `base64 -d`, `tr`), and is otherwise unknown text that carries the taint of what went in.
#![expect(
    clippy::needless_pass_by_value,
    reason = "an input is handed on by value, so that every call of the walk looks alike"
)]

mod decode;
mod files;
mod filter;
mod find;
mod git;
mod install;
pub(super) mod network;
mod prints;
mod process;
mod secrets;
mod shells;

pub(super) use decode::{base64, hex};
pub(super) use network::ssh_options;
pub(super) use process::file as ids_of_file;
pub(super) use shells::{code_runs, interpret, loaded, shebang};

use super::effect::Effect;
use super::tables::{self, Verdict};
use super::value::{Taint, Text, Value, from, taint, unknown};
use super::walk::{Input, State, Walker};
pub(crate) use install::unaliased;

/// A command line, taken apart.
pub(super) struct Parsed<'a> {
    /// Each with its value, when it takes one.
    pub(super) options: Vec<(String, Option<Text>)>,
    pub(super) operands: Vec<&'a Text>,
}

impl Parsed<'_> {
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.options.iter().any(|(name, _)| names.contains(&name.as_str()))
    }

    pub(super) fn value(&self, name: &str) -> Option<&Text> {
        self.options.iter().find(|(n, _)| n == name).and_then(|(_, value)| value.as_ref())
    }

    pub(super) fn values<'s>(&'s self, names: &'s [&'s str]) -> impl Iterator<Item = &'s Text> {
        self.options
            .iter()
            .filter(|(n, _)| names.contains(&n.as_str()))
            .filter_map(|(_, value)| value.as_ref())
    }
}

/// Takes a command line apart as `getopt_long` does. `valued` lists the options that take a value, with their dashes.
pub(super) fn options<'a>(args: &'a [Text], valued: &str) -> Parsed<'a> {
    let takes = |name: &str| valued.split_ascii_whitespace().any(|v| v == name);
    let mut parsed = Parsed { options: Vec::new(), operands: Vec::new() };
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let s = arg.s.as_str();
        if s == "--" {
            parsed.operands.extend(rest);
            break;
        }
        if s.starts_with("--") {
            match s.split_once('=') {
                Some((name, value)) => {
                    parsed.options.push((name.to_owned(), Some(part(arg, value))));
                }
                None if takes(s) => parsed.options.push((s.to_owned(), rest.next().cloned())),
                None => parsed.options.push((s.to_owned(), None)),
            }
        } else if s.len() > 1 && s.starts_with('-') {
            short(arg, s, &mut rest, &takes, &mut parsed);
        } else {
            parsed.operands.push(arg);
        }
    }
    parsed
}

fn short<'a>(
    arg: &Text,
    s: &str,
    rest: &mut impl Iterator<Item = &'a Text>,
    takes: &impl Fn(&str) -> bool,
    parsed: &mut Parsed<'_>,
) {
    // Programs with long options of one dash (`find`, `openssl`, `java`) list them whole.
    if takes(s) && s.len() > 2 {
        parsed.options.push((s.to_owned(), rest.next().cloned()));
        return;
    }
    let mut chars = s.chars().skip(1);
    while let Some(c) = chars.next() {
        let name = format!("-{c}");
        if !takes(&name) {
            parsed.options.push((name, None));
            continue;
        }
        let glued: String = chars.collect();
        let value = if glued.is_empty() { rest.next().cloned() } else { Some(part(arg, &glued)) };
        parsed.options.push((name, value));
        break;
    }
}

/// A part of an argument keeps its taint.
pub(super) fn part(whole: &Text, s: &str) -> Text {
    Text { s: s.to_owned(), taint: whole.taint.clone() }
}

/// Runs a program by its lower-case base name.
pub(super) fn run(
    w: &mut Walker<'_>,
    st: &mut State,
    name: &str,
    args: &[Text],
    input: Input,
) -> Value {
    if harmless_call(args) && !matches!(name, "git" | "docker") {
        return unknown();
    }
    if let Some(hit) = tables::destroyer(name, args).filter(|_| !in_an_image(w, st, name, args)) {
        let what = hit.what.to_owned();
        w.effect(match hit.verdict {
            Verdict::Deny => Effect::Destroys { what },
            Verdict::Ask => Effect::Touches { what },
            Verdict::Off => Effect::Disables { what },
        });
    }
    if let Some(agent) = crate::agents::settings::agent_of(name)
        && let Some(found) =
            crate::agents::settings::bypasses(agent, &without_hooks(name, args), true).first()
    {
        w.effect(Effect::Disables { what: format!("Starts an agent without its hooks ({found})") });
    }
    network::serves(w, st, name, args);
    let out = family(w, st, name, args, input.clone());
    process::flows(name, args, &input, out)
}

/// `mkfs.ext4 disk.img`: a file of the project's, not a device.
fn in_an_image(w: &Walker<'_>, st: &State, name: &str, args: &[Text]) -> bool {
    let makes = name.starts_with("mkfs") || matches!(name, "mke2fs" | "mkswap" | "mkdosfs");
    let files = || args.iter().filter(|a| !a.s.starts_with('-'));
    let ours = |path: &Text| {
        let full = st.full(path);
        path.known().is_some()
            && w.cx.view.link(&full).is_none()
            && matches!(
                tables::place(&full, w.cx),
                super::effect::Place::Project | super::effect::Place::Temporary
            )
    };
    makes && files().next().is_some() && files().all(ours)
}

/// By the first family that knows the name.
fn family(w: &mut Walker<'_>, st: &mut State, name: &str, args: &[Text], input: Input) -> Value {
    if install::run(w, st, name, args, &input) {
        return unknown();
    }
    if let Some(out) = prints::run(name, args) {
        return out;
    }
    if let Some(out) = shells::run(w, st, name, args, &input) {
        return out;
    }
    if let Some(out) = decode::run(w, st, name, args, &input) {
        return out;
    }
    if let Some(out) = filter::run(w, st, name, args, &input) {
        return out;
    }
    if let Some(out) = network::run(w, st, name, args, &input) {
        return out;
    }
    if let Some(out) = files::run(w, st, name, args, &input) {
        return out;
    }
    match name {
        "git" => git::run(w, st, args),
        "find" | "fd" | "fdfind" => find::run(w, st, name, args),
        _ => secrets::run(w, st, name, args)
            .or_else(|| process::run(w, name, args))
            .unwrap_or_else(|| default(w, st, name, args, &input)),
    }
}

/// The command line as one text.
fn without_hooks(name: &str, args: &[Text]) -> String {
    std::iter::once(name.to_owned())
        // A prompt may speak of an option.
        .chain(args.iter().map(Text::shown).filter(|a| !a.contains(' ') || a.starts_with('{')))
        .collect::<Vec<_>>()
        .join(" ")
}

/// What a client installs on its way to running something (`uv run --with x`).
pub(super) fn installs(w: &mut Walker<'_>, st: &State, name: &str, args: &[Text]) {
    install::run(w, st, name, args, &None);
}

/// `--help` and `--version` alone do nothing else.
fn harmless_call(args: &[Text]) -> bool {
    matches!(args, [one] if matches!(one.s.as_str(), "--help" | "--version"))
}

/// Files that are handed to a container or a machine beside this one.
pub(super) fn files_to(w: &mut Walker<'_>, st: &State, sources: &[&Text]) {
    files::gathered(w, st, sources);
}

/// A program whose name is not known: its arguments are still there to be read.
pub(super) fn plain(w: &mut Walker<'_>, st: &mut State, name: &str, args: &[Text]) -> Value {
    default(w, st, name, args, &None)
}

/// Programs that take names of files without reading what is in them, or words that are no files.
const BLIND: &str = "
ls stat test [ chmod chown chgrp touch mkdir rmdir basename dirname realpath readlink du df which type file kill ps ssh-add ssh-keygen
ssh-agent ssh-copy-id mktemp sleep uname hostname whoami id groups env.sh exa eza lsd tree lsof pgrep mount umount systemctl
launchctl service brew apt apt-get dnf yum pacman make cmake npm pnpm yarn cargo go docker docker-compose podman kubectl helm gh glab
terraform tofu vault op bw rclone restic borg velero nats rabbitmqctl kafka-topics circleci doppler aws gcloud az heroku vercel fly flyctl
code cursor open xdg-open say notify-send logger true false seq expr tput stty clear reset sync lsblk blkid jj hg svn screen tmux direnv
mise asdf nvm pyenv rbenv sanctum dotenvx chattr lsattr getfacl setfacl xattr mdfind locate updatedb plutil defaults
";

/// A program that no family knows reads the files among its arguments.
fn default(w: &mut Walker<'_>, st: &mut State, name: &str, args: &[Text], input: &Input) -> Value {
    let mut all = input.as_deref().map(taint).unwrap_or_default();
    // A program's own result is no longer what came over the network, but a secret in it stays one.
    all.remote = false;
    all.decoded = false;
    if BLIND.split_ascii_whitespace().any(|b| b == name) {
        return from(Taint::default());
    }
    perhaps_wraps(w, st, args);
    for arg in args {
        for candidate in paths_in(arg) {
            if let Some(secret) = known_file(w, st, &candidate) {
                all.add(&secret);
            }
        }
        all.add(&Taint { remote: false, decoded: false, ..arg.taint.clone() });
    }
    // A program that is given a token uses it; whether it shows it is not known.
    all.loud = false;
    from(all)
}

/// `new-wrapper --fast rm -rf /`: words that would be denied as a command are asked about behind a program that nobody knows.
fn perhaps_wraps(w: &mut Walker<'_>, st: &State, args: &[Text]) {
    const TELLING: [&str; 8] = ["rm", "shred", "dd", "mkfs", "wipefs", "sh", "bash", "zsh"];
    // A command has few of them; noise in front must not hide the last.
    const MOST: usize = 16;
    let telling = |word: &Text| TELLING.contains(&super::value::base(&word.s));
    let places: Vec<usize> =
        args.iter().enumerate().filter(|(_, word)| telling(word)).map(|(at, _)| at).collect();
    if places.len() > MOST {
        w.underived(super::effect::Reason::TooMuch);
    }
    let denied = places.iter().take(MOST).any(|at| {
        let command = args.get(*at..).unwrap_or_default();
        w.tried(|w| {
            w.deeper(unknown(), |w| w.run(&mut st.clone(), command, None));
        })
    });
    if denied {
        let what = "May run a command that is denied by itself".to_owned();
        w.effect(Effect::Touches { what });
    }
}

/// The taint of a file, if a text can be a path at all: a word with a slash or a dot, or one that this text wrote.
pub(super) fn known_file(w: &mut Walker<'_>, st: &State, path: &Text) -> Option<Taint> {
    let full = st.full(path);
    if let Some(content) = st.files.get(&full) {
        return Some(taint(content));
    }
    if !w.looks_up(&full) {
        return None;
    }
    if tables::secrecy(&full, w.cx.home) > super::effect::Secrecy::Open
        || w.cx.view.link(&full).is_some()
    {
        return w.reads(&full);
    }
    None
}

/// The texts in an argument that can be paths: itself, what follows `=`, `@`, `:` or a short option's letter.
pub(super) fn paths_in(arg: &Text) -> Vec<Text> {
    let s = arg.s.as_str();
    let mut found = Vec::new();
    if !s.starts_with('-') {
        found.push(arg.clone());
    }
    for separator in ['=', '@', ':'] {
        if let Some((_, rest)) = s.split_once(separator) {
            found.push(part(arg, rest.trim_start_matches(['@', '<'])));
        }
    }
    if let Some(rest) = s.strip_prefix('-').filter(|r| !r.starts_with('-')) {
        let mut chars = rest.chars();
        chars.next();
        if !chars.as_str().is_empty() {
            found.push(part(arg, chars.as_str()));
        }
    }
    found.retain(|t| !t.s.is_empty() && !t.s.contains('\n'));
    found
}

/// Reads the operands as files, or the input when there are none. The content.
pub(super) fn contents(w: &mut Walker<'_>, st: &State, operands: &[&Text], input: &Input) -> Value {
    if operands.is_empty() {
        return input.clone().unwrap_or_else(unknown);
    }
    let mut all = super::value::known("");
    for operand in operands {
        let one =
            if matches!(operand.s.as_str(), "-" | "/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0") {
                input.clone().unwrap_or_else(unknown)
            } else {
                w.read_file(st, operand)
            };
        all = super::value::concat(&all, &one);
    }
    all
}
