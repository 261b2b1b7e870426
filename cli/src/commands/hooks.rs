//! `sanctum hooks`: the hooks in the settings of a coding agent, put in, taken out and looked at.
//!
//! Settings are the owner's own file, or root's: edited as text, replaced as a whole, and given back byte for byte from the receipt.
//! What is about to be changed stands in the receipt before it is. Deliberately absent: what a hook looks like
//! (`sanctum_firewall::agents::settings`).

pub(in crate::commands) mod dummies;
mod receipt;
mod seat;
pub(in crate::commands) mod standing;

pub(in crate::commands) use standing::broken;

use super::config::without_effect;
use super::hook::{rules, view};
use super::{Context, FOUND};
use crate::args::hook::{AgentName, Hooks};
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::record::{self, Deed};
use crate::site::Place;
use receipt::Receipt;
use sanctum_firewall::agents::Agent;
use sanctum_firewall::agents::config;
use sanctum_firewall::agents::settings::{self, Scope};
use seat::Seat;
use serde_json::json;
use standing::Standing;

/// Runs the verb.
pub fn run(context: &Context, verb: &Hooks) -> Result<Exit, Failure> {
    match verb {
        Hooks::Install { agent, managed } => install(context, &seat(context, *agent, *managed)?),
        Hooks::Remove { agent, managed } => remove(context, &seat(context, *agent, *managed)?),
        Hooks::Status { agent } => status(context, *agent),
        Hooks::Dummy { verb } => dummies::run(context, verb),
    }
}

fn seat(context: &Context, agent: AgentName, managed: bool) -> Result<Seat, Failure> {
    let agent: Agent = agent.into();
    let seat = if managed {
        Seat::managed(context, agent)?.ok_or_else(|| {
            let text = format!("{} has no settings of root's that hooks go into", agent.name());
            Failure::refused(text)
                .hint(format!("put them into yours: sanctum hooks install {}", agent.name()))
        })?
    } else {
        Seat::own(context, agent)?
    };
    seat.may_change(context)?;
    Ok(seat)
}

/// Root does not write into the owner's home.
fn own_home(context: &Context) -> Result<(), Failure> {
    let other = context.around.sudo_uid.as_deref().is_some_and(|uid| uid != "0");
    if context.around.euid == 0 && other {
        let verb = context.around.verb.as_deref().unwrap_or("hooks");
        return Err(Failure::refused(
            "these are the owner's own settings, which root does not write",
        )
        .hint(format!("without sudo: sanctum {verb}")));
    }
    Ok(())
}

fn install(context: &Context, seat: &Seat) -> Result<Exit, Failure> {
    let edited = settings::install(seat.agent, seat.text.as_deref(), &seat.program)
        .map_err(|error| seat.failed(error))?;
    let changed = edited.text != seat.text;
    if changed {
        let deed = Deed::new("hooks.install", seat.agent.name())
            .with("file", seat.shown())
            .with("program", seat.program.as_str());
        record::during(context, seat.recorder(context), &deed, |_| {
            // What was there before the first install is what removing gives back.
            let known = receipt::read(context, seat)?;
            let ours = |known: &Receipt| known.file == seat.shown() && known.after == seat.text;
            let before = known.filter(ours).map(|known| known.before);
            receipt::write(
                context,
                seat,
                &Receipt {
                    format: 1,
                    file: seat.shown(),
                    before: before.unwrap_or_else(|| edited.undo.before.clone()),
                    after: edited.undo.after.clone(),
                },
            )?;
            seat.write(&edited)
        })?;
    }
    let words = if changed { "the hooks are in" } else { "the hooks are there already:" };
    context.out.line(Paint::Good, &format!("{words} {}", seat.shown()));
    if seat.agent == Agent::Codex && seat.scope == Scope::User {
        let next = "Codex runs each of them only after you have trusted it: start codex, say /hooks, trust them";
        context.out.line(Paint::Note, next);
    }
    told(context, seat, if changed { "installed" } else { "unchanged" });
    Ok(Exit::Done)
}

