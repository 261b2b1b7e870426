//! YAML documents, whose untouched parts keep their bytes.
//!
//! The parser's events say where every scalar and comment lies; what changes is cut out of the text and put back, and the
//! result is parsed again. The invariant: a verb that fails leaves the text as it was, and one that succeeds has read back what it wrote,
//! or has changed only what cannot read otherwise ([`certain`]).
//! Scalars are resolved as go-yaml v3 does ([`resolve`]). Deliberately absent: encryption, and files.

mod certain;
mod comments;
mod edit;
mod expand;
mod leaves;
mod moment;
mod place;
mod quote;
mod render;
mod replace;
mod resolve;
mod seek;
mod tree;

#[cfg(test)]
mod tests;

use std::{borrow::Borrow, borrow::Cow, cell::OnceCell, collections::HashSet};

use zeroize::Zeroizing;

use self::{
    comments::Attached,
    edit::Ground,
    leaves::{METADATA, Target},
    place::Edit,
    render::Manner,
    tree::{Kind, Tree},
};
use super::text::{Leaf, Node, Scalar, Step, Text, TextError, What, conflict};

/// A secrets file of the size of a disk image is a mistake; every byte costs several in memory.
const LARGEST: usize = 32 * 1024 * 1024;
const TOO_LARGE: &str = "a text of more than 32 MiB";
const UNREADABLE: &str = "a change that would not read back as it was meant";

/// A YAML text of one or more documents.
pub struct YamlText {
    text: Zeroizing<String>,
    documents: usize,
    /// Empty after a change that cannot break the text, until somebody looks.
    parsed: OnceCell<Parsed>,
}

struct Parsed {
    tree: Tree,
    /// By document.
    attached: Vec<Attached>,
}

