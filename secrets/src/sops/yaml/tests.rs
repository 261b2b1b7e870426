//! The YAML format against tables of cases.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use zeroize::Zeroizing;

use super::Yaml;
use crate::sops::text::{Leaf, Node, Scalar, Step, Text, What};

pub(super) fn yaml(text: &str) -> Yaml {
    Yaml::read(Zeroizing::new(text.to_owned())).unwrap()
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
    match Yaml::read(Zeroizing::new(text.to_owned())) {
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
        /l # tail
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
