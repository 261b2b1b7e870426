//! `sanctum alerts`: try the channels, and look at what the desk remembers.
//!
//! A test goes past the desk: it is neither deduplicated nor held, and its outcome is what the peer answered.

use super::{Context, FOUND};
use crate::args::alerts::Alerts;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::record::{self, Deed, Recorder};
use crate::session::{self, Opened};
use crate::site::{Access, Place, Site};
use sanctum_host::{accounts, clock};
use sanctum_orchestrator::alerts::channels::Session as Desktop;
use sanctum_orchestrator::alerts::dispatch;
use sanctum_orchestrator::alerts::text::{self, Voice};
use sanctum_orchestrator::alerts::{Channels, Message, Policy, State, What, state};
use sanctum_orchestrator::secrets;
use sanctum_types::{Severity, UnixTime, chain};
use serde_json::{Value, json};
use std::path::Path;

/// Runs the verb.
pub fn run(context: &Context, verb: &Alerts) -> Result<Exit, Failure> {
    match verb {
        Alerts::Test { channel } => test(context, channel.as_deref()),
        Alerts::List => list(context),
        Alerts::History { limit } => history(context, *limit),
        Alerts::Status => status(context),
    }
}

/// A house's rules for alerts, and how it speaks.
struct House {
    opened: Opened,
    policy: Policy,
    voice: Voice,
}

impl House {
    fn open(context: &Context) -> Result<Self, Failure> {
        let opened = Opened::read(&context.common, &context.around, context.out)?;
        let node = session::choose_node(&opened.instance, &context.common)?;
        let policy = Policy::of(&opened.instance)?;
        let voice = Voice::new(&opened.instance.instance.name, node.as_str(), &policy);
        Ok(Self { opened, policy, voice })
    }

    fn time(&self, at: UnixTime) -> String {
        text::time(at, &self.policy.zone)
    }
}

fn test(context: &Context, only: Option<&str>) -> Result<Exit, Failure> {
    let house = House::open(context)?;
    let known = &house.policy.channels;
    if let Some(name) = only
        && !known.iter().any(|one| one == name)
    {
        return Err(Failure::new(Exit::Usage, format!("the instance has no channel `{name}`"))
            .hint(format!("it has: {}", known.join(", "))));
    }
    let channels = channels(context, &house)?;
    let names: Vec<&str> = known
        .iter()
        .map(String::as_str)
        .filter(|name| only.is_none_or(|only| only == *name))
        .collect();
    let recorder = Recorder::of_place(&Place::of(&context.common), &context.around);
    // Somebody who tries whether alerts arrive may have the full disk that they are about.
    let deed =
        Deed::new("alerts.test", &house.voice.node).with("channels", names.join(" ")).anyway();
    record::during(context, recorder, &deed, |notes| {
        let (all, failed) = send(context, &channels, &names);
        notes.insert("failed".to_owned(), failed.to_string());
        context.out.data(&json!({ "format": 1, "node": house.voice.node, "tests": all }));
        Ok(if failed == 0 { Exit::Done } else { FOUND })
    })
}

/// What became of a test of each channel, and how many did not take it.
fn send(context: &Context, channels: &Channels, names: &[&str]) -> (Vec<Value>, usize) {
    let mut all = Vec::new();
    let mut failed = 0_usize;
    for name in names {
        context.out.progress(&format!("sending a test to {name}"));
        let at = clock::now();
        let message = Message { id: 0, at, severity: Severity::Info, what: What::Test };
        let error = channels.send(name, &message).err().map(|error| chain(&error));
        let (paint, words) = match &error {
            None => (Paint::Good, "delivered".to_owned()),
            Some(error) => (Paint::Bad, format!("not delivered: {error}")),
        };
        failed += usize::from(error.is_some());
        context.out.line(paint, &format!("{name:<12}  {words}"));
        all.push(
            json!({ "channel": name, "delivered": error.is_none(), "error": error, "at": at }),
        );
    }
    (all, failed)
}

fn channels(context: &Context, house: &House) -> Result<Channels, Failure> {
    let root = context.common.root.as_deref().unwrap_or(Path::new("/"));
    let euid = context.around.euid;
    let owner = &house.opened.instance.users.owner;
    // Without root there is one desktop that this process may speak to: its own.
    let uid = match accounts::by_name(owner.as_str())? {
        Some(account) if euid == 0 => account.uid,
        _ => euid,
    };
    let bus = context.around.session_bus.clone();
    let nowhere = || Failure::new(Exit::Bug, "this machine has no place for secrets");
    let mut places = secrets::places(root, &house.opened.instance).ok_or_else(nowhere)?;
    places.session_bus.clone_from(&bus);
    let desktop = Desktop { uid, euid, bus };
    let voice = house.voice.clone();
    Ok(Channels::of(&house.opened.instance, voice, places, desktop)?)
}

