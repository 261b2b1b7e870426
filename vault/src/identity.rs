//! Who asks: challenges that are good once, and sessions that belong to a connection.
//!
//! What is signed is the challenge alone, as the published clients do it; so a challenge is made here, is 32 random bytes, lives for 30 seconds on
//! the connection that asked for it, and is gone with the first answer, right or wrong. An agent that nobody knows is treated as one whose signature is wrong.

use crate::crypt::{NotSealed, hex, random};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// How long a challenge waits, in milliseconds.
pub const CHALLENGE_LIVES: u64 = 30_000;
/// A connection that failed so often is closed.
pub const MOST_FAILURES: u32 = 3;
const CHALLENGE: usize = 32;
/// 256 bits: nobody guesses one.
const SESSION: usize = 32;
/// The base point's encoding stands in for the key of an agent that nobody knows; what it would verify is thrown away.
const NOBODY: [u8; 32] = [
    0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
    0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
];

/// An agent's name: 1 to 56 characters of `A-Z a-z 0-9 _ -`; it is a file name and, in small letters, an actor of the journal. Clones share the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgentName(Arc<str>);

/// A text that is no name of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of an agent is 1 to 56 characters of A-Z, a-z, 0-9, `_` and `-`")]
pub struct BadName;

impl AgentName {
    /// Reads one.
    ///
    /// # Errors
    /// It is none.
    pub fn new(text: impl Into<String>) -> Result<Self, BadName> {
        let text = text.into();
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let fits = (1..=56).contains(&text.len()) && text.bytes().all(known);
        if fits { Ok(Self(text.into())) } else { Err(BadName) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AgentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for AgentName {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        Self::new(text)
    }
}

impl From<AgentName> for String {
    fn from(name: AgentName) -> Self {
        (*name.0).to_owned()
    }
}

/// A challenge as the client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The session that it will be.
    pub session: String,
    /// Hexadecimal of the bytes to be signed.
    pub challenge: String,
}

/// A proof that failed: one answer, whatever was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotProved;

struct Waiting {
    agent: String,
    session: String,
    challenge: [u8; CHALLENGE],
    until: u64,
}

/// Who is at the other end of one connection.
#[derive(Default)]
pub struct Identity {
    waiting: Option<Waiting>,
    session: Option<(String, AgentName)>,
    key: Option<[u8; 32]>,
    failures: u32,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("agent", &self.agent()).finish_non_exhaustive()
    }
}

impl Identity {
    /// A challenge for whoever says to be that; it takes the place of one that waits. `now` is in milliseconds of a clock that nobody sets.
    ///
    /// # Errors
    /// The system has no random bytes.
    pub fn challenge(&mut self, agent: &str, now: u64) -> Result<Challenge, NotSealed> {
        let challenge: [u8; CHALLENGE] = random()?;
        let session = hex(&random::<SESSION>()?);
        let told = Challenge { session: session.clone(), challenge: hex(&challenge) };
        let until = now.saturating_add(CHALLENGE_LIVES);
        self.waiting = Some(Waiting { agent: agent.to_owned(), session, challenge, until });
        Ok(told)
    }

    /// Whose key the next proof is held against.
    #[must_use]
    pub fn claims(&self) -> Option<&str> {
        self.waiting.as_ref().map(|waiting| waiting.agent.as_str())
    }

    /// Takes an answer: `session` or `agent`, as the dialect names them, has to be that of the challenge. The session is the connection's from now on.
    ///
    /// # Errors
    /// It proves nothing; the challenge is gone.
    pub fn prove(
        &mut self,
        (session, agent): (Option<&str>, Option<&str>),
        signature: &[u8],
        key: Option<&[u8; 32]>,
        now: u64,
    ) -> Result<(AgentName, String), NotProved> {
        let waiting = self.waiting.take();
        let proved = waiting.and_then(|waiting| {
            let same = session
                .is_none_or(|named| bool::from(named.as_bytes().ct_eq(waiting.session.as_bytes())));
            let own = agent.is_none_or(|named| named == waiting.agent);
            let signed = verify(key, &waiting.challenge, signature);
            let name = AgentName::new(waiting.agent).ok()?;
            (signed && same && own && now < waiting.until).then_some((name, waiting.session))
        });
        let Some((name, session)) = proved else {
            self.failures = self.failures.saturating_add(1);
            return Err(NotProved);
        };
        self.session = Some((session.clone(), name.clone()));
        self.key = key.copied();
        Ok((name, session))
    }

    /// Whether the connection is to be closed.
    #[must_use]
    pub const fn is_hopeless(&self) -> bool {
        self.failures >= MOST_FAILURES
    }

    /// Who it is, where it was proved.
    #[must_use]
    pub fn agent(&self) -> Option<&AgentName> {
        self.session.as_ref().map(|(_, name)| name)
    }

