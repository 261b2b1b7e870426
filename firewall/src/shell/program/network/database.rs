//! Databases: what a statement destroys.

use crate::shell::effect::{Effect, Place};
use crate::shell::tables;
use crate::shell::value::{Text, Value, unknown};
use crate::shell::walk::{Input, State, Walker};

/// Clients of a server; `None` when the name is none.
pub(super) fn clients(
    w: &mut Walker<'_>,
    name: &str,
    args: &[Text],
    input: &Input,
) -> Option<Value> {
    const CLIENTS: [&str; 12] = [
        "psql",
        "mysql",
        "mariadb",
        "mongosh",
        "mongo",
        "cqlsh",
        "clickhouse-client",
        "sqlcmd",
        "usql",
        "pgcli",
        "mycli",
        "snowsql",
    ];
    if !CLIENTS.contains(&name) {
        return None;
    }
    if args.iter().chain(input.iter().flatten()).any(destroys) {
        w.effect(Effect::Destroys { what: "Deletes a table or a database".to_owned() });
    }
    Some(unknown())
}

/// A database in a file: one that is in memory or made for a moment is nobody's.
pub(super) fn of_a_file(w: &mut Walker<'_>, st: &State, args: &[Text], input: &Input) {
    let file = args.iter().find(|a| !a.s.starts_with('-'));
    let passing = file.is_none_or(|file| {
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
