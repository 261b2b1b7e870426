//! `sanctum vault unlock` on real terminals: the passphrase counts there, and for nobody else of the same account.
#![expect(clippy::disallowed_methods, reason = "real programs on real terminals")]

use super::{PASSPHRASE, Served, command};
use crate::cli::program::{folder, sanctum};
use serde_json::json;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

const TYPIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/typist");
const WRONG: &str = "not the passphrase";

/// Runs a script of `sh` at a new terminal; each question for a passphrase gets the next of these answers.
fn at_terminal(root: &Path, script: &str, answers: &[&str]) -> String {
    let mut command = command(Path::new(TYPIST), root);
    let typed: Vec<_> = answers.iter().map(|answer| json!(["passphrase:", answer])).collect();
    command.env("TYPED", json!(typed).to_string()).env("PATH", "/usr/bin:/bin");
    let vault = format!("{} vault --root {}", sanctum().display(), root.display());
    command.args(["/bin/sh", "-c", &script.replace("VAULT", &vault)]);
    let output = command.output().expect("the typist starts");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Whether this kernel holds who connects; Linux does from 6.5 on.
fn held() -> bool {
    let (one, _other) = std::os::unix::net::UnixStream::pair().expect("a pair");
    sanctum_host::seat::Held::of(&one).is_some()
}

fn unsealed(root: &Path) -> Served {
    let served = Served::start(root.to_owned());
    served.vault(&["unseal"]).exits(0);
    served
}

const UNHELD: &str = "this kernel does not hold who connects";

/// What each step of that morning ends with.
const CODES: &str = "before=4 unlock=0 list=0 policy=0 approve=0 setsid=4 agent=4 rekey=4 still=0 beside=4 alone=0 lock=0 after=4";

#[test]
fn the_passphrase_counts_in_that_terminal_and_nowhere_else() {
    if !held() {
        return sanctum_tests::note_skipped(module_path!(), UNHELD);
    }
    let dir = folder();
    let root = dir.path().join("root");
    let _served = unsealed(&root);
    let vault = format!("{} vault --root {} \"$@\"", sanctum().display(), root.display());
    let agent = program(&root, "claude", &vault);
    let at = root.display();
    let beside = program(&root, "codex", &format!(": >{at}/works; read word <{at}/gate"));
    let elsewhere = root.join("elsewhere");
    // While the session lasts: another terminal, no terminal, an agent in this very terminal, and the owner beside one.
    let script = format!(
        "VAULT list; echo before=$?
         VAULT unlock --minutes 5; echo unlock=$?
         VAULT list; echo list=$?; VAULT policy list; echo policy=$?; VAULT approve; echo approve=$?
         while [ ! -e {root}/looked ]; do touch {root}/ready; sleep 0.05; done
         setsid -w /bin/sh -c 'VAULT list' </dev/null; echo setsid=$?
         {agent} list; echo agent=$?
         VAULT rekey --new-passphrase-file {root}/passphrase; echo rekey=$?
         VAULT list; echo still=$?
         mkfifo {root}/gate; {beside} & while [ ! -e {root}/works ]; do sleep 0.05; done
         VAULT list; echo beside=$?
         echo >{root}/gate; wait; VAULT list; echo alone=$?
         VAULT lock; echo lock=$?; VAULT list; echo after=$?",
        root = root.display(),
        agent = agent.display(),
        beside = beside.display(),
    );
    let other = std::thread::scope(|scope| {
        let owner = scope.spawn(|| {
            at_terminal(&root, &script, &[WRONG, PASSPHRASE, WRONG, WRONG, WRONG, WRONG])
        });
        let begun = std::time::Instant::now();
        while !root.join("ready").exists() {
            assert!(begun.elapsed() < super::LONG && !owner.is_finished(), "{:?}", owner.join());
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let other = at_terminal(&root, "VAULT list; echo other=$?", &[WRONG]);
        std::fs::write(root.join("looked"), "").expect("a file");
        std::fs::write(&elsewhere, owner.join().expect("it ends")).expect("a file");
        other
    });
    assert!(other.contains("other=4"), "{other}");
    let said = std::fs::read_to_string(&elsewhere).expect("text");
    for code in CODES.split(' ') {
        assert!(said.contains(code), "{code}: {said}");
    }
    let journal = journal(&root);
    for told in ["\"why\":\"agent\"", "\"why\":\"no-session\"", "\"terminal\":\"pts/"] {
        assert!(journal.contains(told), "{told}: {journal}");
    }
}

/// A script of `sh` by that name.
fn program(root: &Path, name: &str, text: &str) -> PathBuf {
    let path = root.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a script");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    path
}

/// What the account's journal holds.
fn journal(root: &Path) -> String {
    let streams = super::walk(&root.join(".sanctum")).into_iter();
    let streams = streams.filter(|path| path.extension().is_some_and(|end| end == "jsonl"));
    let text = streams.map(|path| std::fs::read(path).expect("a stream")).collect::<Vec<_>>();
    String::from_utf8_lossy(&text.concat()).into_owned()
}

/// Connects, asks, and leaves the connection to another process, which asks too.
const HANDED: &str = r#"
import json, os, socket, struct, sys, time
wire = socket.socket(socket.AF_UNIX)
wire.connect(sys.argv[1])
def call(method):
    text = json.dumps({"id": 1, "method": method, "params": {}}).encode()
    wire.sendall(struct.pack(">I", len(text)) + text)
    (length,) = struct.unpack(">I", wire.recv(4, socket.MSG_WAITALL))
    answer = json.loads(wire.recv(length, socket.MSG_WAITALL))
    return answer.get("error", {}).get("code", "ok")
print("session=" + call("admin.session"), "own=" + call("admin.list"), flush=True)
us = os.getpid()
if os.fork():
    os._exit(0)
while os.getppid() == us:
    time.sleep(0.01)
print("handed=" + call("admin.list"), flush=True)
open(sys.argv[2], "w").close()
"#;

#[test]
fn a_connection_that_was_handed_on_is_nobodys() {
    if !held() {
        return sanctum_tests::note_skipped(module_path!(), UNHELD);
    }
    let dir = folder();
    let root = dir.path().join("root");
    let _served = unsealed(&root);
    let script = root.join("handed.py");
    std::fs::write(&script, HANDED).expect("a script");
    let script = format!(
        "VAULT unlock; python3 {script} {root}/.sanctum/vault.sock {root}/told
         while [ ! -e {root}/told ]; do sleep 0.05; done",
        script = script.display(),
        root = root.display(),
    );
    let said = at_terminal(&root, &script, &[PASSPHRASE]);
    assert!(said.contains("session=ok own=ok"), "{said}");
    assert!(said.contains("handed=SESSION_EXPIRED"), "{said}");
    assert!(journal(&root).contains("\"why\":\"unseen\""));
}

#[test]
fn an_agent_and_who_has_no_terminal_do_not_unlock_with_the_right_passphrase() {
    let dir = folder();
    let root = dir.path().join("root");
    let served = unsealed(&root);
    served.vault(&["unlock"]).exits(4).says("ACCESS_DENIED");
    let agent = program(&root, "codex", "\"$@\"");
    let script =
        format!("{} VAULT unlock; echo unlock=$?; VAULT list; echo list=$?", agent.display());
    let said = at_terminal(&root, &script, &[PASSPHRASE, WRONG]);
    assert!(said.contains("unlock=4") && said.contains("list=4"), "{said}");
    served.vault(&["unlock", "--minutes", "61"]).exits(2);
    served.vault(&["list"]).exits(0);
}
