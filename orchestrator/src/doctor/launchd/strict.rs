//! A strict reader of XML property lists that shares nothing with crate `plist`.
//!
//! It knows the grammar of Apple's DTD (PropertyList-1.0) and the rules of XML 1.0 that launchd forgives: no `--` in a
//! comment (§2.5), no control characters (§2.2), no bare `&` (§4.1), every element closed, and no key twice. It says
//! what is wrong and builds nothing. A binary property list is somebody else's to read.

use std::collections::BTreeSet;

/// What no strict reader accepts; empty for a good file and for a binary one.
#[must_use]
pub(super) fn faults(bytes: &[u8]) -> BTreeSet<String> {
    let mut faults = BTreeSet::new();
    if bytes.starts_with(b"bplist") {
        return faults;
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return ["it is not UTF-8".to_owned()].into();
    };
    let control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    if text.chars().any(|c| control(c) || matches!(c, '\u{fffe}' | '\u{ffff}')) {
        faults.insert("a control character".to_owned());
    }
    let mut reader = Reader { open: Vec::new(), faults, roots: 0 };
    reader.read(text);
    reader.faults
}

/// An element that is open: its name, the keys seen in it, and whether a key waits for its value.
struct Open<'a> {
    name: &'a str,
    keys: BTreeSet<&'a str>,
    waits: bool,
    text: &'a str,
}

struct Reader<'a> {
    open: Vec<Open<'a>>,
    faults: BTreeSet<String>,
    roots: usize,
}

impl<'a> Reader<'a> {
    fn fault(&mut self, words: impl Into<String>) {
        self.faults.insert(words.into());
    }

    fn read(&mut self, text: &'a str) {
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('<') {
            self.text(before);
            let Some(next) = self.markup(after) else {
                return self.fault("markup that does not end");
            };
            rest = next;
        }
        self.text(rest);
        if let Some(open) = self.open.last() {
            let words = format!("<{}> is not closed", open.name);
            self.fault(words);
        }
        if self.roots != 1 {
            self.fault("it is not one <plist>");
        }
    }

