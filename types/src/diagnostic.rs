//! Where in a human's file something is wrong, and how it is shown.
//!
//! One form for every parser of the house: `path:line:col: message`, the line, a caret, an optional hint.
//! The line that is shown is handed in by the caller, who redacts it first when it may hold a secret.

use std::fmt::Write as _;

/// One remark about one place of a text; lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub col: usize,
    /// What is wrong: a lowercase fragment without a full stop.
    pub message: String,
    /// What to do about it, when that is known.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// A remark without a hint.
    pub fn new(line: usize, col: usize, message: impl Into<String>) -> Self {
        Self { line, col, message: message.into(), hint: None }
    }

    /// The same remark with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// `path:line:col: message`, the source line, a caret under the column, and the hint.
    ///
    /// `source` is the whole text of the file; a line outside it is left out. Tabs keep their width, so
    /// that the caret stays under its column in a terminal.
    #[must_use]
    pub fn render(&self, path: &str, source: &str) -> String {
        let mut out = format!("{path}:{}:{}: {}", self.line, self.col, self.message);
        if let Some(text) = source.lines().nth(self.line.saturating_sub(1)) {
            let pad: String = text
                .chars()
                .take(self.col.saturating_sub(1))
                .map(|c| if c == '\t' { '\t' } else { ' ' })
                .collect();
            let _ = write!(out, "\n  {text}\n  {pad}^");
        }
        if let Some(hint) = &self.hint {
            let _ = write!(out, "\n  hint: {hint}");
        }
        out
    }

    /// The line and column (both from 1) of a byte offset in `source`.
    #[must_use]
    pub fn position(source: &str, offset: usize) -> (usize, usize) {
        let before = source.get(..offset.min(source.len())).unwrap_or(source);
        let line = before.matches('\n').count() + 1;
        let col = before.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1;
        (line, col)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_column_and_tabs_keep_their_width() {
        let shown = Diagnostic::new(2, 3, "unknown key `prot`")
            .with_hint("did you mean `port`?")
            .render("instance.yaml", "a: 1\n\t prot: 2\n");
        assert_eq!(
            shown,
            "instance.yaml:2:3: unknown key `prot`\n  \t prot: 2\n  \t ^\n  hint: did you mean `port`?"
        );
    }

    #[test]
    fn positions_count_characters_from_one() {
        assert_eq!(Diagnostic::position("é\nab", 0), (1, 1));
        assert_eq!(Diagnostic::position("é\nab", 2), (1, 2));
        assert_eq!(Diagnostic::position("é\nab", 4), (2, 2));
        assert_eq!(Diagnostic::position("é\nab", 99), (2, 3));
    }
}
