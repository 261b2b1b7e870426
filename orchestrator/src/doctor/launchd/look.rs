//! The observations of launchd: files in its three directories, jobs in its domains, and what those files name.
//!
//! The system's own jobs (`/System/Library`, labels of Apple) are not looked at: they are nobody's to change.

use super::file::{Place, PlistFile};
use super::print::{self, LoadedJob};
use crate::doctor::eyes::{Eyes, There, nothing_runs};
use crate::doctor::looked::{Many, Seen};
use crate::house::layout;
use crate::instance::model::Os;
use sanctum_types::{AbsPath, CouldNotCheck};
use std::collections::{BTreeMap, BTreeSet};

/// A property list is a page; one of a mebibyte is none.
const PLIST_LIMIT: u64 = 1024 * 1024;
/// Long enough for every script that a house runs; a binary's first bytes say that it is one.
const HEAD: u64 = 256 * 1024;
/// What `launchctl print` ends with when there is no such job or domain.
const NOT_FOUND: [i32; 2] = [113, 112];

/// Whether launchd was told that a job is disabled, by domain and label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides(pub BTreeMap<(String, String), bool>);

/// What the system's own reader says of each property list; empty where there is none, which is one voice of three.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlistTool(pub BTreeMap<AbsPath, Result<(), String>>);

/// Names in launchd's directories that hold a job of the house and do not end in `.plist`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aside {
    /// How many names were looked at.
    pub looked_at: usize,
    /// Those that are set aside.
    pub paths: Vec<AbsPath>,
}

/// What is at the absolute paths that property lists name.
#[derive(Clone, Debug, Default)]
pub struct Named(pub BTreeMap<AbsPath, NamedPath>);

/// What is at one of them.
#[derive(Clone, Debug)]
pub struct NamedPath {
    /// What the path leads to; none when nothing is there.
    pub there: Seen<Option<There>>,
    /// The first bytes where it is a file of a command; none where nobody asked or nothing is there.
    pub head: Seen<Option<Vec<u8>>>,
    /// The directory that it is in, where that is there.
    pub parent: Seen<Option<There>>,
}

impl Overrides {
    /// What launchd was told of a label, domain by domain: whether it is disabled.
    #[must_use]
    pub fn of(&self, label: &str) -> Vec<bool> {
        self.0.iter().filter(|((_, of), _)| of == label).map(|(_, is)| *is).collect()
    }
}

impl Named {
    /// What is at a path that a property list names; none for what is not an absolute path.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&NamedPath> {
        self.0.get(&AbsPath::new(path).ok()?)
    }
}

/// Property lists in the three directories.
pub fn plists(eyes: &Eyes<'_>) -> Seen<Many<PlistFile>> {
    eyes.plists().cloned()
}

pub(in crate::doctor) fn read_plists(eyes: &Eyes<'_>) -> Seen<Many<PlistFile>> {
    let mut files = Vec::new();
    if eyes.ground.facts.os == Os::Macos {
        for (dir, place) in directories(eyes)? {
            // One directory that may not be looked at does not hide what is in the others.
            match eyes.list(&dir) {
                Err(unseen) => files.push(Err(unseen)),
                Ok(names) => {
                    let names = names.unwrap_or_default();
                    let plists = names.iter().filter(|name| name.ends_with(".plist"));
                    files.extend(plists.map(|name| plist(eyes, &dir, name, place)));
                }
            }
        }
    }
    Ok(Many::collect(files.into_iter().filter_map(Seen::transpose)))
}

fn directories(eyes: &Eyes<'_>) -> Seen<Vec<(AbsPath, Place)>> {
    let path = |text: &str| AbsPath::new(text).map_err(|error| bad_path(text, &error));
    let mut all = vec![
        (path(layout::LAUNCH_DAEMONS)?, Place::Daemons),
        (path(layout::LAUNCH_AGENTS)?, Place::Agents),
    ];
    if let Some(home) = &eyes.ground.owner_home {
        all.push((path(&format!("{home}/Library/LaunchAgents"))?, Place::OwnersAgents));
    }
    Ok(all)
}

fn plist(eyes: &Eyes<'_>, dir: &AbsPath, name: &str, place: Place) -> Seen<Option<PlistFile>> {
    let path = dir.join(name).map_err(|error| bad_path(name, &error))?;
    // Between the list and the look it may have gone, which is an answer.
    let (Some(there), Some(bytes)) = (eyes.at(&path)?, eyes.head(&path, PLIST_LIMIT)?) else {
        return Ok(None);
    };
    let (mode, uid) = (there.mode, there.uid);
    Ok(Some(PlistFile { mode, uid, ..PlistFile::new(path, place, bytes) }))
}

fn bad_path(text: &str, error: &dyn std::error::Error) -> CouldNotCheck {
    crate::doctor::looked::unseen(&text.escape_debug(), error)
}

/// The domains of a Mac that the house has jobs in.
fn domains(eyes: &Eyes<'_>) -> Vec<String> {
    let gui = eyes.ground.owner_uid.map(|uid| format!("gui/{uid}"));
    std::iter::once("system".to_owned()).chain(gui).collect()
}

