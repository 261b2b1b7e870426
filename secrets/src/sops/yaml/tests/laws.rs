//! The laws of the YAML format over random trees in several styles.

use proptest::prelude::*;
use zeroize::Zeroizing;

use super::{
    super::{YamlText, render, resolve},
    str,
};
use crate::sops::text::{Leaf, Node, Scalar, Step, Text, What};

/// How a tree is written.
#[derive(Clone, Copy, Debug)]
struct Style {
    step: usize,
    dash: usize,
    newline: &'static str,
    /// Comments and blank lines between the lines.
    comments: bool,
    /// The root's values on one line each.
    flow: bool,
    end: &'static str,
}

fn style() -> impl Strategy<Value = Style> {
    let newline = prop_oneof![4 => Just("\n"), 1 => Just("\r\n")];
    let shape = (1_usize..=5, prop_oneof![Just(0), Just(2), Just(4)], newline);
    (
        shape,
        any::<bool>(),
        any::<bool>(),
        prop_oneof![Just(""), Just("\n"), Just("\n...\n"), Just("\n# end\n")],
    )
        .prop_map(|((step, dash, newline), comments, flow, end)| Style {
            step,
            dash,
            newline,
            comments,
            flow,
            end,
        })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,6}",
        "[ -~]{0,10}",
        "\\PC{0,6}",
        "[ab#:\\- \n\t']{0,14}",
        any::<String>().prop_map(|text| text.chars().take(6).collect()),
        proptest::sample::select(vec![
            "yes",
            "1_000",
            "2026-03-29",
            "---",
            "...",
            "- a",
            "a: b",
            "#",
            "|",
            "~",
            "",
            " ",
            "\n",
            "x\n",
            "\u{feff}"
        ])
        .prop_map(String::from),
    ]
}

fn scalar() -> impl Strategy<Value = Scalar> {
    prop_oneof![
        6 => text().prop_map(|text| str(&text)),
        1 => any::<i64>().prop_map(Scalar::Int),
        1 => any::<f64>().prop_filter("a number", |number| !number.is_nan()).prop_map(Scalar::Float),
        1 => any::<bool>().prop_map(Scalar::Bool),
        1 => Just(Scalar::Null),
        1 => Just(Scalar::Time(Zeroizing::new(String::from("2026-03-29T10:11:12.5+02:00")))),
    ]
}

fn entries(below: impl Strategy<Value = Node>) -> impl Strategy<Value = Node> {
    proptest::collection::btree_map(prop_oneof![4 => "[a-z]{1,4}", 1 => text()], below, 1..5)
        .prop_map(|map| Node::Map(map.into_iter().filter(|(key, _)| key != "sops").collect()))
}

fn tree() -> impl Strategy<Value = Node> {
    let below = scalar().prop_map(Node::Scalar).prop_recursive(4, 24, 4, |below| {
        prop_oneof![
            proptest::collection::vec(below.clone(), 0..4).prop_map(Node::List),
            entries(below)
        ]
    });
    entries(below)
}

/// The tree in a style, as text.
fn written(tree: &Node, style: Style) -> String {
    let manner = render::Manner {
        step: style.step,
        dash: style.dash.min(style.step),
        newline: style.newline,
    };
    let mut text = Zeroizing::new(String::new());
    match tree {
        Node::Map(entries) if style.flow => {
            for (key, value) in entries {
                text.push_str(&super::super::quote::key(key, false));
                text.push_str(": ");
                render::flow(value, &mut text);
                text.push_str(style.newline);
            }
        }
        Node::Map(entries) if !entries.is_empty() => render::map(entries, 0, manner, &mut text),
        _ => text.push_str("{}"),
    }
    let commented = |(number, line): (usize, &str)| {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let remark = if number % 3 == 1 {
            format!("{}# remark{}", " ".repeat(indent), style.newline)
        } else {
            String::new()
        };
        format!("{remark}{line}")
    };
    // A comment between the lines of a block scalar would be one of its lines.
    let body: String = if style.comments && !text.contains("|") {
        text.split_inclusive('\n').enumerate().map(commented).collect()
    } else {
        text.to_string()
    };
    body + &style.end.replace('\n', style.newline)
}

fn values(yaml: &YamlText) -> Vec<(Vec<Step>, What)> {
    yaml.leaves(0).unwrap().into_iter().map(|leaf| (leaf.path, leaf.what)).collect()
}

fn parsed(text: &str) -> YamlText {
    YamlText::parse(text).unwrap_or_else(|error| panic!("{error}: {text:?}"))
}

/// `-0.0` and `0.0` are one number to `==` and two to a reader.
fn alike(one: &Node, other: &Node) -> bool {
    format!("{one:?}") == format!("{other:?}")
}

