//! INI documents: sections are the branches of the top, and nothing lies deeper.
//!
//! The text is kept and edited by the places of its parts. Metadata is the section `sops`. A comment that is encrypted
//! becomes one line above what it belongs to, as the original writes it. Every value is text.

pub mod read;

use super::flat;
use super::node::spelled;
use super::text::{Leaf, Node, Scalar, Step, Text, TextError, What};
use read::{Comment, DEFAULT, Key, METADATA, Section};
use std::ops::Range;
use zeroize::Zeroizing;

/// An INI text.
pub struct IniText {
    text: Zeroizing<String>,
    sections: Vec<Section>,
}

/// A part of the text that is a leaf.
enum Spot<'a> {
    Value(&'a Section, &'a Key),
    /// With the place of a line that has no comment above it yet.
    Comment(&'a Section, &'a Comment, usize),
}

impl IniText {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        Ok(Self { sections: read::sections(text)?, text: Zeroizing::new(text.to_owned()) })
    }

    fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    fn splice(&mut self, mut edits: Vec<(Range<usize>, String)>) -> Result<(), TextError> {
        edits.sort_by_key(|(range, _)| (range.start, range.end));
        let mut out = Zeroizing::new(String::with_capacity(self.text.len() * 2));
        let mut at = 0;
        for (range, new) in &edits {
            out.push_str(self.slice(at..range.start));
            out.push_str(new);
            at = range.end;
        }
        out.push_str(self.slice(at..self.text.len()));
        self.sections = read::sections(&out)?;
        self.text = out;
        Ok(())
    }

    fn spots(&self) -> Vec<Spot<'_>> {
        let mut out = Vec::new();
        for section in &self.sections {
            if section.name != METADATA {
                out.extend(
                    section.comment.iter().map(|c| Spot::Comment(section, c, section.start)),
                );
                for key in &section.keys {
                    out.push(Spot::Value(section, key));
                    out.extend(key.comment.iter().map(|c| Spot::Comment(section, c, key.start)));
                }
            }
            out.extend(section.rest.iter().map(|c| Spot::Comment(section, c, self.text.len())));
        }
        out
    }

    fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// The range of a key's whole lines, its comment and line feed included.
    fn lines(&self, start: usize, end: usize, comment: Option<&Comment>) -> Range<usize> {
        let above = comment.and_then(|comment| comment.above.as_ref()).map_or(start, |r| r.start);
        let begin = self.slice(0..above).rfind('\n').map_or(0, |at| at + 1);
        begin..(end + 1).min(self.text.len())
    }

    /// Where something is added behind a place, and the line feed that it needs in front.
    fn behind(&self, end: usize) -> (usize, &'static str) {
        let next = end + 1;
        match end == 0 || next <= self.text.len() {
            true if end == 0 => (0, ""),
            true => (next, ""),
            false => (self.text.len(), if self.text.is_empty() { "" } else { "\n" }),
        }
    }

    fn put(&mut self, name: &str, key: &str, value: &str) -> Result<(), TextError> {
        let value = written(value)?;
        let line = format!("{} = {value}\n", written_key(key)?);
        let edit = match self.section(name) {
            Some(section) => match section.keys.iter().find(|known| known.name == key) {
                Some(known) => (known.written.clone(), value),
                None => {
                    let last = section.keys.last().map_or(section.end, |key| key.end);
                    let (at, feed) = self.behind(last);
                    (at..at, format!("{feed}{line}"))
                }
            },
            None => {
                let before = self.section(METADATA).map(|section| section.start);
                let at = before.unwrap_or(self.text.len());
                let text = match before {
                    Some(_) => format!("[{name}]\n{line}\n"),
                    None => format!("{}[{name}]\n{line}", self.gap()),
                };
                (at..at, text)
            }
        };
        self.splice(vec![edit])
    }

    /// What parts a new section from the end of the text.
    fn gap(&self) -> &'static str {
        match () {
            () if self.text.is_empty() => "",
            () if self.text.ends_with("\n\n") => "",
            () if self.text.ends_with('\n') => "\n",
            () => "\n\n",
        }
    }

    fn set_section(&mut self, name: &str, node: &Node) -> Result<(), TextError> {
        let Node::Map(entries) = node else {
            return Err(TextError::Unsupported("a section of INI is a map"));
        };
        if name.contains(['\n', '\r']) || name.is_empty() {
            return Err(TextError::Unsupported("INI cannot write that section's name"));
        }
        let _ = self.unset(0, &[Step::Key(name.to_owned())]);
        if entries.is_empty() && name != DEFAULT {
            let end = self.text.len();
            return self.splice(vec![(end..end, format!("{}[{name}]\n", self.gap()))]);
        }
        entries.iter().try_for_each(|(key, node)| self.put(name, key, &scalar(node)?))
    }
}

