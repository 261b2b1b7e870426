//! Which programs are coding agents: the well-known ones, and those that the instance registers.

use super::Ancestor;
use sanctum_types::ServiceName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One registered agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// File names or absolute paths of its programs and scripts.
    pub programs: Vec<String>,
}

/// Agents that are known without being registered, by the file names that their makers install.
pub const BUILT_IN: [&str; 9] = [
    "claude",
    "codex",
    "gemini",
    "cursor-agent",
    "opencode",
    "aider",
    "goose",
    "openclaw",
    "copilot",
];

/// How many words of a command line can name a program: an interpreter, an option or two, the script.
const WORDS: usize = 4;

/// Whether a program runs what its command line names: only then is a later word a program.
fn is_interpreter(program: &str) -> bool {
    // `/bin/sh` is dash on Debian, ash in busybox, ksh elsewhere: the system tells what runs, not how it was called.
    const STEMS: [&str; 18] = [
        "node", "nodejs", "bun", "deno", "npx", "npm", "python", "ruby", "perl", "bash", "sh",
        "dash", "ash", "busybox", "ksh", "zsh", "env", "uv",
    ];
    let file = program.rsplit('/').next().unwrap_or(program);
    STEMS.contains(&file.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'))
}

/// All agents, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    programs: Vec<(String, String)>,
}

impl Register {
    /// The well-known agents and these.
    #[must_use]
    pub fn new(registered: &BTreeMap<ServiceName, Agent>) -> Self {
        let own = registered.iter().flat_map(|(name, agent)| {
            agent.programs.iter().map(|program| (name.to_string(), program.clone()))
        });
        let known = BUILT_IN.iter().map(|name| ((*name).to_owned(), (*name).to_owned()));
        Self { programs: own.chain(known).collect() }
    }

    /// The nearest ancestor that is an agent: its registered name and process.
    #[must_use]
    pub fn first_of(&self, ancestors: &[Ancestor]) -> Option<(String, u32)> {
        ancestors.iter().find_map(|one| {
            let shown = if is_interpreter(&one.program) { WORDS } else { 1 };
            let words = one.words.iter().take(shown);
            let mut names = std::iter::once(&one.program).chain(words);
            let name = names.find_map(|word| self.named(word))?;
            Some((name.to_owned(), one.pid))
        })
    }

    fn named(&self, word: &str) -> Option<&str> {
        let file = word.rsplit('/').next().unwrap_or(word);
        // A script is known without its extension: `claude.js`, `aider.py`.
        let stem = file.split_once('.').map_or(file, |(stem, _)| stem);
        let same = |program: &str| program == word || program == file || program == stem;
        self.programs.iter().find(|(_, program)| same(program)).map(|(name, _)| name.as_str())
    }
}
