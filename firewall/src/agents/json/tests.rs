use super::*;
use proptest::prelude::*;

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(|n| Json::Number(n.to_string())),
        any::<String>().prop_map(Json::Text),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Json::List),
            proptest::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|map| Json::Map(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(json in any_json()) {
        let line = json.to_string();
        prop_assert_eq!(Json::from(parse(line.as_bytes()).unwrap()), json.clone());
        let pretty = json.pretty(Layout { unit: "\t", newline: "\r\n" }, 0);
        prop_assert_eq!(Json::from(parse_settings(&pretty).unwrap()), json);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
        let _ = parse_settings(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_text_that_looks_like_json_is_read_or_refused(text in r#"[\[\]{}:,"\\a/* u0dD8\n-]{0,60}"#) {
        let strict = parse(text.as_bytes());
        // Whatever the strict reading takes, settings take too.
        if let Ok(node) = strict {
            prop_assert_eq!(parse_settings(&text).unwrap(), node);
        }
    }
}

#[test]
fn mistakes_and_their_places() {
    for (text, mistake, line, col) in [
        ("", Mistake::End, 1, 1),
        ("{", Mistake::End, 1, 2),
        ("{\"a\":1,\n \"a\":2}", Mistake::Twice, 2, 8),
        ("{\"a\" 1}", Mistake::NoColon, 1, 6),
        ("{a:1}", Mistake::NoName, 1, 2),
        ("[1,]", Mistake::NoValue, 1, 4),
        ("[1 2]", Mistake::NoComma, 1, 4),
        ("\"a\nb\"", Mistake::BadString, 1, 3),
        ("\"\\x\"", Mistake::BadString, 1, 3),
        ("\"\\u12g4\"", Mistake::BadString, 1, 3),
        ("01", Mistake::BadNumber, 1, 3),
        ("1.", Mistake::BadNumber, 1, 3),
        ("nul", Mistake::NoValue, 1, 1),
        ("// a\n1", Mistake::NoValue, 1, 1),
        ("{} {}", Mistake::Trailing, 1, 4),
    ] {
        assert_eq!(parse(text.as_bytes()), Err(JsonError { mistake, line, col }), "{text:?}");
    }
    let not_utf8 = parse(b"{\n\"\xff\":1}").unwrap_err();
    assert_eq!((not_utf8.mistake, not_utf8.line, not_utf8.col), (Mistake::NotUtf8, 2, 2));
}

#[test]
fn bounds_hold() {
    let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert!(parse(nested(100).as_bytes()).is_ok());
    assert_eq!(parse(nested(200).as_bytes()).unwrap_err().mistake, Mistake::TooDeep);
    assert_eq!(parse("[".repeat(1 << 20).as_bytes()).unwrap_err().mistake, Mistake::TooDeep);
    let many = format!("[{}1]", "1,".repeat(1 << 18));
    assert_eq!(parse(many.as_bytes()).unwrap_err().mistake, Mistake::TooMany);
    assert_eq!(parse(&vec![b' '; (16 << 20) + 1]).unwrap_err().mistake, Mistake::TooLong);
}

#[test]
fn surrogates_are_joined_or_replaced() {
    for (text, want) in [
        (r#""\ud83d\ude00""#, "\u{1F600}"),
        (r#""\ud83d""#, "\u{FFFD}"),
        (r#""\ude00x""#, "\u{FFFD}x"),
        (r#""\ud83d\u0041""#, "\u{FFFD}A"),
        (r#""\ud83d\ud83d\ude00""#, "\u{FFFD}\u{1F600}"),
    ] {
        assert_eq!(parse(text.as_bytes()).unwrap().text(), Some(want), "{text}");
    }
}

#[test]
fn settings_keep_comments_and_commas() {
    let text = "\u{FEFF}// head\n{ \"a\": [1, /* two */ 2,], }\n";
    let node = parse_settings(text).unwrap();
    assert_eq!(node.get("a").unwrap().items().unwrap().len(), 2);
    assert_eq!(parse_settings("{ /* open").unwrap_err().mistake, Mistake::End);
}
