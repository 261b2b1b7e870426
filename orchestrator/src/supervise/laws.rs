//! Laws of the planner over random graphs and random misfortune.
//!
//! A world that the planner cannot see decides what each look, start and stop comes to; after every answer the laws
//! are held against the planner's commands and its state. Time goes in steps of a quarter of a second.

use super::event::{Command, Event, Moment, Rung, Seen, Squatter};
use super::graph::{Graph, Role, Vertex};
use super::notice::{HealEnd, Notice};
use super::planner::Planner;
use super::policy::Policy;
use super::standing::{Course, Health};
use crate::instance::model::Criticality;
use proptest::collection::vec;
use proptest::prelude::*;
use sanctum_types::ServiceName;
use std::collections::{BTreeMap, BTreeSet};

const STEP: u64 = 250;

fn name(n: usize) -> ServiceName {
    ServiceName::new(format!("s{n}")).unwrap()
}

/// What a random house is made of: requirements that point backwards, roles and criticalities.
fn graphs() -> impl Strategy<Value = Graph> {
    vec((any::<u16>(), 0..8_u8, 0..6_u8), 1..9).prop_map(|raws| {
        let vertex = |n: usize, (edges, role, criticality): (u16, u8, u8)| Vertex {
            requires: (0..n).filter(|one| edges & (1 << one) != 0).map(name).collect(),
            criticality: match criticality {
                0 => Criticality::P0,
                1 | 2 => Criticality::P1,
                _ => Criticality::P2,
            },
            role: match role {
                0 => Role::Watched,
                1 if n > 0 => Role::Elsewhere,
                _ => Role::Managed,
            },
        };
        Graph::new(raws.into_iter().enumerate().map(|(n, raw)| (name(n), vertex(n, raw))).collect())
    })
}

fn policies() -> impl Strategy<Value = Policy> {
    (0..4_usize, 1..4_usize, 500..2000_u64, 1000..4000_u64).prop_map(
        |(budget, causes, confirm, settle)| Policy {
            budget,
            budget_window: 30_000,
            backoff_first: 500,
            backoff_max: 4000,
            causes,
            breaker_window: 20_000,
            cadence: [1000, 2000, 4000],
            confirm,
            settle,
        },
    )
}

/// One thing that befalls the world.
#[derive(Clone, Debug)]
enum Blow {
    /// The process ends.
    Kill(usize),
    /// It lives and does not answer as it should.
    Hang(usize),
    /// It is well again by itself.
    Mend(usize),
    /// No restart of it helps until it is mended.
    Break(usize),
    /// Looks at it cannot be made.
    Blind(usize),
    /// Another process takes its port.
    Squat(usize),
    /// The owner releases it.
    Release(usize),
    /// A look of a lower rung answers for the next one.
    Shallow(usize),
    /// Nothing, for so many steps.
    Calm(u8),
}

fn blows() -> impl Strategy<Value = Vec<Blow>> {
    let at = 0..9_usize;
    let one = prop_oneof![
        3 => at.clone().prop_map(Blow::Kill),
        3 => at.clone().prop_map(Blow::Hang),
        2 => at.clone().prop_map(Blow::Mend),
        3 => at.clone().prop_map(Blow::Break),
        1 => at.clone().prop_map(Blow::Blind),
        1 => at.clone().prop_map(Blow::Squat),
        1 => at.clone().prop_map(Blow::Release),
        1 => at.prop_map(Blow::Shallow),
        6 => (1..60_u8).prop_map(Blow::Calm),
    ];
    vec(one, 1..40)
}

/// The truth about one service.
#[derive(Clone, Debug, Default)]
struct Truth {
    alive: bool,
    hung: bool,
    broken: bool,
    blind: bool,
    squatted: bool,
    shallow: bool,
}

