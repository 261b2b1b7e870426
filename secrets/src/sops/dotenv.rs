//! `KEY=value` lines.
//!
//! As the original reads them: nothing is trimmed or unquoted, `\n` in a value is a line feed, a comment is a line that
//! begins with `#`. Metadata is in the lines whose key begins with `sops_`.

use super::flat;
use super::node::spelled;
use super::text::{Leaf, Node, Scalar, Step, Text, TextError, What};
use zeroize::Zeroizing;

/// What the keys of the metadata begin with.
const METADATA: &str = "sops_";

/// A line.
#[derive(Clone, PartialEq)]
enum Line {
    Empty,
    Comment(Zeroizing<String>),
    /// The text after the first `=` as it stands in the file.
    Entry(String, Zeroizing<String>),
}

/// A dotenv text.
pub struct DotenvText {
    lines: Vec<Line>,
    /// Whether the last line is ended.
    ended: bool,
}

impl DotenvText {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let body = text.strip_suffix('\n');
        let mut lines = Vec::new();
        let all = body.unwrap_or(text).split('\n').filter(|_| !text.is_empty());
        for (at, line) in all.enumerate() {
            lines.push(match (line.strip_prefix('#'), line.split_once('=')) {
                _ if line.is_empty() => Line::Empty,
                (Some(comment), _) => Line::Comment(Zeroizing::new(comment.to_owned())),
                (None, Some((key, value))) => {
                    Line::Entry(key.to_owned(), Zeroizing::new(value.to_owned()))
                }
                (None, None) => {
                    let what = "a line without `=`".to_owned();
                    return Err(TextError::Syntax { line: at + 1, column: 1, what });
                }
            });
        }
        Ok(Self { lines, ended: body.is_some() || text.is_empty() })
    }

    fn is_metadata(line: &Line) -> bool {
        matches!(line, Line::Entry(key, _) if key.starts_with(METADATA))
    }

    /// The numbers of the lines that are leaves.
    fn leaf_lines(&self) -> Vec<usize> {
        let leaf = |line: &Line| *line != Line::Empty && !Self::is_metadata(line);
        self.lines.iter().enumerate().filter(|(_, line)| leaf(line)).map(|(at, _)| at).collect()
    }

    fn position(&self, key: &str) -> Option<usize> {
        self.lines.iter().position(|line| matches!(line, Line::Entry(known, _) if known == key))
    }

    fn put(&mut self, key: &str, value: String) {
        let entry = Line::Entry(key.to_owned(), Zeroizing::new(value));
        if let Some(line) = self.position(key).and_then(|at| self.lines.get_mut(at)) {
            *line = entry;
            return;
        }
        let first = self.lines.iter().position(Self::is_metadata);
        let at = first.filter(|_| !key.starts_with(METADATA)).unwrap_or(self.lines.len());
        self.lines.insert(at, entry);
        self.ended = true;
    }

    fn set_one(&mut self, key: &str, node: &Node) -> Result<(), TextError> {
        let Node::Scalar(scalar) = node else {
            return Err(TextError::Unsupported("dotenv has no branches"));
        };
        if key.is_empty() || key.starts_with('#') || key.contains(['=', '\n']) {
            return Err(TextError::Unsupported("dotenv cannot write that key"));
        }
        if key.starts_with(METADATA) {
            return Err(TextError::Unsupported("`sops_` is the place of the metadata"));
        }
        let text = Zeroizing::new(flat::text(scalar).unwrap_or_default());
        self.put(key, flat::one_line(&text));
        Ok(())
    }
}

impl Text for DotenvText {
    fn documents(&self) -> usize {
        1
    }

    fn leaves(&self, _document: usize) -> Result<Vec<Leaf>, TextError> {
        let leaf = |at: usize| match self.lines.get(at)? {
            Line::Empty => None,
            Line::Comment(text) => {
                Some(Leaf { path: Vec::new(), what: What::Comment(text.clone()) })
            }
            Line::Entry(key, value) => {
                let value = Zeroizing::new(flat::lines(value));
                let path = vec![Step::Key(key.clone())];
                Some(Leaf { path, what: What::Value(Scalar::Str(value)) })
            }
        };
        Ok(self.leaf_lines().into_iter().filter_map(leaf).collect())
    }

    fn replace(&mut self, _document: usize, new: &[(usize, What)]) -> Result<(), TextError> {
        let numbers = self.leaf_lines();
        for (leaf, what) in new {
            let line = numbers.get(*leaf).and_then(|at| self.lines.get_mut(*at));
            match (line, what) {
                (Some(Line::Comment(old)), What::Comment(text)) if !text.contains('\n') => {
                    old.clone_from(text);
                }
                (Some(Line::Entry(_, old)), What::Value(scalar)) => {
                    let text = Zeroizing::new(flat::text(scalar).unwrap_or_default());
                    *old = Zeroizing::new(flat::one_line(&text));
                }
                _ => return Err(TextError::Unsupported("a comment cannot become a value")),
            }
        }
        Ok(())
    }

