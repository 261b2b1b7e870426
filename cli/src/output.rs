//! The one place that prints. Reports go to standard output, progress and errors to standard error.
//!
//! What tools said can hold a secret, so every report, remark and error is redacted here, at the one edge; only a
//! result that is asked for as text ([`Out::raw`]) passes as it is. Colour follows the terminal, `NO_COLOR` and `CLICOLOR_FORCE` (anstream). A closed pipe ends quietly.

use anstyle::{AnsiColor, Style};
use std::io::Write as _;

const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();
const BOLD: Style = Style::new().bold();

/// How a line of a report is painted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// As it is.
    Plain,
    /// Something came or is right.
    Good,
    /// Something went or is wrong.
    Bad,
    /// Worth a look.
    Note,
    /// A position.
    Place,
    /// A heading.
    Head,
}

impl Paint {
    const fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Good => GREEN,
            Self::Bad => RED,
            Self::Note => YELLOW,
            Self::Place => CYAN,
            Self::Head => BOLD,
        }
    }
}

/// Where a command's words go.
#[derive(Clone, Copy, Debug)]
pub struct Out {
    /// Reports are JSON.
    pub json: bool,
    /// No progress.
    pub quiet: bool,
}

impl Out {
    /// One line of a report for people; nothing under `--json`.
    pub fn line(self, paint: Paint, text: &str) {
        if self.json {
            return;
        }
        let style = paint.style();
        // A reader that went away (`sanctum plan | head`) is not an error of ours.
        let text = redact(text);
        let _ = writeln!(anstream::stdout(), "{style}{text}{style:#}");
    }

    /// A whole page of a report at once, over the one before it on a terminal; whether somebody still reads.
    pub fn page(self, lines: &[(Paint, String)], over: bool) -> bool {
        use std::fmt::Write as _;
        // Cursor home and erase below (ECMA-48): without a terminal nothing is erased.
        let mut text = if over { "\x1b[H\x1b[J".to_owned() } else { String::new() };
        for (paint, line) in lines {
            let (style, line) = (paint.style(), redact(line));
            let _ = writeln!(text, "{style}{line}{style:#}");
        }
        let mut out = anstream::stdout();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok()
    }

    /// One JSON document of a series on a line of its own; whether somebody still reads.
    pub fn data_line(self, value: &serde_json::Value) -> bool {
        let mut out = anstream::stdout();
        writeln!(out, "{}", redacted(value)).and_then(|()| out.flush()).is_ok()
    }

    /// A unified diff, painted line by line.
    pub fn diff(self, text: &str) {
        for line in text.lines() {
            let paint = match line.as_bytes().first() {
                _ if line.starts_with("+++") || line.starts_with("---") => Paint::Head,
                Some(b'+') => Paint::Good,
                Some(b'-') => Paint::Bad,
                Some(b'@') => Paint::Place,
                _ => Paint::Plain,
            };
            self.line(paint, line);
        }
    }

    /// The report as data; only under `--json`.
    pub fn data(self, value: &serde_json::Value) {
        if self.json {
            // In one piece: standard output passes each line on by itself otherwise.
            self.raw(&format!("{:#}\n", redacted(value)));
        }
    }

    /// One report of a stream of them, on one line; only under `--json`.
    pub fn json_line(self, value: &serde_json::Value) {
        if self.json {
            self.raw(&format!("{}\n", redacted(value)));
        }
    }

    /// Whether a table can be drawn over: a terminal that takes escape sequences, and somebody who wants to see it.
    #[must_use]
    pub fn can_redraw(self) -> bool {
        use std::io::IsTerminal as _;
        let out = std::io::stdout();
        let plain = anstream::AutoStream::choice(&out) == anstream::ColorChoice::Never;
        out.is_terminal() && !plain && !self.json && !self.quiet
    }

    /// Draws lines over those that were drawn last.
    pub fn redraw(self, drawn: usize, lines: &[(Paint, String)]) {
        let mut text = if drawn == 0 { String::new() } else { format!("\x1b[{drawn}A\x1b[J") };
        for (paint, line) in lines {
            let style = paint.style();
            text.push_str(&format!("{style}{}{style:#}\n", redact(line)));
        }
        let mut out = anstream::stdout();
        let _ = out.write_all(text.as_bytes());
        let _ = out.flush();
    }

    /// Text that is the result itself, such as a schema or a completion script.
    pub fn raw(self, text: &str) {
        let _ = anstream::stdout().write_all(text.as_bytes());
    }

    /// Bytes that are the result itself, such as a decrypted file: as they are, to the last one.
    ///
    /// # Errors
    /// What the system says, but for a reader that went away.
    pub fn bytes(self, bytes: &[u8]) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }

    /// One line of progress.
    pub fn progress(self, text: &str) {
        if !self.quiet {
            let _ = writeln!(anstream::stderr(), "{CYAN}·{CYAN:#} {}", redact(text));
        }
    }

    /// Remarks that carry their own places and carets.
    pub fn remarks(self, text: &str) {
        let _ = anstream::stderr().write_all(redact(text).as_bytes());
    }

    /// A warning.
    pub fn warn(self, text: &str) {
        let _ = writeln!(anstream::stderr(), "{YELLOW}warning:{YELLOW:#} {}", redact(text));
    }

    /// The end of a command that failed.
    pub fn failure(self, failure: &crate::failure::Failure) {
        if self.json {
            self.data(&failure.json());
        }
        let text = redact(&failure.text());
        let rest = text.strip_prefix("error:").unwrap_or(&text);
        let _ = writeln!(anstream::stderr(), "{RED}error:{RED:#}{rest}");
    }

    /// Asks on standard error; the caller reads the answer.
    pub fn question(self, text: &str) {
        let mut err = anstream::stderr();
        let _ = write!(err, "{BOLD}{text}{BOLD:#} ");
        let _ = err.flush();
    }
}

/// A text without its secrets.
fn redact(text: &str) -> String {
    sanctum_firewall::redact(text).text
}

/// The same report, every text in it without its secrets.
pub(crate) fn redacted(value: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(text) => Value::String(redact(text)),
        Value::Array(all) => Value::Array(all.iter().map(redacted).collect()),
        Value::Object(all) => {
            Value::Object(all.iter().map(|(key, one)| (key.clone(), redacted(one))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;

    #[test]
    fn a_secret_that_a_tool_said_is_in_no_report() {
        // In two halves, so that no scanner takes this file for a leak.
        let token = ["ghp_", "OZsOy0AG9b8DR3p1qGU5XWwqsOJKoy", "07ECmi"].concat();
        let failure = Failure::failed(format!("the tool said {token}"))
            .hint(format!("not {token}"))
            .with("stdout", serde_json::json!([token]));
        let all = format!("{} {}", redact(&failure.text()), redacted(&failure.json()));
        assert!(!all.contains("OZsOy0") && all.contains("the tool said "), "{all}");
        assert_eq!(redacted(&failure.json())["exit"], 1);
    }
}