fn scalar(node: &Node) -> Result<Zeroizing<String>, TextError> {
    match node {
        Node::Scalar(scalar) => Ok(Zeroizing::new(flat::text(scalar).unwrap_or_default())),
        Node::List(_) | Node::Map(_) => Err(TextError::Unsupported("INI has no deeper branches")),
    }
}

/// A value as go-ini reads it back.
fn written(value: &str) -> Result<String, TextError> {
    let quoted =
        |quote: char| value.len() >= 2 && value.starts_with(quote) && value.ends_with(quote);
    let special = value.contains(['#', ';'])
        || value.trim() != value
        || value.ends_with('\\')
        || value.starts_with("\"\"\"")
        || quoted('"')
        || quoted('\'');
    match () {
        () if value.contains(['\n', '`']) && (value.contains("\"\"\"") || value.ends_with('"')) => {
            Err(TextError::Unsupported("INI cannot write that value: its quotes would end it"))
        }
        () if value.contains(['\n', '`']) => Ok(format!("\"\"\"{value}\"\"\"")),
        () if special => Ok(format!("`{value}`")),
        () => Ok(value.to_owned()),
    }
}

fn written_key(key: &str) -> Result<String, TextError> {
    match () {
        () if key.trim() != key || key.is_empty() || key == "-" || key.contains('\n') => {
            Err(TextError::Unsupported("INI cannot write that key"))
        }
        () if key.contains('`') => Ok(format!("\"\"\"{key}\"\"\"")),
        () if key.contains(['"', '=', ':']) || key.starts_with(['#', ';', '[']) => {
            Ok(format!("`{key}`"))
        }
        () => Ok(key.to_owned()),
    }
}

/// The lines of a comment: each with a mark and one space, as go-ini writes them.
fn comment_lines(text: &str, mark: char) -> String {
    let line = |(at, line): (usize, &str)| match line.strip_prefix([';', '#']) {
        Some(rest) if at > 0 => format!("{} {}", line.get(..1).unwrap_or(";"), rest.trim()),
        _ => format!("{mark} {}", line.trim()),
    };
    text.split('\n').enumerate().map(line).collect::<Vec<_>>().join("\n")
}

impl Text for IniText {
    fn documents(&self) -> usize {
        1
    }

