//! Clients of Rust, Go, Ruby, Homebrew, and the keepers of tools that fetch from several registries.

use super::super::super::effect::{Ecosystem, Effect};
use super::super::super::value::Text;
use super::super::super::walk::Walker;
use super::super::{Parsed, options, part};
use super::{Call, sort};

pub(super) fn cargo(w: &mut Walker<'_>, call: &Call<'_>) -> bool {
    match call.verb(call.all) {
        Some((verb, rest)) => cargo_verb(w, call, verb, rest),
        None => false,
    }
}

pub(super) fn cargo_verb(w: &mut Walker<'_>, call: &Call<'_>, verb: &str, rest: &[Text]) -> bool {
    if !matches!(verb, "install" | "binstall" | "add" | "quickinstall") {
        return false;
    }
    let local = |a: &Text| {
        matches!(a.s.as_str(), "--path" | "--git")
            || a.s.starts_with("--path=")
            || a.s.starts_with("--git=")
    };
    if rest.iter().any(local) {
        let mut install = call.install(w, Ecosystem::Cargo);
        let parsed = options(rest, "--path --git --branch --tag --rev --bin --features -F");
        let sources = parsed.values(&["--path", "--git"]);
        install.others = sources.map(Text::shown).collect();
        w.effect(Effect::Installs(install));
        return true;
    }
    let parsed = options(rest, CARGO_VALUED);
    let words = versioned(&parsed, &["--version", "--vers"], "@");
    call.words(w, Ecosystem::Cargo, words.iter())
}

/// Operands, with the version that an option gives them.
fn versioned(parsed: &Parsed<'_>, names: &[&str], mark: &str) -> Vec<Text> {
    let version = parsed.values(names).last().map(Text::shown);
    let with = |operand: &&Text| match &version {
        Some(version) if !operand.s.contains(mark) => {
            part(operand, &format!("{}{mark}{version}", operand.s))
        }
        _ => (*operand).clone(),
    };
    parsed.operands.iter().map(with).collect()
}

/// Options of cargo that take a value; `cargo add` takes features by `-F` and packages of the workspace by `-p`.
pub(super) const CARGO_VALUED: &str = "--version --vers --features -F --bin --example --registry --index --root --target --target-dir --profile -j --jobs -p --package --rename --base --manifest-path --color --config -Z --path --targets --strategies --pkg-url --bin-dir --install-path";

pub(super) fn go(w: &mut Walker<'_>, call: &Call<'_>) -> bool {
    match call.verb(call.all) {
        // `go run ./cmd` and `go install ./...` stay in the project.
        Some(("run", rest)) => {
            let first: Vec<Text> = first_operand(rest).into_iter().cloned().collect();
            go_names(w, call, &first)
        }
        Some(("get" | "install", rest)) => go_names(w, call, rest),
        Some(("mod", rest)) => match call.verb(rest) {
            Some(("download", more)) if first_operand(more).is_none() => {
                call.words(w, Ecosystem::Go, std::iter::empty())
            }
            Some(("download", more)) => go_names(w, call, more),
            _ => false,
        },
        _ => false,
    }
}

/// Options of the go command that take a value (go help build).
pub(super) const GO_VALUED: &str = "-C -p -asmflags -buildmode -compiler -gccgoflags -gcflags -installsuffix -ldflags -mod -modfile -overlay -pgo -pkgdir -tags -toolexec -o -exec";

fn first_operand(words: &[Text]) -> Option<&Text> {
    options(words, GO_VALUED).operands.first().copied()
}

fn go_names(w: &mut Walker<'_>, call: &Call<'_>, words: &[Text]) -> bool {
    let operands: Vec<Text> = options(words, GO_VALUED)
        .operands
        .into_iter()
        .filter(|a| !a.s.ends_with(".go") && !a.s.starts_with(['.', '/']))
        .filter(|a| a.s.split('/').next().is_some_and(|host| host.contains('.')))
        .cloned()
        .collect();
    !operands.is_empty() && call.words(w, Ecosystem::Go, operands.iter())
}

/// Options of gem and bundle that take a value.
pub(super) const GEM_VALUED: &str = "-v --version -s --source -i --install-dir -n --bindir -g --gem --group -P --trust-policy --platform --git --github --branch --ref --path --glob --require -r --build-root --gemfile -j --jobs --without --with";

