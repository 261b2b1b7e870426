//! Laws of approvals: nothing is approved but what the owner approved, for as long, as often and under the same rules.

use super::*;
use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};

fn wanted(agent: usize, path: usize, action: usize) -> Wanted {
    let (action, target) = match action {
        0 => (Action::retrieve(), None),
        1 => (Action::store(), None),
        2 => (Action::of_use("http_request"), Some("GET a.example:443".to_owned())),
        _ => (Action::of_use("http_request"), Some("POST a.example:443".to_owned())),
    };
    Wanted {
        agent: AgentName::new(["x", "y"][agent]).unwrap(),
        path: SecretPath::new(["a", "b"][path]).unwrap(),
        action,
        target,
    }
}

fn under(approval: Approval, by: &str) -> Under {
    Under { approval, by: vec![by.to_owned()] }
}

fn at(seconds: u64) -> Moment {
    Moment { mono: seconds * 1000, wall: UnixTime(0).plus(i64::try_from(seconds).unwrap()) }
}

#[derive(Clone, Debug)]
enum Step {
    Use(usize, usize, usize),
    Approve(usize, Option<u32>),
    Deny(usize, Option<u32>),
    Wait(u64),
    /// The agent's key, or the rule, is another.
    Agent(usize),
    Rule,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let minutes = || proptest::option::of(0..40_u32);
    let one = prop_oneof![
        6 => (0..2_usize, 0..2_usize, 0..4_usize).prop_map(|(a, p, x)| Step::Use(a, p, x)),
        3 => (0..6_usize, minutes()).prop_map(|(n, minutes)| Step::Approve(n, minutes)),
        1 => (0..6_usize, minutes()).prop_map(|(n, minutes)| Step::Deny(n, minutes)),
        3 => (1..900_u64).prop_map(Step::Wait),
        1 => (0..2_usize).prop_map(Step::Agent),
        1 => Just(Step::Rule),
    ];
    proptest::collection::vec(one, 0..60)
}

proptest! {
    /// A second bookkeeping of nothing but the owner's words says the same.
    #[test]
    fn nothing_is_used_but_what_the_owner_approved(steps in steps(), each in proptest::bool::ANY) {
        let approval = if each { Approval::EachTime } else { Approval::Minutes(30) };
        let (mut all, mut now, mut names) = (Approvals::default(), 0_u64, 0_u32);
        // What was approved, and until when.
        let mut words: Vec<(Wanted, u64)> = Vec::new();
        for step in steps {
            match step {
                Step::Use(agent, path, action) => {
                    let (what, under) = (wanted(agent, path, action), under(approval, "r"));
                    let found = all.look(&what, &under, at(now)).cloned();
                    let word = words.iter().position(|(one, until)| *one == what && now < *until);
                    let approved = found.as_ref().is_some_and(|one| one.state == State::Approved);
                    prop_assert_eq!(approved, word.is_some(), "{:?} at {}", what, now);
                    match (found, word) {
                        (Some(one), Some(word)) => {
                            all.spend(&one.id);
                            if each { words.remove(word); }
                        }
                        (Some(one), None) => prop_assert_eq!(one.wanted, what),
                        (None, _) => {
                            names += 1;
                            let _ = all.ask(names.to_string(), (what, under), at(now));
                        }
                    }
                }
                Step::Approve(nth, minutes) | Step::Deny(nth, minutes) => {
                    let Some(one) = all.all(at(now)).nth(nth).cloned() else { continue };
                    let state = match step {
                        Step::Approve(..) => State::Approved,
                        _ => State::Denied,
                    };
                    if all.decide(&one.id, (state, minutes), at(now)).is_ok() {
                        words.retain(|(other, _)| *other != one.wanted);
                        if state == State::Approved {
                            let most = if each { 10 } else { 30 };
                            let minutes = minutes.unwrap_or(most);
                            prop_assert!((1..=most).contains(&minutes));
                            words.push((one.wanted, now + u64::from(minutes) * 60));
                        }
                    }
                }
                Step::Wait(seconds) => now += seconds,
                Step::Agent(agent) => {
                    let agent = wanted(agent, 0, 0).agent;
                    all.end(&Ends::Agent(&agent));
                    words.retain(|(one, _)| one.agent != agent);
                }
                Step::Rule => {
                    all.end(&Ends::Rule("r"));
                    words.clear();
                }
            }
            for agent in ["x", "y"] {
                let own = |one: &&Question| one.wanted.agent.as_str() == agent;
                let waits = |one: &&Question| one.state == State::Asked;
                prop_assert!(all.all(at(now)).filter(own).filter(waits).count() <= OF_ONE);
            }
        }
    }
}

