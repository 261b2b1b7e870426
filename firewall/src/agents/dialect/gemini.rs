//! Gemini CLI: its hooks reference, as its package ships it.
//!
//! It knows yes and no. A rewritten output replaces the result as the reason of a denial.

use super::super::json::Json;
use super::super::request::{Agent, Event, Judgement, Request, ToolResult};
use super::super::tool::{self, RequestError};
use super::{Reply, bare, may, need, object, yes_or_no};

const QUIET: &[&str] = &[
    "AfterAgent",
    "AfterModel",
    "BeforeModel",
    "BeforeToolSelection",
    "Notification",
    "PreCompress",
    "SessionEnd",
    "SessionStart",
];

/// Whether Gemini CLI has an event of this name.
pub(super) fn knows(event: &str) -> bool {
    alone_knows(event) || QUIET.contains(&event)
}

/// Whether it alone has it.
pub(super) fn alone_knows(event: &str) -> bool {
    matches!(event, "BeforeTool" | "AfterTool" | "BeforeAgent")
        || (QUIET.contains(&event)
            && !matches!(event, "Notification" | "SessionEnd" | "SessionStart"))
}

pub(super) fn read(input: &Json) -> Result<Request, RequestError> {
    let event_name = need(input, "hook_event_name")?;
    let event = match event_name.as_str() {
        "BeforeTool" => Event::Before,
        "AfterTool" => Event::After,
        "BeforeAgent" => Event::Prompt,
        quiet if QUIET.contains(&quiet) => Event::Other,
        _ => return Err(RequestError::Event(event_name)),
    };
    let mut request = bare(Agent::Gemini, event, event_name, Json::Null);
    request.cwd = may(input, "cwd")?;
    request.session = may(input, "session_id")?;
    match event {
        Event::Before | Event::After => {
            request.tool_name = need(input, "tool_name")?;
            request.input = object(input, "tool_input")?;
            request.tool = tool::of_call(Agent::Gemini, &request.tool_name, &request.input)?;
        }
        Event::Prompt => {
            request.input = Json::map([("prompt", Json::Text(need(input, "prompt")?))]);
        }
        Event::Permission | Event::SessionStart | Event::SettingsChanged | Event::Other => {}
    }
    if event == Event::After {
        let output = object(input, "tool_response")?;
        request.result = Some(ToolResult { output, exit_code: None });
    }
    Ok(request)
}

pub(super) fn write(request: &Request, judgement: &Judgement) -> Reply {
    let mut out = Json::Map(Vec::new());
    let no = !yes_or_no(judgement.decision);
    if no && matches!(request.event, Event::Before | Event::After | Event::Prompt) {
        out.set("decision", Json::from("deny"));
        out.set("reason", Json::from(judgement.reason.as_str()));
    }
    match request.event {
        Event::Before if !no => {
            if let Some(input) = &judgement.updated_input {
                out.set("hookSpecificOutput", named(request, ("tool_input", input.clone())));
            }
        }
        Event::After => {
            if let Some(output) = &judgement.updated_output {
                out.set("decision", Json::from("deny"));
                out.set("reason", Json::Text(shown(output)));
            }
        }
        Event::Before
        | Event::Prompt
        | Event::Permission
        | Event::SessionStart
        | Event::SettingsChanged
        | Event::Other => {}
    }
    let says_more = matches!(request.event, Event::After | Event::Prompt);
    if let Some(context) = judgement.context.as_ref().filter(|_| says_more) {
        let context = ("additionalContext", Json::from(context.as_str()));
        out.set("hookSpecificOutput", named(request, context));
    }
    Reply::json(&out)
}

fn named(request: &Request, member: (&str, Json)) -> Json {
    Json::map([("hookEventName", Json::from(request.event_name.as_str())), member])
}

/// What the model would have been shown: the text of `llmContent`, or the JSON of its parts.
fn shown(output: &Json) -> String {
    match output.get("llmContent") {
        Some(Json::Text(text)) => text.clone(),
        Some(parts) => parts.to_string(),
        None => output.to_string(),
    }
}
