//! `sanctum hook` and `sanctum hooks`.

use clap::{Args, Subcommand, ValueEnum};
use sanctum_firewall::agents::{Agent, Verb};

/// `sanctum hook`.
#[derive(Debug, Args)]
pub struct Hook {
    /// What is asked, for the plain form; the agents' own input says it itself
    #[arg(value_enum, value_name = "VERB")]
    pub verb: Option<HookVerb>,
    /// Whose protocol is spoken [default: the shape of the input tells]
    #[arg(long, value_enum, value_name = "AGENT")]
    pub agent: Option<AgentName>,
    /// Nobody can be asked: a question becomes what `ai_firewall.unattended` says
    #[arg(long)]
    pub headless: bool,
}

/// The verbs of `sanctum hook`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HookVerb {
    /// A command is about to run
    PreBash,
    /// A file is about to be written
    PreWrite,
    /// A file is about to be read
    PreRead,
    /// A tool of an MCP server is about to be called
    PreMcp,
    /// A command has run
    PostBash,
}

impl From<HookVerb> for Verb {
    fn from(verb: HookVerb) -> Self {
        match verb {
            HookVerb::PreBash => Self::PreBash,
            HookVerb::PreWrite => Self::PreWrite,
            HookVerb::PreRead => Self::PreRead,
            HookVerb::PreMcp => Self::PreMcp,
            HookVerb::PostBash => Self::PostBash,
        }
    }
}

/// The agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AgentName {
    /// Claude Code
    Claude,
    /// Codex CLI
    Codex,
    /// Gemini CLI
    Gemini,
    /// Cursor
    Cursor,
    /// OpenCode
    #[value(name = "opencode")]
    OpenCode,
}

impl AgentName {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Claude, Self::Codex, Self::Gemini, Self::Cursor, Self::OpenCode];
}

impl From<AgentName> for Agent {
    fn from(name: AgentName) -> Self {
        match name {
            AgentName::Claude => Self::Claude,
            AgentName::Codex => Self::Codex,
            AgentName::Gemini => Self::Gemini,
            AgentName::Cursor => Self::Cursor,
            AgentName::OpenCode => Self::OpenCode,
        }
    }
}

/// `sanctum hooks`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Hooks {
    /// Put the hooks into an agent's settings of this account; what else is there stays, byte for byte
    #[command(
        after_help = "Exit codes: 0 they are there · 1 failed, nothing was changed · 4 refused\n\n\
        Example:\n  sanctum hooks install claude\n  sudo /opt/sanctum/bin/sanctum hooks install claude --managed"
    )]
    Install {
        /// Whose
        #[arg(value_enum)]
        agent: AgentName,
        /// Root's settings instead, which no account of this machine can change (needs euid 0)
        #[arg(long)]
        managed: bool,
    },
    /// Take the hooks out; where nothing else changed since, the settings are as they were, byte for byte
    #[command(
        after_help = "Exit codes: 0 they are gone · 1 failed, nothing was changed · 4 refused\n\n\
        Example:\n  sanctum hooks remove claude\n  sudo /opt/sanctum/bin/sanctum hooks remove claude --managed"
    )]
    Remove {
        /// Whose
        #[arg(value_enum)]
        agent: AgentName,
        /// From root's settings instead (needs euid 0)
        #[arg(long)]
        managed: bool,
    },
    /// How the hooks stand, and which settings keep them from running
    #[command(
        after_help = "Exit codes: 0 as installed, or none where no agent was named · 3 absent, tampered, untrusted or skipped\n\n\
        Example:\n  sanctum hooks status\n  sanctum hooks status claude --json"
    )]
    Status {
        /// Whose [default: all]
        #[arg(value_enum)]
        agent: Option<AgentName>,
    },
    /// Fake secrets that tests may hold: exactly these pass where a secret would be refused
    #[command(
        after_help = "Example:\n  sanctum hooks dummy mint aws --note 'fixtures of the parser'\n  sanctum hooks dummy list"
    )]
    Dummy {
        /// What to do with them.
        #[command(subcommand)]
        verb: super::Kept<Dummy>,
    },
}

/// `sanctum hooks dummy`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Dummy {
    /// Make one that has the form of its kind and opens nothing, and print it this once
    #[command(after_help = "Example:\n  sanctum hooks dummy mint github")]
    Mint {
        /// The kind
        #[arg(value_enum)]
        kind: DummyKind,
        /// What it is for
        #[arg(long, default_value = "")]
        note: String,
    },
    /// The registered ones: name, kind, day and note
    #[command(after_help = "Example:\n  sanctum hooks dummy list --json")]
    List,
    /// From now on it is taken for a secret again
    #[command(after_help = "Example:\n  sanctum hooks dummy revoke aws-5f2c")]
    Revoke {
        /// Its name, as listed
        name: String,
    },
}

/// Kinds of dummies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DummyKind {
    /// An access key id of AWS
    Aws,
    /// A personal access token of GitHub
    Github,
    /// A key of Anthropic
    Anthropic,
    /// A key of OpenAI
    Openai,
    /// A key of OpenRouter
    Openrouter,
    /// A secret key of Stripe
    Stripe,
}
