//! Flags, output and exit codes of the program beside those of the real one, on the same files.

use super::super::cli::program::sanctum;
use super::bed::Bed;
use sanctum_tests::need;
use std::process::Output;

/// A case: a command line of words, where `R` and `O` stand for the two recipients.
struct Case {
    line: &'static str,
    /// The exit code of both.
    code: i32,
    /// Whether standard output is the same byte for byte.
    same: bool,
}

const fn same(line: &'static str, code: i32) -> Case {
    Case { line, code, same: true }
}

const fn code(line: &'static str, code: i32) -> Case {
    Case { line, code, same: false }
}

/// Each on fresh copies of the same files; words are parted by `·`.
const CASES: [Case; 86] = [
    same("decrypt·e.json", 0),
    same("decrypt·e.yaml", 0),
    same("decrypt·e.env", 0),
    same("decrypt·e.ini", 0),
    same("decrypt·e.bin", 0),
    same("-d·e.json", 0),
    same("--decrypt·e.yaml", 0),
    same("--indent·2·-d·e.json", 0),
    same("decrypt·--output-type·yaml·e.json", 0),
    same("decrypt·--output-type·json·e.yaml", 0),
    same("decrypt·--output-type·json·e.env", 0),
    same("decrypt·--output-type·yaml·e.ini", 0),
    same("decrypt·--input-type·json·--output-type·json·j", 0),
    same("decrypt·--filename-override·x.json·j", 0),
    same("decrypt·--output-type·dotenv·e.json", 4),
    same("decrypt·--output-type·ini·e.env", 4),
    same("decrypt·--output-type·binary·e.env", 4),
    same("decrypt·--extract·[\"m\"][\"n\"]·e.json", 0),
    same("decrypt·--extract·[\"m\"]·e.json", 0),
    same("decrypt·--extract·[\"b\"]·e.json", 0),
    same("decrypt·--extract·['b'][0]·e.json", 0),
    same("decrypt·--extract·[\"a\"]·e.json", 0),
    same("decrypt·--extract·[\"t\"]·e.json", 0),
    same("decrypt·--extract·[\"z\"]·e.json", 0),
    same("decrypt·--extract·[\"b\"]·e.yaml", 0),
    same("decrypt·--extract·[\"m\"]·e.yaml", 0),
    same("decrypt·--extract·[\"d\"]·e.yaml", 0),
    same("decrypt·--extract·[\"b\"][1]·e.yaml", 0),
    same("decrypt·--extract·[\"A\"]·e.env", 0),
    same("decrypt·--extract·[\"s\"][\"a\"]·e.ini", 0),
    same("decrypt·--extract·[\"no\"]·e.json", 1),
    same("decrypt·--extract·no·e.json", 91),
    same("decrypt·p.json", 1),
    same("decrypt·nothing.json", 100),
    same("decrypt·broken.json", 1),
    same("decrypt·value.json", 51),
    same("decrypt·moment.json", 51),
    same("decrypt·nomac.json", 51),
    same("decrypt·noversion.json", 1),
    same("decrypt·key.json", 25),
    same("decrypt·foreign.json", 128),
    same("decrypt·--ignore-mac·value.json", 0),
    same("decrypt·-i·e.json", 0),
    same("decrypt·--output·out.json·e.json", 0),
    same("decrypt·--output·no/where·e.json", 3),
    same("decrypt·-i·--output·x·e.json", 8),
    code("decrypt·--no-such-flag·e.json", 1),
    code("encrypt·--age·R·p.json", 0),
    code("-e·--age·R·p.yaml", 0),
    code("encrypt·p.json", 1),
    code("encrypt·--age·nobody·p.json", 1),
    code("encrypt·--age·R·e.json", 203),
    code("encrypt·--age·R·e.yaml", 203),
    code("encrypt·--age·R·broken.json", 2),
    code("encrypt·--age·R·nothing.json", 100),
    code("encrypt·--age·R·--encrypted-regex·a·--encrypted-suffix·b·p.json", 8),
    same("set·e.json·[\"a\"]·2", 0),
    same("set·e.json·[\"a\"]·word", 7),
    same("set·e.json·a·2", 7),
    same("unset·e.json·[\"a\"]", 0),
    same("unset·e.json·[\"no\"]", 1),
    same("unset·--idempotent·e.json·[\"no\"]", 0),
    code("rotate·e.json", 0),
    same("rotate·-i·--add-age·O·e.json", 0),
    same("updatekeys·e.json", 1),
    same("filestatus·e.json", 0),
    same("filestatus·p.json", 0),
    same("filestatus·nothing.json", 1),
    same("exec-env·e.env·echo $A $B; exit 7", 7),
    same("exec-env·e.json·true", 1),
    same("exec-file·e.json·cat {}; exit 3", 3),
    same("exec-env·--pristine·e.env·echo $A $HOME", 0),
    same("exec-env·--same-process·e.env·echo $A; exit 4", 4),
    same("exec-env·--background·e.env·echo $A", 0),
    same("exec-env·--background·--same-process·e.env·true", 8),
    same("exec-env·--user·no-such-user·e.env·true", 1),
    same("exec-file·e.json·test -p {} && cat {}", 0),
    same("exec-file·e.json·true", 0),
    same("exec-file·--no-fifo·e.json·test -f {} && cat {} {}", 0),
    same("exec-file·--filename·x.json·e.json·basename {}", 0),
    same("set·--shamir-secret-sharing-threshold·2·e.json·[\"a\"]·2", 0),
    code("encrypt·--aws-profile·x·--encryption-context·a:b·--age·R·p.json", 0),
    code("groups·add·--file·e.json·--age·O", 0),
    same("groups·add·--file·nothing.json·--age·O", 2),
    same("groups·add·--age·O", 2),
    same("groups·delete·--file·e.json·x", 1),
];

