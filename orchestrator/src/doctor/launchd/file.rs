//! One property list on disk, as lints ask it.
//!
//! The bytes stay beside what was read of them: some rules are about how a file is written, not what it says.

use super::OURS;
use plist::{Dictionary, Value};
use sanctum_types::AbsPath;
use std::io::Cursor;

/// Where a property list lies, which decides the domain that it is loaded into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `/Library/LaunchDaemons`: loaded at boot.
    Daemons,
    /// `/Library/LaunchAgents`: loaded into every graphical session.
    Agents,
    /// `~/Library/LaunchAgents` of the owner: loaded when the owner logs in.
    OwnersAgents,
}

/// One property list.
#[derive(Clone, Debug)]
pub struct PlistFile {
    /// Its path.
    pub path: AbsPath,
    /// Where that is.
    pub place: Place,
    /// Permission bits.
    pub mode: u32,
    /// User id of its owner; none where owners are not kept.
    pub uid: Option<u32>,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What crate `plist` reads in it, or its words for why it cannot.
    pub read: Result<Dictionary, String>,
}

impl PlistFile {
    /// Reads the bytes.
    #[must_use]
    pub fn new(path: AbsPath, place: Place, bytes: Vec<u8>) -> Self {
        let read = match Value::from_reader(Cursor::new(&bytes)) {
            Ok(Value::Dictionary(dict)) => Ok(dict),
            Ok(_) => Err("it is not a dictionary".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        Self { path, place, mode: 0o644, uid: None, bytes, read }
    }

    /// What is under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.read.as_ref().ok()?.get(key)
    }

    /// The text under a key.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_string()
    }

    /// The truth under a key.
    #[must_use]
    pub fn flag(&self, key: &str) -> Option<bool> {
        self.get(key)?.as_boolean()
    }

    /// The number under a key.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<i64> {
        self.get(key)?.as_signed_integer()
    }

    /// Its label; its file's name where it has none.
    #[must_use]
    pub fn label(&self) -> &str {
        let name = self.path.file_name();
        self.text("Label").unwrap_or_else(|| name.strip_suffix(".plist").unwrap_or(name))
    }

    /// Whether it is a job of the house.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.label().starts_with(OURS) || self.path.file_name().starts_with(OURS)
    }

    /// Program and arguments as launchd runs them: `Program` decides what is executed, `ProgramArguments` the rest.
    #[must_use]
    pub fn command(&self) -> Vec<&str> {
        let arguments = self.get("ProgramArguments").and_then(Value::as_array);
        let mut words: Vec<&str> =
            arguments.into_iter().flatten().filter_map(Value::as_string).collect();
        if let Some(program) = self.text("Program") {
            match words.first_mut() {
                Some(first) => *first = program,
                None => words.push(program),
            }
        }
        words
    }

    /// Every text of the command and of the keys that name places.
    #[must_use]
    pub fn places(&self) -> Vec<&str> {
        const KEYS: [&str; 4] =
            ["WorkingDirectory", "StandardInPath", "StandardOutPath", "StandardErrorPath"];
        let mut all = self.command();
        all.extend(KEYS.iter().filter_map(|key| self.text(key)));
        for key in ["WatchPaths", "QueueDirectories"] {
            let list = self.get(key).and_then(Value::as_array);
            all.extend(list.into_iter().flatten().filter_map(Value::as_string));
        }
        all
    }

    /// Whether launchd starts it again whenever it ends, for whatever reason or for some.
    #[must_use]
    pub fn keeps_alive(&self) -> bool {
        match self.get("KeepAlive") {
            Some(Value::Boolean(always)) => *always,
            Some(Value::Dictionary(reasons)) => !reasons.is_empty(),
            _ => false,
        }
    }

    /// Whether it runs by the clock.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        self.get("StartInterval").is_some() || self.get("StartCalendarInterval").is_some()
    }
}
