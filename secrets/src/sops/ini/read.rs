//! A reader of INI that knows where everything is, after the rules of go-ini (gopkg.in/ini.v1, parser.go).
//!
//! A comment belongs to the section or key below it, with what stands behind that on its line. Deliberately absent:
//! sections or keys that are there twice, which the original joins; here they are refused.

use super::super::text::TextError;
use std::collections::BTreeSet;
use std::ops::Range;
use zeroize::Zeroizing;

/// The section of the metadata.
pub const METADATA: &str = "sops";
/// The section of the keys above the first heading.
pub const DEFAULT: &str = "DEFAULT";

/// Where a comment is.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Comment {
    /// The lines above, from the first mark to the end of the last line.
    pub above: Option<Range<usize>>,
    /// What stands behind, from the end of what is meant to the end of the line.
    pub behind: Option<Range<usize>>,
    /// Its text: no mark on the first line, the others as they are.
    pub text: Zeroizing<String>,
}

/// A key.
#[derive(Clone)]
pub struct Key {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Zeroizing<String>,
    /// Where its line begins.
    pub start: usize,
    /// The value as it is written.
    pub written: Range<usize>,
    /// Where its last line ends, before the line feed.
    pub end: usize,
    /// Its comment.
    pub comment: Option<Comment>,
}

/// A section.
#[derive(Clone)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Where its heading begins; the start of the text for the first.
    pub start: usize,
    /// Where its heading ends.
    pub end: usize,
    /// Its comment.
    pub comment: Option<Comment>,
    /// Its keys.
    pub keys: Vec<Key>,
    /// Comment lines below its last key at the end of the text, which belong to nothing.
    pub rest: Option<Comment>,
}

/// Reads the sections; the first is always [`DEFAULT`].
pub fn sections(text: &str) -> Result<Vec<Section>, TextError> {
    let first = Section {
        name: DEFAULT.to_owned(),
        start: 0,
        end: 0,
        comment: None,
        keys: Vec::new(),
        rest: None,
    };
    let mut reader = Reader { text, at: 0, above: None, sections: vec![first] };
    if text.starts_with('\u{feff}') {
        reader.at = '\u{feff}'.len_utf8();
    }
    while reader.at < text.len() {
        reader.line()?;
    }
    let rest = reader.comment(None);
    if let Some(section) = reader.sections.last_mut() {
        section.rest = rest;
    }
    let mut names = BTreeSet::new();
    for section in &reader.sections {
        let keys: BTreeSet<_> = section.keys.iter().map(|key| &key.name).collect();
        if !names.insert(&section.name) || keys.len() != section.keys.len() {
            return Err(TextError::Unsupported("a section or a key is there twice"));
        }
    }
    Ok(reader.sections)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    above: Option<Range<usize>>,
    sections: Vec<Section>,
}

impl<'a> Reader<'a> {
    fn slice(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }

    /// The end of the line that begins at a place, before its line feed.
    fn end(&self, from: usize) -> usize {
        self.slice(from..self.text.len()).find('\n').map_or(self.text.len(), |at| from + at)
    }

    fn wrong(&self, what: &str) -> TextError {
        let line = self.slice(0..self.at).matches('\n').count() + 1;
        TextError::Syntax { line, column: 1, what: what.to_owned() }
    }

    fn line(&mut self) -> Result<(), TextError> {
        let end = self.end(self.at);
        let line = self.slice(self.at..end);
        let begin = end - line.trim_start().len();
        let next = (end + 1).min(self.text.len());
        match self.slice(begin..end).chars().next() {
            None => {}
            Some('#' | ';') => {
                let start = self.above.take().map_or(begin, |above| above.start);
                let last = begin + self.slice(begin..end).trim_end().len();
                self.above = Some(start..last);
            }
            Some('[') => self.heading(begin, end)?,
            Some(_) => return self.key(begin, end),
        }
        self.at = next;
        Ok(())
    }

    /// The comment that was gathered, with what stands behind.
    fn comment(&mut self, behind: Option<Range<usize>>) -> Option<Comment> {
        let above = self.above.take();
        if above.is_none() && behind.is_none() {
            return None;
        }
        let mut lines: Vec<&str> = Vec::new();
        if let Some(range) = above.clone() {
            lines.extend(
                self.slice(range).split('\n').map(str::trim_start).filter(|l| !l.is_empty()),
            );
        }
        lines.extend(behind.clone().map(|range| self.slice(range).trim()));
        let joined = Zeroizing::new(lines.join("\n"));
        let whole = joined.trim();
        let text = match whole.chars().next() {
            Some(';') => whole.trim_start_matches([';', ' ']),
            _ => whole.trim_start_matches(['#', ' ']),
        };
        Some(Comment { above, behind, text: Zeroizing::new(text.to_owned()) })
    }

    fn heading(&mut self, begin: usize, end: usize) -> Result<(), TextError> {
        let line = self.slice(begin..end);
        let close = line.rfind(']').ok_or_else(|| self.wrong("a heading without `]`"))?;
        let after = line.get(close + 1..).unwrap_or_default();
        let behind = after.find(['#', ';']).map(|_| begin + close + 1..end);
        let name = line.get(1..close).unwrap_or_default().to_owned();
        // What stands above the metadata belongs to the document: it was its end before the metadata came.
        if name == METADATA {
            let rest = self.comment(None);
            if let Some(section) = self.sections.last_mut() {
                section.rest = rest;
            }
        }
        let comment = self.comment(behind);
        if let ([first], DEFAULT) = (&mut self.sections[..], name.as_str())
            && first.keys.is_empty()
        {
            *first = Section { start: begin, end, comment, ..first.clone() };
            return Ok(());
        }
        self.sections.push(Section {
            name,
            start: begin,
            end,
            comment,
            keys: Vec::new(),
            rest: None,
        });
        Ok(())
    }

