//! `sanctum guard`.

use clap::{Args, Subcommand, ValueEnum};
use sanctum_orchestrator::guard::Guard;

/// `sanctum guard`.
#[derive(Debug, Args)]
pub struct GuardArgs {
    /// What to set; without it the guards are listed.
    #[command(subcommand)]
    pub verb: Option<GuardVerb>,
}

/// What a guard is to do.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum GuardVerb {
    /// Let a guard act on what it finds
    #[command(after_help = "Example:\n  sanctum guard enforce proxy")]
    Enforce {
        /// Which
        #[arg(value_enum)]
        name: GuardName,
    },
    /// Let a guard only tell what it would have done
    #[command(after_help = "Example:\n  sanctum guard observe firewall")]
    Observe {
        /// Which
        #[arg(value_enum)]
        name: GuardName,
    },
}

/// The guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GuardName {
    /// Start-up files, credential files, network
    Sentinel,
    /// Hooks of coding agents
    Firewall,
    /// Personal data on its way to a provider
    Proxy,
}

impl From<GuardName> for Guard {
    fn from(name: GuardName) -> Self {
        match name {
            GuardName::Sentinel => Self::Sentinel,
            GuardName::Firewall => Self::Firewall,
            GuardName::Proxy => Self::Proxy,
        }
    }
}