pub(super) fn gem(w: &mut Walker<'_>, call: &Call<'_>) -> bool {
    let bundle = call.client.starts_with("bundle");
    let (verb, words): (&str, &[Text]) = match call.verb(call.all) {
        // `bundle` alone installs what the project says.
        None if bundle && !call.all.iter().any(|a| matches!(a.s.as_str(), "-v" | "-h")) => {
            ("install", &[])
        }
        Some(("install" | "i" | "update", _)) if bundle => ("install", &[]),
        Some(("add", rest)) if bundle => ("add", rest),
        Some(("plugin", rest)) if bundle => match call.verb(rest) {
            Some(("install", more)) => ("plugin", more),
            _ => return false,
        },
        // gem takes the beginning of a verb for it.
        Some((verb, rest)) if !bundle => match verb {
            "i" | "update" | "fetch" | "exec" => (verb, rest),
            verb if verb.len() > 2 && "install".starts_with(verb) => (verb, rest),
            _ => return false,
        },
        _ => return false,
    };
    let mut install = call.install(w, Ecosystem::Gem);
    let parsed = options(words, GEM_VALUED);
    let most = if verb == "exec" { 1 } else { usize::MAX };
    if parsed.has(&["--git", "--github", "--path"]) {
        install.others = parsed.values(&["--git", "--github", "--path"]).map(Text::shown).collect();
    } else if let Some(gem) = parsed.values(&["-g", "--gem"]).last().filter(|_| verb == "exec") {
        sort(&mut install, gem);
    } else {
        let words = versioned(&parsed, &["-v", "--version"], ":");
        words.iter().take(most).for_each(|operand| sort(&mut install, operand));
    }
    w.effect(Effect::Installs(install));
    true
}

/// Options of brew that take a value.
pub(super) const BREW_VALUED: &str = "--cc --appdir --file --fontdir --language";

pub(super) fn brew(w: &mut Walker<'_>, call: &Call<'_>) -> bool {
    let Some((verb, rest)) = call.verb(call.all) else { return false };
    let rest = match verb {
        "install" | "reinstall" | "upgrade" | "tap" => rest,
        "cask" => match call.verb(rest) {
            Some(("install" | "reinstall", more)) => more,
            _ => return false,
        },
        "bundle" => return brew_bundle(w, call, rest),
        _ => return false,
    };
    let parsed = options(rest, BREW_VALUED);
    let mut install = call.install(w, Ecosystem::Brew);
    if verb == "tap" {
        // A tap is a repository of formulae, not a formula: which it is stands with the taps that are trusted.
        install.others = parsed.operands.iter().map(|o| format!("tap:{}", o.shown())).collect();
        if install.others.is_empty() {
            return false;
        }
    } else {
        parsed.operands.iter().for_each(|operand| sort(&mut install, operand));
    }
    w.effect(Effect::Installs(install));
    true
}

/// `brew bundle` alone and `brew bundle install` read a Brewfile; its other verbs install nothing.
fn brew_bundle(w: &mut Walker<'_>, call: &Call<'_>, rest: &[Text]) -> bool {
    let installs = match call.verb(rest) {
        None => true,
        Some((verb, _)) => matches!(verb, "install" | "upgrade"),
    };
    if !installs {
        return false;
    }
    let mut install = call.install(w, Ecosystem::Brew);
    let parsed = options(rest, "--file");
    let place = |f: &Text| super::super::super::value::shown(&call.st.full(f), w.cx.home);
    install.requirements = parsed.values(&["--file"]).map(place).collect();
    if install.requirements.is_empty() {
        install.requirements.push(place(&Text::lit("Brewfile")));
    }
    w.effect(Effect::Installs(install));
    true
}

/// `mise use npm:x`: the backend says whose name it is.
pub(super) fn tools(w: &mut Walker<'_>, call: &Call<'_>) -> bool {
    const BACKENDS: [(&str, Ecosystem); 6] = [
        ("npm:", Ecosystem::Npm),
        ("pipx:", Ecosystem::Pypi),
        ("cargo:", Ecosystem::Cargo),
        ("go:", Ecosystem::Go),
        ("gem:", Ecosystem::Gem),
        ("conda:", Ecosystem::Conda),
    ];
    let Some(("use" | "u" | "install" | "i" | "x" | "exec", rest)) = call.verb(call.all) else {
        return false;
    };
    let mut any = false;
    for word in rest.iter().take_while(|a| a.s != "--") {
        let named = BACKENDS.iter().find_map(|(mark, e)| Some((word.s.strip_prefix(mark)?, *e)));
        if let Some((name, ecosystem)) = named {
            any |= call.words(w, ecosystem, std::iter::once(&Text::lit(name)));
        }
    }
    // What is run behind `--` is run all the same.
    any && !rest.iter().any(|a| a.s == "--")
}
