//! The abstract world: a provider with keys, consumers, sealed values, the record on disk, messages under way and a
//! clock. It carries commands out, with a fault or without, and says which invariant a step broke.

use super::kinds::{self, SETTLE};
use sanctum_rotation::{
    Command, Event, Failure, Finds, Holds, KeyId, Listed, Machine, Nature, OldKey, Plan, Reason,
    Record, Stage, Status, Which, Why,
};
use sanctum_types::UnixTime;
use std::cell::RefCell;
use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hash, Hasher, RandomState};

/// What goes wrong, or not, with the next command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fate {
    Fine,
    /// The last use is this moment: somebody still uses the old key.
    InUse,
    CrashBeforeSave,
    CrashBefore,
    CrashAfter,
    Later,
    Limited,
    Never,
    UnknownBefore,
    UnknownAfter,
    /// No answer, and the effect is still under way.
    UnknownLate,
    /// The request is carried out twice; the second time later.
    Doubled,
    /// A message under way arrives before the command is carried out.
    Deliver(u8),
    /// Somebody brings the old value back to a consumer.
    OldAgain(u8),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    name: String,
    value: u8,
    enabled: bool,
    alive: bool,
    created: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Late {
    Mint { name: String },
    Roll,
    Write { consumer: usize, value: u8 },
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    nature: Nature,
    pub(crate) now: i64,
    keys: Vec<Key>,
    values: u8,
    consumers: Vec<Option<u8>>,
    /// Whether each was confirmed since it was last written.
    confirmed: Vec<bool>,
    disk: Option<Record>,
    old_sealed: Option<Option<u8>>,
    new_sealed: Option<u8>,
    memory: Option<u8>,
    under_way: Vec<(i64, Late)>,
    machine: Machine,
    pending: Vec<Command>,
    faults: bool,
    meddled: bool,
    pub(crate) over: bool,
}

/// What is pending follows from the rest: the effect is what the machine awaits, and there is something to save when
/// its record is not the disk's.
impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.now, &self.keys, &self.consumers, &self.confirmed, &self.disk).hash(state);
        (self.old_sealed, self.new_sealed, self.memory, &self.under_way).hash(state);
        (&self.machine, self.meddled, self.over).hash(state);
    }
}

/// A broken invariant, in words.
pub(crate) type Broken = String;

impl World {
    pub(crate) fn new(plan: Plan) -> Self {
        let (nature, consumers) = (plan.nature, plan.consumers.len());
        let old =
            Key { name: "before".to_owned(), value: 0, enabled: true, alive: true, created: -900 };
        let other = Key { name: "other".to_owned(), value: 1, ..old.clone() };
        let mut world = Self {
            nature,
            now: 0,
            keys: vec![old, other],
            values: 2,
            consumers: vec![Some(0); consumers],
            confirmed: vec![false; consumers],
            disk: None,
            old_sealed: None,
            new_sealed: None,
            memory: None,
            under_way: Vec::new(),
            machine: Machine::begin(plan, kinds::rotation(), UnixTime(0)),
            pending: Vec::new(),
            faults: false,
            meddled: false,
            over: false,
        };
        world.tell(Event::Start);
        world
    }

    pub(crate) fn status(&self) -> Status {
        self.machine.status()
    }

    fn tell(&mut self, event: Event) {
        self.pending = self.machine.on(event, UnixTime(self.now));
        let answered = self.pending.iter().position(Command::has_answer);
        assert!(answered.is_none_or(|at| at + 1 == self.pending.len()), "one answer, the last");
    }

    /// The process is gone, with all that it had in memory. Another one goes on from the disk.
    fn crash(&mut self) {
        self.memory = None;
        match self.disk.clone() {
            Some(record) => {
                self.machine = Machine::resume(record);
                self.tell(Event::Start);
            }
            None => {
                self.over = true;
                self.pending.clear();
            }
        }
    }

    fn effect(&self) -> Option<&Command> {
        self.pending.last().filter(|command| command.has_answer())
    }

    /// What is to be carried out next.
    pub(crate) fn pending(&self) -> &[Command] {
        &self.pending
    }

    fn cannot_tell_doubles(&self) -> bool {
        self.nature.finds == Finds::Never && self.nature.old == OldKey::Lives
    }

