//! The plain form: `{"command": "…"}` in, `{"decision": "…", "reason": "…"}` out, 2 for a block and 0 for an allow.
//!
//! It always says its verdict. Without a verb the members tell what is asked.

use super::super::json::Json;
use super::super::request::{
    Agent, Change, Decision, Event, FileChange, Judgement, Request, Shell, Tool, ToolResult, Verb,
};
use super::super::tool::RequestError;
use super::{Reply, bare, may, need};

pub(super) fn read(verb: Option<Verb>, input: Json) -> Result<Request, RequestError> {
    let verb = match verb {
        Some(verb) => verb,
        None => guess(&input).ok_or(RequestError::Member { member: "command", wanted: "there" })?,
    };
    let event = if verb == Verb::PostBash { Event::After } else { Event::Before };
    let mut request = bare(Agent::Plain, event, word(verb).to_owned(), Json::Null);
    request.cwd = may(&input, "cwd")?;
    request.session = may(&input, "session")?;
    let mut called = word(verb).to_owned();
    match verb {
        Verb::PreBash | Verb::PostBash => {
            request.tool = Tool::Command { text: need(&input, "command")?, shell: Shell::Posix };
        }
        Verb::PreWrite => {
            let added = vec![need(&input, "content")?];
            let path = need(&input, "path")?;
            let change = FileChange { path, how: Change::Whole, added, removed: Vec::new() };
            request.tool = Tool::Write(vec![change]);
        }
        Verb::PreRead => {
            request.tool = Tool::Read { paths: vec![need(&input, "path")?], content: None };
        }
        Verb::PreMcp => {
            let name = match may(&input, "tool_name")? {
                Some(name) => name,
                None => need(&input, "tool")?,
            };
            let server = may(&input, "server")?.unwrap_or_default();
            request.tool = mcp(&name, server);
            called = name;
        }
    }
    if verb == Verb::PostBash {
        request.result = Some(ran(&input)?);
    }
    request.tool_name = called;
    request.input = if verb == Verb::PreMcp { arguments(&input)? } else { input };
    Ok(request)
}

fn guess(input: &Json) -> Option<Verb> {
    let has = |name: &str| input.get(name).is_some();
    match () {
        () if has("command") && (has("stdout") || has("stderr")) => Some(Verb::PostBash),
        () if has("command") => Some(Verb::PreBash),
        () if has("tool") => Some(Verb::PreMcp),
        () if has("path") && has("content") => Some(Verb::PreWrite),
        () if has("path") => Some(Verb::PreRead),
        () => None,
    }
}

/// The whole name of other agents, `mcp__server__tool`, says the server too.
fn mcp(name: &str, server: String) -> Tool {
    let parts = name.strip_prefix("mcp__").and_then(|rest| rest.split_once("__"));
    match parts.filter(|_| server.is_empty()) {
        Some((server, tool)) => Tool::Mcp { server: server.to_owned(), tool: tool.to_owned() },
        None => Tool::Mcp { server, tool: name.to_owned() },
    }
}

fn word(verb: Verb) -> &'static str {
    Verb::ALL.iter().find(|(_, each)| *each == verb).map_or("", |(word, _)| *word)
}

fn ran(input: &Json) -> Result<ToolResult, RequestError> {
    let mut output = Json::Map(Vec::new());
    for name in ["stdout", "stderr"] {
        if let Some(text) = may(input, name)? {
            output.set(name, Json::Text(text));
        }
    }
    let exit_code = match input.get("exit_code") {
        None | Some(Json::Null) => None,
        Some(code) => Some(
            code.integer()
                .ok_or(RequestError::Member { member: "exit_code", wanted: "a whole number" })?,
        ),
    };
    Ok(ToolResult { output, exit_code })
}

fn arguments(input: &Json) -> Result<Json, RequestError> {
    match input.get("arguments").or_else(|| input.get("tool_input")) {
        None | Some(Json::Null) => Ok(Json::Map(Vec::new())),
        Some(found @ Json::Map(_)) => Ok(found.clone()),
        Some(_) => Err(RequestError::Member { member: "arguments", wanted: "an object" }),
    }
}

/// A question is said as one; whether it stops the caller is what was configured for where nobody can be asked.
pub(super) fn write(request: &Request, judgement: &Judgement, asked: Decision) -> Reply {
    let (word, stops) = match judgement.decision {
        Decision::Allow => ("allow", false),
        Decision::Deny => ("block", true),
        Decision::Ask | Decision::Defer => ("ask", asked != Decision::Allow),
    };
    let mut out = Json::map([("decision", Json::from(word))]);
    if !judgement.reason.is_empty() {
        out.set("reason", Json::from(judgement.reason.as_str()));
    }
    if let Some(context) = &judgement.context {
        out.set("context", Json::from(context.as_str()));
    }
    if let Some(input) = &judgement.updated_input {
        out.set("input", input.clone());
    }
    if let Some(Json::Map(members)) = &judgement.updated_output
        && request.event == Event::After
    {
        members.iter().for_each(|(name, value)| out.set(name, value.clone()));
    }
    let code = if stops { 2 } else { 0 };
    Reply { code, ..Reply::json(&out) }
}

pub(super) fn refuse(reason: &str) -> Reply {
    let out = Json::map([("decision", Json::from("block")), ("reason", Json::from(reason))]);
    Reply { stdout: format!("{out}\n"), stderr: format!("sanctum: {reason}\n"), code: 2 }
}