    /// Who it is, where the session that a call names is that of this connection.
    #[must_use]
    pub fn agent_of(&self, session: &str) -> Option<&AgentName> {
        let (own, name) = self.session.as_ref()?;
        bool::from(own.as_bytes().ct_eq(session.as_bytes())).then_some(name)
    }

    /// The session, where there is one.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.session.as_ref().map(|(session, _)| session.as_str())
    }

    /// The key that it was proved with.
    #[must_use]
    pub const fn key(&self) -> Option<&[u8; 32]> {
        self.key.as_ref()
    }

    /// The agent is no more.
    pub fn forget(&mut self) {
        self.session = None;
        self.key = None;
    }
}

/// Both ways take one verification.
fn verify(key: Option<&[u8; 32]>, challenge: &[u8], signature: &[u8]) -> bool {
    let Ok(signature) = Signature::from_slice(signature) else { return false };
    let public = VerifyingKey::from_bytes(key.unwrap_or(&NOBODY));
    let verified = public.is_ok_and(|public| public.verify_strict(challenge, &signature).is_ok());
    verified && key.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypt::unhex;
    use ed25519_dalek::{Signer as _, SigningKey};

    fn signed(key: &SigningKey, challenge: &Challenge) -> Vec<u8> {
        key.sign(&unhex(&challenge.challenge).unwrap()).to_bytes().to_vec()
    }

    #[test]
    fn a_challenge_is_good_once_in_time_on_its_connection_for_its_agent() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let public = key.verifying_key().to_bytes();
        let mut one = Identity::default();
        let told = one.challenge("x", 5).unwrap();
        assert_eq!(unhex(&told.challenge).unwrap().len(), 32);
        let good = signed(&key, &told);
        let session = Some(told.session.as_str());
        // On another connection, with another challenge.
        let mut other = Identity::default();
        other.challenge("x", 5).unwrap();
        assert!(other.prove((session, None), &good, Some(&public), 5).is_err());
        assert!(other.agent_of(&told.session).is_none());
        assert!(one.prove((session, None), &good, Some(&public), 30_004).is_ok());
        assert_eq!(one.agent_of(&told.session).unwrap().as_str(), "x");
        assert!(one.agent_of("").is_none() && one.agent_of(&told.challenge).is_none());
        // The same answer again.
        assert!(one.prove((session, None), &good, Some(&public), 6).is_err());
        let fresh = |act: &dyn Fn(&mut Identity, &Challenge, Vec<u8>) -> bool| {
            let mut one = Identity::default();
            let told = one.challenge("x", 5).unwrap();
            let good = signed(&key, &told);
            act(&mut one, &told, good)
        };
        let proves = |one: &mut Identity, named, sig: &[u8], key, now| {
            one.prove(named, sig, key, now).is_ok()
        };
        assert!(fresh(&|one, _, sig| proves(one, (None, Some("x")), &sig, Some(&public), 5)));
        assert!(!fresh(&|one, _, sig| proves(one, (None, Some("y")), &sig, Some(&public), 5)));
        assert!(!fresh(&|one, _, sig| proves(one, (Some("z"), None), &sig, Some(&public), 5)));
        assert!(!fresh(&|one, _, sig| proves(one, (None, None), &sig, Some(&public), 30_005)));
        assert!(!fresh(&|one, _, sig| proves(one, (None, None), &sig, None, 5)));
        assert!(!fresh(&|one, _, sig| proves(one, (None, None), &sig[..63], Some(&public), 5)));
        let stranger = SigningKey::from_bytes(&[8; 32]);
        assert!(!fresh(&|one, told, _| proves(
            one,
            (None, None),
            &signed(&stranger, told),
            Some(&public),
            5
        )));
        // A wrong answer takes the challenge with it.
        assert!(!fresh(&|one, _, sig| {
            assert!(one.prove((None, None), &[0; 64], Some(&public), 5).is_err());
            proves(one, (None, None), &sig, Some(&public), 5)
        }));
    }

    #[test]
    fn a_key_of_low_order_signs_nothing() {
        // The neutral element: with the plain equation R = B^s it would verify any message.
        let mut low = [0; 32];
        low[0] = 1;
        let mut forged = [0; 64];
        forged[0] = 1;
        let mut one = Identity::default();
        one.challenge("x", 0).unwrap();
        assert!(one.prove((None, None), &forged, Some(&low), 0).is_err());
    }

    #[test]
    fn three_failures_are_enough() {
        let mut one = Identity::default();
        for failures in 0..3 {
            assert_eq!(one.is_hopeless(), failures >= 3);
            assert!(one.prove((None, None), &[0; 64], None, 0).is_err());
        }
        assert!(one.is_hopeless());
    }

    #[test]
    fn names_are_file_names() {
        assert!(AgentName::new("builder_1-A").is_ok());
        for bad in ["", "a b", "../x", "a/b", "a.b", "ä", "a\n", &"a".repeat(57)] {
            assert_eq!(AgentName::new(bad), Err(BadName), "{bad:?}");
        }
    }
}
