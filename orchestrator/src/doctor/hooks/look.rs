//! The settings of the owner's agents, what was put into them, and the layers of the firewall's configuration.

use crate::doctor::eyes::Eyes;
use crate::doctor::looked::{Seen, unseen};
use crate::instance::model;
use sanctum_firewall::agents::Agent;
use sanctum_firewall::agents::config::{self, Grade, Layer};
use sanctum_firewall::agents::settings::{
    self, Files, Os, Scope, Skip, Status, Whose, program_in, settings_path,
};
use sanctum_types::{AbsPath, CouldNotCheck};

/// Settings of people are some KiB.
const LIMIT: u64 = 8 << 20;
/// Root's layer of the configuration.
const FLOOR: &str = "/etc/sanctum/config.toml";
/// The agents with settings.
const AGENTS: [Agent; 5] =
    [Agent::Claude, Agent::Codex, Agent::Gemini, Agent::Cursor, Agent::OpenCode];

/// One agent of the owner's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentSeen {
    /// Its name.
    pub agent: String,
    /// Its settings file.
    pub file: String,
    /// Whether the agent has a directory of settings, so that somebody uses it.
    pub used: bool,
    /// Whether hooks were put into its settings, by the receipt.
    pub was_installed: bool,
    /// Whether hooks of ours are there, the owner's or root's.
    pub is_installed: bool,
    /// What is not as it was installed.
    pub wrong: Vec<String>,
    /// What keeps them from running.
    pub skips: Vec<String>,
}

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hooks {
    /// The agents.
    pub agents: Vec<AgentSeen>,
    /// Whether agents without hooks are findings (`ai_firewall.claude_hooks`).
    pub wanted: bool,
    /// What in the owner's configuration has no effect, by `line:column`.
    pub without_effect: Vec<String>,
    /// The owner's file of configuration.
    pub config: String,
}

/// Looks at them.
pub fn hooks(eyes: &Eyes<'_>) -> Seen<Hooks> {
    let Some(home) = &eyes.ground.owner_home else {
        return Err(CouldNotCheck {
            subject: "the owner's agents".to_owned(),
            cause: "the owner has no account on this machine".to_owned(),
        });
    };
    let home = home.as_str();
    let disk = Disk(eyes);
    let agents: Seen<Vec<AgentSeen>> =
        AGENTS.iter().map(|agent| one(eyes, &disk, home, *agent)).collect();
    let own = format!("{home}/.sanctum/config.toml");
    let layers: Vec<config::Layered> = [(FLOOR, Layer::Floor), (own.as_str(), Layer::User)]
        .into_iter()
        .filter_map(|(path, layer)| Some(config::parse(&disk.text(path)?, layer)))
        .collect();
    let (merged, loosened) = config::merge(&layers);
    let errors = layers.iter().flat_map(|layered| &layered.findings);
    let errors =
        errors.filter(|finding| finding.grade == Grade::Error && finding.layer == Layer::User);
    let mut without_effect: Vec<String> = errors
        .map(|finding| format!("{}:{}: {}", finding.at.line, finding.at.col, finding.at.message))
        .collect();
    without_effect.extend(loosened.iter().map(|one| {
        format!("{}:{}: `{}` stays {}, not {}", one.line, one.col, one.key, one.from, one.to)
    }));
    Ok(Hooks {
        agents: agents?,
        wanted: merged.flag("ai_firewall.claude_hooks"),
        without_effect,
        config: own,
    })
}

struct Disk<'a, 'e>(&'a Eyes<'e>);

