//! What a new instance allows that the approved one did not.
//!
//! The file in the owner's home can be written by every program of the owner's, an agent's too. At euid 0 it is
//! only a proposal: whatever it widens is listed here, one by one, before root takes it over. Invariant: two files
//! are compared value by value, and a change widens unless [`judged_by`] knows why it cannot. What may be reached is
//! judged by the exposure tables, not by words of the file: taking an entry away can open its port.

use super::model::{GuardMode, Instance};
use crate::exposure::{Exposure, Listener, Network, word};
use sanctum_types::NodeName;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt::Display;

/// One thing that becomes possible.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Widening {
    /// Which entry of the file.
    pub subject: String,
    /// What becomes possible.
    pub change: String,
}

type Found = Vec<Widening>;

fn note(found: &mut Found, subject: impl Display, change: impl Display) {
    found.push(Widening { subject: subject.to_string(), change: change.to_string() });
}

/// Everything that `new` widens; without an approved instance, that alone.
#[must_use]
pub fn widenings(approved: Option<&Instance>, new: &Instance) -> Vec<Widening> {
    let mut found = Vec::new();
    let Some(old) = approved else {
        note(&mut found, "the whole file", "is approved for the first time");
        return found;
    };
    match (serde_json::to_value(old), serde_json::to_value(new)) {
        (Ok(old), Ok(new)) => compare(&mut found, &[], &old, &new),
        _ => note(&mut found, "the whole file", "cannot be compared with the approved one"),
    }
    keys(&mut found, old, new);
    for node in new.nodes.keys().filter(|node| old.nodes.contains_key(*node)) {
        reach(&mut found, node, old, new);
    }
    switches(&mut found, old, new);
    guards(&mut found, old, new);
    for (subject, change) in super::alerts::loosened(&old.alerts, &new.alerts) {
        note(&mut found, subject, change);
    }
    found.sort();
    found.dedup();
    found
}

/// Who knows whether a change of a value widens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judge {
    /// It is a word for people, or the loader holds it to one value.
    Nobody,
    /// A function of this module.
    Elsewhere,
    /// More entries widen, fewer do not.
    More,
    /// Taking it away narrows; what is changed inside is compared further.
    Inside,
    /// Every change widens.
    Any,
}

/// What is known of the value at a path. Whatever is not named here widens when it changes.
fn judged_by(path: &[&str]) -> Judge {
    match path {
        ["format"]
        | ["instance", "name"]
        | ["services", _, "reason"]
        | ["boot", "reason"]
        | ["services" | "schedules", _, "run_as", "reason"] => Judge::Nobody,
        // Reachability, by the exposure tables; the others by functions of their own.
        ["services", _, "ports" | "bind" | "enabled"]
        | ["ssh", "port" | "reachable_from"]
        | ["users", "authorized_keys"]
        | ["guards", "sentinel" | "firewall" | "proxy"]
        | ["alerts", ..] => Judge::Elsewhere,
        ["ssh", "allow_users"] | ["services", _, "secrets"] => Judge::More,
        // A service, job, secret or machine that is gone does nothing; its ports are judged by the tables.
        ["services" | "schedules" | "secrets", _] | ["vm" | "vault"] => Judge::Inside,
        _ => Judge::Any,
    }
}

fn compare(found: &mut Found, path: &[&str], old: &Value, new: &Value) {
    if old == new {
        return;
    }
    let judge = judged_by(path);
    let gone = new.is_null();
    match (judge, old, new) {
        (Judge::Nobody | Judge::Elsewhere, _, _) => {}
        (Judge::Inside, _, _) if gone => {}
        (Judge::More, old, Value::Array(new)) => {
            let known = old.as_array().map_or(&[][..], Vec::as_slice);
            for one in new.iter().filter(|one| !known.contains(one)) {
                note(found, path.join("."), more(path, &shown(one)));
            }
        }
        (_, Value::Object(old), Value::Object(new)) => fields(found, path, old, new),
        // An entry that is new is compared with one that says nothing.
        (_, Value::Null, Value::Object(new)) => fields(found, path, &Map::new(), new),
        (_, Value::Null, Value::Array(list)) if list.is_empty() => {}
        _ if matches!(path, ["ssh", "profiles", _]) && new == "post-quantum" => {}
        _ => note(found, path.join("."), becomes(path, new)),
    }
}

