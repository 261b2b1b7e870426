//! Which changes need no second reading, and what comes of them.

use super::{str, yaml};
use crate::sops::text::{Scalar, What};
use zeroize::Zeroizing;

#[test]
fn lines_of_plain_scalars_need_no_second_reading() {
    for (text, new, certain) in [
        ("a: x\nsops: {}\n", What::Value(str("y z")), Some("a: y z\n")),
        ("a:\n  - x\r\nsops: {}\n", What::Value(str("1")), Some("a:\n  - \"1\"\r\n")),
        ("a: x\nb: y\n", What::Value(str("it's # \\")), Some("a: \"it's # \\\\\"\nb: y\n")),
        ("a: x\nb: y\n", What::Value(str("- x")), Some("a: '- x'\nb: y\n")),
        ("a: x\nb: y\n", What::Value(Scalar::Int(-7)), None),
        ("a: x\nb: y\n", What::Value(Scalar::Int(7)), Some("a: 7\nb: y\n")),
        ("a: x\nb: y\n", What::Value(Scalar::Bool(true)), Some("a: true\nb: y\n")),
        ("# x\na: x\nsops: 1\n", What::Comment(Zeroizing::new(" y".into())), Some("# y\na: x\n")),
        ("a: x # y\n", What::Value(str("z")), None),
        ("a: x\n", What::Value(str("two\nlines")), None),
        ("a: x\n", What::Value(str("\u{e9}")), None),
        ("a: x", What::Value(str("y")), None),
        ("a: \"x\"\n", What::Value(str("y")), None),
        ("a: !!str x\n", What::Value(str("y")), None),
        ("a: &b x\n", What::Value(str("y")), None),
        ("a: {b: x\n }\n", What::Value(str("y")), None),
        ("a: x\n  y\n", What::Value(str("z")), None),
        ("a: &b x\nc: *b\n", What::Value(str("z")), None),
    ] {
        let found = yaml(text).disclosed(0, &[(0, new)]).unwrap();
        assert_eq!(found.as_ref().map(|text| text.as_str()), certain, "{text:?}");
    }
}
