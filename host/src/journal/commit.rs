//! What the writer of a stream does under the stream's lock: catch up, write a group, sync it, seal.
//!
//! The order is the crash protocol (`docs/formats/journal.md`): a line counts once it is whole in the file; a seal is
//! in the file before the new key is in the state; the state is replaced before the checkpoint is written. Whatever
//! is missing after a crash follows from what is there. Deliberately absent: threads.

use super::chain::{self, Chain, Files, Stop, file_name, file_number, walk};
use super::line::{Stamp, hex, write_covered, write_tag};
use super::place::{Places, make_private, path};
use super::verify::FaultKind;
use super::witness;
use super::{FILE, JournalError, Limits, SEAL, StreamName, TORN, line, state};
use crate::clock::{self, Monotonic};
use crate::{Blobs, boot};
use ed25519_dalek::SigningKey;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use sanctum_types::{Action, Actor, AuditEvent, Outcome, Phase, Severity};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const LOCK_NAP: Duration = Duration::from_millis(1);

/// One event that waits to be written.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) body: Vec<u8>,
    pub(crate) pid: u32,
}

/// The only one that writes to a stream in this process.
pub(crate) struct Core {
    places: Places,
    stream: StreamName,
    limits: Limits,
    boot: String,
    lock: Arc<File>,
    /// The file that the chain stands in.
    file: Option<(u32, Arc<File>)>,
    chain: Chain,
    signing: SigningKey,
    sealed_at: Monotonic,
    /// Lines were written that no sync followed yet.
    dirty: bool,
    /// What was written cannot be told any more.
    stopped: bool,
    syncs: Arc<Syncs>,
    buffer: Vec<u8>,
}

/// The syncs of a stream, one after another: the kernel tells a failure to one of those who ask through the same open file, and all have to know.
#[derive(Debug, Default)]
struct Syncs {
    one: Mutex<()>,
    /// Whether one failed: the kernel may have dropped the pages, and nothing that was answered can be believed.
    failed: AtomicBool,
}

impl Syncs {
    fn sync(&self, file: &File) -> io::Result<()> {
        let _one = self.one.lock().unwrap_or_else(PoisonError::into_inner);
        if self.failed.load(Ordering::SeqCst) {
            return Err(io::Error::other("a sync before this one failed"));
        }
        let done = file.sync_data();
        if done.is_err() {
            self.failed.store(true, Ordering::SeqCst);
        }
        done
    }
}

/// Lines that were written and wait for their sync, which needs nobody to wait.
pub(crate) struct Unsynced {
    file: Arc<File>,
    syncs: Arc<Syncs>,
}

impl Unsynced {
    /// Makes them durable; where that fails, the core is stopped.
    pub(crate) fn sync(self) {
        let _ = self.syncs.sync(&self.file);
    }
}

/// The lock of a stream, given back when dropped.
struct Held<'a>(&'a File);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // Closing the file would give it back as well.
        let _ = flock(self.0, FlockOperation::Unlock);
    }
}

fn held<'a>(lock: &'a File, shown: &str, patience: Duration) -> Result<Held<'a>, JournalError> {
    let begun = Monotonic::now();
    loop {
        match flock(lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Held(lock)),
            Err(Errno::INTR) => {}
            Err(Errno::WOULDBLOCK) if begun.elapsed() < patience => clock::sleep(LOCK_NAP),
            Err(Errno::WOULDBLOCK) => return Err(JournalError::Busy { path: shown.to_owned() }),
            Err(errno) => {
                let (path, source) = (shown.to_owned(), errno.into());
                return Err(JournalError::Io { verb: "lock", path, source });
            }
        }
    }
}

/// The files of one stream, whole.
struct Whole<'a>(&'a Places, &'a StreamName);

