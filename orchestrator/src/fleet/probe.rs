//! The fixed script that a node is asked with, and the strict reader of its answer.
//!
//! The script is `templates/status-probe.sh` as it stands, sent on the standard input of a constant command, so that
//! no value is ever quoted. An answer without its last line, which counts the others, is cut.

use crate::status::model::{Alerts, FORMAT, Item, Layer, Source, State, Status, System};
use crate::status::text::printable;
use sanctum_types::{NodeName, UnixTime};
use std::collections::BTreeMap;

/// The command of the exec request. It has nothing that any login shell would read in its own way.
pub const COMMAND: &str = "/bin/sh -s";
const SCRIPT: &str = include_str!("../../../templates/status-probe.sh");
/// The first line of an answer.
pub const FIRST_LINE: &str = "sanctum-probe 1";

/// What is sent on standard input.
#[must_use]
pub fn script(agentless: bool) -> String {
    let asks = if agentless { "sanctum_probe\n" } else { "sanctum_status\nsanctum_probe\n" };
    format!("{SCRIPT}{asks}")
}

/// Why an answer is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// The last line is missing, or counts more lines than came.
    #[error("the answer stops in the middle")]
    Truncated,
    /// A line is not of the form.
    #[error("line {0} is not one of the probe's")]
    Line(usize),
}

/// Keys that the script says, each at most once.
const KEYS: [&str; 9] =
    ["at", "node", "host", "os", "kernel", "uptime", "load", "root-kib", "root-free-kib"];

/// Reads an answer. `asker` is the version of this binary, `now` its time where the node does not say its own.
pub fn parse(text: &str, asker: &str, now: UnixTime) -> Result<Status, ProbeError> {
    let mut facts: BTreeMap<&str, &str> = BTreeMap::new();
    let mut lines = text.split_inclusive('\n').enumerate();
    match lines.next() {
        Some((_, line)) if line.strip_suffix('\n') == Some(FIRST_LINE) => {}
        Some((_, line)) if line.strip_suffix('\n').is_some() => return Err(ProbeError::Line(1)),
        _ => return Err(ProbeError::Truncated),
    }
    let mut ended = false;
    for (n, line) in lines {
        let wrong = ProbeError::Line(n + 1);
        let line = line.strip_suffix('\n').ok_or(ProbeError::Truncated)?;
        let (key, value) = line.split_once(' ').ok_or(wrong.clone())?;
        if ended {
            return Err(wrong);
        }
        if key == "end" {
            if value.parse() != Ok(facts.len()) {
                return Err(ProbeError::Truncated);
            }
            ended = true;
            continue;
        }
        let key = KEYS.into_iter().find(|known| *known == key).ok_or(wrong.clone())?;
        if facts.insert(key, value).is_some() {
            return Err(wrong);
        }
    }
    if ended { Ok(status(&facts, asker, now)) } else { Err(ProbeError::Truncated) }
}

fn status(facts: &BTreeMap<&str, &str>, asker: &str, now: UnixTime) -> Status {
    const WHY: &str = "sanctum is not installed there";
    let text = |key: &str| facts.get(key).map(|value| printable(value));
    let number = |key: &str| facts.get(key).and_then(|value| value.parse::<u64>().ok());
    Status {
        format: FORMAT,
        version: asker.to_owned(),
        node: facts.get("node").and_then(|name| NodeName::new(*name).ok()),
        at: facts.get("at").and_then(|at| at.parse().ok()).map_or(now, UnixTime),
        source: Source::Probe,
        system: System {
            host_name: text("host"),
            os: text("os"),
            kernel: text("kernel"),
            uptime_seconds: number("uptime"),
            load_hundredths: facts.get("load").and_then(|load| hundredths(load)),
            root_kib: number("root-kib"),
            root_free_kib: number("root-free-kib"),
        },
        layers: Layer::ALL
            .into_iter()
            .map(|layer| Item::new(layer.name(), State::Unknown, WHY))
            .collect(),
        guards: Vec::new(),
        secrets: Vec::new(),
        rotations: Vec::new(),
        drift: Vec::new(),
        alerts: Alerts { item: Item::new("alerts", State::Unknown, WHY), open: None },
        schedules: Vec::new(),
        services: Vec::new(),
        reboot: Vec::new(),
        not_looked_at: vec![
            "everything of the house: sanctum self install, on the node".to_owned(),
        ],
    }
}

