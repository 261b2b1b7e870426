//! A whole day with two planted values: every verb over secrets, the doctor, the status and the journal, watched. Then
//! every file, word of output, argument and environment is searched for the values and their encodings.
#![expect(clippy::disallowed_methods, reason = "files are arranged and looked at from outside")]

use super::bed::HOUSE;
use super::needles::{Needles, Watch, in_files};
use crate::cli::program::{House, Ran, sanctum};
use sanctum_tests::need;
use std::fs;
use std::path::Path;

/// Every kind of character that an encoding changes.
const TOKEN: &str = "pl@nted \"t0ken\" \\ ünï 9f8e7d6c5b4a";
const LATER: &str = "an0ther-plänted/token+value=41c7e0";
const KEY: &str = "-----BEGIN PLANTED-----\nq7Rk+/x9Zt3vLm0=\n-----END-----";
/// An argument of the one program that may have a value in its environment.
const MAY: &str = "this-one-may-have-it";

/// What every verb said, but for those that are to show a value.
struct Said(Vec<String>);

impl Said {
    fn done(&mut self, ran: Ran, code: i32) -> Ran {
        let ran = ran.exits(code);
        self.0.extend([ran.stdout.clone(), ran.stderr.clone()]);
        ran
    }
}

#[test]
fn no_value_is_anywhere_but_where_it_belongs() {
    let (keygen, age) = need!("age-keygen", "age");
    let house = House::new(HOUSE);
    let needles = vec![Needles::of(TOKEN), Needles::of(LATER), Needles::of(KEY)];
    let watch = Watch::of(sanctum(), needles.clone(), MAY);
    let mut said = Said(Vec::new());
    put(&house, &mut said);
    look(&house, &mut said);
    hand_over(&house, &mut said);
    recover(&house, &mut said, (&keygen, &age));
    for (verb, code) in [
        (&["doctor", "--only", "secrets"][..], None),
        (&["doctor", "--only", "secrets", "--json"], None),
        (&["keys", "list", "--json"], Some(0)),
        (&["secrets", "stolen", "--json"], Some(3)),
        (&["status", "--json"], None),
        (&["secrets", "rm", "tls-key", "--yes"], Some(0)),
    ] {
        let ran = house.run(verb);
        let code = code.or(ran.code).expect("an exit code");
        said.done(ran, code);
    }
    let (seen, found) = watch.end();
    assert!(seen > 20, "only {seen} looks at processes");
    assert_eq!(found, [] as [String; 0]);
    for text in &said.0 {
        let how = needles.iter().find_map(|one| one.found(text.as_bytes()));
        assert_eq!(how, None, "{text}");
    }
    // The declared places in clear text, and nothing else.
    let may = ["root/etc/sanctum/secrets/gateway-token", "root/etc/sanctum/secrets/tls-key"]
        .map(|path| house.at(path));
    let leaks = in_files(&house.at(""), &needles, &|path| may.iter().any(|one| one == path));
    assert_eq!(leaks, [] as [String; 0]);
    assert!(house.at("root/.sanctum/journal/sanctum/000001.jsonl").is_file(), "the journal was on");
}

/// Typed, piped, refused, imported.
fn put(house: &House, said: &mut Said) {
    said.done(house.fed(&["secrets", "set", "gateway-token", "--stdin"], TOKEN.as_bytes()), 0);
    said.done(house.fed(&["secrets", "set", "tls-key", "--stdin", "--exact"], KEY.as_bytes()), 0);
    let twice = [("not shown", LATER), ("once more", LATER)];
    let typed = house.typed(&["secrets", "set", "gateway-token"], &twice);
    said.done(typed, 0);
    let differ = [("not shown", TOKEN), ("once more", LATER)];
    said.done(house.typed(&["secrets", "set", "gateway-token"], &differ), 4);
    // A value in the place of a name, in the file of variables, in a broken one.
    let file = house.at("home/.env");
    fs::write(&file, format!("GATEWAY_TOKEN='{TOKEN}'\nTLS_KEY='{KEY}'\n")).expect("a file");
    let path = file.to_str().expect("a path");
    said.done(house.run(&["secrets", "import", path, "--yes"]), 4);
    said.done(house.run(&["secrets", "import", path, "--replace", "--dry-run"]), 3);
    said.done(house.run(&["secrets", "import", path, "--replace", "--yes", "--remove"]), 0);
    assert!(!file.exists());
    fs::write(&file, format!("GATEWAY_TOKEN=\"{LATER}\n")).expect("a file");
    said.done(house.run(&["secrets", "import", path, "--yes"]), 1);
    fs::remove_file(&file).expect("it was there");
}