/// Jobs that launchd holds, but for the system's own.
pub fn loaded(eyes: &Eyes<'_>) -> Seen<Many<LoadedJob>> {
    if eyes.ground.facts.os != Os::Macos {
        return Ok(Many::default());
    }
    if !eyes.is_machine() {
        return Err(nothing_runs("loaded jobs"));
    }
    let on_disk: BTreeSet<String> =
        eyes.plists()?.iter().map(|file| file.label().to_owned()).collect();
    let mut jobs = Vec::new();
    for domain in domains(eyes) {
        let Some(text) = printed(eyes, &domain)? else { continue };
        let theirs = |label: &String| label.starts_with("com.apple.") || label.contains('[');
        let mut labels = print::labels(&text);
        labels.retain(|label| !theirs(label));
        labels.extend(on_disk.iter().cloned());
        for label in labels {
            jobs.push(one(eyes, &domain, &label));
        }
    }
    Ok(Many::collect(jobs.into_iter().filter_map(Seen::transpose)))
}

fn one(eyes: &Eyes<'_>, domain: &str, label: &str) -> Seen<Option<LoadedJob>> {
    let service = format!("{domain}/{label}");
    let Some(text) = printed(eyes, &service)? else { return Ok(None) };
    let job = print::job(domain, label, &text).ok_or_else(|| not_understood(&service))?;
    Ok(Some(job))
}

/// What launchctl prints of a domain or a job; none when there is none.
fn printed(eyes: &Eyes<'_>, service: &str) -> Seen<Option<String>> {
    let output = eyes.ask(service, "launchctl", &["print", service])?;
    match output.status.code() {
        Some(0) => Ok(Some(output.text())),
        Some(code) if NOT_FOUND.contains(&code) => Ok(None),
        _ => Err(crate::doctor::looked::unseen(service, &output.failure())),
    }
}

fn not_understood(subject: &str) -> CouldNotCheck {
    CouldNotCheck {
        subject: subject.to_owned(),
        cause: "the answer of launchctl is not understood".to_owned(),
    }
}

/// `launchctl print-disabled` of each domain.
pub fn overrides(eyes: &Eyes<'_>) -> Seen<Overrides> {
    let mut all = Overrides::default();
    if eyes.ground.facts.os != Os::Macos {
        return Ok(all);
    }
    for domain in domains(eyes) {
        let text = eyes.says(&domain, "launchctl", &["print-disabled", &domain])?;
        let found = print::overrides(&text).ok_or_else(|| not_understood(&domain))?;
        all.0.extend(found.into_iter().map(|(label, is)| ((domain.clone(), label), is)));
    }
    Ok(all)
}

/// `plutil -lint` of each property list, or libplist's reader where that is what is here.
pub fn plist_tool(eyes: &Eyes<'_>) -> Seen<PlistTool> {
    const TOOLS: [(&str, &[&str]); 2] = [("plutil", &["-lint", "-"]), ("plistutil", &["-i", "-"])];
    let mut all = BTreeMap::new();
    for file in eyes.plists()? {
        for (program, args) in TOOLS {
            let Some(said) = eyes.read_by(&file.path, program, args, &file.bytes)? else {
                continue;
            };
            let text = [said.stdout.as_slice(), said.stderr.as_slice()].concat();
            let text = String::from_utf8_lossy(&text);
            let first = text.lines().next().unwrap_or("it cannot read it").to_owned();
            all.insert(file.path.clone(), if said.status.success() { Ok(()) } else { Err(first) });
            break;
        }
    }
    Ok(PlistTool(all))
}

/// Names beside the property lists.
pub fn aside(eyes: &Eyes<'_>) -> Seen<Aside> {
    let mut all = Aside::default();
    if eyes.ground.facts.os != Os::Macos {
        return Ok(all);
    }
    for (dir, _) in directories(eyes)? {
        for name in eyes.list(&dir)?.unwrap_or_default() {
            all.looked_at += 1;
            if name.contains(super::OURS) && name.contains(".plist") && !name.ends_with(".plist") {
                all.paths.extend(dir.join(&name).ok());
            }
        }
    }
    Ok(all)
}

/// What is at every absolute path that a property list names.
pub fn named(eyes: &Eyes<'_>) -> Seen<Named> {
    let mut all = BTreeMap::new();
    for file in eyes.plists()? {
        let commands: BTreeSet<&str> = file.command().into_iter().collect();
        for text in file.places() {
            let Ok(path) = AbsPath::new(text) else { continue };
            let is_command = commands.contains(text);
            all.entry(path.clone()).or_insert_with(|| look(eyes, &path, is_command));
        }
    }
    Ok(Named(all))
}

fn look(eyes: &Eyes<'_>, path: &AbsPath, is_command: bool) -> NamedPath {
    let there = match eyes.at(path) {
        Ok(None) if is_command && !eyes.is_machine() => Err(not_installed(path)),
        there => there,
    };
    let head = match &there {
        Err(unseen) => Err(unseen.clone()),
        Ok(Some(there)) if is_command && there.is_file => eyes.head(path, HEAD),
        Ok(_) => Ok(None),
    };
    let parent = path.parent().map_or(Ok(None), |parent| eyes.at(&parent));
    NamedPath { there, head, parent }
}

/// A directory that stands for a machine holds what the house renders, and nobody installs programs there.
fn not_installed(path: &AbsPath) -> CouldNotCheck {
    CouldNotCheck {
        subject: path.to_string(),
        cause: "below --root programs are not installed".to_owned(),
    }
}
