//! What is thought of what is written, read, searched, fetched, passed to an MCP server and printed by a command.
//!
//! Everything here is a function of its arguments. The commands of shells are judged elsewhere: whoever has that judge hands it
//! in. A reason names a path or a kind of secret, never a secret.

mod cargo;
mod cel;
mod docker;
mod mcp;
mod output;
mod read;
mod spend;
mod write;

pub use cargo::{CargoCrate, CargoPolicy, CargoSeen, runs_script, seen_by_cargo};
pub use cel::{CelError, CelRule, Facts};
pub use docker::{DockerPolicy, Line, LineKind, image_of, is_dockerfile, judge_images, lines};
pub use mcp::{Action, McpPolicy, McpRule, paths_in};
pub use output::redact_output;
pub use spend::{Usage, usages};

use super::paths::Place;
use super::request::{Event, Judgement, Request, Shell, Tool};

/// What the judging of content is configured with.
pub struct Policy<'a> {
    /// Whose machine it is.
    pub place: Place,
    /// The rules for tools of MCP servers.
    pub mcp: McpPolicy,
    /// The rules for Dockerfiles.
    pub docker: DockerPolicy,
    /// Whether credentials in outputs are covered.
    pub redact: bool,
    /// What is remarked of crates that cargo fetched.
    pub cargo: CargoPolicy<'a>,
    /// The judge of commands.
    pub command: &'a dyn Fn(&str, Option<&str>) -> Judgement,
    /// Whether this text is a dummy that is registered for tests.
    pub is_dummy: &'a dyn Fn(&str) -> bool,
}

/// Judges a request.
pub fn judge(request: &Request, policy: &Policy<'_>) -> Judgement {
    let cwd = request.cwd.clone().unwrap_or_else(|| policy.place.cwd.clone());
    let place = Place { cwd, ..policy.place.clone() };
    if request.event == Event::After {
        return output::judge(request, policy);
    }
    match &request.tool {
        Tool::Command { text, shell: Shell::Posix } => {
            (policy.command)(text, request.cwd.as_deref())
        }
        Tool::Command { shell: Shell::PowerShell, .. } => {
            Judgement::ask("Runs a PowerShell command, whose effects cannot be derived")
        }
        Tool::Write(changes) => write::judge(changes, &place, policy),
        // A change of settings has happened; what it means is for whoever can look at the file.
        Tool::Read { .. } if request.event == Event::SettingsChanged => Judgement::allow(),
        Tool::Read { paths, content } => read::judge(paths, content.as_deref(), &place, policy),
        Tool::Search { roots, globs } => read::judge_search(roots, globs, &place),
        Tool::Fetch { target } => read::judge_fetch(target, &place),
        Tool::Mcp { .. } => mcp::judge(request, &place, policy),
        Tool::Unknown => mcp::judge_arguments(request, &place, policy),
        Tool::Other => Judgement::allow(),
    }
}

#[cfg(test)]
mod tests;