/// Compared, made to differ, rebuilt.
fn look(house: &House, said: &mut Said) {
    said.done(house.run(&["secrets", "list"]), 0);
    said.done(house.run(&["secrets", "diff", "--json"]), 0);
    house.put("etc/sanctum/secrets/gateway-token", LATER, 0o600);
    said.done(house.run(&["secrets", "diff"]), 3);
    said.done(house.run(&["secrets", "sync", "--dry-run", "--json"]), 3);
    said.done(house.run(&["secrets", "sync", "--yes"]), 0);
    said.done(house.run(&["secrets", "diff"]), 0);
    // A store that does not answer: others can read the file, so it is not believed.
    house.put("etc/sanctum/secrets/gateway-token", LATER, 0o644);
    said.done(house.run(&["secrets", "sync", "--yes"]), 4);
    said.done(house.run(&["secrets", "diff"]), 1);
    said.done(house.fed(&["secrets", "set", "gateway-token", "--stdin"], LATER.as_bytes()), 4);
    house.put("etc/sanctum/secrets/gateway-token", LATER, 0o600);
    said.done(house.run(&["secrets", "sync", "--yes", "--json"]), 0);
}

/// Shown, copied, handed to programs. What these say is the value itself, so they are judged here.
fn hand_over(house: &House, said: &mut Said) {
    said.done(house.run(&["secrets", "get", "gateway-token"]), 4);
    said.done(house.run(&["secrets", "get", "gateway-token", "--json"]), 2);
    assert_eq!(house.run(&["secrets", "get", "gateway-token", "--stdout"]).exits(0).stdout, TOKEN);
    assert!(house.typed(&["secrets", "get", "gateway-token"], &[]).exits(0).stdout.contains(TOKEN));
    let copied = house
        .typed(&["secrets", "copy", "gateway-token", "--terminal", "--seconds", "1"], &[])
        .exits(0);
    // OSC 52 with the value, and then with a space.
    let (start, end) = ("\u{1b}]52;c;", "\u{7}");
    let sequences: Vec<&str> = copied
        .stdout
        .split(start)
        .skip(1)
        .filter_map(|rest| Some(rest.split_once(end)?.0))
        .collect();
    assert!(
        sequences.len() == 2 && sequences[1] == "IA==" && sequences[0].len() > TOKEN.len(),
        "{sequences:?}"
    );
    let inherited = [
        ("COPY_OF_IT", TOKEN),
        ("GATEWAY_TOKEN", "old"),
        ("OP_CONNECT_TOKEN", "x"),
        ("LANG", "C.UTF-8"),
    ];
    let script = format!(
        ": {MAY}; printf '%s|%s|%s|' \"$GATEWAY_TOKEN\" \"$COPY_OF_IT$OP_CONNECT_TOKEN\" \"$LANG\"; cat <&$TLS_KEY_FD"
    );
    let words = ["sh", "-c", &script, MAY];
    let ran = house
        .runs_with(&["secrets", "exec", "gateway-token", "--fd", "tls-key"], &words, &inherited)
        .exits(0);
    assert_eq!(ran.stdout, format!("{TOKEN}||C.UTF-8|{KEY}"));
    let ran = house
        .runs(&["secrets", "exec", "--fd", "gateway-token"], &["sh", "-c", "env; exit 7"])
        .exits(7);
    said.done(ran, 7);
}

/// Exported, rehearsed, opened by age alone, restored.
fn recover(house: &House, said: &mut Said, (keygen, age): (&Path, &Path)) {
    let (identity, bundle) = (house.at("home/recovery.key"), house.at("home/bed.age"));
    let made = house.command(keygen).arg("-o").arg(&identity).output().expect("age-keygen runs");
    let words = String::from_utf8(made.stderr).expect("text");
    let recipient = words.trim().rsplit(' ').next().expect("a recipient").to_owned();
    let (identity, bundle) = (identity.to_str().expect("a path"), bundle.to_str().expect("a path"));
    said.done(house.run(&["secrets", "export", "--to", &recipient, "--out", bundle]), 0);
    said.done(house.run(&["secrets", "export", "--to", &recipient, "--out", bundle]), 4);
    said.done(house.run(&["secrets", "drill", bundle]), 1);
    said.done(house.run(&["secrets", "drill", bundle, "--identity", identity, "--json"]), 0);
    let opened =
        house.command(age).args(["-d", "-i", identity, bundle]).output().expect("age runs");
    let opened: serde_json::Value = serde_json::from_slice(&opened.stdout).expect("JSON");
    let names: Vec<_> = opened["secrets"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["name"].clone())
        .collect();
    assert_eq!(names, ["gateway-token", "tls-key"]);
    said.done(house.fed(&["secrets", "set", "gateway-token", "--stdin"], LATER.as_bytes()), 0);
    said.done(house.run(&["secrets", "drill", bundle, "--identity", identity]), 3);
    said.done(house.run(&["secrets", "rm", "gateway-token", "--yes"]), 0);
    said.done(house.run(&["secrets", "import", bundle, "--identity", identity, "--yes"]), 0);
    assert_eq!(house.run(&["secrets", "get", "gateway-token", "--stdout"]).exits(0).stdout, TOKEN);
    assert_eq!(house.run(&["secrets", "get", "tls-key", "--stdout"]).exits(0).stdout, KEY);
}
