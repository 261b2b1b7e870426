//! Histories of shells and of other programs that read lines, as the text that was typed.
//!
//! Each format keeps its lines where they are, so that a finding's line is the file's. Deliberately absent: rewriting one.

use crate::finding::Source;
use crate::scanner::{Once, Place, Scanner};
use sanctum_host::{files, look};
use std::path::Path;

/// Bytes of a history; one of a hundred thousand lines has ten million.
const LIMIT: u64 = 64 * 1024 * 1024;

/// How a program writes what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A line each; bash puts `#` and a time on a line of its own.
    Lines,
    /// zsh: `: TIME:SECONDS;` before the command where `EXTENDED_HISTORY` is set, and bytes above 0x82 "metafied".
    Zsh,
    /// fish: YAML of its own, `- cmd: ` with `\n` and `\\` undone here.
    Fish,
    /// libedit (psql, mysql and python on macOS): blanks and others as three octal digits behind a backslash.
    Libedit,
}

/// Where such programs keep their histories, below a home.
const FILES: [(&str, Format); 19] = [
    (".bash_history", Format::Lines),
    (".sh_history", Format::Lines),
    (".ksh_history", Format::Lines),
    (".ash_history", Format::Lines),
    (".zsh_history", Format::Zsh),
    (".zhistory", Format::Zsh),
    (".histfile", Format::Zsh),
    (".local/share/fish/fish_history", Format::Fish),
    (".config/fish/fish_history", Format::Fish),
    (".local/share/nushell/history.txt", Format::Lines),
    (".config/nushell/history.txt", Format::Lines),
    (".python_history", Format::Libedit),
    (".psql_history", Format::Libedit),
    (".mysql_history", Format::Libedit),
    (".mariadb_history", Format::Libedit),
    (".sqlite_history", Format::Libedit),
    (".node_repl_history", Format::Lines),
    (".rediscli_history", Format::Lines),
    (".lesshst", Format::Lines),
];
/// Folders of macOS's terminal with a history for each session.
const SESSIONS: [(&str, Format); 2] =
    [(".bash_sessions", Format::Lines), (".zsh_sessions", Format::Zsh)];

/// Scans every history below a home.
pub fn scan(scanner: &Scanner<'_>, home: &Path) {
    for (name, format) in FILES {
        one(scanner, &home.join(name), format);
    }
    for (folder, format) in SESSIONS {
        let folder = home.join(folder);
        match files::list(&folder) {
            Ok(names) => {
                let histories = names.iter().filter(|name| name.contains("history"));
                histories.for_each(|name| one(scanner, &folder.join(name), format));
            }
            Err(error) => scanner.not_scanned(folder.display().to_string(), cause(&error)),
        }
    }
}

fn one(scanner: &Scanner<'_>, path: &Path, format: Format) {
    // Who wants no history links it to /dev/null.
    let file = |facts: look::Facts| facts.kind == look::Kind::File;
    let read = || match look::at(path)?.is_some_and(file) {
        true => files::read_optional(path, LIMIT),
        false => Ok(None),
    };
    match read() {
        Ok(Some(bytes)) => {
            let typed = typed(&bytes, format);
            let shown = || path.display().to_string();
            let (source, once) = (Source::Shell, Once::Each);
            let place = Place { source, path: &shown, commit: None, once, lines: None };
            scanner.piece(&place, &typed);
        }
        Ok(None) => {}
        Err(error) => scanner.not_scanned(path.display().to_string(), cause(&error)),
    }
}

/// What stood in the way, without the path.
pub(crate) fn cause(error: &sanctum_host::HostError) -> String {
    match std::error::Error::source(error) {
        Some(source) => source.to_string(),
        None => error.to_string(),
    }
}

/// The lines as they were typed, as many as there were.
#[must_use]
pub fn typed(bytes: &[u8], format: Format) -> Vec<u8> {
    let bytes = if format == Format::Zsh { unmetafy(bytes) } else { bytes.to_vec() };
    let mut typed = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match format {
            Format::Lines => typed.extend_from_slice(line),
            Format::Zsh => typed.extend_from_slice(command_of_zsh(line)),
            Format::Fish => undo_fish(line, &mut typed),
            Format::Libedit => undo_octal(line, &mut typed),
        }
    }
    typed
}

