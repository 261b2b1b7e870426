//! One connection: frames in, answers out, in the order in which they came.
//!
//! Half a frame is waited for a few seconds, a silent client for a minute; then the connection is closed. A request that
//! is not understood is answered, a frame that is none ends the connection. Deliberately absent: who may connect.

use super::peer::Peer;
use super::server::{Shared, is_the_events_fault, send};
use super::wire::{Answer, Decoder, Refusal, Request};
use crate::clock::Monotonic;
use crate::journal::{Durability, JournalError};
use sanctum_types::{Action, Actor, AuditEvent, Outcome, Phase, Severity};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// A frame that began is whole in this time: it is written at once, on this machine.
const FRAME: Duration = Duration::from_secs(5);
/// A silent client connects again when it has something to say ([`super::client`] gives up sooner).
pub(super) const SILENCE: Duration = Duration::from_secs(60);
/// A read's portion: most events are some hundred bytes.
const PORTION: usize = 8 * 1024;

/// Serves a client until it goes, is silent, or says what is no frame.
pub(super) fn talk(shared: &Shared, mut stream: &UnixStream, actor: &Actor, peer: Peer) {
    let mut decoder = Decoder::default();
    let mut portion = [0; PORTION];
    let mut waiting_since = Monotonic::now();
    loop {
        match decoder.next_frame() {
            Ok(Some(frame)) => {
                if send(stream, &answer(shared, &frame, actor, peer)).is_err() {
                    return;
                }
                waiting_since = Monotonic::now();
                continue;
            }
            Ok(None) => {}
            Err(_) => {
                let _ = send(stream, &Answer::Refused { error: Refusal::Malformed });
                return;
            }
        }
        let bound = if decoder.is_midway() { FRAME } else { SILENCE };
        let left = bound.saturating_sub(waiting_since.elapsed());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return;
        }
        match stream.read(&mut portion) {
            Ok(0) => return,
            Ok(read) => {
                if !decoder.is_midway() {
                    waiting_since = Monotonic::now();
                }
                decoder.push(portion.get(..read).unwrap_or_default());
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn answer(shared: &Shared, frame: &[u8], actor: &Actor, peer: Peer) -> Answer {
    let error = match Request::read(frame, actor) {
        Some(Request::Health) => return Answer::Health { health: shared.health() },
        // What root says of the streams that only root reads; anybody else's word would be a false alarm.
        Some(Request::Vouch(head)) if may_vouch(peer.uid, rustix::process::geteuid().as_raw()) => {
            match shared.journal.vouch(&head) {
                Ok(seq) => {
                    return Answer::Recorded { seq, stream: shared.journal.stream().to_string() };
                }
                Err(_) => Refusal::NotRecorded,
            }
        }
        Some(Request::Vouch(_)) => Refusal::NotAllowed,
        Some(Request::Append { event, durability }) => {
            match record(shared, &event, peer.pid, durability) {
                Ok(seq) => {
                    return Answer::Recorded { seq, stream: shared.journal.stream().to_string() };
                }
                Err(error) if is_the_events_fault(&error) => Refusal::Unfit,
                Err(_) => Refusal::NotRecorded,
            }
        }
        None => Refusal::Malformed,
    };
    Answer::Refused { error }
}

/// Root reads every stream, and the account that serves could write the record itself.
const fn may_vouch(peer: u32, own: u32) -> bool {
    peer == 0 || peer == own
}

fn record(
    shared: &Shared,
    event: &AuditEvent,
    pid: u32,
    durability: Durability,
) -> Result<u64, JournalError> {
    let done =
        shared.journal.submit([(event, pid)], durability).and_then(crate::journal::Pending::wait);
    shared.noted(&done);
    done
}

/// Somebody who may not append tried to.
pub(super) fn record_refusal(shared: &Shared, peer: Peer) {
    let Ok(actor) = Actor::new(format!("uid:{}", peer.uid)) else { return };
    own_record(shared, actor, "journal.append", (Outcome::Refused, Severity::Warn), peer.pid);
}

/// Whether a record can be made again.
pub(super) fn record_probe(shared: &Shared) {
    let own = shared.own().clone();
    own_record(shared, own, "journal.probe", (Outcome::Ok, Severity::Info), std::process::id());
}

/// A failure is remembered by [`Shared::noted`], and told by the health.
fn own_record(
    shared: &Shared,
    actor: Actor,
    action: &str,
    (outcome, severity): (Outcome, Severity),
    pid: u32,
) {
    let Ok(action) = Action::new(action) else { return };
    let subject = shared.journal.stream().to_string();
    let (phase, details) = (Phase::Single, BTreeMap::new());
    let event = AuditEvent { actor, action, subject, phase, outcome, severity, details };
    let _ = record(shared, &event, pid, Durability::Synced);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_root_and_the_account_that_serves_speak_for_streams() {
        for (peer, own, may) in [(0, 7, true), (7, 7, true), (8, 7, false), (501, 0, false)] {
            assert_eq!(may_vouch(peer, own), may, "{peer} {own}");
        }
    }
}
