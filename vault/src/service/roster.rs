//! Agents and rules as the vault's documents have them, read once for each change.

use crate::crypt::unhex_array;
use crate::identity::AgentName;
use crate::index::Index;
use crate::policy::Rules;
use std::collections::BTreeMap;

/// Before an agent's name.
pub(super) const AGENT: &str = "agent/";
/// Before a policy's.
pub(super) const POLICY: &str = "policy/";

/// Who there is, and what they may do.
#[derive(Debug, Default)]
pub(super) struct Roster {
    pub(super) agents: BTreeMap<AgentName, [u8; 32]>,
    pub(super) rules: Rules,
}

impl Roster {
    /// A document that cannot be read names nobody and allows nothing.
    pub(super) fn of(index: &Index) -> Self {
        let agents = index.documents(AGENT).filter_map(|(name, content)| {
            let key = unhex_array(content.get("public")?.as_str()?)?;
            Some((AgentName::new(name).ok()?, key))
        });
        let rules = index.documents(POLICY).filter_map(|(name, content)| {
            Some((name.to_owned(), serde_json::from_value(content.clone()).ok()?))
        });
        Self { agents: agents.collect(), rules: rules.collect() }
    }

    pub(super) fn key(&self, agent: &str) -> Option<[u8; 32]> {
        self.agents.get(&AgentName::new(agent).ok()?).copied()
    }
}