/// What the laws remember.
#[derive(Default)]
struct Memory {
    heals: BTreeMap<ServiceName, Vec<Moment>>,
    causes: BTreeMap<ServiceName, Moment>,
    bad: BTreeMap<ServiceName, Vec<Moment>>,
    quarantined: BTreeSet<ServiceName>,
    held: usize,
    open: BTreeMap<ServiceName, (String, Option<Rung>)>,
}

struct World {
    planner: Planner,
    truths: BTreeMap<ServiceName, Truth>,
    memory: Memory,
    now: Moment,
    /// Everything that happened, for a replay.
    script: Vec<(Event, Moment)>,
}

impl World {
    fn new(graph: Graph, policy: Policy) -> Self {
        let watched = |role: Role| role == Role::Watched;
        let truths = graph
            .iter()
            .map(|(name, one)| {
                (name.clone(), Truth { alive: watched(one.role), ..Truth::default() })
            })
            .collect();
        let planner = Planner::new(graph, policy, 7, &BTreeSet::new());
        Self { planner, truths, memory: Memory::default(), now: Moment(0), script: Vec::new() }
    }

    fn put(&mut self, event: Event) {
        let mut queue = vec![event];
        while let Some(event) = queue.pop() {
            self.remember(&event);
            self.script.push((event.clone(), self.now));
            let commands = self.planner.on(event, self.now);
            for command in &commands {
                self.judge(command);
            }
            queue.extend(commands.into_iter().filter_map(|command| self.answer(command)));
        }
    }

    /// What a command comes to.
    fn answer(&mut self, command: Command) -> Option<Event> {
        let rung = |truth: &Truth| if truth.shallow { Rung::Tcp } else { Rung::Contract };
        match command {
            Command::Tell(_) => None,
            Command::Start(service) | Command::Heal { service, .. } => {
                let truth = self.truths.get_mut(&service)?;
                if truth.squatted {
                    let by = Squatter { port: 1, pid: Some(2), exe: None };
                    return Some(Event::Squatted { service, by });
                }
                truth.alive = true;
                truth.hung = truth.broken;
                Some(Event::Started { service, pid: 3 })
            }
            Command::Stop(service) => {
                self.truths.get_mut(&service)?.alive = false;
                Some(Event::Stopped { service })
            }
            Command::Probe(service) => {
                let truth = self.truths.get_mut(&service)?;
                let seen = match truth {
                    Truth { squatted: true, .. } => {
                        Seen::Foreign(Squatter { port: 1, pid: Some(2), exe: None })
                    }
                    Truth { blind: true, .. } => Seen::Unknown,
                    Truth { alive: true, hung: false, .. } => Seen::Green,
                    _ => Seen::Red,
                };
                let rung = rung(truth);
                truth.shallow = false;
                Some(Event::Probed { service, rung, seen, saw: String::new() })
            }
        }
    }

    fn befall(&mut self, blow: &Blow) {
        let at = |n: usize| name(n);
        match *blow {
            Blow::Kill(n) => {
                let managed = self.planner.role(&at(n)) == Some(Role::Managed);
                let Some(truth) = self.truths.get_mut(&at(n)) else { return };
                if std::mem::take(&mut truth.alive) && managed {
                    self.put(Event::Exited { service: at(n), how: "signal 9".to_owned() });
                }
            }
            Blow::Hang(n) => self.change(n, |truth| truth.hung = true),
            Blow::Mend(n) => self.change(n, |truth| {
                *truth = Truth { alive: truth.alive, ..Truth::default() };
            }),
            Blow::Break(n) => self.change(n, |truth| {
                truth.hung = true;
                truth.broken = true;
            }),
            Blow::Blind(n) => self.change(n, |truth| truth.blind = true),
            Blow::Squat(n) => self.change(n, |truth| truth.squatted = true),
            Blow::Shallow(n) => self.change(n, |truth| truth.shallow = true),
            Blow::Release(n) => self.put(Event::Released { service: at(n) }),
            Blow::Calm(steps) => {
                for _ in 0..steps {
                    self.now = self.now.plus(STEP);
                    self.put(Event::Tick);
                }
            }
        }
    }

