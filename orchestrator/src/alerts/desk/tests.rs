//! Single days of the desk, each a story that somebody paid for.

use super::super::policy::Quiet;
use super::*;
use crate::jobs::schedule;

/// 2026-11-22T17:00:00Z: noon in New York.
const NOON: UnixTime = UnixTime(1_795_366_800);
/// Ten hours later: 22:00 in New York.
const NIGHT: UnixTime = NOON.plus(10 * 3600);

fn policy() -> Policy {
    Policy {
        zone: schedule::zone("America/New_York").expect("a zone"),
        dedup: 1800,
        hourly_cap: 10,
        quiet: Some(Quiet { from: 22 * 60, to: 8 * 60, below: Severity::Error }),
        heartbeat: 86_400,
        channels: vec!["phone".to_owned(), "desk".to_owned()],
    }
}

fn finding(severity: Severity, subject: &str) -> Finding {
    Finding {
        severity,
        kind: "services.down".to_owned(),
        subject: subject.to_owned(),
        message: "does not answer".to_owned(),
        hint: Some("sanctum services why gateway".to_owned()),
    }
}

/// Two sights, two seconds apart: the commands of the second.
fn twice(desk: &mut Desk, severity: Severity, subject: &str, now: UnixTime) -> Vec<Command> {
    let source = Source::looks("doctor");
    let once = desk.raise(&finding(severity, subject), &source, now);
    assert_eq!(once, [], "a single sight of {subject}");
    desk.raise(&finding(severity, subject), &source, now.plus(2))
}

fn sends(commands: &[Command]) -> Vec<(&str, &Message)> {
    let all = commands.iter().filter_map(|command| match command {
        Command::Send { channel, message } => Some((channel.as_str(), message)),
        Command::Record(_) => None,
    });
    all.collect()
}

fn records(commands: &[Command]) -> Vec<String> {
    let all = commands.iter().filter_map(|command| match command {
        Command::Record(event) => Some(format!("{} {}", event.action, event.subject)),
        Command::Send { .. } => None,
    });
    all.collect()
}

fn alert(message: &Message) -> &Alert {
    let What::Alert(alert) = &message.what else { panic!("{message:?}") };
    alert
}

fn answer(desk: &mut Desk, sent: (&str, &Message), answer: Answer, now: UnixTime) -> Vec<Command> {
    let (channel, message) = (sent.0.to_owned(), sent.1.clone());
    desk.on(&Event::Answered { channel, message, answer }, now)
}

fn no() -> Answer {
    Answer::Failed("cannot reach ntfy.example: connection refused".to_owned())
}

#[test]
fn two_sights_make_one_alert_with_both_and_the_next_command() {
    let mut desk = Desk::new(policy());
    let commands = twice(&mut desk, Severity::Warn, "gateway", NOON);
    let [(channel, message)] = sends(&commands)[..] else { panic!("{commands:?}") };
    assert_eq!(channel, "phone");
    let alert = alert(message);
    let seen: Vec<UnixTime> = alert.observed.iter().map(|one| one.at).collect();
    assert_eq!((seen, &*alert.next), (vec![NOON, NOON.plus(2)], "sanctum services why gateway"));
}

#[test]
fn one_answer_that_is_read_twice_is_one_sight() {
    let mut desk = Desk::new(policy());
    let doctor = Source::looks("doctor");
    let down = finding(Severity::Critical, "gateway");
    for after in [0, 0, 1] {
        assert_eq!(desk.raise(&down, &doctor, NOON.plus(after)), [], "{after}");
    }
    assert_eq!(sends(&desk.raise(&down, &doctor, NOON.plus(2))).len(), 1);
}

#[test]
fn one_flaky_look_wakes_nobody() {
    let mut desk = Desk::new(policy());
    let doctor = Source::looks("doctor");
    let down = vec![finding(Severity::Critical, "gateway")];
    let mut told = Vec::new();
    for at in [0, 60, 120, 180, 240] {
        // Every second look fails, which is 25 % false alarms a year at one look a minute.
        let findings = if at % 120 == 0 { down.clone() } else { Vec::new() };
        told.extend(desk.on(&Event::Looked { source: doctor.clone(), findings }, NOON.plus(at)));
    }
    assert_eq!(told, []);
    assert_eq!(desk.state().tally.cleared, 2);
}