    /// What may happen next.
    pub(crate) fn fates(&self) -> Vec<Fate> {
        let mut fates = Vec::new();
        if self.over {
            return fates;
        }
        let saves = self.pending.iter().any(|command| matches!(command, Command::Save(_)));
        if saves {
            fates.push(Fate::CrashBeforeSave);
        }
        let Some(effect) = self.effect() else {
            fates.push(Fate::Fine);
            return fates;
        };
        fates.push(Fate::Fine);
        fates.push(Fate::CrashBefore);
        for index in 0..self.under_way.len() {
            fates.push(Fate::Deliver(u8::try_from(index).unwrap()));
        }
        let mutates = matches!(
            effect,
            Command::Mint { .. }
                | Command::StageOld
                | Command::StageNew
                | Command::Write { .. }
                | Command::Disable(_)
                | Command::Enable(_)
                | Command::Delete(_)
                | Command::Discard
        );
        match effect {
            Command::Wait { .. } => {
                let overlap = matches!(self.machine.record().stage, Stage::Overlap { .. });
                if overlap && !self.meddled {
                    fates.push(Fate::OldAgain(0));
                }
                return fates;
            }
            Command::LastUse(_) => fates.push(Fate::InUse),
            // Without a list nobody could ever tell that a key was made twice.
            Command::Mint { .. } if self.cannot_tell_doubles() => fates.push(Fate::UnknownLate),
            Command::Mint { .. } | Command::Write { .. } => {
                fates.extend([Fate::UnknownLate, Fate::Doubled]);
            }
            _ => {}
        }
        if mutates {
            fates.extend([Fate::CrashAfter, Fate::UnknownAfter]);
        }
        fates.extend([Fate::Later, Fate::Never]);
        if mutates {
            fates.push(Fate::UnknownBefore);
        }
        fates
    }

    /// One step.
    pub(crate) fn step(&mut self, fate: Fate) -> Result<(), Broken> {
        self.faults |= fate != Fate::Fine;
        if fate == Fate::CrashBeforeSave {
            self.crash();
            return self.check();
        }
        if let Fate::Deliver(index) = fate {
            let (_, late) = self.under_way.remove(usize::from(index));
            self.deliver(late)?;
            return self.check();
        }
        for command in self.pending.clone() {
            if let Command::Save(record) = command {
                reads_back(&record)?;
                self.disk = Some(*record);
            }
        }
        let Some(effect) = self.effect().cloned() else {
            self.over = true;
            return self.check();
        };
        self.carry(&effect, fate)?;
        self.check()
    }

    fn carry(&mut self, effect: &Command, fate: Fate) -> Result<(), Broken> {
        let mut failed = |failure| {
            self.tell(Event::Failed(failure));
            Ok(())
        };
        match fate {
            Fate::CrashBefore => self.crash(),
            Fate::Later => {
                return failed(Failure::Later { reason: Reason::ServerTrouble, after: None });
            }
            Fate::Limited => {
                return failed(Failure::Later { reason: Reason::RateLimited, after: Some(7) });
            }
            Fate::Never => return failed(Failure::Never(Reason::Refused)),
            Fate::UnknownBefore => return failed(Failure::Unknown(Reason::NoAnswer)),
            Fate::CrashAfter => {
                self.happen(effect)?;
                self.crash();
            }
            Fate::UnknownAfter => {
                self.happen(effect)?;
                self.memory = self.memory.filter(|_| !matches!(effect, Command::Mint { .. }));
                self.tell(Event::Failed(Failure::Unknown(Reason::NoAnswer)));
            }
            Fate::UnknownLate => {
                self.under_way.extend(self.late(effect));
                self.tell(Event::Failed(Failure::Unknown(Reason::NoAnswer)));
            }
            Fate::Doubled => {
                let late = self.late(effect);
                let answer = self.happen(effect)?;
                self.under_way.extend(late);
                self.tell(answer);
            }
            Fate::InUse => {
                let at = UnixTime(self.now);
                self.tell(Event::LastUse(Some(at)));
            }
            Fate::OldAgain(consumer) => {
                self.meddled = true;
                self.consumers[usize::from(consumer)] = Some(0);
                let answer = self.happen(effect)?;
                self.tell(answer);
            }
            Fate::Fine | Fate::CrashBeforeSave | Fate::Deliver(_) => {
                let answer = self.happen(effect)?;
                self.tell(answer);
            }
        }
        Ok(())
    }