impl Files for Whole<'_> {
    fn open(&self, number: u32) -> Result<Option<(File, u64)>, JournalError> {
        let path = path(&[self.1.as_str(), &file_name(number)])?;
        let Some(file) = self.0.streams.open_read(&path)? else { return Ok(None) };
        let len = file.metadata().map_err(|source| JournalError::Io {
            verb: "look at",
            path: self.0.streams.shown(&path),
            source,
        })?;
        Ok(Some((file, len.len())))
    }

    fn shown(&self, number: u32) -> String {
        format!("{}/{}/{}", self.0.streams.shown_root(), self.1, file_name(number))
    }
}

impl Core {
    /// Opens a stream, makes it when it is not there, and mends what a killed writer left.
    pub(crate) fn open(
        places: Places,
        stream: StreamName,
        limits: Limits,
    ) -> Result<Self, JournalError> {
        make_private(&places.streams, &path(&[stream.as_str()])?)?;
        let lock = Arc::new(places.streams.open_private(&path(&[stream.as_str(), "lock"])?)?);
        let boot = boot::id()?;
        let this = {
            let shown = format!("{}/{stream}/lock", places.streams.shown_root());
            let _held = held(&lock, &shown, limits.patience)?;
            let state = match state::load(&places.streams, &stream)? {
                Some(state) => state,
                None => begin(&places, &stream)?,
            };
            known_to_second(&places, &state)?;
            let (sealed_at, file, buffer) = (Monotonic::now(), None, Vec::new());
            let state::State { chain, signing } = state;
            let lock = Arc::clone(&lock);
            let (dirty, stopped) = (false, false);
            let mut this = Self {
                places,
                stream,
                limits,
                boot,
                lock,
                file,
                chain,
                signing,
                sealed_at,
                dirty,
                stopped,
                syncs: Arc::default(),
                buffer,
            };
            this.catch_up()?;
            this.refuse_the_past()?;
            this.start_file()?;
            this.witness_what_is_missing()?;
            this
        };
        Ok(this)
    }

    /// Writes a group and syncs it when asked to; gives the first one's sequence number. None of a group that fails
    /// is in the stream.
    pub(crate) fn commit(&mut self, group: &[Draft], sync: bool) -> Result<u64, JournalError> {
        if self.is_stopped() {
            return Err(JournalError::Stopped);
        }
        let lock = Arc::clone(&self.lock);
        let _held = held(&lock, &self.shown("lock"), self.limits.patience)?;
        self.catch_up()?;
        self.start_file()?;
        let first = self.chain.at.seq + 1;
        self.write(group, sync)?;
        Ok(first)
    }

    /// Makes durable what was only written.
    pub(crate) fn sync(&mut self) -> Result<(), JournalError> {
        if !self.dirty {
            return Ok(());
        }
        let shown = self.shown_file();
        let Some((_, file)) = &self.file else { return Ok(()) };
        if let Err(source) = self.syncs.sync(file) {
            return Err(JournalError::Io { verb: "sync", path: shown, source });
        }
        self.dirty = false;
        Ok(())
    }

    /// The same for somebody else to do, while this one writes on.
    pub(crate) fn unsynced(&mut self) -> Option<Unsynced> {
        let (_, file) = self.file.as_ref().filter(|_| self.dirty)?;
        let unsynced = Unsynced { file: Arc::clone(file), syncs: Arc::clone(&self.syncs) };
        self.dirty = false;
        Some(unsynced)
    }

    /// Whether lines were written that no sync followed yet, nor is under way for.
    pub(crate) const fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Whether nothing can be written any more.
    fn is_stopped(&self) -> bool {
        self.stopped || self.syncs.failed.load(Ordering::SeqCst)
    }

    /// Whether enough lines or time lie behind the last seal.
    pub(crate) fn seal_is_due(&self) -> bool {
        let lines = self.chain.at.seq - self.chain.sealed.seq;
        let old = lines > 0 && self.sealed_at.elapsed() >= self.limits.seal_after;
        !self.is_stopped()
            && (old
                || lines >= self.limits.seal_lines
                || self.chain.at.offset >= self.limits.file_bytes)
    }

