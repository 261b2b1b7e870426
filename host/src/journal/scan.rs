//! Reads lines of the journal: accepts the one form that the writer gives, and nothing else.
//!
//! Total over any bytes: a line is accepted or is not, nothing panics and nothing is allocated. Strings stay as they
//! are escaped until somebody wants the event. Deliberately absent: whether the tag is right.

use super::line::{MAX_DETAILS, MAX_LINE, TAG, is_word_byte};
use sanctum_types::{Action, Actor, AuditEvent, Digest, OperationId, Outcome, Phase, Severity};
use std::collections::BTreeMap;
use std::io::BufRead as _;

/// One line, as it lies in memory.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Counts the lines of a stream from 1.
    pub seq: u64,
    /// Wall clock, milliseconds since 1970.
    pub at: i64,
    /// Nanoseconds since the boot.
    pub mono: u64,
    /// Which boot.
    pub boot: &'a str,
    /// The process that asked for the record.
    pub pid: u32,
    /// The stream.
    pub stream: &'a str,
    /// Who.
    pub actor: &'a str,
    /// Did what.
    pub action: &'a str,
    /// How it went.
    pub outcome: Outcome,
    /// How bad that is.
    pub severity: Severity,
    /// The operation that starts or ends here.
    pub operation: Option<&'a str>,
    /// Whether it starts.
    pub starts: bool,
    subject: &'a str,
    details: &'a str,
    /// What the tag covers.
    pub(crate) covered: &'a [u8],
    /// The tag.
    pub(crate) tag: [u8; 32],
    /// How long the line is, with its line break.
    pub(crate) len: usize,
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// The line at the start of the bytes; none when there is no whole line of the one form.
#[must_use]
pub fn line(bytes: &[u8]) -> Option<Line<'_>> {
    let bytes = bytes.get(..bytes.len().min(MAX_LINE)).unwrap_or_default();
    // It finds the line break with the C library's vector code and copies nothing.
    let end = (&mut &*bytes).skip_until(b'\n').ok()?.checked_sub(1)?;
    if bytes.get(end) != Some(&b'\n') {
        return None;
    }
    let text = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let mut cursor = Cursor { text, at: 0 };
    let found = cursor.line()?;
    (cursor.at == text.len()).then_some(found)
}

impl<'a> Cursor<'a> {
    fn line(&mut self) -> Option<Line<'a>> {
        self.literal("{\"seq\":")?;
        let seq = self.number()?;
        self.literal(",\"at\":")?;
        let at = i64::try_from(self.number()?).ok()?;
        self.literal(",\"mono\":")?;
        let mono = self.number()?;
        self.literal(",\"boot\":\"")?;
        let boot = self.plain(|byte| byte.is_ascii_alphanumeric() || byte == b'-')?;
        self.literal(",\"pid\":")?;
        let pid = u32::try_from(self.number()?).ok()?;
        self.literal(",\"stream\":\"")?;
        let stream = self.word()?;
        self.literal(",\"actor\":\"")?;
        let actor = self.word()?;
        self.literal(",\"action\":\"")?;
        let action = self.word()?;
        self.literal(",\"subject\":\"")?;
        let subject = self.escaped()?;
        self.literal(",\"phase\":\"")?;
        let (starts, with) = self.phase()?;
        let operation = if with {
            self.literal(",\"operation\":\"")?;
            Some(self.word()?)
        } else {
            None
        };
        self.literal(",\"outcome\":\"")?;
        let outcome = self.outcome()?;
        self.literal(",\"severity\":\"")?;
        let severity = self.severity()?;
        let details = self.details()?;
        let covered = self.text.as_bytes().get(..self.at)?;
        self.bytes(TAG)?;
        let tag = self.tag()?;
        self.literal("\"}")?;
        let len = self.at + 1;
        Some(Line {
            seq,
            at,
            mono,
            boot,
            pid,
            stream,
            actor,
            action,
            outcome,
            severity,
            operation,
            starts,
            subject,
            details,
            covered,
            tag,
            len,
        })
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn bytes(&mut self, expected: &[u8]) -> Option<()> {
        self.rest().starts_with(expected).then(|| self.at += expected.len())
    }

    fn literal(&mut self, expected: &str) -> Option<()> {
        self.bytes(expected.as_bytes())
    }

    /// Decimal, without a leading zero.
    fn number(&mut self) -> Option<u64> {
        let rest = self.rest();
        let mut value = 0_u64;
        let mut len = 0;
        for byte in rest {
            if !byte.is_ascii_digit() {
                break;
            }
            value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
            len += 1;
        }
        let fits = len == 1 || (len > 1 && rest.first() != Some(&b'0'));
        self.at += len;
        fits.then_some(value)
    }