fn prepared() -> Bed {
    let (sops, keygen) = need_both();
    let bed = Bed::new(sops, &keygen);
    bed.write("p.json", r#"{"a":1,"b":["x"],"c_unencrypted":1,"m":{"n":"v<"},"t":true,"z":null}"#);
    bed.write("p.yaml", "a: 1\n# about b\nb:\n  - x\n  - y: 2.5\nd: 2026-03-29\nm:\n  n: v\n");
    bed.write("p.env", "# c\nA=1\nB=x y\n");
    bed.write("p.ini", "[s]\na = 1\n");
    bed.write("p.bin", [0, 159, 146, 150, 10]);
    bed.write("broken.json", "{bad");
    for name in ["json", "yaml", "env", "ini", "bin"] {
        let closed = bed.sops(&["encrypt", "--age", &bed.recipient, &format!("p.{name}")]);
        bed.write(&format!("e.{name}"), closed);
    }
    let text = String::from_utf8(bed.read("e.json")).expect("UTF-8");
    bed.write("j", &text);
    for (name, old, new) in [
        ("value", "\"c_unencrypted\": 1", "\"c_unencrypted\": 2"),
        ("moment", "\"lastmodified\": \"2", "\"lastmodified\": \"1"),
        ("nomac", "\"mac\": \"ENC", "\"macaw\": \"ENC"),
        ("noversion", "\"version\": \"3.11.0\"", "\"version\": \"\""),
        ("key", "\"m\":", "\"q\":"),
    ] {
        assert!(text.contains(old), "{name}");
        bed.write(&format!("{name}.json"), text.replace(old, new));
    }
    let foreign = bed.sops(&["encrypt", "--age", &bed.other, "p.json"]);
    bed.write("foreign.json", foreign);
    bed
}

fn need_both() -> (std::path::PathBuf, std::path::PathBuf) {
    (sanctum_tests::tool("sops"), sanctum_tests::tool("age-keygen"))
}

fn words<'a>(bed: &'a Bed, line: &'a str) -> Vec<&'a str> {
    line.split('·')
        .map(|word| match word {
            "R" => bed.recipient.as_str(),
            "O" => bed.other.as_str(),
            word => word,
        })
        .collect()
}

#[test]
fn flags_output_and_exit_codes_are_the_originals() {
    let _judges = need!("sops", "age-keygen");
    let mut bed = prepared();
    let kept = std::mem::replace(&mut bed.dir, tempfile::tempdir().expect("a temporary folder"));
    let mut wrong = Vec::new();
    for case in &CASES {
        let mut run = |ours: bool| -> Output {
            // Both work on fresh copies in folders of their own.
            bed.dir = super::bed::copy(kept.path());
            let mut line = words(&bed, case.line);
            if ours {
                line.insert(0, "sops");
            }
            bed.run(if ours { sanctum() } else { &bed.sops }, &line)
        };
        let (theirs, ours) = (run(false), run(true));
        let codes = (theirs.status.code(), ours.status.code());
        if codes != (Some(case.code), Some(case.code))
            || (case.same && theirs.stdout != ours.stdout)
        {
            let told = String::from_utf8_lossy(&ours.stderr).into_owned();
            wrong.push(format!("{}: {codes:?}, not {}: {told}", case.line, case.code));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_editor_that_changes_nothing_or_fails_has_the_originals_codes() {
    let _judges = need!("sops", "age-keygen");
    let bed = prepared();
    for (editor, code) in
        [("true", 200), ("false", 201), ("no-such-editor-here", 201), ("sed -i s/x/y/", 0)]
    {
        for ours in [false, true] {
            let program = if ours { sanctum() } else { &bed.sops };
            let line: &[&str] =
                if ours { &["sops", "edit", "e.json"] } else { &["edit", "e.json"] };
            let before = bed.read("e.json");
            let output = bed.command(program, line).env("EDITOR", editor).output().expect("starts");
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(code), "{editor}, ours {ours}: {told}");
            assert_eq!(bed.read("e.json") == before, code != 0);
            bed.write("e.json", before);
        }
    }
}
