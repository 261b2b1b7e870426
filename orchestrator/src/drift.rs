//! Three-way drift: what is wanted, what we last wrote, and what is there.

use crate::plan::{Managed, Want};
use sanctum_host::{Observed, PathState};
use sanctum_types::AbsPath;
use serde::Serialize;

/// How a path or its unit differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drift {
    /// Wanted and never applied.
    Pending,
    /// As we last wrote it, but the instance now wants something else.
    Outdated,
    /// Somebody else changed it since we wrote it.
    ForeignEdit,
    /// We wrote it, and it is gone.
    Missing,
    /// The file is right, and what runs is something else or nothing.
    NotLoaded,
    /// We wrote it, and nothing wants it any more.
    Orphan,
    /// A service account that is wanted does not exist.
    NoAccount,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DriftLine {
    /// Where: a path, or an account.
    pub subject: String,
    /// How.
    pub drift: Drift,
}

/// Every difference, sorted by subject.
#[must_use]
pub fn drift(want: &Want, managed: &Managed, seen: &Observed) -> Vec<DriftLine> {
    let mut lines: Vec<DriftLine> = want
        .files
        .iter()
        .filter_map(|(path, file)| {
            let wanted = PathState::File(file.state.clone());
            let runs = file.unit.as_ref().is_none_or(|unit| {
                seen.loaded.get(unit).and_then(|ran| ran.blob) == Some(file.state.blob)
            });
            line(path, judge(&wanted, path, managed, seen, runs)?)
        })
        .chain(want.dirs.iter().filter_map(|(path, dir)| {
            let wanted = PathState::Dir(dir.state.clone());
            let there = seen.at(path);
            if !dir.exact && matches!(there, PathState::Dir(_)) {
                return None;
            }
            line(path, judge(&wanted, path, managed, seen, true)?)
        }))
        .chain(managed.paths.iter().filter_map(|(path, at)| {
            let wanted = want.files.contains_key(path) || want.dirs.contains_key(path);
            let file = !matches!(at.last, PathState::Dir(_));
            let unit = at.unit.as_ref();
            let runs_on =
                unit.is_some_and(|(unit, was)| was.is_none() && seen.loaded.contains_key(unit));
            let restored = seen.at(path) == at.original && !runs_on;
            (!wanted && file && !restored).then(|| line(path, Drift::Orphan)).flatten()
        }))
        .collect();
    lines.extend(
        want.accounts
            .difference(&seen.accounts)
            .map(|name| DriftLine { subject: format!("account:{name}"), drift: Drift::NoAccount }),
    );
    lines.sort_by(|a, b| a.subject.cmp(&b.subject));
    lines
}

fn line(path: &AbsPath, drift: Drift) -> Option<DriftLine> {
    Some(DriftLine { subject: path.to_string(), drift })
}

fn judge(
    wanted: &PathState,
    path: &AbsPath,
    managed: &Managed,
    seen: &Observed,
    runs: bool,
) -> Option<Drift> {
    let there = seen.at(path);
    if there == *wanted {
        return (!runs).then_some(Drift::NotLoaded);
    }
    Some(match managed.paths.get(path) {
        None => Drift::Pending,
        Some(at) if there == at.last => Drift::Outdated,
        Some(_) if there == PathState::Absent => Drift::Missing,
        Some(_) => Drift::ForeignEdit,
    })
}
