//! Carries out what the machine says, one command after the other, and tells it what became of each.
//!
//! A record is durable before the next command; one that cannot be made durable ends the run as a crash would. Values
//! are in memory from their first use on, and sealed on disk. Deliberately absent: any decision, which are the machine's
//! (`sanctum_rotation::Machine`), and printing.

use super::consumer::{Given, Text};
use super::prepare::Prepared;
use super::reload::Reloading;
use super::shelf::{Shelf, ShelfError};
use sanctum_rotation::{
    Command, Event, Failure, Holds, KeyId, Machine, Mark, Material, Notice, Reason, Record, Reply,
    Stage, Status, Values, Which,
};
use sanctum_types::{NotRecorded, Secret, UnixTime};

/// What a run needs of its surroundings.
pub trait Crew {
    /// The wall clock.
    fn now(&self) -> UnixTime;
    /// Waits until that time and says yes; or no, and the run ends here, to be resumed later.
    fn wait(&mut self, until: UnixTime) -> bool;
    /// A step begins, in words without values.
    fn step(&mut self, words: &str);
    /// The owner is told.
    fn tell(&mut self, notice: &Notice, record: &Record);
    /// Every consumer holds the new value.
    ///
    /// # Errors
    /// The journal does not take it: the run ends here.
    fn changed(&mut self, record: &Record) -> Result<(), NotRecorded>;
    /// A person makes a value of that name at the provider's page and gives it.
    fn paste(&mut self, name: &str) -> Option<Secret<String>>;
    /// Whether a person says that the old value was removed by hand.
    fn removed_by_hand(&mut self) -> bool;
}

/// Why a run ended in the middle. What was begun is resumed from the record.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// The record is not durable.
    #[error("the record of the rotation could not be kept, so it stops here")]
    Save(#[source] ShelfError),
    /// The journal did not take the event.
    #[error(transparent)]
    NotRecorded(#[from] NotRecorded),
}

/// One run.
pub struct Driver<'a> {
    prepared: &'a Prepared,
    shelf: &'a Shelf,
    machine: Machine,
    new: Option<Material>,
    old: Option<Material>,
}

impl<'a> Driver<'a> {
    /// A run of that machine.
    #[must_use]
    pub const fn new(prepared: &'a Prepared, shelf: &'a Shelf, machine: Machine) -> Self {
        Self { prepared, shelf, machine, new: None, old: None }
    }

    /// Goes on until nothing is to be done now. `retry` says that the owner mended what needed him: what the record asked
    /// of him when the run began, and nothing that is found out in it.
    ///
    /// # Errors
    /// The run ended in the middle.
    pub fn run(&mut self, crew: &mut dyn Crew, retry: bool) -> Result<Status, DriveError> {
        let mut event = Some(Event::Start);
        let was_asked = self.machine.record().halted.is_some();
        let mut retry = (retry && was_asked).then_some(Event::Retry);
        while let Some(told) = event.take().or_else(|| retry.take()) {
            let before = settled(self.machine.record());
            for command in self.machine.on(told, crew.now()) {
                match command {
                    Command::Save(record) => self.save(&record, before, crew)?,
                    Command::Tell(notice) => crew.tell(&notice, self.machine.record()),
                    Command::Wait { until } => event = crew.wait(until).then_some(Event::Tick),
                    command => {
                        crew.step(&self.prepared.words(&command));
                        event = Some(self.carry(&command, crew));
                    }
                }
            }
        }
        Ok(self.machine.status())
    }

    /// What the machine knows.
    #[must_use]
    pub const fn record(&self) -> &Record {
        self.machine.record()
    }

    /// The journal hears of the change before the record says that it is done: what is cut off in between is told twice,
    /// and never not at all.
    fn save(&self, record: &Record, before: bool, crew: &mut dyn Crew) -> Result<(), DriveError> {
        if !before && settled(record) {
            crew.changed(record)?;
        }
        self.shelf.save(record).map_err(DriveError::Save)
    }

