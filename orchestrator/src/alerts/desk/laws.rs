//! The desk's laws over random days: things seen, taken back, answered, and time that goes by.
//!
//! What must follow is worked out here from the list of everything that happened, and never asked of the desk.

use super::*;
use crate::alerts::policy::Quiet;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Step {
    See { thing: u8, severity: Severity, knows: bool },
    Look { things: Vec<(u8, Severity)> },
    Answer { which: usize, delivered: bool },
    Tick,
}

fn severity() -> impl Strategy<Value = Severity> {
    prop::sample::select(vec![
        Severity::Info,
        Severity::Warn,
        Severity::Error,
        Severity::Error,
        Severity::Critical,
    ])
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..6_u8, severity(), prop::bool::weighted(0.3))
            .prop_map(|(thing, severity, knows)| Step::See { thing, severity, knows }),
        1 => prop::collection::vec((0..6_u8, severity()), 0..3).prop_map(|things| Step::Look { things }),
        5 => (any::<usize>(), prop::bool::weighted(0.7))
            .prop_map(|(which, delivered)| Step::Answer { which, delivered }),
        2 => Just(Step::Tick),
    ]
}

/// Steps, each with the seconds that went by before it.
fn day() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let gap = prop::sample::select(vec![0, 0, 1, 2, 3, 30, 60, 600, 1800, 3600, 9000, 40_000]);
    prop::collection::vec((gap, step()), 1..120)
}

fn policy() -> impl Strategy<Value = Policy> {
    let below = prop::sample::select(vec![Severity::Warn, Severity::Error, Severity::Critical]);
    // Half an hour of a day at least is not quiet, so that a tick every quarter of an hour meets it.
    let quiet = (0..1440_u16, 0..1410_u16, below).prop_map(|(from, long, below)| Quiet {
        from,
        to: (from + long) % 1440,
        below,
    });
    (prop::option::of(quiet), 1..5_usize, 1..4_usize, 60..4000_i64).prop_map(
        |(quiet, hourly_cap, channels, dedup)| Policy {
            zone: TimeZone::UTC,
            dedup,
            hourly_cap,
            quiet,
            heartbeat: 7200,
            channels: ["first", "second", "third"][..channels]
                .iter()
                .map(|name| (*name).to_owned())
                .collect(),
        },
    )
}

/// 2026-11-22T00:00:00Z: the midnight that minutes of the day count from.
const MIDNIGHT: i64 = 1_795_305_600;

struct Run {
    desk: Desk,
    now: UnixTime,
    /// Attempts without an answer.
    open: Vec<(String, Message)>,
    /// Every attempt.
    sent: Vec<(UnixTime, String, Message)>,
    /// Every sight that counts: thing, who, when, how bad.
    seen: Vec<(u8, bool, UnixTime, Severity)>,
    /// Every alert that was shown anywhere: when, its key, how bad.
    shown: Vec<(UnixTime, Digest, Severity)>,
}

/// The last two things are asked by whoever knows them.
const fn asks(thing: u8, knows: bool) -> bool {
    knows && thing >= 4
}

fn source(thing: u8, knows: bool) -> Source {
    match knows {
        true if asks(thing, knows) => Source::asks("asker"),
        true => Source::knows("knower"),
        false => Source::looks("looker"),
    }
}

fn finding(thing: u8, severity: Severity) -> Finding {
    Finding {
        severity,
        kind: "test.thing".to_owned(),
        subject: format!("thing-{thing}"),
        message: format!("{thing} is {severity:?}"),
        hint: Some("sanctum look".to_owned()),
    }
}

fn thing_key(thing: u8, knows: bool) -> Digest {
    alert::key(&source(thing, knows).name, "test.thing", &format!("thing-{thing}"))
}

impl Run {
    fn new(policy: Policy) -> Self {
        let (open, sent, seen, shown) = Default::default();
        Self { desk: Desk::new(policy), now: UnixTime(MIDNIGHT), open, sent, seen, shown }
    }