const PIECES: &[&str] = &[
    "a", "b", ": ", ":", "- ", "-", "? ", "\n", "\n  ", "  ", " #c", "#", "[", "]", "{", "}", ", ",
    "&x ", "*x", "!!str ", "!!int ", "|", "|+", ">-", "'", "\"", "---\n", "...\n", "\t", "\r\n",
    "~", "<<", "\u{feff}", "%", "sops",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn a_text_is_what_was_written_and_stays_so(tree in tree(), style in style()) {
        let text = written(&tree, style);
        let mut yaml = parsed(&text);
        prop_assert!(alike(&yaml.tree(0, &[]).unwrap(), &tree), "{text}");
        yaml.replace(0, &[]).unwrap();
        yaml.set_metadata(0, None).unwrap();
        let rendered = yaml.render();
        prop_assert_eq!(rendered.as_str(), text.as_str());
    }

    #[test]
    fn one_leaf_changes_its_own_lines_only(tree in tree(), style in style(), which in any::<prop::sample::Index>(), new in scalar()) {
        let text = written(&tree, style);
        let mut yaml = parsed(&text);
        let before = values(&yaml);
        let leaves: Vec<usize> = (0..before.len()).filter(|leaf| matches!(before[*leaf].1, What::Value(_))).collect();
        prop_assume!(!leaves.is_empty());
        let leaf = leaves[which.index(leaves.len())];
        yaml.replace(0, &[(leaf, What::Value(new.clone()))]).unwrap_or_else(|error| panic!("{error}: {:?} into {text:?}", shown(&new)));
        let after = values(&yaml);
        prop_assert_eq!(before.len(), after.len());
        for (number, (old, found)) in before.iter().zip(&after).enumerate() {
            prop_assert_eq!(&old.0, &found.0);
            let expected = if number == leaf { What::Value(new.clone()) } else { old.1.clone() };
            prop_assert_eq!(format!("{:?}", found.1), format!("{expected:?}"));
        }
        let rendered = yaml.render();
        let (old, now): (Vec<_>, Vec<_>) = (text.split('\n').collect(), rendered.split('\n').collect());
        let same_head = old.iter().zip(&now).take_while(|(old, now)| old == now).count();
        let same_tail = old.iter().rev().zip(now.iter().rev()).take_while(|(old, now)| old == now).count();
        // A block scalar is as many lines as its text, and its header.
        let lines = |what: &What| match what { What::Value(Scalar::Str(text)) => text.matches('\n').count() + 1, _ => 1 };
        prop_assert!(old.len() <= same_head + same_tail + lines(&before[leaf].1) + 1, "{}\n->\n{}", text, rendered.as_str());
        prop_assert!(now.len() <= same_head + same_tail + lines(&after[leaf].1) + 1, "{}\n->\n{}", text, rendered.as_str());
    }

    #[test]
    fn all_leaves_go_there_and_back(tree in tree(), style in style()) {
        let mut yaml = parsed(&written(&tree, style));
        let before = yaml.leaves(0).unwrap();
        yaml.replace(0, &super::sealed(&before)).unwrap();
        let back: Vec<_> = before.iter().map(|leaf| leaf.what.clone()).enumerate().collect();
        yaml.replace(0, &back).unwrap();
        prop_assert!(alike(&yaml.tree(0, &[]).unwrap(), &tree), "{}", yaml.render().as_str());
    }

    #[test]
    fn what_is_set_is_there_and_unset_again_leaves_no_trace(base in tree(), style in style(), new in tree(), which in any::<prop::sample::Index>()) {
        let text = written(&base, style);
        let mut yaml = parsed(&text);
        let mut maps = vec![Vec::new()];
        branches(&base, &mut Vec::new(), &mut maps);
        let mut path = maps[which.index(maps.len())].clone();
        path.push(Step::Key(String::from("a new one")));
        yaml.set(0, &path, &new).unwrap_or_else(|error| panic!("{error}: {path:?} {text}"));
        prop_assert!(alike(&yaml.tree(0, &path).unwrap(), &new), "{}\n->\n{}", text, yaml.render().as_str());
        yaml.unset(0, &path).unwrap();
        prop_assert!(alike(&yaml.tree(0, &[]).unwrap(), &base), "{}\n->\n{}", text, yaml.render().as_str());
    }

    #[test]
    fn metadata_comes_and_goes(tree in tree(), style in style()) {
        let text = written(&tree, style);
        let mut yaml = parsed(&text);
        let before = yaml.leaves(0).unwrap();
        yaml.set_metadata(0, Some(&super::metadata())).unwrap();
        prop_assert_eq!(&before, &yaml.leaves(0).unwrap());
        prop_assert_eq!(yaml.metadata(0).unwrap(), Some(super::metadata()));
        prop_assert!(alike(&yaml.tree(0, &[]).unwrap(), &tree), "{}", yaml.render().as_str());
        yaml.set_metadata(0, None).unwrap();
        prop_assert_eq!(yaml.metadata(0).unwrap(), None);
        prop_assert!(alike(&yaml.tree(0, &[]).unwrap(), &tree), "{}", yaml.render().as_str());
    }

    #[test]
    fn what_is_said_to_be_text_is_what_is_read_as_text(value in prop_oneof![
        text(), "[-+.]?[0-9]{1,3}", "[-+.0-9][-+._0-9eEx:TZ ]{0,9}", "[~.a-zA-Z]{0,5}",
    ]) {
        let read = matches!(resolve::scalar(None, true, &value), Ok(Scalar::Str(_)));
        prop_assert_eq!(resolve::is_text(&value), read);
    }

    #[test]
    fn what_is_certain_is_what_would_be_read(tree in tree(), style in style(), new in proptest::collection::vec(plain(), 24)) {
        let mut yaml = parsed(&written(&tree, style));
        let leaves = yaml.leaves(0).unwrap();
        yaml.replace(0, &super::sealed(&leaves)).unwrap();
        yaml.set_metadata(0, Some(&super::metadata())).unwrap();
        let new: Vec<_> = leaves.iter().zip(new.iter().cycle()).map(|(leaf, new)| as_leaf(leaf, new)).enumerate().collect();
        as_read(&yaml.render(), 0, &new)?;
        for one in &new {
            as_read(&yaml.render(), 0, std::slice::from_ref(one))?;
        }
    }

    #[test]
    fn what_is_certain_in_any_text_is_what_would_be_read(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..16), new in plain(),
    ) {
        let text = pieces.concat();
        let Ok(yaml) = YamlText::parse(&text) else { return Ok(()) };
        for document in 0..yaml.documents() {
            for (number, leaf) in yaml.leaves(document).unwrap_or_default().iter().enumerate() {
                as_read(&text, document, &[(number, as_leaf(leaf, &new))])?;
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused_and_nothing_else_of_it_changes(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..16)) {
        let text = pieces.concat();
        let Ok(mut yaml) = YamlText::parse(&text) else { return Ok(()) };
        let rendered = yaml.render();
        prop_assert_eq!(rendered.as_str(), text.as_str());
        for document in 0..yaml.documents() {
            let Ok(leaves) = yaml.leaves(document) else { continue };
            let (before, sealed) = (yaml.render(), super::sealed(&leaves));
            let refused = yaml.replace(document, &sealed).is_err();
            let rendered = yaml.render();
            if refused {
                prop_assert_eq!(rendered.as_str(), before.as_str(), "refused, and changed");
                continue;
            }
            let found = yaml.leaves(document).unwrap_or_default();
            let paths = |leaves: &[Leaf]| leaves.iter().map(|leaf| leaf.path.clone()).collect::<Vec<_>>();
            prop_assert_eq!(paths(&found), paths(&leaves), "{:?} -> {}", text, rendered.as_str());
            for (found, (_, sealed)) in found.iter().zip(&sealed) {
                prop_assert_eq!(&found.what, sealed, "{:?} -> {}", text, rendered.as_str());
            }
        }
    }
}

/// Scalars of which most are certain.
fn plain() -> impl Strategy<Value = Scalar> {
    prop_oneof![
        6 => "[ab:#'\"\\\\ -]{0,6}".prop_map(|text| str(&text)),
        3 => "[ -~]{0,12}".prop_map(|text| str(&text)),
        3 => scalar(),
    ]
}

/// A comment stays a comment.
fn as_leaf(leaf: &Leaf, new: &Scalar) -> What {
    match (&leaf.what, new) {
        (What::Comment(_), Scalar::Str(text)) => What::Comment(text.clone()),
        (What::Comment(text), _) => What::Comment(text.clone()),
        (What::Value(_), new) => What::Value(new.clone()),
    }
}

/// Where a change is certain, making it and reading it back comes to the same text.
fn as_read(text: &str, document: usize, new: &[(usize, What)]) -> Result<(), TestCaseError> {
    let Ok(Some(certain)) = parsed(text).disclosed(document, new) else { return Ok(()) };
    let mut yaml = parsed(text);
    let read = yaml.replace(document, new).and_then(|()| yaml.set_metadata(document, None));
    prop_assert!(read.is_ok(), "{:?}: {:?} -> {:?}", read, text, certain.as_str());
    let rendered = yaml.render();
    prop_assert_eq!(rendered.as_str(), certain.as_str());
    Ok(())
}

/// A scalar with its text, which `Debug` hides.
fn shown(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Str(text) | Scalar::Time(text) => text.to_string(),
        other => format!("{other:?}"),
    }
}

/// The paths of all maps.
fn branches(node: &Node, path: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    let below: Vec<(Step, &Node)> = match node {
        Node::Scalar(_) => return,
        Node::List(items) => {
            items.iter().enumerate().map(|(number, item)| (Step::Index(number), item)).collect()
        }
        Node::Map(entries) => {
            found.push(path.clone());
            entries.iter().map(|(key, value)| (Step::Key(key.clone()), value)).collect()
        }
    };
    for (step, node) in below {
        path.push(step);
        branches(node, path, found);
        path.pop();
    }
}
