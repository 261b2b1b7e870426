//! What providers say of the credentials that were found: questions, and the answers put to the findings.
//!
//! Each secret is asked about once, however often it was found. Bounded in number and time. Invariants: whom to ask
//! and how is the rule's ([`sanctum_firewall::Validation`]); a secret stays in its [`Question`] and is wiped with it; no
//! answer, or an odd one, is never "inactive". Deliberately absent: the network, which is the caller's.

use sanctum_firewall::{Match, Validation};
use sanctum_host::clock::Monotonic;
use sanctum_types::Secret;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Secrets of one scan that providers are asked about; a home has fewer, and a tree with more is somebody else's list.
pub const MOST: usize = 200;
/// Questions at a time: no provider takes that for an attack.
const AT_A_TIME: usize = 4;
/// After that no question is begun.
pub(crate) const TOGETHER: Duration = Duration::from_secs(120);

/// Whether a credential still opens something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "cause")]
pub enum Validity {
    /// Its provider accepts it.
    Active,
    /// Its provider refuses it.
    Inactive,
    /// Its provider was asked, or should have been, and nothing can be said.
    Unknown(String),
    /// Nobody was asked.
    NotAsked(String),
}

impl std::fmt::Display for Validity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Active => f.write_str("active at its provider"),
            Self::Inactive => f.write_str("inactive at its provider"),
            Self::Unknown(cause) => write!(f, "unknown at its provider: {cause}"),
            Self::NotAsked(cause) => write!(f, "not asked: {cause}"),
        }
    }
}

/// One secret and the request that is about it.
#[derive(Debug)]
pub struct Question {
    /// Whom, and how.
    pub validation: &'static Validation,
    /// What is asked about.
    pub secret: Secret<String>,
}

impl Question {
    /// The question about a match, or why there is none.
    pub(crate) fn about(found: &Match, secret: &[u8]) -> Result<Self, Validity> {
        let none = |cause: &str| Err(Validity::NotAsked(cause.to_owned()));
        let Some(validation) = found.rule.validate else {
            return none("no harmless question about this kind is known");
        };
        if !found.layers.is_empty() {
            return none("it stands in an encoding");
        }
        match std::str::from_utf8(secret).ok().filter(|secret| validation.takes(secret)) {
            Some(secret) => Ok(Self { validation, secret: Secret::new(secret.to_owned()) }),
            None => none("no harmless question about this form of it is known"),
        }
    }
}

/// Asks all of them, and begins no question after that time.
pub(crate) fn answers(
    questions: &BTreeMap<[u8; 16], Question>,
    ask: &(dyn Fn(&Question) -> Validity + Sync),
    together: Duration,
) -> BTreeMap<[u8; 16], Validity> {
    let begun = Monotonic::now();
    let all: Vec<(&[u8; 16], &Question)> = questions.iter().collect();
    let (next, said) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        while let Some((key, question)) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            let validity = if begun.elapsed() < together {
                ask(question)
            } else {
                Validity::Unknown("the time for questions was over".to_owned())
            };
            said.lock().unwrap_or_else(PoisonError::into_inner).insert(**key, validity);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..AT_A_TIME.min(all.len()) {
            scope.spawn(work);
        }
        work();
    });
    said.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scanner::{Once, Place, Scanner, Settings};
    use crate::{Report, Source, tests};

    /// A made-up key of OpenRouter's form, in parts.
    fn key(n: usize) -> String {
        format!(
            "{}{}{n:04}{}",
            "sk-or", "-v1-", "3f9a1c7be2d8450691f0c2ab77de48350b6cd1e2f3a49587d7e6f5a4b3c2"
        )
    }

    fn scanned(text: &str, ask: &(dyn Fn(&Question) -> Validity + Sync)) -> (Report, usize) {
        let settings = Settings { validate: true, ..tests::settings(&[]) };
        let scanner = Scanner::new(&settings);
        for path in ["a", "b"] {
            let path = || path.to_owned();
            let place = Place {
                source: Source::File,
                path: &path,
                commit: None,
                once: Once::Each,
                lines: None,
            };
            scanner.piece(&place, text.as_bytes());
        }
        let asked = scanner.validate(ask);
        (scanner.finish(), asked)
    }

    #[test]
    fn each_secret_once_a_few_at_a_time_and_not_more_than_so_many() {
        let text: String = (0..MOST + 7).map(|n| key(n) + "\n").collect();
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let asked = Mutex::new(Vec::new());
        let ask = |question: &Question| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(1));
            asked.lock().unwrap().push(question.secret.expose().clone());
            now.fetch_sub(1, Ordering::SeqCst);
            Validity::Active
        };
        let (report, count) = scanned(&text, &ask);
        let mut asked = asked.into_inner().unwrap();
        asked.sort();
        asked.dedup();
        assert_eq!((asked.len(), count, report.findings.len()), (MOST, MOST, 2 * (MOST + 7)));
        let most = most.into_inner();
        assert!(most <= AT_A_TIME, "{most}");
        let of = |state: fn(&Validity) -> bool| {
            report.findings.iter().filter(|one| one.validity.as_ref().is_some_and(state)).count()
        };
        assert_eq!(of(|one| *one == Validity::Active), 2 * MOST);
        assert_eq!(of(|one| matches!(one, Validity::Unknown(_))), 14);
    }

    #[test]
    fn when_the_time_is_over_nobody_is_asked() {
        let validation = sanctum_firewall::RULES.iter().find_map(|rule| rule.validate).unwrap();
        let question =
            |n: u8| ([n; 16], Question { validation, secret: Secret::new(String::new()) });
        let questions = (0..9).map(question).collect();
        let slow = |_: &Question| {
            std::thread::sleep(Duration::from_millis(50));
            Validity::Inactive
        };
        let said = answers(&questions, &slow, Duration::from_millis(20));
        let asked = said.values().filter(|one| **one == Validity::Inactive).count();
        assert!(said.len() == 9 && asked <= AT_A_TIME, "{said:?}");
        assert!(
            answers(&questions, &slow, Duration::ZERO)
                .values()
                .all(|one| *one != Validity::Inactive)
        );
    }

    #[test]
    fn what_stands_in_an_encoding_or_is_accepted_is_not_asked_about() {
        let coded = key(0).replace('-', "%2D");
        let nobody = |_: &Question| panic!("nobody is asked");
        let (report, _) = scanned(&coded, &nobody);
        assert!(matches!(&report.findings[0].validity, Some(Validity::NotAsked(_))), "{report:?}");
        let marked = format!("{} # {} openrouter-key mine", key(0), crate::mark::WORD);
        let (report, _) = scanned(&marked, &nobody);
        assert_eq!((report.findings.len(), report.accepted[0].validity.as_ref()), (0, None));
    }
}