#[test]
fn an_alert_is_as_bad_as_both_sights_agree() {
    let mut desk = Desk::new(policy());
    let doctor = Source::looks("doctor");
    desk.raise(&finding(Severity::Warn, "gateway"), &doctor, NOON);
    let worse = desk.raise(&finding(Severity::Critical, "gateway"), &doctor, NOON.plus(60));
    assert_eq!(alert(sends(&worse)[0].1).severity, Severity::Warn);
    let again = desk.raise(&finding(Severity::Critical, "gateway"), &doctor, NOON.plus(120));
    assert_eq!(alert(sends(&again)[0].1).severity, Severity::Critical);
}

const LINT: &str = "secrets/old-key-off";

/// What a run says of its own rotation, of which a lint speaks as well.
fn queued() -> AuditEvent {
    AuditEvent {
        actor: sanctum_types::Actor::new("job:secret-rotation").unwrap(),
        action: sanctum_types::Action::new("secrets.rotation-queued").unwrap(),
        subject: "router".to_owned(),
        phase: sanctum_types::Phase::Single,
        outcome: sanctum_types::Outcome::Found,
        severity: Severity::Error,
        details: [(alert::LINT.to_owned(), LINT.to_owned())].into(),
    }
}

/// A revoke that stays queued: the daily run's own event, and doctor's look every ten minutes, for three days.
#[test]
fn what_a_run_says_and_a_lint_sees_is_told_once_a_day() {
    let seen = || {
        let mut seen = finding(Severity::Error, "router");
        seen.kind = LINT.to_owned();
        Event::Looked { source: Source::looks("doctor"), findings: vec![seen] }
    };
    // The first one to see it is doctor, or the run.
    for first in [0, 7] {
        let mut desk = Desk::new(policy());
        let mut told = Vec::new();
        for tick in 0..3 * 144 {
            let at = NOON.plus(tick * 600);
            let mut commands = desk.tick(at);
            if tick % 144 == first {
                commands.extend(desk.heard(&queued(), at.plus(100)));
            }
            commands.extend(desk.on(&seen(), at.plus(200)));
            told.extend(sends(&commands).into_iter().filter_map(|(_, message)| {
                let What::Alert(alert) = &message.what else { return None };
                (alert.kind == LINT).then_some((at.0 - NOON.0) / 86_400)
            }));
            for (channel, message) in sends(&commands) {
                answer(&mut desk, (channel, message), Answer::Delivered, at.plus(300));
            }
        }
        assert_eq!(told, [0, 1, 2], "one a day, with the run at {first}");
    }
}

