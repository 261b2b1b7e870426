//! Agents, and what they may do.

use super::{Desk, agent_keys};
use crate::args::vault::{Agent, Approval, Policy, Rule};
use crate::commands::FOUND;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use sanctum_host::files;
use sanctum_vault::policy::authority::Authority;
use serde_json::{Map, Value, json};

/// Of a file of certificates.
const CERTIFICATES: u64 = 128 * 1024;

pub(super) fn agent(desk: &Desk<'_>, verb: &Agent) -> Result<Exit, Failure> {
    match verb {
        Agent::Register(args) => agent_keys::register(desk, args),
        Agent::Rotate(args) => agent_keys::rotate(desk, args),
        Agent::List => {
            let answer = desk.ask("agent_list", json!({}))?;
            for one in answer.get("agents").and_then(Value::as_array).into_iter().flatten() {
                let word = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
                let line = format!("{:<24} {}", word("name"), word("public"));
                desk.context.out.line(Paint::Plain, &line);
            }
            desk.context.out.data(&json!({ "format": 1, "vault": answer }));
            Ok(Exit::Done)
        }
        Agent::Remove { name } => {
            let answer = desk.ask("agent_remove", json!({ "name": name }))?;
            desk.done(&format!("agent {name} is removed; its key opens nothing"), &answer)
        }
    }
}

pub(super) fn policy(desk: &Desk<'_>, verb: &Policy) -> Result<Exit, Failure> {
    match verb {
        Policy::Set(rule) => {
            let params = json!({ "name": rule.name, "rule": written(rule)? });
            let answer = desk.ask("policy_set", params)?;
            desk.done(&format!("policy {} holds", rule.name), &answer)
        }
        Policy::List => {
            let answer = desk.ask("policy_list", json!({}))?;
            for (name, rule) in
                answer.get("policies").and_then(Value::as_object).into_iter().flatten()
            {
                desk.context.out.line(Paint::Plain, &format!("{name:<24} {}", short(rule)));
            }
            desk.context.out.data(&json!({ "format": 1, "vault": answer }));
            Ok(Exit::Done)
        }
        Policy::Remove { name } => {
            let answer = desk.ask("policy_remove", json!({ "name": name }))?;
            desk.done(&format!("policy {name} is gone"), &answer)
        }
        Policy::Simulate { agent, path, action } => {
            let params = json!({ "agent": agent, "path": path, "action": action });
            let answer = desk.ask("policy_simulate", params)?;
            desk.context.out.data(&json!({ "format": 1, "vault": answer }));
            let allowed = answer.get("allowed") == Some(&Value::Bool(true));
            let by = answer.get("by").cloned().unwrap_or_default();
            let approval = answer.get("approval").is_some_and(|approval| !approval.is_null());
            let (paint, words, exit) = if allowed {
                let first = if approval { ", once you approved it" } else { "" };
                (Paint::Good, format!("allowed by {by}{first}"), Exit::Done)
            } else {
                (Paint::Bad, "no policy allows it".to_owned(), FOUND)
            };
            desk.context.out.line(paint, &words);
            Ok(exit)
        }
    }
}

/// With the fingerprints of certificates in their place.
fn short(rule: &Value) -> Value {
    let mut rule = rule.clone();
    let authority = rule.get("ca").and_then(Value::as_str).map(str::to_owned);
    let print = authority.and_then(|text| Authority::try_from(text).ok()).map(|one| one.print());
    if let (Some(members), Some(print)) = (rule.as_object_mut(), print) {
        members.insert("ca".to_owned(), print.into());
    }
    rule
}

fn written(rule: &Rule) -> Result<Value, Failure> {
    let mut all = Map::new();
    for (name, value) in [
        ("agents", json!(rule.agent)),
        ("paths", json!(rule.path)),
        ("actions", json!(rule.action)),
        ("max_ttl", json!(rule.max_ttl)),
        ("per_hour", json!(rule.per_hour)),
        ("domains", json!(rule.domain)),
        ("methods", json!(rule.method)),
        ("addresses", json!(rule.address)),
    ] {
        if !value.is_null() {
            all.insert(name.to_owned(), value);
        }
    }
    if rule.keep_leases {
        all.insert("keep_leases".to_owned(), json!(true));
    }
    if let Some(approval) = rule.approval {
        let said = match approval {
            Approval::Each => json!(true),
            Approval::Minutes(minutes) => json!(minutes),
        };
        all.insert("approval".to_owned(), said);
    }
    if let Some(file) = &rule.ca {
        let text = files::read(file, CERTIFICATES)?;
        let authority = Authority::try_from(String::from_utf8_lossy(&text).into_owned())
            .map_err(|error| Failure::new(Exit::Usage, error))?;
        all.insert("ca".to_owned(), json!(authority));
    }
    if let Some(hours) = &rule.hours {
        let (from, to) = hours.split_once('-').ok_or_else(|| {
            Failure::new(Exit::Usage, "--hours has two times, such as 22:00-06:00")
        })?;
        all.insert("window".to_owned(), json!({ "from": from, "to": to, "zone": rule.zone }));
    }
    Ok(all.into())
}
