//! Recipients and identities of age plugins, beside the real sops with the same plugin.
//!
//! No plugin that could be installed here works without a device or with this version of the protocol, so that the one
//! of `tests/tools/age-plugin-test` is the project's own. What speaks with it on the other side is the real thing.
#![expect(clippy::disallowed_methods, reason = "the real binaries are started")]

use super::super::cli::program::{copy_program, sanctum};
use super::bed::Bed;
use sanctum_host::files::TempDir;
use sanctum_tests::need;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const PLAIN: &str = "{\n\t\"a\": \"value\"\n}\n";
const PLUGIN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/age-plugin-test");
/// A person at a terminal, who answers.
const TYPIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/typist");

/// The plugin under a name, where root trusts it.
struct Plugins {
    dir: TempDir,
}

/// What `age-plugin-NAME make` prints.
struct Pair {
    recipient: String,
    identity: String,
    native: String,
}

impl Plugins {
    fn new(names: &[&str]) -> Self {
        let dir = TempDir::new().expect("a directory that root trusts");
        for name in names {
            copy_program(Path::new(PLUGIN), &dir.path().join(format!("age-plugin-{name}")));
        }
        Self { dir }
    }

    fn path(&self) -> String {
        format!("{}:/usr/bin:/bin", self.dir.path().display())
    }

    fn make(&self, name: &str, word: &str) -> Pair {
        let program = self.dir.path().join(format!("age-plugin-{name}"));
        let output = Command::new(program).args(["make", word]).output().expect("it starts");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let mut lines = text.lines().map(str::to_owned);
        let mut line = || lines.next().expect("three lines");
        Pair { recipient: line(), identity: line(), native: line() }
    }
}

fn run(bed: &Bed, path: &str, key: &str, words: &[&str]) -> Output {
    let (program, words) = match words {
        ["sops", rest @ ..] => (bed.sops.as_path(), rest.to_vec()),
        words => (sanctum(), [&["sops"], words].concat()),
    };
    // Without a terminal: whoever asks gets no answer.
    let setsid = sanctum_tests::tool("setsid");
    let mut command = bed.command(&setsid, &[]);
    command.arg("--wait").arg(program).args(words).env("PATH", path).stdin(Stdio::null());
    command.env_remove("SOPS_AGE_KEY_FILE").env("SOPS_AGE_KEY", key).output().expect("it starts")
}

fn done(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn refused(output: &Output, code: i32) -> String {
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{told}");
    told
}

#[test]
fn plugins_open_and_close_both_ways() {
    let (sops, keygen, _) = need!("sops", "age-keygen", "python3");
    let bed = Bed::new(sops, &keygen);
    let plugins = Plugins::new(&["test", "pq"]);
    for name in ["test", "pq"] {
        let pair = plugins.make(name, "plain");
        let age = ["--age", &pair.recipient, "p.json"];
        bed.write("p.json", PLAIN);
        // The real one speaks `age1pq1..` itself, and no key of that kind can be made here.
        let turns = [("", ""), ("sops", ""), ("", "sops")];
        for (close, open) in turns.into_iter().take(if name == "pq" { 1 } else { 3 }) {
            let words = |who: &'static str, rest: &[&str]| -> Vec<String> {
                let all = (!who.is_empty()).then_some(who).into_iter().chain(rest.iter().copied());
                all.map(str::to_owned).collect()
            };
            let call = |words: Vec<String>| {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                done(&run(&bed, &plugins.path(), &pair.identity, &words))
            };
            let closed = call(words(close, &[&["encrypt"][..], &age].concat()));
            assert!(closed.contains(&pair.recipient));
            bed.write("e.json", closed);
            assert_eq!(call(words(open, &["decrypt", "e.json"])), PLAIN, "{name} {close} {open}");
        }
        let mut mistyped = pair.recipient.clone();
        mistyped.replace_range(12..13, if mistyped.as_bytes()[12] == b'q' { "p" } else { "q" });
        let words = ["encrypt", "--age", &mistyped, "p.json"];
        let told = refused(&run(&bed, &plugins.path(), "", &words), 1);
        assert!(told.contains("is no age recipient"), "{told}");
    }
    // A post-quantum identity as age-keygen writes it needs no conversion by hand.
    let pair = plugins.make("pq", "plain");
    let opened = run(&bed, &plugins.path(), &pair.native, &["decrypt", "e.json"]);
    assert_eq!(done(&opened), PLAIN);
}

