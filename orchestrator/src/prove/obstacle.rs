//! What can stand between a check and its subject.

use crate::render::sshd::SshdError;
use sanctum_host::HostError;

/// Why a check could not be made: neither good nor bad news about its subject.
#[derive(Debug, thiserror::Error)]
pub enum Obstacle {
    /// The program is not on this machine.
    #[error("{program} is not here ({get})")]
    NotHere {
        /// Its name.
        program: &'static str,
        /// How to get it.
        get: &'static str,
    },
    /// The check is about another operating system than this one.
    #[error("only {system} has {what}")]
    OtherSystem {
        /// The system that it is about.
        system: &'static str,
        /// What was to be looked at.
        what: &'static str,
    },
    /// The program may not do this for us.
    #[error("{program} needs {needs}")]
    Denied {
        /// Its name and verb.
        program: String,
        /// What it needs, such as `root`.
        needs: &'static str,
    },
    /// The program ended without looking at the subject.
    #[error("{program} could not look: {said}")]
    Said {
        /// Its name and verb.
        program: String,
        /// The first line of what it said.
        said: String,
    },
    /// The program's answer is not understood.
    #[error("the answer of {program} is not understood")]
    Answer {
        /// Its name and verb.
        program: String,
    },
    /// A child or a file of ours.
    #[error("cannot set the check up")]
    Host(#[from] HostError),
    /// What to expect of sshd is not known.
    #[error("cannot tell what to expect of sshd")]
    Expectation(#[from] SshdError),
}
