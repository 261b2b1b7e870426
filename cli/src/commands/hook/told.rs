//! What a hook decided, in the journal.
//!
//! The agent has its answer by then, and waits for this process to end: nothing is made for the first time here, no lock is
//! waited for, and a line is not synced. A decision that cannot be told is not told; nothing fails because of that.

use super::rules::Rules;
use crate::commands::Context;
use crate::failure::Failure;
use crate::record;
use crate::site::{HERE, Place};
use sanctum_firewall::agents::content::{Usage, usages};
use sanctum_firewall::agents::{Answered, Decision, Event, Tool};
use sanctum_host::journal::{OneShot, Places, StreamName};
use sanctum_host::{Store, files};
use sanctum_orchestrator::house::layout;
use sanctum_types::{Action, Actor, AuditEvent, Outcome, Phase, Severity};
use std::collections::BTreeMap;
use std::path::Path;

/// A stream of its own: agents ask often and at once, and other verbs shall not wait for them.
const STREAM: &str = "hooks";
/// Characters of a reason or a name that are kept.
const MOST: usize = 600;
/// Answers of paid interfaces that one line names; a command that prints more is a log of others.
const MOST_USAGES: usize = 8;
/// Characters of a model's name.
const MOST_NAME: usize = 64;

/// Tells the journal, where there is one.
pub(super) fn tell(context: &Context, rules: &Rules, answered: &Answered) {
    let other = answered.request.as_ref().is_some_and(|request| request.event == Event::Other);
    // Who wants no account of MCP calls still gets one of those that were refused, asked about or covered.
    let quiet = !rules.config.flag("ai_firewall.mcp_audit")
        && answered
            .request
            .as_ref()
            .is_some_and(|request| matches!(request.tool, Tool::Mcp { .. }))
        && answered.judgement.decision == Decision::Allow
        && answered.judgement.updated_output.is_none();
    if !rules.is_off() && !other && !quiet {
        // The answer is given: see the head of this file.
        let _ = try_to(context, rules, answered);
    }
}

fn try_to(context: &Context, rules: &Rules, answered: &Answered) -> Result<(), Failure> {
    let Some(places) = places(context)? else { return Ok(()) };
    let mut event = event(answered)?;
    rules.note(&mut event.details);
    spent(&mut event.details, answered);
    Ok(OneShot::passing(places, StreamName::new(STREAM)?)?.note(&event)?)
}

/// Root's store, or what the owner's programs have made in the home.
fn places(context: &Context) -> Result<Option<Places>, Failure> {
    if context.around.euid == 0 {
        let path = Path::new(layout::store(HERE));
        if !files::is_there(path) {
            return Ok(None);
        }
        let store = Store::open_existing(path)?;
        let second = record::second_place(&Place::Machine, &store)?;
        return Ok(Some(Places::of(&store, second.as_deref())?));
    }
    let Some(home) = context.around.home() else { return Ok(None) };
    let (streams, second) = record::of_owner(home);
    if !files::is_there(&streams) {
        return Ok(None);
    }
    Ok(Some(Places::at(&streams, &second)?))
}

fn event(answered: &Answered) -> Result<AuditEvent, Failure> {
    let clean = |text: &str| -> String {
        sanctum_firewall::Engine::guarding().redact(text).text.chars().take(MOST).collect()
    };
    let judgement = &answered.judgement;
    let (word, outcome, severity) = match judgement.decision {
        Decision::Deny => ("deny", Outcome::Refused, Severity::Warn),
        Decision::Ask => ("ask", Outcome::Found, Severity::Info),
        Decision::Defer => ("defer", Outcome::Found, Severity::Info),
        Decision::Allow if judgement.updated_output.is_some() => {
            ("covered", Outcome::Found, Severity::Warn)
        }
        Decision::Allow => ("allow", Outcome::Ok, Severity::Info),
    };
    let mut details = BTreeMap::from([("decision".to_owned(), word.to_owned())]);
    let mut note = |name: &str, text: &str| {
        if !text.is_empty() {
            details.insert(name.to_owned(), clean(text));
        }
    };
    note("mode", if answered.observed { "observe" } else { "enforce" });
    note("reason", &judgement.reason);
    note("context", judgement.context.as_deref().unwrap_or_default());
    let request = answered.request.as_ref();
    if let Some(request) = request {
        note("agent", request.agent.name());
        note("event", &request.event_name);
        note("session", request.session.as_deref().unwrap_or_default());
        note("directory", request.cwd.as_deref().unwrap_or_default());
    }
    let subject = request.map_or("input", |request| request.tool_name.as_str());
    Ok(AuditEvent {
        actor: Actor::new("guard:firewall")?,
        action: Action::new(format!("hook.{}", request.map_or("unreadable", |r| part(&r.tool))))?,
        subject: clean(if subject.is_empty() { "event" } else { subject }),
        phase: Phase::Single,
        outcome,
        severity,
        details,
    })
}

/// What paid interfaces said that a command used: tokens by provider and model, without a price.
fn spent(details: &mut BTreeMap<String, String>, answered: &Answered) {
    let Some(request) = answered.request.as_ref().filter(|request| request.event == Event::After)
    else {
        return;
    };
    let Some(result) = &request.result else { return };
    let mut all: Vec<String> = Vec::new();
    result.output.texts(&mut |text| {
        all.extend(usages(text).into_iter().map(|usage| {
            let Usage { provider, model, input, cached, written, output } = usage;
            let model: String =
                model.chars().filter(|c| !" ;=".contains(*c)).take(MOST_NAME).collect();
            format!("{provider} {model} in={input} cached={cached} written={written} out={output}")
        }));
    });
    if !all.is_empty() {
        all.truncate(MOST_USAGES);
        details.insert(
            "usage".to_owned(),
            sanctum_firewall::Engine::guarding().redact(&all.join("; ")).text,
        );
    }
}

fn part(tool: &Tool) -> &'static str {
    match tool {
        Tool::Command { .. } => "command",
        Tool::Write(_) => "write",
        Tool::Read { .. } => "reading",
        Tool::Search { .. } => "search",
        Tool::Fetch { .. } => "fetch",
        Tool::Mcp { .. } => "mcp",
        Tool::Unknown | Tool::Other => "other",
    }
}
