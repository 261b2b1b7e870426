//! `sanctum reboot --report`: what came back from a reboot and what did not, told once and kept for `sanctum status`.
//!
//! The boot job (`--boot`) gives services time, writes the report beside the record of before, and ends the reboot's
//! operation in the journal. A report only looks: what cannot be written is said, and is no reason to say nothing.

use super::{End, Means, RECORD, tell};
use crate::args::reboot::Reboot;
use crate::commands::up::{House, state_dir};
use crate::commands::{Context, services};
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::record::Recorder;
use crate::site::{HERE, Place};
use sanctum_host::clock::{self, Monotonic};
use sanctum_host::{boot, files};
use sanctum_orchestrator::house::layout;
use sanctum_orchestrator::status::reboot::Left;
use sanctum_orchestrator::supervise::reboot::{AfterBoot, BeforeBoot, Reported, after};
use sanctum_types::{Outcome, ServiceName};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The report, in the supervisor's state directory.
const REPORT: &str = "reboot-report.json";
/// A line a service.
const LIMIT: u64 = 4 * 1024 * 1024;
/// Less than the 300 s that systemd gives a unit of boot (render::systemd), with a last look that confirms.
pub(super) const COMES_BACK_WITHIN: Duration = Duration::from_secs(180);
/// Between two looks while services come up.
const POLL: Duration = Duration::from_secs(2);

/// What a reboot left behind at the place; none where nobody asked for one.
pub fn left(context: &Context) -> Result<Option<Left>, Failure> {
    // Only root reboots a machine, and its report is in root's place whoever asks.
    let state = match &context.common.root {
        None => PathBuf::from(layout::store(HERE)).join("up"),
        Some(_) => state_dir(context)?,
    };
    let before = read::<BeforeBoot>(&state.join(RECORD))?;
    let reported = read::<Reported>(&state.join(REPORT))?;
    if before.is_none() && reported.is_none() {
        return Ok(None);
    }
    Ok(Some(Left { boot: boot::id()?, before, reported }))
}

/// None where there is no such file, or one that another version wrote.
fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Failure> {
    let bytes = files::read_optional(path, LIMIT)?;
    let value = bytes.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    let value = value.filter(|value| value.get("format") == Some(&1.into()));
    Ok(value.and_then(|value| serde_json::from_value(value).ok()))
}

/// The journal that the reboot was told to, where this account may end it; without one the report is still made.
pub(super) fn recorder(context: &Context) -> Result<Option<Recorder>, Failure> {
    let place = Place::of(&context.common);
    let may = place != Place::Machine || context.around.euid == 0;
    if !may || !files::is_there(&state_dir(context)?.join(RECORD)) {
        return Ok(None);
    }
    Ok(Recorder::of_place(&place, &context.around)
        .map_err(|failure| context.out.warn(&failure.text()))
        .ok())
}

/// Compares, prints, writes and tells.
pub(super) fn run(
    context: &Context,
    house: &House,
    args: &Reboot,
    means: &Means<'_>,
) -> Result<Exit, Failure> {
    let Some(before) = read::<BeforeBoot>(&house.state.join(RECORD))? else {
        if args.boot {
            return Ok(nothing(context, "no reboot of sanctum's was recorded here"));
        }
        return Err(Failure::failed("no reboot of sanctum's was recorded here")
            .hint("sanctum reboot writes down what runs before it restarts"));
    };
    let kept = read::<Reported>(&house.state.join(REPORT))?;
    // One whose end is not in the journal, because that was full or this was killed before it, is told again.
    let was_told = kept.is_some_and(|kept| kept.ended && kept.operation == before.operation);
    if args.boot && was_told {
        return Ok(nothing(context, "the last reboot was told already"));
    }
    let boot = boot::id()?;
    if before.boot == boot {
        let same = "the machine was not restarted since the record was written";
        if args.boot {
            return Ok(nothing(context, same));
        }
        return Err(Failure::failed(same).with("recorded", before.at.0.into()));
    }
    let patience = if args.boot { means.patience } else { Duration::ZERO };
    let told = look(context, house, (&before, &boot), patience)?;
    if !was_told {
        let (operation, told) = (before.operation.clone(), told.clone());
        let mut report =
            Reported { format: 1, boot, at: clock::now(), operation, ended: false, told };
        keep(context, house, &report);
        report.ended = end(context, house, means, &report);
        if report.ended {
            keep(context, house, &report);
        }
    }
    print(context, &told)?;
    Ok(if told.missing.is_empty() || args.boot { Exit::Done } else { Exit::Differences })
}

