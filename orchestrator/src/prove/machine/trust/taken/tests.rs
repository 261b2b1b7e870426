use super::*;
use expect_test::{Expect, expect};

fn shown((account, paths): Read) -> String {
    let paths = paths.iter().map(|(what, path)| format!("{what:?} {path}\n"));
    format!("as {}\n", account.as_deref().unwrap_or("root")) + &paths.collect::<String>()
}

fn check(read: Read, expected: &Expect) {
    expected.assert_eq(&shown(read));
}

#[test]
fn a_property_list() {
    let read = |body: &str| {
        let text = format!("<plist version=\"1.0\"><dict>{body}</dict></plist>");
        let dict = Value::from_reader(Cursor::new(text.as_bytes())).unwrap().into_dictionary();
        of_plist(&dict.unwrap())
    };
    let arguments =
        "<key>ProgramArguments</key><array><string>/b/x</string><string>-v</string></array>";
    check(
        read(&format!(
            "{arguments}<key>UserName</key><string>_x</string>\
             <key>StandardOutPath</key><string>/l/out</string>\
             <key>StandardErrorPath</key><string>/l/err</string>\
             <key>WorkingDirectory</key><string>/w</string>"
        )),
        &expect![[r#"
            as _x
            Program /b/x
            Log /l/out
            Log /l/err
            Dir /w
        "#]],
    );
    // launchd starts `Program` and gives it the arguments, whose first is then only a name.
    check(
        read(&format!("<key>Program</key><string>/b/y</string>{arguments}")),
        &expect![[r#"
            as root
            Program /b/y
        "#]],
    );
}

#[test]
fn a_unit() {
    for (body, expected) in [
        ("ExecStart=-/b/x -v\nUser=x", "as x\nProgram /b/x\n"),
        ("StandardOutput=append:/l/o\nStandardError=file:/l/e", "as root\nLog /l/o\nLog /l/e\n"),
        ("StandardOutput=truncate:/l/o", "as root\nLog /l/o\n"),
        ("StandardOutput=journal\nStandardError=inherit", "as root\n"),
        ("WorkingDirectory=-/w", "as root\nDir /w\n"),
        ("WorkingDirectory=", "as root\n"),
        ("LogsDirectory=a b/c", "as root\nGiven /var/log/a\nGiven /var/log/b/c\n"),
        ("StateDirectory=a:b\nCacheDirectory=c", "as root\nGiven /var/lib/a\nGiven /var/cache/c\n"),
    ] {
        assert_eq!(shown(of_unit(&format!("[Service]\n{body}\n"))), expected, "{body}");
    }
    assert_eq!(shown(of_unit("[Unit]\nUser=x\nWorkingDirectory=/w\n")), "as root\n");
}
