//! A provider that is a program of the owner's: keys in files beside it, with the faults that a program has.
#![expect(clippy::disallowed_methods, reason = "the program and its files are the test's own")]

use crate::rotation::folder_for_a_program;
use crate::rotation::stand_in::{Fault, Key};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

/// A key each, its name beside it, and whether it is off. It notes what others could see of it. `faults` has a word for
/// each request to come; at the request whose number stands in `kill` it kills who asked, before it answers.
const PROGRAM: &str = r#"#!/bin/sh
asked=$(cat)
cd "$(dirname "$0")" || exit 1
{ printf '%s\n' "$@"; env; } >> seen
field() { printf %s "$asked" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
answer() {
  [ "$(wc -l < log)" != "$(cat kill)" ] || { rm kill; kill -9 $PPID; }
  case $fault in
  lost-after) exit 1 ;;
  garbage) printf '{"format":1,"res' ;;
  html) printf '<!doctype html>' ;;
  *) printf '{"format":1,"result":"%s"%s}\n' "$1" "$2" ;;
  esac
}
say() { answer done "$1"; }
value=$(field value); key=$(field key); name=$(field name); op=$(field op)
echo "$op" >> log
fault=$(sed -n 1p faults); sed -i 1d faults
case $fault in
lost-before) exit 1 ;;
later) answer later; exit ;;
esac
[ "$(field management)" = "$(cat manager)" ] || { answer refused; exit 0; }
mine() { for k in *.key; do [ "$(cat "$k")" != "$value" ] || [ -e "${k%.key}.off" ] || { echo "${k%.key}"; return; }; done; }
keys() {
  all=
  for k in *.key; do k=${k%.key}; all="$all,{\"id\":\"$k\",\"name\":\"$(cat "$k.name")\"}"; done
  printf '"keys":[%s]' "${all#,}"
}
case $op in
preflight) say ",\"key\":\"$(mine)\",$(keys)" ;;
mint)
  [ "$fault" != twice ] || { printf %s "minted-by-the-program-twice" > twice.key; printf %s "$name" > twice.name; }
  n=k$(ls *.name | wc -l)
  printf %s "minted-by-the-program-$n" > "$n.key"
  printf %s "$name" > "$n.name"
  say ",\"key\":\"$n\",\"value\":\"minted-by-the-program-$n\""
  ;;
verify) if [ -n "$(mine)" ]; then say; else answer invalid; fi ;;
list) say ",$(keys)" ;;
last-use) say ;;
disable) : > "$key.off"; say ;;
enable) rm -f "$key.off"; say ;;
delete) if [ -e "$key.key" ]; then rm "$key.key"; say; else answer gone; fi ;;
*) exit 1 ;;
esac
"#;

/// The program and its files.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    /// With the key in use, one of somebody else's, and who may ask.
    pub(crate) fn new(value: &str, management: &str) -> Self {
        let folder = Self(folder_for_a_program());
        folder.put("program", PROGRAM);
        fs::set_permissions(folder.program(), fs::Permissions::from_mode(0o700)).unwrap();
        for (name, text) in [
            ("manager", management),
            ("k0.key", value),
            ("k0.name", "before"),
            ("other.key", "of-somebody-else-entirely"),
            ("other.name", "somebody-elses"),
            ("log", ""),
            ("seen", ""),
            ("faults", ""),
            ("kill", ""),
        ] {
            folder.put(name, text);
        }
        folder
    }

    pub(crate) fn program(&self) -> PathBuf {
        self.0.path().join("program")
    }

    pub(crate) fn put(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap_or_default()
    }

    /// Every file but the program.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let entries = fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().path());
        let files = entries.filter(|path| *path != self.program());
        files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }

    /// Brings them back.
    pub(crate) fn restore(&self, files: &[(PathBuf, Vec<u8>)]) {
        for (path, _) in self.files() {
            fs::remove_file(path).unwrap();
        }
        for (path, bytes) in files {
            fs::write(path, bytes).unwrap();
        }
    }

    /// The keys that are there.
    pub(crate) fn keys(&self) -> Vec<Key> {
        let mut keys = Vec::new();
        for (path, value) in self.files() {
            if path.extension().is_none_or(|end| end != "key") {
                continue;
            }
            let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
            keys.push(Key {
                name: self.read(&format!("{id}.name")),
                value: String::from_utf8(value).unwrap(),
                enabled: !self.0.path().join(format!("{id}.off")).exists(),
                alive: true,
                created: 0,
                last_used: None,
                extra: Value::Null,
                id,
            });
        }
        keys.sort_by(|one, other| one.id.cmp(&other.id));
        keys
    }

    /// A person takes a key away.
    pub(crate) fn remove(&self, id: &str) {
        fs::remove_file(self.0.path().join(format!("{id}.key"))).unwrap();
    }

    /// What goes wrong with the requests to come.
    pub(crate) fn fail(&self, faults: &[Option<Fault>]) {
        let word = |fault: &Option<Fault>| match fault {
            None => "fine",
            Some(Fault::LostBefore) => "lost-before",
            Some(Fault::LostAfter | Fault::TroubleAfter) => "lost-after",
            Some(Fault::Limited(_) | Fault::Trouble) => "later",
            Some(Fault::Twice) => "twice",
            Some(Fault::Html) => "html",
            Some(Fault::Garbage) => "garbage",
        };
        self.put(
            "faults",
            &faults.iter().map(|fault| format!("{}\n", word(fault))).collect::<String>(),
        );
    }
}
