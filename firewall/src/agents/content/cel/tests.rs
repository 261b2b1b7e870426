//! The parser that rules are read with against the default one of the same crate, which is the language's own grammar.

use super::{CelRule, Facts};
use crate::agents::content::Action;
use cel::{Context, Program, Value};
use proptest::prelude::*;

fn facts() -> Facts {
    Facts {
        tool_name: "mcp__files__read".to_owned(),
        paths: vec!["/etc/a b".to_owned(), "/srv/ü".to_owned()],
        payload_size: 2000,
    }
}

/// What the grammar's own parser and the same interpreter make of it; none where any of it fails.
fn oracle(expression: &str) -> Option<bool> {
    let program = Program::compile(expression).ok()?;
    let facts = facts();
    let mut context = Context::default();
    context.add_variable_from_value("tool_name", facts.tool_name);
    context.add_variable_from_value("paths", facts.paths);
    context.add_variable_from_value("payload_size", facts.payload_size);
    match program.execute(&context) {
        Ok(Value::Bool(holds)) => Some(holds),
        _ => None,
    }
}

fn ours(expression: &str) -> Option<bool> {
    let rule = CelRule { expression: expression.to_owned(), action: Action::Deny, settles: true };
    rule.holds(&facts()).ok()
}

/// Expressions as people write rules, and with a mistake in some of them.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "tool_name",
        "paths",
        "payload_size",
        "payload_size > 1000",
        "payload_size - 1 == 1999",
        "-payload_size < 0",
        "tool_name.startsWith('mcp__')",
        "tool_name.contains(\"files\")",
        "tool_name.endsWith(r'read')",
        "tool_name.matches('^mcp__[a-z]+__(read|write)$')",
        "tool_name in ['a', 'mcp__files__read']",
        "size(paths) == 2",
        "paths.size() >= 3",
        "paths[0] == '/etc/a b'",
        "paths[7] == ''",
        "paths.exists(p, p.startsWith('/etc'))",
        "paths.all(p, p != '')",
        "paths.exists_one(p, p.contains('\\u00fc'))",
        "paths.filter(p, p.contains('etc')).size() == 1",
        "paths.map(p, size(p)) == [8, 6]",
        "has(tool_name.x)",
        "true",
        "false",
        "null",
        "1",
        "0x10 == 16",
        "2u < 3u",
        "1.5e3 == 1500.0",
        "'a' + 'b' == 'ab'",
        "'''x''' == \"x\"",
        "b'ab' == b\"ab\"",
        "{'a': 1}['a'] == 1",
        "{'a': 1}.a == 1",
        "type(1) == int",
        "string(1) == '1'",
        "nothing",
        "7 / 0 == 1",
        "9223372036854775807 * 2 == 1",
        "true // a comment",
        "'",
        "== 1",
        "in",
        "for",
        "a.b.c",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} && {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}||{b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) == ({b})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("{a} ? {b} : {c}")),
            inner.clone().prop_map(|a| format!("!({a})")),
            inner.clone().prop_map(|a| format!("!{a}")),
            inner.clone().prop_map(|a| format!("(\n{a}\t)")),
            inner.prop_map(|a| format!("{a} ]")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn what_our_parser_lets_hold_holds_by_the_grammar_too(expression in expression()) {
        // A rule that we refuse is denied, so it may be refused more often, but never answered otherwise.
        if let Some(holds) = ours(&expression) {
            prop_assert_eq!(Some(holds), oracle(&expression), "{}", expression);
        }
    }
}

#[test]
fn rules_as_people_write_them_are_answered_as_by_the_grammar() {
    for expression in [
        "tool_name == 'mcp__files__read' && payload_size > 10",
        "tool_name.startsWith('mcp__') || payload_size > 1000 && false",
        "!(tool_name in ['x', 'y']) && paths.all(p, !p.startsWith('/root'))",
        "paths.exists(p, p.matches('^/(etc|srv)/')) ? payload_size < 4096 : true",
        "size(paths) > 0 && paths[0].endsWith('b') // the first",
        "payload_size % 7 == 5 && payload_size * 2 >= 4000 && -1 < 0",
        "[1, 2, 3].filter(n, n > 1) == [2, 3]",
        "{'a': 'b'}['a'] == 'b' && \"\\x41\" == 'A'",
    ] {
        let want = oracle(expression);
        assert!(want.is_some(), "{expression}");
        assert_eq!(ours(expression), want, "{expression}");
    }
}
