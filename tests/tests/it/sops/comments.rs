//! Comments of YAML between branches, both ways: each is encrypted under the path of the branch that go-yaml gives it to, so
//! that one which stands before the next mapping or behind a list opens only where both agree on it.

use super::bed::Bed;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use sanctum_secrets::sops::cipher::PREFIX;
use sanctum_secrets::sops::config::Config;
use sanctum_secrets::sops::opened::{Recipe, encrypt, open};
use sanctum_secrets::sops::text::{Leaf, Scalar, What};
use sanctum_secrets::sops::{Format, Identities};
use sanctum_tests::need;
use sanctum_types::UnixTime;
use std::collections::BTreeMap;

/// Between two lines: nothing, a blank line, comments at an indent of their own.
fn between() -> impl Strategy<Value = Vec<Option<usize>>> {
    prop_oneof![
        5 => Just(vec![]),
        3 => (0_usize..4).prop_map(|indent| vec![Some(indent)]),
        2 => (0_usize..4).prop_map(|indent| vec![None, Some(indent)]),
        2 => (0_usize..4).prop_map(|indent| vec![Some(indent), None]),
        1 => (0_usize..4).prop_map(|indent| vec![None, Some(indent), None]),
        1 => (0_usize..4, 0_usize..4).prop_map(|(one, two)| vec![Some(one), Some(two)]),
        1 => (0_usize..4, 0_usize..4).prop_map(|(one, two)| vec![Some(one), None, Some(two)]),
    ]
}

/// The lines of a map at a depth: scalars, maps, lists of scalars and of maps.
fn map(depth: usize, at: usize) -> BoxedStrategy<Vec<String>> {
    let space = "  ".repeat(at);
    let scalar = prop_oneof![4 => Just(" v"), 1 => Just(" [a, b]"), 1 => Just(" v # beside")]
        .prop_map(|text| vec![text.to_owned()]);
    let value = if depth == 0 {
        scalar.boxed()
    } else {
        let dash = format!("{}- ", "  ".repeat(at + 1));
        let items = (1_usize..4).prop_map(move |number| {
            std::iter::once(String::new())
                .chain((0..number).map(|n| format!("{dash}i{n}")))
                .collect()
        });
        let below = map(depth - 1, at + 1).prop_map(|lines| [vec![String::new()], lines].concat());
        prop_oneof![3 => scalar, 2 => below, 1 => items].boxed()
    };
    proptest::collection::vec(value, 1..4)
        .prop_map(move |values| {
            let entry = |(number, mut lines): (usize, Vec<String>)| {
                if let Some(first) = lines.first_mut() {
                    *first = format!("{space}k{number}:{first}");
                }
                lines
            };
            values.into_iter().enumerate().flat_map(entry).collect()
        })
        .boxed()
}

fn document() -> impl Strategy<Value = String> {
    map(3, 0).prop_flat_map(|lines| {
        let gaps = proptest::collection::vec(between(), lines.len() + 1);
        (Just(lines), gaps).prop_map(|(lines, gaps)| {
            let mut text = String::new();
            let mut number = 0;
            for at in 0..=lines.len() {
                for line in gaps.get(at).into_iter().flatten() {
                    if let Some(indent) = line {
                        text.push_str(&format!("{}# c{number}", "  ".repeat(*indent)));
                        number += 1;
                    }
                    text.push('\n');
                }
                if let Some(line) = lines.get(at) {
                    text.push_str(line);
                    text.push('\n');
                }
            }
            text
        })
    })
}

fn leaves(text: &[u8]) -> (Vec<String>, Vec<String>) {
    let text = String::from_utf8(text.to_vec()).expect("UTF-8");
    let read = Format::Yaml.parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let all = read.leaves(0).expect("leaves");
    let (comments, values): (Vec<&Leaf>, Vec<&Leaf>) =
        all.iter().partition(|leaf| matches!(leaf.what, What::Comment(_)));
    let shown = |leaf: &&Leaf| match &leaf.what {
        What::Comment(text) => text.trim().to_owned(),
        What::Value(Scalar::Str(text)) => format!("{:?} {}", leaf.path, text.as_str()),
        What::Value(_) => format!("{:?} is no text", leaf.path),
    };
    let mut comments: Vec<String> = comments.iter().map(shown).collect();
    comments.sort();
    (comments, values.iter().map(shown).collect())
}