    /// Ends the epoch: seal, new key, checkpoint. Nothing happens when no line came since the last.
    pub(crate) fn seal(&mut self) -> Result<(), JournalError> {
        if self.is_stopped() {
            return Err(JournalError::Stopped);
        }
        // One that fails is tried again when the next is due, not at every group.
        self.sealed_at = Monotonic::now();
        let lock = Arc::clone(&self.lock);
        let _held = held(&lock, &self.shown("lock"), self.limits.patience)?;
        self.catch_up()?;
        if self.chain.at.seq == self.chain.sealed.seq {
            return Ok(());
        }
        self.start_file()?;
        let mut details = BTreeMap::from([("epoch".to_owned(), self.chain.at.epoch.to_string())]);
        if self.chain.at.offset >= self.limits.file_bytes {
            let next = self.chain.at.file + 1;
            details.insert("next".to_owned(), next.to_string());
        }
        let draft = self.own(SEAL, (Outcome::Ok, Severity::Info), details)?;
        self.write_own(draft)?;
        state::save(&self.places.streams, &self.chain, &self.signing)?;
        if self.chain.at.offset == 0 {
            self.start_file()?;
        }
        witness::checkpoint(self.places.second()?, &self.chain, &self.signing)
    }

    /// Lines of other processes since ours; what a killed one left unfinished is set aside and told of.
    fn catch_up(&mut self) -> Result<(), JournalError> {
        if let Some((number, file)) = &self.file {
            let meta = file.metadata().map_err(|source| self.io("look at", source))?;
            if meta.nlink() == 0 {
                let detail = "it was removed while it was written to";
                return Err(JournalError::Damaged { path: self.shown_file(), detail });
            }
            if *number == self.chain.at.file && meta.len() == self.chain.at.offset {
                return Ok(());
            }
        }
        let files = Whole(&self.places, &self.stream);
        let stop = walk(&files, &mut self.chain, &mut |_, _, _| {})?;
        match stop {
            None => Ok(()),
            Some(Stop { kind: FaultKind::MissingFile, .. }) => {
                Err(JournalError::Damaged { path: self.shown_file(), detail: "it is gone" })
            }
            Some(Stop { kind: FaultKind::Shortened, .. }) => {
                let detail = "lines that were written are gone";
                Err(JournalError::Damaged { path: self.shown_file(), detail })
            }
            Some(stop) => self.set_aside(&stop.kind),
        }
    }

    /// Keeps a tail that is not ours to continue in a file of its own, and says so in its place.
    fn set_aside(&mut self, kind: &FaultKind) -> Result<(), JournalError> {
        let shown = self.shown_file();
        let io = |verb, source| JournalError::Io { verb, path: shown.clone(), source };
        let file = self.data_file()?.try_clone().map_err(|source| io("open", source))?;
        let len = file.metadata().map_err(|source| io("look at", source))?.len();
        let offset = self.chain.at.offset;
        let bytes = chain::tail(&file, offset, len).map_err(|source| io("read", source))?;
        let kept = self.keep_aside(&bytes)?;
        let severity = match kind {
            FaultKind::Torn => Severity::Warn,
            _ => Severity::Critical,
        };
        let details = BTreeMap::from([
            ("bytes".to_owned(), bytes.len().to_string()),
            ("digest".to_owned(), Blobs::digest(&bytes).to_string()),
            ("kept".to_owned(), kept),
        ]);
        // In the place of a header nothing but a header can stand.
        if offset == 0 {
            file.set_len(0).map_err(|source| io("cut", source))?;
            self.start_file()?;
        }
        let draft = self.own(TORN, (Outcome::Found, severity), details)?;
        self.write_own(draft)?;
        file.set_len(self.chain.at.offset)
            .and_then(|()| file.sync_all())
            .map_err(|source| io("cut", source))
    }

