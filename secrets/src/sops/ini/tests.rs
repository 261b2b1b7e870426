use super::*;
use proptest::prelude::*;

const SAMPLE: &str = "; top\nroot = 1\n\n# above\n[sec] ; behind\n; c1\n\n# c2\nkey = value ; inline\nq=\"x y\"\nm = \"\"\"a\nb\"\"\"\nlong = one \\\n  two\n`odd=name` : 3\nempty =\n\n[other]\n; at the end\n";

fn shown(text: &str) -> Vec<String> {
    let leaves = IniText::parse(text).unwrap().leaves(0).unwrap();
    leaves
        .iter()
        .map(|leaf| {
            let path: Vec<_> = leaf.path.iter().map(|step| format!("{step:?}")).collect();
            let path = path.join("").replace("Key(\"", "[").replace("\")", "]");
            match &leaf.what {
                What::Value(Scalar::Str(value)) => format!("{path}={}", value.as_str()),
                What::Comment(comment) => format!("{path};{}", comment.as_str()),
                What::Value(other) => format!("{path}={other:?}"),
            }
        })
        .collect()
}

#[test]
fn leaves_are_those_that_go_ini_reads() {
    assert_eq!(
        shown(SAMPLE),
        [
            "[DEFAULT][root]=1",
            "[DEFAULT];top",
            "[sec];above\n; behind",
            "[sec][key]=value",
            "[sec];c1\n# c2\n; inline",
            "[sec][q]=x y",
            "[sec][m]=a\nb",
            "[sec][long]=one two",
            "[sec][odd=name]=3",
            "[sec][empty]=",
            "[other];at the end",
        ]
    );
}

#[test]
fn what_is_encrypted_and_decrypted_keeps_the_rest_of_the_text() {
    let mut text = IniText::parse(SAMPLE).unwrap();
    let leaves = text.leaves(0).unwrap();
    let sealed: Vec<_> = leaves
        .iter()
        .enumerate()
        .map(|(at, leaf)| {
            let new = Zeroizing::new(format!("ENC[{at}]"));
            match leaf.what {
                What::Comment(_) => (at, What::Comment(new)),
                What::Value(_) => (at, What::Value(Scalar::Str(new))),
            }
        })
        .collect();
    text.replace(0, &sealed).unwrap();
    assert_eq!(
        &**text.render(),
        "; ENC[1]\nroot = ENC[0]\n\n# ENC[2]\n[sec]\n; ENC[4]\nkey = ENC[3]\nq=ENC[5]\nm = ENC[6]\nlong = ENC[7]\n`odd=name` : ENC[8]\nempty =ENC[9]\n\n[other]\n; ENC[10]\n"
    );
    let metadata = Node::Map(vec![
        ("mac".to_owned(), Node::text("x")),
        ("version".to_owned(), Node::text("3")),
    ]);
    let before = text.render();
    text.set_metadata(0, Some(&metadata)).unwrap();
    assert!(text.render().ends_with("; ENC[10]\n\n[sops]\nmac     = x\nversion = 3\n"));
    assert_eq!(text.leaves(0).unwrap().len(), leaves.len());
    text.set_metadata(0, None).unwrap();
    assert_eq!(text.render(), before);
    let plain: Vec<_> =
        leaves.iter().enumerate().map(|(at, leaf)| (at, leaf.what.clone())).collect();
    text.replace(0, &plain).unwrap();
    assert_eq!(text.leaves(0).unwrap(), leaves);
}

#[test]
fn sections_and_keys_come_and_go() {
    let key = |path: &[&str]| path.iter().map(|k| Step::Key((*k).to_owned())).collect::<Vec<_>>();
    let mut text = IniText::parse("a = 1\n[s]\nb = 2\n\n[sops]\nmac = x\n").unwrap();
    text.set(0, &key(&["s", "c"]), &Node::text("x;y")).unwrap();
    text.set(0, &key(&["t", "d"]), &Node::text(" z ")).unwrap();
    text.set(0, &key(&["s", "b"]), &Node::text("two\nlines")).unwrap();
    text.unset(0, &key(&["DEFAULT", "a"])).unwrap();
    assert_eq!(
        &**text.render(),
        "[s]\nb = \"\"\"two\nlines\"\"\"\nc = `x;y`\n\n[t]\nd = ` z `\n\n[sops]\nmac = x\n"
    );
    text.unset(0, &key(&["s"])).unwrap();
    assert_eq!(&**text.render(), "\n[t]\nd = ` z `\n\n[sops]\nmac = x\n");
    assert!(text.set(0, &key(&["sops", "mac"]), &Node::text("")).is_err());
    assert!(text.set(0, &key(&["a", "b", "c"]), &Node::text("")).is_err());
    assert!(text.unset(0, &key(&["no"])).is_err());
}

#[test]
fn what_stands_behind_a_closing_quote_goes_with_the_value() {
    let new = [(0, What::Value(Scalar::Str(Zeroizing::new("new".to_owned()))))];
    for (before, after) in [
        ("q = `a\nm`b = c\n", "q = new\n"),
        ("q = `a\nm` b ; c\n", "q = new ; c\n"),
        ("q = `a` b\n", "q = new\n"),
        ("q = \"\"\"a\nm\"\"\"b\"\n", "q = new\n"),
    ] {
        let mut text = IniText::parse(before).unwrap();
        text.replace(0, &new).unwrap();
        assert_eq!(&**text.render(), after, "{before}");
    }
}

#[test]
fn what_go_ini_would_join_or_guess_is_refused() {
    for text in ["a=1\na=2", "[s]\n[t]\n[s]", "[s", "- = 1", "word", "=1", "a = \"\"\"x"] {
        assert!(IniText::parse(text).is_err(), "{text}");
    }
    assert_eq!(shown("[DEFAULT]\na = 1\n"), ["[DEFAULT][a]=1"]);
}

proptest! {
    #[test]
    fn a_written_value_is_read_back(value in "[a-z\"'`#; =\\\\\n]{0,9}") {
        let mut text = IniText::parse("[s]\nk = 1\nl = 2\n").unwrap();
        if text.replace(0, &[(0, What::Value(Scalar::Str(Zeroizing::new(value.clone()))))]).is_ok() {
            let leaves = text.leaves(0).unwrap();
            prop_assert_eq!(leaves.len(), 2, "{}", &**text.render());
            prop_assert_eq!(&leaves[0].what, &What::Value(Scalar::Str(Zeroizing::new(value))), "{}", &**text.render());
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-c\\[\\]=:;#\"'`\\\\\n -]{0,40}") {
        if let Ok(read) = IniText::parse(&text) {
            prop_assert!(read.leaves(0).is_ok());
            prop_assert_eq!(&**read.render(), text.as_str());
        }
    }
}
