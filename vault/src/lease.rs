//! Values that were given out: for how long, and who takes them back.
//!
//! Time is a clock that nobody sets, in milliseconds. Leases are the running service's: a restart ends them all, but those that the vault has as
//! documents ([`kept`]). Whoever asks for somebody else's is told what who asks for none is told.

pub mod kept;

use crate::crypt;
use crate::identity::AgentName;
use crate::path::SecretPath;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Leases of one agent at a time. Who takes more values without giving them back loses the oldest lease, not the vault's service.
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
    pub session: Option<Box<[u8; 32]>>,
}

/// Why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoLease {
    /// It ended, was taken back, is somebody else's, or never was.
    Gone,
    /// The agent has too many use-handles, and those somebody uses; or too many that are kept.
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
    by_id: BTreeMap<Name, (u64, Lease)>,
    held: BTreeMap<AgentName, Held>,
    /// Those that outlive a restart; beside the others, which are many and pay nothing for it.
    kept: BTreeSet<Name>,
    /// Those of them that are over, and whose documents may be there still.
    over: Vec<Name>,
    /// When all were last looked through.
    swept: u64,
    /// How many were granted: the number of the next.
    granted: u64,
}

/// What an agent has.
#[derive(Debug, Default)]
struct Held {
    count: usize,
    /// How many of them are kept.
    kept: usize,
    /// Those of values that are not, in the order in which they were granted.
    values: BTreeMap<u64, Name>,
}

/// A lease's name as it is kept: there can be ten thousand of an agent, and those of values are 16 bytes in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Short([u8; 16]),
    Other(Box<str>),
}

