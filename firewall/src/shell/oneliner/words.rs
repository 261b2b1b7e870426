//! Languages without a table of their own: strings that name a secret, and strings beside a word that runs commands.
//!
//! Lua calls without brackets, Scheme puts the bracket before the name, Swift names its arguments: the strings are the same in all of
//! them. A program that only speaks of a secret is taken for one that reads it.

use super::super::effect::Secrecy;
use super::super::tables;
use super::super::value::{HOLE, Text};
use super::super::walk::{State, Walker};
use super::calls::{base_name, home_for};
use super::lex::Token;

/// Names behind which a string is a command.
const RUNNERS: [&str; 12] = [
    "system", "execute", "popen", "shell", "exec", "run", "cmd", "spawn", "sh", "process",
    "system2", "pipe",
];

/// Looks at every string of a program.
pub(super) fn walk(w: &mut Walker<'_>, st: &mut State, tokens: &[Token]) {
    for (at, token) in tokens.iter().enumerate() {
        let text = match token {
            Token::Str(text) => text,
            Token::Run(code) => {
                w.script(&mut st.clone(), &Text::lit(code), None);
                continue;
            }
            _ => continue,
        };
        if !w.step() {
            return;
        }
        let before = tokens.get(at.saturating_sub(3)..at).unwrap_or_default();
        let runs = before.iter().rev().find_map(|t| match t {
            Token::Name(name) => {
                Some(RUNNERS.contains(&base_name(name).to_ascii_lowercase().as_str()))
            }
            Token::Punct('(' | '[' | '!' | ':' | ' ' | '"') => None,
            _ => Some(false),
        });
        if runs == Some(true) {
            w.script(&mut st.clone(), &Text::lit(text), None);
        } else if names_a_secret(w, st, text) {
            let path = Text::lit(&home_for(text, w.cx.home));
            w.read_file(st, &path);
        }
    }
}

/// Whether a string is the path of a credential: a slash or a dot in front, and nothing that no path has.
pub(super) fn names_a_secret(w: &Walker<'_>, st: &State, text: &str) -> bool {
    let path = text.trim_start_matches("file://");
    if !path.starts_with(['/', '.', '~', HOLE]) || path.contains(['\n', ' ', ',', ';']) {
        return false;
    }
    let full = st.full(&Text::lit(&home_for(path, w.cx.home)));
    tables::secrecy(&full, w.cx.home) == Secrecy::Credential
}