impl Files for Disk<'_, '_> {
    fn text(&self, path: &str) -> Option<String> {
        let bytes = self.0.head(&AbsPath::new(path).ok()?, LIMIT).ok()??;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn names(&self, dir: &str) -> Vec<String> {
        let listed = AbsPath::new(dir).ok().and_then(|dir| self.0.list(&dir).ok());
        listed.flatten().unwrap_or_default()
    }
}

fn one(eyes: &Eyes<'_>, disk: &Disk<'_, '_>, home: &str, agent: Agent) -> Seen<AgentSeen> {
    let os = match eyes.ground.facts.os {
        model::Os::Macos => Os::Mac,
        model::Os::Linux => Os::Linux,
    };
    let name = agent.name();
    let path = |text: String| AbsPath::new(text).map_err(|error| unseen(name, &error));
    let below = settings_path(agent, Scope::User, os).unwrap_or_default();
    let file = path(format!("{home}/{below}"))?;
    let dir = below
        .split_once('/')
        .map_or(below, |(dir, _)| if dir == ".config" { ".config/opencode" } else { dir });
    let used = eyes.at(&path(format!("{home}/{dir}"))?)?.is_some();
    let receipt = path(format!("{home}/.sanctum/state/hooks/{name}.json"))?;
    let was_installed = eyes.at(&receipt)?.is_some();
    let mut seen = AgentSeen {
        agent: name.to_owned(),
        file: file.to_string(),
        used,
        was_installed,
        ..AgentSeen::default()
    };
    let text = eyes.head(&file, LIMIT)?;
    let text = text.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let managed = settings_path(agent, Scope::Managed, os);
    let managed =
        managed.and_then(|path| disk.text(path)).and_then(|text| program_in(agent, &text));
    seen.is_installed = managed.is_some();
    match text.as_deref().and_then(|text| program_in(agent, text)) {
        Some(program) => {
            seen.is_installed = true;
            judge(agent, text.as_deref(), &program, &mut seen);
            if eyes.is_machine() && eyes.at(&program)?.is_none() {
                seen.wrong.push(format!("the program that they start is gone: {program}"));
            }
        }
        None if was_installed => seen.wrong.push("none of ours is there any more".to_owned()),
        None => {}
    }
    if seen.is_installed {
        let around = settings::around(agent, Whose { home, project: None, os }, disk);
        let spared = |skip: &Skip| managed.is_some() && skip.spares_managed;
        let against = around.into_iter().filter(|skip| !spared(skip));
        seen.skips.extend(against.map(|skip| format!("{} in {}", skip.what, skip.place)));
    }
    Ok(seen)
}

fn judge(agent: Agent, text: Option<&str>, program: &AbsPath, seen: &mut AgentSeen) {
    match settings::status(agent, text, program) {
        Ok(Status::Installed | Status::Absent) => {}
        Ok(Status::Tampered(why)) => seen.wrong.extend(why),
        Ok(Status::Skipped(why)) => seen.skips.extend(why),
        Err(error) => seen.wrong.push(error.to_string()),
    }
}

/// A machine on which the owner's Claude Code has its hooks.
#[cfg(test)]
pub(super) fn with(
    change: impl FnOnce(&mut AgentSeen, &mut Hooks),
) -> crate::doctor::looked::Looked {
    let mut looked = crate::doctor::fixture::plain_barn();
    let mut agent = AgentSeen {
        agent: "claude".to_owned(),
        file: "/home/operator/.claude/settings.json".to_owned(),
        used: true,
        was_installed: true,
        is_installed: true,
        ..AgentSeen::default()
    };
    let mut hooks = Hooks {
        wanted: true,
        config: "/home/operator/.sanctum/config.toml".to_owned(),
        ..Hooks::default()
    };
    change(&mut agent, &mut hooks);
    hooks.agents.push(agent);
    looked.hooks = Ok(hooks);
    looked
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a home of the test's own is looked at")]
mod tests {
    use super::*;

    #[test]
    fn a_home_below_a_directory_is_looked_at_as_it_is() {
        let root = tempfile::tempdir().unwrap();
        let mut ground = crate::doctor::fixture::plain_barn().ground;
        ground.owner_home = Some(AbsPath::new("/home/operator").unwrap());
        let put = |name: &str, text: &str| {
            let path = root.path().join("home/operator").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let claude = || {
            let eyes = Eyes::below(&ground, root.path()).unwrap();
            hooks(&eyes).unwrap().agents.into_iter().find(|agent| agent.agent == "claude").unwrap()
        };
        put(".profile", "");
        assert!(!claude().used && !claude().is_installed);
        let program = AbsPath::new("/opt/sanctum/bin/sanctum").unwrap();
        let installed = settings::install(Agent::Claude, None, &program).unwrap().text.unwrap();
        put(".claude/settings.json", &installed);
        put(".sanctum/state/hooks/claude.json", "{}");
        let seen = claude();
        assert!(seen.used && seen.is_installed && seen.was_installed, "{seen:?}");
        assert!(seen.wrong.is_empty() && seen.skips.is_empty(), "{seen:?}");
        put(".bashrc", "alias claude='claude --bare'\n");
        assert_eq!(claude().skips, ["--bare in /home/operator/.bashrc"]);
        put(".claude/settings.json", &installed.replace("\"block\"", "\"continue\""));
        assert!(!claude().wrong.is_empty());
        put(".claude/settings.json", "{}");
        assert_eq!(claude().wrong, ["none of ours is there any more"]);
    }
}
