//! `sanctum vault import`: a file of variables, and documents that the real `sops` encrypted for a key of the real `age-keygen`.

use super::{Served, command};
use crate::cli::program::{Ran, folder, sanctum};
use sanctum_tests::need;
use serde_json::json;
use std::path::Path;
use std::process::{Command, Stdio};

/// What no output may hold.
const NEEDLE: &str = "needle-zz";

fn import(vault: &Served, args: &[&str], key: &Path) -> Ran {
    let mut command = command(sanctum(), &vault.root);
    command.args(["vault", "--root"]).arg(&vault.root);
    command.arg("--passphrase-file").arg(vault.root.join("passphrase"));
    command.arg("import").args(args).env("SOPS_AGE_KEY_FILE", key);
    let ran = Ran::of(&command.stdin(Stdio::null()).output().expect("it starts"));
    assert!(!ran.stdout.contains(NEEDLE) && !ran.stderr.contains(NEEDLE), "{ran:?}");
    ran
}

fn value(vault: &Served, path: &str) -> String {
    vault.vault(&["get", path, "--stdout"]).exits(0).stdout
}

#[test]
fn a_file_of_variables_comes_in_whole_or_not_at_all() {
    let dir = folder();
    let vault = Served::start(dir.path().join("house"));
    vault.vault(&["unseal"]).exits(0);
    let file = dir.path().join("shop.env");
    let path = file.to_str().expect("UTF-8");
    std::fs::write(&file, format!("# c\nexport A_KEY='{NEEDLE} 1'\nB=\nC={NEEDLE}2\n"))
        .expect("a file");
    let none = Path::new("/nonexistent");
    let ran = import(&vault, &[path, "--under", "shop", "--dry-run", "--json"], none).exits(3);
    assert_eq!(
        ran.json(),
        json!({ "format": 1, "secrets": ["shop/A_KEY", "shop/C"], "replaced": [], "empty": ["B"], "written": false })
    );
    assert!(!vault.vault(&["list"]).exits(0).stdout.contains("shop"));
    let ran = import(&vault, &[path, "--under", "shop", "--json"], none).exits(0);
    assert_eq!(ran.json()["secrets"], json!(["shop/A_KEY", "shop/C"]));
    assert_eq!(value(&vault, "shop/A_KEY"), format!("{NEEDLE} 1"));
    // One of two is there: neither is written.
    std::fs::write(&file, format!("C={NEEDLE}3\nD={NEEDLE}4\n")).expect("a file");
    let ran = import(&vault, &[path, "--under", "shop"], none).exits(4);
    assert!(
        ran.stderr.contains("shop/C is there already") && ran.stderr.contains("--replace"),
        "{ran:?}"
    );
    assert_eq!(value(&vault, "shop/C"), format!("{NEEDLE}2"));
    vault.vault(&["get", "shop/D", "--stdout"]).exits(1);
    import(&vault, &[path, "--under", "shop", "--replace"], none).exits(0);
    assert_eq!(
        (value(&vault, "shop/C"), value(&vault, "shop/D")),
        (format!("{NEEDLE}3"), format!("{NEEDLE}4"))
    );
    // What makes no path, what is no such file, what is not there.
    import(&vault, &[path, "--under", "../x"], none).exits(4);
    std::fs::write(&file, format!("{NEEDLE}\n")).expect("a file");
    import(&vault, &[path], none).exits(4);
    let plain = dir.path().join("plain.yaml");
    std::fs::write(&plain, format!("a: {NEEDLE}\n")).expect("a file");
    import(&vault, &[plain.to_str().expect("UTF-8")], none).exits(4);
    import(&vault, &["/nonexistent/x.env"], none).exits(1);
}

#[test]
fn documents_of_sops_come_in_by_their_keys() {
    let (sops, keygen) = need!("sops", "age-keygen");
    let dir = folder();
    let vault = Served::start(dir.path().join("house"));
    vault.vault(&["unseal"]).exits(0);
    let key = dir.path().join("key");
    let made = Command::new(keygen).arg("-o").arg(&key).output().expect("age-keygen starts");
    let said = String::from_utf8_lossy(&made.stderr).into_owned();
    let recipient = said.trim().rsplit(' ').next().expect("a recipient").to_owned();
    for (name, text, path) in [
        ("a.yaml", format!("db:\n  pass: {NEEDLE}\n  port: 5432\nlist:\n  - x\n"), "db/pass"),
        ("d.yaml", format!("a: x\n---\nb: {NEEDLE}\n"), "b"),
        ("b.json", format!("{{\"api\": {{\"key\": \"{NEEDLE}\"}}}}"), "api/key"),
        ("c.env", format!("TOKEN={NEEDLE}\n"), "TOKEN"),
    ] {
        let file = dir.path().join(name);
        std::fs::write(&file, text).expect("a file");
        let mut encrypt = Command::new(&sops);
        encrypt.args(["encrypt", "--in-place", "--age", &recipient]).arg(&file);
        let ran = encrypt.env_clear().env("HOME", dir.path()).output().expect("sops starts");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let file = file.to_str().expect("UTF-8");
        // Without the key nothing comes in.
        import(&vault, &[file, "--under", name], Path::new("/nonexistent")).exits(1);
        import(&vault, &[file, "--under", name], &key).exits(0);
        assert_eq!(value(&vault, &format!("{name}/{path}")), NEEDLE);
    }
    assert_eq!(value(&vault, "a.yaml/db/port"), "5432");
    assert_eq!(value(&vault, "a.yaml/list/0"), "x");
}
