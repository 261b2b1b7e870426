//! A text as a tree of nodes that know their bytes.
//!
//! Built from the parser's events; nothing is resolved, and an alias stays a pointer to its anchor. The invariant: every
//! node's ranges are ranges of the text that was parsed. Deliberately absent: whatever changes the text.

use std::{borrow::Cow, collections::BTreeMap, ops::Range};

use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle, Tag, YamlVersion, options};
use zeroize::Zeroizing;

use super::{place, seek};
use crate::sops::text::TextError;

/// A node's number in [`Tree::nodes`].
pub(super) type Id = usize;

/// Collections within collections, block and flow each. Documents of the original nest a dozen at most.
const NESTING: usize = 100;
/// Comment lines in a row; the parser holds them in memory while it looks for what follows.
const COMMENTS: usize = 100_000;
/// YAML's own bound is 1024 characters for a key and its colon on one line.
const KEY_LENGTH: usize = 1024;

/// A parsed text.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) documents: Vec<Document>,
    /// In the order of the text.
    pub(super) comments: Vec<Comment>,
}

/// One document of a stream.
pub(super) struct Document {
    pub(super) root: Id,
    /// From behind its `---` to its end: the next `---`, a `...` or the end of the text.
    pub(super) range: Range<usize>,
}

/// A comment with its mark.
pub(super) struct Comment {
    pub(super) range: Range<usize>,
    /// Whether it shares its line with anything before it.
    pub(super) inline: bool,
}

/// A node of the tree.
pub(super) struct Node {
    /// Its own bytes without tag and anchor. Of a block scalar the header; of a block collection from its first entry, and empty.
    pub(super) span: Range<usize>,
    pub(super) tag: Option<(Range<usize>, String)>,
    pub(super) anchor: Option<Range<usize>>,
    pub(super) kind: Kind,
}

/// What a node is.
pub(super) enum Kind {
    /// A scalar with its text after unescaping.
    Scalar { style: Style, value: Zeroizing<String> },
    /// A list. In block style an entry has the place of its dash, in flow style that of its item.
    List { flow: bool, items: Vec<(usize, Id)> },
    /// A map.
    Map { flow: bool, entries: Vec<(Id, Id)> },
    /// Another name of an earlier node.
    Alias(Id),
}

/// How a scalar is written.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Quoted,
    /// Literal or folded; the range holds the lines after the header, without the last one's break.
    Block(Range<usize>),
    /// Nothing at all, and no colon before it: `? key`, `{key}`.
    Missing,
}

impl Tree {
    /// Parses a text. `start` is behind a byte order mark.
    pub(super) fn read(text: &str, start: usize) -> Result<Self, TextError> {
        let options = options! {
            emit_anchor_events: true,
            max_buffered_comment_events: COMMENTS,
            simple_key_max_lookahead: KEY_LENGTH,
            flow_nesting_limit: NESTING,
            block_nesting_limit: NESTING,
        };
        let body = place::cut(text, start..text.len());
        let mut builder = Builder { text, shift: start, ..Builder::default() };
        builder.last_end = start;
        for event in Parser::new_from_str_with_options(body, options) {
            let (event, span) = event.map_err(|error| TextError::Syntax {
                line: error.marker().line(),
                column: error.marker().col() + 1,
                what: error.kind().to_string(),
            })?;
            builder.event(event, &span)?;
        }
        builder.tree.comments.sort_by_key(|comment| comment.range.start);
        Ok(builder.tree)
    }

    /// A node; the tree's own numbers always name one.
    pub(super) fn node(&self, id: Id) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// The node that an alias means, or the node itself.
    pub(super) fn meant(&self, id: Id) -> Option<(Id, &Node)> {
        match self.nodes.get(id)? {
            Node { kind: Kind::Alias(target), .. } => Some((*target, self.nodes.get(*target)?)),
            node => Some((id, node)),
        }
    }

    /// Where a node begins, its tag and anchor included.
    pub(super) fn start(&self, id: Id) -> usize {
        self.nodes.get(id).map_or(0, Node::start)
    }

    /// Where a node's last byte ends.
    pub(super) fn end(&self, id: Id) -> usize {
        let Some(node) = self.nodes.get(id) else { return 0 };
        let last = match &node.kind {
            Kind::Scalar { style: Style::Block(body), .. } => return body.end,
            Kind::List { flow: false, items } => items.last().map(|(_, item)| *item),
            Kind::Map { flow: false, entries } => entries.last().map(|(_, value)| *value),
            _ => None,
        };
        let properties = [
            node.tag.as_ref().map(|(range, _)| range.end),
            node.anchor.as_ref().map(|range| range.end),
        ];
        let own = properties.into_iter().flatten().fold(node.span.end, usize::max);
        match (last, &node.kind) {
            (Some(last), Kind::List { items, .. }) => {
                self.end(last).max(items.last().map_or(0, |(dash, _)| dash + 1))
            }
            (Some(last), Kind::Map { entries, .. }) => {
                self.end(last).max(entries.last().map_or(0, |(key, _)| self.end(*key)))
            }
            _ => own,
        }
    }
}

