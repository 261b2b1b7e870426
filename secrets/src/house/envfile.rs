//! Reads `.env` files, for moving what they hold into stores.
//!
//! The dialect is what shells and the common libraries agree on: `KEY=value`, `export KEY=value`, comments, single
//! quotes as they stand, double quotes with escapes and over several lines. Nothing is expanded: a value with `$` outside
//! single quotes is refused, because what the program saw is not in the file. Errors hold a line and no text of it.

use zeroize::Zeroizing;

/// One variable.
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Zeroizing<String>,
    /// The line that it begins on, from 1.
    pub line: usize,
}

/// Why a text is not such a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct EnvError {
    /// From 1.
    pub line: usize,
    /// What is wrong, without the text.
    pub what: &'static str,
}

/// Every variable in order; the last of two with one name counts, as everywhere.
///
/// # Errors
/// A line is no variable, a quote does not end, or a value would be expanded.
pub fn parse(text: &str) -> Result<Vec<Variable>, EnvError> {
    let mut all: Vec<Variable> = Vec::new();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut line = 1;
    while !rest.is_empty() {
        let (first, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let trimmed = first.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            (rest, line) = (after, line + 1);
            continue;
        }
        let start = line;
        let (name, from) = name(rest).ok_or(EnvError { line, what: "this is no KEY=value" })?;
        let (value, end) = value(from).map_err(|what| EnvError { line, what })?;
        let taken = rest.len() - end.len();
        line += rest.get(..taken).unwrap_or_default().matches('\n').count();
        rest = end;
        all.retain(|known| known.name != name);
        all.push(Variable { name: name.to_owned(), value, line: start });
    }
    Ok(all)
}

/// The name before `=`, and what stands behind it.
fn name(text: &str) -> Option<(&str, &str)> {
    let (before, after) = text.split_once('=')?;
    let name = before.trim_start();
    let name = name.strip_prefix("export").filter(|n| n.starts_with([' ', '\t'])).unwrap_or(name);
    let name = name.trim();
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let named = !name.is_empty()
        && name.chars().all(good)
        && !name.starts_with(|c: char| c.is_ascii_digit());
    named.then_some((name, after))
}

type Taken<'a> = Result<(Zeroizing<String>, &'a str), &'static str>;

/// The value, and what stands behind its line.
fn value(text: &str) -> Taken<'_> {
    let text = text.trim_start_matches([' ', '\t']);
    match text.chars().next() {
        Some('\'') => {
            let inner = text.split_at(1).1;
            let (value, after) = inner.split_once('\'').ok_or("a quote does not end")?;
            Ok((Zeroizing::new(value.to_owned()), end_of_line(after)?))
        }
        Some('"') => double(text.split_at(1).1),
        _ => bare(text),
    }
}

/// Up to the end of the line or a comment after a space.
fn bare(text: &str) -> Taken<'_> {
    let (line, after) = text.split_once('\n').unwrap_or((text, ""));
    let comment = line.match_indices('#').map(|(at, _)| at);
    let starts =
        |at: &usize| *at == 0 || line.as_bytes().get(at - 1).is_some_and(u8::is_ascii_whitespace);
    let end = comment.into_iter().find(starts).unwrap_or(line.len());
    let value = line.get(..end).unwrap_or_default().trim();
    if value.contains(['$', '`']) {
        return Err(
            "the value would be expanded by a shell; put it into single quotes as it is meant",
        );
    }
    if value.contains(['"', '\'']) {
        return Err("a quote stands inside a bare value");
    }
    Ok((Zeroizing::new(value.to_owned()), after))
}

fn double(text: &str) -> Taken<'_> {
    // A value is no longer than the text, so that growing leaves no copy behind.
    let mut value = Zeroizing::new(String::with_capacity(text.len()));
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((value, end_of_line(text.split_at(at + 1).1)?)),
            '\\' => match chars.next().ok_or("a quote does not end")?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                '\n' => {}
                c @ ('\\' | '"' | '$' | '`') => value.push(c),
                c => {
                    value.push('\\');
                    value.push(c);
                }
            },
            '$' | '`' => {
                return Err(
                    "the value would be expanded by a shell; put it into single quotes as it is meant",
                );
            }
            c => value.push(c),
        }
    }
    Err("a quote does not end")
}