    fn change(&mut self, n: usize, change: impl FnOnce(&mut Truth)) {
        if let Some(truth) = self.truths.get_mut(&name(n)) {
            change(truth);
        }
    }

    /// What the laws need to know of the past.
    fn remember(&mut self, event: &Event) {
        let now = self.now;
        match event {
            // A start that found the port taken is a bad look too.
            Event::Exited { service, .. } | Event::Squatted { service, .. } => {
                self.memory.bad.entry(service.clone()).or_default().push(now);
            }
            Event::Probed { service, rung, seen, .. } => match seen {
                Seen::Red | Seen::Foreign(_) => {
                    self.memory.bad.entry(service.clone()).or_default().push(now);
                }
                // A look on a lower rung than the failure's is no good news.
                Seen::Green if self.rung_of(service).is_none_or(|failed| *rung >= failed) => {
                    self.memory.bad.remove(service);
                }
                Seen::Green | Seen::Unknown => {}
            },
            Event::Released { service } if self.memory.quarantined.remove(service) => {
                self.memory.heals.remove(service);
            }
            _ => {}
        }
    }

    fn rung_of(&self, service: &ServiceName) -> Option<Rung> {
        self.planner.standing(service).and_then(|one| one.failed_rung)
    }

    /// Every law that speaks of a command.
    fn judge(&mut self, command: &Command) {
        match command {
            Command::Heal { service, operation } => self.judge_heal(service, operation),
            Command::Start(service) => {
                assert!(!self.memory.quarantined.contains(service), "{service} is in quarantine");
                for required in self.planner.graph().requires(service) {
                    let one = self.planner.standing(required).unwrap();
                    let elsewhere = self.planner.role(required) == Some(Role::Elsewhere);
                    let stands = matches!(one.health, Health::Green | Health::Unknown);
                    assert!(elsewhere || stands, "{service} starts before {required}");
                }
            }
            Command::Tell(Notice::Quarantined { service, .. }) => {
                self.memory.quarantined.insert(service.clone());
            }
            Command::Tell(Notice::Held { service, .. }) => {
                self.memory.held += 1;
                self.judge_held(service);
            }
            Command::Tell(Notice::HealFinished { service, operation, end }) => {
                let (open, rung) = self.memory.open.remove(service).expect("a heal was open");
                assert_eq!(&open, operation);
                if *end == HealEnd::Green {
                    let look = self.planner.standing(service).unwrap().last.clone().unwrap();
                    assert!(
                        look.seen == Seen::Green && Some(look.rung) >= rung,
                        "{look:?} {rung:?}"
                    );
                }
            }
            Command::Stop(service) => {
                for below in self.planner.graph().descendants(service) {
                    let one = self.planner.standing(&below).unwrap();
                    let managed = self.planner.role(&below) == Some(Role::Managed);
                    assert!(!managed || one.course == Course::Stopped, "{below} still runs");
                }
            }
            Command::Probe(_) | Command::Tell(_) => {}
        }
    }

    fn judge_heal(&mut self, service: &ServiceName, operation: &str) {
        let policy = self.planner.policy().clone();
        assert!(!self.memory.quarantined.contains(service), "{service} is in quarantine");
        let failed = |one: &ServiceName| self.planner.standing(one).unwrap().failed();
        for above in self.planner.graph().ancestors(service) {
            assert!(!failed(&above), "{service} is healed under {above}");
        }
        let bad = self.memory.bad.get(service).map_or(&[][..], Vec::as_slice);
        let (first, last) = (bad.first().expect("a bad look"), bad.last().expect("a bad look"));
        assert!(last.since(*first) >= policy.confirm, "{service} failed once only");
        let heals = self.memory.heals.entry(service.clone()).or_default();
        heals.push(self.now);
        let recent = heals.iter().filter(|at| self.now.since(**at) < policy.budget_window).count();
        assert!(recent <= policy.budget, "{service} is healed {recent} times");
        let rung = self.rung_of(service);
        self.memory.open.insert(service.clone(), (operation.to_owned(), rung));
        // A healed service starts with a clean record: what was seen of the old process confirms nothing.
        self.memory.bad.remove(service);
        self.memory.causes.insert(service.clone(), self.now);
    }

