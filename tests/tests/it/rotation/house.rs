//! A caller of the machine: a provider against a stand-in, two consumers and a disk in memory, a clock that jumps.

use sanctum_rotation::providers::{Settings, Values};
use sanctum_rotation::{
    Command, ConsumerId, Event, Failure, Holds, KeyId, Machine, Material, Notice, Plan, Policy,
    Provider, Reason, Record, RotationId, Status, Which,
};
use sanctum_types::{Secret, ServiceName, UnixTime};
use serde_json::{Value, json};

use super::stand_in::{Contract, StandIn};

pub(super) const NOW: i64 = 1_790_000_000;

/// A kind with its contract and settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Openrouter,
    Openai,
    Aws,
    Tailscale,
    Roll,
    Second,
    Anthropic,
}

pub(super) const KINDS: [Kind; 7] = [
    Kind::Openrouter,
    Kind::Openai,
    Kind::Aws,
    Kind::Tailscale,
    Kind::Roll,
    Kind::Second,
    Kind::Anthropic,
];

impl Kind {
    pub(super) const fn contract(self) -> Contract {
        match self {
            Self::Openrouter => Contract::Openrouter,
            Self::Openai => Contract::Openai,
            Self::Aws => Contract::Aws,
            Self::Tailscale => Contract::Tailscale,
            Self::Roll | Self::Second => Contract::Cloudflare,
            Self::Anthropic => Contract::Anthropic,
        }
    }

    pub(super) fn settings(self, base: &str) -> Settings {
        let settings = match self {
            Self::Openrouter => json!({ "openrouter": { "base_url": base } }),
            Self::Openai => json!({ "openai": { "project": "proj_house", "base_url": base } }),
            Self::Aws => {
                json!({ "aws-iam": { "user": "house", "sts_url": base, "base_url": base } })
            }
            Self::Tailscale => {
                json!({ "tailscale": { "tags": ["tag:house"], "base_url": base } })
            }
            Self::Roll => json!({ "cloudflare": { "way": "roll", "base_url": base } }),
            Self::Second => json!({ "cloudflare": { "way": "second", "base_url": base } }),
            Self::Anthropic => json!({ "anthropic": { "base_url": base } }),
        };
        serde_json::from_value(settings).expect("settings of this kind")
    }
}

pub(super) struct House {
    pub(super) kind: Kind,
    pub(super) stand_in: StandIn,
    pub(super) provider: Provider,
    pub(super) machine: Machine,
    pub(super) disk: Option<Vec<u8>>,
    pub(super) consumers: Vec<String>,
    pub(super) now: i64,
    pub(super) notices: Vec<Notice>,
    memory: Option<Material>,
    sealed: Option<Material>,
    before: Option<String>,
    pasted: Option<String>,
    original: String,
}

fn done(works: bool) -> Option<Event> {
    let failure = Failure::Never(Reason::ReadBack);
    Some(if works { Event::Done } else { Event::Failed(failure) })
}

impl House {
    pub(super) fn new(kind: Kind) -> Self {
        let stand_in = StandIn::start(kind.contract(), NOW);
        let settings = kind.settings(&stand_in.base_url());
        let mut management = stand_in.account().management.clone();
        if kind == Kind::Aws {
            management = format!("AKIDMANAGER:{management}");
        }
        let original = stand_in.account().keys[0].value.clone();
        Self::with(kind, stand_in, &settings, management, original)
    }

    pub(super) fn with(
        kind: Kind,
        stand_in: StandIn,
        settings: &Settings,
        management: String,
        original: String,
    ) -> Self {
        let provider =
            Provider::new(settings, Some(Secret::new(management))).expect("usable settings");
        let consumer =
            |index: usize| ConsumerId::new(format!("file:consumer-{index}")).expect("a name");
        let plan = Plan {
            secret: ServiceName::new("house").expect("a name"),
            kind: settings.kind(),
            nature: settings.nature(),
            destructive: true,
            consumers: (0..2).map(consumer).collect(),
            policy: Policy::default(),
        };
        let machine = Machine::begin(plan, RotationId::from_random([42; 16]), UnixTime(NOW));
        Self {
            kind,
            stand_in,
            provider,
            machine,
            disk: None,
            consumers: vec![original.clone(); 2],
            now: NOW,
            notices: Vec::new(),
            memory: None,
            sealed: None,
            before: None,
            pasted: None,
            original,
        }
    }

