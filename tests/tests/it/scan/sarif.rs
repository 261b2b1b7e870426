//! SARIF by the published schema: every result, suppression and notification that a scan can write.
//!
//! The reader of the schema here knows exactly the words that the schema uses and fails on any other, so that nothing is
//! passed over.

use super::bed::{Bed, token};
use serde_json::Value;

const SCHEMA: &str = include_str!("../../../fixtures/sarif/schema-2.1.0.json");

/// A word of the schema that looks at nothing below the value.
fn holds_alone(word: &str, rule: &Value, value: &Value) -> bool {
    match word {
        "type" => match rule.as_str().expect("one type") {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            other => panic!("type {other}"),
        },
        "enum" => rule.as_array().expect("a list").contains(value),
        "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().expect("a number")),
        "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().expect("a number")),
        "minItems" => {
            value.as_array().is_none_or(|all| all.len() as u64 >= rule.as_u64().expect("a number"))
        }
        "uniqueItems" => value
            .as_array()
            .is_none_or(|all| all.iter().enumerate().all(|(at, one)| !all[..at].contains(one))),
        "required" => {
            let names =
                rule.as_array().expect("a list").iter().map(|name| name.as_str().expect("a name"));
            names.clone().all(|name| value.get(name).is_some())
        }
        other => panic!("the schema uses `{other}`"),
    }
}

/// Every way in which a value breaks its schema.
fn judge(root: &Value, schema: &Value, value: &Value, at: &str, broken: &mut Vec<String>) {
    let rules = schema.as_object().expect("a schema is an object");
    for (word, rule) in rules {
        let holds = match word.as_str() {
            "$schema" | "$id" | "title" | "description" | "default" | "definitions" | "format" => {
                true
            }
            "$ref" => {
                let place =
                    rule.as_str().and_then(|text| text.strip_prefix('#')).expect("a local one");
                judge(root, root.pointer(place).expect("a definition"), value, at, broken);
                true
            }
            "anyOf" | "oneOf" => {
                let fits = |one: &&Value| {
                    let mut wrong = Vec::new();
                    judge(root, one, value, at, &mut wrong);
                    wrong.is_empty()
                };
                let count = rule.as_array().expect("a list").iter().filter(fits).count();
                count == 1 || (count > 1 && word == "anyOf")
            }
            // Patterns are those of languages, versions and GUIDs, which a scan does not write.
            "pattern" => panic!("{at}: a pattern"),
            "items" => {
                for (number, one) in value.as_array().into_iter().flatten().enumerate() {
                    judge(root, rule, one, &format!("{at}/{number}"), broken);
                }
                true
            }
            "properties" => {
                for (name, one) in value.as_object().into_iter().flatten() {
                    if let Some(rule) = rule.get(name) {
                        judge(root, rule, one, &format!("{at}/{name}"), broken);
                    }
                }
                true
            }
            "additionalProperties" => {
                let known = |name: &String| {
                    rules.get("properties").is_some_and(|all| all.get(name).is_some())
                };
                let more = value.as_object().into_iter().flatten().filter(|(name, _)| !known(name));
                match rule {
                    Value::Bool(allowed) => *allowed || more.count() == 0,
                    rule => {
                        for (name, one) in more {
                            judge(root, rule, one, &format!("{at}/{name}"), broken);
                        }
                        true
                    }
                }
            }
            other => holds_alone(other, rule, value),
        };
        if !holds {
            broken.push(format!("{at}: {word}"));
        }
    }
}

fn broken(log: &Value) -> Vec<String> {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    let mut broken = Vec::new();
    judge(&schema, &schema, log, "", &mut broken);
    broken
}

#[test]
fn everything_that_a_scan_writes_holds_to_the_schema() {
    let bed = Bed::new();
    let mark = ["sanctum:", "allow"].concat();
    bed.write("code/a b#c", &format!("{}\n", token('A')));
    bed.scan("code", &["--write-baseline", "../known", "--reason", "test"]).exits(0);
    bed.write("code/new", &format!("{} # {mark} x\n", token('B')));
    bed.write("code/packed", "\u{0}");
    bed.write("home/.bash_history", &token('C'));
    let rule = bed.scan("home", &["--shell", "--home", ".", "--json"]).exits(3).json()["findings"]
        [0]["rule"]
        .clone();
    let rule = rule.as_str().expect("a rule");
    bed.write("code/marked", &format!("{} # {mark} {rule} from a manual\n", token('D')));
    let options = [
        "--baseline",
        "../known",
        "--format",
        "sarif",
        "--shell",
        "--home",
        "../home",
        ".",
        "gone",
    ];
    let log = bed.scan("code", &options).exits(3).json();
    assert_eq!(broken(&log), Vec::<String>::new(), "{log:#}");
    let run = &log["runs"][0];
    let results = run["results"].as_array().expect("results");
    let suppressed = results.iter().filter(|one| one.get("suppressions").is_some()).count();
    assert_eq!((results.len(), suppressed), (5, 2), "{log:#}");
    assert!(
        run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
            .as_str()
            .expect("a text")
            .contains("gone")
    );
}

#[test]
fn the_reader_of_the_schema_refuses_what_is_wrong() {
    let good = || {
        serde_json::json!({
            "version": "2.1.0",
            "runs": [{ "tool": { "driver": { "name": "x" } }, "results": [{ "message": { "text": "x" }, "level": "error" }] }],
        })
    };
    assert_eq!(broken(&good()), Vec::<String>::new());
    let mut cases = 0;
    for (at, value) in [
        ("/version", "2.0.0".into()),
        ("/runs/0/results/0/level", "bad".into()),
        ("/runs/0/tool/driver", serde_json::json!({})),
        ("/runs/0/results/0/message", serde_json::json!({ "text": 1 })),
        ("/runs/0/results/0", serde_json::json!({ "message": { "text": "x" }, "strange": 1 })),
    ] {
        let mut log = good();
        *log.pointer_mut(at).expect("a place") = value;
        assert!(!broken(&log).is_empty(), "{at}");
        cases += 1;
    }
    assert_eq!(cases, 5);
}
