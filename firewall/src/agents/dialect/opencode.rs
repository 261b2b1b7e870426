//! OpenCode: the JSON of this crate's own plugin, since OpenCode has hooks only in JavaScript.
//!
//! The plugin throws on `deny` and on everything that is no answer, and takes over `args` and `output` where they come back.

use super::super::json::Json;
use super::super::request::{Agent, Event, Judgement, Request, ToolResult};
use super::super::tool::{self, RequestError};
use super::{Reply, bare, may, need, object, yes_or_no};

pub(super) fn read(input: &Json) -> Result<Request, RequestError> {
    let event_name = need(input, "event")?;
    let event = match event_name.as_str() {
        "tool.execute.before" => Event::Before,
        "tool.execute.after" => Event::After,
        _ => return Err(RequestError::Event(event_name)),
    };
    let mut request = bare(Agent::OpenCode, event, event_name, Json::Null);
    request.cwd = may(input, "cwd")?;
    request.session = may(input, "session")?;
    request.tool_name = need(input, "tool")?;
    request.input = object(input, "args")?;
    request.tool = tool::of_call(Agent::OpenCode, &request.tool_name, &request.input)?;
    if event == Event::After {
        let output = Json::Text(need(input, "output")?);
        request.result = Some(ToolResult { output, exit_code: None });
    }
    Ok(request)
}

pub(super) fn write(judgement: &Judgement) -> Reply {
    let yes = yes_or_no(judgement.decision);
    let mut out = Json::map([("decision", Json::from(if yes { "allow" } else { "deny" }))]);
    if !yes {
        out.set("reason", Json::from(judgement.reason.as_str()));
    }
    if let Some(args) = judgement.updated_input.as_ref().filter(|_| yes) {
        out.set("args", args.clone());
    }
    if let Some(output) = &judgement.updated_output {
        out.set("output", output.clone());
    }
    Reply::json(&out)
}