    fn keep_aside(&self, bytes: &[u8]) -> Result<String, JournalError> {
        let tree = &self.places.streams;
        let seq = self.chain.at.seq + 1;
        let mut number = 1;
        let (name, place) = loop {
            let name = format!("torn-{seq}-{number}.bin");
            let place = path(&[self.stream.as_str(), &name])?;
            if tree.stat(&place)?.is_none() {
                break (name, place);
            }
            number += 1;
        };
        let mut file = tree.open_private(&place)?;
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|source| {
            JournalError::Io { verb: "write", path: tree.shown(&place), source }
        })?;
        Ok(name)
    }

    /// The first line of a file, unless it is there.
    fn start_file(&mut self) -> Result<(), JournalError> {
        if self.chain.at.offset > 0 {
            return Ok(());
        }
        let draft = self.own(FILE, (Outcome::Ok, Severity::Info), self.chain.header())?;
        self.write_own(draft)
    }

    fn own(
        &self,
        action: &str,
        (outcome, severity): (Outcome, Severity),
        details: BTreeMap<String, String>,
    ) -> Result<Draft, JournalError> {
        let bad = |_| JournalError::BadStream { name: self.stream.to_string() };
        let event = AuditEvent {
            actor: Actor::new("journal").map_err(bad)?,
            action: Action::new(action).map_err(bad)?,
            subject: self.stream.to_string(),
            phase: Phase::Single,
            outcome,
            severity,
            details,
        };
        Ok(Draft { body: line::body(&event)?, pid: std::process::id() })
    }

    /// Appends lines where the chain stands; a failure leaves the chain where it was and the file without them.
    fn write(&mut self, group: &[Draft], sync: bool) -> Result<(), JournalError> {
        let mut chain = self.chain.clone();
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let stamp = Stamp {
            seq: 0,
            at: clock::now_millis().max(0),
            mono: clock::boot_nanos(),
            boot: &self.boot,
            pid: 0,
            stream: self.stream.as_str(),
        };
        for draft in group {
            let start = buffer.len();
            let seq = chain.at.seq + 1;
            write_covered(&mut buffer, &Stamp { seq, pid: draft.pid, ..stamp }, &draft.body);
            let tag = chain.key.tag(&chain.at.tag, buffer.get(start..).unwrap_or_default());
            write_tag(&mut buffer, &tag);
            chain.at.seq = seq;
            chain.at.tag = tag;
            chain.at.offset += (buffer.len() - start) as u64;
        }
        let done = self.put(&buffer, sync);
        if done.is_ok() {
            self.chain.at = chain.at;
        }
        self.buffer = buffer;
        done
    }

    /// A line of the journal's own, judged by the reader's rule, so that writer and reader cannot come apart.
    fn write_own(&mut self, draft: Draft) -> Result<(), JournalError> {
        let mut chain = self.chain.clone();
        self.write(&[draft], true)?;
        let line = super::scan::line(&self.buffer);
        if line.is_none_or(|line| chain.accept(&line).is_err()) {
            self.stopped = true;
            let detail = "a line that was just written is not the next one";
            return Err(JournalError::Damaged { path: self.shown_file(), detail });
        }
        self.chain = chain;
        Ok(())
    }

    /// Bytes at the end of the stream, durable when asked to; cut off again when that fails.
    fn put(&mut self, bytes: &[u8], sync: bool) -> Result<(), JournalError> {
        let offset = self.chain.at.offset;
        let shown = self.shown_file();
        let (file, syncs) = (Arc::clone(self.data_file()?), Arc::clone(&self.syncs));
        let mut done = file.write_all_at(bytes, offset).map_err(|source| ("append to", source));
        if done.is_ok() && sync {
            done = syncs.sync(&file).map_err(|source| ("sync", source));
        }
        let Err((verb, source)) = done else {
            self.dirty = !sync;
            return Ok(());
        };
        let cut = file.set_len(offset).and_then(|()| syncs.sync(&file));
        // After a failed sync nobody knows what the disk holds.
        self.stopped = self.stopped || verb == "sync" || cut.is_err();
        Err(JournalError::Io { verb, path: shown, source })
    }

    /// The file that the chain stands in, open for writing.
    fn data_file(&mut self) -> Result<&Arc<File>, JournalError> {
        let number = self.chain.at.file;
        if self.file.as_ref().is_none_or(|(open, _)| *open != number) {
            if self.dirty {
                self.sync()?;
            }
            let path = path(&[self.stream.as_str(), &file_name(number)])?;
            self.file = Some((number, Arc::new(self.places.streams.open_private(&path)?)));
        }
        match &self.file {
            Some((_, file)) => Ok(file),
            None => Err(JournalError::Stopped),
        }
    }

    /// A stream that is shorter than its second place knows was cut or put back: nobody continues it unseen.
    fn refuse_the_past(&self) -> Result<(), JournalError> {
        let Ok(second) = self.places.second() else { return Ok(()) };
        match witness::last_seq(second, &self.chain)? {
            Some(last) if last > self.chain.at.seq => {
                let detail = "the second place knows lines that are not here";
                Err(JournalError::Damaged { path: self.shown_file(), detail })
            }
            _ => Ok(()),
        }
    }

    /// A second place that was away, or a crash between a seal and its checkpoint, is made up for; when it is still
    /// away, the stream goes on and its lack of checkpoints shows. A new stream does not begin without one.
    fn witness_what_is_missing(&self) -> Result<(), JournalError> {
        let Ok(second) = self.places.second() else { return Ok(()) };
        match witness::last_seq(second, &self.chain) {
            Ok(None) => witness::checkpoint(second, &self.chain, &self.signing),
            Ok(Some(last)) if last < self.chain.sealed.seq => {
                let _ = witness::checkpoint(second, &self.chain, &self.signing);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn shown(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.places.streams.shown_root(), self.stream)
    }

    fn shown_file(&self) -> String {
        self.shown(&file_name(self.chain.at.file))
    }

    fn io(&self, verb: &'static str, source: std::io::Error) -> JournalError {
        JournalError::Io { verb, path: self.shown_file(), source }
    }
}

/// A new stream: what verifies it goes to the second place before anything is written here.
fn begin(places: &Places, stream: &StreamName) -> Result<state::State, JournalError> {
    let names = places.streams.list(&path(&[stream.as_str()])?)?.unwrap_or_default();
    if names.iter().any(|name| file_number(name).is_some()) {
        return Err(JournalError::Damaged {
            path: format!("{}/{stream}/state.json", places.streams.shown_root()),
            detail: "the key is gone, so nobody can continue the lines that are there",
        });
    }
    let second = places.second()?;
    let random = super::key::random()?;
    let id = hex(random.get(..8).unwrap_or_default());
    let key = super::key::Key::fresh()?;
    let signing = SigningKey::from_bytes(&super::key::random()?);
    let origin = witness::begin(second, (stream, &id), &key, &signing)?;
    let at = chain::Position { file: 1, offset: 0, seq: 0, tag: origin.digest, epoch: 0 };
    let chain = Chain::new(stream.clone(), id, at, key);
    state::save(&places.streams, &chain, &signing)?;
    Ok(state::State { chain, signing })
}

/// A second place that can be reached must know the stream and its signatures: another one would never see its
/// checkpoints.
fn known_to_second(places: &Places, state: &state::State) -> Result<(), JournalError> {
    let Ok(second) = places.second() else { return Ok(()) };
    let origin = witness::origin(second, &state.chain.stream, &state.chain.id)?;
    if origin.is_some_and(|origin| origin.public == state.signing.verifying_key()) {
        return Ok(());
    }
    Err(JournalError::Unwitnessed { path: places.second.0.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "the test needs a file that no disk stands behind"
    )]
    fn after_one_failed_sync_no_other_succeeds() {
        let (syncs, good) = (Syncs::default(), crate::files::TempDir::new().unwrap());
        let good = File::create(good.path().join("x")).unwrap();
        syncs.sync(&good).unwrap();
        // What cannot be synced by its kind fails as a disk does.
        syncs.sync(&File::open("/dev/null").unwrap()).unwrap_err();
        syncs.sync(&good).unwrap_err();
    }
}
