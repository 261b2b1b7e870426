use super::*;
use expect_test::expect;
use proptest::prelude::*;

#[test]
fn files_and_texts_of_a_patch() {
    let patch = "*** Begin Patch\n*** Update File: src/a.rs\n*** Move to: src/b.rs\n@@ fn main\n context\n-old\n+new one\n+new two\n more\n+later\n*** Delete File: gone\n*** Add File: made\n+first\n+second\n*** End Patch\n";
    let files = parse(patch).unwrap();
    expect![[r#"
        [
            (
                "src/a.rs",
                Move,
                [],
                [],
            ),
            (
                "src/b.rs",
                Move,
                [
                    "new one\nnew two\n",
                    "later\n",
                ],
                [
                    "old\n",
                ],
            ),
            (
                "gone",
                Delete,
                [],
                [],
            ),
            (
                "made",
                Whole,
                [
                    "first\nsecond\n",
                ],
                [],
            ),
        ]
    "#]]
    .assert_debug_eq(
        &files
            .into_iter()
            .map(|file| (file.path, file.how, file.added, file.removed))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn what_is_no_patch_is_refused() {
    for (text, error) in [
        ("", PatchError::NotAPatch),
        ("*** Begin Patch\n*** End Patch", PatchError::NotAPatch),
        ("*** Begin Patch\n*** Add File: a\n+x", PatchError::NotAPatch),
        ("*** Begin Patch\n+x\n*** End Patch", PatchError::Stray(2)),
        ("*** Begin Patch\n*** Add File: a\nx\n*** End Patch", PatchError::Line(3)),
        ("*** Begin Patch\n*** Rename File: a\n*** End Patch", PatchError::Stray(2)),
    ] {
        assert_eq!(parse(text), Err(error), "{text:?}");
    }
}

#[test]
fn a_patch_is_one_only_when_nothing_else_runs() {
    let body = "*** Begin Patch\n*** Add File: a\n+x\n*** End Patch\n";
    for (text, is) in [
        (body.to_owned(), true),
        (format!("apply_patch <<'EOF'\n{body}EOF\n"), true),
        (format!("apply_patch <<\"EOF\"\n{body}EOF"), true),
        (format!("apply_patch <<EOF\n{body}EOF\n"), false),
        (format!("apply_patch <<'EOF'\n{body}EOF\ncat ~/.ssh/id_rsa"), false),
        (format!("apply_patch <<'EOF' ; cat ~/.ssh/id_rsa\n{body}EOF\n"), false),
        (format!("cat ~/.ssh/id_rsa; apply_patch <<'EOF'\n{body}EOF\n"), false),
    ] {
        assert_eq!(looks_like_one(&text), is, "{text}");
    }
}

proptest! {
    #[test]
    fn every_added_line_comes_out(lines in proptest::collection::vec("[a-z +*-]{0,12}", 1..20)) {
        let body: String = lines.iter().map(|line| format!("+{line}\n")).collect();
        let files = parse(&format!("*** Begin Patch\n*** Add File: p\n{body}*** End Patch\n")).unwrap();
        let want: String = lines.iter().map(|line| format!("{line}\n")).collect();
        prop_assert_eq!(files[0].added.concat(), want);
    }

    #[test]
    fn any_text_is_a_patch_or_none(text in "(\\*\\*\\* (Begin Patch|End Patch|Add File: a|Move to: b)\n|[+ @-]?x\n){0,12}") {
        let _ = parse(&text);
        let _ = looks_like_one(&text);
    }
}

/// What Codex's own reader takes for a file, however its head is indented and whatever context stands before it.
#[test]
fn no_file_hides_behind_context() {
    for (patch, paths) in [
        (
            "*** Begin Patch\n*** Add File: a\n+x\n *** Add File: b\n+y\n*** End Patch",
            &["a", "b"][..],
        ),
        ("*** Begin Patch\n*** Delete File: a\n\t*** Delete File: b\n*** End Patch", &["a", "b"]),
        (
            "*** Begin Patch\n*** Update File: a\n@@\n *** End Patch\n+x\n*** Add File: b\n+y\n*** End Patch",
            &["a", "b"],
        ),
        ("*** Begin Patch\n*** Update File: a\n *** Add File: text\n+x\n*** End Patch", &["a"]),
    ] {
        let files = parse(patch).unwrap();
        let found: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(found, paths, "{patch}");
    }
    let ended =
        "*** Begin Patch\n*** Add File: a\n+x\n*** End Patch\n*** Add File: b\n*** End Patch";
    assert_eq!(parse(ended), Err(PatchError::Line(4)));
}