impl Name {
    fn of(id: &str) -> Self {
        let short: Option<[u8; 16]> =
            crypt::unhex(id).and_then(|bytes| bytes.as_slice().try_into().ok());
        // Only what is written again as it was is the same name.
        match short.filter(|bytes| crypt::hex(bytes) == id) {
            Some(bytes) => Self::Short(bytes),
            None => Self::Other(id.into()),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short(bytes) => f.write_str(&crypt::hex(bytes)),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl Leases {
    /// Gives one out under a name that nobody used. The oldest value's lease of an agent that has too many ends.
    ///
    /// # Errors
    /// The agent has too many, and all of them are use-handles.
    pub fn grant(&mut self, id: &str, lease: Lease, now: u64) -> Result<(), NoLease> {
        self.sweep(now);
        let held = self.held.entry(lease.agent.clone()).or_default();
        if held.count >= MOST {
            let oldest = held.values.first_key_value().map(|(_, id)| id.clone());
            self.remove(&oldest.ok_or(NoLease::TooMany)?);
        }
        let (id, number) = (Name::of(id), self.granted);
        let held = self.held.entry(lease.agent.clone()).or_default();
        held.count += 1;
        if lease.session.is_none() {
            held.values.insert(number, id.clone());
        }
        self.insert(id, lease);
        Ok(())
    }

    /// The same for one that outlives a restart: no other makes it end.
    ///
    /// # Errors
    /// The agent has too many of them.
    pub fn grant_kept(&mut self, id: &str, lease: Lease, now: u64) -> Result<(), NoLease> {
        self.sweep(now);
        self.room(&lease.agent, now)?;
        let id = Name::of(id);
        let held = self.held.entry(lease.agent.clone()).or_default();
        (held.count, held.kept) = (held.count + 1, held.kept + 1);
        self.kept.insert(id.clone());
        self.insert(id, lease);
        Ok(())
    }

    /// Whether the agent can have one more that outlives a restart.
    ///
    /// # Errors
    /// It has too many.
    pub fn room(&mut self, agent: &AgentName, now: u64) -> Result<(), NoLease> {
        let full = |all: &Self| all.held.get(agent).is_some_and(|held| held.kept >= kept::MOST);
        if full(self) {
            self.expire(now);
        }
        if full(self) { Err(NoLease::TooMany) } else { Ok(()) }
    }

    /// Whether it outlives a restart.
    #[must_use]
    pub fn is_kept(&self, id: &str) -> bool {
        !self.kept.is_empty() && self.kept.contains(&Name::of(id))
    }

    /// The names of those that outlived restarts, and ended; they are told once.
    pub fn over(&mut self) -> Vec<String> {
        self.over.drain(..).map(|id| id.to_string()).collect()
    }

    /// Their documents are there still.
    pub fn still_there(&mut self, names: &[String]) {
        self.over.extend(names.iter().map(|id| Name::of(id)));
    }

    fn insert(&mut self, id: Name, lease: Lease) {
        let number = self.granted;
        self.granted += 1;
        self.by_id.insert(id, (number, lease));
    }

    fn sweep(&mut self, now: u64) {
        if now.saturating_sub(self.swept) > 60_000 {
            self.expire(now);
        }
    }

    /// A lease of that agent that has not ended.
    ///
    /// # Errors
    /// There is none.
    pub fn get(&self, id: &str, agent: &AgentName, now: u64) -> Result<&Lease, NoLease> {
        let (_, lease) = self.by_id.get(&Name::of(id)).ok_or(NoLease::Gone)?;
        let good = lease.agent == *agent && now < lease.until && lease.uses != Some(0);
        if good { Ok(lease) } else { Err(NoLease::Gone) }
    }

    /// A lease that has not ended, whoever's it is: who asks has to prove more.
    #[must_use]
    pub fn find(&self, id: &str, now: u64) -> Option<&Lease> {
        let (_, lease) = self.by_id.get(&Name::of(id))?;
        (now < lease.until && lease.uses != Some(0)).then_some(lease)
    }

    /// Uses it once.
    ///
    /// # Errors
    /// There is none.
    pub fn take(&mut self, id: &str, agent: &AgentName, now: u64) -> Result<(), NoLease> {
        self.get(id, agent, now)?;
        if let Some(uses) =
            self.by_id.get_mut(&Name::of(id)).and_then(|(_, lease)| lease.uses.as_mut())
        {
            *uses -= 1;
        }
        Ok(())
    }

    /// A use that came to nothing is not counted.
    pub fn give_back(&mut self, id: &str) {
        if let Some(uses) =
            self.by_id.get_mut(&Name::of(id)).and_then(|(_, lease)| lease.uses.as_mut())
        {
            *uses = uses.saturating_add(1);
        }
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
        if let Some((_, lease)) = self.by_id.get_mut(&Name::of(id)) {
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
        self.remove(&Name::of(id));
        Ok(())
    }

    /// Takes leases back; gives how many.
    pub fn revoke(&mut self, which: &Which) -> usize {
        if let Which::Id(id) = which {
            return usize::from(self.remove(&Name::of(id)));
        }
        self.drop_where(|lease| match which {
            Which::Path(path) => lease.path == *path,
            Which::Agent(agent) => lease.agent == *agent,
            Which::Session(session) => lease.session.as_deref() == Some(session),
            Which::Id(_) | Which::All => true,
        })
    }

    /// Those that have not ended, by their names.
    pub fn all(&self, now: u64) -> impl Iterator<Item = (String, &Lease)> {
        self.by_id
            .iter()
            .filter(move |(_, (_, lease))| now < lease.until)
            .map(|(id, (_, lease))| (id.to_string(), lease))
    }

    fn expire(&mut self, now: u64) {
        self.swept = now;
        self.drop_where(|lease| now >= lease.until || lease.uses == Some(0));
    }

    fn remove(&mut self, id: &Name) -> bool {
        let Some((number, lease)) = self.by_id.remove(id) else { return false };
        let kept = self.kept.remove(id);
        left(&mut self.held, (number, kept), &lease);
        self.over.extend(kept.then(|| id.clone()));
        true
    }

    fn drop_where(&mut self, goes: impl Fn(&Lease) -> bool) -> usize {
        let Self { by_id, held, kept, over, .. } = self;
        let before = by_id.len();
        by_id.retain(|id, (number, lease)| {
            let stays = !goes(lease);
            if !stays {
                let kept = kept.remove(id);
                left(held, (*number, kept), lease);
                over.extend(kept.then(|| id.clone()));
            }
            stays
        });
        before - by_id.len()
    }
}

/// It is no more among what its agent has.
fn left(all: &mut BTreeMap<AgentName, Held>, (number, kept): (u64, bool), lease: &Lease) {
    let Some(held) = all.get_mut(&lease.agent) else { return };
    held.values.remove(&number);
    held.kept = held.kept.saturating_sub(usize::from(kept));
    held.count = held.count.saturating_sub(1);
    if held.count == 0 {
        all.remove(&lease.agent);
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
            session: path.bytes().next().filter(|first| *first == b'a').map(|_| Box::new([1; 32])),
        }
    }

    #[test]
    fn a_lease_ends_by_time_use_or_hand_and_is_its_agents() {
        let mut all = Leases::default();
        all.grant("1", lease("x", "a", Some(1)), 0).unwrap();
        all.grant("2", lease("x", "b", None), 0).unwrap();
        let (x, y) = (agent("x"), agent("y"));
        assert_eq!(all.release("1", &y, 0), Err(NoLease::Gone));
        assert_eq!(all.renew("2", &y, 9, 0), Err(NoLease::Gone));
        assert_eq!((all.take("1", &x, 999), all.take("1", &x, 999)), (Ok(()), Err(NoLease::Gone)));
        all.give_back("1");
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
    fn a_name_has_one_spelling_and_is_told_as_it_was_given() {
        let mut all = Leases::default();
        let names = ["00112233445566778899aabbccddeeff", "0", "handle", &"ab".repeat(32)];
        for name in names {
            all.grant(name, lease("x", "b", None), 0).unwrap();
        }
        assert!(all.get("00112233445566778899AABBCCDDEEFF", &agent("x"), 0).is_err());
        let mut told: Vec<String> = all.all(0).map(|(id, _)| id).collect();
        told.sort();
        let mut given = names.map(str::to_owned);
        given.sort();
        assert_eq!(told, given);
    }

    #[test]
    fn they_are_taken_back_by_name_path_and_agent() {
        let filled = || {
            let mut all = Leases::default();
            for (n, (name, path)) in [("x", "a"), ("x", "b"), ("y", "a")].into_iter().enumerate() {
                all.grant(&n.to_string(), lease(name, path, None), 0).unwrap();
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
    fn who_takes_too_many_loses_the_oldest() {
        let mut all = Leases::default();
        for n in 0..MOST {
            all.grant(&n.to_string(), lease("x", "b", None), 0).unwrap();
        }
        all.release("0", &agent("x"), 0).unwrap();
        all.grant("a", lease("x", "a", None), 0).unwrap();
        all.grant("b", lease("y", "b", None), 0).unwrap();
        assert!(all.find("1", 0).is_some());
        all.grant("c", lease("x", "b", None), 0).unwrap();
        assert!(all.find("1", 0).is_none());
        for id in ["2", "a", "b", "c"] {
            assert!(all.find(id, 0).is_some(), "{id}");
        }
        assert_eq!(all.all(0).count(), MOST + 1);
    }

    #[test]
    fn handles_are_in_use_and_make_no_room() {
        let mut all = Leases::default();
        for n in 0..MOST {
            all.grant(&n.to_string(), lease("x", "a", None), 0).unwrap();
        }
        assert_eq!(all.grant("more", lease("x", "b", None), 0), Err(NoLease::TooMany));
        // What ended is gone with the next look at all of them.
        all.grant("more", Lease { until: 70_000, ..lease("x", "b", None) }, 60_001).unwrap();
        assert_eq!((all.all(0).count(), all.held.len()), (1, 1));
        assert_eq!((all.revoke(&Which::All), all.held.len()), (1, 0));
    }
}
