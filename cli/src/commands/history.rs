//! `sanctum history` and `sanctum drift`.

use super::Context;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::session::{Opened, Session};
use crate::site::{Access, Site};
use sanctum_host::Blobs;
use sanctum_orchestrator::drift::{self, Drift};
use sanctum_orchestrator::engine::status_word;
use sanctum_orchestrator::receipt::{Kind, Status};
use std::collections::BTreeSet;

/// `sanctum history`.
pub fn history(context: &Context) -> Result<Exit, Failure> {
    if !Site::is_known(&context.common)? {
        context.out.data(&serde_json::json!({ "format": 1, "node": null, "receipts": [] }));
        context.out.line(Paint::Plain, "nothing was applied yet");
        return Ok(Exit::Done);
    }
    let mut site = Site::recall(&context.common, &context.around, Access::Look)?;
    let receipts = site.engine().history()?.receipts;
    let data: Vec<_> = receipts
        .iter()
        .map(|receipt| {
            serde_json::json!({
                "id": receipt.header.id, "at": receipt.header.at, "kind": receipt.header.kind,
                "status": receipt.status(), "steps": receipt.header.plan.steps.len(),
                "plan": receipt.plan_digest(), "instance": receipt.header.plan.instance,
            })
        })
        .collect();
    context.out.data(&serde_json::json!({ "format": 1, "node": site.node, "receipts": data }));
    for receipt in &receipts {
        let paint = match receipt.status() {
            Status::Applied => Paint::Good,
            Status::RolledBack => Paint::Plain,
            Status::Interrupted | Status::Unconfirmed => Paint::Note,
        };
        let steps = receipt.header.plan.steps.len();
        let (id, status) = (&receipt.header.id, status_word(receipt.status()));
        let kind = match receipt.header.kind {
            Kind::Apply => "apply",
            Kind::Uninstall => "uninstall",
        };
        let line = format!("{id}  {kind:<9}  {status:<11}  {steps} steps");
        context.out.line(paint, &line);
    }
    if receipts.is_empty() {
        context.out.line(Paint::Plain, "nothing was applied yet");
    }
    Ok(Exit::Done)
}

/// `sanctum drift`.
pub fn drift(context: &Context) -> Result<Exit, Failure> {
    let opened = Opened::read(&context.common, &context.around, context.out)?;
    let mut session = Session::open(opened, &context.common, &context.around, Access::Look)?;
    let mut blobs = Blobs::default();
    let want = session.want(session.artefacts(&BTreeSet::new())?, &mut blobs)?;
    let planned = session.plan(&want, &mut blobs)?;
    let node = &session.site.node;
    let lines = drift::drift(&want, &planned.managed, &planned.seen);
    context.out.data(&serde_json::json!({ "format": 1, "node": node, "drift": lines }));
    for line in &lines {
        let (paint, words) = words(line.drift);
        context.out.line(paint, &format!("{words:<28} {}", line.subject));
    }
    if lines.is_empty() {
        context.out.line(Paint::Good, &format!("{node}: no drift"));
        return Ok(Exit::Done);
    }
    Ok(Exit::Differences)
}

const fn words(drift: Drift) -> (Paint, &'static str) {
    match drift {
        Drift::Pending => (Paint::Note, "not applied yet"),
        Drift::Outdated => (Paint::Note, "the instance changed"),
        Drift::ForeignEdit => (Paint::Bad, "changed by somebody else"),
        Drift::Missing => (Paint::Bad, "gone"),
        Drift::NotLoaded => (Paint::Bad, "something else runs, or nothing"),
        Drift::Orphan => (Paint::Note, "no longer wanted"),
        Drift::NoAccount => (Paint::Note, "account does not exist"),
    }
}
