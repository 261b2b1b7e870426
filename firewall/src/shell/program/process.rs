//! Processes by their ids: whose they are flows with them, so that `kill $(pgrep x)` is `pkill x`.

use super::super::effect::Effect;
use super::super::value::{Taint, Text, Value, from, taint};
use super::super::walk::{Input, Walker};
use std::rc::Rc;

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

/// How much text of a pipeline says whose ids flow through it.
const MOST: usize = 1_024;

/// Runs one; `None` when the name is none of these.
pub(super) fn run(w: &mut Walker<'_>, name: &str, args: &[Text]) -> Option<Value> {
    match name {
        "pgrep" | "pidof" | "ps" | "lsof" | "fuser" | "launchctl" | "systemctl" => {
            Some(from(of(&words(args))))
        }
        "kill" | "skill" | "snice" => {
            // Signal 0 asks whether somebody is there.
            let asks = args.first().is_some_and(|a| matches!(a.s.as_str(), "-0" | "-l" | "-L"));
            let named = name != "kill" && guards(&words(args));
            let told = args.iter().filter_map(|a| a.taint.process.as_deref()).any(guards);
            if !asks && (named || told) {
                w.effect(Effect::Disables { what: "Ends a protection".to_owned() });
            }
            None
        }
        _ => None,
    }
}

/// What the ids in a file whose name ends in `.pid` are of.
pub(in super::super) fn file(path: &str) -> Option<Taint> {
    std::path::Path::new(path).extension().is_some_and(|end| end == "pid").then(|| of(path))
}

/// What a program makes of ids are ids still, of what its words pick.
pub(super) fn flows(input: &Input, args: &[Text], mut out: Value) -> Value {
    let Some(so_far) = input.as_deref().and_then(|flow| taint(flow).process) else { return out };
    let leaves_out = args.iter().any(|a| {
        a.s == "--invert-match"
            || a.s.starts_with('-') && !a.s.starts_with("--") && a.s.contains('v')
    });
    let process = if leaves_out || so_far.len() > MOST {
        so_far
    } else {
        Rc::from(format!("{so_far} {}", words(args)))
    };
    for text in &mut out {
        text.taint.process = Some(Rc::clone(&process));
    }
    out
}

fn of(words: &str) -> Taint {
    Taint { process: Some(Rc::from(words)), ..Taint::default() }
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