    /// Up to the next quotation mark, which is passed.
    fn plain(&mut self, accepted: impl Fn(u8) -> bool) -> Option<&'a str> {
        let len = self.rest().iter().position(|byte| !accepted(*byte))?;
        let found = self.text.get(self.at..self.at + len)?;
        self.at += len;
        self.literal("\"")?;
        (1..=64).contains(&len).then_some(found)
    }

    fn word(&mut self) -> Option<&'a str> {
        self.plain(is_word_byte)
    }

    /// A string as it is escaped, up to and past its quotation mark.
    fn escaped(&mut self) -> Option<&'a str> {
        let start = self.at;
        loop {
            let plain =
                self.rest().iter().position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\'))?;
            self.at += plain;
            match self.rest() {
                [b'"', ..] => {
                    let found = self.text.get(start..self.at)?;
                    self.at += 1;
                    return Some(found);
                }
                [b'\\', b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't', ..] => self.at += 2,
                [b'\\', b'u', b'0', b'0', high, low, ..] => {
                    control(*high, *low)?;
                    self.at += 6;
                }
                _ => return None,
            }
        }
    }

    /// Whether an operation starts, and whether its name follows.
    fn phase(&mut self) -> Option<(bool, bool)> {
        match self.word()? {
            "single" => Some((false, false)),
            "started" => Some((true, true)),
            "finished" => Some((false, true)),
            _ => None,
        }
    }

    fn outcome(&mut self) -> Option<Outcome> {
        Some(match self.word()? {
            "pending" => Outcome::Pending,
            "ok" => Outcome::Ok,
            "failed" => Outcome::Failed,
            "refused" => Outcome::Refused,
            "found" => Outcome::Found,
            "could-not-check" => Outcome::CouldNotCheck,
            _ => return None,
        })
    }

    fn severity(&mut self) -> Option<Severity> {
        Some(match self.word()? {
            "info" => Severity::Info,
            "warn" => Severity::Warn,
            "error" => Severity::Error,
            "critical" => Severity::Critical,
            _ => return None,
        })
    }

    /// What is between the braces, its names strictly rising; empty when there are none.
    fn details(&mut self) -> Option<&'a str> {
        if self.literal(",\"details\":{").is_none() {
            return Some("");
        }
        let start = self.at;
        let mut last = "";
        for _ in 0..MAX_DETAILS {
            self.literal("\"")?;
            let name = self.word()?;
            if name <= last {
                return None;
            }
            last = name;
            self.literal(":\"")?;
            self.escaped()?;
            if self.literal("}").is_some() {
                return self.text.get(start..self.at - 1);
            }
            self.literal(",")?;
        }
        None
    }

    fn tag(&mut self) -> Option<[u8; 32]> {
        let digits = self.text.get(self.at..self.at + 64)?;
        self.at += 64;
        Digest::parse(digits).map(|digest| *digest.as_bytes())
    }
}

/// A control character that has no short escape, of two lowercase digits.
fn control(high: u8, low: u8) -> Option<u8> {
    let low = match low {
        b'0'..=b'9' => low - b'0',
        b'a'..=b'f' => low - b'a' + 10,
        _ => return None,
    };
    let high = match high {
        b'0' => 0,
        b'1' => 16,
        _ => return None,
    };
    let byte = high + low;
    (!matches!(byte, 0x08 | b'\t' | b'\n' | 0x0c | b'\r')).then_some(byte)
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(found) = rest.next() {
        if found != '\\' {
            out.push(found);
            continue;
        }
        out.push(match rest.next() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let digits: String = rest.by_ref().take(4).collect();
                u8::from_str_radix(&digits, 16).map(char::from).unwrap_or_default()
            }
            other => other.unwrap_or_default(),
        });
    }
    out
}

impl Line<'_> {
    /// What it is about.
    #[must_use]
    pub fn subject(&self) -> String {
        unescape(self.subject)
    }

    /// More identifiers and kinds.
    #[must_use]
    pub fn details(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        let mut cursor = Cursor { text: self.details, at: 0 };
        while cursor.literal("\"").is_some() {
            let (Some(name), Some(())) = (cursor.word(), cursor.literal(":\"")) else { break };
            let Some(value) = cursor.escaped() else { break };
            all.insert(name.to_owned(), unescape(value));
            let _ = cursor.literal(",");
        }
        all
    }

    /// Whether the journal itself wrote it to hold its files together: the start of a file, the end of an epoch, the
    /// head of another stream.
    #[must_use]
    pub fn is_frame(&self) -> bool {
        [super::FILE, super::SEAL, super::HEAD].contains(&self.action)
    }

    /// The one text of what the line says; it is the line itself.
    #[must_use]
    pub fn encoded(&self) -> Option<Vec<u8>> {
        let Self { seq, at, mono, boot, pid, stream, .. } = *self;
        let mut text = Vec::with_capacity(self.len);
        let body = super::line::body(&self.event()?).ok()?;
        let stamp = super::line::Stamp { seq, at, mono, boot, pid, stream };
        super::line::write_covered(&mut text, &stamp, &body);
        super::line::write_tag(&mut text, &self.tag);
        Some(text)
    }

    /// How long the line is, with its line break.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.len
    }

    /// The event that was recorded.
    #[must_use]
    pub fn event(&self) -> Option<AuditEvent> {
        let operation = self.operation.map(OperationId::new).transpose().ok()?;
        Some(AuditEvent {
            actor: Actor::new(self.actor).ok()?,
            action: Action::new(self.action).ok()?,
            subject: self.subject(),
            phase: match operation {
                None => Phase::Single,
                Some(id) if self.starts => Phase::Started(id),
                Some(id) => Phase::Finished(id),
            },
            outcome: self.outcome,
            severity: self.severity,
            details: self.details(),
        })
    }
}

#[cfg(test)]
mod tests;
