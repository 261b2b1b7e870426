//! `sanctum doctor --fix`: what apply can put right goes through apply, which shows its plan, asks, and refuses what
//! widens; the rest is printed for the owner to type. Afterwards the house is looked at again.

use crate::args::{Apply, Doctor};
use crate::commands::{Context, apply};
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use sanctum_orchestrator::doctor::fix::remedies;
use sanctum_orchestrator::doctor::run::Run;

/// Puts right what can be. `found` is what looking alone would have ended with.
pub(super) fn run(
    context: &Context,
    args: &Doctor,
    looked: &Run,
    found: Exit,
) -> Result<Exit, Failure> {
    let out = context.out;
    let remedies = remedies(&looked.report, &looked.looked);
    if !remedies.by_hand.is_empty() {
        out.line(Paint::Head, "for you to do");
        for (lint, subject, words) in &remedies.by_hand {
            out.line(Paint::Note, &format!("  {lint} at {subject}: {words}"));
        }
    }
    if remedies.apply.is_empty() {
        out.line(Paint::Plain, "nothing that apply could put right");
        return Ok(found);
    }
    out.line(Paint::Head, "what apply would put right");
    let only = remedies.apply.iter().copied().collect();
    apply::run(
        context,
        &Apply {
            plan: None,
            yes: false,
            only,
            confirm_within: None,
            overwrite_foreign: args.overwrite_foreign,
            approve: None,
            no_prove: false,
        },
    )?;
    out.line(Paint::Head, "looked at again");
    let again = Doctor {
        prove: false,
        tools: args.tools.clone(),
        only: args.only.clone(),
        fix: false,
        overwrite_foreign: false,
        strict: args.strict,
        list: false,
        record_ssh: false,
    };
    super::run(context, &again)
}
