//! Values that were given out: for how long, and who takes them back.
//!
//! Time is a clock that nobody sets, in milliseconds. Leases are the running service's: a restart ends them all. Whoever asks for somebody else's is
//! told what who asks for none is told.

use crate::identity::AgentName;
use crate::path::SecretPath;
use std::collections::BTreeMap;

/// Leases of one agent at a time: who has more does not give them back.
pub const MOST: usize = 10_000;

/// A value that was given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// To whom.
    pub agent: AgentName,
    /// Which.
    pub path: SecretPath,
    /// Until when.
    pub until: u64,
    /// How often it can be used still.
    pub uses: Option<u32>,
    /// The longest renewal, in seconds.
    pub max_ttl: u64,
    /// SHA-256 of the session that it ends with; of a use-handle.
    pub session: Option<[u8; 32]>,
}

/// Why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoLease {
    /// It ended, was taken back, is somebody else's, or never was.
    Gone,
    /// The agent has too many.
    TooMany,
}

/// Whose are taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// That one.
    Id(String),
    /// Those of a secret.
    Path(SecretPath),
    /// Those of an agent.
    Agent(AgentName),
    /// Those that end with a session.
    Session([u8; 32]),
    /// All.
    All,
}

/// All leases.
#[derive(Debug, Default)]
pub struct Leases {
    by_id: BTreeMap<String, Lease>,
    held: BTreeMap<AgentName, usize>,
    /// When all were last looked through.
    swept: u64,
}

impl Leases {
    /// Gives one out under a name that nobody used.
    ///
    /// # Errors
    /// The agent has too many.
    pub fn grant(&mut self, id: String, lease: Lease, now: u64) -> Result<(), NoLease> {
        if self.held(&lease.agent) >= MOST || now.saturating_sub(self.swept) > 60_000 {
            self.expire(now);
        }
        if self.held(&lease.agent) >= MOST {
            return Err(NoLease::TooMany);
        }
        *self.held.entry(lease.agent.clone()).or_default() += 1;
        self.by_id.insert(id, lease);
        Ok(())
    }

    /// A lease of that agent that has not ended.
    ///
    /// # Errors
    /// There is none.
    pub fn get(&self, id: &str, agent: &AgentName, now: u64) -> Result<&Lease, NoLease> {
        let lease = self.by_id.get(id).ok_or(NoLease::Gone)?;
        let good = lease.agent == *agent && now < lease.until && lease.uses != Some(0);
        if good { Ok(lease) } else { Err(NoLease::Gone) }
    }

    /// A lease that has not ended, whoever's it is: who asks has to prove more.
    #[must_use]
    pub fn find(&self, id: &str, now: u64) -> Option<&Lease> {
        self.by_id.get(id).filter(|lease| now < lease.until && lease.uses != Some(0))
    }

    /// Uses it once.
    ///
    /// # Errors
    /// There is none.
    pub fn take(&mut self, id: &str, agent: &AgentName, now: u64) -> Result<(), NoLease> {
        self.get(id, agent, now)?;
        if let Some(uses) = self.by_id.get_mut(id).and_then(|lease| lease.uses.as_mut()) {
            *uses -= 1;
        }
        Ok(())
    }

    /// Gives it so many seconds from now, and never more than policy gave at first; gives what it has.
    ///
    /// # Errors
    /// There is none.
    pub fn renew(
        &mut self,
        id: &str,
        agent: &AgentName,
        ttl: u64,
        now: u64,
    ) -> Result<u64, NoLease> {
        let ttl = self.get(id, agent, now)?.max_ttl.min(ttl);
        if let Some(lease) = self.by_id.get_mut(id) {
            lease.until = now.saturating_add(ttl.saturating_mul(1000));
        }
        Ok(ttl)
    }

    /// Gives it back.
    ///
    /// # Errors
    /// There is none.
    pub fn release(&mut self, id: &str, agent: &AgentName, now: u64) -> Result<(), NoLease> {
        self.get(id, agent, now)?;
        self.revoke(&Which::Id(id.to_owned()));
        Ok(())
    }

    /// Takes leases back; gives how many.
    pub fn revoke(&mut self, which: &Which) -> usize {
        self.drop_where(|id, lease| match which {
            Which::Id(one) => id == one,
            Which::Path(path) => lease.path == *path,
            Which::Agent(agent) => lease.agent == *agent,
            Which::Session(session) => lease.session == Some(*session),
            Which::All => true,
        })
    }

