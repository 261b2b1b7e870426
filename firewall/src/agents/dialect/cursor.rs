//! Cursor: hooks.json version 1.
//!
//! Its events have lower-case names and a shape each. What happened already cannot be answered; what is only allowed or
//! denied is not asked about. The messages have the names of its newer versions.

use super::super::json::{self, Json};
use super::super::request::{
    Agent, Change, Decision, Event, FileChange, Judgement, Request, Shell, Tool, ToolResult,
};
use super::super::tool::{self, RequestError};
use super::{Reply, bare, may, need, object_or_text, yes_or_no};

const QUIET: &[&str] = &[
    "afterAgentResponse",
    "afterAgentThought",
    "postToolUseFailure",
    "preCompact",
    "sessionEnd",
    "sessionStart",
    "stop",
    "subagentStart",
    "subagentStop",
    "workspaceOpen",
];

pub(super) fn read(input: &Json) -> Result<Request, RequestError> {
    let event_name = need(input, "hook_event_name")?;
    let event = match event_name.as_str() {
        "beforeShellExecution"
        | "beforeMCPExecution"
        | "beforeReadFile"
        | "beforeTabFileRead"
        | "preToolUse" => Event::Before,
        "afterShellExecution"
        | "afterMCPExecution"
        | "afterFileEdit"
        | "afterTabFileEdit"
        | "postToolUse" => Event::After,
        "beforeSubmitPrompt" => Event::Prompt,
        quiet if QUIET.contains(&quiet) => Event::Other,
        _ => return Err(RequestError::Event(event_name)),
    };
    let mut request = bare(Agent::Cursor, event, event_name, Json::Null);
    request.session = may(input, "conversation_id")?;
    request.cwd = may(input, "cwd")?.filter(|cwd| !cwd.is_empty()).or_else(|| root(input));
    match request.event_name.as_str() {
        "beforeShellExecution" | "afterShellExecution" => shell(&mut request, input)?,
        "beforeMCPExecution" | "afterMCPExecution" => mcp(&mut request, input)?,
        "beforeReadFile" | "beforeTabFileRead" => {
            let paths = vec![need(input, "file_path")?];
            request.tool = Tool::Read { paths, content: may(input, "content")? };
        }
        "afterFileEdit" | "afterTabFileEdit" => edited(&mut request, input)?,
        "preToolUse" | "postToolUse" => {
            request.tool_name = need(input, "tool_name")?;
            request.input = object_or_text(input, "tool_input")?;
            request.tool = tool::of_call(Agent::Cursor, &request.tool_name, &request.input)?;
            request.result = result(input, "tool_output");
        }
        "beforeSubmitPrompt" => {
            request.input = Json::map([("prompt", Json::Text(need(input, "prompt")?))]);
        }
        _ => {}
    }
    Ok(request)
}

/// The first root of the workspace, where a hook without a directory of its own runs.
fn root(input: &Json) -> Option<String> {
    let Some(Json::List(roots)) = input.get("workspace_roots") else { return None };
    roots.first().and_then(Json::text).map(str::to_owned)
}

fn shell(request: &mut Request, input: &Json) -> Result<(), RequestError> {
    let text = need(input, "command")?;
    "Shell".clone_into(&mut request.tool_name);
    request.input = Json::map([("command", Json::Text(text.clone()))]);
    request.tool = Tool::Command { text, shell: Shell::Posix };
    request.result = result(input, "output");
    Ok(())
}

fn mcp(request: &mut Request, input: &Json) -> Result<(), RequestError> {
    request.tool_name = need(input, "tool_name")?;
    request.input = object_or_text(input, "tool_input")?;
    let tool = request.tool_name.trim_start_matches("MCP:").to_owned();
    // The server has no name here; its address or its command tells which one it is.
    let server = may(input, "url")?.or(may(input, "command")?).unwrap_or_default();
    request.tool = Tool::Mcp { server, tool };
    request.result = result(input, "result_json");
    Ok(())
}

fn edited(request: &mut Request, input: &Json) -> Result<(), RequestError> {
    let wrong = RequestError::Member { member: "edits", wanted: "a list of edits" };
    let Some(Json::List(edits)) = input.get("edits") else { return Err(wrong) };
    let of = |name: &str| -> Vec<String> {
        edits
            .iter()
            .filter_map(|edit| edit.get(name))
            .filter_map(Json::text)
            .map(str::to_owned)
            .collect()
    };
    let path = need(input, "file_path")?;
    let change =
        FileChange { path, how: Change::Edit, added: of("new_string"), removed: of("old_string") };
    request.tool = Tool::Write(vec![change]);
    request.result = Some(ToolResult { output: Json::Null, exit_code: None });
    Ok(())
}

/// Results come as the text of a JSON value, or as plain text.
fn result(input: &Json, member: &str) -> Option<ToolResult> {
    let output = match input.get(member)? {
        Json::Text(text) => match json::parse(text.as_bytes()) {
            Ok(node) => Json::from(node),
            Err(_) => Json::Text(text.clone()),
        },
        other => other.clone(),
    };
    let exit_code = output.get("exitCode").and_then(Json::integer);
    Some(ToolResult { output, exit_code })
}

pub(super) fn write(request: &Request, judgement: &Judgement) -> Reply {
    let mut out = Json::Map(Vec::new());
    match (request.event, request.event_name.as_str()) {
        (Event::Before, name) => before(&mut out, name, judgement),
        (Event::Prompt, _) => {
            let goes_on = yes_or_no(judgement.decision);
            out.set("continue", Json::Bool(goes_on));
            if !goes_on {
                out.set("user_message", Json::from(judgement.reason.as_str()));
            }
        }
        (Event::After, "postToolUse") => {
            if let Some(context) = &judgement.context {
                out.set("additional_context", Json::from(context.as_str()));
            }
            if let Some(output) = judgement
                .updated_output
                .as_ref()
                .filter(|_| matches!(request.tool, Tool::Mcp { .. }))
            {
                out.set("updated_mcp_tool_output", output.clone());
            }
        }
        _ => {}
    }
    Reply::json(&out)
}

fn before(out: &mut Json, name: &str, judgement: &Judgement) {
    // Asking is only documented for these two; elsewhere it would be let through.
    let asks = matches!(name, "beforeShellExecution" | "beforeMCPExecution");
    let word = match judgement.decision {
        Decision::Allow => "allow",
        Decision::Ask if asks => "ask",
        Decision::Ask | Decision::Defer | Decision::Deny => "deny",
    };
    out.set("permission", Json::from(word));
    if judgement.decision != Decision::Allow {
        out.set("user_message", Json::from(judgement.reason.as_str()));
        out.set("agent_message", Json::from(judgement.reason.as_str()));
    }
    if let Some(input) = judgement
        .updated_input
        .as_ref()
        .filter(|_| name == "preToolUse" && judgement.decision == Decision::Allow)
    {
        out.set("updated_input", input.clone());
    }
}