    fn key(&mut self, begin: usize, end: usize) -> Result<(), TextError> {
        let (name, value_at) = self.name(begin, end)?;
        let Read { value, written, behind, end } = self.value(value_at, end)?;
        let comment = self.comment(behind);
        let key = Key { name, value, start: begin, written, end, comment };
        self.at = (end + 1).min(self.text.len());
        if let Some(section) = self.sections.last_mut() {
            section.keys.push(key);
        }
        Ok(())
    }

    /// The name, and where the value may begin.
    fn name(&self, begin: usize, end: usize) -> Result<(String, usize), TextError> {
        let line = self.slice(begin..end);
        let quote = ["\"\"\"", "\"", "`"]
            .into_iter()
            .find(|quote| line.starts_with(quote) && (quote.len() < 3 || line.len() > 6));
        let (name, rest) = match quote {
            Some(quote) => line
                .get(quote.len()..)
                .and_then(|rest| rest.split_once(quote))
                .ok_or_else(|| self.wrong("the quote of a key does not end"))?,
            None => ("", line),
        };
        let at = rest.find(['=', ':']).ok_or_else(|| self.wrong("a line without `=`"))?;
        let name = if quote.is_some() { name } else { rest.get(..at).unwrap_or_default() };
        if quote.is_none() && at == 0 {
            return Err(self.wrong("a key without a name"));
        }
        if name.trim() == "-" {
            return Err(TextError::Unsupported("a key `-` that numbers itself"));
        }
        Ok((name.trim().to_owned(), end - rest.len() + at + 1))
    }

    fn value(&self, from: usize, end: usize) -> Result<Read, TextError> {
        let line = self.slice(from..end);
        let begin = end - line.trim_start().len();
        let line = self.slice(begin..end);
        if line.is_empty() {
            // What is written comes behind the mark, or behind the one space that stands there.
            let space = usize::from(self.slice(from..end).starts_with(' '));
            let at = from + space;
            return Ok(Read { value: Zeroizing::default(), written: at..at, behind: None, end });
        }
        // go-ini counts the line feed: three quotes alone on a line begin a value of several lines.
        let triple = line.starts_with("\"\"\"") && (line.len() > 3 || end < self.text.len());
        if triple || line.starts_with('`') {
            return self.quoted(begin, end, if triple { "\"\"\"" } else { "`" });
        }
        let trimmed = line.trim_end();
        if trimmed.ends_with('\\') {
            return Ok(self.continued(begin, end));
        }
        let stop = trimmed.find(['#', ';']);
        let meant = trimmed.get(..stop.unwrap_or(trimmed.len())).unwrap_or_default().trim_end();
        let behind = stop.map(|_| begin + meant.len()..end);
        let inside = ['\'', '"'].into_iter().find_map(|quote| {
            meant.strip_prefix(quote)?.strip_suffix(quote).filter(|inside| !inside.contains(quote))
        });
        let value = Zeroizing::new(inside.unwrap_or(meant).to_owned());
        Ok(Read { value, written: begin..begin + meant.len(), behind, end })
    }

    fn quoted(&self, begin: usize, end: usize, quote: &str) -> Result<Read, TextError> {
        let inside = begin + quote.len();
        // The last mark of the first line that has one ends the value.
        let mut line_end = end;
        let mut from = inside;
        loop {
            if let Some(at) = self.slice(from..line_end).rfind(quote) {
                let close = from + at;
                let after = close + quote.len();
                // Behind a value of one line go-ini does not look for a comment.
                let rest = self.slice(after..line_end);
                let mark = rest.find(['#', ';']).filter(|_| from != inside);
                // What else stands there go-ini drops; a new value takes its place, or it would grow by that.
                let dropped = rest.get(..mark.unwrap_or(rest.len())).unwrap_or_default();
                let written = begin..after + dropped.trim_end().len();
                return Ok(Read {
                    value: Zeroizing::new(self.slice(inside..close).to_owned()),
                    behind: mark.map(|_| written.end..line_end),
                    written,
                    end: line_end,
                });
            }
            if line_end >= self.text.len() {
                return Err(self.wrong("the quote of a value does not end"));
            }
            from = line_end + 1;
            line_end = self.end(from);
        }
    }

    fn continued(&self, begin: usize, end: usize) -> Read {
        let mut value = Zeroizing::new(String::new());
        let (mut from, mut line_end, mut last) = (begin, end, end);
        loop {
            let line = self.slice(from..line_end).trim();
            if line.is_empty() {
                break;
            }
            last = line_end;
            match line.strip_suffix('\\') {
                Some(line) => value.push_str(line),
                None => {
                    value.push_str(line);
                    break;
                }
            }
            if line_end >= self.text.len() {
                break;
            }
            from = line_end + 1;
            line_end = self.end(from);
        }
        Read { value, written: begin..last, behind: None, end: last }
    }
}

struct Read {
    value: Zeroizing<String>,
    written: Range<usize>,
    behind: Option<Range<usize>>,
    end: usize,
}
