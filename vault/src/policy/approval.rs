//! Whether the owner has to approve, as a rule says it: `true` for each time, or a number of minutes for which one approval counts.

use serde::{Deserialize, Serialize};

/// An approval that counts once is used within so many minutes.
const ONCE: u32 = 10;
/// A day: what lasts longer is a policy.
const MOST: u32 = 1440;

/// What an approval is good for. The stricter one is the lesser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Said", into = "Said")]
pub enum Approval {
    /// One use.
    EachTime,
    /// Any number of uses within so many minutes.
    Minutes(u32),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Said {
    Yes(bool),
    Minutes(u32),
}

impl Approval {
    /// The most minutes from the owner's word on.
    #[must_use]
    pub const fn minutes(self) -> u32 {
        match self {
            Self::EachTime => ONCE,
            Self::Minutes(minutes) => minutes,
        }
    }

    /// What several ask for together.
    #[must_use]
    pub fn strictest(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }
}

impl TryFrom<Said> for Approval {
    type Error = &'static str;

    fn try_from(said: Said) -> Result<Self, Self::Error> {
        match said {
            Said::Yes(true) => Ok(Self::EachTime),
            Said::Minutes(minutes) if (1..=MOST).contains(&minutes) => Ok(Self::Minutes(minutes)),
            // One that needs none says nothing: `false` beside others would read as if it took theirs away.
            Said::Yes(false) | Said::Minutes(_) => {
                Err("`approval` is true, or a number of minutes from 1 to 1440")
            }
        }
    }
}

impl From<Approval> for Said {
    fn from(approval: Approval) -> Self {
        match approval {
            Approval::EachTime => Self::Yes(true),
            Approval::Minutes(minutes) => Self::Minutes(minutes),
        }
    }
}
