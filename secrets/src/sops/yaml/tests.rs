//! The YAML format against tables of cases.

mod certain;
mod laws;

use std::fmt::Write as _;

use expect_test::{Expect, expect, expect_file};
use zeroize::Zeroizing;

use super::YamlText;
use crate::sops::text::{Leaf, Node, Scalar, Step, Text, What};

pub(super) fn yaml(text: &str) -> YamlText {
    YamlText::parse(text).unwrap()
}

pub(super) fn str(text: &str) -> Scalar {
    Scalar::Str(Zeroizing::new(text.to_owned()))
}

fn told(leaf: &Leaf) -> String {
    let mut line = String::new();
    for step in &leaf.path {
        match step {
            Step::Key(key) => write!(line, "/{key}").unwrap(),
            Step::Index(number) => write!(line, "/{number}").unwrap(),
        }
    }
    match &leaf.what {
        What::Value(Scalar::Str(text)) => write!(line, " {:?}", text.as_str()).unwrap(),
        What::Value(Scalar::Time(text)) => write!(line, " time {}", text.as_str()).unwrap(),
        What::Value(other) => write!(line, " {other:?}").unwrap(),
        What::Comment(text) => write!(line, " #{}", text.as_str()).unwrap(),
    }
    line
}

fn leaves(text: &str, expected: &Expect) {
    let mut lines = String::new();
    match YamlText::parse(text) {
        Ok(yaml) => {
            for document in 0..yaml.documents() {
                match yaml.leaves(document) {
                    Ok(leaves) => lines.extend(leaves.iter().map(|leaf| told(leaf) + "\n")),
                    Err(error) => writeln!(lines, "error: {error}").unwrap(),
                }
            }
        }
        Err(error) => writeln!(lines, "error: {error}").unwrap(),
    }
    expected.assert_eq(&lines);
}

const HOUSE: &str = "\
# head one
# head two

a: 1 # inline
b: # after key
    c: x
    # foot of c
d:
    - one # l1
    # before two
    - two
# before lit
lit: |
    line1

    line2
e: \"q\"
em: \"\"
n: null
empty:
t: 2026-03-29
u_unencrypted: yes
x: &anc {k: v}
y: *anc
<<: *anc
z: !foo 12
zz: ! 13
bin: !!binary aGVsbG8=
w: !!str 12
l:
- &q m
-
- - n
- k: v
  o: [1, {p: , q}]
# tail
";