    /// Runs to the end; with `retry` when a human is needed.
    pub(super) fn rotate(&mut self) -> Status {
        self.drive(Event::Start);
        for _ in 0..5 {
            if !matches!(self.machine.status(), Status::NeedsHuman(_)) {
                break;
            }
            self.drive(Event::Retry);
        }
        self.machine.status()
    }

    pub(super) fn drive(&mut self, first: Event) {
        let mut event = Some(first);
        for _ in 0..500 {
            let Some(told) = event.take() else { return };
            for command in self.machine.on(told, UnixTime(self.now)) {
                event = self.carry(&command);
                self.check();
            }
        }
        panic!("{:?}: the rotation does not end", self.kind);
    }

    /// At every moment, but for a roll, each consumer works.
    fn check(&self) {
        if self.kind == Kind::Roll {
            return;
        }
        let account = self.stand_in.account();
        for value in &self.consumers {
            assert!(account.is_valid(value), "{:?}: a consumer has a dead key", self.kind);
        }
    }

    fn value(&self, which: Which) -> Option<&str> {
        match which {
            Which::New => {
                self.memory.as_ref().or(self.sealed.as_ref()).map(|new| new.value.expose().as_str())
            }
            Which::Old => self.before.as_deref(),
        }
    }

    fn slot(&mut self, consumer: &ConsumerId) -> &mut String {
        let index = usize::from(consumer.as_str().ends_with('1'));
        &mut self.consumers[index]
    }

    fn carry(&mut self, command: &Command) -> Option<Event> {
        match command {
            Command::Save(record) => {
                self.disk = Some(record.encode().expect("a record"));
                None
            }
            Command::Tell(notice) => {
                self.notices.push(notice.clone());
                None
            }
            Command::Probe(_) => Some(Event::Holds(Holds::Old)),
            Command::StageOld => {
                self.before = Some(self.consumers[0].clone());
                Some(Event::OldStaged(true))
            }
            Command::StageNew => {
                self.sealed.clone_from(&self.memory);
                done(true)
            }
            Command::Write { .. } | Command::Confirm { .. } | Command::Look(_) => {
                self.consume(command)
            }
            Command::Discard => {
                (self.memory, self.sealed, self.before) = (None, None, None);
                done(true)
            }
            Command::Wait { until } => {
                assert!(until.0 > self.now, "a wait for the past");
                self.now = until.0;
                self.stand_in.account().now = self.now;
                Some(Event::Tick)
            }
            Command::Verify(which) => {
                let value = self.value(*which)?.to_owned();
                self.verify(value)
            }
            provider => self.ask(provider),
        }
    }

    fn consume(&mut self, command: &Command) -> Option<Event> {
        match command {
            Command::Write { consumer, value } => {
                let value = self.value(*value).map(str::to_owned)?;
                *self.slot(consumer) = value;
                done(true)
            }
            Command::Confirm { consumer, value } => {
                let held = self.slot(consumer).clone();
                if Some(held.as_str()) != self.value(*value) {
                    return done(false);
                }
                self.verify(held)
            }
            Command::Look(consumer) => {
                let held = self.slot(consumer).clone();
                let is = |which| Some(held.as_str()) == self.value(which);
                let holds = if is(Which::New) {
                    Holds::New
                } else if is(Which::Old) {
                    Holds::Old
                } else {
                    Holds::Other
                };
                Some(Event::Holds(holds))
            }
            _ => None,
        }
    }

