//! Laws: what a distance is, and that a further package never makes a verdict milder.

use super::super::{
    Index, Known, Policy, Record, Wanted, compact, distance, near, normal, read, read_as, record,
    worst,
};
use super::verdicts::{judged, old};
use crate::shell::Ecosystem;
use proptest::prelude::*;

fn ecosystem() -> impl Strategy<Value = Ecosystem> {
    proptest::sample::select(Ecosystem::ALL.to_vec())
}

/// What a registry says of a made-up name is a function of the name.
fn said(wanted: &Wanted) -> Known {
    match wanted.name.bytes().map(usize::from).sum::<usize>() % 4 {
        0 => Known::Absent,
        1 => Known::Unanswered,
        _ => Known::Present(old()),
    }
}

proptest! {
    #[test]
    fn short_names_keep_the_triangle(a in "[abc]{2}", b in "[abc]{2}", c in "[abc]{3}") {
        prop_assert!(distance(&a, &c) <= distance(&a, &b) + distance(&b, &c));
        // Where only neighbours that stay untouched may swap, this is 3 and the law breaks.
        prop_assert_eq!(distance("ca", "abc"), 2);
    }

    #[test]
    fn the_distance_is_one(a in "[abc-]{0,8}", b in "[abc-]{0,8}", c in "[abc-]{0,8}") {
        prop_assert_eq!(distance(&a, &b), distance(&b, &a));
        prop_assert_eq!(distance(&a, &b) == 0, a == b);
        prop_assert!(distance(&a, &c) <= distance(&a, &b) + distance(&b, &c));
        prop_assert!(distance(&a, &b) <= a.len().max(b.len()));
        prop_assert!(distance(&a, &b) >= a.len().abs_diff(b.len()));
    }

    #[test]
    fn a_further_package_never_makes_a_verdict_milder(
        names in proptest::collection::vec("[a-z]{3,8}", 1..5),
        more in "[a-z]{3,8}",
        at in 0_usize..5,
        client in proptest::sample::select(vec!["npm install", "pip install", "cargo add", "gem install", "brew install"]),
    ) {
        let policy = Policy::default();
        let before = judged(&format!("{client} {}", names.join(" ")), &policy, &said);
        let mut longer = names.clone();
        longer.insert(at.min(names.len()), more);
        let after = judged(&format!("{client} {}", longer.join(" ")), &policy, &said);
        prop_assert!(worst(&after).map(|f| f.weight) >= worst(&before).map(|f| f.weight));
    }

    #[test]
    fn a_normal_name_is_its_own(which in ecosystem(), name in "[A-Za-z0-9._-]{1,12}") {
        let once = normal(which, &name);
        prop_assert_eq!(normal(which, &once), once);
    }

    #[test]
    fn no_word_and_no_file_breaks_a_reader(which in ecosystem(), word in ".{0,40}", text in "\\PC{0,200}", name in proptest::sample::select(vec![
        "requirements.txt", "package.json", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "Cargo.toml", "Cargo.lock",
        "go.mod", "Gemfile", "Gemfile.lock", "pyproject.toml", "poetry.lock", "Pipfile", "Pipfile.lock", "environment.yml", "Brewfile", "x",
    ])) {
        let _ = read(which, &word);
        let _ = near(which, &word);
        let _ = read_as(which, name, &text);
        let _ = record(text.as_bytes());
        let _ = Index(&text).find(which, &word, None);
    }

    #[test]
    fn what_is_put_into_an_index_is_found_in_it(
        names in proptest::collection::btree_set("[a-z@/-]{1,10}", 1..40), other in "[a-z@/-]{1,10}",
    ) {
        let records = names.iter().flat_map(|name| {
            let of = |id: &str, versions: Vec<String>| Record {
                ecosystem: "npm", name: name.clone(), versions, id: id.to_owned(),
            };
            [of("MAL-1", vec!["1.0".to_owned()]), of("MAL-2", vec!["2.0".to_owned(), "3.0".to_owned()])]
        }).collect();
        let text = compact(records);
        let index = Index(&text);
        for name in &names {
            prop_assert_eq!(index.find(Ecosystem::Npm, name, Some("1.0")), Some("MAL-1"));
            prop_assert_eq!(index.find(Ecosystem::Npm, name, Some("3.0")), Some("MAL-2"));
            prop_assert_eq!(index.find(Ecosystem::Npm, name, None), None);
        }
        prop_assert_eq!(index.find(Ecosystem::Npm, &other, Some("1.0")).is_some(), names.contains(&other));
        prop_assert_eq!(index.find(Ecosystem::Pypi, &other, Some("1.0")), None);
    }
}
