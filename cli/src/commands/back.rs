//! The way back, and the owner's word: rollback, uninstall, recover, confirm.

use super::apply::{act, recover_first, refusal, whole};
use super::{Context, ask, plan as plan_verb};
use crate::args::{Recover, Rollback, Uninstall};
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::presence;
use crate::record::{self, Deed, Recorder};
use crate::recovery;
use crate::site::{Access, Site};
use crate::watchdog;
use sanctum_host::{Blobs, boot, clock};
use sanctum_orchestrator::engine::{TakenBack, Terms};
use sanctum_orchestrator::plan::Target;
use sanctum_orchestrator::receipt::{Kind, Status};

fn open(context: &Context) -> Result<Site, Failure> {
    Site::recall(&context.common, &context.around, Access::Change)
}

/// `sanctum rollback [ID]`.
pub fn rollback(context: &Context, args: &Rollback) -> Result<Exit, Failure> {
    presence::require(context, "take an apply back")?;
    let mut site = open(context)?;
    let history = site.engine().readable()?;
    let last = history.receipts.iter().rev().find(|r| r.status() != Status::RolledBack);
    // Nothing waits at a question while a watchdog waits for the lock: taking back what is half-done or not
    // confirmed is what would happen anyway.
    if let Some(last) = last.filter(|receipt| receipt.status() == Status::Applied) {
        let upto = args.id.as_deref().unwrap_or(&last.header.id);
        ask(context, args.yes, &format!("Take back {upto} and everything since?"))?;
    }
    let recorder = Recorder::of_site(&site, &context.around);
    let node = site.node.to_string();
    let deed =
        Deed::new("rollback.run", &node).with("receipt", args.id.as_deref().unwrap_or("last"));
    record::changing(context, &mut site, &deed, recorder, |site, _| {
        let taken = site
            .engine()
            .rollback(args.id.as_deref(), args.overwrite_foreign, clock::now())
            .map_err(refusal(&site.place))?;
        report(context, &taken)
    })
}

fn report(context: &Context, taken: &[TakenBack]) -> Result<Exit, Failure> {
    let out = context.out;
    let data: Vec<_> = taken
        .iter()
        .map(|back| {
            serde_json::json!({
                "receipt": back.id, "undone": back.report.undone, "kept": back.report.kept,
                "saved": back.saved,
                "errors": back.report.errors.iter().map(|(id, error)| format!("{id}: {error}")).collect::<Vec<_>>(),
            })
        })
        .collect();
    out.data(&serde_json::json!({ "format": 1, "taken_back": data }));
    for back in taken {
        out.line(Paint::Good, &format!("{}: {} steps taken back", back.id, back.report.undone));
        for path in &back.report.kept {
            out.line(Paint::Note, &format!("kept {path}: it holds files that are not ours"));
        }
        for (path, blob) in &back.saved {
            let words = "was changed by somebody else; what it held is in the store as";
            context.out.line(Paint::Note, &format!("{path} {words} blobs/{blob}"));
        }
        whole(&back.report)?;
    }
    if taken.is_empty() {
        out.line(Paint::Good, "nothing to take back");
    }
    Ok(Exit::Done)
}

/// `sanctum uninstall`.
pub fn uninstall(context: &Context, args: &Uninstall) -> Result<Exit, Failure> {
    presence::require(context, "uninstall")?;
    let mut site = open(context)?;
    recover_first(context, &mut site)?;
    site.engine().require_settled().map_err(refusal(&site.place))?;
    let node = site.node.clone();
    let last = site.engine().history()?.receipts.last().map(|receipt| receipt.header.plan.instance);
    let instance = last.unwrap_or_else(|| Blobs::digest(b""));
    let target = Target { node: &node, instance };
    let mut blobs = Blobs::default();
    let mut plan = site.engine().plan_uninstall(&target, &mut blobs)?.plan;
    // Uninstall goes back to what the owner had before; it has nothing new to lock anybody out with.
    for step in &mut plan.steps {
        step.lockout = false;
    }
    if plan.is_empty() {
        context.out.data(&serde_json::json!({ "format": 1, "changes": 0 }));
        context.out.line(Paint::Good, &format!("{node}: nothing of sanctum's is here"));
        return Ok(Exit::Done);
    }
    if !context.out.json {
        plan_verb::print(context.out, &plan, &blobs, site.os);
    }
    ask(context, args.yes, "Bring back what was there before the first apply?")?;
    let terms = Terms {
        overwrite_foreign: args.overwrite_foreign,
        ..Terms::plain(Kind::Uninstall, clock::now())
    };
    let acted = act(context, &mut site, &plan, &blobs, &terms)?;
    context.out.data(&serde_json::json!({
        "format": 1, "changes": plan.steps.len(), "receipt": acted.receipt.header.id,
        "kept": acted.kept,
    }));
    for path in &acted.kept {
        context.out.line(Paint::Note, &format!("kept {path}: it holds files that are not ours"));
    }
    let but = if acted.kept.is_empty() { "" } else { ", but for what is kept" };
    context.out.line(Paint::Good, &format!("{node}: as it was before the first apply{but}"));
    Ok(Exit::Done)
}

/// `sanctum recover`: for boot, for the watchdog, and for people.
pub fn recover(context: &Context, args: &Recover) -> Result<Exit, Failure> {
    if let Some(deadline) = &args.watch {
        return watchdog::watch(context, deadline, || open(context));
    }
    let mut site = match open(context) {
        // A live process is at work in this boot: nothing was left behind by an earlier one.
        Err(failure) if args.boot && watchdog::is_locked(&failure) => {
            let words = "another run is at work; nothing is left from an earlier boot";
            context.out.line(Paint::Plain, words);
            return Ok(Exit::Done);
        }
        other => other?,
    };
    let boot = if args.boot { Some(boot::id()?) } else { None };
    let recorder = |site: &Site| Recorder::of_site(site, &context.around);
    let when = (boot.as_deref(), clock::now());
    recovery::run(context, &mut site, recorder, when, |taken| report(context, taken).map(drop))?;
    Ok(Exit::Done)
}

/// `sanctum confirm`.
pub fn confirm(context: &Context) -> Result<Exit, Failure> {
    presence::require(context, "confirm a change")?;
    let mut site = open(context)?;
    let here = crate::machine::ssh_session()?;
    let recorder = Recorder::of_site(&site, &context.around);
    let node = site.node.to_string();
    let deed = Deed::new("confirm.run", &node);
    let done = record::changing(context, &mut site, &deed, recorder, |site, notes| {
        let done =
            site.engine().confirm(here.as_ref(), clock::now()).map_err(refusal(&site.place))?;
        notes.insert("receipt".to_owned(), done.id.clone());
        Ok(done)
    })?;
    context.out.data(&serde_json::json!({ "format": 1, "confirmed": done.id }));
    context.out.line(Paint::Good, &format!("{} is confirmed and stays", done.id));
    Ok(Exit::Done)
}
