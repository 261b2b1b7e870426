//! git's configuration as data: sections, keys and values, nothing obeyed.
//!
//! `include` is not followed. What is no line of a configuration is passed over, because a scan must not end at somebody's
//! typing error. Deliberately absent: writing.

/// A configuration in the order of its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    section: String,
    subsection: Option<String>,
    key: String,
    value: String,
}

impl Config {
    /// Reads the text.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        let mut all = Self::default();
        let mut here: Option<(String, Option<String>)> = None;
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let mut line = line.trim_start();
            if let Some(head) = line.strip_prefix('[') {
                let Some((name, rest)) = section(head) else {
                    here = None;
                    continue;
                };
                here = Some(name);
                line = rest.trim_start();
            }
            let letter = |c: char| c.is_ascii_alphanumeric() || c == '-';
            let end = line.find(|c: char| !letter(c)).unwrap_or(line.len());
            let (key, rest) = line.split_at_checked(end).unwrap_or_default();
            let (Some((section, subsection)), false) = (&here, key.is_empty()) else { continue };
            let value = match rest.trim_start().strip_prefix('=') {
                Some(rest) => value(rest, &mut lines),
                // A key alone means true.
                None => "true".to_owned(),
            };
            all.entries.push(Entry {
                section: section.clone(),
                subsection: subsection.clone(),
                key: key.to_ascii_lowercase(),
                value,
            });
        }
        all
    }

    /// The last value of a key; section and key in lower case.
    #[must_use]
    pub fn value(&self, section: &str, subsection: Option<&str>, key: &str) -> Option<String> {
        let found = self.entries.iter().rev().find(|entry| {
            entry.section == section
                && entry.subsection.as_deref() == subsection
                && entry.key == key
        });
        found.map(|entry| entry.value.clone())
    }
}

/// `name]`, `name "sub"]` or the older `name.sub]`, and what stands behind it.
fn section(head: &str) -> Option<((String, Option<String>), &str)> {
    let end = head.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.'))?;
    let (name, rest) = head.split_at_checked(end)?;
    let name = name.to_ascii_lowercase();
    if let Some(rest) = rest.strip_prefix(']') {
        let (name, sub) = match name.split_once('.') {
            Some((name, sub)) => (name.to_owned(), Some(sub.to_owned())),
            None => (name, None),
        };
        return Some(((name, sub), rest));
    }
    let quoted = rest.trim_start().strip_prefix('"')?;
    let (mut sub, mut chars) = (String::new(), quoted.char_indices());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                let rest = quoted.get(at + 1..)?.trim_start().strip_prefix(']')?;
                return Some(((name, Some(sub)), rest));
            }
            '\\' => sub.push(chars.next()?.1),
            c => sub.push(c),
        }
    }
    None
}

/// A value with its quotes, escapes and continued lines undone, without a comment behind it.
fn value<'t>(first: &'t str, lines: &mut impl Iterator<Item = &'t str>) -> String {
    let (mut value, mut quoted, mut blank) = (String::new(), false, String::new());
    let mut chars = first.trim_start().chars();
    loop {
        match chars.next() {
            Some('"') => quoted = !quoted,
            Some('#' | ';') if !quoted => return value,
            Some('\\') => match chars.next() {
                None => match lines.next() {
                    Some(next) => chars = next.chars(),
                    None => return value,
                },
                Some(c) => {
                    value.push_str(&std::mem::take(&mut blank));
                    value.push(match c {
                        'n' => '\n',
                        't' => '\t',
                        'b' => '\u{8}',
                        other => other,
                    });
                }
            },
            Some(c) if c.is_whitespace() && !quoted => blank.push(c),
            Some(c) => {
                value.push_str(&std::mem::take(&mut blank));
                value.push(c);
            }
            None => return value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_is_read_as_git_does() {
        let config = Config::parse(
            b"[core]\n\tbare\n\thooksPath = \"a b\" ; why\n[remote \"or\\\"igin\"] url = x\\\ny # no\n\
              \tFetch = +refs/*:refs/*\n[Branch.main]\nremote = a  b  \n[bad\nkey = 1\n= 2\n[core]\nbare = false\n",
        );
        for (section, sub, key, expected) in [
            ("core", None, "hookspath", Some("a b")),
            ("core", None, "bare", Some("false")),
            ("remote", Some("or\"igin"), "url", Some("xy")),
            ("remote", Some("or\"igin"), "fetch", Some("+refs/*:refs/*")),
            ("branch", Some("main"), "remote", Some("a  b")),
            ("bad", None, "key", None),
            ("core", None, "key", None),
        ] {
            assert_eq!(config.value(section, sub, key).as_deref(), expected, "{section}.{key}");
        }
    }
}
