//! `com.sanctum.*` property lists: commands, accounts and times of a running house.
//!
//! A secret in an argument or in the environment is never carried over: the proposal gets a reference to fill in.

use super::FoundPlist;
use super::draft::{Draft, FoundJob, service_name};
use crate::instance::CleartextCheck;
use crate::instance::model::{Bind, RunAs};
use crate::jobs::cron::Cron;
use crate::jobs::own;
use plist::{Dictionary, Value};
use sanctum_types::{AbsPath, AccountName, ServiceName, Severity};
use std::io::Cursor;

const PREFIX: &str = "com.sanctum.";
/// Keys whose meaning the proposal carries, or that every rendered job has anyway (launchd.plist(5)).
const KNOWN: [&str; 19] = [
    "Label",
    "Program",
    "ProgramArguments",
    "UserName",
    "GroupName",
    "EnvironmentVariables",
    "KeepAlive",
    "RunAtLoad",
    "StartCalendarInterval",
    "StartInterval",
    "ExitTimeOut",
    "ThrottleInterval",
    "StandardOutPath",
    "StandardErrorPath",
    "Umask",
    "ProcessType",
    "AbandonProcessGroup",
    "LowPriorityIO",
    "Nice",
];

struct Job<'a> {
    path: &'a str,
    name: ServiceName,
    dict: &'a Dictionary,
    check: &'a dyn CleartextCheck,
}

/// Reads one property list into the draft.
pub(super) fn read(found: &FoundPlist, check: &dyn CleartextCheck, draft: &mut Draft) {
    let path = found.path.as_str();
    let value = Value::from_reader(Cursor::new(&found.bytes)).ok();
    let Some(dict) = value.as_ref().and_then(Value::as_dictionary) else {
        draft.note(Severity::Error, "adopt.plist", path, "cannot be read as a property list");
        return;
    };
    let label = dict.get("Label").and_then(Value::as_string).unwrap_or_default();
    let Some(name) = label.strip_prefix(PREFIX).and_then(service_name) else {
        draft.note(
            Severity::Info,
            "adopt.plist",
            path,
            "its label does not start with com.sanctum.; it is left alone",
        );
        return;
    };
    if own::is_reserved(&name) {
        draft.note(Severity::Info, "adopt.own-job", path, "sanctum has a job of its own for this");
        return;
    }
    Job { path, name, dict, check }.adopt(draft);
}

