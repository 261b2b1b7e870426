//! Claude Code: the types of `@anthropic-ai/claude-agent-sdk` (sdk.d.ts). Codex reads its input the same way.
//!
//! An allow says nothing at all: `permissionDecision: "allow"` would skip the question that the person's own rules may ask.

use super::super::json::Json;
use super::super::request::{Agent, Decision, Event, Judgement, Request, Tool, ToolResult, Verb};
use super::super::tool::{self, RequestError};
use super::{Reply, bare, may, need, object};

/// Events that no tool call, prompt or setting stands behind. Refusing `Stop` would keep the agent running.
const QUIET: &[&str] = &[
    "CwdChanged",
    "DirectoryAdded",
    "Elicitation",
    "ElicitationResult",
    "FileChanged",
    "InstructionsLoaded",
    "Interrupt",
    "MessageDisplay",
    "Notification",
    "PermissionDenied",
    "PostCompact",
    "PostModelSwitch",
    "PostToolBatch",
    "PreCompact",
    "PreModelSwitch",
    "SessionEnd",
    "Setup",
    "Stop",
    "StopFailure",
    "SubagentStart",
    "SubagentStop",
    "TaskCompleted",
    "TaskCreated",
    "TeammateIdle",
    "UserPromptExpansion",
    "WorktreeCreate",
    "WorktreeRemove",
];

pub(super) fn read(
    agent: Agent,
    verb: Option<Verb>,
    input: &Json,
) -> Result<Request, RequestError> {
    let event_name = match (may(input, "hook_event_name")?, verb) {
        (Some(name), _) => name,
        (None, Some(Verb::PostBash)) => "PostToolUse".to_owned(),
        (None, _) => "PreToolUse".to_owned(),
    };
    let event = match event_name.as_str() {
        "PreToolUse" => Event::Before,
        "PostToolUse" | "PostToolUseFailure" => Event::After,
        "PermissionRequest" => Event::Permission,
        "UserPromptSubmit" => Event::Prompt,
        "SessionStart" => Event::SessionStart,
        "ConfigChange" => Event::SettingsChanged,
        quiet if QUIET.contains(&quiet) => Event::Other,
        _ => return Err(RequestError::Event(event_name)),
    };
    let mut request = bare(agent, event, event_name, Json::Null);
    request.cwd = may(input, "cwd")?;
    request.session = may(input, "session_id")?;
    request.mode = may(input, "permission_mode")?;
    match event {
        Event::Before | Event::After | Event::Permission => called(&mut request, input)?,
        Event::Prompt => {
            request.input = Json::map([("prompt", Json::Text(need(input, "prompt")?))]);
        }
        Event::SettingsChanged => {
            let paths = may(input, "file_path")?.into_iter().collect();
            request.tool = Tool::Read { paths, content: None };
        }
        Event::SessionStart | Event::Other => {}
    }
    Ok(request)
}

fn called(request: &mut Request, input: &Json) -> Result<(), RequestError> {
    request.tool_name = need(input, "tool_name")?;
    request.input = match input.get("tool_input") {
        // Codex may send the text of a patch bare.
        Some(text @ Json::Text(_)) if request.agent == Agent::Codex => text.clone(),
        _ => object(input, "tool_input")?,
    };
    request.tool = tool::of_call(request.agent, &request.tool_name, &request.input)?;
    if request.event == Event::After {
        let output = input.get("tool_response").or_else(|| input.get("error"));
        let output =
            output.ok_or(RequestError::Member { member: "tool_response", wanted: "a value" })?;
        let exit_code = ["exit_code", "exitCode", "code"]
            .iter()
            .find_map(|name| output.get(name))
            .and_then(Json::integer);
        request.result = Some(ToolResult { output: output.clone(), exit_code });
    }
    Ok(())
}

pub(super) fn write(request: &Request, judgement: &Judgement) -> Reply {
    let mut out = Json::Map(Vec::new());
    match request.event {
        Event::Before => before(&mut out, judgement),
        Event::Permission => permission(&mut out, judgement),
        Event::After => after(&mut out, request, judgement),
        Event::Prompt => {
            block(&mut out, judgement);
            if judgement.decision > Decision::Ask {
                specific(
                    &mut out,
                    "UserPromptSubmit",
                    [("suppressOriginalPrompt", Json::Bool(true))],
                );
            }
            context(&mut out, "UserPromptSubmit", judgement);
        }
        Event::SettingsChanged => block(&mut out, judgement),
        Event::SessionStart => context(&mut out, "SessionStart", judgement),
        Event::Other => {}
    }
    Reply::json(&out)
}

fn before(out: &mut Json, judgement: &Judgement) {
    let word = match judgement.decision {
        Decision::Deny => Some("deny"),
        Decision::Defer => Some("defer"),
        Decision::Ask => Some("ask"),
        // What was rewritten is shown to the person before it runs.
        Decision::Allow => judgement.updated_input.is_some().then_some("ask"),
    };
    if let Some(word) = word {
        specific(
            out,
            "PreToolUse",
            [
                ("permissionDecision", Json::from(word)),
                ("permissionDecisionReason", Json::from(judgement.reason.as_str())),
            ],
        );
    }
    if let Some(input) =
        judgement.updated_input.as_ref().filter(|_| judgement.decision < Decision::Defer)
    {
        specific(out, "PreToolUse", [("updatedInput", input.clone())]);
    }
    context(out, "PreToolUse", judgement);
}

/// A person is being asked already, so that only a no is said.
fn permission(out: &mut Json, judgement: &Judgement) {
    if judgement.decision == Decision::Deny {
        let decision = Json::map([
            ("behavior", Json::from("deny")),
            ("message", Json::from(judgement.reason.as_str())),
        ]);
        specific(out, "PermissionRequest", [("decision", decision)]);
    }
}

/// `updatedToolOutput` is for all tools; `updatedMCPToolOutput` is what older versions know for those of MCP servers.
fn after(out: &mut Json, request: &Request, judgement: &Judgement) {
    block(out, judgement);
    let name = request.event_name.as_str();
    if let Some(output) = &judgement.updated_output
        && name == "PostToolUse"
    {
        specific(out, name, [("updatedToolOutput", output.clone())]);
        if matches!(request.tool, Tool::Mcp { .. }) {
            specific(out, name, [("updatedMCPToolOutput", output.clone())]);
        }
    }
    context(out, name, judgement);
}

/// The older form of a no, which these events still use.
pub(super) fn block(out: &mut Json, judgement: &Judgement) {
    if judgement.decision != Decision::Allow {
        out.set("decision", Json::from("block"));
        out.set("reason", Json::from(judgement.reason.as_str()));
    }
}

pub(super) fn context(out: &mut Json, event: &str, judgement: &Judgement) {
    if let Some(context) = &judgement.context {
        specific(out, event, [("additionalContext", Json::from(context.as_str()))]);
    }
}

/// Members of `hookSpecificOutput`, which names its event first.
pub(super) fn specific<const N: usize>(out: &mut Json, event: &str, members: [(&str, Json); N]) {
    let mut inner = match out.get("hookSpecificOutput") {
        Some(inner) => inner.clone(),
        None => Json::map([("hookEventName", Json::from(event))]),
    };
    for (name, value) in members {
        inner.set(name, value);
    }
    out.set("hookSpecificOutput", inner);
}