/// Meta is 0x83; the byte behind it has bit 5 flipped (zsh, Src/zsh.h).
fn unmetafy(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut all = bytes.iter();
    while let Some(byte) = all.next() {
        match (byte, all.as_slice().first()) {
            (0x83, Some(behind)) => {
                plain.push(behind ^ 0x20);
                all.next();
            }
            _ => plain.push(*byte),
        }
    }
    plain
}

/// What stands behind `: 1700000000:0;`.
fn command_of_zsh(line: &[u8]) -> &[u8] {
    let command = || {
        let rest = line.strip_prefix(b": ")?;
        let end = rest.get(..rest.len().min(64))?.iter().position(|byte| *byte == b';')?;
        let plain = |byte: &u8| byte.is_ascii_digit() || *byte == b':';
        rest.get(..end)?.iter().all(plain).then(|| rest.get(end + 1..))?
    };
    command().unwrap_or(line)
}

/// `\n` becomes a blank, because the line must stay one, and `\\` a backslash.
fn undo_fish(line: &[u8], typed: &mut Vec<u8>) {
    let mut rest = line.strip_prefix(b"- cmd: ").unwrap_or(line);
    while let Some((first, behind)) = rest.split_first() {
        let (byte, skip) = match (first, behind.first()) {
            (b'\\', Some(b'n')) => (b' ', 1),
            (b'\\', Some(b'\\')) => (b'\\', 1),
            _ => (*first, 0),
        };
        typed.push(byte);
        rest = behind.get(skip..).unwrap_or_default();
    }
}

fn undo_octal(line: &[u8], typed: &mut Vec<u8>) {
    let mut rest = line;
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind.get(..3).filter(|_| *first == b'\\');
        let value = digits.and_then(|digits| {
            let octal = digits.iter().all(|byte| (b'0'..=b'7').contains(byte));
            u8::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| octal)?, 8).ok()
        });
        // A newline of one entry stays a blank of its line.
        let (byte, skip) = match value {
            Some(b'\n') => (b' ', 3),
            Some(value) => (value, 3),
            None => (*first, 0),
        };
        typed.push(byte);
        rest = behind.get(skip..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_was_typed() {
        let cases: [(Format, &[u8], &[u8]); 7] = [
            (Format::Lines, b"#1700000000\nexport A=b\n", b"#1700000000\nexport A=b\n"),
            (Format::Zsh, b": 1700000000:0;echo a;b\n", b"echo a;b\n"),
            (Format::Zsh, b": not a time;echo\n", b": not a time;echo\n"),
            // U+00E4 is C3 A4; neither needs Meta. U+00C3 ends with 0x83, which does.
            (Format::Zsh, b"echo \xc3\x83\xa3\n", b"echo \xc3\x83\n"),
            (Format::Fish, b"- cmd: a\\nb \\\\x\n  when: 1\n", b"a b \\x\n  when: 1\n"),
            (Format::Libedit, b"_HiStOrY_V2_\nselect\\0401;\n", b"_HiStOrY_V2_\nselect 1;\n"),
            (Format::Libedit, b"a\\012b \\9 \\777\n", b"a b \\9 \\777\n"),
        ];
        for (format, bytes, expected) in cases {
            assert_eq!(typed(bytes, format), expected, "{}", bytes.escape_ascii());
        }
    }

    proptest! {
        /// Lines stay where they are in every format; zsh's own newlines inside are escaped ones.
        #[test]
        fn lines_stay(bytes in "[a-z\\\\n0-9;: \n]{0,80}") {
            let count = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
            for format in [Format::Lines, Format::Zsh, Format::Fish, Format::Libedit] {
                prop_assert_eq!(count(&typed(bytes.as_bytes(), format)), count(bytes.as_bytes()));
            }
        }
    }
}