    fn event(&self, step: &Step) -> Option<Event> {
        Some(match step {
            Step::See { thing, severity, knows } => Event::Observed {
                finding: finding(*thing, *severity),
                source: source(*thing, *knows),
            },
            Step::Look { things } => Event::Looked {
                source: source(0, false),
                findings: things
                    .iter()
                    .map(|(thing, severity)| finding(*thing, *severity))
                    .collect(),
            },
            Step::Answer { which, delivered } => {
                let (channel, message) =
                    self.open.get(which.checked_rem(self.open.len())?)?.clone();
                let why = || Answer::Failed("no route".to_owned());
                let answer = if *delivered { Answer::Delivered } else { why() };
                Event::Answered { channel, message, answer }
            }
            Step::Tick => Event::Tick,
        })
    }

    /// One step; its commands.
    fn step(&mut self, gap: i64, step: &Step) -> Vec<Command> {
        self.now = self.now.plus(gap);
        let Some(event) = self.event(step) else { return Vec::new() };
        if let Step::Answer { which, .. } = step {
            self.open.swap_remove(which % self.open.len());
        }
        let commands = self.desk.on(&event, self.now);
        self.note(step, &commands);
        commands
    }

    fn note(&mut self, step: &Step, commands: &[Command]) {
        let now = self.now;
        match step {
            Step::See { thing, severity, knows } => {
                self.seen.push((*thing, *knows, now, *severity));
            }
            Step::Look { things } => {
                self.seen
                    .extend(things.iter().map(|(thing, severity)| (*thing, false, now, *severity)));
                self.seen.retain(|(thing, knows, ..)| {
                    *knows || things.iter().any(|(one, _)| one == thing)
                });
            }
            _ => {}
        }
        for command in commands {
            if let Command::Send { channel, message } = command {
                self.open.push((channel.clone(), message.clone()));
                self.sent.push((now, channel.clone(), message.clone()));
                if let What::Alert(alert) = &message.what {
                    self.shown.push((now, alert.key(), alert.severity));
                }
            }
        }
        for held in self.desk.state().held() {
            self.shown.push((now, held.alert.key(), held.alert.severity));
        }
    }

    /// How bad the newest sight of a thing is, as far as an earlier one agrees.
    fn agreed(&self, thing: u8, knows: bool) -> Option<Severity> {
        let mut of_it = self.seen.iter().rev().filter(|one| (one.0, one.1) == (thing, knows));
        let (_, _, at, severity) = of_it.next()?;
        // A day and two hours, less the two seconds in which sights become one.
        let counts = |then: &UnixTime| (2..=26 * 3600 - 2).contains(&(at.0 - then.0));
        of_it.filter(|(_, _, then, _)| counts(then)).map(|one| one.3.min(*severity)).max()
    }

    /// Whether something at least that bad of this key was shown within the dedup window, or is on its way.
    fn was_shown(&self, key: Digest, level: Severity) -> bool {
        let dedup = self.desk.policy.dedup;
        let recent = |one: &&(UnixTime, Digest, Severity)| {
            one.1 == key && one.2 >= level && self.now.0 - one.0.0 < dedup
        };
        let on_its_way = self.desk.state().undelivered().any(
            |message| matches!(&message.what, What::Alert(alert) if alert.key() == key && alert.severity >= level),
        );
        on_its_way || self.shown.iter().any(|one| recent(&one))
    }

    /// Lets time go by while every attempt is acknowledged, until nothing waits.
    fn drain(&mut self) {
        for _ in 0..200 {
            while !self.open.is_empty() {
                self.step(0, &Step::Answer { which: 0, delivered: true });
            }
            self.step(900, &Step::Tick);
        }
    }
}