/// What the desk remembers here, if it ever ran; a damaged memory is an error.
pub fn remembered(context: &Context) -> Result<Option<State>, Failure> {
    if !Site::is_known(&context.common)? {
        return Ok(None);
    }
    let site = Site::recall(&context.common, &context.around, Access::Look)?;
    let Some(bytes) = site.store().map(dispatch::Keep::load).transpose()?.flatten() else {
        return Ok(None);
    };
    State::decode(&bytes).map(Some).map_err(|error| {
        let tick = Place::of(&context.common).command("alerts status");
        Failure::failed(error)
            .hint(format!("the next run of the desk begins it afresh and tells so; then {tick}"))
    })
}

fn list(context: &Context) -> Result<Exit, Failure> {
    let house = House::open(context)?;
    let memory = remembered(context)?.unwrap_or_default();
    let out = context.out;
    let mut pending = Vec::new();
    for (source, kind, subject, sight) in memory.pending() {
        let severity = text::severity(sight.severity);
        let at = house.time(sight.at);
        out.line(Paint::Note, &format!("seen once  {severity:<8}  {kind} ({subject})  {at}"));
        pending.push(json!({
            "source": source, "kind": kind, "subject": subject, "severity": sight.severity,
            "at": sight.at, "message": sight.message,
        }));
    }
    for held in memory.held() {
        let alert = &held.alert;
        let severity = text::severity(alert.severity);
        out.line(
            Paint::Note,
            &format!("held       {severity:<8}  {} ({})", alert.kind, alert.subject),
        );
    }
    for message in memory.undelivered() {
        out.line(Paint::Bad, &format!("on its way {}", text::title(message)));
    }
    let nothing =
        pending.is_empty() && memory.held().is_empty() && memory.undelivered().next().is_none();
    if nothing {
        out.line(Paint::Good, "nothing waits");
    }
    let undelivered: Vec<&Message> = memory.undelivered().collect();
    out.data(&json!({
        "format": 1, "node": house.voice.node, "pending": pending, "held": memory.held(),
        "undelivered": undelivered,
    }));
    Ok(Exit::Done)
}

fn history(context: &Context, limit: usize) -> Result<Exit, Failure> {
    let house = House::open(context)?;
    let memory = remembered(context)?.unwrap_or_default();
    let from = memory.history.len().saturating_sub(limit);
    let past: Vec<_> = memory.history.iter().skip(from).collect();
    for one in &past {
        let (paint, through) = match &one.channel {
            Some(channel) => (Paint::Plain, format!("through {channel}")),
            None => (Paint::Bad, "no channel took it then".to_owned()),
        };
        let at = house.time(one.at);
        context.out.line(paint, &format!("{at}  {}  {through}", one.title));
    }
    if past.is_empty() {
        context.out.line(Paint::Plain, "nothing was sent yet");
    }
    context.out.data(&json!({ "format": 1, "node": house.voice.node, "history": past }));
    Ok(Exit::Done)
}

fn status(context: &Context) -> Result<Exit, Failure> {
    let house = House::open(context)?;
    let memory = remembered(context)?.unwrap_or_default();
    let now = clock::now();
    let summary = state::summary(&memory, now);
    let mut wrong = false;
    let mut channels: Vec<Value> = Vec::new();
    for declared in &house.opened.instance.alerts.channels {
        let name = declared.name.as_str();
        let known = summary.channels.iter().find(|one| one.name == name);
        let (paint, words) = match known {
            None => (Paint::Note, "never tried".to_owned()),
            Some(one) => match (one.failing_since, one.last_success) {
                (Some(since), _) => (Paint::Bad, format!("fails since {}", house.time(since))),
                (None, None) => (Paint::Note, "never answered".to_owned()),
                (None, Some(at)) if one.stale => {
                    (Paint::Bad, format!("silent since {}", house.time(at)))
                }
                (None, Some(at)) => (Paint::Good, format!("worked at {}", house.time(at))),
            },
        };
        wrong |= paint == Paint::Bad || known.is_some_and(|one| one.stale);
        let via = declared.via.shown();
        context.out.line(paint, &format!("{name:<12}  {words}  ({via})"));
        channels.push(json!({ "name": name, "via": via, "state": known }));
    }
    let tally = summary.tally;
    let lines = [
        ("seen once", u64::try_from(summary.pending).unwrap_or(u64::MAX)),
        ("held for the digest", summary.held),
        ("held back by the cap", tally.capped),
        ("waiting for a channel", u64::try_from(summary.undelivered).unwrap_or(u64::MAX)),
        ("sent", tally.sent),
        ("failed attempts", tally.failed),
        ("not recorded", tally.unrecorded),
    ];
    for (what, count) in lines {
        context.out.line(Paint::Plain, &format!("{what:<22} {count}"));
    }
    context.out.data(&json!({
        "format": 1, "node": house.voice.node, "at": now, "channels": channels, "summary": summary,
    }));
    Ok(if wrong { FOUND } else { Exit::Done })
}
