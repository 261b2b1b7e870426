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
        (-9i32..22, 1u8..99)
            .prop_map(|(power, digits)| Value::from(f64::from(digits) * 10f64.powi(power))),
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
            vec((key(), inner), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    });
    vec((key(), branch), 1..6).prop_map(|entries| Value::Object(entries.into_iter().collect()))
}

fn json() -> impl Strategy<Value = Vec<u8>> {
    (tree(), any::<bool>()).prop_map(|(tree, pretty)| {
        let text =
            if pretty { serde_json::to_vec_pretty(&tree) } else { serde_json::to_vec(&tree) };
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
    let entry = (
        comment.clone(),
        "[a-z]{1,6}(_unencrypted)?",
        prop_oneof![Just(" = "), Just("="), Just(":")],
        value,
    );
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

/// A scalar as somebody writes it: plain words that look like other types, quotes, blocks.
fn yaml_scalar(indent: usize) -> BoxedStrategy<String> {
    let space = " ".repeat(indent + 2);
    prop_oneof![
        4 => "[a-zA-Z][a-zA-Z0-9_./-]{0,12}",
        2 => prop_oneof![
            Just("1_000"), Just("0x1F"), Just("0o17"), Just("017"), Just("0b101"), Just("1.0"), Just("1e3"), Just(".5"),
            Just("1e21"), Just(".inf"), Just("-.inf"), Just("2026-03-29"), Just("2026-03-29T10:11:12.5+02:00"),
            Just("2026-03-29 10:11:12"), Just("yes"), Just("no"), Just("on"), Just("True"), Just("false"), Just("~"),
            Just("null"), Just("9223372036854775807"), Just("-12"), Just("+7"), Just("0"), Just("''"), Just("\"\""),
            Just("1.2345678901234567e+08"), Just("12:30:45"), Just("0.1"), Just("[]"), Just("{}"), Just("[a, 1, 'x y']"),
            Just("{a: 1, b: [true]}"), Just("!!str 12"),
        ].prop_map(str::to_owned),
        2 => "'[ -&(-~é漢]{0,12}'",
        // A block that begins with white space below a dash is written by the original so that nobody reads it back.
        1 => "[a-z][a-zé漢😀\n\t\"\\\\]{0,10}".prop_map(|text| serde_json::to_string(&text).expect("JSON")),
        1 => vec("[a-z][a-z #:'-]{0,10}[a-z]", 1..4).prop_map({
            let space = space.clone();
            move |lines| format!("|\n{space}{}", lines.join(&format!("\n{space}")))
        }),
        1 => vec("[a-z][a-z #:'-]{0,10}[a-z]", 1..4)
            .prop_map(move |lines| format!(">-\n{space}{}", lines.join(&format!("\n{space}")))),
    ]
    .boxed()
}

fn yaml_comment() -> impl Strategy<Value = String> {
    prop_oneof![5 => Just(String::new()), 1 => "# ?[a-z]{1,3}[a-z :'é-]{0,10}[a-z]"]
}

/// The lines of a map at an indent.
fn yaml_map(depth: usize, indent: usize) -> BoxedStrategy<String> {
    let space = " ".repeat(indent);
    let entry = if depth == 0 {
        yaml_scalar(indent).prop_map(|text| format!(" {text}\n")).boxed()
    } else {
        let dash = format!("{}- ", " ".repeat(indent + 2));
        prop_oneof![
            3 => yaml_scalar(indent).prop_map(|text| format!(" {text}\n")),
            1 => yaml_map(depth - 1, indent + 2).prop_map(|map| format!("\n{map}")),
            1 => vec(yaml_scalar(indent + 2), 1..4).prop_map(move |items| {
                format!("\n{}", items.iter().map(|item| format!("{dash}{item}\n")).collect::<String>())
            }),
        ]
        .boxed()
    };
    let line = (yaml_comment(), "[a-z]{1,6}(_unencrypted)?", entry);
    vec(line, 1..5)
        .prop_map(move |lines| {
            let entries = lines.iter().enumerate().map(|(at, (comment, key, value))| {
                let above =
                    if comment.is_empty() { String::new() } else { format!("{space}{comment}\n") };
                format!("{above}{space}{key}{at}:{value}")
            });
            entries.collect()
        })
        .boxed()
}

fn yaml() -> impl Strategy<Value = Vec<u8>> {
    (vec(yaml_map(3, 0), 1..3), any::<bool>()).prop_map(|(documents, anchored)| {
        let mut text = documents.join("---\n");
        if anchored {
            text.push_str(
                "anchor: &here\n  one: 1\n  two: [x, 2.50]\nagain: *here\nmerged: *here\n",
            );
        }
        text.into_bytes()
    })
}

/// Documents of a format.
pub(super) fn documents(format: Format) -> BoxedStrategy<Vec<u8>> {
    match format {
        Format::Json => json().boxed(),
        Format::Dotenv => dotenv().boxed(),
        Format::Ini => ini().boxed(),
        Format::Binary => vec(any::<u8>(), 0..200).boxed(),
        Format::Yaml => yaml().boxed(),
    }
}