/// The vault's question is told when it is asked, once, and names the command that answers it.
#[test]
fn a_question_to_the_owner_is_told_at_once_and_once() {
    let question = |id: &str, operation: &str| AuditEvent {
        actor: sanctum_types::Actor::new("agent:x").unwrap(),
        action: sanctum_types::Action::new("vault.approval-ask").unwrap(),
        subject: "openai/key".to_owned(),
        phase: sanctum_types::Phase::Single,
        outcome: sanctum_types::Outcome::Refused,
        severity: Severity::Error,
        details: [("approval", id), ("operation", operation), ("agent", "x")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    };
    let mut desk = Desk::new(policy());
    let told = desk.heard(&question("0badcafe", "retrieve"), NOON);
    let [(_, message)] = sends(&told)[..] else { panic!("{told:?}") };
    let What::Alert(alert) = &message.what else { panic!("{message:?}") };
    assert_eq!(alert.subject, "retrieve openai/key");
    assert_eq!(
        alert.observed[0].message,
        "agent:x asks for retrieve of openai/key; it waits as 0badcafe"
    );
    assert_eq!((alert.next.as_str(), alert.severity), ("sanctum vault approve", Severity::Error));
    // The same thing again within the window is the same question; another one is not.
    assert_eq!(desk.heard(&question("0badf00d", "retrieve"), NOON.plus(1000)), []);
    assert_eq!(sends(&desk.heard(&question("0badbeef", "use:sign"), NOON.plus(1000))).len(), 1);
}

/// Where doctor cannot look, what a run says of itself is told all the same.
#[test]
fn what_only_a_run_said_is_in_the_digest() {
    let mut desk = Desk::new(policy());
    desk.heard(&queued(), NOON);
    let digest = desk.tick(NOON.plus(1801));
    let is_told = |message: &Message| matches!(&message.what, What::Digest { items, .. } if items[0].1.kind == LINT);
    assert!(sends(&digest).into_iter().any(|(_, message)| is_told(message)), "{digest:?}");
}

#[test]
fn what_an_actor_calls_critical_of_itself_needs_no_second_word() {
    let mut desk = Desk::new(policy());
    let vault = Source::knows("service:vault");
    let critical = desk.raise(&finding(Severity::Critical, "seal"), &vault, NOON);
    assert_eq!(alert(sends(&critical)[0].1).observed.len(), 1);
    assert_eq!(desk.raise(&finding(Severity::Error, "key"), &vault, NOON), []);
    // Nobody says it again: it is told all the same, in the digest.
    let digest = desk.tick(NOON.plus(1801));
    let all = sends(&digest);
    assert!(
        all.iter().any(|(_, message)| matches!(&message.what, What::Digest { items, .. }
            if items.len() == 1 && items[0].0 == Waits::SeenOnce)),
        "{digest:?}"
    );
}

#[test]
fn the_same_thing_is_told_once_in_a_window_and_again_after_it() {
    let mut desk = Desk::new(policy());
    let first = twice(&mut desk, Severity::Error, "gateway", NOON);
    answer(&mut desk, sends(&first)[0], Answer::Delivered, NOON.plus(3));
    let doctor = Source::looks("doctor");
    let again = finding(Severity::Error, "gateway");
    for at in [60, 900, 1801] {
        assert_eq!(desk.raise(&again, &doctor, NOON.plus(at)), [], "{at}");
    }
    assert_eq!(sends(&desk.raise(&again, &doctor, NOON.plus(1802))).len(), 1);
}

#[test]
fn the_night_keeps_its_peace_and_the_morning_has_one_digest() {
    let mut desk = Desk::new(policy());
    for (number, subject) in ["a", "b", "c"].into_iter().enumerate() {
        let at = NIGHT.plus(i64::try_from(number).expect("small") * 3600);
        assert_eq!(sends(&twice(&mut desk, Severity::Warn, subject, at)), []);
    }
    // The night, then the first tick of the morning: 08:00 is ten hours after 22:00.
    for hour in 1..10 {
        assert_eq!(sends(&desk.tick(NIGHT.plus(hour * 3600))), [], "hour {hour}");
    }
    let morning = desk.tick(NIGHT.plus(10 * 3600));
    let digests: Vec<&Message> = sends(&morning)
        .into_iter()
        .map(|(_, message)| message)
        .filter(|message| matches!(message.what, What::Digest { .. }))
        .collect();
    let [Message { what: What::Digest { items, .. }, .. }] = digests[..] else {
        panic!("{morning:?}")
    };
    assert_eq!(items.len(), 3);
    assert!(items.iter().all(|(why, _)| *why == Waits::Quiet));
    assert_eq!(sends(&twice(&mut desk, Severity::Error, "d", NIGHT)).len(), 1, "error is told");
}

/// A digest names twenty, the worst of all; the memory names two hundred; of the rest the number is told.
#[test]
fn what_a_digest_does_not_name_it_counts() {
    for (many, counted) in [(20, 0), (25, 5), (230, 210)] {
        let mut desk = Desk::new(policy());
        for number in 0..many {
            let severity = if number == many - 1 { Severity::Warn } else { Severity::Info };
            twice(&mut desk, severity, &format!("thing-{number}"), NIGHT);
        }
        let morning = desk.tick(NIGHT.plus(10 * 3600));
        let digest = sends(&morning).into_iter().find_map(|(_, message)| match &message.what {
            What::Digest { items, beyond } => Some((items.clone(), beyond.clone())),
            _ => None,
        });
        let (items, beyond) = digest.expect("a digest");
        assert_eq!((items.len(), beyond.values().sum::<u64>()), (20, counted), "{many}");
        assert_eq!(items[0].1.severity == Severity::Warn, many <= HELD, "{many}");
        let tally = desk.state().tally;
        assert_eq!((tally.digested, tally.counted), (20, counted), "{many}");
    }
}

#[test]
fn beyond_the_cap_is_counted_told_and_recorded_and_critical_is_not_capped() {
    let mut desk = Desk::new(policy());
    for number in 0..10 {
        let subject = format!("thing-{number}");
        let sent = twice(&mut desk, Severity::Error, &subject, NOON.plus(number));
        answer(&mut desk, sends(&sent)[0], Answer::Delivered, NOON.plus(number + 3));
    }
    let eleventh = twice(&mut desk, Severity::Error, "more", NOON.plus(60));
    assert_eq!(
        (sends(&eleventh), records(&eleventh)),
        (vec![], vec!["alert.capped more".to_owned()])
    );
    assert_eq!(sends(&twice(&mut desk, Severity::Critical, "fire", NOON.plus(61))).len(), 1);
    let later = desk.tick(NOON.plus(3603));
    assert!(
        sends(&later).iter().any(|(_, one)| matches!(&one.what, What::Digest { items, .. }
            if items[0].0 == Waits::Capped && items[0].1.subject == "more")),
        "{later:?}"
    );
}

#[test]
fn a_dead_channel_hands_on_is_told_once_and_so_is_its_return() {
    let mut desk = Desk::new(policy());
    let now = NOON.plus(3);
    let sent = twice(&mut desk, Severity::Error, "gateway", NOON);
    // The message goes on at once, and the channel is looked at a second time.
    let after = answer(&mut desk, sends(&sent)[0], no(), now);
    let names: Vec<&str> = sends(&after).iter().map(|(channel, _)| *channel).collect();
    assert_eq!(names, ["desk", "phone"]);
    answer(&mut desk, sends(&after)[0], Answer::Delivered, now);
    let dead = answer(&mut desk, sends(&after)[1], no(), now.plus(1));
    let [(channel, message)] = sends(&dead)[..] else { panic!("{dead:?}") };
    let told = alert(message);
    assert_eq!((channel, &*told.kind, &*told.subject), ("desk", "alerts.channel-dead", "phone"));
    assert_eq!(told.observed.len(), 2);
    assert_eq!(told.next, "sanctum alerts test --channel phone");
    answer(&mut desk, (channel, message), Answer::Delivered, now.plus(2));
    // More of it is not told again; what is new goes to the living channel first.
    let next = twice(&mut desk, Severity::Error, "other", now.plus(10));
    assert_eq!(sends(&next)[0].0, "desk");
    let probe = desk.tick(now.plus(1000));
    let probe: Vec<_> = sends(&probe).into_iter().filter(|(name, _)| *name == "phone").collect();
    let still = answer(&mut desk, probe[0], no(), now.plus(1001));
    assert_eq!(sends(&still), []);
    let back = answer(&mut desk, probe[0], Answer::Delivered, now.plus(1002));
    assert_eq!(alert(sends(&back)[0].1).kind, "alerts.channel-back");
    assert_eq!(sends(&back)[0].0, "phone");
}

#[test]
fn what_no_channel_takes_is_kept_and_tried_again() {
    let mut desk = Desk::new(policy());
    let mut open: Vec<(String, Message)> = Vec::new();
    let mut commands = twice(&mut desk, Severity::Critical, "fire", NOON);
    let fire = sends(&commands)[0].1.id;
    for _ in 0..20 {
        open.extend(sends(&commands).into_iter().map(|(a, b)| (a.to_owned(), b.clone())));
        let Some((channel, message)) = open.pop() else { break };
        commands = answer(&mut desk, (&channel, &message), no(), NOON.plus(5));
    }
    assert!(open.is_empty());
    assert!(desk.state().undelivered().any(|message| message.id == fire));
    let again = |desk: &mut Desk, at| {
        sends(&desk.tick(NOON.plus(at))).iter().any(|(_, message)| message.id == fire)
    };
    assert!(!again(&mut desk, 64) && again(&mut desk, 65), "a minute after the round was over");
    assert!(desk.state().history.iter().any(|past| past.id == fire && past.channel.is_none()));
}

#[test]
fn alerts_do_not_hear_themselves() {
    let mut desk = Desk::new(policy());
    let mut own = finding(Severity::Critical, "phone");
    own.kind = "alerts.channel-dead".to_owned();
    let knows = Source::knows("service:alerts");
    assert_eq!(desk.raise(&own, &knows, NOON), []);
    let Command::Record(event) = record::failed(
        "phone",
        &Message { id: 1, at: NOON, severity: Severity::Critical, what: What::Heartbeat },
    ) else {
        panic!()
    };
    assert_eq!(desk.heard(&event, NOON), []);
    assert_eq!(desk.state().tally.accepted, 0);
}

#[test]
fn a_lost_memory_is_the_first_thing_told() {
    let error = State::decode(b"{\"format\":1,").expect_err("damaged");
    let newer = State::decode(b"{\"format\":2}").expect_err("newer");
    assert!(matches!(newer, StateError::Format(2)));
    let (desk, commands) = Desk::after_loss(policy(), (&error, &newer), NOON);
    let told = alert(sends(&commands)[0].1);
    assert_eq!((&*told.kind, told.observed.len()), ("alerts.state-lost", 2));
    assert_eq!(desk.state().tally.own, 1);
}

#[test]
fn a_clock_that_was_set_back_silences_nothing() {
    let mut desk = Desk::new(policy());
    let ahead = NOON.plus(40 * 86_400);
    for number in 0..10 {
        twice(&mut desk, Severity::Error, &format!("thing-{number}"), ahead.plus(number));
    }
    // Back at noon, the hour is full for an hour and not for forty days.
    assert_eq!(sends(&twice(&mut desk, Severity::Error, "now", NOON)), []);
    let later = desk.tick(NOON.plus(3603));
    let told = |(_, message): &(&str, &Message)| matches!(message.what, What::Digest { .. });
    assert!(sends(&later).iter().any(told), "{later:?}");
}

#[test]
fn a_silent_channel_is_tried_and_found() {
    let mut desk = Desk::new(policy());
    let first = desk.tick(NOON);
    let names: Vec<&str> = sends(&first).iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["phone", "desk"], "a new channel shows that it works");
    answer(&mut desk, sends(&first)[0], Answer::Delivered, NOON.plus(1));
    // The other one never answered: three missed heartbeats and the night later it is a finding.
    let late = NOON.plus(3 * 86_400 + 10 * 3600 + 2);
    let stale = crate::alerts::stale(desk.state(), late.plus(-2));
    assert_eq!(stale, []);
    let stale: Vec<String> =
        crate::alerts::stale(desk.state(), late).into_iter().map(|one| one.subject).collect();
    assert_eq!(stale, ["desk", "phone"]);
    let summary = crate::alerts::summary(desk.state(), NOON.plus(61));
    let ages: Vec<(&str, i64)> =
        summary.channels.iter().map(|one| (one.name.as_str(), one.age)).collect();
    assert_eq!(ages, [("desk", 61), ("phone", 60)]);
}

