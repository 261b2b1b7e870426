//! `find` and `fd`: what they delete and what they run on what they find.

use super::super::effect::{Effect, Place};
use super::super::tables;
use super::super::value::{HOLE, STAR, Text, Value, shown, unknown};
use super::super::walk::{State, Walker};
use super::{options, part};

/// Tests that narrow the selection to some files.
const NARROWS: &str = "-name -iname -path -ipath -wholename -regex -iregex -mtime -mmin -atime -ctime -newer -size -empty -user -perm -inum -links -samefile -cmin -amin -nouser -xtype -lname";

/// Runs it. What it prints are names.
pub(super) fn run(w: &mut Walker<'_>, st: &mut State, name: &str, args: &[Text]) -> Value {
    if name != "find" {
        return fd(w, st, args);
    }
    let expression = args.iter().position(|a| {
        (a.s.starts_with('-') && !matches!(a.s.as_str(), "-L" | "-H" | "-P"))
            || matches!(a.s.as_str(), "(" | "!")
    });
    let (roots, tests) =
        args.split_at_checked(expression.unwrap_or(args.len())).unwrap_or((args, &[]));
    let mut roots: Vec<Text> = roots.iter().filter(|r| !r.s.starts_with('-')).cloned().collect();
    if roots.is_empty() {
        roots.push(Text::lit("."));
    }
    let narrowed = tests.iter().any(|t| NARROWS.split_ascii_whitespace().any(|n| n == t.s));
    let pattern = name_test(tests);
    let found = selection(&roots, pattern.as_ref(), narrowed, w.cx.home);
    let mut rest = tests.iter();
    while let Some(test) = rest.next() {
        match test.s.as_str() {
            "-delete" => deleted(w, st, &roots, narrowed, pattern.as_ref()),
            "-exec" | "-execdir" | "-ok" | "-okdir" => {
                let command: Vec<Text> =
                    rest.by_ref().take_while(|a| a.s != ";" && a.s != "+").cloned().collect();
                on_each(w, st, &command, &found, !narrowed);
            }
            "-fprint" | "-fprintf" | "-fls" | "-fprint0" => {
                if let Some(path) = rest.next() {
                    w.write_file(st, path, unknown(), false);
                }
            }
            "-files0-from" => {
                if let Some(path) = rest.next() {
                    w.read_file(st, path);
                }
            }
            _ => {}
        }
    }
    found
}

/// `fd PATTERN DIRECTORY... -x COMMAND`.
fn fd(w: &mut Walker<'_>, st: &State, args: &[Text]) -> Value {
    const VALUED: &str = "-e --extension -t --type -d --max-depth --min-depth -E --exclude -S --size -c --color -j --threads -o --owner --changed-within --changed-before --base-directory --search-path --max-results --format --path-separator";
    const RUNS: [&str; 4] = ["-x", "-X", "--exec", "--exec-batch"];
    let at = args.iter().position(|a| RUNS.contains(&a.s.as_str())).unwrap_or(args.len());
    let (head, tail) = args.split_at_checked(at).unwrap_or((args, &[]));
    let parsed = options(head, VALUED);
    let (pattern, named) = match parsed.operands.split_first() {
        Some((pattern, named)) => (Some(*pattern), named),
        None => (None, &[][..]),
    };
    let mut roots: Vec<Text> = named.iter().map(|root| (*root).clone()).collect();
    roots.extend(parsed.values(&["--search-path", "--base-directory"]).cloned());
    if roots.is_empty() {
        roots.push(Text::lit("."));
    }
    let all = pattern.is_none_or(|p| matches!(p.s.as_str(), "." | "" | ".*" | "^"));
    let chosen = ["-e", "--extension", "-t", "--type", "-S", "--size", "-o", "--owner"];
    let narrowed = !all || parsed.has(&chosen);
    let found = selection(&roots, None, narrowed, w.cx.home);
    let command: Vec<Text> = tail.iter().skip(1).take_while(|a| a.s != ";").cloned().collect();
    if !command.is_empty() {
        // Without a mark for it what was found comes last.
        let marked = command.iter().any(|word| word.s.contains('{'));
        let last = (!marked).then(|| Text::lit("{}"));
        let command: Vec<Text> = command.into_iter().chain(last).collect();
        on_each(w, st, &command, &found, !narrowed);
    }
    found
}

