//! launchd's own words: a typed job and the property list that says it.
//!
//! Keys have one order, integers are integers (Umask is decimal: launchd reads a string as octal and a number
//! as it stands), and what was written is read back and compared. A property list has no environment. Absent on
//! purpose: which jobs exist, and secrets, which `secret` refuses before there is a property list.

use super::schedule::{CalendarEntry, Fire};
use plist::{Dictionary, Value};
use sanctum_types::{AbsPath, AccountName, JobLabel};
use std::io::Cursor;

/// When launchd starts a job again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepAlive {
    /// Never.
    No,
    /// Whenever it ended.
    Always,
    /// When it ended with a failure.
    AfterFailure,
}

/// How launchd schedules a job's processor and disk time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessType {
    /// As any program.
    Standard,
    /// Behind everything else.
    Background,
    /// As an application.
    Interactive,
}

/// A job as launchd knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchdJob {
    /// Label.
    pub label: JobLabel,
    /// Program and arguments.
    pub program_arguments: Vec<String>,
    /// Whether it starts when it is loaded.
    pub run_at_load: bool,
    /// When it starts again.
    pub keep_alive: KeepAlive,
    /// When it starts by the clock.
    pub fire: Option<Fire>,
    /// Least seconds between two starts.
    pub throttle_interval: u32,
    /// Seconds between SIGTERM and SIGKILL.
    pub exit_timeout: u32,
    /// File mode creation mask.
    pub umask: u32,
    /// Account; root's where there is none, and the session's in an agent.
    pub user_name: Option<AccountName>,
    /// Group; the account's own where there is none.
    pub group_name: Option<AccountName>,
    /// Takes standard output.
    pub standard_out: AbsPath,
    /// Takes standard error.
    pub standard_error: AbsPath,
    /// Scheduling.
    pub process_type: ProcessType,
    /// Session types that an agent is limited to; `Aqua` is the screen's.
    pub session_type: Option<&'static str>,
    /// Most open files.
    pub open_files: Option<u32>,
    /// Bytes of memory that it may lock where it has keys there, which also means no core dump.
    pub locked_memory: Option<u32>,
}

/// Why there is no property list.
#[derive(Debug, thiserror::Error)]
pub enum PlistError {
    /// The library could not write it.
    #[error("cannot write the property list of `{label}`")]
    Write {
        /// The job.
        label: JobLabel,
        /// Why.
        #[source]
        source: plist::Error,
    },
    /// What was written cannot be read.
    #[error("cannot read the written property list of `{label}`")]
    Read {
        /// The job.
        label: JobLabel,
        /// Why.
        #[source]
        source: plist::Error,
    },
    /// What was written reads differently.
    #[error("the property list of `{label}` reads back differently from what was written")]
    Differs {
        /// The job.
        label: JobLabel,
    },
}

impl LaunchdJob {
    /// The property list as XML.
    pub fn to_plist(&self) -> Result<Vec<u8>, PlistError> {
        let label = || self.label.clone();
        let value = Value::Dictionary(self.dictionary());
        let mut bytes = Vec::new();
        value
            .to_writer_xml(&mut bytes)
            .map_err(|source| PlistError::Write { label: label(), source })?;
        bytes.push(b'\n');
        let read = Value::from_reader_xml(Cursor::new(&bytes))
            .map_err(|source| PlistError::Read { label: label(), source })?;
        if read == value { Ok(bytes) } else { Err(PlistError::Differs { label: label() }) }
    }

    fn dictionary(&self) -> Dictionary {
        let mut dict = Dictionary::new();
        let mut put = |key: &str, value: Value| drop(dict.insert(key.to_owned(), value));
        put("Label", text(self.label.as_str()));
        put("ProgramArguments", strings(&self.program_arguments));
        put("RunAtLoad", Value::Boolean(self.run_at_load));
        match self.keep_alive {
            KeepAlive::No => {}
            KeepAlive::Always => put("KeepAlive", Value::Boolean(true)),
            KeepAlive::AfterFailure => {
                let on_failure = [("SuccessfulExit".to_owned(), Value::Boolean(false))];
                put("KeepAlive", Value::Dictionary(on_failure.into_iter().collect()));
            }
        }
        match &self.fire {
            None => {}
            Some(Fire::Every(seconds)) => put("StartInterval", number(*seconds)),
            Some(Fire::Calendar(entries)) => {
                put("StartCalendarInterval", Value::Array(entries.iter().map(calendar).collect()));
            }
        }
        put("ThrottleInterval", number(self.throttle_interval));
        put("ExitTimeOut", number(self.exit_timeout));
        put("Umask", number(self.umask));
        for (key, account) in [("UserName", &self.user_name), ("GroupName", &self.group_name)] {
            if let Some(account) = account {
                put(key, text(account.as_str()));
            }
        }
        put("StandardOutPath", text(self.standard_out.as_str()));
        put("StandardErrorPath", text(self.standard_error.as_str()));
        put("ProcessType", text(self.process_type.word()));
        if let Some(session) = self.session_type {
            put("LimitLoadToSessionType", text(session));
        }
        let limits = |all: &[(&str, Option<u32>)]| -> Dictionary {
            let said = all.iter().filter_map(|(key, most)| Some(((*key).to_owned(), (*most)?)));
            said.map(|(key, most)| (key, number(most))).collect()
        };
        let core = self.locked_memory.map(|_| 0);
        let (files, locked) = (self.open_files, self.locked_memory);
        let soft = limits(&[("Core", core), ("MemoryLock", locked), ("NumberOfFiles", files)]);
        // A hard limit is one that the process itself cannot lift.
        for (key, all) in
            [("SoftResourceLimits", soft), ("HardResourceLimits", limits(&[("Core", core)]))]
        {
            if !all.is_empty() {
                put(key, Value::Dictionary(all));
            }
        }
        dict
    }
}

impl ProcessType {
    const fn word(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Background => "Background",
            Self::Interactive => "Interactive",
        }
    }
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn strings(all: &[String]) -> Value {
    Value::Array(all.iter().map(|one| text(one)).collect())
}

fn number(number: u32) -> Value {
    Value::Integer(number.into())
}

fn calendar(entry: &CalendarEntry) -> Value {
    let fields = [("Weekday", entry.weekday), ("Hour", entry.hour), ("Minute", Some(entry.minute))];
    let present = fields
        .into_iter()
        .filter_map(|(key, value)| value.map(|value| (key.to_owned(), number(u32::from(value)))));
    Value::Dictionary(present.collect())
}
