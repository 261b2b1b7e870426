//! The mark by which a line accepts a finding: the word below, a rule's id, and a reason in words.
//!
//! It stands in the line of the secret or the line above, in whatever comment the language has. Invariant: without a
//! reason it accepts nothing and is told itself.

/// The word; in two halves, so that this file holds no mark.
pub const WORD: &str = concat!("sanctum:", "allow");

/// A mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark<'t> {
    /// The rule that it names.
    pub rule: &'t str,
    /// Its reason; empty when there is none.
    pub reason: &'t str,
}

/// What closes a comment behind a reason.
const CLOSERS: [&str; 5] = ["*/", "-->", "%>", "#}", "--%>"];

/// The first mark of a line. What follows the word has to look like a rule's id, or it is prose about marks.
#[must_use]
pub fn of_line(line: &str) -> Option<Mark<'_>> {
    let (_, rest) = line.split_once(WORD)?;
    let rest = rest.strip_prefix([' ', '\t', ':'])?.trim_start();
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let (rule, reason) = rest.split_at_checked(end)?;
    let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !rule.starts_with(|c: char| c.is_ascii_lowercase()) || !rule.chars().all(is_id) {
        return None;
    }
    let mut reason = reason.trim();
    for closer in CLOSERS {
        reason = reason.strip_suffix(closer).unwrap_or(reason).trim_end();
    }
    Some(Mark { rule, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_in_the_comments_of_many_languages() {
        let mark = |line: &str| {
            of_line(&line.replace('~', WORD)).map(|m| (m.rule.to_owned(), m.reason.to_owned()))
        };
        for (line, rule, reason) in [
            ("key = x  # ~ github-pat revoked in 2024", "github-pat", "revoked in 2024"),
            ("/* ~ jwt from RFC 7519 */", "jwt", "from RFC 7519"),
            ("<!-- ~ jwt an example -->", "jwt", "an example"),
            ("// ~: jwt an example", "jwt", "an example"),
            ("# ~ jwt", "jwt", ""),
            ("# ~ jwt -->", "jwt", ""),
        ] {
            assert_eq!(mark(line), Some((rule.to_owned(), reason.to_owned())), "{line}");
        }
        for line in ["# ~", "# ~ RULE reason", "# ~ed jwt", "nothing", "`~` in a line"] {
            assert_eq!(mark(line), None, "{line}");
        }
    }
}