    fn judge_held(&self, service: &ServiceName) {
        let graph = self.planner.graph();
        let p0 = graph.get(service).unwrap().criticality == Criticality::P0;
        assert!(!p0, "{service} is P0 and is held back");
        let others: Vec<&ServiceName> = self
            .planner
            .standings()
            .filter(|(name, one)| one.failed() && *name != service)
            .map(|(name, _)| name)
            .collect();
        let below = graph.descendants(service);
        let root_of_all = !others.is_empty() && others.iter().all(|one| below.contains(*one));
        assert!(!root_of_all, "{service} is the cause of {others:?} and is held back");
        let policy = self.planner.policy();
        let recent = self
            .memory
            .causes
            .values()
            .filter(|at| self.now.since(**at) < policy.breaker_window)
            .count();
        assert!(recent >= policy.causes, "{service} is held back after {recent} causes");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_befalls_the_house_the_laws_hold(
        graph in graphs(), policy in policies(), blows in blows(),
    ) {
        let mut world = World::new(graph, policy);
        for blow in &blows {
            world.befall(blow);
        }
        // At the end everything stops, from the leaves to the roots, and nothing is started any more.
        world.put(Event::Drain);
        prop_assert!(world.planner.drained());
        prop_assert!(world.memory.open.is_empty(), "a heal was never finished");
        for (name, truth) in &world.truths {
            let managed = world.planner.role(name) == Some(Role::Managed);
            prop_assert!(!truth.alive || !managed, "{} still runs", name);
        }
    }

    #[test]
    fn written_down_and_read_back_it_goes_on_the_same_way(
        graph in graphs(), policy in policies(), blows in blows(), cut in any::<prop::sample::Index>(),
    ) {
        let mut world = World::new(graph.clone(), policy.clone());
        blows.iter().for_each(|blow| world.befall(blow));
        let script = std::mem::take(&mut world.script);
        prop_assume!(!script.is_empty());
        let cut = cut.index(script.len());
        let mut replay = Planner::new(graph, policy, 7, &BTreeSet::new());
        for (n, (event, at)) in script.into_iter().enumerate() {
            if n == cut {
                let text = serde_json::to_string(&replay).unwrap();
                replay = serde_json::from_str(&text).unwrap();
            }
            replay.on(event, at);
        }
        prop_assert_eq!(&replay, &world.planner);
    }

    #[test]
    fn a_house_that_is_mended_comes_back(graph in graphs(), policy in policies(), blows in blows()) {
        prop_assume!(policy.budget > 0);
        let mut world = World::new(graph, policy);
        blows.iter().for_each(|blow| world.befall(blow));
        let all: Vec<ServiceName> = world.truths.keys().cloned().collect();
        for (n, name) in all.iter().enumerate() {
            world.befall(&Blow::Mend(n));
            // What nobody here starts, somebody else has started.
            if world.planner.role(name) != Some(Role::Managed) {
                world.change(n, |truth| truth.alive = true);
            }
        }
        for n in 0..all.len() {
            world.befall(&Blow::Release(n));
        }
        // Quarantines can still come from failures of before; each is released once more.
        for _ in 0..4 {
            world.befall(&Blow::Calm(120));
            for n in 0..all.len() {
                world.befall(&Blow::Release(n));
            }
        }
        world.befall(&Blow::Calm(200));
        for (name, one) in world.planner.standings() {
            let elsewhere = world.planner.role(name) == Some(Role::Elsewhere);
            prop_assert!(elsewhere || one.health == Health::Green, "{} is {}", name, one.word());
        }
    }
}

/// A house by hand: name, requirements, criticality.
fn house(rows: &[(usize, &[usize], Criticality)]) -> Graph {
    Graph::new(
        rows.iter()
            .map(|(n, requires, criticality)| {
                let requires = requires.iter().map(|one| name(*one)).collect();
                let role = Role::Managed;
                (name(*n), Vertex { requires, criticality: *criticality, role })
            })
            .collect(),
    )
}

fn strict() -> Policy {
    Policy {
        budget: 2,
        budget_window: 600_000,
        backoff_first: 500,
        backoff_max: 1000,
        causes: 1,
        breaker_window: 600_000,
        cadence: [1000; 3],
        confirm: 500,
        settle: 1000,
    }
}

#[test]
fn the_breaker_stops_one_more_leaf_and_neither_p0_nor_the_cause_of_the_rest() {
    use Criticality::{P0, P2};
    let rows: &[(usize, &[usize], Criticality)] =
        &[(0, &[], P2), (1, &[], P2), (2, &[], P0), (3, &[], P2), (4, &[3], P2), (5, &[3], P2)];
    let mut world = World::new(house(rows), strict());
    world.befall(&Blow::Calm(20));
    for one in [0, 1, 2] {
        world.befall(&Blow::Kill(one));
        world.befall(&Blow::Calm(20));
    }
    for one in [4, 5, 3] {
        world.befall(&Blow::Hang(one));
    }
    world.befall(&Blow::Calm(40));
    let healed: Vec<String> = world.memory.heals.keys().map(ToString::to_string).collect();
    assert!(world.memory.held >= 1, "nothing was held back");
    assert!(!healed.contains(&"s1".to_owned()), "{healed:?}");
    assert!(["s0", "s2", "s3"].iter().all(|one| healed.contains(&(*one).to_owned())), "{healed:?}");
    assert_eq!(world.planner.standing(&name(1)).unwrap().word(), "held");
}

#[test]
fn one_bad_look_or_a_blind_one_moves_nothing() {
    let policy = Policy { confirm: 3000, ..strict() };
    let mut world = World::new(house(&[(0, &[], Criticality::P1)]), policy);
    world.befall(&Blow::Calm(20));
    world.befall(&Blow::Hang(0));
    world.befall(&Blow::Calm(6));
    assert_eq!(world.planner.standing(&name(0)).unwrap().word(), "suspect");
    world.befall(&Blow::Mend(0));
    world.befall(&Blow::Calm(20));
    world.befall(&Blow::Blind(0));
    world.befall(&Blow::Calm(200));
    assert!(world.memory.heals.is_empty());
    assert_eq!(world.planner.standing(&name(0)).unwrap().word(), "unknown");
}

#[test]
fn a_squatted_port_is_told_once_and_waited_for() {
    let mut world = World::new(house(&[(0, &[], Criticality::P0)]), strict());
    world.befall(&Blow::Squat(0));
    world.befall(&Blow::Calm(200));
    assert!(world.memory.heals.is_empty(), "restarting does not free a port");
    assert_eq!(world.planner.standing(&name(0)).unwrap().word(), "squatted");
    world.befall(&Blow::Mend(0));
    world.befall(&Blow::Calm(40));
    assert_eq!(world.planner.standing(&name(0)).unwrap().word(), "up");
}

#[test]
fn what_was_in_quarantine_stays_there_over_a_restart_of_the_supervisor() {
    let graph = house(&[(0, &[], Criticality::P0), (1, &[0], Criticality::P0)]);
    let kept = BTreeSet::from([name(0)]);
    let mut planner = Planner::new(graph, strict(), 7, &kept);
    for at in 0..100 {
        let out = planner.on(Event::Tick, Moment(at * STEP));
        assert!(!out.iter().any(|one| matches!(one, Command::Start(_) | Command::Heal { .. })));
    }
    let out = planner.on(Event::Released { service: name(0) }, Moment(100 * STEP));
    assert!(out.contains(&Command::Start(name(0))), "{out:?}");
}

#[test]
fn the_walk_up_goes_by_a_fresh_look_and_not_by_what_was_seen_last() {
    use Criticality::{P0, P2};
    // The base is looked at every four seconds and what stands on it every second: its failure is seen later.
    let policy = Policy { cadence: [1000, 2000, 4000], causes: 9, ..strict() };
    let mut world = World::new(house(&[(0, &[], P2), (1, &[0], P0)]), policy);
    world.befall(&Blow::Calm(21));
    for one in [0, 1] {
        world.befall(&Blow::Hang(one));
    }
    world.befall(&Blow::Calm(12));
    let healed: Vec<String> = world.memory.heals.keys().map(ToString::to_string).collect();
    assert_eq!(healed, ["s0"]);
}

#[test]
fn a_look_at_the_old_process_does_not_end_the_heal_of_the_new_one() {
    let policy = Policy { backoff_first: 1000, ..strict() };
    let graph = house(&[(0, &[], Criticality::P1)]);
    let mut planner = Planner::new(graph, policy, 7, &BTreeSet::new());
    let look =
        |seen: Seen| Event::Probed { service: name(0), rung: Rung::Http, seen, saw: String::new() };
    let mut at = 0;
    let mut tick = |planner: &mut Planner, event: Event| {
        at += STEP;
        planner.on(event, Moment(at))
    };
    tick(&mut planner, Event::Tick);
    tick(&mut planner, Event::Started { service: name(0), pid: 3 });
    tick(&mut planner, look(Seen::Green));
    for _ in 0..3 {
        tick(&mut planner, look(Seen::Red));
    }
    // Its last look is under way and unanswered when the wait is over and it is healed.
    let mut healed = false;
    for _ in 0..20 {
        let out = tick(&mut planner, Event::Tick);
        healed |= out.iter().any(|one| matches!(one, Command::Heal { .. }));
        if healed {
            break;
        }
    }
    assert!(healed && planner.standing(&name(0)).unwrap().looking);
    tick(&mut planner, Event::Started { service: name(0), pid: 4 });
    tick(&mut planner, look(Seen::Green));
    assert_eq!(planner.standing(&name(0)).unwrap().word(), "healing");
    // The next one is at the new process.
    tick(&mut planner, look(Seen::Green));
    assert_eq!(planner.standing(&name(0)).unwrap().word(), "up");
}

#[test]
fn a_heal_waits_for_a_slow_look_at_what_is_above() {
    let graph = house(&[(0, &[], Criticality::P1), (1, &[0], Criticality::P1)]);
    // The base is looked at so rarely that nothing but the failure above it asks for a look.
    let policy = Policy { cadence: [1000, 600_000, 600_000], ..strict() };
    let mut planner = Planner::new(graph, policy, 7, &BTreeSet::new());
    let seen = |n: usize, seen: Seen| Event::Probed {
        service: name(n),
        rung: Rung::Http,
        seen,
        saw: String::new(),
    };
    let mut at = 0;
    let mut on = |planner: &mut Planner, event: Event| {
        at += STEP;
        planner.on(event, Moment(at))
    };
    on(&mut planner, Event::Tick);
    for n in [0, 1] {
        on(&mut planner, Event::Started { service: name(n), pid: 3 });
        on(&mut planner, seen(n, Seen::Green));
    }
    let mut asked = Vec::new();
    for _ in 0..3 {
        asked.extend(on(&mut planner, seen(1, Seen::Red)));
    }
    // A hung base takes its time to say nothing; meanwhile nothing is healed.
    for _ in 0..20 {
        asked.extend(on(&mut planner, Event::Tick));
    }
    assert!(asked.contains(&Command::Probe(name(0))), "{asked:?}");
    assert!(!asked.iter().any(|one| matches!(one, Command::Heal { .. })), "{asked:?}");
    let out = on(&mut planner, seen(0, Seen::Green));
    let is_healed =
        |one: &Command| matches!(one, Command::Heal { service, .. } if *service == name(1));
    assert!(out.iter().any(is_healed), "{out:?}");
}
