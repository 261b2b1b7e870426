//! `launchd/calendar-minute`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/calendar-minute",
    severity: Severity::Error,
    on: On::Macos,
    title: "every calendar entry says its minute, and its hour where it says a day",
    why: "A field that is missing in StartCalendarInterval means every value, not zero. `Hour` 3 without \
          `Minute` runs sixty times between three and four; an empty entry runs every minute of the year.",
    fix: Fix::Edit("add Minute (and Hour) to the entry; then bootout and bootstrap the job"),
    needs: &[Need::Plists],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let plists = looked.plists()?;
    let mut answer = Answer::of(plists);
    for file in plists {
        let Some(calendar) = file.get("StartCalendarInterval") else { continue };
        let entries = calendar.as_array().map_or(std::slice::from_ref(calendar), Vec::as_slice);
        if entries.is_empty() {
            answer.add(&file.path, "its calendar is empty");
        }
        for entry in entries.iter().filter_map(plist::Value::as_dictionary) {
            let has = |key: &str| entry.contains_key(key);
            if !has("Minute") {
                answer.add(&file.path, "an entry without Minute: every minute");
            } else if !has("Hour") && ["Day", "Weekday", "Month"].into_iter().any(has) {
                answer.add(&file.path, "an entry with a day and without Hour: every hour");
            }
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_daemon(
        "scan",
        "<key>StartCalendarInterval</key><dict><key>Minute</key><integer>0</integer></dict>",
    )
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_daemon(
        "scan",
        "<key>StartCalendarInterval</key><dict><key>Hour</key><integer>3</integer></dict>",
    )
}
