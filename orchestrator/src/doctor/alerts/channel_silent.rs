//! `alerts/channel-silent`.

use crate::alerts::state::stale;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "alerts/channel-silent",
    severity: Severity::Error,
    on: On::Any,
    title: "the peer of every channel took a message within three heartbeats",
    why: "A relay answered with status 200 and empty bodies for five hours, and every alert of that night was \
          sent into it. A channel that carried nothing for longer than its heartbeat is not known to work.",
    fix: Fix::Run("sudo sanctum alerts test --channel CHANNEL"),
    needs: &[Need::Alerts],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let kept = looked.alerts()?;
    let Some(desk) = &kept.desk else { return Ok(Answer::default()) };
    let declared = &looked.ground.instance.alerts.channels;
    let mut answer = Answer::over(declared.len());
    for silent in stale(desk, looked.ground.now) {
        // One that the house no longer has is forgotten at the desk's next turn.
        if declared.iter().any(|one| one.name.as_str() == silent.subject) {
            answer.add(&silent.subject, silent.message);
        }
    }
    Ok(answer)
}

/// A desk whose channel took its first heartbeat, and nothing since.
#[cfg(test)]
fn silent_for(seconds: i64) -> Looked {
    use crate::alerts::desk::{Answer as Said, Command, Desk, Event};
    let mut looked = crate::doctor::fixture::plain_barn();
    let policy = crate::alerts::Policy::of(&looked.ground.instance).unwrap();
    let then = looked.ground.now.plus(-seconds);
    let mut desk = Desk::new(policy);
    for command in desk.tick(then) {
        if let Command::Send { channel, message } = command {
            desk.on(&Event::Answered { channel, message, answer: Said::Delivered }, then);
        }
    }
    looked.alerts.as_mut().unwrap().desk = Some(desk.state().clone());
    looked
}

#[cfg(test)]
fn good() -> Looked {
    silent_for(2 * 86_400)
}

#[cfg(test)]
fn bad() -> Looked {
    silent_for(4 * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_that_the_house_no_longer_has_is_not_a_finding() {
        let mut looked = bad();
        assert!(!judge(&looked).unwrap().found.is_empty());
        looked.ground.instance.alerts.channels.clear();
        assert!(judge(&looked).unwrap().found.is_empty());
    }
}
