//! Decisions about packets, one line each.

use super::super::verbs::{Question, check_report, decide_report};
use super::super::{Direction, Machine, Proto};
use expect_test::{Expect, expect};

fn decided(rules: &str, on: &str, proto: Proto, port: u16, from: Option<&str>) -> String {
    let question = Question {
        on: on.to_owned(),
        direction: Direction::In,
        proto,
        port,
        from: from.map(|ip| ip.parse().unwrap()),
        to: None,
    };
    decide_report("pf", rules.as_bytes(), &Machine::unknown(), &question).answer
}

fn check(rules: &str, wanted: &Expect) {
    wanted.assert_eq(&decided(rules, "en1", Proto::Tcp, 1977, Some("192.168.1.9")));
}

#[test]
fn the_last_match_wins_and_quick_ends_the_search() {
    check(
        "",
        &expect![[r#"
        pass: no rule matches
    "#]],
    );
    check(
        "block all\npass in proto tcp to port 1977\n",
        &expect![[r#"
        pass: pf:2: pass in proto tcp from any to any port = 1977 flags S/SA keep state
    "#]],
    );
    check(
        "block quick all\npass in all\n",
        &expect![[r#"
        block: pf:1: block drop quick all
    "#]],
    );
    check(
        "block in on ! en1 all\n",
        &expect![[r#"
        pass: no rule matches
    "#]],
    );
    check(
        "block in on ! en0 all\n",
        &expect![[r#"
        block: pf:1: block drop in on ! en0 all
    "#]],
    );
    check(
        "block in proto tcp to port 8100:8000\n",
        &expect![[r#"
        pass: no rule matches
    "#]],
    );
    check(
        "block in proto tcp to port 1970 >< 1978\n",
        &expect![[r#"
        block: pf:1: block drop in proto tcp from any to any port 1970 >< 1978
    "#]],
    );
    check(
        "block out all\nblock in inet6 all\nblock in proto udp all\n",
        &expect![[r#"
        pass: no rule matches
    "#]],
    );
    check(
        "set skip on en1\nblock all\n",
        &expect![[r#"
        pass: no rule matches
    "#]],
    );
    check(
        "block all fragment\nblock in proto tcp flags A/A\n",
        &expect![[r#"
        pass: no rule matches
    "#]],
    );
}

#[test]
fn every_port_operator_keeps_its_edges() {
    for (ports, inside, outside) in [
        ("= 5", vec![5], vec![4, 6]),
        ("!= 5", vec![4, 6], vec![5]),
        ("< 5", vec![0, 4], vec![5, 6]),
        ("<= 5", vec![0, 5], vec![6]),
        ("> 5", vec![6, 65535], vec![5]),
        (">= 5", vec![5, 65535], vec![4]),
        ("5 >< 9", vec![6, 8], vec![5, 9]),
        ("5 <> 9", vec![4, 10], vec![5, 7, 9]),
        ("5:9", vec![5, 7, 9], vec![4, 10]),
    ] {
        let rules = format!("block in proto udp to port {ports}\n");
        for (wanted, list) in [("block", inside), ("pass", outside)] {
            for port in list {
                let answer = decided(&rules, "en1", Proto::Udp, port, Some("10.0.0.1"));
                assert!(answer.starts_with(wanted), "{ports} at {port}: {answer}");
            }
        }
    }
}

#[test]
fn anchors_in_braces_are_walked_in_place() {
    let inner = "anchor \"x\" in on en1 {\n block quick proto tcp to port 1977\n}\npass all\n";
    check(
        inner,
        &expect![[r#"
        block: pf:2: block drop quick proto tcp from any to any port = 1977
    "#]],
    );
    check(
        &inner.replace("quick ", ""),
        &expect![[r#"
        pass: pf:4: pass all flags S/SA keep state
    "#]],
    );
    check(
        "anchor quick {\n block all\n}\npass all\n",
        &expect![[r#"
        block: pf:2: block drop all
    "#]],
    );
    check(
        &inner.replace("en1", "en0"),
        &expect![[r#"
        pass: pf:4: pass all flags S/SA keep state
    "#]],
    );
}

#[test]
fn tables_and_hosts_compare_addresses() {
    check(
        "table <lan> { 192.168.0.0/16 !192.168.1.0/24 }\nblock in from <lan>\n",
        &expect![[r#"
        pass: no rule matches
    "#]],
    );
    check(
        "table <lan> { 192.168.0.0/16 }\nblock in from <lan>\n",
        &expect![[r#"
        block: pf:2: block drop in from <lan> to any
    "#]],
    );
    check(
        "block in from ! 192.168.1.0/24\n",
        &expect![[r#"
        pass: no rule matches
    "#]],
    );
    check(
        "block in to 10.0.0.1\n",
        &expect![[r#"
        undecidable: it depends on what this file does not say
          line 1: block drop in inet from any to 10.0.0.1
    "#]],
    );
}

#[test]
fn what_the_text_does_not_say_is_not_decided() {
    check(
        "anchor \"com.apple/*\"\nblock quick all\n",
        &expect![[r#"
        undecidable: it depends on what this file does not say
          anchor `com.apple/*` is not part of this text
    "#]],
    );
    check(
        "block in quick from <bad>\n",
        &expect![[r#"
        undecidable: it depends on what this file does not say
          line 1: block drop in quick from <bad> to any
    "#]],
    );
    check(
        "block in proto tcp user 501\nblock all\n",
        &expect![[r#"
        block: pf:2: block drop all
    "#]],
    );
    check(
        "pass in quick proto tcp user 501\nblock all\n",
        &expect![[r#"
        undecidable: it depends on what this file does not say
          line 1: pass in quick proto tcp all user = 501 flags S/SA keep state
    "#]],
    );
    check(
        "rdr on en1 proto tcp to port 1977 -> 127.0.0.1\nblock all\n",
        &expect![[r#"
        undecidable: it depends on what this file does not say
          line 1: rdr on en1 inet proto tcp from any to any port = 1977 -> 127.0.0.1
    "#]],
    );
    check(
        "block all probability 10%\n",
        &expect![[r#"
        undecidable: it depends on what this file does not say
          line 1: block drop all probability 10%
    "#]],
    );
}

#[test]
fn without_addresses_each_family_answers_where_they_differ() {
    let rules = "block in quick inet6 all\n";
    expect![[r#"
        inet: pass: no rule matches
        inet6: block: pf:1: block drop in quick inet6 all
    "#]]
    .assert_eq(&decided(rules, "en1", Proto::Udp, 53, None));
}

#[test]
fn a_refused_file_shows_place_line_and_caret() {
    let report = check_report(
        "pf.conf",
        b"block in on en1 to port 22\npass in al\nblock on\nmatch all\n",
        &Machine::unknown(),
    );
    assert_eq!(report.code, 1);
    expect![[r#"
        pf.conf:1:1: port only applies to tcp/udp
          block in on en1 to port 22
          ^
        pf.conf:2:9: syntax error at `al`
          pass in al
                  ^
        pf.conf:3:9: syntax error at end of line
          block on
                  ^
        pf.conf:4:1: syntax error: `match` starts no statement
          match all
          ^
          hint: macOS has the pf of 2007, which does not know this word
    "#]]
    .assert_eq(&report.remarks);
    let report = check_report("pf", b"block in from <gone>\n", &Machine::unknown());
    assert_eq!((report.code, report.answer.as_str()), (0, "pf: accepted, 1 rules\n"));
    expect![[r#"
        pf:1:16: warning: table <gone> is not defined here and starts empty
          block in from <gone>
                         ^
    "#]]
    .assert_eq(&report.remarks);
}
