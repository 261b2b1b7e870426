//! Documents of every format, made up: types, Unicode, nesting, large numbers, empty texts, comments.

use proptest::collection::vec;
use proptest::prelude::*;
use sanctum_secrets::sops::Format;
use serde_json::Value;

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[a-z]{1,6}",
        1 => "[a-z]{1,3}_unencrypted",
        1 => "[A-Z][A-Z0-9_.-]{0,8}",
        1 => "[a-zé漢 :]{1,5}",
    ]
    .prop_filter("the place of the metadata", |key| !key.starts_with("sops"))
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[ -~]{0,20}",
        1 => Just(String::new()),
        1 => "[a-zé漢😀\n\t\"'<&>\\\\]{0,12}",
        1 => prop_oneof![Just("true"), Just("1.0"), Just("null"), Just("2026-03-29"), Just("ENC"), Just("yes")]
            .prop_map(str::to_owned),
    ]
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i32>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no others", |f| f.is_finite()).prop_map(Value::from),
        (-9i32..22, 1u8..99).prop_map(|(power, digits)| Value::from(f64::from(digits) * 10f64.powi(power))),
    ]
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        5 => text().prop_map(Value::from),
        2 => number(),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    let branch = leaf().prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((key(), inner), 0..5).prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    });
    vec((key(), branch), 1..6).prop_map(|entries| Value::Object(entries.into_iter().collect()))
}

fn json() -> impl Strategy<Value = Vec<u8>> {
    (tree(), any::<bool>()).prop_map(|(tree, pretty)| {
        let text = if pretty { serde_json::to_vec_pretty(&tree) } else { serde_json::to_vec(&tree) };
        text.expect("JSON")
    })
}

fn dotenv() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        5 => ("[A-Z_][A-Z0-9_]{0,8}(_unencrypted)?", "[ -~é漢]{0,20}").prop_map(|(key, value)| format!("{key}={value}\n")),
        1 => "[ -~é]{0,12}".prop_map(|comment| format!("#{comment}\n")),
        1 => Just("\n".to_owned()),
        1 => "[A-Z]{1,4}".prop_map(|key| format!("{key}=\n")),
    ];
    vec(line, 1..12).prop_map(|lines| {
        // A key that is there twice is a question of its own.
        let numbered = lines.iter().enumerate().map(|(at, line)| match line.split_once('=') {
            Some((key, rest)) if !line.starts_with('#') => format!("K{at}_{key}={rest}"),
            _ => line.clone(),
        });
        (numbered.collect::<String>() + "LAST=1\n").into_bytes()
    })
}

fn ini() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![
        4 => "[a-zA-Z0-9é漢 .,/_-]{0,16}",
        1 => "\"[a-z ]{0,6}\"",
        1 => "`[a-z;# ]{0,6}`",
        1 => "[a-z]{1,4} ?[;#][a-z ]{0,6}",
        1 => "\"\"\"[a-z\n ]{1,8}\"\"\"",
        1 => Just("true".to_owned()),
    ];
    let comment = prop_oneof![3 => Just(String::new()), 1 => "([;#] ?[a-z]{1,8}\n){1,3}"];
    let entry = (comment.clone(), "[a-z]{1,6}(_unencrypted)?", prop_oneof![Just(" = "), Just("="), Just(":")], value);
    let section = ("[a-z]{1,6}", comment, vec(entry, 0..5));
    vec(section, 1..4).prop_map(|sections| {
        let mut out = String::new();
        for (at, (name, comment, entries)) in sections.iter().enumerate() {
            if at > 0 {
                out.push_str(&format!("\n{comment}[{name}{at}]\n"));
            }
            for (number, (comment, key, mark, value)) in entries.iter().enumerate() {
                out.push_str(&format!("{comment}k{number}{key}{mark}{value}\n"));
            }
        }
        (out + "last = 1\n").into_bytes()
    })
}

/// Documents of a format.
pub(super) fn documents(format: Format) -> BoxedStrategy<Vec<u8>> {
    match format {
        Format::Json => json().boxed(),
        Format::Dotenv => dotenv().boxed(),
        Format::Ini => ini().boxed(),
        Format::Binary => vec(any::<u8>(), 0..200).boxed(),
        Format::Yaml => json().boxed(),
    }
}
