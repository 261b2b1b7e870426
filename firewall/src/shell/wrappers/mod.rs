//! Programs that run another command: where that begins is data, what it does is walked like any other.
//!
//! `run` gives `None` for a name that is no wrapper. A wrapper adds nothing to a verdict and takes nothing away.

mod fleet;
mod special;
mod table;

use super::effect::Reason;
use super::value::{Text, Value, known, unknown};
use super::walk::{Input, State, Walker};
use table::{TABLE, VERBS};

/// Wrappers that fetch what they run.
const FETCHERS: [&str; 4] = ["npx", "pnpx", "bunx", "uvx"];

/// Wrappers whose command stands behind the dashes, whatever is before them.
const BEHIND: [&str; 6] = ["mise", "rtx", "asdf", "tox", "devbox", "flox"];

/// bwrap's options with two values; the table has them with one.
const PAIRED: [&str; 8] = [
    "--bind",
    "--bind-try",
    "--dev-bind",
    "--dev-bind-try",
    "--ro-bind",
    "--ro-bind-try",
    "--setenv",
    "--symlink",
];

/// Runs what a wrapper wraps.
pub(super) fn run(
    w: &mut Walker<'_>,
    st: &mut State,
    name: &str,
    args: &[Text],
    input: &Input,
) -> Option<Value> {
    special::run(w, st, name, args, input)
        .or_else(|| fleet::run(w, st, name, args, input))
        .or_else(|| by_table(w, st, name, args, input))
}

fn by_table(
    w: &mut Walker<'_>,
    st: &mut State,
    name: &str,
    args: &[Text],
    input: &Input,
) -> Option<Value> {
    let row = TABLE.lines().find(|l| l.split('|').next() == Some(name))?;
    let mut cells = row.split('|').skip(1);
    let (valued, operands, how) =
        (cells.next()?, cells.next()?.parse::<usize>().ok()?, cells.next()?);
    let verbs =
        VERBS.lines().find_map(|l| l.split_once('|').filter(|(n, _)| *n == name).map(|(_, v)| v));
    if let Some(verbs) = verbs {
        let verb = first_operand(args, valued)?;
        // `dotenv -- command` is another program of the same name.
        let dashed = name == "dotenv" && args.iter().any(|a| a.s == "--");
        if !dashed && !verbs.split(' ').any(|v| v == verb.s) {
            return None;
        }
    }
    if verbs.is_some() || FETCHERS.contains(&name) {
        super::program::installs(w, st, name, args);
    }
    if name == "command" && only_looks_up(args) {
        return Some(super::walk::looked_up(args));
    }
    if let Some(code) = texts(args, name, valued) {
        return Some(w.script(&mut st.clone(), &code, input.clone()));
    }
    if matches!(name, "ssh" | "systemd-run") {
        commands(w, st, name, &super::program::options(args, valued));
    }
    let inner = inner(args, valued, operands, how.contains("assign"), name)?;
    let inner = spelled(inner, args, name);
    if inner.is_empty() {
        // `ssh-agent` alone prints what sets its own two variables.
        let silent = matches!(name, "exec" | "ssh-agent");
        return Some(if silent { known("") } else { unknown() });
    }
    if matches!(name, "ssh" | "mosh") {
        w.leaves(&sent(args, input), name);
    }
    let mut inside = st.clone();
    if how.contains("away") {
        inside.cwd = None;
    }
    let out = if how.contains("text") || is_text(&inner, args, name) {
        w.deeper(unknown(), |w| w.script(&mut inside, &joined(&inner), input.clone()))
    } else {
        w.deeper(unknown(), |w| {
            // Aliases and functions of the shell are not known to another program.
            if !matches!(name, "command" | "builtin" | "time" | "exec") {
                inside.functions.clear();
                inside.aliases.clear();
            } else if name != "time" {
                inside.functions.clear();
            }
            w.run(&mut inside, &inner, input.clone())
        })
    };
    if matches!(name, "builtin" | "command" | "time") {
        st.cwd = inside.cwd;
        st.vars = inside.vars;
    }
    st.files = inside.files;
    Some(out)
}

/// `mise exec python@3.12 -- command`: tools stand before it. `hatch run test:pip install x` names an environment first.
fn spelled(mut inner: Vec<Text>, args: &[Text], name: &str) -> Vec<Text> {
    if let Some(at) = args.iter().position(|a| a.s == "--").filter(|_| BEHIND.contains(&name)) {
        return args.get(at + 1..).unwrap_or(&[]).to_vec();
    }
    if name == "hatch"
        && let Some(first) = inner.first_mut()
        && let Some((_, command)) = first.s.split_once(':')
    {
        *first = super::program::part(first, command);
    }
    inner
}