impl YamlText {
    /// Reads a text.
    ///
    /// # Errors
    /// The mark of an unfinished merge, text that is not YAML, repeated keys, and what is larger or deeper than is taken.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        Self::read(Zeroizing::new(text.to_owned()))
    }

    /// The same, of a text that nobody else needs.
    ///
    /// # Errors
    /// As [`YamlText::parse`].
    pub fn read(text: Zeroizing<String>) -> Result<Self, TextError> {
        let parsed = Parsed::of(&text)?;
        Ok(Self { text, documents: parsed.tree.documents.len(), parsed: OnceCell::from(parsed) })
    }

    fn parsed(&self) -> Result<&Parsed, TextError> {
        if let Some(parsed) = self.parsed.get() {
            return Ok(parsed);
        }
        let parsed = Parsed::of(&self.text)?;
        Ok(self.parsed.get_or_init(|| parsed))
    }

    /// A new document that holds a map, laid out as the original does it with this many columns per level, four by default.
    ///
    /// # Errors
    /// A tree that is not a map.
    pub fn compose(tree: &Node, indent: Option<usize>) -> Result<Self, TextError> {
        let step = indent.unwrap_or(render::STEP).max(2);
        let manner = Manner { step, dash: step, newline: "\n" };
        let mut text = Zeroizing::new(String::new());
        match tree {
            Node::Map(entries) if !entries.is_empty() => render::map(entries, 0, manner, &mut text),
            Node::Map(_) => text.push_str("{}"),
            Node::List(_) | Node::Scalar(_) => {
                return Err(TextError::Unsupported(leaves::NOT_A_MAP));
            }
        }
        text.push('\n');
        Self::read(text)
    }

    fn walk(&self, document: usize, tell: impl FnMut(&[Step], Target)) -> Result<(), TextError> {
        let none = Attached::new();
        let Parsed { tree, attached } = self.parsed()?;
        leaves::walk(tree, &self.text, document, attached.get(document).unwrap_or(&none), tell)
    }

    fn targets(&self, document: usize) -> Result<Vec<Target>, TextError> {
        let mut targets = Vec::new();
        self.walk(document, |_, target| targets.push(target))?;
        Ok(targets)
    }

    fn what(&self, target: Target) -> Result<What, TextError> {
        leaves::what(&self.parsed()?.tree, &self.text, target)
    }

    fn whats(&self, document: usize) -> Result<Vec<What>, TextError> {
        self.targets(document)?.into_iter().map(|target| self.what(target)).collect()
    }

    fn ground(&self, document: usize) -> Result<Ground<'_>, TextError> {
        let tree = &self.parsed()?.tree;
        let root = tree.documents.get(document).map(|found| found.root);
        Ok(Ground { tree, text: &self.text, document, manner: Manner::of(tree, &self.text, root) })
    }

    fn edited(&self, edits: Vec<Edit>) -> Result<Zeroizing<String>, TextError> {
        place::apply(&self.text, edits).ok_or(TextError::Unsupported(UNREADABLE))
    }

    fn changed(&self, edits: Vec<Edit>) -> Result<Self, TextError> {
        Self::read(self.edited(edits)?)
    }

    /// The text with these leaves and without metadata; `None` where it has to be read to know that it is what was asked for.
    fn disclosed(
        &self,
        document: usize,
        new: &[(usize, What)],
    ) -> Result<Option<Zeroizing<String>>, TextError> {
        let ground = self.ground(document)?;
        if expand::is_needed(ground.tree, document) {
            return Ok(None);
        }
        let targets = self.targets(document)?;
        let certain = |(number, what): &(usize, What)| {
            certain::edit(ground.tree, &self.text, *targets.get(*number)?, what)
        };
        let Some(mut edits) = new.iter().map(certain).collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        if self.metadata(document)?.is_some() {
            edits.extend(edit::unset(ground, &[Step::Key(METADATA.to_owned())])?);
        }
        Ok(place::apply(&self.text, edits).filter(|text| text.len() <= LARGEST))
    }

    /// The same leaves without aliases; `None` when there are none.
    fn expanded(&self, document: usize) -> Result<Option<Self>, TextError> {
        let tree = &self.parsed()?.tree;
        if !expand::is_needed(tree, document) {
            return Ok(None);
        }
        // What is more than is taken is refused here, before any of it is written.
        self.whats(document)?;
        let edits = expand::edits(tree, &self.text, document)?;
        self.changed(edits).map(Some)
    }

    /// The values that are neither at a path nor below it, nor what a branch on the way to it takes the place of.
    fn others(&self, document: usize, path: &[Step]) -> Result<Vec<What>, TextError> {
        let apart = |leaf: &Leaf| !leaf.path.starts_with(path) && !path.starts_with(&leaf.path);
        Ok(self
            .leaves(document)?
            .into_iter()
            .filter(apart)
            .map(|leaf| leaf.what)
            .filter(is_value)
            .collect())
    }

    fn values(&self, document: usize) -> Result<Vec<What>, TextError> {
        Ok(self.leaves(document)?.into_iter().map(|leaf| leaf.what).filter(is_value).collect())
    }

    /// The text with other leaves, and what must be read back from it.
    fn replaced<'a>(
        &self,
        document: usize,
        new: &'a [(usize, What)],
    ) -> Result<Replaced<'a>, TextError> {
        let targets = self.targets(document)?;
        let mut changes = vec![None; targets.len()];
        let Ground { tree, manner, .. } = self.ground(document)?;
        let mut edits = Vec::with_capacity(new.len());
        for (number, what) in new {
            let (Some(target), Some(change)) = (targets.get(*number), changes.get_mut(*number))
            else {
                return Err(TextError::NotThere(format!("leaf {number}")));
            };
            edits.extend(replace::leaf(tree, &self.text, manner, *target, what)?);
            *change = Some(what);
        }
        let mut expected = Vec::with_capacity(targets.len());
        for (target, change) in targets.into_iter().zip(changes) {
            match change {
                Some(What::Comment(text)) => expected.extend(lines(text)),
                Some(what @ What::Value(_)) => expected.push(Cow::Borrowed(what)),
                None => match self.what(target)? {
                    What::Comment(text) => expected.extend(lines(&text)),
                    what @ What::Value(_) => expected.push(Cow::Owned(what)),
                },
            }
        }
        Ok((self.edited(edits)?, expected))
    }
}

/// A text that nobody has read yet, and its leaves as they were meant.
type Replaced<'a> = (Zeroizing<String>, Vec<Cow<'a, What>>);

