//! Programs whose output is known well enough: names of temporary files, and code that a tool prints for the owner's shell.

use super::super::value::{HOLE, Text, Value, known};
use super::options;

/// `program|first words, one of which it is called with`; nothing behind the bar: however it is called. What they print sets
/// variables, functions and completions of that tool, and is run at the start of the owner's own shells.
const CODE: &str = "
asdf|
atuin|init
brew|shellenv
conda|shell.bash shell.zsh shell.posix
dircolors|
direnv|hook export
docker|completion
docker-machine|env
fnm|env completions
fzf|--bash --zsh
gh|completion
helm|completion
jenv|init
keychain|--eval
kubectl|completion
micromamba|shell
minikube|docker-env podman-env completion
mise|activate env hook-env completion
nodenv|init
npm|completion
opam|env
pip|completion
pipx|completions
poetry|completions
pyenv|init virtualenv-init
rbenv|init
register-python-argcomplete|
rtx|activate env hook-env
rustup|completions
starship|init
thefuck|--alias
uv|generate-shell-completion
zoxide|init
";

/// What it prints; `None` where that is not known.
pub(super) fn run(name: &str, args: &[Text]) -> Option<Value> {
    if name == "mktemp" {
        return Some(temporary(args));
    }
    let row =
        CODE.lines().find_map(|l| l.split_once('|').filter(|(program, _)| *program == name))?;
    let first = args.first().map_or("", |a| a.s.as_str());
    (row.1.is_empty() || row.1.split(' ').any(|word| word == first)).then(|| known(""))
}

/// `mktemp`: below `TMPDIR`, or the template with its `X`s filled in.
fn temporary(args: &[Text]) -> Value {
    let parsed = options(args, "-p --suffix");
    let dir = parsed.value("-p").or_else(|| parsed.value("--tmpdir"));
    let template = parsed.operands.first().copied();
    let below = parsed.has(&["-p", "--tmpdir", "-t"]) || template.is_none();
    let dir = if below { dir.map_or("/tmp", |d| d.s.as_str()).trim_end_matches('/') } else { "" };
    // Three of them at least, which the program fills in.
    let marks = "X".repeat(3);
    let made = format!("tmp.{HOLE}");
    let name = template.map_or(made, |t| t.s.replacen(&marks, &HOLE.to_string(), 1));
    let name = match name.split_once(HOLE) {
        Some((before, rest)) => format!("{before}{HOLE}{}", rest.trim_start_matches('X')),
        None => name,
    };
    let whole = if dir.is_empty() { name } else { format!("{dir}/{name}") };
    let taint = template.map(|t| t.taint.clone()).unwrap_or_default();
    vec![Text { s: whole, taint }]
}
