//! A disk that forgets what was not synced, sector by sector, and fails when it is told to.

use crate::medium::Medium;
use crate::store::Source;
use sanctum_host::HostError;
use std::sync::{Arc, Mutex};

/// Smaller than a real one: a write may tear anywhere, also in a slot of the counter.
const SECTOR: usize = 64;

#[derive(Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<State>>);

#[derive(Clone, Default)]
struct State {
    durable: Vec<u8>,
    now: Vec<u8>,
    /// The next write stops after so many bytes; a replacement fails when it is staged or, where a cut would fail, after it took the name.
    short: Option<usize>,
    fails_sync: bool,
    fails_cut: bool,
    /// What has the name by now, while that is not durable; who opened the file before has the old one.
    renamed: Option<Vec<u8>>,
    syncs: usize,
    staged: Option<Vec<u8>>,
}

impl Disk {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let bytes = bytes.to_vec();
        Self(Arc::new(Mutex::new(State { durable: bytes.clone(), now: bytes, ..State::default() })))
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap())
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.with(|state| state.now.clone())
    }

    pub(crate) fn syncs(&self) -> usize {
        self.with(|state| state.syncs)
    }

    pub(crate) fn next_write_is_short(&self, length: usize, cut_fails: bool) {
        self.with(|state| (state.short, state.fails_cut) = (Some(length), cut_fails));
    }

    pub(crate) fn next_sync_fails(&self) {
        self.with(|state| state.fails_sync = true);
    }

    /// As a file is when it is opened: what has its name is durable.
    fn opened(&self) -> Self {
        self.with(|state| {
            if let Some(renamed) = state.renamed.take() {
                (state.now, state.durable) = (renamed.clone(), renamed);
            }
        });
        self.clone()
    }

    /// The power goes: of every sector that was not synced, the old or the new is there, as the bits say.
    pub(crate) fn crash(&self, bits: u64) {
        self.with(|state| {
            if let Some(renamed) = state.renamed.take().filter(|_| bits >> 62 & 1 == 1) {
                (state.now, state.durable) = (renamed.clone(), renamed);
            }
            let length = state.now.len().max(state.durable.len());
            let mut left = vec![0; length];
            for (n, sector) in left.chunks_mut(SECTOR).enumerate() {
                let new = bits >> (n % 62) & 1 == 1;
                let from = if new { &state.now } else { &state.durable };
                for (at, byte) in sector.iter_mut().enumerate() {
                    *byte = from.get(n * SECTOR + at).copied().unwrap_or(0);
                }
            }
            left.truncate(if bits >> 63 == 1 { state.now.len() } else { state.durable.len() });
            *state = State { durable: left.clone(), now: left, ..State::default() };
        });
    }
}

impl Medium for Disk {
    fn size(&self) -> Result<u64, HostError> {
        Ok(self.with(|state| state.now.len() as u64))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), HostError> {
        self.with(|state| {
            let from = usize::try_from(offset).unwrap();
            let found = state.now.get(from..from + buffer.len()).ok_or(HostError::Injected)?;
            buffer.copy_from_slice(found);
            Ok(())
        })
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), HostError> {
        self.with(|state| {
            let from = usize::try_from(offset).unwrap();
            let short = state.short.take();
            let taken = &bytes[..short.unwrap_or(bytes.len()).min(bytes.len())];
            let end = from + taken.len();
            if state.now.len() < end {
                state.now.resize(end, 0);
            }
            state.now[from..end].copy_from_slice(taken);
            if short.is_some() { Err(HostError::Injected) } else { Ok(()) }
        })
    }

    fn sync(&self) -> Result<(), HostError> {
        self.with(|state| {
            if std::mem::take(&mut state.fails_sync) {
                return Err(HostError::Injected);
            }
            state.syncs += 1;
            state.durable = state.now.clone();
            Ok(())
        })
    }

    fn cut(&self, length: u64) -> Result<(), HostError> {
        self.with(|state| {
            if std::mem::take(&mut state.fails_cut) {
                return Err(HostError::Injected);
            }
            state.now.truncate(usize::try_from(length).unwrap());
            state.durable = state.now.clone();
            Ok(())
        })
    }

    fn stage(&self, bytes: &[u8]) -> Result<(), HostError> {
        self.with(|state| {
            if !state.fails_cut && state.short.take().is_some() {
                return Err(HostError::Injected);
            }
            state.staged = Some(bytes.to_vec());
            Ok(())
        })
    }

    fn swap(&self) -> Result<(), HostError> {
        self.with(|state| {
            let bytes = state.staged.take().ok_or(HostError::Injected)?;
            if state.short.take().is_some() {
                state.fails_cut = false;
                state.renamed = Some(bytes);
                return Err(HostError::Injected);
            }
            (state.now, state.durable) = (bytes.clone(), bytes);
            Ok(())
        })
    }
}

/// Both files of a vault.
#[derive(Clone, Default)]
pub(crate) struct Pair {
    pub(crate) log: Disk,
    pub(crate) counter: Disk,
}

impl Pair {
    pub(crate) fn source(&self) -> Source {
        Source { log: Box::new(self.log.opened()), counter: Box::new(self.counter.opened()) }
    }
}