impl Parsed {
    fn of(text: &str) -> Result<Self, TextError> {
        if text.len() > LARGEST {
            return Err(TextError::Unsupported(TOO_LARGE));
        }
        if let Some(line) = conflict(text) {
            return Err(TextError::Conflict { line });
        }
        let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let tree = Tree::read(text, start).map_err(|error| match place::half_conflict(text) {
            Some(line) => TextError::Conflict { line },
            None => error,
        })?;
        unique_keys(&tree, text)?;
        let attached = (0..tree.documents.len())
            .map(|document| comments::attach(&tree, text, document))
            .collect();
        Ok(Self { tree, attached })
    }
}

fn is_value(what: &What) -> bool {
    matches!(what, What::Value(_))
}

/// A comment of several lines reads back as several comments.
fn lines<'a>(text: &str) -> impl Iterator<Item = Cow<'a, What>> {
    let line = |line: &str| Zeroizing::new(line.trim_end_matches('\r').to_owned());
    text.split('\n').map(move |text| Cow::Owned(What::Comment(line(text))))
}

fn same<E: Borrow<What>>(
    expected: impl IntoIterator<Item = E>,
    found: impl IntoIterator<Item = What>,
) -> bool {
    let mut found = found.into_iter();
    let mut all = true;
    for expected in expected {
        all &= found.next().is_some_and(|found| equal(expected.borrow(), &found));
    }
    all && found.next().is_none()
}

fn alike(one: &Node, other: &Node) -> bool {
    match (one, other) {
        (Node::Scalar(one), Node::Scalar(other)) => {
            equal(&What::Value(one.clone()), &What::Value(other.clone()))
        }
        (Node::List(one), Node::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(one, other))
        }
        (Node::Map(one), Node::Map(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|((key, one), (name, other))| key == name && alike(one, other))
        }
        _ => false,
    }
}

fn equal(one: &What, other: &What) -> bool {
    match (one, other) {
        (What::Value(Scalar::Float(one)), What::Value(Scalar::Float(other))) => {
            one.to_bits() == other.to_bits() || (one.is_nan() && other.is_nan())
        }
        // A moment that is none for YAML is written as the text that it is.
        (What::Value(Scalar::Time(one)), What::Value(Scalar::Str(other))) => one == other,
        (one, other) => one == other,
    }
}

fn is_metadata(path: &[Step]) -> bool {
    matches!(path.first(), Some(Step::Key(key)) if key == METADATA)
}

fn unique_keys(tree: &Tree, text: &str) -> Result<(), TextError> {
    for node in &tree.nodes {
        let Kind::Map { entries, .. } = &node.kind else { continue };
        let mut keys = HashSet::with_capacity(entries.len());
        for (key, _) in entries {
            if let Some(Kind::Scalar { value, .. }) = tree.meant(*key).map(|(_, node)| &node.kind)
                && !keys.insert(value.as_str())
            {
                let (line, column) = place::position(text, tree.start(*key));
                return Err(TextError::Syntax {
                    line,
                    column,
                    what: String::from("a key that its map has already"),
                });
            }
        }
    }
    Ok(())
}

impl Text for YamlText {
    fn documents(&self) -> usize {
        self.documents
    }

    fn leaves(&self, document: usize) -> Result<Vec<Leaf>, TextError> {
        // A comment behind an alias may hang on what the alias becomes, so the leaves are those of the text that will be written.
        let expanded = self.expanded(document)?;
        let base = expanded.as_ref().unwrap_or(self);
        let mut found = Vec::new();
        base.walk(document, |path, target| found.push((path.to_vec(), target)))?;
        let leaf = |(path, target)| Ok(Leaf { path, what: base.what(target)? });
        found.into_iter().map(leaf).collect()
    }

