//! No secret in a command line: property lists, units and `ps` show it to every user of the machine.
//!
//! The judge is crate `firewall`; a test brings its own. Absent on purpose: the text of what was found.

use super::{Job, JobError};

/// Says what kind of secret a text is, if it is one.
pub trait SecretJudge {
    /// The kind, such as `a GitHub token`; never the text. `key` is the name that the text is given under.
    fn kind_of(&self, text: &str, key: Option<&str>) -> Option<String>;
}

/// The rules of crate `firewall`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Firewall;

impl SecretJudge for Firewall {
    fn kind_of(&self, text: &str, key: Option<&str>) -> Option<String> {
        sanctum_firewall::find_cleartext(text, key).map(|found| found.rule.title.to_owned())
    }
}

/// Refuses a job with a secret among its arguments. `--token=x` and `--token x` are both given under `token`.
pub fn refuse(job: &Job, judge: &dyn SecretJudge) -> Result<(), JobError> {
    let mut before: Option<&str> = None;
    for (number, argument) in job.command.iter().enumerate() {
        let (key, text) = match argument.split_once('=') {
            Some((key, text)) => (Some(key), text),
            None => (before, argument.as_str()),
        };
        let key = key.map(|key| key.trim_start_matches('-')).filter(|key| !key.is_empty());
        let found = judge.kind_of(text, key).or_else(|| judge.kind_of(argument, None));
        if let Some(what) = found {
            return Err(JobError::Secret { job: job.name.clone(), number, what });
        }
        before = Some(argument.as_str()).filter(|argument| argument.starts_with('-'));
    }
    Ok(())
}