impl Node {
    /// Where it begins, its tag and anchor included.
    pub(super) fn start(&self) -> usize {
        let properties = [
            self.tag.as_ref().map(|(range, _)| range.start),
            self.anchor.as_ref().map(|range| range.start),
        ];
        properties.into_iter().flatten().fold(self.span.start, usize::min)
    }
}

#[derive(Default)]
struct Builder<'a> {
    text: &'a str,
    shift: usize,
    tree: Tree,
    open: Vec<(Id, Option<Id>)>,
    anchors: BTreeMap<usize, Id>,
    /// Behind the last token that the parser told of.
    last_end: usize,
    /// The node of the last event, which an anchor event names.
    last_node: Id,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: &Span) -> Result<(), TextError> {
        let range = span
            .byte_range()
            .map_or(0..0, |range| range.start + self.shift..range.end + self.shift);
        let tagged = |tag: Option<Cow<'_, Tag>>| -> Option<(Range<usize>, String)> {
            let place = span.tag_span().and_then(|span| span.byte_range())?;
            Some((place.start + self.shift..place.end + self.shift, short(tag?.as_ref())))
        };
        match event {
            Event::StreamStart | Event::StreamEnd => {}
            Event::DocumentStart(explicit, version) => {
                self.document_start(explicit, version, range)?;
            }
            Event::DocumentEnd => {
                if let Some(document) = self.tree.documents.last_mut() {
                    document.range.end = range.start;
                }
                self.last_end = range.end.max(self.last_end);
            }
            Event::Comment(..) => {
                let before =
                    place::cut(self.text, place::line_start(self.text, range.start)..range.start);
                let inline = !before.trim_matches(['\u{feff}', ' ', '\t']).is_empty();
                self.tree.comments.push(Comment { range, inline });
            }
            Event::Anchor(id, _) => {
                if let Some(node) = self.tree.nodes.get_mut(self.last_node) {
                    node.anchor = Some(range);
                }
                self.anchors.insert(id, self.last_node);
            }
            Event::Alias(id) => {
                let target = *self
                    .anchors
                    .get(&id)
                    .ok_or(TextError::Unsupported("an alias without an anchor"))?;
                self.leaf(Node {
                    span: range,
                    tag: None,
                    anchor: None,
                    kind: Kind::Alias(target),
                })?;
            }
            Event::Scalar(value, style, _, tag) => {
                let tag = tagged(tag);
                self.scalar(value, style, tag, range)?;
            }
            Event::SequenceStart(style, _, tag) => {
                let kind = Kind::List { flow: style == StructureStyle::Flow, items: Vec::new() };
                let tag = tagged(tag);
                self.collection(kind, tag, range)?;
            }
            Event::MappingStart(style, _, tag) => {
                let kind = Kind::Map { flow: style == StructureStyle::Flow, entries: Vec::new() };
                let tag = tagged(tag);
                self.collection(kind, tag, range)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&range),
            // An alias without an anchor is an error of the parser; an event of a later parser may mean anything.
            _ => return Err(self.lost(range.start)),
        }
        Ok(())
    }

    fn document_start(
        &mut self,
        explicit: bool,
        version: Option<YamlVersion>,
        range: Range<usize>,
    ) -> Result<(), TextError> {
        if version.is_some_and(|version| (version.major, version.minor) != (1, 1)) {
            // go-yaml: "found incompatible YAML document".
            return Err(TextError::Unsupported("a %YAML directive other than 1.1"));
        }
        if explicit {
            self.last_end = range.end;
        }
        self.anchors.clear();
        let root = self.tree.nodes.len();
        self.tree.documents.push(Document { root, range: range.end..self.text.len() });
        Ok(())
    }

    fn scalar(
        &mut self,
        value: Cow<'_, str>,
        style: ScalarStyle,
        tag: Option<(Range<usize>, String)>,
        range: Range<usize>,
    ) -> Result<(), TextError> {
        let mut value = Zeroizing::new(value.into_owned());
        let (style, span) = match style {
            ScalarStyle::Plain => {
                if range.is_empty() {
                    // The parser gives `~` for nothing at all.
                    value.clear();
                }
                (Style::Plain, range)
            }
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => (Style::Quoted, range),
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let header = seek::block_header(self.text, self.last_end)
                    .ok_or_else(|| self.lost(range.start))?;
                let lines = place::line_end(self.text, header.end)..range.end.max(header.end);
                let kept = place::cut(self.text, lines.clone())
                    .trim_end_matches([' ', '\t', '\r', '\n'])
                    .len();
                (Style::Block(lines.start..lines.start + kept), header)
            }
        };
        self.leaf(Node { span, tag, anchor: None, kind: Kind::Scalar { style, value } })
    }

    /// What cannot be: the parser saw something that is not found again.
    fn lost(&self, offset: usize) -> TextError {
        let (line, column) = place::position(self.text, offset);
        TextError::Syntax { line, column, what: String::from("a shape that is not understood") }
    }

    fn leaf(&mut self, node: Node) -> Result<(), TextError> {
        let id = self.enter(node)?;
        self.last_end = self.tree.end(id).max(self.last_end);
        self.last_node = id;
        Ok(())
    }

    fn collection(
        &mut self,
        kind: Kind,
        tag: Option<(Range<usize>, String)>,
        span: Range<usize>,
    ) -> Result<(), TextError> {
        let flow = matches!(kind, Kind::List { flow: true, .. } | Kind::Map { flow: true, .. });
        let end = span.end;
        let id = self.enter(Node { span, tag, anchor: None, kind })?;
        if flow {
            self.last_end = end;
        }
        self.last_node = id;
        self.open.push((id, None));
        Ok(())
    }

    /// Puts a node into the collection that is open.
    fn enter(&mut self, mut node: Node) -> Result<Id, TextError> {
        let id = self.tree.nodes.len();
        let Some(&(parent, key)) = self.open.last() else {
            self.tree.nodes.push(node);
            return Ok(id);
        };
        let Some(open) = self.tree.nodes.get_mut(parent) else {
            return Err(self.lost(node.span.start));
        };
        match (&mut open.kind, key) {
            (Kind::List { flow: false, items }, _) => {
                let Some(dash) = seek::dash(self.text, self.last_end) else {
                    return Err(self.lost(node.span.start));
                };
                items.push((dash, id));
                tab_free(self.text, dash)?;
                self.last_end = dash + 1;
            }
            (Kind::List { flow: true, items }, _) => items.push((node.span.start, id)),
            (Kind::Map { flow, .. }, None) => {
                if !*flow {
                    tab_free(self.text, node.start())?;
                }
                if let Some(open) = self.open.last_mut() {
                    open.1 = Some(id);
                }
            }
            (Kind::Map { entries, .. }, Some(key)) => {
                entries.push((key, id));
                self.after_key(&mut node, key);
            }
            (Kind::Scalar { .. } | Kind::Alias(_), _) => return Err(self.lost(node.span.start)),
        }
        self.tree.nodes.push(node);
        Ok(id)
    }

    /// The parser puts an empty value before its colon.
    fn after_key(&mut self, node: &mut Node, key: Id) {
        if let Some(open) = self.open.last_mut() {
            open.1 = None;
        }
        let Kind::Scalar { style, .. } = &mut node.kind else { return };
        if *style != Style::Plain
            || !node.span.is_empty()
            || node.tag.is_some()
            || node.span.start > self.tree.end(key)
        {
            return;
        }
        match seek::colon(self.text, self.tree.end(key)) {
            Some(colon) => node.span = colon + 1..colon + 1,
            None => *style = Style::Missing,
        }
    }

    fn close(&mut self, range: &Range<usize>) {
        let Some((id, _)) = self.open.pop() else { return };
        if let Some(Node {
            span,
            kind: Kind::List { flow: true, .. } | Kind::Map { flow: true, .. },
            ..
        }) = self.tree.nodes.get_mut(id)
        {
            span.end = range.end;
            self.last_end = range.end;
        }
    }
}

/// go-yaml takes no tab before a key or a dash: "found character that cannot start any token".
fn tab_free(text: &str, offset: usize) -> Result<(), TextError> {
    let before = place::cut(text, place::line_start(text, offset)..offset);
    if before.contains('\t')
        && before.trim_start_matches('\u{feff}').trim_matches([' ', '\t']).is_empty()
    {
        let (line, column) = place::position(text, offset);
        return Err(TextError::Syntax { line, column, what: String::from("a tab as indentation") });
    }
    Ok(())
}

/// `tag:yaml.org,2002:int` as `!!int`, `!mine` as it is.
fn short(tag: &Tag) -> String {
    let whole = format!("{}{}", tag.handle(), tag.suffix());
    match whole.strip_prefix("tag:yaml.org,2002:") {
        Some(name) => format!("!!{name}"),
        None => whole,
    }
}
