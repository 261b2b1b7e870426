//! What is kept of the answers, for how long, and who looks up what is not: a fixed number of threads, one name each at a time.
//!
//! An asker waits as long as it says; its names are looked up to the end all the same, so that the next asker has them. What is
//! kept is in memory only: after a restart everything is asked again. Deliberately absent: the clients, and the socket.

use super::wire::{Answer, FORMAT, Name, Question, Said};
use sanctum_firewall::packages::{Known, MOST_ASKED};
use sanctum_host::clock::Monotonic;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Clients at a time: each is a process of its own, and a Mac Mini has eight cores or more.
pub const THREADS: usize = 4;
/// What is there stays there; a new version is seen after an hour at the latest, long before it is old enough.
const PRESENT: Duration = Duration::from_secs(3600);
/// What is absent may be published any time.
const ABSENT: Duration = Duration::from_secs(600);
/// A client that failed may work again soon; asked again at once it would only fail again.
const UNANSWERED: Duration = Duration::from_secs(20);
/// Names that are kept.
const MOST: usize = 10_000;
/// The longest that an asker can wait (`package_check_timeout_ms` ends at 30 s).
const LONGEST: Duration = Duration::from_secs(30);

/// Looks one name up.
pub type LookUp = dyn Fn(&Name) -> Known + Send + Sync;

struct Kept {
    known: Known,
    since: Monotonic,
}

impl Kept {
    fn is_fresh(&self) -> bool {
        let lasts = match self.known {
            Known::Present(_) => PRESENT,
            Known::Absent => ABSENT,
            Known::Unanswered => UNANSWERED,
        };
        self.since.elapsed() < lasts
    }
}

#[derive(Default)]
struct State {
    kept: BTreeMap<Name, Kept>,
    queue: VecDeque<Name>,
    under_way: BTreeSet<Name>,
    over: bool,
}

/// The answers and who looks them up.
pub struct Desk {
    look_up: Box<LookUp>,
    state: Mutex<State>,
    changed: Condvar,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Desk")
    }
}

impl Desk {
    /// A desk that knows nothing yet.
    #[must_use]
    pub fn new(look_up: Box<LookUp>) -> Self {
        Self { look_up, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Answers one question; one that is not understood has no answer.
    #[must_use]
    pub fn answer(&self, question: &[u8]) -> Vec<u8> {
        let Ok(question) = serde_json::from_slice::<Question>(question) else { return Vec::new() };
        if question.format != FORMAT || question.names.len() > MOST_ASKED {
            return Vec::new();
        }
        let patience = Duration::from_millis(question.within_ms).min(LONGEST);
        serde_json::to_vec(&self.known(&question.names, patience)).unwrap_or_default()
    }

    /// What is known of these names when all are, or when the time is over.
    #[must_use]
    pub fn known(&self, names: &[Name], patience: Duration) -> Answer {
        let begun = Monotonic::now();
        let mut state = self.state();
        for name in names {
            let known = state.kept.get(name).is_some_and(Kept::is_fresh);
            if !known && !state.under_way.contains(name) && name.ecosystem().is_some() {
                state.under_way.insert(name.clone());
                state.queue.push_back(name.clone());
            }
        }
        self.changed.notify_all();
        while names.iter().any(|name| state.under_way.contains(name)) && !state.over {
            let left = patience.saturating_sub(begun.elapsed());
            if left.is_zero() {
                break;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let said = |name: &Name| {
            let fresh = state.kept.get(name).filter(|kept| kept.is_fresh());
            fresh.map_or(Said::Unanswered, |kept| Said::from(kept.known.clone()))
        };
        let answers = names.iter().map(said).collect();
        Answer { format: FORMAT, answers, kept: state.kept.len() }
    }

    /// Looks names up until it is over; one thread's work.
    pub fn work(&self) {
        let mut state = self.state();
        while !state.over {
            let Some(name) = state.queue.pop_front() else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(state);
            let known = (self.look_up)(&name);
            state = self.state();
            make_room(&mut state.kept);
            state.under_way.remove(&name);
            state.kept.insert(name, Kept { known, since: Monotonic::now() });
            self.changed.notify_all();
        }
    }

    /// Looks nothing more up; who waits is answered with what is known.
    pub fn end(&self) {
        self.state().over = true;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is stale goes first, then the oldest.
fn make_room(kept: &mut BTreeMap<Name, Kept>) {
    if kept.len() < MOST {
        return;
    }
    kept.retain(|_, each| each.is_fresh());
    if kept.len() >= MOST {
        let oldest = kept.iter().max_by_key(|(_, each)| each.since.elapsed());
        if let Some(name) = oldest.map(|(name, _)| name.clone()) {
            kept.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanctum_firewall::packages::Facts;
    use sanctum_host::clock;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn name(name: &str) -> Name {
        Name { ecosystem: "npm".to_owned(), name: name.to_owned(), version: None }
    }

    fn counted(count: &Arc<AtomicUsize>) -> Desk {
        let count = Arc::clone(count);
        Desk::new(Box::new(move |name| {
            count.fetch_add(1, Ordering::SeqCst);
            match name.name.as_str() {
                "there" => Known::Present(Facts::default()),
                "slow" => {
                    clock::sleep(Duration::from_millis(200));
                    Known::Absent
                }
                _ => Known::Absent,
            }
        }))
    }

    #[test]
    fn a_name_is_looked_up_once_and_a_slow_one_is_there_for_the_next() {
        let count = Arc::new(AtomicUsize::new(0));
        let desk = counted(&count);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| desk.work());
            }
            let long = Duration::from_secs(10);
            let names = [name("there"), name("gone"), name("there")];
            let said = desk.known(&names, long).answers;
            assert!(matches!(said[..], [Said::Present { .. }, Said::Absent, Said::Present { .. }]));
            assert_eq!(desk.known(&names, long).answers, said);
            assert_eq!(count.load(Ordering::SeqCst), 2);
            let short = Duration::from_millis(20);
            assert_eq!(desk.known(&[name("slow")], short).answers, [Said::Unanswered]);
            assert_eq!(desk.known(&[name("slow")], long).answers, [Said::Absent]);
            assert_eq!(count.load(Ordering::SeqCst), 3);
            let strange = Name { ecosystem: "x".to_owned(), ..name("y") };
            assert_eq!(desk.known(&[strange], long).answers, [Said::Unanswered]);
            desk.end();
        });
    }

    #[test]
    fn an_answer_lasts_its_time() {
        let kept = |known: Known| Kept { known, since: Monotonic::now() };
        assert!(kept(Known::Absent).is_fresh());
        assert!(PRESENT > ABSENT && ABSENT > UNANSWERED);
    }

    #[test]
    fn what_is_no_question_has_no_answer() {
        let desk = Desk::new(Box::new(|_| Known::Absent));
        for question in ["", "{}", "[1]", r#"{"format":2,"names":[],"within_ms":0}"#] {
            assert!(desk.answer(question.as_bytes()).is_empty(), "{question}");
        }
        let health = desk.answer(br#"{"format":1,"names":[],"within_ms":0}"#);
        assert_eq!(String::from_utf8(health).unwrap(), r#"{"format":1,"answers":[],"kept":0}"#);
    }
}