    /// What follows `<`, up to its end; gives back what is behind it.
    fn markup(&mut self, after: &'a str) -> Option<&'a str> {
        if let Some(comment) = after.strip_prefix("!--") {
            let (body, rest) = comment.split_once("-->")?;
            if body.contains("--") || body.ends_with('-') {
                self.fault("`--` in a comment");
            }
            return Some(rest);
        }
        if let Some(raw) = after.strip_prefix("![CDATA[") {
            return raw.split_once("]]>").map(|(_, rest)| rest);
        }
        let (tag, rest) = after.split_once('>')?;
        match tag.as_bytes().first() {
            Some(b'?' | b'!') => {}
            Some(b'/') => self.close(tag.get(1..).unwrap_or_default().trim()),
            _ => {
                let empty = tag.ends_with('/');
                let name = tag.trim_end_matches('/').split_whitespace().next().unwrap_or_default();
                self.start(name, rest);
                if empty {
                    self.close(name);
                }
            }
        }
        Some(rest)
    }

    fn text(&mut self, text: &'a str) {
        for after in text.split('&').skip(1) {
            let entity = after.split(';').next().unwrap_or_default();
            let known = ["amp", "lt", "gt", "quot", "apos"].contains(&entity);
            if !after.contains(';') || !(known || entity.starts_with('#')) {
                self.fault("`&` that begins no entity");
            }
        }
        let holds_text = self.open.last().is_some_and(|open| !is_container(open.name));
        if !text.trim().is_empty() && !holds_text {
            self.fault("text outside of a value");
        }
    }

    fn start(&mut self, name: &'a str, rest: &'a str) {
        let text = rest.split('<').next().unwrap_or_default();
        let mut words = None;
        match self.open.last_mut() {
            None if name == "plist" => self.roots += 1,
            None => words = Some(format!("<{name}> outside of <plist>")),
            Some(parent) if parent.name == "dict" && name == "key" => {
                if parent.waits {
                    words = Some(format!("no value before the key `{text}`"));
                } else if !parent.keys.insert(text) {
                    words = Some(format!("the key `{text}` is there twice"));
                }
                parent.waits = true;
            }
            Some(parent) if parent.name == "dict" => {
                if !std::mem::take(&mut parent.waits) {
                    words = Some(format!("<{name}> without a key"));
                }
            }
            Some(parent) if !is_container(parent.name) => {
                words = Some(format!("<{name}> inside of <{}>", parent.name));
            }
            Some(_) if name == "key" => words = Some("a key outside of <dict>".to_owned()),
            Some(_) => {}
        }
        if !NAMES.contains(&name) {
            words = Some(format!("<{name}> is no element of a property list"));
        }
        self.faults.extend(words);
        self.open.push(Open { name, keys: BTreeSet::new(), waits: false, text });
    }

    fn close(&mut self, name: &'a str) {
        match self.open.pop() {
            Some(open) if open.name == name => {
                if open.waits {
                    self.fault("a key without a value");
                }
                if name == "integer" && !is_integer(open.text.trim()) {
                    self.fault(format!("`{}` is no integer", open.text.trim()));
                }
            }
            _ => self.fault(format!("</{name}> closes nothing")),
        }
    }
}

const NAMES: [&str; 11] =
    ["plist", "dict", "array", "key", "string", "integer", "real", "true", "false", "date", "data"];

fn is_container(name: &str) -> bool {
    ["plist", "dict", "array"].contains(&name)
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    match hex {
        Some(hex) => !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()),
        None => !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::fixture;
    use proptest::prelude::*;

    #[test]
    fn faults_that_launchd_forgives() {
        let good = "<?xml version=\"1.0\"?><!-- a - b --><plist version=\"1.0\"><dict><key>A</key><string>a &amp; b</string><key>B</key><array><integer>-1</integer><true/></array></dict></plist>";
        for (from, to, expected) in [
            ("", "", ""),
            ("a - b", "a -- b", "`--` in a comment"),
            ("a - b -->", "a - b --->", "`--` in a comment"),
            ("&amp;", "&", "`&` that begins no entity"),
            ("<key>B</key>", "<key>A</key>", "the key `A` is there twice"),
            ("<key>B</key>", "", "<array> without a key"),
            ("<string>a &amp; b</string>", "", "no value before the key `B`"),
            ("<array>", "<list>", "<list> is no element of a property list"),
            ("</dict>", "", "</plist> closes nothing"),
            ("-1", "one", "`one` is no integer"),
            ("<true/>", "<key>C</key>", "a key outside of <dict>"),
            ("<true/>", "loose", "text outside of a value"),
            ("a &amp; b", "\u{1}", "a control character"),
            ("</plist>", "</plist><plist/>", "it is not one <plist>"),
            ("</plist>", "</plist", "markup that does not end"),
        ] {
            let found = faults(good.replacen(from, to, 1).as_bytes());
            let is = if expected.is_empty() { found.is_empty() } else { found.contains(expected) };
            assert!(is, "{from} -> {to}: {found:?}");
        }
        assert!(faults(b"bplist00\xff").is_empty());
        assert!(faults(b"\xff").contains("it is not UTF-8"));
    }

    #[test]
    fn what_the_house_renders_has_no_fault() {
        let looked = fixture::plain_hub();
        let files = &looked.wanted().unwrap().artefacts;
        let plists: Vec<_> =
            files.iter().filter(|file| file.path.file_name().ends_with(".plist")).collect();
        assert!(!plists.is_empty());
        for file in plists {
            assert_eq!(faults(&file.bytes), BTreeSet::new(), "{}", file.path);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        /// What crate `plist` writes of any text is read without a fault, and no bytes make the reader panic.
        #[test]
        fn what_a_writer_writes_is_right(text in "[ -~é\u{4e00}]{0,24}", bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut dict = plist::Dictionary::new();
            dict.insert("Label".to_owned(), plist::Value::String(text.clone()));
            dict.insert("Program".to_owned(), plist::Value::Array(vec![plist::Value::String(text)]));
            let mut out = Vec::new();
            plist::Value::Dictionary(dict).to_writer_xml(&mut out).unwrap();
            prop_assert_eq!(faults(&out), BTreeSet::new());
            let _ = faults(&bytes);
        }
    }
}