#[test]
fn what_a_plugin_asks_is_asked_at_a_terminal_or_fails() {
    let (sops, keygen, _) = need!("sops", "age-keygen", "python3");
    let bed = Bed::new(sops, &keygen);
    let plugins = Plugins::new(&["test"]);
    bed.write("p.json", PLAIN);
    for (word, why) in
        [("ask", "asks `PIN of the test plugin:`"), ("refuse", "it says: the test plugin does not")]
    {
        let pair = plugins.make("test", word);
        let words = ["encrypt", "--age", &pair.recipient, "p.json"];
        bed.write("e.json", done(&run(&bed, &plugins.path(), "", &words)));
        let told =
            refused(&run(&bed, &plugins.path(), &pair.identity, &["decrypt", "e.json"]), 128);
        assert!(told.contains(why) && told.contains(&pair.recipient), "{told}");
        assert!(!told.contains(&pair.identity), "{told}");
    }
    let pair = plugins.make("test", "ask");
    let words = ["encrypt", "--age", &pair.recipient, "p.json"];
    bed.write("e.json", done(&run(&bed, &plugins.path(), "", &words)));
    for (pin, code) in [("1234", 0), ("9999", 128)] {
        let mut command = bed.command(Path::new(TYPIST), &[]);
        command.arg(sanctum()).args(["sops", "decrypt", "e.json"]);
        command.env("PATH", plugins.path()).env("SOPS_AGE_KEY", &pair.identity);
        command.env("TYPED", serde_json::json!([["PIN of the test plugin:", pin]]).to_string());
        let output = command.output().expect("the typist starts");
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(code), "{shown}");
        assert_eq!(shown.contains("\"value\""), code == 0, "{shown}");
        assert!(shown.contains("the test plugin opens a file") && !shown.contains(pin), "{shown}");
    }
}

#[test]
fn a_plugin_that_is_missing_or_not_to_be_trusted_is_named_and_nothing_is_touched() {
    let (sops, keygen, _) = need!("sops", "age-keygen", "python3");
    let bed = Bed::new(sops, &keygen);
    let plugins = Plugins::new(&["test", "pq"]);
    let pair = plugins.make("pq", "plain");
    let both = format!("{},{}", pair.recipient, bed.recipient);
    bed.write("p.json", PLAIN);
    let bare = "/usr/bin:/bin";
    let told = refused(&run(&bed, bare, "", &["encrypt", "--age", &both, "p.json"]), 1);
    assert!(told.contains("age-plugin-pq") && told.contains("post-quantum"), "{told}");
    let closed = run(&bed, &plugins.path(), "", &["encrypt", "--age", &both, "p.json"]);
    bed.write("e.json", done(&closed));
    let told = refused(&run(&bed, bare, &pair.identity, &["decrypt", "e.json"]), 128);
    assert!(told.contains("age-plugin-pq, which is not on the PATH"), "{told}");
    // Another key opens it, and the block stays; a new data key would need the program.
    let block = |text: &str| {
        text.split("\"lastmodified\"")
            .next()
            .map(|head| head.split("\"sops\"").nth(1).expect("metadata").to_owned())
    };
    let before = String::from_utf8(bed.read("e.json")).expect("UTF-8");
    let key = bed.identities();
    done(&run(&bed, bare, &key, &["set", "e.json", "[\"a\"]", "\"new\""]));
    let after = String::from_utf8(bed.read("e.json")).expect("UTF-8");
    assert!(before != after && block(&before) == block(&after), "{after}");
    let told = refused(&run(&bed, bare, &key, &["rotate", "-i", "e.json"]), 1);
    assert!(told.contains("needs the program age-plugin-pq"), "{told}");
    assert_eq!(bed.read("e.json"), after.as_bytes());
    assert_eq!(
        done(&run(
            &bed,
            &plugins.path(),
            &key,
            &["sops", "decrypt", "--extract", "[\"a\"]", "e.json"]
        )),
        "new"
    );

    if sanctum_host::accounts::effective_uid() == 0 {
        let open = tempfile::tempdir().expect("a temporary folder");
        copy_program(Path::new(PLUGIN), &open.path().join("age-plugin-pq"));
        let path = format!("{}:{bare}", open.path().display());
        let told = refused(&run(&bed, &path, &pair.identity, &["decrypt", "e.json"]), 128);
        assert!(told.contains("group or others can write it"), "{told}");
    }
}

