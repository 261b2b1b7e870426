//! The text of an instance file as a tree in which every key and value knows its line and column.
//!
//! Typed errors come from serde; everything that is judged later needs a position, and finds it here. The tree
//! holds only plain YAML: a duplicate key, an anchor, an alias, a tag, a key that is no word or a second document
//! is refused, so that a reader of one line knows all that the line means and no alias can multiply.

use sanctum_types::Diagnostic;
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span};
use std::collections::BTreeSet;
use std::ops::Range;

/// Levels of nesting; the deepest documented key stands on level 6.
const MAX_DEPTH: usize = 16;

/// A line and a column in characters, both from 1.
pub(crate) type Pos = (usize, usize);

/// One value with its place.
#[derive(Debug)]
pub(crate) struct Node {
    /// Where it starts.
    pub(crate) pos: Pos,
    /// What it is.
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A scalar.
    Scalar(Scalar),
    /// A sequence.
    Seq(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<(Key, Node)>),
}

/// A scalar as it was written.
#[derive(Debug)]
pub(crate) struct Scalar {
    /// Its text after escapes.
    pub(crate) text: String,
    /// Whether it stands without quotes, so that `null` means nothing.
    pub(crate) plain: bool,
    /// The bytes of the file that it was read from.
    pub(crate) bytes: Range<usize>,
}

/// A key with its place.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its text.
    pub(crate) text: String,
    /// Where it starts.
    pub(crate) pos: Pos,
}

/// Which end of an entry a remark points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The key.
    Key,
    /// The value.
    Value,
}

impl Node {
    /// A value of this mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let Kind::Map(entries) = &self.kind else { return None };
        entries.iter().find(|(k, _)| k.text == key).map(|(_, value)| value)
    }

    /// The position of a path of keys and indices; of its longest known part when the rest is not in the file.
    pub(crate) fn locate(&self, path: &[String], end: End) -> Pos {
        let mut node = self;
        let mut pos = self.pos;
        for (depth, step) in path.iter().enumerate() {
            let last = depth + 1 == path.len();
            match &node.kind {
                Kind::Map(entries) => {
                    let Some((key, value)) = entries.iter().find(|(k, _)| k.text == *step) else {
                        return pos;
                    };
                    let at_value = last && end == End::Value && !value.is_block();
                    pos = if at_value { value.pos } else { key.pos };
                    node = value;
                }
                Kind::Seq(items) => {
                    let item = step.parse::<usize>().ok().and_then(|i| items.get(i));
                    let Some(item) = item else { return pos };
                    pos = item.pos;
                    node = item;
                }
                Kind::Scalar(_) => return pos,
            }
        }
        pos
    }

    /// A collection is pointed at by its key: its first entry says nothing about the whole.
    const fn is_block(&self) -> bool {
        !matches!(self.kind, Kind::Scalar(_))
    }

    /// Calls `visit` with every scalar and the key that it stands under.
    pub(crate) fn scalars<'a>(
        &'a self,
        key: Option<&'a str>,
        visit: &mut impl FnMut(Option<&'a str>, &'a Scalar),
    ) {
        match &self.kind {
            Kind::Scalar(scalar) => visit(key, scalar),
            Kind::Seq(items) => items.iter().for_each(|item| item.scalars(key, visit)),
            Kind::Map(entries) => {
                for (key, value) in entries {
                    value.scalars(Some(&key.text), visit);
                }
            }
        }
    }
}

/// Reads a text; all structural mistakes are given, up to the first that stops the parser.
pub(crate) fn parse(text: &str) -> Result<Node, Vec<Diagnostic>> {
    build(text).finish()
}

/// Reads what can be read of a text that somebody else wrote, and says what was odd about it.
pub(crate) fn parse_leniently(text: &str) -> (Option<Node>, Vec<Diagnostic>) {
    let builder = build(text);
    (builder.root, builder.remarks)
}

fn build(text: &str) -> Builder {
    let mut builder = Builder::default();
    for next in Parser::new_from_str(text) {
        let went_on = match next {
            Ok((event, span)) => builder.event(event, span),
            Err(error) => {
                let mark = error.marker();
                builder.remark(
                    (mark.line(), mark.col() + 1),
                    format!("not YAML: {}", error.info()),
                    None,
                );
                false
            }
        };
        if !went_on {
            break;
        }
    }
    builder
}

#[derive(Debug)]
enum Open {
    Seq(Pos, Vec<Node>),
    Map { pos: Pos, entries: Vec<(Key, Node)>, seen: BTreeSet<String>, key: Option<Key> },
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    remarks: Vec<Diagnostic>,
}

impl Builder {
    fn remark(&mut self, (line, col): Pos, message: impl Into<String>, hint: Option<&str>) {
        let remark = Diagnostic::new(line.max(1), col.max(1), message);
        self.remarks.push(match hint {
            Some(hint) => remark.with_hint(hint),
            None => remark,
        });
    }

