//! Time: the house's zone, cron texts, and who runs what by the clock.

use super::services::{command, known_node, mobile, run_as};
use super::{Judged, Problem};
use crate::instance::model::Instance;
use crate::instance::shape::nearest;
use crate::jobs::cron::Cron;
use jiff::tz::TimeZoneDatabase;
use std::str::FromStr;

pub(super) fn judge(instance: &Instance, judged: &mut Judged) {
    zone(&instance.instance.timezone, judged);
    for (name, schedule) in &instance.schedules {
        let key = name.as_str();
        known_node(instance, ["schedules", key, "node"], &schedule.node, judged);
        mobile(instance, ["schedules", key, "node"], (name, &schedule.node), judged);
        run_as("schedules", name, schedule.run_as.as_ref(), judged);
        // Arguments of sanctum itself need no path; only a command of its own starts with `/`.
        command("schedules", name, &schedule.command, judged);
        cron(key, &schedule.cron, judged);
        if schedule.exit_timeout == Some(0) {
            let what = "`exit_timeout`".to_owned();
            judged.refuse(["schedules", key, "exit_timeout"], Problem::TooSmall { what, least: 1 });
        }
    }
}

/// Whether a zone is in the bundled database, letter for letter.
pub(crate) fn is_time_zone(zone: &str) -> bool {
    TimeZoneDatabase::bundled().available().any(|name| name.as_str() == zone)
}

fn zone(zone: &str, judged: &mut Judged) {
    // The database ignores case, and file names made from a zone do not.
    if !is_time_zone(zone) {
        let names: Vec<String> =
            TimeZoneDatabase::bundled().available().map(|name| name.as_str().to_owned()).collect();
        let near = nearest(zone, names.iter().map(String::as_str)).map(ToOwned::to_owned);
        judged.refuse(
            ["instance", "timezone"],
            Problem::TimeZone { zone: zone.escape_debug().to_string(), near },
        );
    }
}

fn cron(name: &str, cron: &str, judged: &mut Judged) {
    if let Err(error) = Cron::from_str(cron) {
        judged.refuse(["schedules", name, "cron"], Problem::Cron(error));
    }
}