    fn carry(&mut self, command: &Command, crew: &mut dyn Crew) -> Event {
        let done = match command {
            Command::Probe(id) => self.probe(id),
            Command::StageOld => self.stage_old(),
            Command::StageNew => self.stage_new(),
            Command::Write { consumer, value } => self.write(consumer, *value),
            Command::Confirm { consumer, value } => self.confirm(consumer, *value, crew.now()),
            Command::Look(id) => self.look(id),
            Command::Discard => {
                (self.new, self.old) = (None, None);
                let gone = self.shelf.discard(self.machine.record().rotation);
                gone.map(|()| Event::Done).map_err(|_| unsealed())
            }
            command => self.ask(command, crew),
        };
        done.unwrap_or_else(Event::Failed)
    }

    fn ask(&mut self, command: &Command, crew: &mut dyn Crew) -> Result<Event, Failure> {
        let record = self.machine.record();
        let (mut current, mut subject, mut pasted) = (None, None, None);
        let mut old: Option<KeyId> = record.old.clone();
        let made_by_hand = record.plan.nature.by_hand;
        match command {
            Command::Preflight => {
                current = self.source()?.map(secret);
                old = self.prepared.key_id.clone();
            }
            Command::Mint { name } if made_by_hand => {
                let by_hand = Failure::Later { reason: Reason::ByHand, after: None };
                pasted = Some(crew.paste(name).ok_or(by_hand)?);
            }
            Command::Verify(which) => subject = Some(self.material(*which)?),
            _ => {}
        }
        let by_hand =
            matches!(command, Command::Delete(_)) && made_by_hand && crew.removed_by_hand();
        let values = Values {
            current: current.as_ref(),
            old: old.as_ref(),
            subject: subject.as_ref(),
            pasted: pasted.as_ref(),
            by_hand,
        };
        let Reply { event, minted } = self.prepared.provider.carry(command, values, crew.now());
        if minted.is_some() {
            self.new = minted;
        }
        Ok(event)
    }

    /// What the source of truth holds.
    fn source(&self) -> Result<Option<Text>, Failure> {
        let first = self.machine.record().plan.consumers.first();
        let first = first.ok_or(Failure::Never(Reason::Settings))?;
        self.prepared.consumer(first)?.read()
    }

    fn probe(&self, id: &sanctum_rotation::ConsumerId) -> Result<Event, Failure> {
        let consumer = self.prepared.consumer(id)?;
        consumer.may_write()?;
        if self.machine.record().plan.consumers.last() == Some(id) {
            self.prepared.reloads.iter().try_for_each(Reloading::ready)?;
        }
        let holds = match (consumer.read()?, self.source()?) {
            (None, _) => Holds::Nothing,
            (Some(one), Some(other)) if one == other => Holds::Old,
            (Some(_), _) => Holds::Other,
        };
        Ok(Event::Holds(holds))
    }

    fn stage_old(&mut self) -> Result<Event, Failure> {
        let record = self.machine.record();
        let (id, key) = (record.rotation, record.old.clone());
        let Some(value) = self.source()? else {
            // The proof that sealing works is owed all the same.
            let nothing = Material { key: None, value: Secret::new(String::new()) };
            self.shelf.seal(id, Which::Old, &nothing).map_err(|_| unsealed())?;
            return Ok(Event::OldStaged(false));
        };
        let material = Material { key, value: secret(value) };
        self.shelf.seal(id, Which::Old, &material).map_err(|_| unsealed())?;
        self.old = Some(material);
        Ok(Event::OldStaged(true))
    }

    fn stage_new(&self) -> Result<Event, Failure> {
        let material = self.new.as_ref().ok_or(Failure::Never(Reason::Sealed))?;
        let sealed = self.shelf.seal(self.machine.record().rotation, Which::New, material);
        sealed.map(|()| Event::Done).map_err(|_| unsealed())
    }

    /// The value from memory or from the sealed one.
    fn material(&mut self, which: Which) -> Result<Material, Failure> {
        let record = self.machine.record();
        let slot = match which {
            Which::New => &mut self.new,
            Which::Old if !record.old_staged => return Err(Failure::Never(Reason::Sealed)),
            Which::Old => &mut self.old,
        };
        if slot.is_none() {
            *slot = self.shelf.unseal(record.rotation, which).map_err(|_| unsealed())?;
        }
        slot.clone().ok_or(Failure::Never(Reason::Sealed))
    }

