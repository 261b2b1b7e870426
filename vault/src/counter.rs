//! How far a vault's file had come, kept in another place: what was acknowledged is not below it.
//!
//! Two slots are written in turn, so that a write which the power interrupted leaves the one before: the slot that is not written next is on the
//! disk. Whoever puts back the file and this one together goes unseen (docs/threat-model.md).

use crate::crypt::TAG;
use crate::keys::{ID, Keys};
use crate::log::Position;
use crate::medium::{Medium, read_all};
use sanctum_host::HostError;
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// A sector: writing one slot touches no byte of the other.
pub(crate) const SLOT: usize = 512;
pub(crate) const CONTENT: usize = ID + 8 + TAG;
const MAC: usize = 32;

/// What it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) seq: u64,
    pub(crate) tag: [u8; TAG],
}

impl Mark {
    pub(crate) const fn of(at: &Position) -> Self {
        Self { seq: at.seq, tag: at.tag }
    }
}

/// What there is to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Nothing,
    Mark(Mark),
    /// There is something, and it is nothing of this vault.
    Damaged,
}

#[derive(Clone)]
pub(crate) struct Counter {
    medium: Arc<dyn Medium>,
    turn: u64,
}

impl Counter {
    pub(crate) fn new(medium: Box<dyn Medium>) -> Self {
        Self { medium: Arc::from(medium), turn: 0 }
    }

    /// What it says. That may be a write whose sync failed: what was read is written over itself by the next [`Counter::save`], which has to
    /// say the same before anything else is said.
    pub(crate) fn load(&mut self, keys: &Keys, vault: &[u8; ID]) -> Result<Known, HostError> {
        let bytes = read_all(&*self.medium)?;
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(Known::Nothing);
        }
        let slots = bytes.chunks(SLOT).take(2).enumerate();
        let read = slots.filter_map(|(turn, slot)| Some((turn, decode(keys, vault, slot)?)));
        let Some((turn, mark)) = read.max_by_key(|(_, mark)| mark.seq) else {
            return Ok(Known::Damaged);
        };
        self.turn = turn as u64;
        Ok(Known::Mark(mark))
    }

    /// Says that the file has come so far, durably.
    pub(crate) fn save(
        &mut self,
        keys: &Keys,
        vault: &[u8; ID],
        mark: Mark,
    ) -> Result<(), HostError> {
        let mut slot = Vec::with_capacity(SLOT);
        slot.extend_from_slice(vault);
        slot.extend_from_slice(&mark.seq.to_be_bytes());
        slot.extend_from_slice(&mark.tag);
        slot.extend_from_slice(&keys.counter_tag(&slot));
        slot.resize(SLOT, 0);
        self.medium.write_at(self.turn % 2 * SLOT as u64, &slot)?;
        self.medium.sync()?;
        self.turn += 1;
        Ok(())
    }
}

fn decode(keys: &Keys, vault: &[u8; ID], slot: &[u8]) -> Option<Mark> {
    let (content, rest) = slot.split_at_checked(CONTENT)?;
    let mac = rest.get(..MAC)?;
    let (id, rest) = content.split_first_chunk::<ID>()?;
    let (seq, rest) = rest.split_first_chunk::<8>()?;
    let tag = rest.first_chunk::<TAG>()?;
    let ours = bool::from(keys.counter_tag(content).as_slice().ct_eq(mac)) && id == vault;
    ours.then(|| Mark { seq: u64::from_be_bytes(*seq), tag: *tag })
}
