//! Questions and answers as JSON, one of each a connection.

use sanctum_firewall::packages::{Facts, Known};
use sanctum_firewall::shell::Ecosystem;
use sanctum_types::UnixTime;
use serde::{Deserialize, Serialize};

/// The version of this form.
pub const FORMAT: u32 = 1;

/// One name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// The ecosystem's word.
    pub ecosystem: String,
    /// The name as its registry compares it.
    pub name: String,
    /// Exactly this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl Name {
    /// Whose name it is; none for a word that is no ecosystem.
    #[must_use]
    pub fn ecosystem(&self) -> Option<Ecosystem> {
        Ecosystem::named(&self.ecosystem)
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// [`FORMAT`].
    pub format: u32,
    /// The names; none asks how the service is.
    pub names: Vec<Name>,
    /// How long the asker waits; what is not known by then is unanswered, and goes on being looked up.
    pub within_ms: u64,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// [`FORMAT`].
    pub format: u32,
    /// One for each name, in their order.
    pub answers: Vec<Said>,
    /// Names that are kept.
    pub kept: usize,
}

/// What is known of one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Said {
    /// The registry has no such package.
    Absent,
    /// It is there.
    Present {
        /// When its first version came, in seconds since 1970.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        created: Option<i64>,
        /// The version that would come.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<String>,
        /// When that version came.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        published: Option<i64>,
        /// The version that was asked for is not there.
        #[serde(default)]
        no_such_version: bool,
    },
    /// The client gave no answer that could be understood, or not yet.
    Unanswered,
}

impl From<Known> for Said {
    fn from(known: Known) -> Self {
        match known {
            Known::Absent => Self::Absent,
            Known::Unanswered => Self::Unanswered,
            Known::Present(facts) => Self::Present {
                created: facts.created.map(|t| t.0),
                version: facts.version,
                published: facts.published.map(|t| t.0),
                no_such_version: facts.no_such_version,
            },
        }
    }
}

impl From<Said> for Known {
    fn from(said: Said) -> Self {
        match said {
            Said::Absent => Self::Absent,
            Said::Unanswered => Self::Unanswered,
            Said::Present { created, version, published, no_such_version } => {
                Self::Present(Facts {
                    created: created.map(UnixTime),
                    version,
                    published: published.map(UnixTime),
                    no_such_version,
                })
            }
        }
    }
}