#[test]
fn leaves_of_a_house() {
    leaves(
        HOUSE,
        &expect![[r#"
             # head one
             # head two
             # inline
            /a Int(1)
             # after key
            /b/c "x"
            /b # foot of c
            /d # l1
            /d/0 "one"
            /d # before two
            /d/1 "two"
             # before lit
            /lit "line1\n\nline2\n"
            /e "q"
            /em ""
            /n Null
            /empty Null
            /t time 2026-03-29T00:00:00Z
            /u_unencrypted "yes"
            /x/k "v"
            /y/k "v"
            /<</k "v"
            /z "12"
            /zz Int(13)
            /bin "hello"
            /w "12"
            /l/0 "m"
            /l/1 Null
            /l/2/0 "n"
            /l/3/k "v"
            /l/3/o/0 Int(1)
            /l/3/o/1/p Null
            /l/3/o/1/q Null
             # tail
        "#]],
    );
}

fn metadata() -> Node {
    let recipient = Node::Map(vec![
        (String::from("recipient"), Node::Scalar(str("age1x"))),
        (String::from("enc"), Node::Scalar(str("-----BEGIN\nabc\n-----END\n"))),
    ]);
    Node::Map(vec![
        (String::from("age"), Node::List(vec![recipient])),
        (String::from("lastmodified"), Node::Scalar(str("2026-11-22T11:51:21Z"))),
        (String::from("mac"), Node::Scalar(str("ENC[AES256_GCM,data:x,type:str]"))),
        (String::from("version"), Node::Scalar(str("3.11.0"))),
    ])
}

/// Every leaf gets a cipher text's shape.
fn sealed(leaves: &[Leaf]) -> Vec<(usize, What)> {
    let seal = |(number, leaf): (usize, &Leaf)| match &leaf.what {
        What::Comment(_) => (number, What::Comment(Zeroizing::new(format!("ENC[c{number}]")))),
        What::Value(_) => {
            (number, What::Value(str(&format!("ENC[AES256_GCM,data:{number},type:str]"))))
        }
    };
    leaves.iter().enumerate().map(seal).collect()
}

#[test]
fn every_leaf_replaced() {
    let mut yaml = yaml(HOUSE);
    yaml.replace(0, &sealed(&yaml.leaves(0).unwrap())).unwrap();
    yaml.set_metadata(0, Some(&metadata())).unwrap();
    assert_eq!(yaml.metadata(0).unwrap(), Some(metadata()));
    expect![[r##"
        #ENC[c0]
        #ENC[c1]

        a: ENC[AES256_GCM,data:3,type:str] #ENC[c2]
        b: #ENC[c4]
            c: ENC[AES256_GCM,data:5,type:str]
            #ENC[c6]
        d:
            - ENC[AES256_GCM,data:8,type:str] #ENC[c7]
            #ENC[c9]
            - ENC[AES256_GCM,data:10,type:str]
        #ENC[c11]
        lit: ENC[AES256_GCM,data:12,type:str]
        e: ENC[AES256_GCM,data:13,type:str]
        em: ENC[AES256_GCM,data:14,type:str]
        n: ENC[AES256_GCM,data:15,type:str]
        empty: ENC[AES256_GCM,data:16,type:str]
        t: ENC[AES256_GCM,data:17,type:str]
        u_unencrypted: ENC[AES256_GCM,data:18,type:str]
        x: {k: 'ENC[AES256_GCM,data:19,type:str]'}
        y:
            k: ENC[AES256_GCM,data:20,type:str]
        <<:
            k: ENC[AES256_GCM,data:21,type:str]
        z: ENC[AES256_GCM,data:22,type:str]
        zz: ENC[AES256_GCM,data:23,type:str]
        bin: ENC[AES256_GCM,data:24,type:str]
        w: ENC[AES256_GCM,data:25,type:str]
        l:
        - ENC[AES256_GCM,data:26,type:str]
        - ENC[AES256_GCM,data:27,type:str]
        - - ENC[AES256_GCM,data:28,type:str]
        - k: ENC[AES256_GCM,data:29,type:str]
          o: ['ENC[AES256_GCM,data:30,type:str]', {p: 'ENC[AES256_GCM,data:31,type:str]' , q: 'ENC[AES256_GCM,data:32,type:str]'}]
        #ENC[c33]
        sops:
            age:
                - recipient: age1x
                  enc: |
                    -----BEGIN
                    abc
                    -----END
            lastmodified: "2026-11-22T11:51:21Z"
            mac: ENC[AES256_GCM,data:x,type:str]
            version: 3.11.0
    "##]].assert_eq(&yaml.render());
}

fn resolved(tagged: &str) -> String {
    match YamlText::parse(&format!("a: {tagged}\n")).and_then(|yaml| yaml.leaves(0)) {
        Ok(leaves) => {
            leaves.first().map(told).unwrap_or_default().trim_start_matches("/a ").to_owned()
        }
        Err(error) => error.to_string(),
    }
}

const SCALARS: &str = "\
1_000|0x1F|0o17|017|08|0b101|-0b11|+0x1f|0777|1_0.5|1e3|.5|.5_0|._5|1.|.e3|1.0|1e21|1e309|.inf|-.INF|.nan|0x|0b2|1:20|\
9223372036854775807|-9223372036854775808|-9223372036854775809|9223372036854775808|+9223372036854775808|18446744073709551616|\
yes|no|on|off|y|True|TRUE|tRUE|false|~|null|NULL|nULL||<<|=|e3|inf|\
2026-03-29|2026-3-9|2026-03-29T10:11:12.5+02:00|2026-03-29t1:2:3Z|2026-03-29  10:11:12.120|2026-03-29T10:11:12|2026-02-30|\
2026-03-29T10:11:12,5Z|2026-03-29T10:11:12+00:00|2026-03-29T24:00:00Z|12345-01-01|\"2026-03-29\"|'1'|\
!!str 1|!!int \"12\"|!!float 1|!!float \"1e3\"|!!bool true|!!bool yes|!!int foo|!!int 1.5|!!null \"\"|!!null x|!!binary aGVsbG8=|\
!!binary \"@@\"|!!timestamp \"2026-03-29\"|!foo 12|! 12|! \"12\"|!<tag:yaml.org,2002:int> \"7\"";

/// Each line was compared with what sops 3.11.0 hashes into the MAC of a document that holds it in cleartext.
#[test]
fn scalars_are_resolved_as_go_yaml_v3_does() {
    let table: String =
        SCALARS.split('|').map(|case| format!("{case} -> {}\n", resolved(case))).collect();
    expect_file!["tests/resolved.txt"].assert_eq(&table);
}

const TEXTS: &[&str] = &[
    "",
    "plain",
    "two words",
    "1",
    "1_000",
    "true",
    "yes",
    "No",
    "null",
    "~",
    "2026-03-29",
    "1:20",
    "<<",
    "=",
    "- a",
    "-a",
    "-",
    "?x",
    "a: b",
    "a:b",
    "a:",
    "a #b",
    "a#b",
    "#a",
    " a",
    "a ",
    "a, b",
    "[a]",
    "{a}",
    "*a",
    "&a",
    "!a",
    "%a",
    "@a",
    "`a",
    "it's",
    "'q'",
    "say \"x\"",
    "back\\slash",
    "tab\there",
    "bell\u{7}",
    "nbsp\u{a0}",
    "nel\u{85}",
    "\u{feff}bom",
    "smile \u{1f600}",
    "\u{fffe}",
    "cr\rlf\r\n",
    "---",
    "... x",
    "a\nb",
    "a\nb\n",
    "a\n\nb\n\n",
    " a\nb",
    "\na",
    "a\n ",
    "a\n\tb",
    "\n",
    "a\n# b\n",
    "ENC[AES256_GCM,data:x,type:str]",
    "0x1F",
    ".inf",
    "1e3",
    "-----BEGIN X-----\nab\n",
];

/// What a decrypted value becomes in place of `ENC[..]`, in block and in flow style.
#[test]
fn a_value_is_quoted_as_it_needs() {
    let mut table = String::new();
    for text in TEXTS {
        let mut yaml =
            yaml("m:\n  a: ENC[x]\n  b: [ENC[x]]\n".replace("[ENC[x]]", "['x']").as_str());
        yaml.replace(0, &[(0, What::Value(str(text))), (1, What::Value(str(text)))]).unwrap();
        let rendered = yaml.render();
        let (block, flow) =
            rendered.trim_start_matches("m:\n  a: ").rsplit_once("\n  b: ").unwrap();
        writeln!(table, "{text:?} -> {block} -> {}", flow.trim_end()).unwrap();
    }
    expect_file!["tests/quoted.txt"].assert_eq(&table);
}

#[test]
fn other_scalars_are_plain_and_keep_their_type() {
    let moment = |text: &str| Scalar::Time(Zeroizing::new(text.to_owned()));
    let scalars = [
        Scalar::Int(-7),
        Scalar::Float(1.0),
        Scalar::Float(0.1),
        Scalar::Float(1e21),
        Scalar::Float(1e-7),
        Scalar::Float(-0.0),
        Scalar::Float(f64::INFINITY),
        Scalar::Float(f64::MAX),
        Scalar::Bool(true),
        Scalar::Null,
        moment("2026-03-29T00:00:00Z"),
        moment("2026-03-29T10:11:12.5+02:00"),
    ];
    let mut table = String::new();
    for scalar in scalars {
        let mut yaml = yaml("a: x\n");
        yaml.replace(0, &[(0, What::Value(scalar))]).unwrap();
        table.push_str(&yaml.render());
    }
    expect![[r#"
        a: -7
        a: 1.0
        a: 0.1
        a: 1e21
        a: 1e-7
        a: -0.0
        a: .inf
        a: 1.7976931348623157e308
        a: true
        a: null
        a: 2026-03-29T00:00:00Z
        a: 2026-03-29T10:11:12.5+02:00
    "#]]
    .assert_eq(&table);
}

const REFUSED: &[&str] = &[
    "- a\n",
    "x\n",
    "",
    "# only\n",
    "---\n",
    "{}\n",
    "a: 1\na: 2\n",
    "b:\n  a: 1\n  a: 2\n",
    "a: 1\n\"a\": 2\n",
    "? [a]\n: b\n",
    "? {a: b}\n: c\n",
    "1: a\n",
    "true: a\n",
    "~: a\n",
    "2026-01-01: a\n",
    "\"1\": a\n",
    "!!str 1: a\n",
    "a: &x [*x]\n",
    "a: *x\n",
    "%YAML 1.2\n---\na: 1\n",
    "%YAML 1.1\n---\na: 1\n",
    "a: 1\n<<<<<<< HEAD\nb: 1\n",
    "a: 1\n=======\nb: 1\n",
    "a: |\n  =======\n",
    "a: 1\n>>>>>>> x\n",
    "a: 1\n||||||| x\n",
    "a: \"x\n",
    "a: [1\n",
    "a: b: c\n",
    "\ta: 1\n",
    "a:\t1\n",
    "a: 1\n---\n- x\n",
    "\u{feff}a: 1\n",
    "a: 1\r\nb: |\r\n  x\r\n",
    "? a",
    "? a\n:",
    "a:\n-",
    "a: |",
    "a: !!str",
    "a: &x",
    "{a",
    "{a}",
];

#[test]
fn what_is_refused() {
    let mut table = String::new();
    for text in REFUSED {
        let told = match YamlText::parse(text) {
            Err(error) => error.to_string(),
            Ok(yaml) => {
                let documents = (0..yaml.documents()).map(|document| {
                    yaml.leaves(document)
                        .map(|leaves| leaves.iter().map(told).collect::<Vec<_>>().join(", "))
                });
                documents
                    .map(|told| told.unwrap_or_else(|error| error.to_string()))
                    .collect::<Vec<_>>()
                    .join(" --- ")
            }
        };
        writeln!(table, "{text:?} -> {told}").unwrap();
    }
    expect_file!["tests/refused.txt"].assert_eq(&table);
}

#[test]
fn bombs_and_depths_are_refused() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{below}]").unwrap();
    }
    for text in [
        bomb,
        format!("a: {}{}\n", "[".repeat(5000), "]".repeat(5000)),
        (0..5000).fold(String::new(), |text, depth| text + &" ".repeat(depth) + "a:\n"),
    ] {
        assert!(YamlText::parse(&text).and_then(|yaml| yaml.leaves(0)).is_err());
    }
}

/// Path steps parted by blanks; a number is a place in a list.
fn path(text: &str) -> Vec<Step> {
    text.split_whitespace()
        .map(|step| step.parse().map_or_else(|_| Step::Key(step.to_owned()), Step::Index))
        .collect()
}

fn edited(text: &str, at: &str, value: Option<Node>) -> String {
    let mut yaml = yaml(text);
    let result = match value {
        Some(value) => yaml.set(0, &path(at), &value),
        None => yaml.unset(0, &path(at)),
    };
    result.map_or_else(|error| error.to_string(), |()| yaml.render().to_string())
}

fn scalar() -> Node {
    Node::Scalar(str("v"))
}

fn map() -> Node {
    let inner = Node::Map(vec![(String::from("z"), Node::Scalar(Scalar::Int(2)))]);
    Node::Map(vec![
        (String::from("x"), Node::Scalar(str("1"))),
        (String::from("y"), Node::List(vec![scalar(), inner])),
    ])
}

#[test]
fn entries_are_set_in_the_style_of_their_surroundings() {
    let cases: Vec<(&str, &str, Node)> = vec![
        ("a: 1 # c\n", "a", scalar()),
        ("a: 1 # c\nb: 2\n", "a", map()),
        ("a:\n  b: 1 # c\n  # foot\nd: 1\n", "a c", scalar()),
        ("a:\n- 1\n- 2\nd: 1", "a 2", scalar()),
        ("a:\n- 1\n- k: 2\n", "a 1 j", map()),
        ("a: [1, 2,]\n", "a 2", scalar()),
        ("a: {b: 1}\n", "a c", map()),
        ("a: {}\n", "a c", scalar()),
        ("a: []\n", "a 0", map()),
        ("{}\n", "a b", scalar()),
        ("--- {}\n...\n", "a b", scalar()),
        ("--- # c\n", "a b", scalar()),
        ("a:\nb:\n", "a b c", scalar()),
        ("a: x\nsops:\n  mac: 1\n", "b", map()),
        ("a: &x {b: 1}\nc: *x\n", "c b", scalar()),
        ("a: |\n  text\nb: 1\n", "a", scalar()),
        ("a: 1\r\n", "b c", scalar()),
        ("a:\n  - b:\n      - 1\n", "a 0 b 1", scalar()),
        ("a: !!int 1\nb: &x 2\n", "a", Node::Scalar(Scalar::Bool(true))),
        ("{a: 1, b}\n", "b", scalar()),
        ("a: 1\n", "sops", scalar()),
        ("a: 1\n", "", map()),
    ];
    let mut table = String::new();
    for (text, at, value) in cases {
        writeln!(table, "{at}: {text:?}\n{}", edited(text, at, Some(value)).replace('\r', "\\r"))
            .unwrap();
    }
    expect_file!["tests/set.txt"].assert_eq(&table);
}

#[test]
fn entries_are_taken_away_with_their_lines() {
    let cases = [
        ("a: 1\nb: 2 # c\n# d\nc: 3\n", "b"),
        ("a: 1\n", "a"),
        ("a:\n  b: 1\nc: 2\n", "a b"),
        ("a:\n- 1\n- 2\n- 3\n", "a 1"),
        ("a:\n- 1\n", "a 0"),
        ("a: # x:\n- 1\n", "a 0"),
        ("# x:\na: 1\n", "a"),
        ("a:\n- b: 1\n  c: 2\n", "a 0 b"),
        ("a:\n- b: 1 # x\n  c: 2\n", "a 0 b"),
        ("a: [1, 2, 3]\n", "a 0"),
        ("a: [1, 2, 3]\n", "a 2"),
        ("a: {b: 1}\n", "a b"),
        ("a: |\n  x\n\nb: 1\n", "a"),
        ("a: 1\nb: 2", "b"),
        ("a: 1\n", "b"),
        ("a:\n  b:\n    c: 1\n", "a b"),
    ];
    let table: String = cases
        .iter()
        .map(|(text, at)| format!("{at}: {text:?} -> {:?}\n", edited(text, at, None)))
        .collect();
    expect![[r##"
        b: "a: 1\nb: 2 # c\n# d\nc: 3\n" -> "a: 1\n# d\nc: 3\n"
        a: "a: 1\n" -> " {}\n"
        a b: "a:\n  b: 1\nc: 2\n" -> "a: {}\nc: 2\n"
        a 1: "a:\n- 1\n- 2\n- 3\n" -> "a:\n- 1\n- 3\n"
        a 0: "a:\n- 1\n" -> "a: []\n"
        a 0: "a: # x:\n- 1\n" -> "a: # x:\n []\n"
        a: "# x:\na: 1\n" -> "# x:\n {}\n"
        a 0 b: "a:\n- b: 1\n  c: 2\n" -> "a:\n- c: 2\n"
        a 0 b: "a:\n- b: 1 # x\n  c: 2\n" -> "a:\n-  # x\n  c: 2\n"
        a 0: "a: [1, 2, 3]\n" -> "a: [2, 3]\n"
        a 2: "a: [1, 2, 3]\n" -> "a: [1, 2]\n"
        a b: "a: {b: 1}\n" -> "a: {}\n"
        a: "a: |\n  x\n\nb: 1\n" -> "\nb: 1\n"
        b: "a: 1\nb: 2" -> "a: 1\n"
        b: "a: 1\n" -> "there is nothing at [\"b\"]"
        a b: "a:\n  b:\n    c: 1\n" -> "a: {}\n"
    "##]]
    .assert_eq(&table);
}

#[test]
fn comments_that_the_original_keeps_as_items_become_comments() {
    let sealed = "a:\n    - ENC[AES256_GCM,data:1,type:comment]\n    - ENC[AES256_GCM,data:2,type:str]\nb:\n    - ENC[AES256_GCM,data:3,type:comment]\nc: 1\n";
    let mut yaml = yaml(sealed);
    let comment = |text: &str| What::Comment(Zeroizing::new(text.to_owned()));
    yaml.replace(0, &[(0, comment(" one")), (1, What::Value(str("v"))), (2, comment(" two"))])
        .unwrap();
    expect![[r#"
        a:
            # one
            - v
        b:
            # two
            []
        c: 1
    "#]]
    .assert_eq(&yaml.render());
    assert!(yaml.replace(0, &[(4, comment(" c"))]).is_err());
}

#[test]
fn a_document_is_composed_as_the_original_writes_it() {
    let composed = YamlText::compose(
        &Node::Map(vec![
            (String::from("sops"), metadata()),
            (String::from("yes"), Node::Map(Vec::new())),
        ]),
        None,
    );
    expect![[r#"
        sops:
            age:
                - recipient: age1x
                  enc: |
                    -----BEGIN
                    abc
                    -----END
            lastmodified: "2026-11-22T11:51:21Z"
            mac: ENC[AES256_GCM,data:x,type:str]
            version: 3.11.0
        "yes": {}
    "#]]
    .assert_eq(&composed.unwrap().render());
    assert_eq!(
        YamlText::compose(&Node::Map(Vec::new()), Some(2)).unwrap().render().as_str(),
        "{}\n"
    );
    assert!(YamlText::compose(&Node::List(Vec::new()), None).is_err());
}

#[test]
fn documents_are_apart() {
    let mut yaml = yaml("a: 1\n---\n# two\nb: 2\n...\n---\nc: 3");
    assert_eq!(yaml.documents(), 3);
    for document in 0..3 {
        yaml.set_metadata(
            document,
            Some(&Node::Map(vec![(String::from("mac"), Node::Scalar(str("m")))])),
        )
        .unwrap();
    }
    expect![[r#"
        a: 1
        sops:
            mac: m
        ---
        # two
        b: 2
        sops:
            mac: m
        ...
        ---
        c: 3
        sops:
            mac: m
    "#]]
    .assert_eq(&yaml.render());
    assert!(yaml.leaves(3).is_err());
}

/// A literal block is written only where it takes in nothing that follows.
#[test]
fn a_block_takes_in_nothing_that_follows() {
    let texts = [
        "a: x\n# c\n",
        "a: x\n    # c\n",
        "a: x\n\n      # c\nb: 1\n",
        "a: x\n  # c\n",
        "a: x\n          \nb: 1\n",
        "a: x # c\n\nb: 1",
        "a:\n  b:\n  - x\n    # c\n",
        "a:\n  x\n",
    ];
    let mut table = String::new();
    for text in texts {
        let mut yaml = yaml(text);
        let leaves = yaml.leaves(0).unwrap();
        let x = leaves.iter().position(|leaf| leaf.what == What::Value(str("x"))).unwrap();
        yaml.replace(0, &[(x, What::Value(str("one\ntwo\n")))]).unwrap();
        writeln!(table, "{text:?} -> {:?}", yaml.render().as_str()).unwrap();
    }
    expect![[r#"
        "a: x\n# c\n" -> "a: |\n    one\n    two\n# c\n"
        "a: x\n    # c\n" -> "a: \"one\\ntwo\\n\"\n    # c\n"
        "a: x\n\n      # c\nb: 1\n" -> "a: \"one\\ntwo\\n\"\n\n      # c\nb: 1\n"
        "a: x\n  # c\n" -> "a: |\n    one\n    two\n  # c\n"
        "a: x\n          \nb: 1\n" -> "a: \"one\\ntwo\\n\"\n          \nb: 1\n"
        "a: x # c\n\nb: 1" -> "a: | # c\n    one\n    two\n\nb: 1"
        "a:\n  b:\n  - x\n    # c\n" -> "a:\n  b:\n  - \"one\\ntwo\\n\"\n    # c\n"
        "a:\n  x\n" -> "a:\n  |\n    one\n    two\n"
    "#]]
    .assert_eq(&table);
}

/// As the original does whenever it writes; here only in a document where something is written.
#[test]
fn aliases_are_expanded_when_a_leaf_is_written() {
    let texts = [
        "a: &x v\nb: *x\n",
        "a: &x {k: v}\nb: *x # c\n# d\n\ne:\n- 1\n",
        "a: &x\n  k: v\n  l:\n  - &y 2\nb: {m: *x, n: [*y]}\n",
        "a: &x [1]\nb: *x\n#\n\nc:\n- 1\n",
        "&k a: v\nb: {*k : 1}\n",
        "a: &x 1_000\nb:\n- *x\n- - *x\n",
        "a: [&x , *x]\n",
        "a: &x {k: v}\n<<: *x\n",
        "a: &x v\n",
        "a: &x |\n  t\nb: *x\n",
    ];
    let mut table = String::new();
    for text in texts {
        let mut yaml = yaml(text);
        yaml.set_metadata(0, None).unwrap();
        assert_eq!(yaml.render().as_str(), text);
        let leaves = yaml.leaves(0).unwrap();
        yaml.replace(0, &[(0, leaves[0].what.clone())]).unwrap();
        assert_eq!(leaves, yaml.leaves(0).unwrap());
        writeln!(table, "{text:?} -> {:?}", yaml.render().as_str()).unwrap();
    }
    expect![[r#"
        "a: &x v\nb: *x\n" -> "a: v\nb: v\n"
        "a: &x {k: v}\nb: *x # c\n# d\n\ne:\n- 1\n" -> "a: {k: v}\nb: # c\n    k: v\n# d\n\ne:\n- 1\n"
        "a: &x\n  k: v\n  l:\n  - &y 2\nb: {m: *x, n: [*y]}\n" -> "a:\n  k: v\n  l:\n  - 2\nb: {m: {k: v, l: [2]}, n: [2]}\n"
        "a: &x [1]\nb: *x\n#\n\nc:\n- 1\n" -> "a: [1]\nb:\n    - 1\n#\n\nc:\n- 1\n"
        "&k a: v\nb: {*k : 1}\n" -> "a: v\nb: {a : 1}\n"
        "a: &x 1_000\nb:\n- *x\n- - *x\n" -> "a: 1000\nb:\n- 1000\n- - 1000\n"
        "a: [&x , *x]\n" -> "a: [null , null]\n"
        "a: &x {k: v}\n<<: *x\n" -> "a: {k: v}\n<<:\n    k: v\n"
        "a: &x v\n" -> "a: &x v\n"
        "a: &x |\n  t\nb: *x\n" -> "a: |\n    t\nb: |\n    t\n"
    "#]].assert_eq(&table);
}

#[test]
fn white_space_at_the_end_of_a_block_goes_with_it() {
    let mut yaml = yaml("a: |-\n  y\n  x\t \n\nb: 1\n");
    yaml.replace(0, &[(0, What::Value(str("z")))]).unwrap();
    assert_eq!(yaml.render().as_str(), "a: z\n\nb: 1\n");
}

/// Each was compared with the path under which sops 3.11.0 encrypts the comment.
#[test]
fn comments_belong_to_the_branch_that_the_original_takes() {
    let texts = [
        "b: # at\n  c: 1\n",
        "b:\n  c: 1\n  # foot\nd: 1\n",
        "b:\n  c: 1\n# head\nd: 1\n",
        "b:\n  # head\n  c: 1\n",
        "b:\n# head\n  c: 1\n",
        "b:\n\n  # head\n\n  c: 1\n",
        "b:\n  # alone\nc: 1\n",
        "a:\n  b:\n    c: 1\n    # deep\n\n  # mid\n\n# root\ne: 1\n",
        "l:\n- # of the list\n  x: 1 # of the map\n# mid\n- 2 # item\nz: 1\n",
        "l:\n- 1\n# foot\n\nz: 1\n",
        "l:\n- 1\n# head\nz: 1\n",
        "a: [1, # one\n  # own\n  2] # end\nb: {} # empty\n",
        "a: {\n  # inside\n}\n",
        "a: | # block\n  x\n",
        "a:\n- b: |\n    x\n  # deeper\n      # still\n# out\nc: 1\n",
        "# one\n\n# two\na: 1\n# end\n---\n# next\nb: 1\n",
        "a:\n  b:\n    c: 1\n\n  # apart\nd: 1\n",
        "a:\n- 1\n\n  # apart\nd: 1\n",
        "a:\n  b: 1\n  # foot\n\n  # head\nd: 1\n",
    ];
    let told = |yaml: &YamlText, document: usize| {
        let leaves = yaml.leaves(document).unwrap();
        leaves
            .iter()
            .filter(|leaf| matches!(leaf.what, What::Comment(_)))
            .map(told)
            .collect::<Vec<_>>()
            .join(",")
    };
    let mut table = String::new();
    for text in texts {
        let yaml = yaml(text);
        let comments: Vec<_> =
            (0..yaml.documents()).map(|document| told(&yaml, document)).collect();
        writeln!(table, "{text:?} ->{}", comments.join(" |")).unwrap();
    }
    expect![[r##"
        "b: # at\n  c: 1\n" -> # at
        "b:\n  c: 1\n  # foot\nd: 1\n" ->/b # foot
        "b:\n  c: 1\n# head\nd: 1\n" -> # head
        "b:\n  # head\n  c: 1\n" ->/b # head
        "b:\n# head\n  c: 1\n" ->/b # head
        "b:\n\n  # head\n\n  c: 1\n" ->/b # head
        "b:\n  # alone\nc: 1\n" -> # alone
        "a:\n  b:\n    c: 1\n    # deep\n\n  # mid\n\n# root\ne: 1\n" ->/a/b # deep,/a # mid, # root
        "l:\n- # of the list\n  x: 1 # of the map\n# mid\n- 2 # item\nz: 1\n" ->/l # of the list,/l/0 # of the map,/l # mid,/l # item
        "l:\n- 1\n# foot\n\nz: 1\n" ->/l # foot
        "l:\n- 1\n# head\nz: 1\n" -> # head
        "a: [1, # one\n  # own\n  2] # end\nb: {} # empty\n" ->/a # one,/a # end,/a # own,/b # empty
        "a: {\n  # inside\n}\n" ->/a # inside
        "a: | # block\n  x\n" -> # block
        "a:\n- b: |\n    x\n  # deeper\n      # still\n# out\nc: 1\n" ->/a/0 # deeper,/a/0 # still, # out
        "# one\n\n# two\na: 1\n# end\n---\n# next\nb: 1\n" -> # one, # two, # end | # next
        "a:\n  b:\n    c: 1\n\n  # apart\nd: 1\n" ->/a/b # apart
        "a:\n- 1\n\n  # apart\nd: 1\n" ->/a # apart
        "a:\n  b: 1\n  # foot\n\n  # head\nd: 1\n" ->/a # foot, # head
    "##]].assert_eq(&table);
}
