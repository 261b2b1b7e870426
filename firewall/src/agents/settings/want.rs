//! What is installed for each agent: every tool, an absolute program, no shell where the agent can do without one, and the
//! choice to fail closed where it has one.

use super::super::json::{Json, Node};
use super::super::request::Agent;
use sanctum_types::AbsPath;

/// Seconds that an agent waits. A verdict takes milliseconds; the rest is for a machine that is busy, and for the cache of the
/// registry that a hook may ask.
const TIMEOUT: u32 = 10;

/// One group of hooks under one event.
#[derive(Clone, Debug)]
pub(super) struct Want {
    pub(super) event: &'static str,
    pub(super) group: Json,
}

/// The groups of this agent; none where it has no settings in JSON.
pub(super) fn wanted(agent: Agent, program: &AbsPath) -> Vec<Want> {
    let events: &[&'static str] = match agent {
        Agent::Claude => &["PreToolUse", "PostToolUse", "ConfigChange"],
        Agent::Codex => &["PreToolUse", "PostToolUse", "PermissionRequest"],
        Agent::Gemini => &["BeforeTool", "AfterTool"],
        Agent::Cursor => &[
            "beforeShellExecution",
            "beforeMCPExecution",
            "beforeReadFile",
            "beforeTabFileRead",
            "preToolUse",
            "postToolUse",
        ],
        Agent::OpenCode | Agent::Plain => &[],
    };
    events.iter().map(|event| Want { event, group: group(agent, event, program) }).collect()
}

fn group(agent: Agent, event: &str, program: &AbsPath) -> Json {
    let seconds = Json::Number(TIMEOUT.to_string());
    let line = Json::Text(command_line(agent, program));
    let hook = match agent {
        // The arguments as a list: the program is started without a shell.
        Agent::Claude => Json::map([
            ("type", Json::from("command")),
            ("command", Json::from(program.as_str())),
            ("args", Json::List(arguments(agent).iter().map(|arg| Json::from(*arg)).collect())),
            ("timeout", seconds),
            ("onFailure", Json::from("block")),
        ]),
        Agent::Gemini => Json::map([
            ("name", Json::from("sanctum")),
            ("type", Json::from("command")),
            ("command", line),
            ("timeout", Json::Number((TIMEOUT * 1000).to_string())),
        ]),
        Agent::Cursor => {
            return Json::map([
                ("command", line),
                ("timeout", seconds),
                ("failClosed", Json::Bool(true)),
            ]);
        }
        Agent::Codex | Agent::OpenCode | Agent::Plain => {
            Json::map([("type", Json::from("command")), ("command", line), ("timeout", seconds)])
        }
    };
    let hooks = ("hooks", Json::List(vec![hook]));
    // A list of names would leave out the tools of tomorrow.
    let all = if agent == Agent::Gemini { ".*" } else { "*" };
    if event == "ConfigChange" {
        Json::map([hooks])
    } else {
        Json::map([("matcher", Json::from(all)), hooks])
    }
}

/// The words behind the program.
pub(super) fn arguments(agent: Agent) -> [&'static str; 3] {
    ["hook", "--agent", agent.name()]
}

/// The line for agents that start hooks through a shell.
pub(super) fn command_line(agent: Agent, program: &AbsPath) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./+".contains(c);
    let program = program.as_str();
    let program = if program.chars().all(plain) {
        program.to_owned()
    } else {
        format!("'{}'", program.replace('\'', r"'\''"))
    };
    format!("{program} {}", arguments(agent).join(" "))
}

/// Whether a hook is one of ours, wherever its program stood and whatever was done to its other members.
pub(super) fn is_ours(hook: &Node) -> bool {
    let Some(command) = hook.get("command").and_then(Node::text) else { return false };
    let of_list = |items: &[Node]| items.first().and_then(Node::text) == Some("hook");
    if let Some(args) = hook.get("args").and_then(Node::items) {
        return program_name(command) == "sanctum" && of_list(args);
    }
    command.split_once(" hook").is_some_and(|(program, rest)| {
        program_name(program) == "sanctum" && (rest.is_empty() || rest.starts_with(' '))
    })
}

fn program_name(program: &str) -> &str {
    program.trim().trim_matches('\'').trim_matches('"').rsplit('/').next().unwrap_or_default()
}
