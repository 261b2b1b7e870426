//! `sanctum audit`.

use clap::{Args, Subcommand, ValueEnum};
use sanctum_types::Severity;
use std::path::PathBuf;

/// `sanctum audit`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Audit {
    /// What else than the story.
    #[command(subcommand)]
    pub verb: Option<AuditVerb>,
    /// Only what happened in this time: 90s, 30m, 24h, 7d
    #[arg(long, value_name = "TIME", value_parser = span)]
    pub last: Option<i64>,
    /// Only what is at least so bad
    #[arg(long, value_enum, default_value = "info")]
    pub level: Level,
    /// Only what this actor did, or actors of this kind: uid:501, job
    #[arg(long, value_name = "ACTOR")]
    pub actor: Option<String>,
    /// One event a line in the form of the Open Cybersecurity Schema Framework
    #[arg(long, conflicts_with = "json")]
    pub ocsf: bool,
    /// Where the second place is [default: the one that the journal was made with]
    #[arg(long, value_name = "DIR")]
    pub second_place: Option<PathBuf>,
}

/// Verbs of `sanctum audit`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum AuditVerb {
    /// Verify every line against the second place; exit 0 whole, 3 with the first bad line, 1 could not look
    #[command(
        after_help = "Example:\n  sanctum audit verify\n  sanctum audit verify --second-place /mnt/witness"
    )]
    Verify {
        /// Where the second place is [default: the one that the journal was made with]
        #[arg(long, value_name = "DIR")]
        second_place: Option<PathBuf>,
    },
}

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// Everything
    Info,
    /// Worth a look
    Warn,
    /// Does not do what it should
    Error,
    /// Act now
    Critical,
}

impl Level {
    /// The severity of that name.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::Info => Severity::Info,
            Self::Warn => Severity::Warn,
            Self::Error => Severity::Error,
            Self::Critical => Severity::Critical,
        }
    }
}

/// Seconds of a number with its unit.
fn span(text: &str) -> Result<i64, String> {
    let units = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];
    units
        .iter()
        .find_map(|(unit, seconds)| {
            let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
            (number > 0).then(|| number.checked_mul(*seconds))?
        })
        .ok_or_else(|| "a number and one of s, m, h, d, such as 24h".to_owned())
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn spans() {
        for (text, seconds) in [
            ("90s", Some(90)),
            ("24h", Some(86_400)),
            ("7d", Some(604_800)),
            ("1", None),
            ("-1h", None),
            ("0m", None),
            ("h", None),
            ("99999999999999999d", None),
        ] {
            assert_eq!(span(text).ok(), seconds, "{text}");
        }
    }
}