    fn late(&self, effect: &Command) -> Option<(i64, Late)> {
        let late = match effect {
            Command::Mint { .. } if self.nature.old == OldKey::DiesAtMint => Late::Roll,
            Command::Mint { name } => Late::Mint { name: name.clone() },
            Command::Write { consumer, value } => {
                Late::Write { consumer: index(consumer.as_str()), value: self.value(*value)? }
            }
            _ => return None,
        };
        Some((self.now + i64::from(SETTLE), late))
    }

    fn deliver(&mut self, late: Late) -> Result<(), Broken> {
        match late {
            Late::Mint { name } => self.new_key(name),
            Late::Roll => self.roll(),
            Late::Write { consumer, value } => self.consumers[consumer] = Some(value),
        }
        Ok(())
    }

    fn new_key(&mut self, name: String) {
        self.keys.push(Key {
            name,
            value: self.values,
            enabled: true,
            alive: true,
            created: self.now,
        });
        self.values += 1;
    }

    fn roll(&mut self) {
        self.keys[0].value = self.values;
        self.values += 1;
    }

    fn value(&self, which: Which) -> Option<u8> {
        match which {
            Which::New => self.memory.or(self.new_sealed),
            Which::Old => self.old_sealed.flatten(),
        }
    }

    fn is_valid(&self, value: u8) -> bool {
        self.keys.iter().any(|key| key.value == value && key.alive && key.enabled)
    }

    /// The command without a fault: its effect, and its answer.
    fn happen(&mut self, effect: &Command) -> Result<Event, Broken> {
        Ok(match effect {
            Command::Save(_) | Command::Tell(_) => return Err("no effect".to_owned()),
            Command::Preflight => {
                let old = Some(id(0));
                Event::Ready { old, keys: self.list() }
            }
            Command::Probe(_) => Event::Holds(Holds::Old),
            Command::StageOld => {
                self.old_sealed = Some(self.consumers[0]);
                Event::OldStaged(true)
            }
            Command::Mint { name } => self.mint(name),
            Command::StageNew => {
                self.new_sealed = self.memory;
                // What happens takes time: writes come later than the mint.
                self.now += 1;
                done(self.memory.is_some(), Reason::Sealed)
            }
            Command::Verify(which) => match self.value(*which) {
                Some(value) => done(self.is_valid(value), Reason::Unauthorized),
                None => done(false, Reason::Sealed),
            },
            Command::Write { consumer, value } => match self.value(*value) {
                Some(value) => {
                    self.consumers[index(consumer.as_str())] = Some(value);
                    self.confirmed[index(consumer.as_str())] = false;
                    Event::Done
                }
                None => done(false, Reason::Sealed),
            },
            Command::Confirm { consumer, value } => {
                let holds = self.consumers[index(consumer.as_str())];
                let works =
                    holds == self.value(*value) && holds.is_some_and(|value| self.is_valid(value));
                self.confirmed[index(consumer.as_str())] = works;
                done(works, Reason::NotWorking)
            }
            Command::Look(consumer) => self.look(index(consumer.as_str())),
            Command::List => Event::Keys(self.list()),
            Command::LastUse(_) => Event::LastUse(None),
            Command::Disable(key) => self.switch(key, false)?,
            Command::Enable(key) => self.switch(key, true)?,
            Command::Delete(key) => self.delete(key)?,
            Command::Discard => {
                self.old_sealed = None;
                self.new_sealed = None;
                self.memory = None;
                Event::Done
            }
            Command::Wait { until } => {
                if until.0 <= self.now {
                    return Err("a wait for the past".to_owned());
                }
                self.now = until.0;
                let now = self.now;
                self.under_way.retain(|(end, _)| now < *end);
                Event::Tick
            }
        })
    }

    fn mint(&mut self, name: &str) -> Event {
        if self.nature.old == OldKey::DiesAtMint {
            self.roll();
            self.memory = Some(self.keys[0].value);
            return Event::Minted(id(0));
        }
        self.new_key(name.to_owned());
        self.memory = self.keys.last().map(|key| key.value);
        Event::Minted(id(self.keys.len() - 1))
    }