/// One word with spaces is a text for a shell to these, as are all words behind pnpm's `-c`.
fn is_text(inner: &[Text], args: &[Text], name: &str) -> bool {
    let shell = args.iter().any(|a| matches!(a.s.as_str(), "-c" | "--shell-mode"));
    let one = matches!(inner, [word] if word.s.contains(' '));
    name == "pnpm" && shell || matches!(name, "yarn" | "pnpm") && one
}

/// What goes to another machine with a command: its words and its input.
fn sent(args: &[Text], input: &Input) -> super::value::Taint {
    let mut sent = input.as_deref().map(super::value::taint).unwrap_or_default();
    sent.add(&super::value::taint(args));
    sent
}

/// The commands among a wrapper's own options.
fn commands(w: &mut Walker<'_>, st: &State, name: &str, p: &super::program::Parsed<'_>) {
    if name == "ssh" {
        super::program::ssh_options(w, st, p);
    }
    if name == "systemd-run" {
        // `-p ExecStartPre=command`
        for property in p.values(&["-p", "--property"]) {
            if let Some((key, code)) = property.s.split_once('=')
                && key.starts_with("Exec")
            {
                let code = super::program::part(
                    property,
                    code.trim_start_matches(['-', '+', '!', '@', ':']),
                );
                w.script(&mut st.clone(), &code, None);
            }
        }
    }
}

/// `command -v name` runs nothing.
fn only_looks_up(args: &[Text]) -> bool {
    args.first().is_some_and(|a| a.s.starts_with('-') && a.s.contains(['v', 'V']))
}

fn first_operand<'a>(args: &'a [Text], valued: &str) -> Option<&'a Text> {
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        if !arg.s.starts_with('-') {
            return Some(arg);
        }
        at += if takes(valued, &arg.s) { 2 } else { 1 };
    }
    None
}

fn takes(valued: &str, option: &str) -> bool {
    valued.split(' ').any(|v| v == option)
}

/// `-c text`, where a wrapper has it.
fn texts(args: &[Text], name: &str, valued: &str) -> Option<Text> {
    let letters: &[&str] = match name {
        "flock" | "script" | "vagrant" | "runuser" => &["-c", "--command"],
        "hyperfine" => &["-p", "--prepare"],
        "npx" | "npm" => &["-c", "--call"],
        "mise" | "rtx" | "flox" => &["-c", "--command"],
        "ts-node" => return None,
        _ => return None,
    };
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        if letters.contains(&arg.s.as_str()) {
            return rest.next().cloned();
        }
        if let Some((option, code)) = arg.s.split_once('=')
            && option.starts_with("--")
            && letters.contains(&option)
        {
            return Some(super::program::part(arg, code));
        }
        if name == "script"
            && arg.s.starts_with('-')
            && !arg.s.starts_with("--")
            && arg.s.ends_with('c')
        {
            return rest.next().cloned();
        }
        if takes(valued, &arg.s) {
            rest.next();
        }
    }
    None
}

/// The words of the inner command.
fn inner(
    args: &[Text],
    valued: &str,
    mut operands: usize,
    assign: bool,
    name: &str,
) -> Option<Vec<Text>> {
    let mut at = 0;
    let mut dashes = false;
    while let Some(arg) = args.get(at) {
        let s = arg.s.as_str();
        if s == "--" && !dashes {
            dashes = true;
            at += 1;
            // `conda run -- x`, `op run -- x`: what follows is the command.
            operands =
                if name == "timeout" || name == "flock" || name == "chroot" { operands } else { 0 };
            continue;
        }
        if !dashes && s.starts_with('-') && s.len() > 1 {
            let values = usize::from(takes(valued, s)) + usize::from(PAIRED.contains(&s));
            at += 1 + values;
            continue;
        }
        if assign && s.split_once('=').is_some_and(|(n, _)| !n.is_empty() && !n.contains('/')) {
            at += 1;
            continue;
        }
        if operands > 0 {
            operands -= 1;
            at += 1;
            continue;
        }
        break;
    }
    Some(args.get(at..).unwrap_or(&[]).to_vec())
}

/// Words as one text, as `ssh`, `eval` and `watch` put them together.
pub(super) fn joined(words: &[Text]) -> Text {
    let mut all = Text::default();
    for (i, word) in words.iter().enumerate() {
        if i > 0 {
            all.s.push(' ');
        }
        all.push(word);
    }
    all
}

/// Words as one text that keeps each a word.
pub(super) fn quoted(words: &[Text]) -> Text {
    let mut all = Text::default();
    for (i, word) in words.iter().enumerate() {
        if i > 0 {
            all.s.push(' ');
        }
        match word.known() {
            Some(known) => all
                .push(&Text { s: super::expand::single_quoted(known), taint: word.taint.clone() }),
            None => all.push(word),
        }
    }
    all
}

/// A command whose words cannot be told.
pub(super) fn lost(w: &mut Walker<'_>) -> Value {
    w.underived(Reason::Program);
    unknown()
}