fn recipe(bed: &Bed) -> Recipe {
    let text = format!("creation_rules:\n  - age: {}\n", bed.recipient);
    let config = Config::parse(&bed.path(".sops.yaml"), &text).expect("a configuration");
    let rule = config.rule(&bed.path("any")).expect("a rule");
    let selector = rule.selector(&BTreeMap::new()).expect("a selector");
    Recipe { selector, groups: rule.groups, threshold: None, mac_only_encrypted: false }
}

/// Comments that were read, and those that were left closed.
fn parted(comments: Vec<String>) -> (Vec<String>, usize) {
    let all = comments.len();
    let read: Vec<String> = comments.into_iter().filter(|text| !text.starts_with(PREFIX)).collect();
    let closed = all - read.len();
    (read, closed)
}

/// Of a document: its comments, those that the original leaves closed in its own text, and in ours.
struct Count {
    all: usize,
    theirs: usize,
    ours: usize,
}

/// Values are the same both ways. Ours opens every comment that the original closed, and every one of its own; the original
/// leaves some closed, in its own text too.
fn both_ways(bed: &Bed, number: usize, text: &str) -> Result<Count, String> {
    let [plain, theirs, ours] =
        ["plain", "theirs", "ours"].map(|name| format!("{number}.{name}.yaml"));
    bed.write(&plain, text);
    let identities = Identities::of(&bed.identities());
    let closed = bed.sops(&["encrypt", "--age", &bed.recipient, &plain]);
    let opened = |bytes: &[u8]| -> Result<(Vec<String>, Vec<String>), String> {
        let opened = open(bytes, Format::Yaml, &identities).map_err(|error| error.to_string())?;
        Ok(leaves(&opened.plain().map_err(|error| error.to_string())?))
    };
    let (mine, values) = opened(&closed)?;
    let (mine, unread) = parted(mine);
    bed.write(&theirs, &closed);
    let (back, back_values) = leaves(&bed.sops(&["decrypt", &theirs]));
    let (back, theirs) = parted(back);
    if unread > 0 || values != back_values || !back.iter().all(|text| mine.contains(text)) {
        return Err(format!("ours opens {mine:?} and leaves {unread}, the original {back:?}"));
    }
    let mut sealed = encrypt(text.as_bytes(), Format::Yaml, &recipe(bed))
        .map_err(|error| format!("ours does not close: {error}"))?;
    let sealed = sealed.sealed(UnixTime(1_790_000_000)).map_err(|error| error.to_string())?;
    bed.write(&ours, sealed.as_bytes());
    if opened(sealed.as_bytes())? != leaves(text.as_bytes()) {
        return Err("ours does not open what it closed".to_owned());
    }
    let output = bed.run(&bed.sops, &["decrypt", &ours]);
    if !output.status.success() {
        return Err(format!("it does not open: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let (found, found_values) = leaves(&output.stdout);
    let (_, ours) = parted(found);
    if found_values != values {
        return Err(format!("it reads {found_values:?}"));
    }
    Ok(Count { all: mine.len(), theirs, ours })
}

#[test]
fn comments_between_branches_open_both_ways() {
    let (sops, keygen) = need!("sops", "age-keygen");
    let bed = Bed::new(sops, &keygen);
    let mut runner = TestRunner::deterministic();
    let strategy = document();
    let texts: Vec<String> =
        (0..160).map(|_| strategy.new_tree(&mut runner).expect("a document").current()).collect();
    let counts: Vec<Count> = std::thread::scope(|scope| {
        let lane = |lane: usize| {
            let (bed, texts) = (&bed, &texts);
            scope.spawn(move || -> Vec<Count> {
                let mine = texts.iter().enumerate().filter(|(number, _)| number % 2 == lane);
                mine.map(|(number, text)| {
                    both_ways(bed, number, text).unwrap_or_else(|why| panic!("{why}\n{text}"))
                })
                .collect()
            })
        };
        let lanes = [lane(0), lane(1)];
        lanes.into_iter().flat_map(|lane| lane.join().expect("a lane")).collect()
    });
    let sum = |of: fn(&Count) -> usize| counts.iter().map(of).sum::<usize>();
    let (all, theirs, ours) = (sum(|c| c.all), sum(|c| c.theirs), sum(|c| c.ours));
    assert!(all > 600, "{all} comments");
    // Indents at random are far from what people write: where the original loses some of its own, so few of ours may be lost.
    assert!(
        ours * 20 <= all,
        "of {all} comments the original leaves {theirs} of its own and {ours} of ours closed"
    );
}