    fn look(&self, consumer: usize) -> Event {
        if self.old_sealed.is_none() && self.new_sealed.is_none() && self.memory.is_none() {
            return done(false, Reason::Sealed);
        }
        let holds = self.consumers[consumer];
        Event::Holds(match holds {
            None => Holds::Nothing,
            value if value == self.value(Which::New) => Holds::New,
            value if value == self.value(Which::Old) => Holds::Old,
            Some(_) => Holds::Other,
        })
    }

    fn list(&self) -> Vec<Listed> {
        let keys = self.keys.iter().enumerate().filter(|(_, key)| key.alive);
        let named = self.nature.finds == Finds::ByName;
        keys.map(|(index, key)| Listed {
            id: id(index),
            name: named.then(|| key.name.clone()),
            created: Some(UnixTime(key.created)),
        })
        .collect()
    }

    fn switch(&mut self, key: &KeyId, enabled: bool) -> Result<Event, Broken> {
        let key = index(key.as_str());
        if !enabled {
            self.not_held(key, "disabled")?;
        }
        self.keys[key].enabled = enabled;
        Ok(Event::Done)
    }

    fn delete(&mut self, key: &KeyId) -> Result<Event, Broken> {
        let key = index(key.as_str());
        self.not_held(key, "revoked")?;
        if key == 1 {
            return Err("a key that is somebody else's was revoked".to_owned());
        }
        self.keys[key].alive = false;
        Ok(Event::Done)
    }

    fn not_held(&self, key: usize, verb: &str) -> Result<(), Broken> {
        let value = self.keys[key].value;
        if self.consumers.contains(&Some(value)) {
            return Err(format!("key {key} was {verb} while a consumer holds it"));
        }
        Ok(())
    }
}

fn done(works: bool, reason: Reason) -> Event {
    if works { Event::Done } else { Event::Failed(Failure::Never(reason)) }
}

fn id(index: usize) -> KeyId {
    KeyId::new(format!("k{index}")).unwrap()
}

fn index(id: &str) -> usize {
    id.trim_start_matches(['k', 'c']).parse().unwrap()
}

/// The invariants.
impl World {
    fn check(&self) -> Result<(), Broken> {
        let record = self.disk.as_ref();
        let is_roll = self.nature.old == OldKey::DiesAtMint;
        if !is_roll {
            for (consumer, value) in self.consumers.iter().enumerate() {
                if !value.is_some_and(|value| self.is_valid(value)) {
                    return Err(format!("consumer {consumer} holds no valid key"));
                }
            }
        }
        for (key, made) in self.keys.iter().enumerate().skip(2).filter(|(_, key)| key.alive) {
            if !record.is_some_and(|record| knows(record, made, &id(key))) {
                return Err(format!("key {key} lives and the record does not know it"));
            }
        }
        self.check_confirmed()?;
        self.check_end()
    }

    /// No key is retired before every consumer was confirmed.
    fn check_confirmed(&self) -> Result<(), Broken> {
        let stage = self.disk.as_ref().map(|record| record.stage);
        let retires = matches!(
            stage,
            Some(
                Stage::Overlap { .. }
                    | Stage::Disabling
                    | Stage::Disabled { .. }
                    | Stage::Revoking
                    | Stage::Done
            )
        );
        if retires && self.confirmed.contains(&false) {
            return Err("a consumer was not confirmed".to_owned());
        }
        Ok(())
    }

    fn check_end(&self) -> Result<(), Broken> {
        let Some(record) = self.disk.as_ref().filter(|record| record.is_over()) else {
            return Ok(());
        };
        let is_roll = self.nature.old == OldKey::DiesAtMint;
        if self.old_sealed.is_some() || self.new_sealed.is_some() {
            return Err("sealed values are left behind".to_owned());
        }
        let done = record.stage == Stage::Done;
        let adopted = record.adopted.as_ref().map(|key| index(key.as_str()));
        let wanted = if done { adopted.map(|key| self.keys[key].value) } else { Some(0) };
        if self.consumers.iter().any(|value| *value != wanted) {
            return Err(format!("at the end consumers hold {:?}, not {wanted:?}", self.consumers));
        }
        if !wanted.is_some_and(|value| self.is_valid(value)) {
            return Err("at the end consumers hold a dead key".to_owned());
        }
        if done && !is_roll && self.keys[0].alive {
            return Err("done, and the old key lives".to_owned());
        }
        let foundling = |key: usize| self.keys[key].alive && Some(key) != adopted.filter(|_| done);
        // What a person made and did not paste only that person knows.
        if !self.nature.by_hand && (2..self.keys.len()).any(foundling) {
            return Err("at the end a key lives that nobody uses".to_owned());
        }
        if !self.keys[1].alive || !self.keys[1].enabled {
            return Err("somebody else's key was touched".to_owned());
        }
        Ok(())
    }

