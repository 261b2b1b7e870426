//! The help of the real sops beside our flags: every flag and verb of its is known here, if only to be refused by name.

use super::super::cli::program::sanctum;
use super::bed::Bed;
use sanctum_tests::need;
use std::collections::BTreeSet;

/// Verbs that are refused by name, whatever follows them.
const NOT_OFFERED: [&str; 3] = ["completion", "keyservice", "publish"];

/// The first words of the lines of a section.
fn section<'a>(help: &'a str, title: &str) -> Vec<&'a str> {
    let (_, lines) = help.split_once(title).unwrap_or_default();
    lines.lines().skip(1).take_while(|line| line.starts_with("   ")).map(str::trim).collect()
}

#[test]
fn every_flag_and_verb_of_the_original_is_known() {
    let (sops, keygen) = need!("sops", "age-keygen");
    let bed = Bed::new(sops, &keygen);
    let help = |words: &[&str]| {
        String::from_utf8(bed.sops(&[words, &["--help"]].concat())).expect("UTF-8")
    };
    let main = help(&[]);
    let verbs: BTreeSet<&str> = section(&main, "COMMANDS:")
        .into_iter()
        .filter_map(|line| line.split([' ', ',']).next())
        .filter(|verb| !verb.is_empty() && *verb != "help")
        .collect();
    assert!(verbs.len() >= 14, "{verbs:?}");
    let mut places: Vec<Vec<&str>> = vec![vec![], vec!["groups", "add"], vec!["groups", "delete"]];
    places.extend(verbs.iter().filter(|verb| **verb != "groups").map(|verb| vec![*verb]));
    let (mut unknown, mut seen) = (Vec::new(), 0);
    for place in &places {
        if place.first().is_some_and(|verb| NOT_OFFERED.contains(verb)) {
            let output = bed.run(sanctum(), &[&["sops"], &place[..], &["--yes", "x"]].concat());
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(1), "{told}");
            assert!(told.contains("is not offered") && told.contains(place[0]), "{told}");
            continue;
        }
        let text = help(place);
        for line in section(&text, "OPTIONS:") {
            let flags = line.split_whitespace().take_while(|word| word.starts_with('-'));
            for flag in flags.map(|word| word.trim_end_matches(',')) {
                if ["--help", "-h", "--version", "-v"].contains(&flag) {
                    continue;
                }
                seen += 1;
                let line = [&["sops"], &place[..], &[flag]].concat();
                let output = bed.run(sanctum(), &line);
                let told = String::from_utf8_lossy(&output.stderr).into_owned();
                if told.contains(&format!("unexpected argument '{flag}'")) {
                    unknown.push(format!("{place:?} {flag}"));
                }
            }
        }
    }
    assert!(seen > 150, "the help of the original is read: {seen}");
    assert!(unknown.is_empty(), "{unknown:#?}");
}