impl Job<'_> {
    fn adopt(&self, draft: &mut Draft) {
        let secrets = self.environment(draft);
        let command = self.command(draft);
        let run_as = self.account(draft);
        self.left_out(draft);
        let calendar = self.crons(draft);
        if calendar.is_empty() && !self.dict.contains_key("StartInterval") {
            let service = draft.services.entry(self.name.clone()).or_default();
            service.bind = self.reaches(service.bind);
            service.command = command.or(service.command.take());
            service.run_as = run_as;
            service.secrets.extend(secrets);
            return;
        }
        if !secrets.is_empty() {
            let message =
                "a job by the clock names no secrets here; give its program the reference";
            draft.note(Severity::Warn, "adopt.job", self.path, message);
        }
        let Some(command) = command else {
            draft.note(
                Severity::Error,
                "adopt.job",
                self.path,
                "has times and no command that can be carried over",
            );
            return;
        };
        let exit_timeout =
            self.number("ExitTimeOut").and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
        for (n, cron) in calendar.into_iter().enumerate() {
            let name = if n == 0 {
                Some(self.name.clone())
            } else {
                service_name(&format!("{}-{}", self.name, n + 1))
            };
            let job =
                FoundJob { cron, command: command.clone(), run_as: run_as.clone(), exit_timeout };
            if let Some(name) = name
                && draft.jobs.insert(name, job).is_some()
            {
                draft.note(
                    Severity::Warn,
                    "adopt.job",
                    self.path,
                    "another job has the same name; this one is proposed",
                );
            }
        }
    }

    fn number(&self, key: &str) -> Option<i64> {
        self.dict.get(key).and_then(Value::as_signed_integer)
    }

    fn words(&self) -> Vec<&str> {
        let array = self.dict.get("ProgramArguments").and_then(Value::as_array);
        let words: Vec<&str> = array.into_iter().flatten().filter_map(Value::as_string).collect();
        match self.dict.get("Program").and_then(Value::as_string) {
            // Program is what runs; the first argument is then only its name.
            Some(program) => std::iter::once(program).chain(words.into_iter().skip(1)).collect(),
            None => words,
        }
    }

    /// The command, when it can be carried over as it is.
    fn command(&self, draft: &mut Draft) -> Option<Vec<String>> {
        let words = self.words();
        let program = *words.first()?;
        // An option and its value are two words, and only together a secret.
        let line = format!("command: [{}]", words.join(", "));
        if let Some(hit) = self.check.find(Some("command"), &line) {
            draft.secret(self.name.as_str(), self.path, &format!("{} in an argument", hit.kind));
            return None;
        }
        let odd = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        if AbsPath::new(program).is_err() || words.iter().any(|word| word.contains(odd)) {
            let message = "its command is no absolute path, or an argument holds a control character: set it by hand";
            draft.note(Severity::Warn, "adopt.command", self.path, message);
            return None;
        }
        Some(words.into_iter().map(ToOwned::to_owned).collect())
    }

    fn environment(&self, draft: &mut Draft) -> Vec<ServiceName> {
        let variables = self.dict.get("EnvironmentVariables").and_then(Value::as_dictionary);
        let mut secrets = Vec::new();
        for (key, value) in variables.into_iter().flatten() {
            let text = value.as_string().unwrap_or_default();
            let hit = self.check.find(Some(key), text).map(|hit| hit.kind);
            // A name that says so is enough: a wrong alarm costs a look, a missed secret costs the secret.
            let named = ["TOKEN", "SECRET", "PASSWORD", "PASSPHRASE", "API_KEY", "APIKEY"];
            let upper = key.to_uppercase();
            let named = named.iter().any(|word| upper.contains(word))
                && !text.is_empty()
                && !text.starts_with('/');
            let shown = key.escape_debug();
            match hit.or_else(|| named.then(|| "a variable that is named like one".to_owned())) {
                Some(kind) => {
                    let subject = format!(
                        "{}: EnvironmentVariables.{}",
                        self.path,
                        if self.check.find(None, key).is_some() {
                            "[redacted]".to_owned()
                        } else {
                            shown.to_string()
                        }
                    );
                    secrets.extend(draft.secret(
                        &format!("{}-{}", self.name, n_words(key)),
                        &subject,
                        &kind,
                    ));
                }
                None => {
                    let message = format!("environment variable {shown} is not carried over");
                    draft.note(Severity::Warn, "adopt.environment", self.path, message);
                }
            }
        }
        secrets
    }

    fn account(&self, draft: &mut Draft) -> Option<RunAs> {
        if self.path.contains("LaunchAgents") {
            let message =
                "ran in a login session; the proposal starts it at boot under its own account";
            draft.note(Severity::Warn, "adopt.agent", self.path, message);
            return None;
        }
        let user = self.dict.get("UserName").and_then(Value::as_string);
        let account =
            user.and_then(|user| AccountName::new(user).ok()).filter(|a| a.as_str() != "root");
        if account.is_none() {
            let message = "ran as root; the proposal gives it its own account";
            draft.note(Severity::Warn, "adopt.root", self.path, message);
        }
        let reason = Some("the account of the running house".to_owned());
        account.map(|user| RunAs { user, reason })
    }

    fn left_out(&self, draft: &mut Draft) {
        let strange = self.dict.keys().filter(|key| !KNOWN.contains(&key.as_str()));
        let names: Vec<String> = strange
            .map(|key| {
                if self.check.find(None, key).is_some() {
                    "[redacted]".to_owned()
                } else {
                    key.escape_debug().to_string()
                }
            })
            .collect();
        if !names.is_empty() {
            let message = format!("not carried over: {}", names.join(", "));
            draft.note(Severity::Warn, "adopt.left-out", self.path, message);
        }
    }

    /// A job that was told an address of the host-only network served the guest.
    fn reaches(&self, bind: Bind) -> Bind {
        let vm = self.words().iter().any(|word| word.contains("10.10.10.1"));
        if vm { Bind::LoopbackVm } else { bind }
    }

    /// Calendar entries as cron texts; intervals only where cron can say them.
    fn crons(&self, draft: &mut Draft) -> Vec<String> {
        let entries: Vec<&Dictionary> = match self.dict.get("StartCalendarInterval") {
            Some(Value::Dictionary(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_dictionary).collect(),
            _ => Vec::new(),
        };
        let mut crons: Vec<String> = entries.into_iter().map(cron).collect();
        if let Some(seconds) = self.number("StartInterval") {
            let minutes = seconds / 60;
            if seconds % 60 == 0 && minutes > 0 && 60 % minutes == 0 {
                crons.push(if minutes == 60 {
                    "0 * * * *".to_owned()
                } else {
                    format!("*/{minutes} * * * *")
                });
            } else {
                let message = format!(
                    "runs every {seconds} seconds, which cron cannot say: set a schedule by hand"
                );
                draft.note(Severity::Warn, "adopt.interval", self.path, message);
            }
        }
        let (good, bad): (Vec<String>, Vec<String>) =
            crons.into_iter().partition(|cron| cron.parse::<Cron>().is_ok());
        if !bad.is_empty() {
            draft.note(
                Severity::Error,
                "adopt.calendar",
                self.path,
                "a calendar entry names no time that exists",
            );
        }
        good
    }
}

/// A missing key is every value (launchd.plist(5)).
fn cron(entry: &Dictionary) -> String {
    let field = |key: &str| {
        let number = entry.get(key).and_then(Value::as_signed_integer);
        number.map_or_else(|| "*".to_owned(), |n| n.to_string())
    };
    ["Minute", "Hour", "Day", "Month", "Weekday"].map(field).join(" ")
}

fn n_words(key: &str) -> String {
    key.to_lowercase().replace('_', "-")
}
