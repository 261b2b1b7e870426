//! The grammar, a line per case: `+` is accepted, `-` is refused.

use super::super::check;

const TABLE: &str = include_str!("grammar.txt");

/// Lines of the table use `\n` for a newline inside a case, and end with one unless they end with `\c`.
fn case(line: &str) -> (bool, String) {
    let accept = line.starts_with('+');
    let text = line
        .split_once(' ')
        .map_or("", |(_, text)| text)
        .replace("\\n", "\n")
        .replace("\\t", "\t")
        .replace("\\r", "\r");
    match text.strip_suffix("\\c") {
        Some(bare) => (accept, bare.to_owned()),
        None => (accept, text + "\n"),
    }
}

#[test]
fn every_line_of_the_table_has_its_verdict() {
    let cases: Vec<&str> = TABLE.lines().filter(|l| l.starts_with(['+', '-'])).collect();
    assert!(cases.iter().any(|l| l.starts_with('+')) && cases.iter().any(|l| l.starts_with('-')));
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|line| {
            let (accept, text) = case(line);
            match check(&text) {
                Ok(_) if accept => None,
                Err(_) if !accept => None,
                Ok(checked) => Some(format!("{line}\n  accepted as {}", checked.expanded())),
                Err(remarks) => Some(format!("{line}\n  {remarks:?}")),
            }
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_the_table_accepts_prints_as_text_that_means_the_same() {
    let mut wrong = Vec::new();
    for line in TABLE.lines().filter(|line| line.starts_with('+')) {
        let first = check(&case(line).1).unwrap().expanded();
        let second = check(&first).map(|checked| checked.expanded());
        if second.as_ref() != Ok(&first) {
            wrong.push(format!("{line}\n{first}{second:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_short_text_cannot_ask_for_more_rules_than_there_is_memory_for() {
    let list = (1..=60).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
    let bomb = format!("block proto {{ {list} }} from {{ {0} }} to {{ {0} }}\n", {
        (1..=60).map(|n| format!("10.0.0.{n}")).collect::<Vec<_>>().join(" ")
    });
    let remarks = check(&bomb).unwrap_err();
    assert!(remarks[0].message.contains("expand to more than"), "{remarks:?}");
    let deep = format!("block from {}10.0.0.1{}\n", "{".repeat(5000), "}".repeat(5000));
    assert!(check(&deep).unwrap_err()[0].message.contains("nested deeper"));
    let many = format!(
        "a = \"{}\"\nblock proto tcp to port {{ {} }}\n",
        "1 ".repeat(3_000),
        "$a ".repeat(9_000)
    );
    assert!(check(&many).unwrap_err()[0].message.contains("macros expand to more than"));
    let mut growing = String::from("a = \"xxxxxxxx\"\n");
    for _ in 0..40 {
        growing.push_str("a = $a $a\n");
    }
    assert!(check(&growing).is_err());
}
