//! Those who change a store stand in a line: whoever finds nobody writing writes for all who stand there, and the others sleep until they
//! are answered, or until the turn to write is theirs.
//!
//! Nobody whose change was written waits for the next group, and nobody is left behind: who has written hands the turn on, also when it
//! panics. Deliberately absent: what is written.

use super::{Change, StoreError, lock};
use sanctum_types::AuditEvent;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::ThreadId;

/// The version that a change wrote; 0 for one that wrote none.
pub(super) type Done = Result<u32, StoreError>;

/// What is to be written.
pub(super) struct Asked {
    pub(super) change: Change,
    /// What the journal is told when it begins.
    pub(super) told: Option<AuditEvent>,
}

/// What is written together, in order.
pub(super) type Group = Vec<(Asked, Reply)>;

#[derive(Default)]
pub(super) struct Line(Mutex<Standing>);

#[derive(Default)]
struct Standing {
    group: Group,
    /// Somebody has the turn.
    led: bool,
    /// Who had it lately, and has it again where it stands here: what a group takes of memory is then hoarded by few threads and not by each.
    lately: VecDeque<ThreadId>,
}

/// So many who led are remembered.
const LEADERS: usize = 4;

struct Ticket {
    thread: ThreadId,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
enum State {
    #[default]
    Waits,
    Turn,
    Done(Done),
}

impl Ticket {
    fn set(&self, state: State) {
        let mut now = lock(&self.state);
        if !matches!(*now, State::Done(_)) {
            *now = state;
            self.changed.notify_one();
        }
    }

    /// Waits for an answer, or for the turn.
    fn wait(&self) -> Option<Done> {
        let waits = |state: &mut State| matches!(state, State::Waits);
        let state = self.changed.wait_while(lock(&self.state), waits);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        match std::mem::take(&mut *state) {
            State::Done(done) => Some(done),
            State::Waits | State::Turn => None,
        }
    }
}

/// Answers who made a change. One that is dropped without an answer says that nobody knows what became of it.
pub(super) struct Reply(Arc<Ticket>);

impl Reply {
    pub(super) fn give(self, done: Done) {
        self.0.set(State::Done(done));
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.0.set(State::Done(Err(StoreError::Stopped)));
    }
}

/// The turn to write, handed on when dropped.
struct Turn<'a>(&'a Line);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut standing = lock(&self.0.0);
        let led = |(_, reply): &&(Asked, Reply)| standing.lately.contains(&reply.0.thread);
        match standing.group.iter().find(led).or(standing.group.first()) {
            Some((_, next)) => next.0.set(State::Turn),
            None => standing.led = false,
        }
    }
}

impl Line {
    /// How many stand here.
    #[cfg(test)]
    pub(super) fn length(&self) -> usize {
        lock(&self.0).group.len()
    }

    /// Has the change written, by `write` in this thread or in that of another who stands here.
    pub(super) fn join(&self, asked: Asked, write: impl FnOnce(Group)) -> Done {
        let thread = std::thread::current().id();
        let (state, changed) = (Mutex::default(), Condvar::new());
        let ticket = Arc::new(Ticket { thread, state, changed });
        let alone = {
            let mut standing = lock(&self.0);
            standing.group.push((asked, Reply(Arc::clone(&ticket))));
            !std::mem::replace(&mut standing.led, true)
        };
        if !alone {
            if let Some(done) = ticket.wait() {
                return done;
            }
            // Who was answered just now asks again: those who can run stand in line before it is written.
            std::thread::yield_now();
        }
        let turn = Turn(self);
        // Let go of before it is written: others stand in line meanwhile.
        let group = {
            let mut standing = lock(&self.0);
            if !standing.lately.contains(&thread) {
                standing.lately.push_front(thread);
                standing.lately.truncate(LEADERS);
            }
            std::mem::take(&mut standing.group)
        };
        write(group);
        drop(turn);
        ticket.wait().unwrap_or(Err(StoreError::Stopped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change() -> Asked {
        Asked { change: Change::Unset { name: String::new() }, told: None }
    }

    #[test]
    fn a_writer_that_panics_leaves_no_one_behind() {
        let line = Line::default();
        let (begun, go) = (std::sync::Barrier::new(2), std::sync::Barrier::new(2));
        std::thread::scope(|scope| {
            let panics = scope.spawn(|| {
                line.join(change(), |_group| {
                    begun.wait();
                    go.wait();
                    panic!("as a test wants it");
                })
            });
            begun.wait();
            let others: Vec<_> = (0..4)
                .map(|_| {
                    let written = |group: Group| {
                        group.into_iter().for_each(|(_, reply)| reply.give(Ok(7)));
                    };
                    let line = &line;
                    scope.spawn(move || line.join(change(), written))
                })
                .collect();
            while lock(&line.0).group.len() < 4 {
                std::thread::yield_now();
            }
            go.wait();
            assert!(panics.join().is_err());
            for other in others {
                assert_eq!(other.join().unwrap().unwrap(), 7);
            }
        });
        assert!(!lock(&line.0).led);
    }

    #[test]
    fn a_change_without_an_answer_is_stopped() {
        let line = Line::default();
        assert!(matches!(line.join(change(), drop), Err(StoreError::Stopped)));
        let written = |group: Group| group.into_iter().for_each(|(_, reply)| reply.give(Ok(1)));
        assert_eq!(line.join(change(), written).unwrap(), 1);
    }
}
