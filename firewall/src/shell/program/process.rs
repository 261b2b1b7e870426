//! Processes by their ids: whose they are flows with them, so that `kill $(pgrep x)` is `pkill x`.

use super::super::effect::Effect;
use super::super::value::{Ids, Taint, Text, Value, from, taint};
use super::super::walk::{Input, Walker};

/// Services that guard a machine, by a part of their names.
const GUARDS: [&str; 10] = [
    "sanctum",
    "auditd",
    "fail2ban",
    "crowdsec",
    "falco",
    "osquery",
    "wazuh",
    "clamd",
    "santad",
    "blockblock",
];

/// Runs one; `None` when the name is none of these.
pub(super) fn run(w: &mut Walker<'_>, name: &str, args: &[Text]) -> Option<Value> {
    match name {
        "pgrep" | "pidof" | "ps" | "lsof" | "fuser" | "launchctl" | "systemctl" => {
            return Some(from(of(&words(args))));
        }
        "kill" | "skill" | "snice" | "pkill" | "killall" => {
            let named = name != "kill" && guards(&words(args));
            let told = args.iter().any(|a| a.taint.ids == Ids::Guards);
            if (named || told) && !only_asks(args) {
                w.effect(Effect::Disables { what: "Ends a protection".to_owned() });
            }
        }
        _ => {}
    }
    None
}

/// Signal 0 asks whether somebody is there, and a list of signals ends nobody.
fn only_asks(args: &[Text]) -> bool {
    let mut words = args.iter().map(|a| a.s.as_str());
    match words.next() {
        Some("-0" | "-l" | "-L") => true,
        Some("-s" | "-n" | "--signal") => words.next() == Some("0"),
        _ => false,
    }
}

/// What the ids in a file whose name ends in `.pid` are of.
pub(in super::super) fn file(path: &str) -> Option<Taint> {
    std::path::Path::new(path).extension().is_some_and(|end| end == "pid").then(|| of(path))
}

/// What a program makes of ids are ids still, of what its words pick; a search for those that lack a word picks nobody by it.
pub(super) fn flows(name: &str, args: &[Text], input: &Input, mut out: Value) -> Value {
    let so_far = input.as_deref().map_or(Ids::None, |flow| taint(flow).ids);
    if so_far == Ids::None {
        return out;
    }
    let lacks = |a: &Text| {
        a.s == "--invert-match"
            || a.s.starts_with('-') && !a.s.starts_with("--") && a.s.contains('v')
    };
    let leaves_out = name.contains("grep") && args.iter().any(lacks);
    let ids = if leaves_out { so_far } else { so_far.max(of(&words(args)).ids) };
    for text in &mut out {
        text.taint.ids = text.taint.ids.max(ids);
    }
    out
}

fn of(words: &str) -> Taint {
    let ids = if guards(words) { Ids::Guards } else { Ids::Some };
    Taint { ids, ..Taint::default() }
}

fn words(args: &[Text]) -> String {
    args.iter().map(Text::shown).collect::<Vec<_>>().join(" ")
}

/// `[s]anctumd` is how a search does not find itself.
fn guards(words: &str) -> bool {
    let words = words.replace(['[', ']'], "").to_ascii_lowercase();
    // Without quotes the shell may take `[s]` for a pattern.
    let starred = |guard: &str| words.contains(&format!("*{}", guard.get(1..).unwrap_or_default()));
    GUARDS.iter().any(|guard| words.contains(guard) || starred(guard))
}
