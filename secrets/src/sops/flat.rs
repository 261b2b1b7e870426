//! Metadata in formats without branches: `age__list_0__map_recipient=..`, every scalar a text, line feeds as `\n`.

use super::text::What;
use super::text::{Node, Scalar, Step};
use super::value::{Kind, Value};

const MAP: &str = "__map_";
const LIST: &str = "__list_";
/// How many entries a list of the metadata may have; a damaged index must not become an allocation.
const ENTRIES: usize = 1000;

/// The names and texts of a tree's scalars, sorted; null and empty branches have none.
#[must_use]
pub fn flatten(metadata: &Node) -> Vec<(String, String)> {
    let mut out = Vec::new();
    if let Node::Map(entries) = metadata {
        for (key, node) in entries {
            below(key, node, &mut out);
        }
    }
    out.sort();
    out
}

fn below(name: &str, node: &Node, out: &mut Vec<(String, String)>) {
    match node {
        Node::Scalar(scalar) => {
            if let Some(text) = text(scalar) {
                out.push((name.to_owned(), text));
            }
        }
        Node::List(items) => {
            for (at, item) in items.iter().enumerate() {
                below(&format!("{name}{LIST}{at}"), item, out);
            }
        }
        Node::Map(entries) => {
            for (key, node) in entries {
                below(&format!("{name}{MAP}{key}"), node, out);
            }
        }
    }
}

/// A scalar as these formats hold it.
#[must_use]
pub fn text(scalar: &Scalar) -> Option<String> {
    match scalar {
        // Go's `true`, where the hashed spelling is Python's `True`.
        Scalar::Bool(yes) => Some(yes.to_string()),
        scalar => {
            let value = Value::of(&What::Value(scalar.clone()))?;
            debug_assert!(value.kind != Kind::Comment);
            Some(String::from_utf8_lossy(&value.bytes).into_owned())
        }
    }
}

/// The tree that the names and texts are of, in their order. A name that does not fit the others is left out.
#[must_use]
pub fn unflatten<'a>(entries: impl Iterator<Item = (&'a str, String)>) -> Node {
    let mut root = Node::Map(Vec::new());
    for (name, text) in entries {
        if let Some(steps) = steps(name) {
            put(&mut root, &steps, text);
        }
    }
    root
}

fn steps(name: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = name;
    let mut list = false;
    loop {
        let at = [rest.find(MAP), rest.find(LIST)].into_iter().flatten().min();
        let (word, after) = rest.split_at(at.unwrap_or(rest.len()));
        steps.push(if list {
            Step::Index(word.parse().ok().filter(|at| *at < ENTRIES)?)
        } else {
            Step::Key(word.to_owned())
        });
        if after.is_empty() {
            return Some(steps);
        }
        list = after.starts_with(LIST);
        rest = after.strip_prefix(if list { LIST } else { MAP })?;
    }
}

fn put(node: &mut Node, steps: &[Step], text: String) {
    let Some((step, rest)) = steps.split_first() else {
        if matches!(node, Node::Scalar(Scalar::Null)) {
            *node = Node::text(&text);
        }
        return;
    };
    if matches!(node, Node::Scalar(Scalar::Null)) {
        *node = match step {
            Step::Key(_) => Node::Map(Vec::new()),
            Step::Index(_) => Node::List(Vec::new()),
        };
    }
    let next = match (node, step) {
        (Node::Map(entries), Step::Key(key)) => {
            let at = entries.iter().position(|(known, _)| known == key).unwrap_or_else(|| {
                entries.push((key.clone(), Node::Scalar(Scalar::Null)));
                entries.len() - 1
            });
            entries.get_mut(at).map(|(_, node)| node)
        }
        (Node::List(items), Step::Index(at)) => {
            if items.len() <= *at {
                items.resize(*at + 1, Node::Scalar(Scalar::Null));
            }
            items.get_mut(*at)
        }
        _ => None,
    };
    if let Some(next) = next {
        put(next, rest, text);
    }
}

/// Line feeds as two characters.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.replace('\n', "\\n")
}

/// The same, back.
#[must_use]
pub fn lines(text: &str) -> String {
    text.replace("\\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_goes_flat_and_comes_back() {
        let entry = |name: &str| {
            Node::Map(vec![
                ("recipient".to_owned(), Node::text(name)),
                ("enc".to_owned(), Node::text("a\nb")),
            ])
        };
        let tree = Node::Map(vec![
            ("age".to_owned(), Node::List(vec![entry("x"), entry("y")])),
            ("mac".to_owned(), Node::text("m")),
        ]);
        let flat = flatten(&tree);
        let names: Vec<_> = flat.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "age__list_0__map_enc",
                "age__list_0__map_recipient",
                "age__list_1__map_enc",
                "age__list_1__map_recipient",
                "mac"
            ]
        );
        let back = unflatten(flat.iter().map(|(name, text)| (name.as_str(), text.clone())));
        assert_eq!(flatten(&back), flat);
        assert_eq!(back.get("mac"), Some(&Node::text("m")));
    }

    #[test]
    fn names_that_do_not_fit_are_left_out() {
        let entries = [
            ("a", "1"),
            ("a__map_b", "2"),
            ("l__list_99999999999", "3"),
            ("l__list_x", "4"),
            ("l__list_2", "5"),
        ];
        let tree = unflatten(entries.iter().map(|(name, text)| (*name, (*text).to_owned())));
        assert_eq!(
            flatten(&tree),
            [("a".to_owned(), "1".to_owned()), ("l__list_2".to_owned(), "5".to_owned())]
        );
    }
}