    fn verify(&self, value: String) -> Option<Event> {
        let record = self.machine.record();
        let is_new = Some(value.as_str()) == self.value(Which::New);
        let key = if is_new { self.minted() } else { record.old.clone() };
        let subject = Material { key, value: Secret::new(value) };
        let values = Values { subject: Some(&subject), ..Values::default() };
        Some(self.provider.carry(&Command::Verify(Which::New), values, UnixTime(self.now)).event)
    }

    fn minted(&self) -> Option<KeyId> {
        self.memory.as_ref().or(self.sealed.as_ref()).and_then(|new| new.key.clone())
    }

    fn ask(&mut self, command: &Command) -> Option<Event> {
        if self.kind == Kind::Anthropic
            && matches!(command, Command::Mint { .. })
            && self.pasted.is_none()
        {
            let made =
                Contract::Anthropic.make(&mut self.stand_in.account(), "made by hand", Value::Null);
            self.pasted = Some(made.value);
        }
        let current = Secret::new(self.consumers[0].clone());
        let pasted = self.pasted.clone().map(Secret::new);
        let old = self.machine.record().old.clone();
        let values = Values {
            current: Some(&current),
            old: old.as_ref(),
            subject: None,
            pasted: pasted.as_ref(),
            by_hand: true,
        };
        let reply = self.provider.carry(command, values, UnixTime(self.now));
        if reply.minted.is_some() {
            self.memory = reply.minted;
        }
        Some(reply.event)
    }

    /// Runs until the record was saved so often, and crashes before the effect after it. False if that never happens.
    pub(super) fn crash_at_save(&mut self, saves: usize) -> bool {
        let mut seen = 0;
        let mut event = Some(Event::Start);
        while let Some(told) = event.take() {
            for command in self.machine.on(told, UnixTime(self.now)) {
                event = self.carry(&command);
                seen += usize::from(matches!(command, Command::Save(_)));
                if seen == saves {
                    self.crash();
                    return true;
                }
            }
        }
        false
    }

    /// Runs to the end while somebody uses the old key whenever he can.
    pub(super) fn drive_in_use(&mut self) {
        let mut event = Some(Event::Start);
        while let Some(told) = event.take() {
            for command in self.machine.on(told, UnixTime(self.now)) {
                if matches!(command, Command::LastUse(_)) {
                    self.stand_in.account().keys[0].last_used = Some(self.now);
                }
                event = self.carry(&command);
                self.check();
            }
        }
    }

    /// The process is gone; another one goes on from the disk.
    pub(super) fn crash(&mut self) {
        self.memory = None;
        let disk = self.disk.as_ref().expect("a record was saved");
        self.machine = Machine::resume(Record::decode(disk).expect("a record"));
    }

    /// After the end: consumers agree and work, and no key lives that nobody uses.
    pub(super) fn check_end(&self, what: &str) {
        let account = self.stand_in.account();
        let (first, second) = (&self.consumers[0], &self.consumers[1]);
        assert_eq!(first, second, "{what}: consumers differ");
        assert!(account.is_valid(first), "{what}: consumers have a dead key");
        let is_done = self.machine.status() == Status::Done;
        assert_eq!(is_done, *first != self.original, "{what}: {:?}", self.machine.status());
        let used =
            |key: &&super::stand_in::Key| key.value != *first && key.name != "somebody-elses";
        let by_hand = self.kind == Kind::Anthropic && !is_done;
        let unused: Vec<_> =
            account.alive().into_iter().filter(used).map(|key| key.name.clone()).collect();
        assert!(unused.is_empty() || by_hand, "{what}: {unused:?} live and nobody uses them");
        let mut others = account.keys.iter().filter(|key| key.name == "somebody-elses");
        assert!(
            others.all(super::stand_in::Key::is_valid),
            "{what}: somebody else's key was touched"
        );
        assert!(self.sealed.is_none() && self.before.is_none(), "{what}: sealed values are left");
        let disk = String::from_utf8_lossy(self.disk.as_deref().unwrap_or_default());
        assert!(
            account.keys.iter().all(|key| !disk.contains(&key.value)),
            "{what}: a value is in the record"
        );
    }
}