    /// Takes one event in; false stops the parser.
    fn event(&mut self, event: Event<'_>, span: Span) -> bool {
        let pos = (span.start.line(), span.start.col() + 1);
        match event {
            Event::DocumentStart(..) => return self.document(pos),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.remark(
                    pos,
                    "aliases are not read here",
                    Some("write the value out where it is meant"),
                );
                return false;
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.plain(pos, anchor, tag.is_some());
                let plain = style == ScalarStyle::Plain;
                let bytes = span.byte_range().unwrap_or_default();
                self.scalar(pos, Scalar { text: text.into_owned(), plain, bytes });
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.plain(pos, anchor, tag.is_some());
                return self.push(pos, Open::Seq(pos, Vec::new()));
            }
            Event::MappingStart(_, anchor, tag) => {
                self.plain(pos, anchor, tag.is_some());
                let (entries, seen) = (Vec::new(), BTreeSet::new());
                return self.push(pos, Open::Map { pos, entries, seen, key: None });
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            _ => {}
        }
        true
    }

    fn document(&mut self, pos: Pos) -> bool {
        self.documents += 1;
        if self.documents > 1 {
            self.remark(
                pos,
                "a second document starts here",
                Some("keep one document in the file"),
            );
        }
        self.documents == 1
    }

    fn plain(&mut self, pos: Pos, anchor: usize, tagged: bool) {
        if anchor != 0 {
            self.remark(pos, "anchors are not read here", Some("remove the `&name`"));
        }
        if tagged {
            self.remark(pos, "tags are not read here", Some("remove the `!tag`"));
        }
    }

    fn push(&mut self, pos: Pos, open: Open) -> bool {
        if let Some(Open::Map { key: None, .. }) = self.open.last() {
            self.remark(pos, "a key must be one word, not a list or a mapping", None);
            return false;
        }
        if self.open.len() >= MAX_DEPTH {
            self.remark(pos, format!("nested deeper than {MAX_DEPTH} levels"), None);
            return false;
        }
        self.open.push(open);
        true
    }

    fn close(&mut self) {
        let node = match self.open.pop() {
            Some(Open::Seq(pos, items)) => Node { pos, kind: Kind::Seq(items) },
            Some(Open::Map { pos, entries, .. }) => Node { pos, kind: Kind::Map(entries) },
            None => return,
        };
        self.place(node);
    }

    fn scalar(&mut self, pos: Pos, scalar: Scalar) {
        let Some(Open::Map { key: waiting @ None, seen, .. }) = self.open.last_mut() else {
            self.place(Node { pos, kind: Kind::Scalar(scalar) });
            return;
        };
        let text = scalar.text;
        let fresh = seen.insert(text.clone());
        *waiting = Some(Key { text: text.clone(), pos });
        if !fresh {
            self.remark(pos, format!("key `{text}` is given twice"), Some("keep one of the two"));
        } else if text == "<<" {
            self.remark(pos, "merge keys are not read here", Some("write the values out"));
        }
    }

    fn place(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::Seq(_, items)) => items.push(node),
            Some(Open::Map { entries, key, .. }) => {
                if let Some(key) = key.take() {
                    entries.push((key, node));
                }
            }
        }
    }

    fn finish(mut self) -> Result<Node, Vec<Diagnostic>> {
        let Some(root) = self.root.take().filter(|_| self.remarks.is_empty()) else {
            if self.remarks.is_empty() {
                self.remark((1, 1), "the file is empty", Some("`sanctum init` proposes a house"));
            }
            return Err(self.remarks);
        };
        Ok(root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let remarks = parse(text).expect_err("refused");
        remarks
            .iter()
            .map(|r| format!("{}:{} {}", r.line, r.col, r.message))
            .collect::<Vec<_>>()
            .join("; ")
    }

    #[test]
    fn only_plain_yaml_is_read() {
        for (text, expected) in [
            ("a: 1\nb: 2\na: 3\n", "3:1 key `a` is given twice"),
            (
                "a: {x: 1, x: 2}\nb: {y: 1, y: 2}\n",
                "1:11 key `x` is given twice; 2:11 key `y` is given twice",
            ),
            ("a: &x 1\nb: *x\n", "1:7 anchors are not read here; 2:4 aliases are not read here"),
            ("a: !t 1\n", "1:7 tags are not read here"),
            ("? [a]\n: 1\n", "1:3 a key must be one word, not a list or a mapping"),
            ("a: 1\n---\nb: 1\n", "2:1 a second document starts here"),
            ("", "1:1 the file is empty"),
            ("<<: {a: 1}\n", "1:1 merge keys are not read here"),
        ] {
            assert_eq!(refused(text), expected, "{text}");
        }
        assert!(refused("a: [1\n").contains("not YAML"));
        assert!(
            refused(&format!("{}{}", "[".repeat(40), "]".repeat(40))).contains("nested deeper")
        );
    }

    #[test]
    fn a_path_finds_its_place_or_the_nearest_one() {
        let tree = parse("services:\n  é: {ports: [1, 22]}\n  b:\n    node: hub\n").expect("tree");
        let at = |path: &[&str], end| {
            tree.locate(&path.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>(), end)
        };
        assert_eq!(at(&["services", "é", "ports", "1"], End::Value), (2, 18));
        assert_eq!(at(&["services", "b", "node"], End::Value), (4, 11));
        assert_eq!(at(&["services", "b", "node"], End::Key), (4, 5));
        assert_eq!(at(&["services", "b"], End::Value), (3, 3));
        assert_eq!(at(&["services", "b", "bind"], End::Value), (3, 3));
        assert_eq!(at(&["ssh", "port"], End::Value), (1, 1));
    }
}
