//! Anchors of pf and drop-ins of sshd that were found: what they say that the proposal must know.
//!
//! sanctum renders its own of both. Here only ports, accounts and the server's port are taken, and what would be lost
//! is named. This is not a parser of pf's grammar: it looks for the words that follow `port`.

use super::FoundText;
use super::draft::Draft;
use sanctum_types::{AccountName, Severity};
use std::num::NonZeroU16;

/// Reads an anchor: its blocked ports, and notes for everything that passes.
pub(super) fn anchor(found: &FoundText, draft: &mut Draft) {
    for (n, line) in found.text.lines().enumerate() {
        let rule = line.split('#').next().unwrap_or_default().trim();
        let subject = format!("{}:{}", found.path, n + 1);
        let verb = rule.split_whitespace().next().unwrap_or_default();
        match verb {
            "" => {}
            "block" => {
                for port in ports(rule) {
                    draft.anchor_ports.entry(port).or_insert_with(|| subject.clone());
                }
            }
            "pass" => {
                let message =
                    "a rule that lets something in is not carried over: give that service a `bind`";
                draft.note(Severity::Warn, "adopt.pf", &subject, message);
            }
            _ => {
                let message = "is no block or pass rule and is not carried over";
                draft.note(Severity::Info, "adopt.pf", &subject, message);
            }
        }
    }
}

/// Numbers after `port`, alone or between braces; ranges and names are the caller's loss and stay unnamed.
fn ports(rule: &str) -> Vec<u16> {
    let spaced = rule.replace(['{', '}', ',', '='], " ");
    let mut words = spaced.split_whitespace();
    let mut found = Vec::new();
    while words.by_ref().any(|word| word == "port") {
        found.extend(words.clone().map_while(|word| word.parse::<u16>().ok()));
    }
    found
}

/// Reads a drop-in of sshd: the port, the accounts, and what was weaker than what comes.
pub(super) fn drop_in(found: &FoundText, draft: &mut Draft) {
    for (n, line) in found.text.lines().enumerate() {
        let subject = format!("{}:{}", found.path, n + 1);
        // sshd_config(5): keywords ignore case, and `=` may stand between keyword and value.
        let spaced = line.split('#').next().unwrap_or_default().replacen('=', " ", 1);
        let mut words = spaced.split_whitespace();
        let Some(keyword) = words.next().map(str::to_lowercase) else { continue };
        match keyword.as_str() {
            "port" => port(words.next(), &subject, draft),
            "allowusers" => {
                for word in words {
                    user(word, &subject, draft);
                }
            }
            "passwordauthentication" | "permitrootlogin" | "kbdinteractiveauthentication"
                if words.next() == Some("yes") =>
            {
                let message =
                    format!("`{keyword} yes` ends with the proposal: keys only, and never root");
                draft.note(Severity::Warn, "adopt.ssh", &subject, message);
            }
            "match" => {
                draft.note(
                    Severity::Warn,
                    "adopt.ssh",
                    &subject,
                    "a Match block is not carried over",
                );
            }
            _ => {}
        }
    }
}

fn port(word: Option<&str>, subject: &str, draft: &mut Draft) {
    match (word.and_then(|word| word.parse::<NonZeroU16>().ok()), draft.ssh_port) {
        (Some(port), None) => draft.ssh_port = Some(port),
        (Some(port), Some(first)) if port == first => {}
        (Some(_), Some(_)) => {
            draft.note(Severity::Warn, "adopt.ssh", subject, "a second port is not carried over");
        }
        (None, _) => draft.note(Severity::Warn, "adopt.ssh", subject, "its port cannot be read"),
    }
}

fn user(word: &str, subject: &str, draft: &mut Draft) {
    match AccountName::new(word) {
        Ok(name) if name.as_str() != "root" => {
            draft.allow_users.insert(name);
        }
        _ => {
            let message =
                "an entry of AllowUsers with a pattern, a host or root is not carried over";
            draft.note(Severity::Warn, "adopt.ssh", subject, message);
        }
    }
}