    fn leaves(&self, _document: usize) -> Result<Vec<Leaf>, TextError> {
        let key = |name: &str| Step::Key(name.to_owned());
        let leaf = |spot: Spot<'_>| match spot {
            Spot::Value(section, at) => Leaf {
                path: vec![key(&section.name), key(&at.name)],
                what: What::Value(Scalar::Str(at.value.clone())),
            },
            Spot::Comment(section, comment, _) => {
                Leaf { path: vec![key(&section.name)], what: What::Comment(comment.text.clone()) }
            }
        };
        Ok(self.spots().into_iter().map(leaf).collect())
    }

    fn replace(&mut self, _document: usize, new: &[(usize, What)]) -> Result<(), TextError> {
        let spots = self.spots();
        let mut edits = Vec::new();
        for (number, what) in new {
            match (spots.get(*number), what) {
                (Some(Spot::Value(_, key)), What::Value(value)) => {
                    let text = scalar(&Node::Scalar(value.clone()))?;
                    edits.push((key.written.clone(), written(&text)?));
                }
                (Some(Spot::Comment(_, comment, line)), What::Comment(text)) => {
                    let above = comment.above.clone();
                    let mark = above.as_ref().and_then(|r| self.slice(r.clone()).chars().next());
                    let lines = comment_lines(text, mark.unwrap_or(';'));
                    match above {
                        Some(range) => edits.push((range, lines)),
                        None => edits.push((*line..*line, format!("{lines}\n"))),
                    }
                    edits.extend(comment.behind.clone().map(|range| (range, String::new())));
                }
                _ => return Err(TextError::Unsupported("a comment cannot become a value")),
            }
        }
        self.splice(edits)
    }

    fn tree(&self, _document: usize, path: &[Step]) -> Result<Node, TextError> {
        let map = |section: &Section| {
            let entry = |key: &Key| (key.name.clone(), Node::text(&key.value));
            Node::Map(section.keys.iter().map(entry).collect())
        };
        let shown = self.sections.iter().filter(|section| section.name != METADATA);
        let tree = Node::Map(shown.map(|section| (section.name.clone(), map(section))).collect());
        let found = path.iter().try_fold(&tree, |node, step| match step {
            Step::Key(key) => node.get(key),
            Step::Index(_) => None,
        });
        found.cloned().ok_or_else(|| TextError::NotThere(spelled(path)))
    }

    fn set(&mut self, _document: usize, path: &[Step], value: &Node) -> Result<(), TextError> {
        match (path, value) {
            ([Step::Key(name), ..], _) if name == METADATA => {
                Err(TextError::Unsupported("`sops` is the place of the metadata"))
            }
            ([Step::Key(name), Step::Key(key)], node) => self.put(name, key, &scalar(node)?),
            ([Step::Key(name)], node) => self.set_section(name, node),
            ([], Node::Map(entries)) => {
                entries.iter().try_for_each(|(name, node)| self.set_section(name, node))
            }
            _ => Err(TextError::Unsupported("INI has no deeper branches")),
        }
    }

    fn unset(&mut self, _document: usize, path: &[Step]) -> Result<(), TextError> {
        let none = || TextError::NotThere(spelled(path));
        let (name, key) = match path {
            [Step::Key(name)] if name != METADATA => (name, None),
            [Step::Key(name), Step::Key(key)] if name != METADATA => (name, Some(key)),
            _ => return Err(none()),
        };
        let section = self.section(name).ok_or_else(none)?;
        let range = match key {
            Some(key) => {
                let key = section.keys.iter().find(|known| known.name == *key).ok_or_else(none)?;
                self.lines(key.start, key.end, key.comment.as_ref())
            }
            None => {
                let end = section.keys.last().map_or(section.end, |key| key.end);
                self.lines(section.start, end, section.comment.as_ref())
            }
        };
        self.splice(vec![(range, String::new())])
    }

    fn metadata(&self, _document: usize) -> Result<Option<Node>, TextError> {
        let entry = |key: &Key| (key.name.clone(), flat::lines(&key.value));
        let section = self.section(METADATA);
        let all: Option<Vec<_>> = section.map(|section| section.keys.iter().map(entry).collect());
        Ok(all.map(|all| {
            flat::unflatten(all.iter().map(|(name, text)| (name.as_str(), text.clone())))
        }))
    }

    fn set_metadata(&mut self, _document: usize, metadata: Option<&Node>) -> Result<(), TextError> {
        let flat: Vec<_> = metadata.map(flat::flatten).unwrap_or_default();
        match (self.section(METADATA), metadata) {
            (None, None) => Ok(()),
            (Some(section), None) => {
                let end = section.keys.last().map_or(section.end, |key| key.end);
                let mut range = self.lines(section.start, end, None);
                // The empty line that parts the section from the document came with it.
                if self.slice(0..range.start).ends_with("\n\n") && range.end >= self.text.len() {
                    range.start -= 1;
                }
                self.splice(vec![(range, String::new())])
            }
            (Some(section), Some(_)) => {
                let gone =
                    section.keys.iter().filter(|key| flat.iter().all(|(n, _)| *n != key.name));
                let gone = gone.map(|key| (self.lines(key.start, key.end, None), String::new()));
                let gone = gone.collect();
                self.splice(gone)?;
                flat.iter()
                    .try_for_each(|(key, text)| self.put(METADATA, key, &flat::one_line(text)))
            }
            (None, Some(_)) => {
                // go-ini aligns the marks of a section.
                let width = flat.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
                let mut text = format!("{}[{METADATA}]\n", self.gap());
                for (key, value) in &flat {
                    text.push_str(&format!(
                        "{key:width$} = {}\n",
                        written(&flat::one_line(value))?
                    ));
                }
                let end = self.text.len();
                self.splice(vec![(end..end, text)])
            }
        }
    }

    fn render(&self) -> Zeroizing<String> {
        self.text.clone()
    }
}

#[cfg(test)]
mod tests;
