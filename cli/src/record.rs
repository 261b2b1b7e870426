//! What a verb changes is recorded before it is done, and not done when it cannot be recorded.
//!
//! Owns who acts, where the journal of a place is, and the pairing of a start with its end, also where the process that
//! began is dead. Going back to what is safe (a recovery, loading the rules at boot) is the exception: it happens with a
//! warning when the journal is full, because it must not depend on anything. Deliberately absent: what the verbs do.

mod begun;

use crate::commands::Context;
use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::site::{HERE, Place, Site};
use crate::surroundings::Surroundings;
use sanctum_host::journal::{self, JournalError, OneShot, Places, StreamName};
use sanctum_host::{RootHost, Store, files};
use sanctum_orchestrator::house::layout;
use sanctum_orchestrator::jobs::account;
use sanctum_types::{
    AbsPath, Action, Actor, AuditEvent, AuditSink, OperationId, Outcome, Phase, ServiceName,
    Severity,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The stream of every one-shot verb of a place.
const STREAM: &str = "sanctum";
/// The store's file with the second place that was declared last.
const SECOND: &str = "journal.json";

#[derive(Serialize, Deserialize)]
struct Remembered {
    format: u32,
    second_place: AbsPath,
}

/// More identifiers and kinds of an operation, for its end.
pub type Notes = BTreeMap<String, String>;

/// What is recorded of an operation.
pub struct Deed<'a> {
    /// `part.verb`.
    pub action: &'a str,
    /// What it is about.
    pub subject: &'a str,
    /// What is known before it begins.
    pub notes: Notes,
    /// Whether it leads back to what is safe, so that it is done even when it cannot be recorded.
    pub anyway: bool,
}

impl<'a> Deed<'a> {
    /// A deed that is not done unrecorded.
    #[must_use]
    pub fn new(action: &'a str, subject: &'a str) -> Self {
        Self { action, subject, notes: Notes::new(), anyway: false }
    }

    /// With one more detail.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.notes.insert(name.to_owned(), value.to_string());
        self
    }

    /// The way back to what is safe.
    #[must_use]
    pub fn anyway(mut self) -> Self {
        self.anyway = true;
        self
    }
}

/// Where the store's second place is: none means inside the store.
pub fn second_place(place: &Place, store: &Store) -> Result<Option<PathBuf>, Failure> {
    if *place != Place::Machine {
        return Ok(None);
    }
    let remembered = store.read_file(SECOND)?;
    let remembered = remembered.and_then(|bytes| serde_json::from_slice::<Remembered>(&bytes).ok());
    Ok(Some(remembered.map_or_else(
        || PathBuf::from(layout::witness(HERE)),
        |known| PathBuf::from(known.second_place.as_str()),
    )))
}

/// The directory of what the owner's programs remember.
pub fn state_of_owner(around: &Surroundings) -> Result<PathBuf, Failure> {
    let home = around.home().ok_or_else(|| {
        Failure::new(Exit::Usage, "there is no home directory to keep anything in")
    })?;
    Ok(home.join(".sanctum").join("state"))
}

/// The streams of the owner, who is not root, and their second place.
#[must_use]
pub fn of_owner(home: &Path) -> (PathBuf, PathBuf) {
    let base = home.join(".sanctum");
    (base.join("state").join("journal"), base.join("witness"))
}

/// An open stream and who acts.
pub struct Recorder {
    stream: OneShot,
    actor: Actor,
}

impl Recorder {
    /// The journal of a node that a verb changes.
    pub fn of_site(site: &Site, around: &Surroundings) -> Result<Self, Failure> {
        let store =
            site.store().ok_or_else(|| Failure::failed("there is no store to record in"))?;
        Self::of_store(store, &site.place, site.second_place.as_ref(), around)
    }

    /// The journal in a store; a second place that is declared is remembered.
    pub fn of_store(
        store: &Store,
        place: &Place,
        declared: Option<&AbsPath>,
        around: &Surroundings,
    ) -> Result<Self, Failure> {
        let declared = declared.filter(|_| *place == Place::Machine);
        let known = second_place(place, store)?;
        let wanted = declared.map(|path| PathBuf::from(path.as_str()));
        let second = wanted.clone().or_else(|| known.clone());
        let recorder = Self::open(Places::of(store, second.as_deref()), around, (&known, &second))?;
        if let Some(path) = declared.filter(|_| wanted != known) {
            let remembered = Remembered { format: 1, second_place: path.clone() };
            store.write_file(SECOND, &serde_json::to_vec(&remembered)?)?;
        }
        Ok(recorder)
    }