fn balanced(state: &State) -> Result<(), TestCaseError> {
    let (tally, count) = (state.tally, |n: usize| u64::try_from(n).unwrap());
    let sights = tally.used + tally.cleared + tally.unconfirmed + count(state.pending().count());
    prop_assert_eq!(tally.accepted, sights, "sights: {:?}", tally);
    let on_the_way =
        state.undelivered().filter(|message| matches!(message.what, What::Alert(_))).count();
    let waiting = count(state.held().len()) + state.beyond.values().sum::<u64>();
    let told = tally.sent + tally.digested + tally.counted + count(on_the_way);
    prop_assert_eq!(tally.opened + tally.own, told + waiting, "alerts: {:?}", tally);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_critical_is_sent_at_once(policy in policy(), day in day()) {
        let mut run = Run::new(policy);
        for (gap, step) in &day {
            let Step::See { thing, severity: Severity::Critical, knows } = step else {
                run.step(*gap, step);
                continue;
            };
            let key = thing_key(*thing, *knows);
            run.now = run.now.plus(*gap);
            let known = run.was_shown(key, Severity::Critical);
            let commands = run.step(0, step);
            if (*knows || run.agreed(*thing, *knows) == Some(Severity::Critical)) && !known {
                let told = commands.iter().any(|command| matches!(
                    command,
                    Command::Send { message: Message { what: What::Alert(alert), .. }, .. }
                        if alert.key() == key && alert.severity == Severity::Critical
                ));
                prop_assert!(told, "{step:?} at {:?}: {commands:?}", run.now);
            }
        }
    }

    #[test]
    fn what_asks_is_told_at_once_or_waits_by_name(policy in policy(), day in day()) {
        let mut run = Run::new(policy);
        for (gap, step) in &day {
            run.step(*gap, step);
            if let Step::See { thing, severity, knows } = step && asks(*thing, *knows) {
                let key = thing_key(*thing, *knows);
                prop_assert!(run.was_shown(key, *severity), "{step:?} at {:?}", run.now);
            }
        }
    }

    #[test]
    fn an_hour_has_at_most_its_cap_of_other_messages(policy in policy(), day in day()) {
        let cap = policy.hourly_cap;
        let mut run = Run::new(policy);
        for (gap, step) in &day {
            run.step(*gap, step);
        }
        let mut first: BTreeMap<u64, UnixTime> = BTreeMap::new();
        for (at, _, message) in &run.sent {
            let counts = message.severity < Severity::Critical
                && matches!(message.what, What::Alert(_) | What::Digest { .. });
            if counts {
                first.entry(message.id).or_insert(*at);
            }
        }
        for end in first.values() {
            let hour = first.values().filter(|at| **at <= *end && end.0 - at.0 < 3600).count();
            prop_assert!(hour <= cap, "{hour} in the hour before {end:?}");
        }
    }

    #[test]
    fn a_raised_severity_is_never_hidden(policy in policy(), day in day()) {
        let mut run = Run::new(policy);
        for (gap, step) in &day {
            run.step(*gap, step);
            if let Step::See { thing, knows, .. } = step
                && let Some(level) = run.agreed(*thing, *knows)
            {
                let key = thing_key(*thing, *knows);
                prop_assert!(run.was_shown(key, level), "{step:?} at {:?}", run.now);
            }
        }
    }

    #[test]
    fn nothing_below_the_floor_goes_out_in_quiet_hours(policy in policy(), day in day()) {
        let mut run = Run::new(policy.clone());
        for (gap, step) in &day {
            run.step(*gap, step);
        }
        for (at, channel, message) in &run.sent {
            prop_assert!(!policy.waits(message.severity, *at), "{channel} at {at:?}: {message:?}");
        }
    }

    #[test]
    fn a_restart_changes_nothing(policy in policy(), day in day()) {
        let mut run = Run::new(policy.clone());
        for (gap, step) in &day {
            let state = State::decode(&run.desk.state().encode().unwrap()).unwrap();
            let mut twin = Desk { policy: policy.clone(), state };
            prop_assert_eq!(&twin, &run.desk);
            let event = run.event(step);
            let now = run.now.plus(*gap);
            let commands = run.step(*gap, step);
            if let Some(event) = event {
                prop_assert_eq!(twin.on(&event, now), commands);
                prop_assert_eq!(&twin, &run.desk);
            }
        }
    }

    #[test]
    fn nothing_is_lost(policy in policy(), day in day(), killed in any::<prop::sample::Index>()) {
        let mut run = Run::new(policy.clone());
        let killed = killed.index(day.len());
        for (number, (gap, step)) in day.iter().enumerate() {
            run.step(*gap, step);
            balanced(run.desk.state())?;
            if number == killed {
                // Answers to what was under way never come; the attempts are made again.
                run.open.clear();
                run.desk = Desk::resumed(policy.clone(), run.desk.state().clone(), run.now);
            }
        }
        run.drain();
        balanced(run.desk.state())?;
        let state = run.desk.state();
        prop_assert_eq!((state.undelivered().count(), state.held().len()), (0, 0));
    }
}
