//! The patches of Codex (`apply_patch`): which files, and what comes into them.
//!
//! The grammar is that of the tool's own instructions to the model: `*** Begin Patch`, sections that add, update or delete a
//! file, `*** End Patch`. A text that is not one is refused, for nothing could be said of what it writes.

use super::request::{Change, FileChange};

const BEGIN: &str = "*** Begin Patch";
const END: &str = "*** End Patch";
const ADD: &str = "*** Add File: ";
const UPDATE: &str = "*** Update File: ";
const DELETE: &str = "*** Delete File: ";
const MOVE: &str = "*** Move to: ";

/// Why a patch was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// It does not begin and end as one.
    #[error("no `*** Begin Patch` with its `*** End Patch`")]
    NotAPatch,
    /// A line outside any file's section.
    #[error("line {0} belongs to no file")]
    Stray(usize),
    /// A line that is neither added, removed nor context.
    #[error("line {0} is neither added, removed nor context")]
    Line(usize),
}

/// Whether the text is a patch, or a call of `apply_patch` with one.
pub(crate) fn looks_like_one(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with(BEGIN)
        || (text.starts_with("apply_patch")
            && text.lines().any(|line| line.trim_end() == BEGIN)
            && is_only_the_call(text))
}

/// Whether nothing stands around the heredoc of `apply_patch <<'EOF' … EOF`: more would be a command of its own.
fn is_only_the_call(text: &str) -> bool {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let Some(mark) =
        first.strip_prefix("apply_patch").and_then(|rest| rest.trim_start().strip_prefix("<<"))
    else {
        return false;
    };
    // Without quotes around the mark the shell would expand the text.
    let mark = mark.trim();
    let Some(mark) = mark
        .strip_prefix('\'')
        .and_then(|mark| mark.strip_suffix('\''))
        .or_else(|| mark.strip_prefix('"').and_then(|mark| mark.strip_suffix('"')))
    else {
        return false;
    };
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if mark.is_empty() || !mark.chars().all(word) {
        return false;
    }
    let mut rest = lines.skip_while(|line| *line != mark);
    rest.next().is_some() && rest.all(|line| line.trim().is_empty())
}

/// The files that the patch changes.
pub(crate) fn parse(text: &str) -> Result<Vec<FileChange>, PatchError> {
    let mut files: Vec<FileChange> = Vec::new();
    // The last one ends it: before that the same words are a line of the file that is changed.
    let end = text.lines().enumerate().filter(|(_, line)| line.trim() == END).last();
    let (end, _) = end.ok_or(PatchError::NotAPatch)?;
    let mut lines = text.lines().enumerate().skip_while(|(_, line)| line.trim() != BEGIN);
    lines.next().ok_or(PatchError::NotAPatch)?;
    for (at, line) in lines {
        let number = at + 1;
        if at == end {
            for file in &mut files {
                file.added.retain(|text| !text.is_empty());
                file.removed.retain(|text| !text.is_empty());
            }
            return if files.is_empty() { Err(PatchError::NotAPatch) } else { Ok(files) };
        }
        if let Some(file) = section(header(line, files.last())) {
            files.push(file);
            continue;
        }
        let file = files.last_mut().ok_or(PatchError::Stray(number))?;
        if let Some(to) = line.strip_prefix(MOVE) {
            let moved = FileChange {
                path: to.trim().to_owned(),
                how: Change::Move,
                added: Vec::new(),
                removed: Vec::new(),
            };
            // What follows is still the text of the file, which arrives under its new name.
            file.how = Change::Move;
            files.push(moved);
            continue;
        }
        body(file, line, number)?;
    }
    Err(PatchError::NotAPatch)
}

/// The line as a head of a section: Codex takes an indented one too, but in a file that is changed in places that is context.
fn header<'a>(line: &'a str, file: Option<&FileChange>) -> &'a str {
    let changed = file.is_some_and(|file| matches!(file.how, Change::Edit | Change::Move));
    if changed { line } else { line.trim_start() }
}

fn section(line: &str) -> Option<FileChange> {
    let of = |path: &str, how| FileChange {
        path: path.trim().to_owned(),
        how,
        added: Vec::new(),
        removed: Vec::new(),
    };
    if let Some(path) = line.strip_prefix(ADD) {
        return Some(of(path, Change::Whole));
    }
    if let Some(path) = line.strip_prefix(UPDATE) {
        return Some(of(path, Change::Edit));
    }
    line.strip_prefix(DELETE).map(|path| of(path, Change::Delete))
}

/// Lines that follow one another make one text, so that a key over several lines is seen as one.
fn body(file: &mut FileChange, line: &str, number: usize) -> Result<(), PatchError> {
    match line.as_bytes().first() {
        Some(b'+') => append(&mut file.added, line),
        Some(b'-') => append(&mut file.removed, line),
        Some(b' ' | b'@') | None => {
            file.added.push(String::new());
            file.removed.push(String::new());
        }
        Some(b'*') if line.trim() == "*** End of File" => {}
        Some(_) => return Err(PatchError::Line(number)),
    }
    Ok(())
}

fn append(texts: &mut Vec<String>, line: &str) {
    if texts.is_empty() {
        texts.push(String::new());
    }
    if let Some(text) = texts.last_mut() {
        text.push_str(line.get(1..).unwrap_or_default());
        text.push('\n');
    }
}

#[cfg(test)]
mod tests;