/// `1.05` in hundredths; a comma is some locales' point.
#[must_use]
pub fn hundredths(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) {
        return None;
    }
    let two: String = part.chars().chain("00".chars()).take(2).collect();
    whole.parse::<u32>().ok()?.checked_mul(100)?.checked_add(two.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ANSWER: &str = "sanctum-probe 1\nat 1800000000\nnode hub\nhost mini\nos Linux\nkernel 6.1\n\
        uptime 77\nload 0.5\nroot-kib 100\nroot-free-kib 40\nend 9\n";

    fn read(text: &str) -> Result<Status, ProbeError> {
        parse(text, "0.1.0", UnixTime(5))
    }

    #[test]
    fn an_answer_is_read_and_promises_nothing() {
        let status = read(ANSWER).unwrap();
        assert_eq!(status.node.as_ref().map(NodeName::as_str), Some("hub"));
        assert_eq!((status.at, status.source), (UnixTime(1_800_000_000), Source::Probe));
        assert_eq!(status.system.load_hundredths, Some(50));
        assert_eq!(status.system.root_free_kib, Some(40));
        assert!(!status.holds() && status.layers.len() == 7);
    }

    #[test]
    fn every_cut_shows() {
        for end in 0..ANSWER.len() {
            assert_eq!(read(ANSWER.split_at(end).0), Err(ProbeError::Truncated), "{end}");
        }
    }

    #[test]
    fn noise_is_no_answer() {
        for (text, error) in [
            (format!("Welcome!\n{ANSWER}"), ProbeError::Line(1)),
            (format!("{ANSWER}bye now\n"), ProbeError::Line(12)),
            (ANSWER.replace("os Linux", "shoe size"), ProbeError::Line(5)),
            (ANSWER.replace("os Linux", "host again"), ProbeError::Line(5)),
            (ANSWER.replace("os Linux\n", "\n"), ProbeError::Line(5)),
            (ANSWER.replace("os Linux\n", ""), ProbeError::Truncated),
        ] {
            assert_eq!(read(&text), Err(error), "{text}");
        }
    }

    #[test]
    fn values_are_held_to_their_kind() {
        let status =
            read("sanctum-probe 1\nat soon\nnode ../x\nhost \u{1b}[1m\nload x\nend 4\n").unwrap();
        assert_eq!((status.at, &status.node), (UnixTime(5), &None));
        assert_eq!(status.system.host_name.as_deref(), Some("\u{fffd}[1m"));
        assert_eq!(status.system.load_hundredths, None);
    }

    #[test]
    fn loads() {
        let cases = ["0.05", "12.3", "1,25", "7", "1.", "-1", "9999999999"];
        let read = [Some(5), Some(1230), Some(125), Some(700), None, None, None];
        assert_eq!(cases.map(hundredths), read);
    }

    #[test]
    fn the_script_takes_no_values_and_asks_at_its_end() {
        assert!(script(false).ends_with("}\n\nsanctum_status\nsanctum_probe\n"));
        assert!(script(true).ends_with("}\n\nsanctum_probe\n"));
        let quiet =
            COMMAND.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/ -".contains(&byte));
        assert!(quiet, "nothing for a shell to read");
    }

    proptest! {
        #[test]
        fn any_text_is_judged(text in "(sanctum-probe 1\n)?([a-z]{1,4} .{0,6}\n){0,4}(end [0-9]\n)?.{0,9}") {
            if let Ok(status) = read(&text) {
                prop_assert!(!status.holds());
            }
        }
    }
}
