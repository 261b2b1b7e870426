//! The format's own page of schema, and the examples against it.

use crate::instance::schema;
use crate::instance::strategy::arb_instance;
use expect_test::expect_file;
use proptest::prelude::*;
use serde_json::Value;

#[test]
fn the_committed_schema_is_the_one_of_the_types() {
    let text = serde_json::to_string_pretty(&schema()).expect("JSON") + "\n";
    expect_file!["../../../../docs/formats/instance.schema.json"].assert_eq(&text);
}

#[test]
fn every_object_of_the_schema_is_closed_and_every_key_is_described() {
    fn walk(schema: &Value, path: &str, faults: &mut Vec<String>) {
        let Value::Object(map) = schema else { return };
        let object = map.get("type").is_some_and(|kind| kind == "object");
        let closed =
            map.get("additionalProperties").is_some() || map.contains_key("patternProperties");
        if object && !closed {
            faults.push(format!("{path} is open"));
        }
        let keys = map.get("properties").and_then(Value::as_object);
        // The one key of a variant is described by the variant.
        let one = |list: Option<usize>| list == Some(1);
        let variant = map.contains_key("description")
            && one(keys.map(serde_json::Map::len))
            && one(map.get("required").and_then(Value::as_array).map(Vec::len));
        for (name, inner) in keys.into_iter().flatten() {
            if inner.get("description").is_none() && !variant {
                faults.push(format!("{path}.{name} has no description"));
            }
            walk(inner, &format!("{path}.{name}"), faults);
        }
        for list in ["anyOf", "oneOf"] {
            for branch in map.get(list).and_then(Value::as_array).into_iter().flatten() {
                walk(branch, path, faults);
            }
        }
    }
    let schema = schema();
    let mut faults = Vec::new();
    walk(&schema, "", &mut faults);
    for (name, inner) in schema["$defs"].as_object().expect("definitions") {
        walk(inner, name, &mut faults);
    }
    assert_eq!(faults, Vec::<String>::new());
}

/// A judge of the keywords that our schema uses, written against the standard and not against our reader.
#[expect(clippy::too_many_lines, reason = "a flat match with an arm for each keyword")]
fn fits(root: &Value, schema: &Value, value: &Value) -> bool {
    let is = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("type {other}"),
    };
    let Value::Object(keywords) = schema else { return schema == &Value::Bool(true) };
    let list = |of: &Value| of.as_array().cloned().unwrap_or_default();
    keywords.iter().all(|(keyword, rule)| match keyword.as_str() {
        "$schema" | "$defs" | "title" | "description" | "default" | "examples" | "format" => true,
        "$ref" => {
            let name = rule.as_str().and_then(|r| r.strip_prefix("#/$defs/")).expect("local");
            fits(root, &root["$defs"][name], value)
        }
        "type" => match rule {
            Value::String(one) => is(one),
            many => list(many).iter().any(|one| is(one.as_str().expect("type"))),
        },
        "const" => rule == value,
        "enum" => list(rule).contains(value),
        "anyOf" => list(rule).iter().any(|branch| fits(root, branch, value)),
        "oneOf" => list(rule).iter().filter(|branch| fits(root, branch, value)).count() == 1,
        "required" => list(rule)
            .iter()
            .all(|key| !value.is_object() || value.get(key.as_str().unwrap()).is_some()),
        "properties" => rule
            .as_object()
            .unwrap()
            .iter()
            .all(|(key, inner)| value.get(key).is_none_or(|given| fits(root, inner, given))),
        "patternProperties" => {
            let inner = rule.as_object().unwrap().values().next().unwrap();
            value.as_object().into_iter().flatten().all(|(_, given)| fits(root, inner, given))
        }
        "additionalProperties" => {
            let known = |key: &str| {
                keywords.contains_key("patternProperties")
                    || keywords.get("properties").is_some_and(|p| p.get(key).is_some())
            };
            value
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(key, _)| !known(key))
                .all(|(_, given)| fits(root, rule, given))
        }
        "items" => value.as_array().into_iter().flatten().all(|item| fits(root, rule, item)),
        "minimum" => value.as_i64().is_none_or(|n| n >= rule.as_i64().unwrap()),
        "maximum" => value.as_i64().is_none_or(|n| n <= rule.as_i64().unwrap()),
        "minLength" => {
            value.as_str().is_none_or(|t| t.chars().count() as u64 >= rule.as_u64().unwrap())
        }
        "maxLength" => {
            value.as_str().is_none_or(|t| t.chars().count() as u64 <= rule.as_u64().unwrap())
        }
        // Names are judged by their types; a regular expression engine would only repeat them.
        "pattern" => true,
        other => panic!("keyword {other} is not known to this test"),
    })
}

#[test]
fn the_examples_fit_the_schema_and_a_misspelt_key_does_not() {
    let schema = schema();
    for text in [
        include_str!("../../../../examples/manor/instance.yaml"),
        include_str!("../../../../examples/minimal/instance.yaml"),
    ] {
        let value: Value = serde_saphyr::from_str(text).expect("YAML");
        assert!(fits(&schema, &schema, &value));
        let wrong: Value =
            serde_saphyr::from_str(&text.replacen("ports:", "prots:", 1)).expect("YAML");
        assert!(!fits(&schema, &schema, &wrong));
    }
}

proptest! {
    #[test]
    fn a_random_house_fits_the_schema(house in arb_instance()) {
        let (schema, value) = (schema(), serde_json::to_value(&house).expect("JSON"));
        prop_assert!(fits(&schema, &schema, &value), "{}", value);
    }
}
