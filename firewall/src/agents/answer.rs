//! From the bytes of a hook's input to the bytes of its answer.
//!
//! Everything that goes wrong on the way is a refusal, never silence: an input that cannot be read, an event that is not
//! known, a tool without its argument. Observing changes what the agent is told and not what is thought. The judging itself is a
//! function that is handed in.

use super::dialect::{self, Reply};
use super::json::{self, Json};
use super::request::{Agent, Decision, Event, Judgement, Request, Verb};
use super::tool::RequestError;
use sanctum_types::chain;

/// Whether a judgement is followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Guard {
    /// It is.
    #[default]
    Enforce,
    /// It is kept for the journal, and the agent is let through. The plain form says its verdict all the same.
    Observe,
}

/// How a hook was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// The agent that the installed command names; without one the shape of the input tells.
    pub agent: Option<Agent>,
    /// The verb, where one was given.
    pub verb: Option<Verb>,
    /// Whether the judgement is followed.
    pub guard: Guard,
    /// What a question becomes where nobody can be asked: `Deny` unless it is configured otherwise.
    pub unattended: Decision,
    /// Whether the caller knows that nobody is there, as in a job.
    pub headless: bool,
}

impl Default for Call {
    fn default() -> Self {
        Self {
            agent: None,
            verb: None,
            guard: Guard::Enforce,
            unattended: Decision::Deny,
            headless: false,
        }
    }
}

/// An answer, and what is to be written down about it.
#[derive(Clone, Debug)]
pub struct Answered {
    /// What the agent is told.
    pub reply: Reply,
    /// What it asked, if that could be read.
    pub request: Option<Request>,
    /// What is thought of it, before anything was softened or sharpened.
    pub judgement: Judgement,
    /// Whether the agent is let through only because the guard observes.
    pub observed: bool,
}

/// Reads `input`, asks `judge` and writes the answer.
pub fn answer(call: &Call, input: &[u8], judge: impl FnOnce(&Request) -> Judgement) -> Answered {
    let (agent, read) = read(call, input);
    let request = match read {
        Ok(request) => request,
        Err(error) => return unreadable(call, agent, &error),
    };
    let judged = if request.event == Event::Other { Judgement::allow() } else { judge(&request) };
    let judgement = Judgement { reason: presentable(&judged.reason), ..judged };
    let observes = call.guard == Guard::Observe && request.agent != Agent::Plain;
    let touches = judgement.decision != Decision::Allow
        || judgement.updated_input.is_some()
        || judgement.updated_output.is_some();
    let told = if observes { Judgement::allow() } else { settled(call, &request, &judgement) };
    let reply = dialect::write(&request, &told, call.unattended);
    Answered { reply, request: Some(request), judgement, observed: observes && touches }
}

/// A reason names paths and tools as the agent wrote them: it may be as long as the input and hold what is in it. Every reason goes
/// through here, on its way to the agent and to the journal. Secrets are covered before the cut, which could leave the
/// half of one that is no longer known for what it is.
fn presentable(reason: &str) -> String {
    // As much as a person reads and a journal keeps.
    const MOST: usize = 600;
    let covered = crate::Engine::guarding().redact(reason).text;
    // A line break or a control character in a path would make two sentences of one, or paint over a terminal.
    let one_line = covered.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut shown: String = one_line.clone().take(MOST).collect();
    if one_line.count() > MOST {
        shown.pop();
        shown.push('…');
    }
    shown
}

/// Reads an input without judging it.
pub fn read(call: &Call, input: &[u8]) -> (Option<Agent>, Result<Request, RequestError>) {
    let json = match json::parse(input) {
        Ok(node) => Json::from(node),
        Err(error) => return (call.agent, Err(error.into())),
    };
    let Some(agent) = call.agent.or_else(|| dialect::recognise(&json)) else {
        return (None, Err(RequestError::NotAnObject));
    };
    (Some(agent), dialect::read(agent, call.verb, json))
}

/// A question where nobody can be asked becomes what was configured; it is put off only where that is known to work.
fn settled(call: &Call, request: &Request, judgement: &Judgement) -> Judgement {
    let mut told = judgement.clone();
    let nobody = call.headless || request.asks_nobody() || cannot_ask(request);
    let question = matches!(told.decision, Decision::Ask | Decision::Defer);
    if question && nobody && request.agent != Agent::Plain {
        told.decision = call.unattended;
    }
    // Claude Code only puts off what runs without a person; elsewhere it would ignore the whole answer.
    let can_defer =
        request.agent == Agent::Claude && request.event == Event::Before && call.headless;
    if told.decision == Decision::Defer && !can_defer {
        told.decision = if nobody { Decision::Deny } else { Decision::Ask };
    }
    // Claude Code is told of another input with a question, which stops a command that nobody asked about.
    if nobody && request.agent == Agent::Claude && told.decision == Decision::Allow {
        told.updated_input = None;
    }
    told
}

/// Codex, Gemini CLI and the shim have no word for a question; Cursor has one for two events.
fn cannot_ask(request: &Request) -> bool {
    match request.agent {
        Agent::Codex | Agent::Gemini | Agent::OpenCode => request.event != Event::Permission,
        Agent::Cursor => {
            !matches!(request.event_name.as_str(), "beforeShellExecution" | "beforeMCPExecution")
        }
        Agent::Claude | Agent::Plain => false,
    }
}

fn unreadable(call: &Call, agent: Option<Agent>, error: &RequestError) -> Answered {
    let reason = presentable(&chain(error));
    let observes = call.guard == Guard::Observe && agent.is_some_and(|agent| agent != Agent::Plain);
    let reply = if observes {
        Reply { stdout: "{}\n".to_owned(), stderr: String::new(), code: 0 }
    } else {
        dialect::refuse(agent, &reason)
    };
    Answered { reply, request: None, judgement: Judgement::deny(reason), observed: observes }
}

#[cfg(test)]
mod tests;
