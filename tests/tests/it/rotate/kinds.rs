//! The two kinds that are neither a provider's interface alone nor a page alone: a program of the owner's, and a key that
//! a person makes and the interface retires.
#![expect(clippy::disallowed_methods, reason = "the program and its files are the test's own")]

use super::bed::{Bed, Case, over};
use crate::rotation::stand_in::Contract;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// A provider in files: a key each, its name beside it, and whether it is off. It notes what others could see of it.
const PROGRAM: &str = r#"#!/bin/sh
asked=$(cat)
cd "$(dirname "$0")" || exit 1
{ printf '%s\n' "$@"; env; } >> seen
field() { printf %s "$asked" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
say() { printf '{"format":1,"result":"done"%s}\n' "$1"; }
value=$(field value); key=$(field key); name=$(field name); op=$(field op)
[ "$(field management)" = "$(cat manager)" ] || { echo '{"format":1,"result":"refused"}'; exit 0; }
echo "$op" >> log
mine() { for k in *.key; do [ "$(cat "$k")" != "$value" ] || [ -e "${k%.key}.off" ] || { echo "${k%.key}"; return; }; done; }
keys() {
  all=
  for k in *.key; do k=${k%.key}; all="$all,{\"id\":\"$k\",\"name\":\"$(cat "$k.name")\"}"; done
  printf '"keys":[%s]' "${all#,}"
}
case $op in
preflight) say ",\"key\":\"$(mine)\",$(keys)" ;;
mint)
  n=k$(ls *.name | wc -l)
  printf %s "minted-by-the-program-$n" > "$n.key"
  printf %s "$name" > "$n.name"
  say ",\"key\":\"$n\",\"value\":\"minted-by-the-program-$n\""
  ;;
verify) if [ -n "$(mine)" ]; then say; else echo '{"format":1,"result":"invalid"}'; fi ;;
list) say ",$(keys)" ;;
last-use) say ;;
disable) : > "$key.off"; say ;;
enable) rm -f "$key.off"; say ;;
delete) rm "$key.key"; say ;;
*) exit 1 ;;
esac
"#;

/// Below the build's own folder: at euid 0 a program must not be where others can write.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = format!("rotate-command-{}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        let program = folder.join("program");
        fs::write(&program, PROGRAM).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        Self(folder)
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap_or_default()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_program_of_the_owners_rotates_and_sees_values_on_its_descriptors_only() {
    let folder = Folder::new();
    let program = folder.0.join("program");
    let kind = format!(
        "{{command: {{program: \"{}\", lists: true, disables: true, tells_last_use: true}}}}",
        program.display()
    );
    // The stand-in of the bed is not asked; its first key and its management key are the program's.
    let bed = Bed::new(Case { contract: Contract::Openrouter, kind: kind.leak(), more: "" });
    let (old, management) = (bed.held()[0].clone(), bed.provider.account().management.clone());
    folder.put("manager", &management);
    folder.put("k0.key", &old);
    folder.put("k0.name", "before");
    let ran = bed.house.run(&["rotate", "router", "--dry-run"]).exits(3);
    assert!(ran.stdout.contains("program (mint on standard input)"), "{}", ran.stdout);
    assert_eq!(folder.read("log"), "", "a rehearsal starts no program");
    bed.house.run(&["rotate", "router", "--yes", "--wait", "5"]).exits(0);
    let new = folder.read("k1.key");
    assert!(!new.is_empty() && bed.held().iter().all(|held| *held == new), "{new}");
    assert!(folder.read("k1.name").starts_with("sanctum:router:"));
    assert_eq!(folder.read("k0.key"), old, "both live");
    bed.see_out();
    assert_eq!(folder.read("k0.key"), "", "the old one is gone");
    assert_eq!(folder.read("k1.key"), new);
    for op in ["preflight", "mint", "verify", "last-use", "disable", "delete", "list"] {
        assert!(folder.read("log").lines().any(|line| line == op), "{op}");
    }
    let seen = folder.read("seen");
    for value in [&old, &new, &management] {
        assert!(!seen.contains(value.as_str()), "{seen}");
    }
    assert_eq!(bed.provider.account().log, [] as [String; 0]);
}

#[test]
fn a_person_makes_the_key_and_the_interface_retires_the_old_one() {
    let _python = sanctum_tests::need!("python3");
    let kind = "{anthropic: {base_url: \"BASE\"}}";
    let bed = Bed::new(Case { contract: Contract::Anthropic, kind, more: "" });
    let old = bed.held()[0].clone();
    let value = {
        let mut account = bed.provider.account();
        Contract::Anthropic.make(&mut account, "made at the console", serde_json::Value::Null);
        // The person makes it when asked for it: a key that was in the list before is taken for none that is new.
        account.awaited = account.keys.pop();
        account.awaited.as_ref().map(|key| key.value.clone()).expect("a key")
    };
    let question = "the new value of `router`";
    bed.house.typed(&["rotate", "router", "--yes"], &[(question, &value)]).exits(0);
    assert!(bed.held().iter().all(|held| *held == value));
    assert!(bed.provider.account().is_valid(&old), "both live");
    // Nobody tells when it was last used, so it lives to the limit.
    bed.pass(7 * 86_400);
    bed.see_out();
    let account = bed.provider.account();
    assert!(!account.is_valid(&old) && account.is_valid(&value));
    assert!(bed.records().iter().all(|(_, record)| over(record)));
    assert_eq!(account.alive().len(), bed.before.len(), "the new one and somebody else's");
}
