//! What did not come back from the last reboot, as lines of the status.
//!
//! Only the boot that runs now is spoken of. A service that was missing when the boot job looked and is up now is no
//! finding any more; one that nobody could look at stays unknown.

use super::gather::Looked;
use super::model::{Item, State};
use crate::supervise::reboot::{BeforeBoot, Reported};
use sanctum_types::ServiceName;

const NAME: &str = "reboot";

/// What `sanctum reboot` and the boot job left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// The boot that runs now, by the kernel's name for it.
    pub boot: String,
    /// What was written before the last reboot that was asked for.
    pub before: Option<BeforeBoot>,
    /// The last report.
    pub reported: Option<Reported>,
}

/// A line for every service that did not come back, or one that all did; nothing where no reboot of ours was the last.
pub(super) fn items(left: &Looked<Left>, services: &[Item]) -> Vec<Item> {
    let left = match left {
        Looked::Seen(left) => left,
        Looked::Unknown(why) => return vec![Item::new(NAME, State::Unknown, why.clone())],
        Looked::Off(_) | Looked::NotBuilt => return Vec::new(),
    };
    let report = left.reported.as_ref().filter(|report| report.boot == left.boot);
    let Some(report) = report else { return unreported(left).into_iter().collect() };
    let up = |name: &&ServiceName| {
        services.iter().any(|item| item.name == name.as_str() && item.state == State::Holds)
    };
    let missing = report.told.missing.iter().filter(|(name, _)| !up(name)).map(|(name, state)| {
        let detail = format!("did not come back, it was {state}: sanctum services why {name}");
        Item::new(name.as_str(), State::Finding, detail)
    });
    let unknown = report.told.unknown.iter().filter(|name| !up(name)).map(|name| {
        let detail = "nobody could look whether it came back: sanctum reboot --report";
        Item::new(name.as_str(), State::Unknown, detail)
    });
    let items: Vec<Item> = missing.chain(unknown).collect();
    if items.is_empty() {
        let detail =
            format!("{} came back, {} s after it was asked for", back(report), report.told.seconds);
        return vec![Item::new(NAME, State::Holds, detail)];
    }
    items
}

fn back(report: &Reported) -> usize {
    let told = &report.told;
    told.came_back.len() + told.missing.len() + told.unknown.len()
}

/// A reboot that was asked for and that no boot job has told of.
fn unreported(left: &Left) -> Option<Item> {
    let before = left.before.as_ref().filter(|before| before.boot != left.boot)?;
    // A boot after the one that was reported is none of ours.
    if left.reported.as_ref().is_some_and(|report| report.operation == before.operation) {
        return None;
    }
    let detail = "restarted, and what came back is not told yet: sanctum reboot --report";
    Some(Item::new(NAME, State::Unknown, detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervise::reboot::AfterBoot;
    use sanctum_types::{NodeName, UnixTime};

    fn name(text: &str) -> ServiceName {
        ServiceName::new(text).unwrap()
    }

    fn before(boot: &str) -> BeforeBoot {
        BeforeBoot {
            format: 1,
            node: NodeName::new("hub").unwrap(),
            boot: boot.to_owned(),
            at: UnixTime(100),
            operation: "reboot-100".to_owned(),
            services: [(name("a"), "up".to_owned())].into(),
        }
    }

    fn reported(boot: &str, missing: &[&str], unknown: &[&str]) -> Reported {
        Reported {
            format: 1,
            boot: boot.to_owned(),
            at: UnixTime(190),
            operation: "reboot-100".to_owned(),
            ended: true,
            told: AfterBoot {
                came_back: vec![name("a")],
                missing: missing.iter().map(|one| (name(one), "down".to_owned())).collect(),
                unknown: unknown.iter().map(|one| name(one)).collect(),
                were_down: [].into(),
                new: Vec::new(),
                seconds: 90,
            },
        }
    }

    #[test]
    fn what_is_told_of_each_boot() {
        let both =
            |before, reported| Looked::Seen(Left { boot: "two".to_owned(), before, reported });
        let services = [
            Item::new("late", State::Holds, "listens"),
            Item::new("gone", State::Finding, "nobody listens"),
        ];
        let all_back = "reboot Holds 1 came back, 90 s after it was asked for";
        let late = "reboot Holds 3 came back, 90 s after it was asked for";
        let gone = "gone Finding did not come back, it was down: sanctum services why gone";
        let odd = "odd Unknown nobody could look whether it came back: sanctum reboot --report";
        let untold =
            "reboot Unknown restarted, and what came back is not told yet: sanctum reboot --report";
        let table: [(Looked<Left>, &[&str]); 10] = [
            (both(None, None), &[]),
            (both(Some(before("two")), None), &[]),
            (both(Some(before("one")), None), &[untold]),
            (both(Some(before("one")), Some(reported("two", &[], &[]))), &[all_back]),
            (both(Some(before("one")), Some(reported("two", &["gone"], &["odd"]))), &[gone, odd]),
            (both(Some(before("one")), Some(reported("two", &["late"], &["late"]))), &[late]),
            // Somebody pulled the plug since.
            (both(Some(before("zero")), Some(reported("one", &["gone"], &[]))), &[]),
            // Asked for once more, after a report of an earlier one.
            (
                both(
                    Some(BeforeBoot { operation: "reboot-500".to_owned(), ..before("one") }),
                    Some(reported("one", &["gone"], &[])),
                ),
                &[untold],
            ),
            (Looked::Unknown("closed".to_owned()), &["reboot Unknown closed"]),
            (Looked::Off("a directory".to_owned()), &[]),
        ];
        for (left, expected) in table {
            let lines: Vec<String> = items(&left, &services)
                .into_iter()
                .map(|item| format!("{} {:?} {}", item.name, item.state, item.detail))
                .collect();
            assert_eq!(lines, expected, "{left:?}");
        }
    }
}