    fn write(&mut self, id: &sanctum_rotation::ConsumerId, value: Which) -> Result<Event, Failure> {
        let material = self.material(value)?;
        let consumer = self.prepared.consumer(id)?;
        let given = Given::of(&material);
        consumer.write(given)?;
        match consumer.read()? {
            Some(back) if *back == *given.value && consumer.has_id(given.key)? => Ok(Event::Done),
            _ => Err(Failure::Unknown(Reason::ReadBack)),
        }
    }

    fn confirm(
        &mut self,
        id: &sanctum_rotation::ConsumerId,
        value: Which,
        now: UnixTime,
    ) -> Result<Event, Failure> {
        let material = self.material(value)?;
        let consumer = self.prepared.consumer(id)?;
        let back = consumer.read()?.filter(|back| **back == *material.value.expose());
        let back = back.ok_or(Failure::Never(Reason::ReadBack))?;
        if !consumer.has_id(Given::of(&material).key)? {
            return Err(Failure::Never(Reason::ReadBack));
        }
        // What the consumer holds is asked about, not what it was given.
        let subject = Material { key: material.key, value: secret(back) };
        let values = Values { subject: Some(&subject), ..Values::default() };
        let asked = self.prepared.provider.carry(&Command::Verify(value), values, now);
        match asked.event {
            Event::Done => {}
            Event::Failed(Failure::Never(_)) => return Err(Failure::Never(Reason::NotWorking)),
            Event::Failed(failure) => return Err(failure),
            _ => return Err(Failure::Never(Reason::NotTheProvider)),
        }
        self.reload(id)?;
        Ok(Event::Done)
    }

    /// What reads the value is told once it is in every place: with the last consumer that is written, which is the
    /// source when values go back. Later it only has to work still.
    fn reload(&self, id: &sanctum_rotation::ConsumerId) -> Result<(), Failure> {
        let record = self.machine.record();
        let is_last = match record.stage {
            Stage::Restoring => {
                let left = |one: &&sanctum_rotation::Consumer| {
                    one.id != *id && !matches!(one.mark, Mark::Untouched | Mark::Restored)
                };
                !record.consumers.iter().any(|one| left(&one))
            }
            _ => record.consumers.last().is_some_and(|last| last.id == *id),
        };
        let writes = matches!(record.stage, Stage::Propagating | Stage::Restoring);
        for reload in self.prepared.reloads.iter().filter(|_| is_last) {
            if writes { reload.kick()? } else { reload.works()? }
        }
        Ok(())
    }

    fn look(&mut self, id: &sanctum_rotation::ConsumerId) -> Result<Event, Failure> {
        let consumer = self.prepared.consumer(id)?;
        let Some(value) = consumer.read()? else {
            return Ok(Event::Holds(Holds::Nothing));
        };
        let record = self.machine.record();
        let known = [
            (record.adopted.is_some(), Which::New, Holds::New),
            (record.old_staged, Which::Old, Holds::Old),
        ];
        for (_, which, holds) in known.into_iter().filter(|(there, ..)| *there) {
            let material = self.material(which)?;
            let given = Given::of(&material);
            // Half of a pair is neither of the two.
            if *value == *given.value && consumer.has_id(given.key)? {
                return Ok(Event::Holds(holds));
            }
        }
        Ok(Event::Holds(Holds::Other))
    }
}

/// Whether every consumer has the new value for good.
fn settled(record: &Record) -> bool {
    record.adopted.is_some()
        && matches!(
            record.stage,
            Stage::Overlap { .. }
                | Stage::Disabling
                | Stage::Disabled { .. }
                | Stage::Revoking
                | Stage::Sweeping
                | Stage::Closing
                | Stage::Done
        )
}

const fn unsealed() -> Failure {
    Failure::Later { reason: Reason::Sealed, after: None }
}

fn secret(mut text: Text) -> Secret<String> {
    Secret::new(std::mem::take(&mut *text))
}

#[cfg(test)]
mod tests;
