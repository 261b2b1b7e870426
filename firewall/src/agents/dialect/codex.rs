//! Codex CLI: the schemas of its crate `hooks`, which allow no member that they do not name.
//!
//! What its own reader then refuses is not said either: `ask` (it has none), `allow` without a rewritten input, and every
//! rewriting of a permission. An output that it refuses would count as a hook that failed, and the tool would run.

use super::super::json::Json;
use super::super::request::{Decision, Event, Judgement, Request};
use super::claude::{block, context, specific};
use super::{Reply, yes_or_no};

/// What stands for a reason where there is none: an empty one makes the whole output invalid.
const NO_REASON: &str = "not allowed by sanctum";

pub(super) fn write(request: &Request, judgement: &Judgement) -> Reply {
    let mut out = Json::Map(Vec::new());
    let mut judgement = judgement.clone();
    if judgement.reason.trim().is_empty() {
        NO_REASON.clone_into(&mut judgement.reason);
    }
    match request.event {
        Event::Before => before(&mut out, &judgement),
        Event::Permission if judgement.decision == Decision::Deny => {
            let decision = Json::map([
                ("behavior", Json::from("deny")),
                ("message", Json::from(judgement.reason.as_str())),
            ]);
            specific(&mut out, "PermissionRequest", [("decision", decision)]);
        }
        Event::After => after(&mut out, &judgement),
        Event::Prompt => {
            block(&mut out, &judgement);
            context(&mut out, "UserPromptSubmit", &judgement);
        }
        Event::SessionStart => context(&mut out, "SessionStart", &judgement),
        Event::Permission | Event::SettingsChanged | Event::Other => {}
    }
    Reply::json(&out)
}

fn before(out: &mut Json, judgement: &Judgement) {
    if !yes_or_no(judgement.decision) {
        specific(
            out,
            "PreToolUse",
            [
                ("permissionDecision", Json::from("deny")),
                ("permissionDecisionReason", Json::from(judgement.reason.as_str())),
            ],
        );
    } else if let Some(input) = &judgement.updated_input {
        specific(
            out,
            "PreToolUse",
            [("permissionDecision", Json::from("allow")), ("updatedInput", input.clone())],
        );
    }
    context(out, "PreToolUse", judgement);
}

/// A rewritten output goes back as the reason of a block: every version shows that to the model in place of the output, while
/// `updatedToolOutput` makes the whole answer invalid for those that do not know it.
fn after(out: &mut Json, judgement: &Judgement) {
    if let Some(output) = &judgement.updated_output {
        let shown = output.text().map_or_else(|| output.to_string(), str::to_owned);
        let shown = if shown.trim().is_empty() { NO_REASON.to_owned() } else { shown };
        out.set("decision", Json::from("block"));
        out.set("reason", Json::Text(shown));
    } else {
        block(out, judgement);
    }
    context(out, "PostToolUse", judgement);
}