fn fields(found: &mut Found, path: &[&str], old: &Map<String, Value>, new: &Map<String, Value>) {
    let names: BTreeSet<&str> = old.keys().chain(new.keys()).map(String::as_str).collect();
    for name in names {
        let at = |map: &Map<String, Value>| map.get(name).cloned().unwrap_or(Value::Null);
        compare(found, &[path, &[name]].concat(), &at(old), &at(new));
    }
}

fn more(path: &[&str], one: &str) -> String {
    match path {
        ["ssh", ..] => format!("{one} may log in"),
        _ => format!("reads the secret {one}"),
    }
}

fn becomes(path: &[&str], new: &Value) -> String {
    match (path.last(), new) {
        (_, Value::Null) => "is taken away".to_owned(),
        (Some(&"command"), Value::Array(words)) => {
            format!("runs {}", words.iter().map(shown).collect::<Vec<_>>().join(" "))
        }
        _ => format!("becomes {}", shown(new)),
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn keys(found: &mut Found, old: &Instance, new: &Instance) {
    let known: BTreeSet<&String> = old.users.authorized_keys.iter().collect();
    for key in new.users.authorized_keys.iter().filter(|key| !known.contains(key)) {
        // The comment of a key line names it; the key itself is public.
        let name = key.split_whitespace().nth(2).unwrap_or("a key without a comment");
        note(found, "users.authorized_keys", format!("{name} may log in"));
    }
}

/// Compares the two tables of one node: what is open now, and what was closed and is not named any more, which
/// leaves it to whatever else filters (docs/decisions/0004-exposure-semantics.md).
fn reach(found: &mut Found, node: &NodeName, old: &Instance, new: &Instance) {
    let (Ok(old), Ok(new)) = (Exposure::of(old, node), Exposure::of(new, node)) else {
        return note(found, format!("nodes.{node}"), "has ports that cannot be compared");
    };
    let subject = |by: &Listener| match by {
        Listener::Ssh => "ssh".to_owned(),
        Listener::Service(name) => format!("services.{name}"),
    };
    for network in [Network::Vm, Network::Tailnet, Network::Lan] {
        for (transport, port, exposed) in new.iter() {
            if new.opens(network, transport, port) && !old.opens(network, transport, port) {
                let change = format!("{} port {port} is opened to {network}", word(transport));
                note(found, subject(&exposed.by), change);
            }
        }
        for (transport, port, exposed) in old.iter() {
            if !old.opens(network, transport, port) && !new.declares(transport, port) {
                let change =
                    format!("{} port {port} is no longer closed to {network}", word(transport));
                note(found, subject(&exposed.by), change);
            }
        }
    }
}

/// A service that is switched on runs. One that stops listening leaves its ports to any other program.
fn switches(found: &mut Found, old: &Instance, new: &Instance) {
    for (name, service) in &new.services {
        let before = old.services.get(name).is_some_and(|before| before.enabled);
        match (before, service.enabled) {
            (false, true) => note(found, format!("services.{name}"), "is switched on"),
            (true, false) if !service.ports.is_empty() => {
                let change = "is switched off: another program may take its ports";
                note(found, format!("services.{name}"), change);
            }
            _ => {}
        }
    }
}

fn guards(found: &mut Found, old: &Instance, new: &Instance) {
    let pairs: [(&str, GuardMode, GuardMode); 3] = [
        ("sentinel", old.guards.sentinel, new.guards.sentinel),
        ("firewall", old.guards.firewall, new.guards.firewall),
        ("proxy", old.guards.proxy, new.guards.proxy),
    ];
    for (name, before, after) in pairs {
        if after < before {
            note(found, format!("guards.{name}"), format!("lowered from {before:?} to {after:?}"));
        }
    }
}

#[cfg(test)]
mod tests;
