//! One question for all agents, and one answer.
//!
//! A [`Request`] says what an agent is about to do or has done, in the words of no agent. A [`Judgement`] says what is
//! thought of it. Absent on purpose: what either looks like on the wire, which is the matter of `dialect`.

use super::json::Json;

/// Whose protocol is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Agent {
    /// Claude Code, and what speaks its protocol.
    Claude,
    /// Codex CLI.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// Cursor.
    Cursor,
    /// OpenCode, through the plugin of this crate.
    OpenCode,
    /// The plain form: a command in, a verdict out.
    Plain,
}

impl Agent {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Claude, Self::Codex, Self::Gemini, Self::Cursor, Self::OpenCode, Self::Plain];

    /// The word for it on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Cursor => "cursor",
            Self::OpenCode => "opencode",
            Self::Plain => "plain",
        }
    }

    /// The agent of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|agent| agent.name() == name)
    }
}

/// The verb of `sanctum hook`: what is asked when the input itself does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// A command is about to run.
    PreBash,
    /// A file is about to be written.
    PreWrite,
    /// A file is about to be read.
    PreRead,
    /// A tool of an MCP server is about to be called.
    PreMcp,
    /// A command has run.
    PostBash,
}

impl Verb {
    /// All of them with their words.
    pub const ALL: [(&'static str, Self); 5] = [
        ("pre-bash", Self::PreBash),
        ("pre-write", Self::PreWrite),
        ("pre-read", Self::PreRead),
        ("pre-mcp", Self::PreMcp),
        ("post-bash", Self::PostBash),
    ];

    /// The verb of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(word, _)| *word == name).map(|(_, verb)| verb)
    }
}

/// When the question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Before a tool runs.
    Before,
    /// After it has run.
    After,
    /// When the person is about to be asked for permission.
    Permission,
    /// When a prompt was given.
    Prompt,
    /// When a session begins.
    SessionStart,
    /// When a settings file of the agent has changed.
    SettingsChanged,
    /// Something that no tool is behind, and that is let through.
    Other,
}

/// What an agent is about to do or has done.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Whose protocol it came in.
    pub agent: Agent,
    /// When.
    pub event: Event,
    /// The event as the agent calls it; the answer repeats it.
    pub event_name: String,
    /// The tool as the agent calls it; empty where there is none.
    pub tool_name: String,
    /// What it does.
    pub tool: Tool,
    /// Its arguments as they came.
    pub input: Json,
    /// What it gave, after it has run.
    pub result: Option<ToolResult>,
    /// The working directory.
    pub cwd: Option<String>,
    /// The agent's name for the session.
    pub session: Option<String>,
    /// The mode of permissions as the agent calls it.
    pub mode: Option<String>,
}

impl Request {
    /// Whether the agent says that it asks nobody: modes in which a question is answered by the program itself.
    #[must_use]
    pub fn asks_nobody(&self) -> bool {
        matches!(self.mode.as_deref(), Some("dontAsk" | "bypassPermissions"))
    }
}

/// What a tool does.
#[derive(Clone, Debug, PartialEq)]
pub enum Tool {
    /// Runs a command in a shell.
    Command {
        /// Its text.
        text: String,
        /// The language of it.
        shell: Shell,
    },
    /// Writes, changes, moves or deletes files.
    Write(Vec<FileChange>),
    /// Reads files.
    Read {
        /// Their paths.
        paths: Vec<String>,
        /// What would be read, where the agent shows it.
        content: Option<String>,
    },
    /// Looks for names or for text below directories.
    Search {
        /// The directories or files; none means the working directory.
        roots: Vec<String>,
        /// Patterns of names that it is narrowed to.
        globs: Vec<String>,
    },
    /// Fetches an address or asks a search engine.
    Fetch {
        /// The address or the words.
        target: String,
    },
    /// Calls a tool of an MCP server; its arguments are the request's input.
    Mcp {
        /// The server; empty where the agent does not say it.
        server: String,
        /// The tool.
        tool: String,
    },
    /// A tool of a name that no table knows; its arguments are the request's input.
    Unknown,
    /// A tool that neither reads nor writes files, or an event without a tool.
    Other,
}

/// The language of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shell {
    /// A shell of the POSIX family.
    Posix,
    /// PowerShell, which the reader of commands does not know.
    PowerShell,
}

/// One file that is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Its path as the agent writes it.
    pub path: String,
    /// How.
    pub how: Change,
    /// The texts that come into it: its whole content, or what replaces other text.
    pub added: Vec<String>,
    /// The texts that go.
    pub removed: Vec<String>,
}

/// How a file is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// Made, or replaced as a whole.
    Whole,
    /// Changed in places.
    Edit,
    /// Moved here or away.
    Move,
    /// Deleted.
    Delete,
}

/// What a tool gave.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolResult {
    /// As it came.
    pub output: Json,
    /// The exit code of a command, where it is told.
    pub exit_code: Option<i64>,
}

/// What is thought of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Nothing against it: the agent's own rules go on to decide. Never an approval that would skip a question of theirs.
    Allow,
    /// The person shall be asked.
    Ask,
    /// Put off until somebody can be asked; only where nobody can be and the agent knows how.
    Defer,
    /// Not allowed.
    Deny,
}

/// A decision with its reason, and what else goes back to the agent.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Judgement {
    /// What is decided.
    pub decision: Decision,
    /// Why: one sentence without a secret; empty for a bare allow.
    pub reason: String,
    /// Arguments in place of those that came.
    pub updated_input: Option<Json>,
    /// A result in place of the one that came, of the same shape.
    pub updated_output: Option<Json>,
    /// What the model shall know.
    pub context: Option<String>,
}

impl Judgement {
    /// Nothing against it.
    pub fn allow() -> Self {
        Self::of(Decision::Allow, "")
    }

    /// Not allowed, with the reason.
    pub fn deny(reason: impl Into<String>) -> Self {
        Self::of(Decision::Deny, reason)
    }

    /// To be asked, with the reason.
    pub fn ask(reason: impl Into<String>) -> Self {
        Self::of(Decision::Ask, reason)
    }

    /// This decision with this reason.
    pub fn of(decision: Decision, reason: impl Into<String>) -> Self {
        Self {
            decision,
            reason: reason.into(),
            updated_input: None,
            updated_output: None,
            context: None,
        }
    }

    /// The worse of two: the higher decision with its reason, of two alike the first; what goes back is kept of both.
    pub fn worse(self, other: Self) -> Self {
        let (mut kept, rest) =
            if other.decision > self.decision { (other, self) } else { (self, other) };
        kept.updated_input = kept.updated_input.or(rest.updated_input);
        kept.updated_output = kept.updated_output.or(rest.updated_output);
        kept.context = match (kept.context, rest.context) {
            (Some(first), Some(second)) => Some(format!("{first}\n{second}")),
            (first, second) => first.or(second),
        };
        if kept.reason.is_empty() {
            kept.reason = rest.reason;
        }
        kept
    }
}
