//! The one line by which `pf.attach: main` hangs our anchor into `/etc/pf.conf`, as edits of its text.
//!
//! Invariant: removing what was inserted gives the former bytes back, and inserting twice is inserting once.
//! A line of ours is known by its mark; lines that carry the name without the mark belong to somebody else.
//! Deliberately absent: loading the file, which would replace the live main ruleset.

use crate::house::layout;

/// What makes the line ours.
pub const MARK: &str = "# sanctum: attached by `pf.attach: main`";

/// Why the line cannot be inserted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttachError {
    /// The last line has no end, so that a line after it would become part of it.
    #[error("line {line} of the main ruleset has no newline at its end")]
    NoFinalNewline {
        /// The number of the last line, from 1.
        line: usize,
    },
    /// The last line ends in a backslash, so that pf reads the next one as part of it.
    #[error("line {line} of the main ruleset goes on in a next line that does not exist")]
    Continued {
        /// The number of the last line, from 1.
        line: usize,
    },
}

/// The marked line, with its newline. It only makes pf evaluate the anchor; the loader job fills it.
#[must_use]
pub fn attach_line() -> String {
    format!("anchor \"sanctum\" {MARK}, rules in {}\n", layout::PF_ANCHOR_FILE)
}

/// The text with our line as its last one. Filter rules come last in pf's order, and ours are `quick`.
///
/// # Errors
/// [`AttachError`] where the text ends in the middle of a line.
pub fn insert_attach(text: &str) -> Result<String, AttachError> {
    let line = attach_line();
    if text.split_inclusive('\n').filter(|line| line.contains(MARK)).eq([line.as_str()]) {
        return Ok(text.to_owned());
    }
    let rest = remove_attach(text);
    let count = rest.lines().count();
    if !rest.is_empty() && !rest.ends_with('\n') {
        return Err(AttachError::NoFinalNewline { line: count });
    }
    if rest.ends_with("\\\n") {
        return Err(AttachError::Continued { line: count });
    }
    Ok(rest + &line)
}

/// The text without any line of ours, whatever version of sanctum wrote it; all other bytes as they were.
#[must_use]
pub fn remove_attach(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.contains(MARK)).collect()
}