    /// The journal of what this account changes outside any node: root's store, or the owner's home.
    pub fn of_account(around: &Surroundings) -> Result<Self, Failure> {
        if around.euid == 0 {
            let store = Store::open(Path::new(layout::store(HERE)))?;
            return Self::of_store(&store, &Place::Machine, None, around);
        }
        let home = around.home().ok_or_else(|| {
            Failure::new(Exit::Usage, "there is no home directory to keep the journal in")
        })?;
        let (streams, second) = of_owner(home);
        Self::at(&streams, &second, around)
    }

    /// The journal of what changes no node: this account's, or that of a directory that stands for a machine.
    pub fn of_place(place: &Place, around: &Surroundings) -> Result<Self, Failure> {
        match place {
            Place::Machine => Self::of_account(around),
            Place::Root(dir) => {
                files::make_dir(dir)?;
                let store = RootHost::open(dir, layout::root_owner(HERE))?.store()?;
                Self::of_store(&store, place, None, around)
            }
        }
    }

    /// The journal in two directories.
    pub fn at(streams: &Path, second: &Path, around: &Surroundings) -> Result<Self, Failure> {
        let shown = Some(second.to_path_buf());
        Self::open(Places::at(streams, second), around, (&shown, &shown))
    }

    fn open(
        places: Result<Places, JournalError>,
        around: &Surroundings,
        (known, wanted): (&Option<PathBuf>, &Option<PathBuf>),
    ) -> Result<Self, Failure> {
        let opened = StreamName::new(STREAM)
            .and_then(|name| places.and_then(|places| OneShot::open(places, name)));
        let stream = opened.map_err(|error| match (&error, known, wanted) {
            (JournalError::Unwitnessed { .. }, Some(known), Some(wanted)) if known != wanted => {
                Failure::refused(error).hint(format!(
                    "move what the second place holds: cp -a {}/. {}/",
                    known.display(),
                    wanted.display()
                ))
            }
            _ => unrecorded(error),
        })?;
        Ok(Self { stream, actor: actor(around)? })
    }

    /// Where events of this process go.
    #[must_use]
    pub fn sink(&self) -> &dyn AuditSink {
        &self.stream
    }

    /// Who acts.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The journal of what a job does that is not root's: in its own state, as `sanctum job` records there.
    pub fn of_job(job: &str, around: &Surroundings) -> Result<Self, Failure> {
        let dir = PathBuf::from(account::state_dir(HERE, &ServiceName::new(job)?)?.as_str());
        let own = Self::at(&dir.join("journal"), &dir.join("witness"), around)?;
        own.acting(&format!("job:{job}"))
    }

    /// The second place knows what was recorded so far, and nobody can change it any more.
    pub fn seal(&self) -> Result<(), Failure> {
        self.stream.seal().map_err(unrecorded)
    }

    /// As that actor.
    pub fn acting(mut self, actor: &str) -> Result<Self, Failure> {
        self.actor = Actor::new(actor)?;
        Ok(self)
    }

    fn start(&self, deed: &Deed<'_>, id: &OperationId) -> Result<(), Failure> {
        let phase = Phase::Started(id.clone());
        let event =
            self.event(deed, phase, (Outcome::Pending, Severity::Info), deed.notes.clone())?;
        self.stream.record(&event).map_err(unrecorded)
    }

    /// What was done cannot be undone because its end is not recorded: a start without an end is a finding itself.
    fn end<T>(
        &self,
        out: Out,
        deed: &Deed<'_>,
        (id, mut notes): (OperationId, Notes),
        done: &Result<T, Failure>,
    ) -> bool {
        if let Err(failure) = done {
            notes.insert("exit".to_owned(), failure.exit.code().to_string());
        }
        let how = match done {
            Ok(_) => (Outcome::Ok, Severity::Info),
            Err(failure) => match failure.exit {
                Exit::Refused | Exit::Usage => (Outcome::Refused, Severity::Warn),
                Exit::Incomplete | Exit::Bug => (Outcome::Failed, Severity::Critical),
                _ => (Outcome::Failed, Severity::Error),
            },
        };
        let recorded = self
            .event(deed, Phase::Finished(id), how, notes)
            .and_then(|event| self.stream.record(&event).map_err(unrecorded));
        let stands = recorded.is_ok();
        if let Err(failure) = recorded.and_then(|()| self.seal()) {
            let action = deed.action;
            out.warn(&format!(
                "the end of {action} is not in the journal, or not witnessed: {}",
                failure.text()
            ));
        }
        stands
    }