fn remove(context: &Context, seat: &Seat) -> Result<Exit, Failure> {
    let known = receipt::read(context, seat)?.filter(|known| known.file == seat.shown());
    let undo = known.map(Receipt::undo);
    let edited = match seat.text.as_deref() {
        None => None,
        Some(text) => {
            let edited = settings::remove(seat.agent, text, undo.as_ref());
            Some(edited.map_err(|error| seat.failed(error))?)
        }
    };
    let edited = edited.filter(|edited| edited.text != seat.text);
    if let Some(edited) = &edited {
        let deed = Deed::new("hooks.remove", seat.agent.name()).with("file", seat.shown());
        record::during(context, seat.recorder(context), &deed, |_| {
            seat.write(edited)?;
            receipt::forget(context, seat)
        })?;
    } else if undo.is_some() {
        // They went another way; from now on nobody misses them.
        receipt::forget(context, seat)?;
    }
    let words = match &edited {
        None => "no hook of ours is in",
        Some(edited) if undo.is_some_and(|undo| undo.before == edited.text) => {
            "as it was before the hooks:"
        }
        Some(_) => "the hooks are gone, and what changed since stays:",
    };
    context.out.line(Paint::Good, &format!("{words} {}", seat.shown()));
    told(context, seat, if edited.is_some() { "removed" } else { "unchanged" });
    Ok(Exit::Done)
}

const fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::User => "user",
        Scope::Managed => "managed",
    }
}

fn told(context: &Context, seat: &Seat, state: &str) {
    context.out.data(&json!({
        "format": 1, "agent": seat.agent.name(), "scope": scope(seat.scope), "file": seat.shown(), "state": state,
    }));
}

fn status(context: &Context, named: Option<AgentName>) -> Result<Exit, Failure> {
    let all = named.map_or_else(|| AgentName::ALL.to_vec(), |one| vec![one]);
    let mut reports = Vec::new();
    let mut found = false;
    for agent in all {
        let standings = standing::of(context, agent.into())?;
        let managed = standings.iter().any(|one| one.scope == Scope::Managed && one.runs());
        for one in &standings {
            // Root's hooks are enough: what keeps the person's from running does not matter then.
            let spared = managed && matches!(one.word, "absent" | "skipped" | "untrusted");
            let well = one.runs() || spared || (one.word == "absent" && named.is_none());
            found |= !well || (one.runs() && !one.why.is_empty());
            show(context, one, well);
            reports.push(json!({
                "agent": one.agent.name(), "scope": scope(one.scope), "file": one.file,
                "state": one.word, "findings": one.why,
            }));
        }
    }
    let here = view::here()?;
    let layers = rules::layers(context, &here)?;
    let (_, loosened) = config::merge(&layers);
    let wrong = without_effect(context, &layers, &loosened);
    wrong.iter().for_each(|line| context.out.line(Paint::Bad, line));
    found |= !wrong.is_empty();
    context.out.data(&json!({ "format": 1, "agents": reports, "configuration": wrong }));
    Ok(if found { FOUND } else { Exit::Done })
}

fn show(context: &Context, one: &Standing, well: bool) {
    let paint = match one.word {
        "installed" => Paint::Good,
        "absent" => Paint::Note,
        _ if well => Paint::Note,
        _ => Paint::Bad,
    };
    let name = one.agent.name();
    context.out.line(paint, &format!("{name:<9} {:<10} {}", one.word, one.file));
    for why in &one.why {
        context.out.line(Paint::Plain, &format!("          {why}"));
    }
}

/// What puts hooks right that do not run.
pub(in crate::commands) fn remedy(agent: Agent, all: &[Standing]) -> String {
    let name = agent.name();
    let is = |word: &str| all.iter().any(|one| one.word == word);
    if is("untrusted") {
        return "start codex, say /hooks there, and trust them".to_owned();
    }
    if is("skipped") {
        let other = Place::Machine.command(&format!("hooks install {name} --managed"));
        return format!("take that setting out; root's hooks heed no settings of yours: {other}");
    }
    format!("sanctum hooks install {name}")
}