    /// Those that have not ended, by their names.
    pub fn all(&self, now: u64) -> impl Iterator<Item = (&str, &Lease)> {
        self.by_id
            .iter()
            .filter(move |(_, lease)| now < lease.until)
            .map(|(id, lease)| (id.as_str(), lease))
    }

    fn held(&self, agent: &AgentName) -> usize {
        self.held.get(agent).copied().unwrap_or(0)
    }

    fn expire(&mut self, now: u64) {
        self.swept = now;
        self.drop_where(|_, lease| now >= lease.until || lease.uses == Some(0));
    }

    fn drop_where(&mut self, goes: impl Fn(&str, &Lease) -> bool) -> usize {
        let (before, held) = (self.by_id.len(), &mut self.held);
        self.by_id.retain(|id, lease| {
            let stays = !goes(id, lease);
            if !stays && let Some(count) = held.get_mut(&lease.agent) {
                *count = count.saturating_sub(1);
            }
            stays
        });
        held.retain(|_, count| *count > 0);
        before - self.by_id.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(name: &str) -> AgentName {
        AgentName::new(name).unwrap()
    }

    fn lease(name: &str, path: &str, uses: Option<u32>) -> Lease {
        Lease {
            agent: agent(name),
            path: SecretPath::new(path).unwrap(),
            until: 1000,
            uses,
            max_ttl: 5,
            session: path.bytes().next().filter(|first| *first == b'a').map(|_| [1; 32]),
        }
    }

    #[test]
    fn a_lease_ends_by_time_use_or_hand_and_is_its_agents() {
        let mut all = Leases::default();
        all.grant("1".to_owned(), lease("x", "a", Some(1)), 0).unwrap();
        all.grant("2".to_owned(), lease("x", "b", None), 0).unwrap();
        let (x, y) = (agent("x"), agent("y"));
        assert_eq!(all.release("1", &y, 0), Err(NoLease::Gone));
        assert_eq!(all.renew("2", &y, 9, 0), Err(NoLease::Gone));
        assert_eq!((all.take("1", &x, 999), all.take("1", &x, 999)), (Ok(()), Err(NoLease::Gone)));
        assert_eq!((all.get("2", &x, 999).is_ok(), all.get("2", &x, 1000).is_ok()), (true, false));
        assert_eq!(all.renew("2", &x, 99, 900), Ok(5));
        assert!(all.get("2", &x, 5899).is_ok() && all.get("2", &x, 5900).is_err());
        assert_eq!(all.renew("2", &x, 9, 5900), Err(NoLease::Gone));
        assert_eq!(
            (all.release("2", &x, 5000), all.release("2", &x, 5000)),
            (Ok(()), Err(NoLease::Gone))
        );
    }

    #[test]
    fn they_are_taken_back_by_name_path_and_agent() {
        let filled = || {
            let mut all = Leases::default();
            for (n, (name, path)) in [("x", "a"), ("x", "b"), ("y", "a")].into_iter().enumerate() {
                all.grant(n.to_string(), lease(name, path, None), 0).unwrap();
            }
            all
        };
        for (which, gone) in [
            (Which::Id("0".to_owned()), 1),
            (Which::Id("9".to_owned()), 0),
            (Which::Path(SecretPath::new("a").unwrap()), 2),
            (Which::Agent(agent("x")), 2),
            (Which::Session([1; 32]), 2),
            (Which::Session([2; 32]), 0),
            (Which::All, 3),
        ] {
            let mut all = filled();
            assert_eq!((all.revoke(&which), all.all(0).count()), (gone, 3 - gone));
        }
    }

    #[test]
    fn what_ended_makes_room() {
        let mut all = Leases::default();
        for n in 0..MOST {
            all.grant(n.to_string(), lease("x", "a", None), 0).unwrap();
        }
        assert_eq!(all.grant("more".to_owned(), lease("x", "a", None), 999), Err(NoLease::TooMany));
        all.grant("other".to_owned(), lease("y", "a", None), 999).unwrap();
        all.grant("more".to_owned(), Lease { until: 2000, ..lease("x", "a", None) }, 1000).unwrap();
        assert_eq!(all.all(1000).count(), 1);
    }
}
