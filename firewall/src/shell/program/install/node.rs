//! Clients of Node's registry.

use super::super::super::effect::{Ecosystem, Effect};
use super::super::super::value::{Text, base};
use super::super::super::walk::Walker;
use super::{Call, execute, sort};

pub(super) fn client(w: &mut Walker<'_>, call: &Call<'_>) -> bool {
    let name = call.client;
    let Some((verb, rest)) = call.verb(call.all) else {
        // `yarn` alone installs what the project says.
        return name.starts_with("yarn")
            && call.all.iter().all(|a| a.s.starts_with('-'))
            && !call.all.iter().any(|a| a.s == "-v")
            && call.named(w, Ecosystem::Npm, &[]);
    };
    match verb {
        "ci" | "clean-install" | "ic" | "install-clean" | "isntall-clean" | "cit"
        | "clean-install-test" | "sit" | "install-ci-test" => call.named(w, Ecosystem::Npm, &[]),
        "link" | "ln" if name.starts_with("yarn") => false,
        "install" | "i" | "in" | "ins" | "inst" | "insta" | "instal" | "isnt" | "isnta"
        | "isntal" | "isntall" | "add" | "a" | "install-test" | "it" | "update" | "up"
        | "upgrade" | "udpate" | "link" | "ln" => call.named(w, Ecosystem::Npm, rest),
        // `pnpm --package=x dlx tool`: what is fetched may stand before the verb.
        // What others than npm execute is there already; that command is walked as any other.
        "exec" if !name.ends_with("npm") || name == "pnpm" => false,
        "exec" | "x" | "dlx" => {
            let before = call.all.len().saturating_sub(rest.len() + 1);
            let before = call.all.get(..before).unwrap_or(&[]);
            let named = before.iter().filter(|a| a.s.starts_with("--package="));
            let words: Vec<Text> = named.chain(rest).cloned().collect();
            execute(w, call, Ecosystem::Npm, &words, "-p --package")
        }
        "create" | "init" | "innit" | "c" => created(w, call, rest),
        "global" => match call.verb(rest) {
            Some(("add" | "upgrade" | "install", more)) => call.named(w, Ecosystem::Npm, more),
            _ => false,
        },
        "workspace" | "workspaces" | "recursive" | "multi" => {
            match rest.iter().position(|a| matches!(a.s.as_str(), "add" | "install" | "i")) {
                Some(at) => call.named(w, Ecosystem::Npm, rest.get(at + 1..).unwrap_or(&[])),
                None => false,
            }
        }
        _ => false,
    }
}

/// `npm create x` fetches and runs `create-x`.
fn created(w: &mut Walker<'_>, call: &Call<'_>, rest: &[Text]) -> bool {
    let Some(operand) = rest.iter().find(|a| !a.s.starts_with('-')) else { return false };
    let mut install = call.install(w, Ecosystem::Npm);
    sort(&mut install, operand);
    install.packages = install.packages.iter().map(|name| initializer(name)).collect();
    w.effect(Effect::Installs(install));
    true
}

/// What the client makes of a name (npm-init(1)): `x` is `create-x`, `@s` is `@s/create`, `@s/x` is `@s/create-x`.
fn initializer(name: &str) -> String {
    match name.strip_prefix('@') {
        None => format!("create-{name}"),
        Some(scoped) => match scoped.split_once('/') {
            Some((scope, name)) => format!("@{scope}/create-{name}"),
            None => match scoped.split_once('@') {
                Some((scope, version)) => format!("@{scope}/create@{version}"),
                None => format!("@{scoped}/create"),
            },
        },
    }
}

/// The dispatchers that pick the client which a project uses.
pub(super) fn ni(w: &mut Walker<'_>, call: &Call<'_>) -> bool {
    if call.client == "nlx" {
        execute(w, call, Ecosystem::Npm, call.all, "-p --package")
    } else {
        call.named(w, Ecosystem::Npm, call.all)
    }
}

pub(super) fn deno(w: &mut Walker<'_>, call: &Call<'_>) -> bool {
    let Some((verb, rest)) = call.verb(call.all) else { return false };
    if !matches!(verb, "add" | "install" | "i" | "run" | "x" | "cache") {
        return false;
    }
    let mut install = call.install(w, Ecosystem::Npm);
    let takes = rest.iter().filter(|a| !a.s.starts_with('-'));
    for arg in takes {
        if let Some(name) = arg.s.strip_prefix("npm:") {
            install.packages.push(Text::lit(name).shown());
        } else if arg.s.starts_with("jsr:") {
            install.others.push(base(&arg.s).to_owned());
        }
    }
    if install.packages.is_empty() && install.others.is_empty() {
        return false;
    }
    w.effect(Effect::Installs(install));
    true
}

pub(super) fn volta(w: &mut Walker<'_>, call: &Call<'_>) -> bool {
    const OWN: [&str; 5] = ["node", "npm", "pnpm", "yarn", "bun"];
    match call.verb(call.all) {
        Some(("install" | "fetch", rest)) => {
            let own = |a: &&Text| {
                let name = a.s.split('@').next().unwrap_or_default();
                !OWN.contains(&name) && !a.s.starts_with('-')
            };
            let others: Vec<&Text> = rest.iter().filter(own).collect();
            !others.is_empty() && call.words(w, Ecosystem::Npm, others.into_iter())
        }
        _ => false,
    }
}

/// npm takes `true` or `false` behind any flag as its value (nopt), so neither is a name there.
pub(super) fn truths(args: &[Text]) -> Vec<Text> {
    let mut out: Vec<Text> = Vec::with_capacity(args.len());
    for arg in args {
        let truth = matches!(arg.s.as_str(), "true" | "false");
        match out.last_mut() {
            Some(flag)
                if truth
                    && flag.s.starts_with("--")
                    && flag.s.len() > 2
                    && !flag.s.contains('=') =>
            {
                flag.s = format!("{}={}", flag.s, arg.s);
            }
            _ => out.push(arg.clone()),
        }
    }
    out
}

/// A client that is started as the script which it is: `node .../npm-cli.js`.
pub(super) fn as_script(args: &[Text]) -> Option<(&'static str, &[Text])> {
    const CLIENTS: [&str; 5] = ["npm", "npx", "pnpm", "pnpx", "yarn"];
    let at = args.iter().position(|a| !a.s.starts_with('-'))?;
    let name = base(&args.get(at)?.s);
    let name =
        [".js", ".cjs", ".mjs"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    let name = name.strip_suffix("-cli").unwrap_or(name);
    let client = CLIENTS.into_iter().find(|client| *client == name)?;
    Some((client, args.get(at + 1..)?))
}
