use super::*;
use crate::sops::node::dotted;

fn json(text: &str) -> JsonText {
    JsonText::parse(text).unwrap()
}

fn path(text: &str) -> Vec<Step> {
    if text.is_empty() { Vec::new() } else { dotted(text).unwrap() }
}

#[test]
fn entries_come_and_go_in_the_layout_that_is_there() {
    let one = Node::text("v");
    for (before, at, after) in [
        ("{\n\t\"a\": 1\n}\n", "b", "{\n\t\"a\": 1,\n\t\"b\": \"v\"\n}\n"),
        (
            "{\n  \"a\": {\n    \"x\": 1\n  }\n}",
            "a.y",
            "{\n  \"a\": {\n    \"x\": 1,\n    \"y\": \"v\"\n  }\n}",
        ),
        ("{ \"a\": 1 }", "b", "{ \"a\": 1, \"b\": \"v\" }"),
        ("{\n\t\"a\": {}\n}", "a.b", "{\n\t\"a\": {\n\t\t\"b\": \"v\"\n\t}\n}"),
        ("{\n\t\"a\": [1]\n}", "a[1]", "{\n\t\"a\": [1, \"v\"]\n}"),
        ("{\n\t\"a\": [\n\t\t1\n\t]\n}", "a[9]", "{\n\t\"a\": [\n\t\t1,\n\t\t\"v\"\n\t]\n}"),
        ("\n{\"a\": 1,\n\"b\": 2}", "c", "\n{\"a\": 1,\n\"b\": 2,\n\t\"c\": \"v\"}"),
        ("{\n\t\"a\": 1\n}", "a", "{\n\t\"a\": \"v\"\n}"),
        ("{\n\t\"a\": 1\n}", "a.b", "{\n\t\"a\": {\n\t\t\"b\": \"v\"\n\t}\n}"),
    ] {
        let mut text = json(before);
        text.set(0, &path(at), &one).unwrap();
        assert_eq!(&**text.render(), after);
    }
    for (before, at, after) in [
        ("{\n\t\"a\": 1,\n\t\"b\": 2\n}", "b", "{\n\t\"a\": 1\n}"),
        ("{\n\t\"a\": 1,\n\t\"b\": 2\n}", "a", "{\n\t\"b\": 2\n}"),
        ("{\n\t\"a\": 1\n}", "a", "{}"),
        ("{\"a\": [1, 2, 3]}", "a[1]", "{\"a\": [1, 3]}"),
    ] {
        let mut text = json(before);
        text.unset(0, &path(at)).unwrap();
        assert_eq!(&**text.render(), after);
    }
}

#[test]
fn what_cannot_be_reached_is_refused() {
    let mut text = json("{\"a\": [1], \"sops\": {}}");
    for at in ["b", "a[1]", "a.b", "sops"] {
        assert!(matches!(text.unset(0, &path(at)), Err(TextError::NotThere(_))), "{at}");
        assert!(matches!(text.tree(0, &path(at)), Err(TextError::NotThere(_))), "{at}");
    }
    assert!(text.set(0, &path("sops.x"), &Node::text("")).is_err());
    assert!(text.set(0, &path("a.x"), &Node::text("")).is_err());
    assert!(text.unset(0, &[]).is_err());
}

#[test]
fn metadata_changes_only_the_lines_that_differ() {
    let metadata = |mac: &str| {
        Node::Map(vec![
            ("age".to_owned(), Node::List(vec![Node::text("x")])),
            ("mac".to_owned(), Node::text(mac)),
        ])
    };
    let plain = "{\n  \"a\": 1\n}\n";
    let mut text = json(plain);
    text.set_metadata(0, Some(&metadata("1"))).unwrap();
    let first = text.render();
    assert_eq!(
        &**first,
        "{\n  \"a\": 1,\n  \"sops\": {\n    \"age\": [\n      \"x\"\n    ],\n    \"mac\": \"1\"\n  }\n}\n"
    );
    text.set_metadata(0, Some(&metadata("2"))).unwrap();
    assert_eq!(*text.render(), first.replace("\"1\"", "\"2\""));
    text.set_metadata(0, None).unwrap();
    assert_eq!(&**text.render(), plain);
    let mut empty = json("{}");
    empty.set_metadata(0, Some(&metadata("1"))).unwrap();
    assert!(empty.metadata(0).unwrap().is_some());
    empty.set_metadata(0, None).unwrap();
    assert_eq!(&**empty.render(), "{}\n");
}

#[test]
fn a_document_on_one_line_is_laid_out_when_metadata_comes() {
    let mut text = json("{\"a\":1e3,\"b\" : [ ] , \"c\":{\"d\":\"\\u00e9\"}}");
    text.lay_out(None).unwrap();
    assert_eq!(
        &**text.render(),
        "{\n\t\"a\": 1e3,\n\t\"b\": [],\n\t\"c\": {\n\t\t\"d\": \"\\u00e9\"\n\t}\n}\n"
    );
}

#[test]
fn numbers_are_floating_unless_that_would_round_them() {
    let leaves =
        json("{\"a\": [1, 1.0, 9007199254740993, 12345678901234567890, -0]}").leaves(0).unwrap();
    let values: Vec<_> = leaves.into_iter().map(|leaf| leaf.what).collect();
    let float = |f: f64| What::Value(Scalar::Float(f));
    assert_eq!(values[..2], [float(1.0), float(1.0)]);
    assert_eq!(values[2], What::Value(Scalar::Int(9_007_199_254_740_993)));
    assert_eq!(values[3], float(12_345_678_901_234_567_890.0));
}

#[test]
fn what_is_no_document_is_refused_with_its_place() {
    for (text, place) in [
        ("", "line 1, column 1: a document begins with `{`"),
        ("[]", "line 1, column 1: a document begins with `{`"),
        ("{\n\"a\" 1}", "line 2, column 5: a colon was expected"),
        ("{\"a\": 1,}", "line 1, column 9: a key was expected"),
        ("{} x", "line 1, column 4: there is something after the document"),
        ("{\"a\": \"\t\"}", "line 1, column 8: a control character in a string"),
        ("{\"a\": 01}", "line 1, column 8: a comma or the end was expected"),
        ("{\"a\": 1e999}", "line 1, column 12: the number is too large"),
    ] {
        assert_eq!(JsonText::parse(text).err().unwrap().to_string(), place);
    }
    let deep = format!("{{\"a\": {}1{}}}", "[".repeat(5000), "]".repeat(5000));
    assert!(JsonText::parse(&deep).is_err());
}

#[test]
fn escapes_are_read_as_go_reads_them() {
    let text = json("{\"a\": \"\\u00e9\\ud83d\\ude00\\ud800x\\/\\b\"}");
    assert_eq!(text.tree(0, &path("a")).unwrap(), Node::text("é😀\u{fffd}x/\u{8}"));
}
