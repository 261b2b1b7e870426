//! Clients of Python's index, and of conda's channels.

use super::super::super::effect::{Ecosystem, Effect};
use super::super::super::value::{Text, base, shown};
use super::super::super::walk::Walker;
use super::super::options;
use super::{Call, PYTHON_VALUED, execute, sort};

/// As the others', and what uv alone knows.
pub(super) const UV_VALUED: &str = "
-r -c -f -i -p -w -C -P -b --requirement --requirements --constraint --constraints --index-url --extra-index-url --default-index --index --find-links --target --prefix
--python --cache-dir --group --optional --extra --with --with-requirements --with-editable --from --python-version --python-platform --overrides
--only-binary --no-binary --config-setting --config-settings --exclude-newer --link-mode --directory --project --index-strategy
--keyring-provider --config-file --allow-insecure-host --trusted-host --branch --tag --rev --package --script --marker --bounds --env-file --no-group
--only-group --no-extra --upgrade-package --reinstall-package --refresh-package --no-build-package --resolution --prerelease --python-preference --module
--editable -e --torch-backend --build-constraints --color --default-index
";

pub(super) fn pip(w: &mut Walker<'_>, call: &Call<'_>, args: &[Text]) -> bool {
    match call.verb(args) {
        Some(("install" | "download" | "wheel", rest)) => call.named(w, Ecosystem::Pypi, rest),
        _ => false,
    }
}

/// `python -m pip`, and the other clients that are modules.
pub(super) fn module(w: &mut Walker<'_>, call: &Call<'_>, args: &[Text]) -> bool {
    let Some((module, rest)) = started(args) else { return false };
    match module.as_str() {
        "pip" | "pip3" | "pip.pyz" => pip(w, call, rest),
        name if name.starts_with("pip.") => pip(w, call, rest),
        "get-pip.py" => call.named(w, Ecosystem::Pypi, rest),
        "uv" => uv(w, call, rest),
        "pipx" => pipx(w, call, rest),
        name @ ("poetry" | "pdm" | "pipenv" | "hatch") => projects(w, call, name, rest),
        "conda" => conda_of(w, call, rest),
        "easy_install" => call.named(w, Ecosystem::Pypi, rest),
        "piptools" => match call.verb(rest) {
            Some(("sync", more)) => synced(w, call, more),
            _ => false,
        },
        _ => false,
    }
}

/// The module or the script of a client that an interpreter starts, and its arguments.
fn started(args: &[Text]) -> Option<(String, &[Text])> {
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        let Some(letters) = arg.s.strip_prefix('-').filter(|l| !l.starts_with('-')) else {
            if arg.s.starts_with("--") {
                at += 1;
                continue;
            }
            let script = base(&arg.s);
            let client = script.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
            let known = client == "pip" || matches!(script, "pip.pyz" | "get-pip.py");
            let name = if client == "pip" { client } else { script };
            return known.then(|| (name.to_owned(), args.get(at + 1..).unwrap_or(&[])));
        };
        // `-m` may be glued to its module, and stand behind other letters (`-Im pip`); `-W`, `-X` and `-c` take the rest.
        let Some(mark) = letters.find(['m', 'c', 'W', 'X']) else {
            at += 1;
            continue;
        };
        let glued = letters.get(mark + 1..).unwrap_or("");
        match (letters.get(mark..=mark), glued) {
            (Some("m"), "") => {
                return Some((args.get(at + 1)?.s.clone(), args.get(at + 2..).unwrap_or(&[])));
            }
            (Some("m"), module) => {
                return Some((module.to_owned(), args.get(at + 1..).unwrap_or(&[])));
            }
            (Some("c"), _) => return None,
            (_, "") => at += 2,
            _ => at += 1,
        }
    }
    None
}

/// Files named as operands: `uv pip sync a.txt`, `pip-sync a.txt`.
pub(super) fn synced(w: &mut Walker<'_>, call: &Call<'_>, args: &[Text]) -> bool {
    let mut install = call.install(w, Ecosystem::Pypi);
    for file in options(args, PYTHON_VALUED).operands {
        call.read_from(w, &mut install, file);
    }
    w.effect(Effect::Installs(install));
    true
}

pub(super) fn uv(w: &mut Walker<'_>, call: &Call<'_>, args: &[Text]) -> bool {
    match call.verb(args) {
        Some(("add" | "sync", rest)) => call.named(w, Ecosystem::Pypi, rest),
        Some(("pip", rest)) => match call.verb(rest) {
            Some(("install", more)) => call.named(w, Ecosystem::Pypi, more),
            Some(("sync" | "compile", more)) => synced(w, call, more),
            _ => false,
        },
        Some(("tool", rest)) => match call.verb(rest) {
            Some(("install" | "upgrade", more)) => call.named(w, Ecosystem::Pypi, more),
            Some(("run", more)) => execute(w, call, Ecosystem::Pypi, more, "--from --with -w"),
            _ => false,
        },
        Some(("run", rest)) => {
            let parsed = options(rest, UV_VALUED);
            let mut install = call.install(w, Ecosystem::Pypi);
            for value in parsed.values(&["--with", "-w"]) {
                value.s.split(',').for_each(|v| sort(&mut install, &Text::lit(v)));
            }
            for file in parsed.values(&["--with-requirements"]) {
                call.read_from(w, &mut install, file);
            }
            if !install.packages.is_empty()
                || !install.others.is_empty()
                || !install.requirements.is_empty()
            {
                w.effect(Effect::Installs(install));
            }
            false
        }
        _ => false,
    }
}

