//! An option that is put into a command: where it goes, where it does not, and that nothing else changes.

use super::{context, judged, report};
use crate::shell::{Effect, with_option};
use proptest::prelude::*;

const SCRIPTS: &[&str] = &["--ignore-scripts"];
const BINARY: &[&str] = &["--only-binary", ":all:"];

fn quiet(command: &str) -> Option<String> {
    let python = command.contains("pip");
    with_option(command, &context(), if python { BINARY } else { SCRIPTS })
}

#[test]
fn it_stands_behind_the_verb() {
    for (command, wanted) in [
        ("npm install left-pad", "npm install --ignore-scripts left-pad"),
        ("npm ci", "npm ci --ignore-scripts"),
        ("cd web && npm i -D a b | tail -5", "cd web && npm i --ignore-scripts -D a b | tail -5"),
        (
            "npm --prefix web install >log 2>&1",
            "npm --prefix web install --ignore-scripts >log 2>&1",
        ),
        ("sudo -E npm i -g a", "sudo -E npm i --ignore-scripts -g a"),
        ("CI=1 pnpm --filter=web add a", "CI=1 pnpm --filter=web add --ignore-scripts a"),
        ("yarn add a", "yarn add --ignore-scripts a"),
        ("echo npm install && npm install", "echo npm install && npm install --ignore-scripts"),
        (
            "echo \u{e9}\u{1f980}; npm i a # npm i b",
            "echo \u{e9}\u{1f980}; npm i --ignore-scripts a # npm i b",
        ),
        ("pip3.12 install a", "pip3.12 install --only-binary :all: a"),
        ("python3 -m pip install -r a.txt", "python3 -m pip install --only-binary :all: -r a.txt"),
        ("uv pip install 'a[b]>=1'", "uv pip install --only-binary :all: 'a[b]>=1'"),
        ("./.venv/bin/pip install a", "./.venv/bin/pip install --only-binary :all: a"),
    ] {
        assert_eq!(quiet(command).as_deref(), Some(wanted), "{command}");
    }
}

#[test]
fn what_is_not_derived_exactly_stays_as_it_is() {
    for command in [
        "npm install $(cat names)",
        "npm install \"$NAME\"",
        "npm install a && npm install b",
        "npm install a; npm install a",
        "(npm install a)",
        "if true; then npm install a; fi",
        "npm() { rm -r a; }; npm install a",
        "alias npm='echo '; npm install a",
        "bash -c 'npm install a'",
        "n''pm install a",
        "npm 'install' a",
        "N=npm; $N install a",
        "xargs npm install <names",
        "npx install",
        "npm exec install a",
        "npm create install",
        "npm run install",
        "npm install 'a",
        "echo npm install a",
        "uv add a",
        "pipx install a",
    ] {
        assert_eq!(quiet(command), None, "{command}");
    }
}

fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "npm",
        "pnpm",
        "yarn",
        "pip",
        "python3 -m",
        "install",
        "i",
        "add",
        "ci",
        "-g",
        "--prefix",
        "x",
        "left-pad",
        "&&",
        ";",
        "|",
        "sudo",
        "env",
        "echo",
        "'install'",
        "\u{e9}",
        "cd web",
        "$(x)",
        "$X",
        "-r",
        "--",
        "#",
        "\n",
        "rm -rf",
        "/",
        "<a",
        ">b",
        "bash -c",
        "exec",
        "(",
        ")",
    ];
    proptest::sample::select(pieces.to_vec()).prop_map(str::to_owned)
}

proptest! {
    /// The text is the old one with the option, and what would be done is judged as before.
    #[test]
    fn it_changes_nothing_else(
        before in proptest::collection::vec(piece(), 0..3), after in proptest::collection::vec(piece(), 0..5),
        core in proptest::sample::select(vec!["npm install", "npm --prefix x i", "pip install", "yarn add", "pnpm i a", "python3 -m pip install b"]),
    ) {
        let command = format!("{} {core} {}", before.join(" "), after.join(" "));
        for option in [SCRIPTS, BINARY] {
            let Some(new) = with_option(&command, &context(), option) else { continue };
            let added = format!(" {}", option.join(" "));
            let undone = new.replacen(&added, "", 1);
            prop_assert_eq!(&undone, &command);
            prop_assert!(judged(&new).decision <= judged(&command).decision);
            let (old, new) = (report(&command), report(&new));
            prop_assert_eq!(old.effects.len(), new.effects.len());
            prop_assert!(new.underived.is_empty());
            let alike = old.effects.iter().zip(&new.effects).filter(|(a, b)| a == b).count();
            let run = |e: &&Effect| matches!(e, Effect::Runs { .. } | Effect::Installs(_));
            prop_assert!(alike >= old.effects.iter().filter(|e| !run(e)).count());
        }
    }
}
