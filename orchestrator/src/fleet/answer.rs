//! What a node's bytes mean: a status document, a probe's answer, a failure of its own, or nothing of that.

use super::ANSWER_LIMIT;
use super::error::FleetError;
use super::known_hosts::HostPort;
use super::probe::{self, ProbeError};
use crate::status::text::{first_line, printable};
use crate::status::{Status, StatusError};
use sanctum_types::UnixTime;

/// What came back over the channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raw {
    /// Standard output, up to the limit.
    pub stdout: Vec<u8>,
    /// Standard error, its beginning.
    pub stderr: Vec<u8>,
    /// Exit status; none where the node sent none.
    pub exit: Option<u32>,
    /// Whether there was more than the limit.
    pub too_long: bool,
}

/// Exit statuses of `sanctum status` that come with a document: everything holds, and findings.
const WITH_DOCUMENT: [u32; 2] = [0, 3];

/// Reads an answer.
pub fn read(
    raw: &Raw,
    host: &HostPort,
    version: &str,
    now: UnixTime,
) -> Result<Status, FleetError> {
    let host = || host.clone();
    if raw.too_long {
        return Err(FleetError::TooLong { host: host(), limit: ANSWER_LIMIT });
    }
    let bytes = raw.stdout.len();
    let truncated = || FleetError::Truncated { host: host(), bytes };
    let not_status = || FleetError::NotStatus { host: host(), beginning: first_line(&raw.stdout) };
    let failed = |said: String| FleetError::Remote { host: host(), exit: exit(raw.exit), said };
    let text = String::from_utf8_lossy(&raw.stdout);
    if let Some(said) = own_failure(&text) {
        return Err(failed(said));
    }
    let begun = text.trim_start();
    if begun.starts_with(probe::FIRST_LINE) {
        return probe::parse(&text, version, now).map_err(|error| match error {
            ProbeError::Truncated => truncated(),
            ProbeError::Line(_) => not_status(),
        });
    }
    if begun.is_empty() {
        return Err(match raw.exit {
            Some(0) | None => truncated(),
            Some(_) => failed(first_line(&raw.stderr)),
        });
    }
    if !begun.starts_with('{') {
        return Err(not_status());
    }
    match Status::parse(&raw.stdout) {
        Ok(status) if raw.exit.is_none_or(|exit| WITH_DOCUMENT.contains(&exit)) => Ok(status),
        Ok(_) => Err(failed(first_line(&raw.stderr))),
        Err(StatusError::Truncated) => Err(truncated()),
        Err(StatusError::Format(format)) => Err(failed(format!("its status has format {format}"))),
        Err(StatusError::Syntax(_)) => Err(not_status()),
    }
}

/// What a sanctum says that failed: an object with `error` and `exit`.
fn own_failure(text: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    value.get("exit")?.as_u64()?;
    Some(printable(value.get("error")?.as_str()?))
}

fn exit(exit: Option<u32>) -> String {
    exit.map_or_else(|| "no exit status".to_owned(), |exit| format!("exit status {exit}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::error::Kind;

    fn judged(stdout: &str, exit: Option<u32>) -> Result<bool, Kind> {
        let raw =
            Raw { stdout: stdout.into(), stderr: b"sh: not found".to_vec(), exit, too_long: false };
        let host = HostPort { host: "hub".to_owned(), port: 22 };
        read(&raw, &host, "0.1.0", UnixTime(0))
            .map(|status| status.holds())
            .map_err(|error| error.kind())
    }

    const WHOLE: &str = r#"{"format":1,"version":"0.1.0","node":"hub","at":1,"source":"sanctum","system":{},
        "layers":[{"name":"Host","state":"holds","detail":""}],
        "alerts":{"name":"alerts","state":"not-built","detail":"","open":null}}"#;

    #[test]
    fn answers() {
        for (stdout, exit, judgement) in [
            (WHOLE, Some(0), Ok(true)),
            (WHOLE, None, Ok(true)),
            (&WHOLE.replace("holds", "finding"), Some(3), Ok(false)),
            (WHOLE, Some(1), Err(Kind::Remote)),
            (WHOLE.split_at(90).0, Some(0), Err(Kind::Truncated)),
            ("", Some(0), Err(Kind::Truncated)),
            ("", Some(127), Err(Kind::Remote)),
            ("sanctum-probe 1\nend 0\n", Some(0), Ok(false)),
            ("sanctum-probe 1\n", Some(0), Err(Kind::Truncated)),
            ("Welcome to the machine\n", Some(0), Err(Kind::NotStatus)),
            (r#"{"hello":"world"}"#, Some(0), Err(Kind::NotStatus)),
            (r#"{"format":1,"error":"no instance","exit":1}"#, Some(1), Err(Kind::Remote)),
            (r#"{"format":9}"#, Some(0), Err(Kind::Remote)),
        ] {
            assert_eq!(judged(stdout, exit), judgement, "{stdout}");
        }
    }
}