    /// Ends what a dead process began, in the name of the operation that leaves nothing of it half-done; whether that is
    /// recorded.
    fn end_dead(
        &self,
        (id, start): (&OperationId, &AuditEvent),
        (by, recovery): (&str, &OperationId),
        notes: &Notes,
    ) -> bool {
        let receipts = notes.iter().filter(|(name, _)| name.starts_with("receipt"));
        let mut details: Notes = receipts.map(|(name, of)| (name.clone(), of.clone())).collect();
        details.insert("ended-by".to_owned(), by.to_owned());
        details.insert("recovery".to_owned(), recovery.to_string());
        let event = AuditEvent {
            actor: self.actor.clone(),
            phase: Phase::Finished(id.clone()),
            outcome: Outcome::Failed,
            severity: Severity::Error,
            details,
            ..start.clone()
        };
        self.stream.record(&event).is_ok()
    }

    fn event(
        &self,
        deed: &Deed<'_>,
        phase: Phase,
        (outcome, severity): (Outcome, Severity),
        notes: Notes,
    ) -> Result<AuditEvent, Failure> {
        let clean = |text: &str| sanctum_firewall::redact(text).text;
        Ok(AuditEvent {
            actor: self.actor.clone(),
            action: Action::new(deed.action)?,
            subject: clean(deed.subject),
            phase,
            outcome,
            severity,
            details: notes.into_iter().map(|(name, value)| (name, clean(&value))).collect(),
        })
    }
}

/// Records the start, does it, records how it ended. A deed that is not recorded is not done.
pub fn during<T>(
    context: &Context,
    recorder: Result<Recorder, Failure>,
    deed: &Deed<'_>,
    act: impl FnOnce(&mut Notes) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let id = journal::operation()?;
    let recorder = begin(context, recorder, deed, &id)?;
    let mut notes = deed.notes.clone();
    let done = act(&mut notes);
    if let Some(recorder) = recorder {
        recorder.end(context.out, deed, (id, notes), &done);
    }
    done
}

/// The same for what changes a node, whose store this process has locked. When it does well, nothing is half-done any
/// more, so it also ends what dead processes began there.
pub fn changing<T>(
    context: &Context,
    site: &mut Site,
    deed: &Deed<'_>,
    recorder: Result<Recorder, Failure>,
    act: impl FnOnce(&mut Site, &mut Notes) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let id = journal::operation()?;
    let named = recorder.and_then(|recorder| {
        let dead = site.store().map_or_else(|| Ok(BTreeMap::new()), begun::dead)?;
        name(site, dead.keys().chain([&id]))?;
        Ok((recorder, dead))
    });
    let (recorder, mut dead) = match named {
        Ok((recorder, dead)) => (Ok(recorder), dead),
        Err(failure) => (Err(failure), BTreeMap::new()),
    };
    let recorder = begin(context, recorder, deed, &id)?;
    let mut notes = deed.notes.clone();
    let done = act(site, &mut notes);
    let Some(recorder) = recorder else { return done };
    if done.is_ok() {
        dead.retain(|name, start| !recorder.end_dead((name, start), (deed.action, &id), &notes));
    }
    let ended = recorder.end(context.out, deed, (id.clone(), notes), &done);
    let own = (!ended).then_some(&id);
    // A name that stays although its operation ended is nothing to whoever reads it.
    let _ = name(site, dead.keys().chain(own));
    done
}

/// Whether a process died at the store, by who has its lock: in the middle of its work, or before its end was sealed. A
/// journal that cannot be read keeps nothing from being taken back.
pub fn has_died(site: &Site) -> bool {
    site.store().is_some_and(|store| begun::named(store).is_ok_and(|named| !named.is_empty()))
}

fn name<'a>(site: &Site, all: impl Iterator<Item = &'a OperationId>) -> Result<(), Failure> {
    let all = all.cloned().collect();
    site.store().map_or(Ok(()), |store| begun::name(store, all))
}

/// The start is recorded, or it is said that it is not where that keeps nothing from being done.
fn begin(
    context: &Context,
    recorder: Result<Recorder, Failure>,
    deed: &Deed<'_>,
    id: &OperationId,
) -> Result<Option<Recorder>, Failure> {
    let ready = recorder.and_then(|recorder| recorder.start(deed, id).map(|()| recorder));
    match ready {
        Ok(recorder) => Ok(Some(recorder)),
        Err(failure) if deed.anyway => {
            context.out.warn(&format!("{} goes on unrecorded: {}", deed.action, failure.text()));
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

/// Who started this process, as far as the system vouches for it.
fn actor(around: &Surroundings) -> Result<Actor, Failure> {
    let uid = match &around.sudo_uid {
        Some(uid) if uid.bytes().all(|byte| byte.is_ascii_digit()) && !uid.is_empty() => {
            uid.clone()
        }
        _ => around.euid.to_string(),
    };
    Ok(Actor::new(format!("uid:{uid}"))?)
}

fn unrecorded(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::failed(error)
        .hint("what cannot be recorded is not done; look at the journal: sanctum audit verify")
        .hint("a full disk is the usual reason: free some space and try again")
}
