//! The one place that prints. Reports go to standard output, progress and errors to standard error.
//!
//! Colour follows the terminal, `NO_COLOR` and `CLICOLOR_FORCE` (anstream). A closed pipe ends quietly.

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
        let _ = writeln!(anstream::stdout(), "{style}{text}{style:#}");
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
            let _ = writeln!(anstream::stdout(), "{value:#}");
        }
    }

    /// Text that is the result itself, such as a schema or a completion script.
    pub fn raw(self, text: &str) {
        let _ = anstream::stdout().write_all(text.as_bytes());
    }

    /// One line of progress.
    pub fn progress(self, text: &str) {
        if !self.quiet {
            let _ = writeln!(anstream::stderr(), "{CYAN}·{CYAN:#} {text}");
        }
    }

    /// Remarks that carry their own places and carets.
    pub fn remarks(self, text: &str) {
        let _ = anstream::stderr().write_all(text.as_bytes());
    }

    /// A warning.
    pub fn warn(self, text: &str) {
        let _ = writeln!(anstream::stderr(), "{YELLOW}warning:{YELLOW:#} {text}");
    }

    /// The end of a command that failed.
    pub fn failure(self, failure: &crate::failure::Failure) {
        if self.json {
            self.data(&failure.json());
        }
        let text = failure.text();
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
