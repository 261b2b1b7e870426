//! Expressions of SOPS in the words of the `regex` crate.
//!
//! Both are automata with nearly one syntax, but Go's RE2 means ASCII by `\d`, `\w`, `\s` and `\b`, takes `[`, `&&` and `~~`
//! inside brackets for themselves, and has `\Q..\E`. An expression decides what stays in clear, so it must choose the same.

use regex::Regex;

/// The ASCII classes of RE2, as they stand inside brackets.
const fn class(c: char) -> Option<(&'static str, bool)> {
    Some(match c {
        'd' => ("0-9", false),
        'D' => ("0-9", true),
        'w' => ("0-9A-Za-z_", false),
        'W' => ("0-9A-Za-z_", true),
        's' => ("\\t\\n\\f\\r\\x20", false),
        'S' => ("\\t\\n\\f\\r\\x20", true),
        _ => return None,
    })
}

/// Reads an expression as RE2 does.
pub fn compile(text: &str) -> Result<Regex, regex::Error> {
    Regex::new(&translate(text))
}

fn translate(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    let mut inside = false;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            '\\' => escape(after, inside, &mut out),
            '[' if !inside => {
                inside = true;
                open(after, &mut out)
            }
            '[' if after.starts_with(':') => match after.find(":]") {
                Some(end) => {
                    let (name, tail) = after.split_at(end + 2);
                    out.push('[');
                    out.push_str(name);
                    tail
                }
                None => literal('[', after, &mut out),
            },
            ']' if inside => {
                inside = false;
                out.push(']');
                after
            }
            '[' | '&' | '~' if inside => literal(c, after, &mut out),
            // Between two characters it is a range; twice in a row it would be a difference here.
            '-' if inside && after.starts_with('-') => literal('-', after, &mut out),
            c => {
                out.push(c);
                after
            }
        };
    }
    out
}

/// A bracket may begin with `^`, and then with a `]` that stands for itself.
fn open<'a>(after: &'a str, out: &mut String) -> &'a str {
    out.push('[');
    let mut rest = after;
    if let Some(tail) = rest.strip_prefix('^') {
        out.push('^');
        rest = tail;
    }
    match rest.strip_prefix(']') {
        Some(tail) => literal(']', tail, out),
        None => rest,
    }
}

fn literal<'a>(c: char, after: &'a str, out: &mut String) -> &'a str {
    out.push('\\');
    out.push(c);
    after
}

/// What stands behind a backslash.
fn escape<'a>(after: &'a str, inside: bool, out: &mut String) -> &'a str {
    let Some(c) = after.chars().next() else {
        out.push('\\');
        return after;
    };
    let rest = after.get(c.len_utf8()..).unwrap_or_default();
    match (class(c), c) {
        (Some((set, false)), _) if inside => out.push_str(set),
        (Some((set, negated)), _) => {
            out.push_str(if negated { "[^" } else { "[" });
            out.push_str(set);
            out.push(']');
        }
        (None, 'b') if !inside => out.push_str("(?-u:\\b)"),
        (None, 'Q') if !inside => {
            let (quoted, tail) = rest.split_once("\\E").unwrap_or((rest, ""));
            out.push_str(&regex::escape(quoted));
            return tail;
        }
        (None, c) => {
            out.push('\\');
            out.push(c);
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_mean_what_they_mean_to_the_original() {
        for (text, yes, no) in [
            ("^pass", "password", "a pass"),
            ("(?i)pass", "PASSWORD", "word"),
            ("^\\d+$", "12", "٣"),
            ("^\\w+$", "a_1", "é"),
            ("\\S", "\u{a0}", " "),
            ("^[\\w-]+$", "a-b", "é"),
            ("^[^\\W_]$", "a", "_"),
            ("^[[:alpha:]]$", "a", "1"),
            ("^[[a]$", "[", "b"),
            ("^[a&&b]+$", "a&b", "c"),
            ("^[]a]+$", "]a", "b"),
            ("^[^]a]+$", "b", "]"),
            ("\\bkey\\b", "a key", "keys"),
            ("^\\Qa.b\\E$", "a.b", "axb"),
            ("^\\p{L}+$", "é漢", "1"),
            ("^(?:data|stringData)$", "stringData", "metadata"),
            ("^[--z]$", "a", "!"),
        ] {
            let regex = compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert!(regex.is_match(yes) && !regex.is_match(no), "{text} as {}", regex.as_str());
        }
        for wrong in ["(", "[a", "(?=a)", "\\"] {
            assert!(compile(wrong).is_err(), "{wrong}");
        }
    }
}
