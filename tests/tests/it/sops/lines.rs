//! What changes in a file when one value does: its line, the moment and the MAC, in every format.

use super::super::cli::program::sanctum;
use super::bed::Bed;
use sanctum_tests::need;

fn changed(old: &[u8], new: &[u8]) -> usize {
    let (old, new) =
        (String::from_utf8_lossy(old).into_owned(), String::from_utf8_lossy(new).into_owned());
    let old: std::collections::BTreeSet<_> = old.lines().collect();
    new.lines().filter(|line| !old.contains(line)).count()
}

const CASES: [(&str, &str, &str); 4] = [
    (
        "a.json",
        "{\n  \"one\": \"1\",\n  \"list\": [\"same\", \"same\"],\n  \"two\": \"2\"\n}\n",
        "[\"two\"]",
    ),
    (
        "a.yaml",
        "# a file of ours\none: '1' # behind\n\nlist:\n- same\n- same   \ntwo: \"2\"\nthree: |\n  a\n  b\n",
        "[\"two\"]",
    ),
    ("a.env", "# c\n\nONE=1\nTWO=2\n", "[\"TWO\"]"),
    ("a.ini", "; c\n[s]\none=1\n\ntwo   = 2\n", "[\"s\"][\"two\"]"),
];

#[test]
fn one_value_is_one_line_beside_the_moment_and_the_mac() {
    let (sops, keygen) = need!("sops", "age-keygen");
    let bed = Bed::new(sops, &keygen);
    let ours = |line: &[&str], input: &str| {
        use std::io::Write as _;
        let line = [&["sops"], line].concat();
        let mut child = bed
            .command(sanctum(), &line)
            .stdin(std::process::Stdio::piped())
            .spawn()
            .expect("starts");
        child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("written");
        assert!(child.wait().expect("ends").success(), "{line:?}");
    };
    for (name, plain, index) in CASES {
        bed.write(name, plain);
        ours(&["encrypt", "-i", "--age", &bed.recipient, name], "");
        let first = bed.read(name);
        ours(&["set", "--value-stdin", name, index], "\"changed\"");
        let second = bed.read(name);
        // Within one second the moment is the same.
        assert!(
            (2..=3).contains(&changed(&first, &second)),
            "{}",
            String::from_utf8_lossy(&second)
        );
        assert!(
            String::from_utf8_lossy(&bed.sops(&["decrypt", name])).contains("changed"),
            "{name}"
        );
        ours(&["set", "--value-stdin", name, index], "\"2\"");
        ours(&["decrypt", "-i", name], "");
        let (back, plain) =
            (String::from_utf8_lossy(&bed.read(name)).into_owned(), plain.to_owned());
        // The original's way with an encrypted comment behind a value is a line above it.
        assert_eq!(
            back.replace('"', "").replace('\'', ""),
            plain.replace('"', "").replace('\'', ""),
            "{name}"
        );
    }
}

#[test]
fn the_real_one_and_ours_take_turns_on_a_file() {
    let (sops, keygen) = need!("sops", "age-keygen");
    let bed = Bed::new(sops, &keygen);
    for (name, plain, index) in CASES {
        bed.write(name, plain);
        bed.sops(&["encrypt", "-i", "--age", &bed.recipient, name]);
        for turn in 0..4 {
            let value = format!("\"turn {turn}\"");
            if turn % 2 == 0 {
                let output = bed.run(sanctum(), &["sops", "set", name, index, &value]);
                assert!(
                    output.status.success(),
                    "{name}: {}",
                    String::from_utf8_lossy(&output.stderr)
                );
            } else {
                bed.sops(&["set", name, index, &value]);
            }
            let theirs = bed.sops(&["decrypt", "--extract", index, name]);
            let ours = bed.run(sanctum(), &["sops", "decrypt", "--extract", index, name]).stdout;
            assert_eq!(theirs, format!("turn {turn}").into_bytes(), "{name}");
            assert_eq!(ours, theirs, "{name}");
        }
    }
}