    /// A process that starts now, after a crash, in a world without faults: it ends, and with `retry` it ends well.
    pub(crate) fn recover(&mut self, settled: &mut dyn FnMut(&Self) -> bool) -> Result<(), Broken> {
        self.faults = true;
        if !self.over {
            self.crash();
            self.check()?;
        }
        for _ in 0..4 {
            if self.run_out(settled)? {
                return Ok(());
            }
            match self.status() {
                Status::NeedsHuman(why) => {
                    self.mend(&why);
                    self.tell(Event::Retry);
                }
                Status::Done | Status::Failed(_) => return self.check(),
                _ if self.disk.is_none() => return self.check(),
                other => return Err(format!("a run ended in {other:?}")),
            }
            self.over = false;
        }
        Err(format!("retry does not help: {:?}", self.status()))
    }

    /// The owner does what he is told to.
    fn mend(&mut self, why: &Why) {
        if let Why::MayLive { name } = why {
            self.keys.iter_mut().filter(|key| key.name == *name).for_each(|key| key.alive = false);
        }
    }

    /// Goes on without faults until the run ends. True when somebody else knows already how that goes.
    pub(crate) fn run_out(
        &mut self,
        settled: &mut dyn FnMut(&Self) -> bool,
    ) -> Result<bool, Broken> {
        for _ in 0..300 {
            if self.over {
                return Ok(false);
            }
            if settled(self) {
                return Ok(true);
            }
            self.step(Fate::Fine)?;
        }
        Err("a run without faults does not end".to_owned())
    }

    /// What the owner would read, for the values' sake.
    pub(crate) fn on_disk(&self) -> Option<Vec<u8>> {
        self.disk.as_ref().and_then(|record| record.encode().ok())
    }

    /// One line for a failure.
    pub(crate) fn brief(&self) -> String {
        let record = self.machine.record();
        let marks: Vec<_> = record.consumers.iter().map(|consumer| consumer.mark).collect();
        let keys: Vec<_> =
            self.keys.iter().map(|key| (key.value, key.alive, key.enabled)).collect();
        let effect = self.effect();
        format!(
            "t={} {:?} {marks:?} tries {} keys {keys:?} consumers {:?} late {:?} halted {:?} next {effect:?}",
            self.now,
            record.stage,
            record.tries,
            self.consumers,
            self.under_way,
            record.halted.as_ref().map(|halt| &halt.why),
        )
    }

    pub(crate) fn had_faults(&self) -> bool {
        self.faults
    }
}

thread_local! {
    /// Hashes of records that were encoded and decoded: most steps save one that was seen before.
    static READ_BACK: RefCell<(RandomState, HashSet<u64>)> = RefCell::default();
}

fn reads_back(record: &Record) -> Result<(), Broken> {
    let is_new = READ_BACK.with_borrow_mut(|(state, seen)| seen.insert(state.hash_one(record)));
    if !is_new {
        return Ok(());
    }
    let bytes = record.encode().map_err(|error| error.to_string())?;
    let read = Record::decode(&bytes).map_err(|error| format!("{error:?}"))?;
    if read == *record { Ok(()) } else { Err("the record does not read back".to_owned()) }
}

/// By name, by id, or, where keys have no names, by having appeared during an attempt.
fn knows(record: &Record, key: &Key, id: &KeyId) -> bool {
    let window =
        |asked: UnixTime| asked.0 <= key.created && key.created <= asked.0 + i64::from(SETTLE);
    record.attempts.iter().any(|attempt| {
        let by_name = match record.plan.nature.finds {
            Finds::ByName | Finds::Never => attempt.name == key.name,
            Finds::ByDifference => window(attempt.asked),
        };
        by_name || attempt.key.as_ref() == Some(id)
    })
}
