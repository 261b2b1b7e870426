//! Databases: what a statement destroys.

use crate::shell::effect::{Effect, Place};
use crate::shell::program::options;
use crate::shell::tables;
use crate::shell::value::Text;
use crate::shell::walk::{Input, State, Walker};

/// A database that is served.
pub(super) fn of_a_server(w: &mut Walker<'_>, args: &[Text], input: &Input) {
    if args.iter().chain(input.iter().flatten()).any(destroys) {
        w.effect(Effect::Destroys { what: "Deletes a table or a database".to_owned() });
    }
}

/// A database in a file: one that is in memory or made for a moment is nobody's.
pub(super) fn of_a_file(w: &mut Walker<'_>, st: &State, args: &[Text], input: &Input) {
    const VALUED: &str = "-c -cmd -f -init -mmap -newline -nullvalue -s -separator -vfs";
    let parsed = options(args, VALUED);
    let passing = parsed.operands.first().is_none_or(|file| {
        file.s == ":memory:" || tables::place(&st.full(file), w.cx) == Place::Temporary
    });
    if !passing && args.iter().chain(input.iter().flatten()).any(destroys) {
        w.effect(Effect::Destroys { what: "Deletes a table of a database".to_owned() });
    }
}

/// Whether a statement drops or empties something.
fn destroys(text: &Text) -> bool {
    const DROPS: [&str; 9] = [
        "DROP DATABASE",
        "DROP TABLE",
        "DROP SCHEMA",
        "DROP KEYSPACE",
        "TRUNCATE ",
        "DROPDATABASE(",
        "DROP USER",
        "DROP ROLE",
        "DROP OWNED",
    ];
    let upper = text.s.to_ascii_uppercase();
    DROPS.iter().any(|s| upper.contains(s))
        || (upper.contains("DELETE FROM") && !upper.contains("WHERE"))
}