/// Types the same answer as often as it is asked for.
fn typed(
    bed: &Bed,
    program: &Path,
    words: &[&str],
    answers: &[(&str, &str)],
) -> (Option<i32>, String) {
    let answers: Vec<_> =
        answers.iter().map(|(asked, typed)| serde_json::json!([asked, typed])).collect();
    let mut command = bed.command(Path::new(TYPIST), &[]);
    command.arg(program).args(words).env("TYPED", serde_json::json!(answers).to_string());
    let output = command.output().expect("the typist starts");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn keys_under_a_passphrase_open_at_a_terminal_only() {
    let (sops, keygen, ssh_keygen, age) = need!("sops", "age-keygen", "ssh-keygen", "age");
    let bed = Bed::new(sops, &keygen);
    let words = "correct horse";
    let made = bed.run(&ssh_keygen, &["-q", "-t", "ed25519", "-N", words, "-C", "", "-f", "id"]);
    assert!(made.status.success());
    let public = String::from_utf8(bed.read("id.pub")).expect("UTF-8").trim().to_owned();
    let passphrases = [("passphrase", words), ("onfirm", words)];
    let (code, shown) = typed(&bed, &age, &["-p", "-o", "locked.txt", "keys.txt"], &passphrases);
    assert_eq!(code, Some(0), "{shown}");
    bed.write("p.json", PLAIN);
    let recipient = bed.recipient.clone();
    let locked = bed.path("locked.txt").display().to_string();
    let id = bed.path("id").display().to_string();
    for (recipient, variable, file) in [
        (&recipient, "SOPS_AGE_KEY_FILE", &locked),
        (&public, "SOPS_AGE_SSH_PRIVATE_KEY_FILE", &id),
    ] {
        bed.write("e.json", bed.sops(&["encrypt", "--age", recipient, "p.json"]));
        let set = format!("{variable}={file}");
        for (program, verb) in [(sanctum(), &["sops", "decrypt"][..]), (&bed.sops, &["decrypt"])] {
            let line = |file| {
                [
                    &["-u", "SOPS_AGE_KEY_FILE", &set, program.to_str().expect("UTF-8")][..],
                    verb,
                    &[file],
                ]
                .concat()
            };
            let env = Path::new("/usr/bin/env");
            let (code, shown) = typed(&bed, env, &line("e.json"), &[("passphrase", words)]);
            assert_eq!(code, Some(0), "{shown}");
            assert!(shown.contains("\"value\"") && !shown.contains(words), "{shown}");
        }
        let mut command = bed.command(&sanctum_tests::tool("setsid"), &["--wait"]);
        command.arg(sanctum()).args(["sops", "decrypt", "e.json"]).stdin(Stdio::null());
        let output =
            command.env_remove("SOPS_AGE_KEY_FILE").env(variable, file).output().expect("starts");
        let told = refused(&output, 128);
        assert!(
            told.contains("passphrase")
                && told.contains("terminal")
                && told.contains(file.as_str()),
            "{told}"
        );
    }
    an_ssh_key_asks_for_its_own_files_only(&bed, &id, words);
}

/// To open the file of `age -p` once more would take a minute without optimisation.
fn an_ssh_key_asks_for_its_own_files_only(bed: &Bed, id: &str, passphrase: &str) {
    let set = format!("SOPS_AGE_SSH_PRIVATE_KEY_FILE={id}");
    let env = Path::new("/usr/bin/env");
    let program = sanctum().to_str().expect("UTF-8");
    let line = ["-u", "SOPS_AGE_KEY_FILE", &set, program, "sops", "decrypt", "e.json"];
    let (code, shown) = typed(bed, env, &line, &[("passphrase", "wrong")]);
    assert!(code == Some(128) && !shown.contains(passphrase), "{shown}");
    bed.write("e.json", bed.sops(&["encrypt", "--age", &bed.recipient, "p.json"]));
    let line = [&set, program, "sops", "decrypt", "e.json"];
    let (code, shown) = typed(bed, env, &line, &[]);
    assert!(code == Some(0) && !shown.contains("passphrase"), "{shown}");
}
