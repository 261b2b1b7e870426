//! One line of the journal as text: the only form that an event has.
//!
//! Fields come in a fixed order without white space, strings are escaped in one way, details are sorted by name. The
//! reader ([`super::scan`]) accepts nothing else, so that two texts never mean the same entry. Deliberately
//! absent: keys, and where a line goes.

use super::JournalError;
use sanctum_types::{AuditEvent, Outcome, Phase, Severity};
use std::io::Write as _;

/// What stands between what the tag covers and the tag.
pub(crate) const TAG: &[u8] = b",\"mac\":\"";
/// A line with its line break. Room for a path or two; a stack trace does not belong into a journal.
pub const MAX_LINE: usize = 16 * 1024;
/// Details of one event.
pub const MAX_DETAILS: usize = 32;

/// What the journal itself adds to an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp<'a> {
    /// Counts the lines of a stream from 1, over all its files.
    pub(crate) seq: u64,
    /// Wall clock, milliseconds since 1970.
    pub(crate) at: i64,
    /// A clock that nobody can set, nanoseconds since the boot.
    pub(crate) mono: u64,
    /// Which boot.
    pub(crate) boot: &'a str,
    /// The process that asked for the record.
    pub(crate) pid: u32,
    /// The stream.
    pub(crate) stream: &'a str,
}

/// The line up to where its tag follows.
pub(crate) fn write_covered(out: &mut Vec<u8>, stamp: &Stamp<'_>, body: &[u8]) {
    let Stamp { seq, at, mono, boot, pid, stream } = stamp;
    // Writing into memory does not fail.
    let _ = write!(
        out,
        r#"{{"seq":{seq},"at":{at},"mono":{mono},"boot":"{boot}","pid":{pid},"stream":"{stream}","#
    );
    out.extend_from_slice(body);
}

/// The tag and the end of the line.
pub(crate) fn write_tag(out: &mut Vec<u8>, tag: &[u8; 32]) {
    out.extend_from_slice(TAG);
    write_hex(out, tag);
    out.extend_from_slice(b"\"}\n");
}

/// The fields of the event itself, without braces.
pub(crate) fn body(event: &AuditEvent) -> Result<Vec<u8>, JournalError> {
    let too_large = || JournalError::TooLarge { action: event.action.clone() };
    if event.details.len() > MAX_DETAILS {
        return Err(too_large());
    }
    let mut out = Vec::with_capacity(256);
    let words = [
        (&b"\"actor\":\""[..], event.actor.as_str()),
        (b"\",\"action\":\"", event.action.as_str()),
    ];
    for (name, word) in words {
        out.extend_from_slice(name);
        out.extend_from_slice(word.as_bytes());
    }
    out.extend_from_slice(b"\",\"subject\":\"");
    write_escaped(&mut out, &event.subject);
    let (phase, operation) = match &event.phase {
        Phase::Single => (&b"\",\"phase\":\"single"[..], None),
        Phase::Started(id) => (&b"\",\"phase\":\"started"[..], Some(id)),
        Phase::Finished(id) => (&b"\",\"phase\":\"finished"[..], Some(id)),
    };
    out.extend_from_slice(phase);
    if let Some(id) = operation {
        out.extend_from_slice(b"\",\"operation\":\"");
        out.extend_from_slice(id.as_str().as_bytes());
    }
    let _ = write!(
        out,
        r#"","outcome":"{}","severity":"{}""#,
        outcome_word(event.outcome),
        severity_word(event.severity)
    );
    for (count, (name, value)) in event.details.iter().enumerate() {
        if !is_word(name.as_bytes()) {
            return Err(JournalError::BadDetail {
                action: event.action.clone(),
                name: name.clone(),
            });
        }
        out.extend_from_slice(if count == 0 { b",\"details\":{\"" } else { b",\"" });
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":\"");
        write_escaped(&mut out, value);
        out.push(b'"');
    }
    if !event.details.is_empty() {
        out.push(b'}');
    }
    // What the journal adds takes less than this.
    const FRAME: usize = 512;
    if out.len() + FRAME > MAX_LINE { Err(too_large()) } else { Ok(out) }
}

/// The words that names of details, actors and actions are made of: 1 to 64 characters (`sanctum_types::audit`).
pub(crate) fn is_word(text: &[u8]) -> bool {
    (1..=64).contains(&text.len()) && text.iter().copied().all(is_word_byte)
}

pub(crate) const fn is_word_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b':' | b'_')
}

/// JSON's short escapes where there are some, four digits for the other control characters, else the text as it is.
pub(crate) fn write_escaped(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                write_hex(out, &[byte]);
            }
            _ => out.push(byte),
        }
    }
}

/// Two lowercase digits a byte.
pub(crate) fn write_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    out.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
}

/// The same as text.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len() * 2);
    write_hex(&mut out, bytes);
    String::from_utf8(out).unwrap_or_default()
}

/// How an outcome is spelt.
#[must_use]
pub const fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pending => "pending",
        Outcome::Ok => "ok",
        Outcome::Failed => "failed",
        Outcome::Refused => "refused",
        Outcome::Found => "found",
        Outcome::CouldNotCheck => "could-not-check",
    }
}

/// How a severity is spelt.
#[must_use]
pub const fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warn => "warn",
        Severity::Error => "error",
        Severity::Critical => "critical",
    }
}