/// The paths it can find, as one text each.
fn selection(roots: &[Text], pattern: Option<&Text>, narrowed: bool, home: &str) -> Value {
    roots
        .iter()
        .map(|root| match pattern {
            Some(pattern) if !pattern.has_pattern() => {
                let name = pattern.s.replace('*', &STAR.to_string());
                let top = root.s.trim_end_matches('/');
                // Below any directory of `/` is also below the home.
                let above = name.starts_with(HOLE) && top.starts_with('/') && home.starts_with(top);
                let above = above || top.is_empty() && name.starts_with(HOLE);
                part(root, &format!("{}/{name}", if above { home } else { top }))
            }
            _ if narrowed => part(root, &format!("{}/{}", root.s.trim_end_matches('/'), HOLE)),
            _ => root.clone(),
        })
        .collect()
}

fn name_test(tests: &[Text]) -> Option<Text> {
    let value = |options: [&str; 4]| {
        let at = tests.iter().position(|t| options.contains(&t.s.as_str()))?;
        tests.get(at + 1)
    };
    // A name says more than a path.
    if let Some(name) = value(["-name", "-iname", "-lname", "-samefile"]) {
        return Some(part(name, super::super::value::base(&name.s)));
    }
    let path = value(["-path", "-ipath", "-wholename", "-iwholename"])?;
    // The first `*` of a path stands for directories: what follows is below any of them.
    Some(match path.s.strip_prefix("*/") {
        Some(rest) => part(path, &format!("{HOLE}{rest}")),
        None => part(path, super::super::value::base(&path.s)),
    })
}

fn deleted(
    w: &mut Walker<'_>,
    st: &mut State,
    roots: &[Text],
    narrowed: bool,
    pattern: Option<&Text>,
) {
    for root in roots {
        let full = st.full(root);
        let place = tables::place(&full, w.cx);
        let everything = !narrowed || pattern.is_some_and(|p| p.s == "*");
        let text = shown(&full, w.cx.home);
        match place {
            // Some files below the project are build products; all of them are the project.
            Place::ProjectRoot if !everything && full == w.cx.project => {}
            _ => w.effect(Effect::Deletes { path: text, tree: true, place }),
        }
    }
}

/// Runs the command with what was found in the place of `{}`.
fn on_each(w: &mut Walker<'_>, st: &State, command: &[Text], found: &[Text], all: bool) {
    for path in found {
        let argv: Vec<Text> = command
            .iter()
            .map(|word| match word.s.contains("{}") {
                true => Text { s: word.s.replace("{}", &path.s), taint: path.taint.clone() },
                false => word.clone(),
            })
            .collect();
        let program =
            argv.first().map(|p| super::super::value::base(&p.s).to_owned()).unwrap_or_default();
        // Everything below a root, one by one, is the root.
        if all
            && matches!(program.as_str(), "rm" | "chmod" | "chown" | "chgrp" | "shred" | "unlink")
        {
            let full = st.full(path);
            let place = tables::place(&full, w.cx);
            w.effect(Effect::Deletes { path: shown(&full, w.cx.home), tree: true, place });
            continue;
        }
        if program == "rm" {
            deletes_found(w, st, path);
            continue;
        }
        w.run(&mut st.clone(), &argv, None);
    }
}

fn deletes_found(w: &mut Walker<'_>, st: &State, path: &Text) {
    let root = path.s.rsplit_once('/').map_or(path.s.as_str(), |(root, _)| root);
    let full = st.full(&part(path, if root.is_empty() { "/" } else { root }));
    let place = tables::place(&full, w.cx);
    let text = shown(&st.full(path), w.cx.home);
    if place != Place::ProjectRoot || full != w.cx.project {
        w.effect(Effect::Deletes { path: text, tree: true, place });
    }
}
