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

/// Kinds of secrets among arguments, by number. `--token=x` and `--token x` are both given under `token`.
pub fn kinds<'a>(
    words: &'a [String],
    judge: &'a dyn SecretJudge,
) -> impl Iterator<Item = (usize, String)> + 'a {
    let mut before: Option<&str> = None;
    words.iter().enumerate().filter_map(move |(number, word)| {
        let (key, text) = match word.split_once('=') {
            Some((key, text)) => (Some(key), text),
            None => (before, word.as_str()),
        };
        let key = key.map(|key| key.trim_start_matches('-')).filter(|key| !key.is_empty());
        let kind = judge.kind_of(text, key).or_else(|| judge.kind_of(word, None));
        before = Some(word.as_str()).filter(|word| word.starts_with('-'));
        kind.map(|kind| (number, kind))
    })
}

/// Refuses a job with a secret among its arguments.
pub fn refuse(job: &Job, judge: &dyn SecretJudge) -> Result<(), JobError> {
    kinds(&job.command, judge).next().map_or(Ok(()), |(number, what)| {
        Err(JobError::Secret { job: job.name.clone(), number, what })
    })
}
