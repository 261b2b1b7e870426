//! Spellings of installs, one a line: what is named, tab, the command. `-` names nothing.

use super::{names, ordered};

const CASES: &str = include_str!("../../../tests-data/packages/spellings.txt");

fn cases() -> Vec<(&'static str, &'static str)> {
    CASES.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once('\t')).collect()
}

#[test]
fn every_spelling_names_what_it_names() {
    let mut wrong = Vec::new();
    for (wanted, command) in cases() {
        let command = command.replace("\\n", "\n");
        let got = names(&ordered(&command, &[]));
        let mut want: Vec<&str> = wanted.split(' ').filter(|w| *w != "-").collect();
        let mut have: Vec<&str> = got.iter().map(String::as_str).collect();
        want.sort_unstable();
        have.sort_unstable();
        have.dedup();
        if want != have {
            wrong.push(format!("{command:?}: wanted {want:?}, got {have:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn there_are_150_of_them_and_a_quarter_are_neighbours() {
    let (neighbours, named): (Vec<_>, Vec<_>) = cases().into_iter().partition(|(w, _)| *w == "-");
    assert!(named.len() >= 150, "{}", named.len());
    assert!(neighbours.len() * 4 >= named.len(), "{}", neighbours.len());
}
