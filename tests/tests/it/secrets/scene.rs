//! A whole day with planted values in every kind of store: every verb over secrets, the doctor, the status and the
//! journal, watched. Then every file, word of output, argument and environment is searched for the values and their
//! encodings. 1Password is the stand-in of `stores::op`, whose own arguments and environment are searched, too.
#![expect(clippy::disallowed_methods, reason = "files are arranged and looked at from outside")]

use super::bed::HOUSE;
use super::needles::{Needles, Watch, in_files};
use crate::cli::program::{House, Ran, sanctum};
use crate::stores::{boot, op};
use sanctum_tests::need;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Every kind of character that an encoding changes.
const TOKEN: &str = "pl@nted \"t0ken\" \\ ünï 9f8e7d6c5b4a";
const LATER: &str = "an0ther-plänted/token+value=41c7e0";
const KEY: &str = "-----BEGIN PLANTED-----\nq7Rk+/x9Zt3vLm0=\n-----END-----";
const MAIL: &str = "mäil-plant3d: 'quoted' & <tagged> 5d1c0b";
const API: &str = "ap1-planted|{braces}$HOME ß 77aa31";
/// What is leaked on purpose: no needle of the day, which watches the same program at the same time.
const LEAK: &str = "le4ked|{braces}$HOME ß 30bd92";
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

/// [`HOUSE`] with a value in a SOPS document, a copy of it in an age file, and one in 1Password.
fn house(op: &op::Bed) -> House {
    let more = format!(
        r#"
  mail-key: {{ref: "sops:/repo/s.yaml#a.token", caches: ["age:mail.age"]}}
  api-key: {{ref: "op://House/Api key/credential"}}
stores:
  one_password: {{token: "file:op-token", op: "{}"}}
"#,
        op.path("op").display()
    );
    let house = House::new(&format!("{}{more}", HOUSE.trim_end()));
    house.put("etc/sanctum/secrets/op-token", op::TOKEN, 0o600);
    fs::set_permissions(house.at("root/etc/sanctum/secrets"), fs::Permissions::from_mode(0o700))
        .expect("a mode");
    house
}

/// Everything that was seen of the values where none may be.
fn leaks(house: &House, op: &op::Bed, needles: &[Needles], said: &[String]) -> Vec<String> {
    let mut leaks: Vec<String> = said
        .iter()
        .filter_map(|text| needles.iter().find_map(|one| one.found(text.as_bytes())))
        .map(|how| format!("what was said: {how}"))
        .collect();
    // The declared places in clear text, and nothing else.
    let may = ["root/etc/sanctum/secrets/gateway-token", "root/etc/sanctum/secrets/tls-key"]
        .map(|path| house.at(path));
    leaks.extend(in_files(&house.at(""), needles, &|path| may.iter().any(|one| one == path)));
    let vault = op.path("items.json");
    let folder = vault.parent().expect("a folder");
    leaks.extend(in_files(folder, needles, &|path| path == vault));
    leaks
}

#[test]
fn no_value_is_anywhere_but_where_it_belongs() {
    let (keygen, age) = need!("age-keygen", "age");
    let _ = need!("python3");
    let op = op::Bed::new();
    let house = house(&op);
    let needles: Vec<Needles> = [TOKEN, LATER, KEY, MAIL, API].map(Needles::of).to_vec();
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
        (&["secrets", "rm", "api-key", "--yes"], Some(0)),
    ] {
        let ran = house.run(verb);
        let code = code.or(ran.code).expect("an exit code");
        said.done(ran, code);
    }
    let (seen, found) = watch.end();
    assert!(seen > 20, "only {seen} looks at processes");
    assert_eq!(found, [] as [String; 0]);
    assert_eq!(leaks(&house, &op, &needles, &said.0), [] as [String; 0]);
    assert!(house.at("root/.sanctum/journal/sanctum/000001.jsonl").is_file(), "the journal was on");
    let given = fs::read_to_string(op.path("given")).expect("what the stand-in was given");
    assert!(given.contains("\"edit\"") || given.contains("\"create\""), "{given}");
}

/// A value that is planted on purpose, by channel: the search of the day above sees each of them.
#[test]
fn a_leak_in_any_channel_of_the_day_is_seen() {
    let _ = need!("python3");
    let op = op::Bed::new();
    let house = house(&op);
    let needles = [Needles::of(LEAK)];
    let clean = ["all is well".to_owned()];
    assert_eq!(leaks(&house, &op, &needles, &clean), [] as [String; 0]);
    let said = [format!("error: cannot use {LEAK}")];
    assert_eq!(leaks(&house, &op, &needles, &said).len(), 1);
    for path in [
        "home/.sanctum/log",
        "tmp/left",
        "root/.sanctum/journal/sanctum/000001.jsonl",
        "house.yaml",
    ]
    .map(|path| house.at(path))
    .into_iter()
    .chain([op.path("given")])
    {
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        let before = fs::read(&path).unwrap_or_default();
        fs::write(&path, [before.as_slice(), LEAK.as_bytes()].concat()).expect("a leak");
        assert_eq!(leaks(&house, &op, &needles, &clean).len(), 1, "{}", path.display());
        fs::write(&path, before).expect("no leak");
    }
    for channel in ["arguments", "environment"] {
        let watch = Watch::of(sanctum(), needles.to_vec(), MAY);
        // A process that lives for milliseconds may be missed on a busy machine; each day has hundreds.
        for _ in 0..20 {
            let mut command = house.command(sanctum());
            match channel {
                "arguments" => command.args(house.arguments(&["secrets", "get", LEAK])),
                _ => command.args(house.arguments(&["secrets", "list"])).env("X", LEAK),
            };
            command.output().expect("sanctum starts");
        }
        let (_, found) = watch.end();
        assert!(found.iter().any(|one| one.contains(&format!("the {channel}"))), "{found:?}");
    }
}

/// Typed, piped, refused, imported.
fn put(house: &House, said: &mut Said) {
    said.done(house.fed(&["secrets", "set", "gateway-token", "--stdin"], TOKEN.as_bytes()), 0);
    said.done(house.fed(&["secrets", "set", "tls-key", "--stdin", "--exact"], KEY.as_bytes()), 0);
    // The identity was made by the first of them; a document has to be there before a value can be put into it.
    said.done(house.fed(&["secrets", "set", "mail-key", "--stdin"], MAIL.as_bytes()), 4);
    fs::create_dir_all(house.at("root/repo")).expect("a folder");
    boot::sops_document(&house.at("root"));
    for (name, value) in [("mail-key", MAIL), ("api-key", API)] {
        said.done(house.fed(&["secrets", "set", name, "--stdin"], value.as_bytes()), 0);
        assert_eq!(house.run(&["secrets", "get", name, "--stdout"]).exits(0).stdout, value);
    }
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
    assert_eq!(names, ["api-key", "gateway-token", "mail-key", "tls-key"]);
    said.done(house.fed(&["secrets", "set", "gateway-token", "--stdin"], LATER.as_bytes()), 0);
    said.done(house.run(&["secrets", "drill", bundle, "--identity", identity]), 3);
    said.done(house.run(&["secrets", "rm", "gateway-token", "--yes"]), 0);
    said.done(house.run(&["secrets", "import", bundle, "--identity", identity, "--yes"]), 0);
    assert_eq!(house.run(&["secrets", "get", "gateway-token", "--stdout"]).exits(0).stdout, TOKEN);
    assert_eq!(house.run(&["secrets", "get", "tls-key", "--stdout"]).exits(0).stdout, KEY);
}