    fn replace(&mut self, document: usize, new: &[(usize, What)]) -> Result<(), TextError> {
        if new.is_empty() {
            return Ok(());
        }
        let expanded = self.expanded(document)?;
        let (text, expected) = expanded.as_ref().unwrap_or(self).replaced(document, new)?;
        // Two trees at once would be the most memory that is ever held: the old one is made again should it be asked for.
        drop(expanded);
        self.parsed = OnceCell::new();
        let changed = Self::read(text)?;
        if !same(expected, changed.whats(document)?) {
            return Err(TextError::Unsupported(UNREADABLE));
        }
        *self = changed;
        Ok(())
    }

    fn disclose(&mut self, document: usize, new: &[(usize, What)]) -> Result<(), TextError> {
        let Some(text) = self.disclosed(document, new)? else {
            self.replace(document, new)?;
            return self.set_metadata(document, None);
        };
        self.text = text;
        self.parsed = OnceCell::new();
        Ok(())
    }

    fn tree(&self, document: usize, path: &[Step]) -> Result<Node, TextError> {
        if path.is_empty() && leaves::root(&self.parsed()?.tree, document)?.is_none() {
            return Ok(Node::Map(Vec::new()));
        }
        let tree = &self.parsed()?.tree;
        leaves::subtree(tree, edit::at(tree, document, path)?, path.is_empty())
    }

    fn set(&mut self, document: usize, path: &[Step], value: &Node) -> Result<(), TextError> {
        if is_metadata(path) {
            return Err(TextError::Unsupported("`sops` is the place of the metadata"));
        }
        let expanded = self.expanded(document)?;
        let base = expanded.as_ref().unwrap_or(self);
        let mut changed = base.changed(edit::set(base.ground(document)?, path, value)?)?;
        let path = edit::landed(&base.parsed()?.tree, document, path)?;
        let found = changed.tree(document, &path);
        if !found.is_ok_and(|found| alike(&found, value))
            || !same(base.others(document, &path)?, changed.others(document, &path)?)
        {
            return Err(TextError::Unsupported(UNREADABLE));
        }
        if path.is_empty() {
            // The metadata is no part of the tree that a path names.
            changed.set_metadata(document, self.metadata(document)?.as_ref())?;
        }
        *self = changed;
        Ok(())
    }

    fn unset(&mut self, document: usize, path: &[Step]) -> Result<(), TextError> {
        if is_metadata(path) {
            return Err(TextError::NotThere(edit::spelled(path)));
        }
        let expanded = self.expanded(document)?;
        let base = expanded.as_ref().unwrap_or(self);
        let changed = base.changed(edit::unset(base.ground(document)?, path)?)?;
        if !same(base.others(document, path)?, changed.values(document)?) {
            return Err(TextError::Unsupported(UNREADABLE));
        }
        *self = changed;
        Ok(())
    }

    fn metadata(&self, document: usize) -> Result<Option<Node>, TextError> {
        let tree = &self.parsed()?.tree;
        match leaves::root(tree, document)? {
            None => Ok(None),
            Some(_) => match edit::at(tree, document, &[Step::Key(METADATA.to_owned())]) {
                Ok(id) => leaves::subtree(tree, id, false).map(Some),
                Err(TextError::NotThere(_)) => Ok(None),
                Err(other) => Err(other),
            },
        }
    }

    fn set_metadata(&mut self, document: usize, metadata: Option<&Node>) -> Result<(), TextError> {
        let path = [Step::Key(METADATA.to_owned())];
        let there = self.metadata(document)?.is_some();
        let ground = self.ground(document)?;
        let Some(new) = metadata else {
            if there {
                // Whole lines go, so nothing has to be read back before somebody asks.
                self.text = self.edited(edit::unset(ground, &path)?)?;
                self.parsed = OnceCell::new();
            }
            return Ok(());
        };
        let ground = Ground {
            manner: Manner { step: render::STEP, dash: render::STEP, ..ground.manner },
            ..ground
        };
        let edits = if there {
            edit::set(ground, &path, new)?
        } else {
            edit::append(ground, METADATA, new)?
        };
        let changed = self.changed(edits)?;
        if !same(self.whats(document)?, changed.whats(document)?) {
            return Err(TextError::Unsupported(UNREADABLE));
        }
        *self = changed;
        Ok(())
    }

    fn render(&self) -> Zeroizing<String> {
        self.text.clone()
    }
}
