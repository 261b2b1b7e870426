//! What is written before a reboot, and what it says afterwards: who came back and who did not.
//!
//! Nothing here reboots. A record of this very boot is not compared with itself.

use super::report::Row;
use sanctum_types::{NodeName, ServiceName, UnixTime};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The house before the reboot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeforeBoot {
    /// Format of this document; always 1.
    pub format: u32,
    /// Whose services these are.
    pub node: NodeName,
    /// The boot that ends, by the kernel's name for it.
    pub boot: String,
    /// When this was written.
    pub at: UnixTime,
    /// The operation in the journal.
    pub operation: String,
    /// The state of each service.
    pub services: BTreeMap<ServiceName, String>,
}

/// What a reboot came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterBoot {
    /// Up before and up now.
    pub came_back: Vec<ServiceName>,
    /// Up before and not up now, with what it is.
    pub missing: BTreeMap<ServiceName, String>,
    /// Up before, and now nobody can look.
    pub unknown: Vec<ServiceName>,
    /// Not up before either, with what it is now.
    pub were_down: BTreeMap<ServiceName, String>,
    /// Not there before.
    pub new: Vec<ServiceName>,
    /// Seconds since the record was written.
    pub seconds: i64,
}

/// The report of one reboot, kept until the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// Format of this document; always 1.
    pub format: u32,
    /// The boot that it is of, by the kernel's name for it.
    pub boot: String,
    /// When it was made.
    pub at: UnixTime,
    /// The operation in the journal that it ends.
    pub operation: String,
    /// Whether the journal has that end. A file of before this was known is of one that has.
    #[serde(default = "known")]
    pub ended: bool,
    /// What it says.
    pub told: AfterBoot,
}

const fn known() -> bool {
    true
}

/// Compares; none while the machine was not booted since.
#[must_use]
pub fn after(
    before: &BeforeBoot,
    boot: &str,
    rows: &BTreeMap<ServiceName, Row>,
    now: UnixTime,
) -> Option<AfterBoot> {
    if before.boot == boot {
        return None;
    }
    let state = |name: &ServiceName| rows.get(name).map_or("gone", |row| row.state.as_str());
    let up = |text: &str| text == "up";
    let mut after = AfterBoot {
        came_back: Vec::new(),
        missing: BTreeMap::new(),
        unknown: Vec::new(),
        were_down: BTreeMap::new(),
        new: rows.keys().filter(|name| !before.services.contains_key(*name)).cloned().collect(),
        seconds: now.0.saturating_sub(before.at.0),
    };
    for (name, was) in &before.services {
        match (up(was), up(state(name))) {
            (true, true) => after.came_back.push(name.clone()),
            (true, false) if state(name) == "unknown" => after.unknown.push(name.clone()),
            (true, false) => drop(after.missing.insert(name.clone(), state(name).to_owned())),
            (false, _) if was == "elsewhere" => {}
            (false, _) => drop(after.were_down.insert(name.clone(), state(name).to_owned())),
        }
    }
    Some(after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervise::Role;

    fn name(text: &str) -> ServiceName {
        ServiceName::new(text).unwrap()
    }

    fn row(state: &str) -> Row {
        Row {
            role: Role::Managed,
            state: state.to_owned(),
            since: None,
            restarts: 0,
            budget_left: None,
            probe: None,
            seen: None,
            saw: String::new(),
            looked: None,
            pid: None,
            ports: Vec::new(),
        }
    }

    #[test]
    fn a_report_that_does_not_say_so_is_of_an_ended_operation() {
        let text = r#"{"format":1,"boot":"two","at":190,"operation":"reboot-100","told":
            {"came_back":[],"missing":{},"unknown":[],"were_down":{},"new":[],"seconds":90}}"#;
        let mut old: Reported = serde_json::from_str(text).unwrap();
        assert!(old.ended);
        old.ended = false;
        let again = serde_json::to_string(&old).unwrap();
        assert_eq!(serde_json::from_str::<Reported>(&again).unwrap(), old);
    }

    #[test]
    fn who_was_up_and_is_not_is_missing_and_the_same_boot_says_nothing() {
        let states =
            [("a", "up"), ("b", "up"), ("c", "down"), ("d", "up"), ("e", "elsewhere"), ("f", "up")];
        let before = BeforeBoot {
            format: 1,
            node: NodeName::new("hub").unwrap(),
            boot: "one".to_owned(),
            at: UnixTime(100),
            operation: "reboot-100".to_owned(),
            services: states.map(|(text, state)| (name(text), state.to_owned())).into(),
        };
        let now = [("a", "up"), ("b", "down"), ("c", "up"), ("n", "up"), ("f", "unknown")];
        let rows = now.map(|(text, state)| (name(text), row(state))).into();
        assert_eq!(after(&before, "one", &rows, UnixTime(190)), None);
        let told = after(&before, "two", &rows, UnixTime(190)).unwrap();
        assert_eq!(told.came_back, [name("a")]);
        let missing = [(name("b"), "down".to_owned()), (name("d"), "gone".to_owned())];
        assert_eq!(told.missing, missing.into());
        assert_eq!(told.unknown, [name("f")]);
        assert_eq!(told.were_down, [(name("c"), "up".to_owned())].into());
        assert_eq!((told.new, told.seconds), (vec![name("n")], 90));
    }
}