/// Nothing but a comment may stand behind a closing quote.
fn end_of_line(text: &str) -> Result<&str, &'static str> {
    let (line, after) = text.split_once('\n').unwrap_or((text, ""));
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        Ok(after)
    } else {
        Err("something stands behind the closing quote")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> String {
        match parse(text) {
            Ok(all) => all
                .iter()
                .map(|one| format!("{}:{}={:?}", one.line, one.name, one.value.as_str()))
                .collect::<Vec<_>>()
                .join(" "),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn one_line_each() {
        for (text, expected) in [
            ("A=b", r#"1:A="b""#),
            ("export A=b\n\nB=c # why", r#"1:A="b" 3:B="c""#),
            ("# A=1\nA = b\r\n", r#"2:A="b""#),
            ("A=b#c", r#"1:A="b#c""#),
            ("A=", r#"1:A="""#),
            ("A=#c", r#"1:A="""#),
            ("A='$x \\n' # c", r#"1:A="$x \\n""#),
            ("A=\"a\\nb\\\"\\$\\q\"", r#"1:A="a\nb\"$\\q""#),
            ("A=\"-----BEGIN\nx\n\"\nB=2", r#"1:A="-----BEGIN\nx\n" 4:B="2""#),
            ("A=1\nA=2", r#"2:A="2""#),
            ("\u{feff}A=1", r#"1:A="1""#),
            (
                "A=$HOME",
                "line 1: the value would be expanded by a shell; put it into single quotes as it is meant",
            ),
            (
                "A=\"`id`\"",
                "line 1: the value would be expanded by a shell; put it into single quotes as it is meant",
            ),
            ("A=1\nnothing", "line 2: this is no KEY=value"),
            ("1A=b", "line 1: this is no KEY=value"),
            ("A='b", "line 1: a quote does not end"),
            ("A=\"b\\", "line 1: a quote does not end"),
            ("A='b'c", "line 1: something stands behind the closing quote"),
            ("A=b'c", "line 1: a quote stands inside a bare value"),
            ("", ""),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_quoted_comes_back(values in prop::collection::vec("[^']{0,40}", 0..5)) {
            let text: String = values.iter().enumerate().map(|(n, value)| format!("K{n}='{value}'\n")).collect();
            let back: Vec<String> = parse(&text).unwrap().iter().map(|one| one.value.as_str().to_owned()).collect();
            prop_assert_eq!(back, values);
        }

        #[test]
        fn what_is_read_reads_the_same_when_it_is_written_plainly(text in "([A-B]{0,2}[=\"'$\\\\\n #qz]{0,6}){0,8}") {
            let Ok(all) = parse(&text) else { return Ok(()) };
            let mut quoted = String::new();
            for (at, one) in all.iter().enumerate() {
                prop_assert!(at == 0 || all[at - 1].line < one.line);
                let value = if one.value.contains('\'') {
                    let escaped = one.value.replace('\\', "\\\\").replace('"', "\\\"");
                    format!("\"{}\"", escaped.replace('$', "\\$").replace('`', "\\`"))
                } else {
                    format!("'{}'", one.value.as_str())
                };
                quoted.push_str(&format!("{}={value}\n", one.name));
            }
            let again = parse(&quoted).unwrap();
            let told = |all: &[Variable]| -> Vec<_> {
                all.iter().map(|one| (one.name.clone(), one.value.to_string())).collect()
            };
            prop_assert_eq!(told(&again), told(&all), "{}", quoted);
        }

        #[test]
        fn no_text_ends_it_and_no_error_repeats_it(text in "[A-Z=\"'$\\\\\n #qz]{0,60}") {
            if let Err(error) = parse(&text) {
                prop_assert!(!error.to_string().contains("qz"));
            }
        }
    }
}
