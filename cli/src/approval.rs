//! Root's consent to an instance file: what the owner's file widens is shown and consented to, by itself.
//!
//! Every program that runs as the owner can write the file in the owner's home. On this machine it is only a
//! proposal; the approved copy, owned by root, is what counts. `--yes` consents to a plan, not to a widening.

use crate::commands::Context;
use crate::failure::Failure;
use crate::output::Paint;
use crate::presence;
use crate::session::Opened;
use sanctum_host::files;
use sanctum_orchestrator::house::layout;
use sanctum_orchestrator::instance::widening::{Widening, widenings};
use sanctum_orchestrator::instance::{self, BuiltinRules, Instance};
use std::path::Path;

/// What the approved copy says; none when there is none, or one that this version does not understand.
fn approved() -> Result<Option<Instance>, Failure> {
    let limit = u64::try_from(instance::MAX_BYTES).unwrap_or(u64::MAX);
    let Some(bytes) = files::read_optional(Path::new(layout::APPROVED_INSTANCE), limit)? else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&bytes);
    Ok(instance::load(&text, layout::APPROVED_INSTANCE, &BuiltinRules)
        .ok()
        .map(|loaded| loaded.instance))
}

/// Refuses a file that widens what is approved, unless the owner consents to just that; what was consented to.
pub fn require(
    context: &Context,
    opened: &Opened,
    approve: Option<&str>,
) -> Result<Vec<Widening>, Failure> {
    let found = widenings(approved()?.as_ref(), &opened.instance);
    if found.is_empty() {
        return Ok(found);
    }
    show(context, &found);
    // A digest says which file is meant, not who means it.
    if approve.is_some_and(|digest| digest == opened.digest.to_string()) {
        presence::require(context, "approve what is widened")
            .map_err(|failure| with(failure, opened, &found))?;
        return Ok(found);
    }
    if approve.is_some() {
        let failure = Failure::refused("the digest that was approved is not that of this file")
            .hint(format!("{} has {}", opened.path, opened.digest));
        return Err(with(failure, opened, &found));
    }
    if !context.around.terminal {
        let failure =
            Failure::refused("the file widens what is approved, and there is nobody to ask")
                .hint("read what is widened above")
                .hint(format!("then: sudo {} apply --approve {}", layout::SANCTUM, opened.digest));
        return Err(with(failure, opened, &found));
    }
    context.out.question("Type `approve` to consent to what is widened:");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if answer.trim() == "approve" {
        presence::require(context, "approve what is widened")
            .map_err(|failure| with(failure, opened, &found))?;
        return Ok(found);
    }
    let failure = Failure::refused("the widening is not approved; nothing was changed");
    Err(with(failure, opened, &found))
}

/// The refusal's own report names what is widened: `--json` is one document.
fn with(failure: Failure, opened: &Opened, found: &[Widening]) -> Failure {
    failure
        .with("instance", opened.path.clone().into())
        .with("digest", opened.digest.to_string().into())
        .with("widens", serde_json::json!(found))
}

fn show(context: &Context, found: &[Widening]) {
    for one in found {
        context.out.line(Paint::Note, &format!("widens {}: {}", one.subject, one.change));
    }
}
