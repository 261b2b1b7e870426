//! What the table of sensitive paths says of a path of a command.
//!
//! A text with holes is tried with the hole empty and with a name in its place, so that `~/.ss${x}h` is seen and `$dir/config` is
//! not; patterns of the command are intersected with those of the table.

use super::super::effect::Secrecy;
use super::super::value::{HOLE, ONE, STAR};
use crate::sensitive::{self, Below};

/// Longer than what counts as a path and not as prose. Stars stand for nothing if need be, so they are not counted.
const LONGEST: usize = 1024;

fn too_long(path: &str) -> bool {
    path.len() > LONGEST && path.chars().filter(|c| !matches!(*c, STAR | HOLE)).count() > LONGEST
}

/// What a resolved path's name says about its content.
pub(in super::super) fn secrecy(path: &str, home: &str) -> Secrecy {
    if path.contains(HOLE) {
        let without = path.replace(HOLE, "");
        // `$dir/*/*` says nothing of which files are meant; that the variable is empty is no reading of it.
        let empty = match without.contains(char::is_alphanumeric) {
            true => secrecy(&without, home),
            false => Secrecy::Open,
        };
        return empty.max(secrecy(&path.replace(HOLE, "x"), home));
    }
    // A string with a line break is prose, not a path.
    if too_long(path) || path.contains('\n') {
        return Secrecy::Open;
    }
    sensitive::reading(&sensitive::homed(path, home)).0
}

/// What a path that must not be read is, of a path as it is shown.
pub(in super::super) fn what(shown: &str) -> &'static str {
    let path = sensitive::homed(&shown.replace('*', &STAR.to_string()), "~");
    match sensitive::reading(&path) {
        (Secrecy::Credential, what) => what,
        _ => "sensitive credential path",
    }
}

/// What is read when a directory is read as a whole.
pub(in super::super) fn below(path: &str, home: &str) -> Below {
    if path.contains([HOLE, STAR, ONE]) || path.len() > LONGEST {
        return Below::Nothing;
    }
    sensitive::below(&sensitive::homed(path, home))
}

/// Whether a path (with patterns) can be what a table's pattern means.
pub(in super::super) fn could_be(path: &str, pattern: &str, home: &str) -> bool {
    let homed = sensitive::homed(&path.replace(HOLE, ""), home);
    sensitive::fits(&homed.split('/').collect::<Vec<_>>(), pattern)
}
