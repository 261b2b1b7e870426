//! `sanctum plan`: what would change, shown and not done.

use super::{Context, prove, saved};
use crate::args::Plan as Args;
use crate::failure::{Exit, Failure};
use crate::output::{Out, Paint};
use crate::session::{Opened, Session};
use crate::site::Access;
use sanctum_host::Blobs;
use sanctum_orchestrator::house::Part;
use sanctum_orchestrator::instance::model::Os;
use sanctum_orchestrator::plan::{Plan, show};
use std::collections::BTreeSet;

/// Runs the verb.
pub fn run(context: &Context, args: &Args) -> Result<Exit, Failure> {
    let opened = Opened::read(&context.common, &context.around, context.out)?;
    // Sealing a plan needs the store's key, so saving one at euid 0 may make the store.
    let access =
        if args.out.is_some() && context.around.euid == 0 { Access::Change } else { Access::Look };
    let mut session = Session::open(opened, &context.common, &context.around, access)?;
    let mut blobs = Blobs::default();
    let parts = args.only.iter().copied().collect();
    session.warn_uncovered(context.out);
    let artefacts = session.artefacts(&parts)?;
    prove::read(&session, &artefacts)?;
    let want = session.want(artefacts, &mut blobs)?;
    let planned = only(&mut session, &want, &parts, &mut blobs)?;
    if let Some(path) = &args.out {
        saved::write(path, &planned, &parts, session.site.store())?;
        context.out.progress(&format!("saved the plan in {}", path.display()));
    }
    print(context.out, &planned, &blobs, session.facts.os);
    Ok(if planned.is_empty() { Exit::Done } else { Exit::Differences })
}

/// Plans for a wanted state. With `--only`, what is no longer wanted is left for a whole plan.
pub fn only(
    session: &mut Session,
    want: &sanctum_orchestrator::plan::Want,
    parts: &BTreeSet<Part>,
    blobs: &mut Blobs,
) -> Result<Plan, Failure> {
    for part in parts {
        if session.artefacts(&BTreeSet::from([*part]))?.is_empty() {
            let word = Part::WORDS.iter().find(|(_, one)| one == part).map_or("that", |(w, _)| *w);
            let error = format!("node `{}` has no part `{word}`", session.site.node);
            return Err(Failure::new(Exit::Usage, error)
                .hint("without --only, everything that the node has is planned"));
        }
    }
    let mut planned = session.plan(want, blobs)?.plan;
    if !parts.is_empty() {
        let wanted = |path: &sanctum_types::AbsPath| {
            want.files.contains_key(path) || want.dirs.contains_key(path)
        };
        planned.steps.retain(|step| step.guard.path.as_ref().is_none_or(|(path, _)| wanted(path)));
    }
    Ok(planned)
}

/// Prints a plan for a node of that system: for each step its diff, its verbs and its commands.
pub fn print(out: Out, plan: &Plan, blobs: &Blobs, os: Os) {
    let shown = show::show(plan, blobs, os, &|text| sanctum_firewall::redact(text).text);
    out.data(&serde_json::json!({
        "format": 1, "node": plan.node, "plan": plan.digest(), "changes": shown.len(), "steps": shown,
    }));
    for step in &shown {
        let marks = [
            (step.foreign, "changed by somebody else"),
            (step.displaces, "runs from elsewhere, which no rollback brings back"),
            (step.lockout, "commit-confirm"),
        ];
        let marks: Vec<&str> = marks.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
        let tail =
            if marks.is_empty() { String::new() } else { format!("  ({})", marks.join(", ")) };
        out.line(Paint::Head, &format!("{} {}{tail}", step.change, step.id));
        for verb in &step.verbs {
            out.line(Paint::Place, &format!("  → {verb}"));
        }
        for command in &step.commands {
            out.line(Paint::Plain, &format!("  $ {command}"));
        }
        if let Some(diff) = &step.diff {
            out.diff(diff);
        }
    }
    out.line(Paint::Head, &summary(plan));
}

/// One line: how many steps of which kind.
pub fn summary(plan: &Plan) -> String {
    if plan.is_empty() {
        return format!("{}: in sync, nothing to do", plan.node);
    }
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    for step in &plan.steps {
        *counts.entry(step.change()).or_default() += 1;
    }
    let words: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    format!("{}: {} steps: {}", plan.node, plan.steps.len(), words.join(", "))
}
