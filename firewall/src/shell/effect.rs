//! The words in which a command's doing is told.
//!
//! An effect holds resolved paths and program names as text for a person; a secret's value never gets here, only the path or
//! the variable it would come from. What a path means (secret, system, project) is decided where the effect is made, with the
//! context at hand, so that a judgement needs nothing but the report.

/// Between what a link leads to and the link that was named.
pub(super) const THROUGH: &str = " through ";

/// How well a path's content is guarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Secrecy {
    /// Nothing known against reading or sending it.
    Open,
    /// May be read here, but must not leave: certificates with keys, state files.
    Private,
    /// Must not be read: keys, tokens, credential stores.
    Credential,
}

/// Where a path lies, for deleting and overwriting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A child of a directory for temporary files.
    Temporary,
    /// Inside the project, not its root.
    Project,
    /// A device that swallows or a descriptor.
    Sink,
    /// Somewhere else.
    Outside,
    /// What a package keeps and its manager can bring back: below `/usr/share`, `/var/cache`, `/etc`, ...
    Packaged,
    /// Below a system directory.
    System,
    /// Not known: the path has holes.
    Unknown,
    /// History of a repository (`.git`, its objects and references).
    History,
    /// The project's root, or all that is in it.
    ProjectRoot,
    /// The home directory, or all that is in it.
    Home,
    /// The root of the file system, a system directory or all that is in one.
    SystemRoot,
    /// A block device.
    Device,
    /// Decides who may log in, become root, or what runs at start.
    Protected(&'static str),
}

/// Which registry an install asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the name of its registry's clients")]
pub enum Ecosystem {
    Npm,
    Pypi,
    Cargo,
    Go,
    Gem,
    Brew,
    Conda,
}

/// An install that a package client would do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Install {
    /// Whose names these are.
    pub ecosystem: Ecosystem,
    /// The client, by its name (`pip3`, `uv`, `npx`).
    pub client: String,
    /// As written, with version, extras or alias (`left-pad@1.3`, `requests[socks]>=2`).
    pub packages: Vec<String>,
    /// What is no name of a registry: paths, archives, addresses of repositories, `tap:` and a tap.
    pub others: Vec<String>,
    /// Requirement, constraint or lock files that are read, resolved against the directory.
    pub requirements: Vec<String>,
    /// Where the client works: the project whose own files count.
    pub directory: String,
    /// Every option, `--name=value` where it takes one, for rules such as "npm without `--ignore-scripts`".
    pub flags: Vec<String>,
    /// Variables that the text gives the client and that choose where it fetches from, `NAME=value`.
    pub settings: Vec<String>,
}

/// One thing a command would do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// Reads a file's content.
    Reads {
        /// Absolute, `~` for the home; a `*` stands for what is not known. Of a link to a secret, what it leads to and the link.
        path: String,
        /// What the path's name says about its content.
        secrecy: Secrecy,
    },
    /// Creates, overwrites, moves away or changes the mode of a file.
    Writes {
        /// As in `Reads`.
        path: String,
        /// Where it lies.
        place: Place,
        /// A credential would be replaced.
        secrecy: Secrecy,
    },
    /// Deletes.
    Deletes {
        /// As in `Reads`.
        path: String,
        /// With all below it.
        tree: bool,
        /// Where it lies.
        place: Place,
    },
    /// Runs a program with these words; unknown words are shown as `*`.
    Runs {
        /// As written.
        program: String,
        /// Its arguments.
        words: Vec<String>,
    },
    /// Runs, as code, what came from the network or out of a decoder.
    RunsHidden {
        /// From where, in plain words.
        origin: &'static str,
    },
    /// A secret would become visible (on the terminal of the agent).
    Shows {
        /// Which: a variable's name or a store's.
        what: String,
        /// The value is certain to be shown, not only may be among others.
        certain: bool,
    },
    /// A secret would leave over the network.
    Sends {
        /// Which secret: a path, variable or store.
        what: String,
        /// Over what.
        over: String,
        /// It goes where secrets of this kind are used (an `Authorization` header).
        header: bool,
    },
    /// Installs packages.
    Installs(Install),
    /// Destroys or changes beyond recall something that is no file: history, remote state, a device, a service.
    Destroys {
        /// In plain words.
        what: String,
    },
    /// Changes something that deserves a look but is often meant.
    Touches {
        /// In plain words.
        what: String,
    },
    /// Switches a protection off.
    Disables {
        /// In plain words.
        what: String,
    },
}

/// Why something could not be derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reason {
    /// Longer than what is read.
    TooLong,
    /// Deeper nested than what is parsed.
    TooDeep,
    /// More steps, alternatives or text than what is walked.
    TooMuch,
    /// The parser refused it.
    Syntax,
    /// Two readers of a word disagree where a part of it ends.
    Word,
    /// The program's name is not known.
    Program,
    /// The code handed to an interpreter is not known.
    Code,
    /// What is deleted is not known.
    Target,
    /// An expression of an inline program that could hide a call.
    Dynamic,
}

impl Reason {
    /// For a person, as a whole sentence without a full stop.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::TooLong => "The command is too long to be read",
            Self::TooDeep => "The command is nested too deep to be read",
            Self::TooMuch => "The command has too many steps to be followed",
            Self::Syntax => "The command is not valid bash, or not understood",
            Self::Word => "A word of the command can be read in two ways",
            Self::Program => "The program that would run cannot be derived",
            Self::Code => "The code that would run cannot be derived",
            Self::Target => "What would be deleted cannot be derived",
            Self::Dynamic => "The inline program hides what it calls",
        }
    }
}