#[test]
fn who_asks_again_is_given_the_same_question() {
    let mut all = Approvals::default();
    let (what, under) = (wanted(0, 0, 0), under(Approval::EachTime, "r"));
    assert!(all.look(&what, &under, at(0)).is_none());
    all.ask("1".to_owned(), (what.clone(), under.clone()), at(0)).unwrap();
    let found = |all: &mut Approvals, seconds| {
        all.look(&what, &under, at(seconds)).map(|one| (one.id.clone(), one.left(at(seconds))))
    };
    assert_eq!(found(&mut all, 600), Some(("1".to_owned(), 300)));
    assert_eq!(found(&mut all, 899), Some(("1".to_owned(), 1)));
    // Asking again does not make it wait for longer.
    assert_eq!(found(&mut all, 900), None);
}

#[test]
fn a_question_is_about_one_agent_path_action_and_target_under_one_policy() {
    let rules = under(Approval::Minutes(5), "r");
    let others = (0..2).flat_map(|a| (0..2).flat_map(move |p| (0..4).map(move |x| (a, p, x))));
    for (agent, path, action) in others.clone() {
        let mut all = Approvals::default();
        let what = wanted(agent, path, action);
        all.ask("1".to_owned(), (what.clone(), rules.clone()), at(0)).unwrap();
        all.decide("1", (State::Approved, None), at(0)).unwrap();
        for other in others.clone() {
            let found = all.look(&wanted(other.0, other.1, other.2), &rules, at(1)).is_some();
            assert_eq!(found, other == (agent, path, action), "{other:?}");
        }
    }
    for other in [under(Approval::EachTime, "r"), under(Approval::Minutes(5), "s")] {
        let mut all = Approvals::default();
        all.ask("1".to_owned(), (wanted(0, 0, 0), rules.clone()), at(0)).unwrap();
        all.decide("1", (State::Approved, None), at(0)).unwrap();
        assert!(all.look(&wanted(0, 0, 0), &other, at(1)).is_none(), "{other:?}");
        // And it does not come back with the policy of before.
        assert!(all.look(&wanted(0, 0, 0), &rules, at(1)).is_none());
    }
}

#[test]
fn they_are_bounded_for_each_agent_and_for_all() {
    let mut all = Approvals::default();
    let mut ask = |agent: &str, path: usize| {
        let what = Wanted {
            agent: AgentName::new(agent).unwrap(),
            path: SecretPath::new(format!("p{path}")).unwrap(),
            ..wanted(0, 0, 0)
        };
        let id = format!("{agent}{path}");
        all.ask(id, (what, under(Approval::EachTime, "r")), at(0)).map(drop)
    };
    for path in 0..OF_ONE {
        assert_eq!(ask("x", path), Ok(()));
    }
    assert_eq!(ask("x", OF_ONE), Err(TooMany));
    let full = (1..MOST / OF_ONE).flat_map(|n| (0..OF_ONE).map(move |path| (n, path)));
    for (n, path) in full {
        assert_eq!(ask(&format!("a{n}"), path), Ok(()));
    }
    assert_eq!(ask("z", 0), Err(TooMany));
    assert_eq!((all.end(&Ends::Id("x0")), all.all(at(0)).count()), (1, MOST - 1));
    assert_eq!((all.end(&Ends::All), all.all(at(0)).count()), (MOST - 1, 0));
}

#[test]
fn either_clock_ends_an_approval_and_none_prolongs_it() {
    let mut all = Approvals::default();
    let rules = under(Approval::Minutes(10), "r");
    all.ask("1".to_owned(), (wanted(0, 0, 0), rules.clone()), at(0)).unwrap();
    all.decide("1", (State::Approved, Some(1)), at(100)).unwrap();
    let good = |mono, wall| {
        let now = Moment { mono, wall: UnixTime(wall) };
        all.get("1", now).is_some_and(|one| one.state == State::Approved)
    };
    assert!(good(159_999, 159) && good(159_999, -5000));
    assert!(!good(160_000, 159) && !good(160_000, -5000) && !good(100_001, 160));
    assert_eq!(
        all.minutes("1", (State::Approved, Some(11)), at(100)),
        Err(Undecided::Minutes { most: 10 })
    );
    assert_eq!(
        all.minutes("1", (State::Approved, Some(0)), at(100)),
        Err(Undecided::Minutes { most: 10 })
    );
    assert_eq!(all.minutes("1", (State::Denied, None), at(100)), Ok(WAITS));
    assert_eq!(all.decide("2", (State::Approved, None), at(100)), Err(Undecided::Gone));
    assert_eq!(all.decide("1", (State::Approved, None), at(160)), Err(Undecided::Gone));
}