pub(super) fn pipx(w: &mut Walker<'_>, call: &Call<'_>, args: &[Text]) -> bool {
    match call.verb(args) {
        Some(("install" | "upgrade" | "reinstall", rest)) => call.named(w, Ecosystem::Pypi, rest),
        // The first operand is the application that the others are put into.
        Some(("inject", rest)) => {
            let parsed = options(rest, PYTHON_VALUED);
            let app = parsed.operands.first().copied();
            let after: Vec<Text> = rest
                .iter()
                .filter(|a| !app.is_some_and(|app| std::ptr::eq(app, *a)))
                .cloned()
                .collect();
            call.named(w, Ecosystem::Pypi, &after)
        }
        Some(("runpip", [_, rest @ ..])) => pip(w, call, rest),
        Some(("run", rest)) => execute(w, call, Ecosystem::Pypi, rest, "--spec"),
        _ => false,
    }
}

pub(super) fn projects(w: &mut Walker<'_>, call: &Call<'_>, name: &str, args: &[Text]) -> bool {
    match (name, call.verb(args)) {
        ("pixi", Some(("add", rest))) => {
            let ecosystem = if args.iter().any(|a| a.s == "--pypi") {
                Ecosystem::Pypi
            } else {
                Ecosystem::Conda
            };
            call.named(w, ecosystem, rest)
        }
        ("pixi", Some(("global", rest))) => match call.verb(rest) {
            Some(("install" | "add", more)) => call.named(w, Ecosystem::Conda, more),
            _ => false,
        },
        ("pixi", Some(("exec", rest))) => execute(w, call, Ecosystem::Conda, rest, "-s --spec"),
        ("rye", Some(("tools", rest))) => match call.verb(rest) {
            Some(("install", more)) => call.named(w, Ecosystem::Pypi, more),
            _ => false,
        },
        // `poetry install` and `pdm sync` take no names; what follows are options.
        ("poetry" | "pdm" | "hatch" | "pixi", Some(("install" | "sync", _))) => {
            call.named(w, Ecosystem::Pypi, &[])
        }
        (_, Some(("add" | "install" | "sync" | "update" | "upgrade", rest))) => {
            call.named(w, Ecosystem::Pypi, rest)
        }
        (_, Some(("self" | "plugin", rest))) => match call.verb(rest) {
            Some(("add" | "install", more)) => call.named(w, Ecosystem::Pypi, more),
            _ => false,
        },
        _ => false,
    }
}

pub(super) fn conda(w: &mut Walker<'_>, call: &Call<'_>) -> bool {
    conda_of(w, call, call.all)
}

fn conda_of(w: &mut Walker<'_>, call: &Call<'_>, args: &[Text]) -> bool {
    match call.verb(args) {
        Some(("install" | "create" | "update" | "upgrade", rest)) => conda_named(w, call, rest),
        Some(("env", rest)) => match call.verb(rest) {
            Some(("create" | "update", more)) => conda_named(w, call, more),
            _ => false,
        },
        _ => false,
    }
}

/// conda's `-f` is a file of an environment, `-c` a channel and `-p` a prefix.
fn conda_named(w: &mut Walker<'_>, call: &Call<'_>, rest: &[Text]) -> bool {
    let parsed = options(
        rest,
        "-n --name -p --prefix -c --channel -f --file --solver --clone --override-channels-to --repodata-fn --platform --subdir",
    );
    let mut install = call.install(w, Ecosystem::Conda);
    for operand in &parsed.operands {
        // `env create environment.yml` names the file as an operand.
        if operand.s.ends_with(".yml") || operand.s.ends_with(".yaml") {
            install.requirements.push(shown(&call.st.full(operand), w.cx.home));
        } else {
            sort(&mut install, operand);
        }
    }
    let files = parsed.values(&["-f", "--file"]);
    let files: Vec<String> = files.map(|f| shown(&call.st.full(f), w.cx.home)).collect();
    install.requirements.extend(files);
    install.flags = parsed
        .options
        .iter()
        .map(|(n, v)| v.as_ref().map_or_else(|| n.clone(), |v| format!("{n}={}", v.shown())))
        .collect();
    w.effect(Effect::Installs(install));
    true
}
