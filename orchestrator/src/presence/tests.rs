use super::*;
use sanctum_types::ServiceName;
use std::collections::BTreeMap;

fn register() -> Register {
    let agent = Agent { programs: vec!["/opt/builder/run".to_owned()] };
    Register::new(&BTreeMap::from([(ServiceName::new("builder").unwrap(), agent)]))
}

fn ancestor(pid: u32, program: &str, words: &[&str]) -> Ancestor {
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    Ancestor { pid, program: program.to_owned(), words }
}

/// A person: sudo, on the session's terminal, from a shell.
fn person() -> Evidence {
    Evidence {
        euid: 0,
        person: Person::Account { uid: 501, name: "alma".to_owned() },
        terminal: Some(Terminal::Ours),
        ancestors: Some(vec![
            ancestor(40, "/usr/bin/sudo", &["sudo", "sanctum", "confirm"]),
            ancestor(30, "/bin/zsh", &["-zsh"]),
        ]),
    }
}

#[test]
fn a_person_is_asked_once_more_and_root_on_the_console_was_asked() {
    let ask = judge(&person(), &register());
    assert_eq!(ask, Ok(Ask::Sudo { uid: 501, name: "alma".to_owned() }));
    let ancestors = Some(vec![ancestor(30, "/bin/bash", &["-bash"])]);
    let console = Evidence { person: Person::Root, ancestors, ..person() };
    assert_eq!(judge(&console, &register()), Ok(Ask::Nothing));
}

#[test]
fn each_thing_that_is_missing_is_a_refusal_of_its_own() {
    type Change = fn(&mut Evidence);
    let table: [(Change, Absent); 5] = [
        (|seen| seen.person = Person::Root, Absent::HiddenCaller),
        (|seen| seen.euid = 501, Absent::NotRoot),
        (|seen| seen.terminal = None, Absent::NoTerminal),
        (|seen| seen.terminal = Some(Terminal::Foreign), Absent::ForeignTerminal),
        (|seen| seen.ancestors = None, Absent::Unseen),
    ];
    for (change, absent) in table {
        let mut seen = person();
        change(&mut seen);
        assert_eq!(judge(&seen, &register()), Err(absent));
    }
}

#[test]
fn an_agent_anywhere_above_is_a_refusal() {
    for (program, words, name) in [
        ("/usr/local/bin/claude", &[][..], "claude"),
        ("/usr/bin/node", &["node", "/usr/local/lib/x/claude.js", "--continue"], "claude"),
        ("/usr/bin/python3", &["python3", "-u", "/home/alma/bin/aider"], "aider"),
        ("/usr/bin/dash", &["/bin/sh", "/usr/local/bin/claude"], "claude"),
        ("/bin/busybox", &["sh", "/usr/local/bin/claude"], "claude"),
        ("/opt/builder/run", &["run"], "builder"),
        ("codex", &["codex"], "codex"),
    ] {
        let mut seen = person();
        seen.ancestors.as_mut().unwrap().push(ancestor(7, program, words));
        let absent = Absent::Agent { agent: name.to_owned(), pid: 7 };
        assert_eq!(judge(&seen, &register()), Err(absent), "{program}");
    }
}

#[test]
fn names_that_only_look_alike_are_no_agents() {
    for (program, words) in [
        ("/usr/bin/vim", &["vim", "claude.md"][..]),
        ("/usr/bin/python3", &["python3", "-c", "print(1)", "x", "claude"]),
        ("/home/alma/claudette", &["claudette"]),
        ("/elsewhere/run", &["run"]),
    ] {
        let mut seen = person();
        seen.ancestors.as_mut().unwrap().push(ancestor(7, program, words));
        assert!(judge(&seen, &register()).is_ok(), "{program}");
    }
}