    fn tree(&self, _document: usize, path: &[Step]) -> Result<Node, TextError> {
        let mut entries = Vec::new();
        for line in self.lines.iter().filter(|line| !Self::is_metadata(line)) {
            if let Line::Entry(key, value) = line {
                entries.push((key.clone(), Node::text(&flat::lines(value))));
            }
        }
        match path {
            [] => Some(Node::Map(entries)),
            [Step::Key(key)] => Node::Map(entries).get(key).cloned(),
            _ => None,
        }
        .ok_or_else(|| TextError::NotThere(spelled(path)))
    }

    fn set(&mut self, _document: usize, path: &[Step], value: &Node) -> Result<(), TextError> {
        match (path, value) {
            ([Step::Key(key)], node) => self.set_one(key, node),
            ([], Node::Map(entries)) => {
                self.lines.retain(Self::is_metadata);
                entries.iter().try_for_each(|(key, node)| self.set_one(key, node))
            }
            _ => Err(TextError::Unsupported("dotenv has no branches")),
        }
    }

    fn unset(&mut self, _document: usize, path: &[Step]) -> Result<(), TextError> {
        let at = match path {
            [Step::Key(key)] if !key.starts_with(METADATA) => self.position(key),
            _ => None,
        };
        let at = at.ok_or_else(|| TextError::NotThere(spelled(path)))?;
        self.lines.remove(at);
        Ok(())
    }

    fn metadata(&self, _document: usize) -> Result<Option<Node>, TextError> {
        let entries: Vec<_> = self
            .lines
            .iter()
            .filter_map(|line| match line {
                Line::Entry(key, value) => Some((key.strip_prefix(METADATA)?, flat::lines(value))),
                Line::Empty | Line::Comment(_) => None,
            })
            .collect();
        Ok((!entries.is_empty()).then(|| flat::unflatten(entries.into_iter())))
    }

    fn set_metadata(&mut self, _document: usize, metadata: Option<&Node>) -> Result<(), TextError> {
        let flat = metadata.map(flat::flatten).unwrap_or_default();
        self.lines.retain(|line| match line {
            Line::Entry(key, _) => key
                .strip_prefix(METADATA)
                .is_none_or(|key| flat.iter().any(|(known, _)| known == key)),
            Line::Empty | Line::Comment(_) => true,
        });
        for (key, text) in flat {
            self.put(&format!("{METADATA}{key}"), flat::one_line(&text));
        }
        Ok(())
    }

    fn render(&self) -> Zeroizing<String> {
        let mut out = Zeroizing::new(String::new());
        for (at, line) in self.lines.iter().enumerate() {
            if at > 0 {
                out.push('\n');
            }
            match line {
                Line::Empty => {}
                Line::Comment(text) => {
                    out.push('#');
                    out.push_str(text);
                }
                Line::Entry(key, value) => {
                    out.push_str(key);
                    out.push('=');
                    out.push_str(value);
                }
            }
        }
        if self.ended && !self.lines.is_empty() {
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_read_is_written_byte_for_byte(text in "([#A-C=x\\\\n \r\t\"]{0,6}\n){0,6}[#A=]{0,3}") {
            if let Ok(read) = DotenvText::parse(&text) {
                prop_assert_eq!(&**read.render(), text.as_str());
            }
        }
    }

    #[test]
    fn lines_are_read_as_the_original_reads_them() {
        let text =
            DotenvText::parse("# c\nA=1=2\nB=\"q\" # no comment\n\nC=a\\nb\nsops_mac=x").unwrap();
        let leaves = text.leaves(0).unwrap();
        let shown: Vec<_> = leaves
            .iter()
            .map(|leaf| match &leaf.what {
                What::Value(Scalar::Str(value)) => value.to_string(),
                What::Comment(comment) => format!("#{}", comment.as_str()),
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(shown, ["# c", "1=2", "\"q\" # no comment", "a\nb"]);
        assert!(DotenvText::parse("A=1\nB").is_err());
    }

    #[test]
    fn a_new_key_stands_above_the_metadata() {
        let mut text = DotenvText::parse("A=1\nsops_mac=x\n").unwrap();
        text.set(0, &[Step::Key("B".to_owned())], &Node::text("a\nb")).unwrap();
        text.unset(0, &[Step::Key("A".to_owned())]).unwrap();
        assert_eq!(&**text.render(), "B=a\\nb\nsops_mac=x\n");
        text.set_metadata(0, None).unwrap();
        assert_eq!(&**text.render(), "B=a\\nb\n");
        assert!(text.set(0, &[Step::Key("C=".to_owned())], &Node::text("")).is_err());
    }
}
