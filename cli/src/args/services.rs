//! `sanctum services`.

use clap::{Args, Subcommand};

/// `sanctum services`.
#[derive(Debug, Args)]
pub struct Services {
    /// What to do; without one, the table
    #[command(subcommand)]
    pub verb: Option<ServicesVerb>,
}

/// Verbs of `sanctum services`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum ServicesVerb {
    /// Explain a service: what it stands on, the highest failed one, the next command; exit 3 when one failed
    #[command(after_help = "Example:\n  sanctum services why gateway")]
    Why {
        /// The service
        name: String,
    },
    /// Plan how a service goes for good: all that could bring it back; changes nothing
    #[command(after_help = "Example:\n  sanctum services retire tts --json")]
    Retire {
        /// The service
        name: String,
    },
    /// Let a service out of quarantine; needs the owner
    #[command(after_help = "Example:\n  sanctum services release gateway")]
    Release {
        /// The service
        name: String,
    },
}