#[test]
fn a_journal_that_takes_nothing_is_told_once() {
    let mut desk = Desk::new(policy());
    let first = desk.on(&Event::NotRecorded { count: 3 }, NOON);
    assert_eq!(alert(sends(&first)[0].1).kind, "alerts.not-recorded");
    assert_eq!(desk.on(&Event::NotRecorded { count: 1 }, NOON.plus(5)), []);
    assert_eq!(desk.state().tally.unrecorded, 4);
}

/// A lint that stays violated is looked at every ten minutes, for days.
#[test]
fn what_every_look_sees_is_told_once_a_day_and_again_when_it_came_back() {
    let mut desk = Desk::new(Policy { quiet: None, ..policy() });
    let look = |desk: &mut Desk, after: i64, findings: &[Finding]| {
        let event = Event::Looked { source: Source::looks("doctor"), findings: findings.to_vec() };
        let commands = desk.on(&event, NOON.plus(after));
        let sent = sends(&commands).len();
        for (channel, message) in sends(&commands) {
            answer(desk, (channel, message), Answer::Delivered, NOON.plus(after));
        }
        sent
    };
    let standing = [finding(Severity::Error, "gateway")];
    let times = |from: i64, to: i64| (from..to).step_by(600);
    let first: Vec<_> = times(0, 86_400).map(|at| look(&mut desk, at, &standing)).collect();
    assert_eq!((first[1], first.iter().sum::<usize>()), (1, 1));
    let second: usize = times(86_400, 2 * 86_400).map(|at| look(&mut desk, at, &standing)).sum();
    assert_eq!(second, 1);
    // It was well for a while: what comes back is told as something new.
    assert_eq!(look(&mut desk, 2 * 86_400, &[]), 0);
    let third: usize =
        times(2 * 86_400 + 600, 2 * 86_400 + 6000).map(|at| look(&mut desk, at, &standing)).sum();
    assert_eq!(third, 1);
    // What is critical is told in every window as long as it lasts.
    let worse = [finding(Severity::Critical, "gateway")];
    let critical: usize =
        times(3 * 86_400, 3 * 86_400 + 6 * 1800).map(|at| look(&mut desk, at, &worse)).sum();
    assert!(critical >= 5, "{critical}");
}