fn nothing(context: &Context, why: &str) -> Exit {
    context.out.data(&serde_json::json!({ "format": 1, "report": null, "why": why }));
    context.out.line(Paint::Plain, why);
    Exit::Done
}

/// Looks until everything that was up is up again, or the time is over.
fn look(
    context: &Context,
    house: &House,
    (before, boot): (&BeforeBoot, &str),
    patience: Duration,
) -> Result<AfterBoot, Failure> {
    let start = Monotonic::now();
    loop {
        let rows = services::rows(context, house)?;
        let told = after(before, boot, &rows, clock::now())
            .ok_or_else(|| Failure::new(Exit::Bug, "this boot became the one before it"))?;
        if told.missing.is_empty() || start.elapsed() >= patience {
            return Ok(told);
        }
        context.out.progress(&format!("waiting for {}", names(told.missing.keys())));
        clock::sleep(POLL.min(patience.saturating_sub(start.elapsed())));
    }
}

fn names<'a>(all: impl Iterator<Item = &'a ServiceName>) -> String {
    all.map(ServiceName::as_str).collect::<Vec<_>>().join(", ")
}

fn keep(context: &Context, house: &House, report: &Reported) {
    let written = serde_json::to_vec_pretty(report)
        .map_err(Failure::from)
        .and_then(|bytes| Ok(files::write_private(&house.state.join(REPORT), &bytes)?));
    if let Err(failure) = written {
        context.out.warn(&format!("the report is not kept: {}", failure.text()));
    }
}

/// Ends the reboot's operation; whether the journal has that.
fn end(context: &Context, house: &House, means: &Means<'_>, report: &Reported) -> bool {
    let told = &report.told;
    let outcome = match (told.missing.is_empty(), told.unknown.is_empty()) {
        (false, _) => Outcome::Failed,
        (true, false) => Outcome::CouldNotCheck,
        (true, true) => Outcome::Ok,
    };
    let all = [
        ("missing", names(told.missing.keys())),
        ("unknown", names(told.unknown.iter())),
        ("came-back", told.came_back.len().to_string()),
    ];
    let details: BTreeMap<String, String> = all
        .into_iter()
        .filter(|(_, words)| !words.is_empty())
        .map(|(name, words)| (name.to_owned(), words))
        .collect();
    let ended = tell(means, house, &report.operation, (End::Finished(outcome), details));
    if let Err(failure) = &ended {
        context.out.warn(&format!("the report is not in the journal: {}", failure.text()));
    }
    ended.is_ok() && means.journal.is_some()
}

fn print(context: &Context, told: &AfterBoot) -> Result<(), Failure> {
    let mut data = serde_json::to_value(told)?;
    if let Some(map) = data.as_object_mut() {
        map.insert("format".to_owned(), 1.into());
    }
    context.out.data(&data);
    for name in &told.came_back {
        context.out.line(Paint::Good, &format!("{name:<20} came back"));
    }
    for (name, state) in &told.missing {
        let line = format!("{name:<20} did not come back: {state}");
        context.out.line(Paint::Bad, &line);
        context.out.line(Paint::Note, &format!("next: sanctum services why {name}"));
    }
    for name in &told.unknown {
        context.out.line(Paint::Note, &format!("{name:<20} could not be looked at"));
    }
    for (name, state) in &told.were_down {
        context.out.line(Paint::Plain, &format!("{name:<20} was not up before; now {state}"));
    }
    for name in &told.new {
        context.out.line(Paint::Plain, &format!("{name:<20} is new"));
    }
    Ok(())
}
