//! The same command with one option more for the install in it.
//!
//! Nothing is guessed: the option goes behind the verb's own word, where the parser says that word ends, and the new text counts only
//! if it is read as the old one is, with that option and nothing else beside. Deliberately absent: which option, and when.

use super::effect::{Ecosystem, Effect, Install};
use super::parse::{self, ast};
use super::value::base;
use super::{Context, Report, read};

/// Options that stand before a verb and take the next word.
const BEFORE: [&str; 8] =
    ["--prefix", "-C", "--dir", "--filter", "-F", "--workspace", "-w", "--cwd"];

/// Words that install what they name or what the project says. Those that run what they install are not among them.
const fn verbs(ecosystem: Ecosystem) -> &'static [&'static str] {
    match ecosystem {
        Ecosystem::Npm => {
            &["install", "i", "add", "ci", "clean-install", "update", "up", "upgrade"]
        }
        Ecosystem::Pypi => &["install"],
        _ => &[],
    }
}

/// The text with `option` for its one install; none where that cannot be derived exactly.
#[must_use]
pub fn with_option(text: &str, context: &Context<'_>, option: &[&str]) -> Option<String> {
    let before = read(text, context);
    let install = only_install(&before)?;
    if text.len() > parse::MAX_TEXT || parse::clean(text) != text {
        return None;
    }
    let program = parse::program(text).ok()?;
    let ends = simple(&program)?.into_iter().flat_map(|words| ends(&words, install.ecosystem));
    ends.filter_map(|end| {
        let (head, tail) = text.split_at_checked(byte(text, end)?)?;
        Some(format!("{head} {}{tail}", option.join(" ")))
    })
    .find(|new| same_but(&before, &read(new, context), option))
}

/// The one install of a command that is understood completely, and whose names are; none where an alias may make something else of it.
#[must_use]
pub fn only_install(report: &Report) -> Option<&Install> {
    let mut installs = report.effects.iter().filter_map(|effect| match effect {
        Effect::Installs(install) => Some(install),
        _ => None,
    });
    let install = installs.next()?;
    let exact = installs.next().is_none()
        && report.underived.is_empty()
        && !report.effects.iter().any(aliases)
        && !install.packages.iter().chain(&install.requirements).any(|word| word.contains('*'));
    exact.then_some(install)
}

fn aliases(effect: &Effect) -> bool {
    matches!(effect, Effect::Runs { program, .. } if program == "alias")
}

/// The words of each command, where all are simple ones.
fn simple(program: &ast::Program) -> Option<Vec<Vec<&ast::Word>>> {
    let mut found = Vec::new();
    let lists = program.complete_commands.iter().flat_map(|list| &list.0);
    for ast::CompoundListItem(list, _) in lists {
        let further = list.additional.iter().map(|(ast::AndOr::And(p) | ast::AndOr::Or(p))| p);
        for command in std::iter::once(&list.first).chain(further).flat_map(|p| &p.seq) {
            let ast::Command::Simple(command) = command else { return None };
            let rest = command.suffix.iter().flat_map(|suffix| &suffix.0);
            let rest = rest.filter_map(|item| match item {
                ast::CommandPrefixOrSuffixItem::Word(word) => Some(word),
                _ => None,
            });
            found.push(command.word_or_name.iter().chain(rest).collect());
        }
    }
    Some(found)
}

/// Where the verbs of a client end, in characters.
fn ends(words: &[&ast::Word], ecosystem: Ecosystem) -> Vec<usize> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if !is_client(&word.value, ecosystem) {
            continue;
        }
        let mut rest = words.get(at + 1..).unwrap_or(&[]).iter();
        while let Some(word) = rest.next() {
            if verbs(ecosystem).contains(&word.value.as_str()) {
                found.extend(word.loc.as_ref().map(|span| span.end.index));
                break;
            }
            let glued = word.value.starts_with("--") && word.value.contains('=');
            if !glued && (!BEFORE.contains(&word.value.as_str()) || rest.next().is_none()) {
                break;
            }
        }
    }
    found
}

fn is_client(word: &str, ecosystem: Ecosystem) -> bool {
    let name = base(word);
    match ecosystem {
        Ecosystem::Npm => matches!(name, "npm" | "pnpm" | "yarn"),
        Ecosystem::Pypi => name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.') == "pip",
        _ => false,
    }
}

fn byte(text: &str, character: usize) -> Option<usize> {
    let ends = text.char_indices().map(|(at, _)| at).chain(std::iter::once(text.len()));
    ends.into_iter().nth(character)
}

/// Whether the second report is the first with the option, and nothing else.
fn same_but(before: &Report, after: &Report, option: &[&str]) -> bool {
    let mut given = false;
    let alike = before.underived == after.underived
        && before.effects.len() == after.effects.len()
        && before.effects.iter().zip(&after.effects).all(|(old, new)| match (old, new) {
            (Effect::Installs(old), Effect::Installs(new)) => {
                let mut new = new.clone();
                let flag = option.join("=");
                given = new.flags.iter().position(|f| *f == flag).is_some_and(|at| {
                    new.flags.remove(at);
                    new == *old
                });
                given
            }
            (Effect::Runs { program: p, words: old }, Effect::Runs { program: q, words: new }) => {
                p == q && (old == new || without(new, option).is_some_and(|new| new == *old))
            }
            _ => old == new,
        });
    alike && given
}

/// The words without the first place where the option stands.
fn without(words: &[String], option: &[&str]) -> Option<Vec<String>> {
    let at = words.windows(option.len()).position(|some| some == option)?;
    let mut words = words.to_vec();
    words.drain(at..at + option.len());
    Some(words)
}
