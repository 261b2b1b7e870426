//! The protocols: which one is spoken, its reader and its writer.
//!
//! A reader makes one [`Request`] or refuses; a writer says one [`Judgement`] in the agent's own terms. Field names are those of
//! the published packages and schemas (docs/formats/hooks.md names them). Absent on purpose: any opinion on what is asked.

mod claude;
mod codex;
mod cursor;
mod gemini;
mod opencode;
mod plain;

use super::json::{self, Json};
use super::request::{Agent, Decision, Event, Judgement, Request, Tool, Verb};
use super::tool::RequestError;

/// What goes back to the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Reply {
    /// For standard output: one line of JSON, or nothing.
    pub stdout: String,
    /// For standard error: the reason of a refusal, or nothing.
    pub stderr: String,
    /// The exit code: 0, or 2 for a refusal.
    pub code: u8,
}

impl Reply {
    fn json(json: &Json) -> Self {
        Self { stdout: format!("{json}\n"), stderr: String::new(), code: 0 }
    }

    /// Exit 2 with the reason on standard error: a refusal for Claude Code, Codex, Gemini CLI, Cursor and the shim alike.
    pub(crate) fn refusal(reason: &str) -> Self {
        Self { stdout: String::new(), stderr: format!("sanctum: {reason}\n"), code: 2 }
    }
}

/// The agent that an input is from, by its shape; `None` where it has none of theirs.
#[must_use]
pub fn recognise(input: &Json) -> Option<Agent> {
    let Json::Map(_) = input else { return None };
    if input.get("agent").and_then(Json::text) == Some("opencode") {
        return Some(Agent::OpenCode);
    }
    let Some(event) = input.get("hook_event_name") else {
        // The least that Claude Code's protocol was ever documented to need.
        return Some(if input.get("tool_name").is_some() { Agent::Claude } else { Agent::Plain });
    };
    let event = event.text()?;
    if input.get("conversation_id").is_some() || event.starts_with(|c: char| c.is_ascii_lowercase())
    {
        return Some(Agent::Cursor);
    }
    if gemini::knows(event) && input.get("timestamp").is_some() || gemini::alone_knows(event) {
        return Some(Agent::Gemini);
    }
    // Codex names its turn and its model with every tool; Claude Code does neither.
    let of_a_tool = input.get("tool_name").is_some();
    if input.get("turn_id").is_some() || (of_a_tool && input.get("model").is_some()) {
        return Some(Agent::Codex);
    }
    Some(Agent::Claude)
}

/// Reads an input in the protocol of this agent.
pub(crate) fn read(agent: Agent, verb: Option<Verb>, input: Json) -> Result<Request, RequestError> {
    if !matches!(input, Json::Map(_)) {
        return Err(RequestError::NotAnObject);
    }
    match agent {
        Agent::Claude => claude::read(Agent::Claude, verb, &input),
        Agent::Codex => claude::read(Agent::Codex, verb, &input),
        Agent::Gemini => gemini::read(&input),
        Agent::Cursor => cursor::read(&input),
        Agent::OpenCode => opencode::read(&input),
        Agent::Plain => plain::read(verb, input),
    }
}

/// Says a judgement in the terms of the agent that asked.
pub(crate) fn write(request: &Request, judgement: &Judgement, asked: Decision) -> Reply {
    match request.agent {
        Agent::Claude => claude::write(request, judgement),
        Agent::Codex => codex::write(request, judgement),
        Agent::Gemini => gemini::write(request, judgement),
        Agent::Cursor => cursor::write(request, judgement),
        Agent::OpenCode => opencode::write(judgement),
        Agent::Plain => plain::write(request, judgement, asked),
    }
}

/// Refuses what could not be read. Where nobody knows who asked, both ways of saying so are used at once.
pub(crate) fn refuse(agent: Option<Agent>, reason: &str) -> Reply {
    match agent {
        Some(Agent::Plain) | None => plain::refuse(reason),
        Some(_) => Reply::refusal(reason),
    }
}

/// What a decision that this agent cannot be told becomes: everything but a plain yes is a no.
fn yes_or_no(decision: Decision) -> bool {
    decision == Decision::Allow
}

/// A member that must be a string.
fn need(input: &Json, member: &'static str) -> Result<String, RequestError> {
    let text = input.get(member).and_then(Json::text);
    text.map(str::to_owned).ok_or(RequestError::Member { member, wanted: "a string" })
}

/// A member that may be a string, or be null or absent.
fn may(input: &Json, member: &'static str) -> Result<Option<String>, RequestError> {
    match input.get(member) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Text(text)) => Ok(Some(text.clone())),
        Some(_) => Err(RequestError::Member { member, wanted: "a string" }),
    }
}

/// A member that must be an object.
fn object(input: &Json, member: &'static str) -> Result<Json, RequestError> {
    match input.get(member) {
        Some(found @ Json::Map(_)) => Ok(found.clone()),
        _ => Err(RequestError::Member { member, wanted: "an object" }),
    }
}

/// A member that is an object, or the text of one as Cursor sends it.
fn object_or_text(input: &Json, member: &'static str) -> Result<Json, RequestError> {
    match input.get(member) {
        Some(Json::Text(text)) => match json::parse(text.as_bytes()).map(Json::from)? {
            found @ Json::Map(_) => Ok(found),
            _ => Err(RequestError::Member { member, wanted: "an object" }),
        },
        _ => object(input, member),
    }
}

/// A request of this agent without a tool.
fn bare(agent: Agent, event: Event, event_name: String, input: Json) -> Request {
    Request {
        agent,
        event,
        event_name,
        tool_name: String::new(),
        tool: Tool::Other,
        input,
        result: None,
        cwd: None,
        session: None,
        mode: None,
    }
}

#[cfg(test)]
mod tests;
