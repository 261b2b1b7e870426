//! Takes pieces of text and keeps what was found: the one place where the engine is asked.
//!
//! Shared by all threads. Invariant: a secret leaves this module only as a fingerprint; previews hold what stands before
//! it in its line, redacted once more; and where providers are to be asked, as a [`Question`] for the asking and no longer. Deliberately
//! absent: where pieces come from.

use crate::baseline::{self, Baseline, hex};
use crate::finding::{Accepted, Commit, Counts, Finding, NotScanned, Report, Source};
use crate::mark;
use crate::validate::{self, Question, Validity};
use sanctum_firewall::Match;
use sanctum_types::Severity;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many findings, and as many remarks of what was not scanned, are kept; nobody reads more, and a file of a million
/// passwords must not fill memory.
const MOST: usize = 20_000;
/// Characters of the line before a secret that a preview shows: enough for a name and its sign.
const SHOWN: usize = 60;
/// So far from a place its line is looked for a mark: a minified file can be one line, and looking for the ends of that at
/// each of its places would take for ever.
const BEFORE: usize = 4096;
/// The same behind it.
const BEHIND: usize = 1024;

/// What is decided before a scan begins.
#[derive(Debug)]
pub struct Settings {
    /// Accepted findings. Fingerprints are shown under the first one's key.
    pub lists: Vec<Baseline>,
    /// The day on which entries of the lists may have ended.
    pub today: jiff::civil::Date,
    /// Whether marks in the text accept findings. A scan of the house believes none: whoever can write a file there could
    /// silence it.
    pub marks: bool,
    /// Bytes of a file that are read; of a longer one the rest is told as not scanned.
    pub max_file_size: u64,
    /// Names and paths that are left out, because the owner said so.
    pub exclude: Vec<String>,
    /// Threads; one a core where nothing is said.
    pub jobs: Option<usize>,
    /// A key of random bytes for this run.
    pub key: [u8; 32],
    /// Whether providers are to be asked about what counts.
    pub validate: bool,
    /// Paths that were given; fingerprints hold what lies below them.
    pub roots: Vec<String>,
}

/// Where a piece of text is from.
#[derive(Clone, Copy)]
pub struct Place<'p> {
    /// From what kind of thing.
    pub source: Source,
    /// Its path or name, made when it is needed.
    pub path: &'p dyn Fn() -> String,
    /// The first commit that shows it.
    pub commit: Option<&'p Commit>,
    /// Which finding of one secret is told.
    pub once: Once,
    /// The line of the original for each line of a text that was made of it.
    pub lines: Option<&'p [usize]>,
}

/// Which of many findings of one secret are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Once {
    /// All of them.
    Each,
    /// The first of each path: a line of a file that changes around it is in a hundred versions.
    ByPath,
    /// The first of the kind of source: a variable is in the environment of every process below a shell.
    BySource,
}

/// A part of a longer text.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Lines before it.
    pub lines: usize,
    /// Characters of its first line that stand before it.
    pub columns: usize,
    /// Only secrets that begin at or behind this offset count.
    pub from: usize,
    /// Only secrets that begin before this offset count.
    pub to: usize,
}

impl Part {
    /// All of a text.
    pub const WHOLE: Self = Self { lines: 0, columns: 0, from: 0, to: usize::MAX };
}

struct Kept {
    finding: Finding,
    /// Rule, path and secret under this run's key.
    identity: [u8; 16],
    /// Whose answer its validity is.
    question: Option<[u8; 16]>,
}

#[derive(Default)]
struct Collected {
    findings: Vec<Kept>,
    /// By rule and secret under this run's key.
    questions: BTreeMap<[u8; 16], Question>,
    /// Where the one finding of a secret is that is told once; none where there was no room.
    seen: HashMap<[u8; 16], Option<usize>>,
    not_scanned: Vec<NotScanned>,
    left_out: u64,
}

impl Collected {
    /// Whether this finding is known from a commit that is not behind that one.
    fn is_later(&self, once: &[u8; 16], commit: Option<&Commit>) -> bool {
        let Some(at) = self.seen.get(once) else { return false };
        let known =
            at.and_then(|at| self.findings.get(at)).and_then(|kept| kept.finding.commit.as_ref());
        match (known, commit) {
            (Some(known), Some(commit)) => known.order <= commit.order,
            _ => true,
        }
    }
}

/// What all threads of a scan share.
pub struct Scanner<'s> {
    /// What was decided.
    pub settings: &'s Settings,
    /// Hears of every piece that was looked at, from whichever thread looked.
    watch: Option<&'s (dyn Fn(&Self) + Sync)>,
    collected: Mutex<Collected>,
    pieces: AtomicU64,
    bytes: AtomicU64,
    binary: AtomicU64,
    commits: AtomicU64,
    found: AtomicU64,
}

impl<'s> Scanner<'s> {
    /// One that has found nothing yet.
    #[must_use]
    pub fn new(settings: &'s Settings) -> Self {
        Self {
            settings,
            watch: None,
            collected: Mutex::default(),
            pieces: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            binary: AtomicU64::new(0),
            commits: AtomicU64::new(0),
            found: AtomicU64::new(0),
        }
    }

    /// The same, and somebody who hears of every piece, to say how far it is.
    #[must_use]
    pub fn watched(self, watch: &'s (dyn Fn(&Self) + Sync)) -> Self {
        Self { watch: Some(watch), ..self }
    }

    fn collected(&self) -> MutexGuard<'_, Collected> {
        self.collected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remarks that something was not scanned.
    pub fn not_scanned(&self, subject: impl Into<String>, cause: impl std::fmt::Display) {
        let remark = NotScanned { subject: subject.into(), cause: cause.to_string() };
        let mut kept = self.collected();
        if kept.not_scanned.len() < MOST {
            kept.not_scanned.push(remark);
        } else {
            kept.left_out += 1;
        }
    }

    /// How many threads go to work of which there is so much. The system is asked for its cores only where that decides.
    #[must_use]
    pub fn hands(&self, work: usize) -> usize {
        if work < 2 {
            return work;
        }
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.settings.jobs.unwrap_or_else(cores).min(work)
    }

    /// Counts a file that is binary by content.
    pub fn count_binary(&self) {
        self.binary.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a commit.
    pub fn count_commit(&self) {
        self.commits.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a piece that was read in parts.
    pub fn count_piece(&self) {
        self.pieces.fetch_add(1, Ordering::Relaxed);
    }

    /// How much was looked at so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            pieces: of(&self.pieces),
            bytes: of(&self.bytes),
            binary: of(&self.binary),
            commits: of(&self.commits),
        }
    }

    /// How many findings there are so far.
    #[must_use]
    pub fn found(&self) -> u64 {
        self.found.load(Ordering::Relaxed)
    }

    /// Looks at a whole piece of text.
    pub fn piece(&self, place: &Place<'_>, text: &[u8]) {
        self.count_piece();
        self.part(place, text, Part::WHOLE);
    }

    /// Looks at a part of a piece.
    pub fn part(&self, place: &Place<'_>, text: &[u8], part: Part) {
        let counted = part.to.min(text.len()).saturating_sub(part.from);
        self.bytes.fetch_add(counted as u64, Ordering::Relaxed);
        let all = sanctum_firewall::find_in(text, Some(&(place.path)()));
        let within = |start: usize| part.from <= start && start < part.to;
        for found in all.iter().filter(|found| within(found.range.start)) {
            self.keep(place, text, (found, &all), part);
        }
        if memchr::memmem::find(text, mark::WORD.as_bytes()).is_some() {
            self.marks(place, text, part);
        }
        if let Some(watch) = self.watch {
            watch(self);
        }
    }

    fn keep(&self, place: &Place<'_>, text: &[u8], (found, all): (&Match, &[Match]), part: Part) {
        let Some(secret) = text.get(found.range.clone()) else { return };
        let path = (place.path)();
        let key_path = self.key_path(&path).to_owned();
        let rule = found.rule.id;
        let once = (place.once != Once::Each).then(|| {
            let source = place.source.as_str().as_bytes();
            let path = if place.once == Once::ByPath { key_path.as_bytes() } else { b"" };
            baseline::keyed(&self.settings.key, &[source, rule.as_bytes(), path, secret])
        });
        if once.is_some_and(|once| self.collected().is_later(&once, place.commit)) {
            return;
        }
        let (line, column) = position(place, (found.line, found.col), part);
        let (end_line, end_column) = position(place, (found.end_line, found.end_col), part);
        let names: Vec<[u8; 16]> = self
            .settings
            .lists
            .iter()
            .map(|list| list.fingerprint(rule, &key_path, secret))
            .collect();
        let accepted = self.settings.lists.iter().zip(&names).find_map(|(list, name)| {
            let entry = list.accepts(name, self.settings.today)?;
            Some(Accepted::Fingerprint(entry.reason.clone()))
        });
        let marked = || self.settings.marks.then(|| marked(text, found)).flatten();
        let parts = [rule.as_bytes(), key_path.as_bytes(), secret];
        let identity = baseline::keyed(&self.settings.key, &parts);
        let accepted = accepted.or_else(|| marked().map(Accepted::Mark));
        let asked = self.settings.validate && accepted.is_none();
        let question = asked.then(|| self.question(found, secret));
        let finding = Finding {
            rule,
            title: found.rule.title,
            severity: found.rule.severity,
            source: place.source,
            path,
            line,
            column,
            end_line,
            end_column,
            layers: found.layers.iter().map(|layer| layer.name()).collect(),
            preview: preview(text, found, all),
            commit: place.commit.cloned(),
            fingerprint: names.first().map(|name| hex(name)),
            validity: question.clone().and_then(Result::err),
            accepted,
        };
        let question = question.and_then(Result::ok);
        self.push(Kept { finding, identity, question }, once);
    }

    /// Keeps the question about a secret; or says why there is none.
    fn question(&self, found: &Match, secret: &[u8]) -> Result<[u8; 16], Validity> {
        let question = Question::about(found, secret)?;
        let key = baseline::keyed(&self.settings.key, &[found.rule.id.as_bytes(), secret]);
        let mut kept = self.collected();
        if kept.questions.len() >= validate::MOST && !kept.questions.contains_key(&key) {
            let cause = format!("more than {} secrets are not asked about", validate::MOST);
            return Err(Validity::Unknown(cause));
        }
        kept.questions.insert(key, question);
        Ok(key)
    }

    /// Puts the answers to the findings; how many secrets were asked about.
    pub fn validate(&self, ask: &(dyn Fn(&Question) -> Validity + Sync)) -> usize {
        let mut questions = std::mem::take(&mut self.collected().questions);
        let wanted: HashSet<[u8; 16]> =
            self.collected().findings.iter().filter_map(|kept| kept.question).collect();
        questions.retain(|key, _| wanted.contains(key));
        let answers = validate::answers(&questions, ask, validate::TOGETHER);
        for kept in &mut self.collected().findings {
            if let Some(answer) = kept.question.and_then(|key| answers.get(&key)) {
                kept.finding.validity = Some(answer.clone());
            }
        }
        answers.len()
    }

    /// Marks without a reason are findings of their own.
    fn marks(&self, place: &Place<'_>, text: &[u8], part: Part) {
        let (mut number, mut counted, mut looked) = (1, 0, 0);
        for at in memchr::memmem::find_iter(text, mark::WORD.as_bytes()) {
            if at < looked {
                continue;
            }
            // The first mark of a line is the line's.
            looked = line_around(text, at..at).end;
            let shown = String::from_utf8_lossy(text.get(at..looked).unwrap_or_default());
            let Some(mark) = mark::of_line(&shown) else { continue };
            if !mark.reason.is_empty() || at < part.from || at >= part.to {
                continue;
            }
            number += memchr::memchr_iter(b'\n', text.get(counted..at).unwrap_or_default()).count();
            counted = at;
            let (line, _) = position(place, (number, 1), part);
            let finding = Finding {
                rule: "mark-without-reason",
                title: "a mark that accepts a finding without saying why",
                severity: Severity::Warn,
                source: place.source,
                path: (place.path)(),
                line,
                column: 1,
                end_line: line,
                end_column: 1,
                layers: Vec::new(),
                preview: format!("{} {}", mark::WORD, mark.rule),
                commit: place.commit.cloned(),
                fingerprint: None,
                validity: None,
                accepted: None,
            };
            let parts = [finding.path.as_bytes(), finding.preview.as_bytes()];
            let identity = baseline::keyed(&self.settings.key, &parts);
            self.push(Kept { finding, identity, question: None }, None);
        }
    }

    fn push(&self, one: Kept, once: Option<[u8; 16]>) {
        let finding = &one.finding;
        let mut kept = self.collected();
        let known = once.and_then(|once| kept.seen.get(&once).copied());
        if let Some(at) = known {
            // Another thread may have been first with a commit that is not.
            let later = once.is_some_and(|once| kept.is_later(&once, finding.commit.as_ref()));
            let slot = at.filter(|_| !later).and_then(|at| kept.findings.get_mut(at));
            if let Some(slot) = slot {
                *slot = one;
            }
            return;
        }
        if finding.accepted.is_none() {
            self.found.fetch_add(1, Ordering::Relaxed);
        }
        let room = kept.findings.len() < MOST;
        let at = room.then_some(kept.findings.len());
        if room {
            kept.findings.push(one);
        } else {
            kept.left_out += 1;
        }
        if let Some(once) = once {
            kept.seen.insert(once, at);
        }
    }

    /// Takes out what another scan with the same settings found too: the same secret by the same rule in the same path.
    pub fn forget(&self, other: Self) {
        let other = other.collected.into_inner().unwrap_or_else(PoisonError::into_inner);
        let known: HashSet<[u8; 16]> = other.findings.iter().map(|one| one.identity).collect();
        let mut kept = self.collected();
        kept.findings.retain(|one| !known.contains(&one.identity));
        let found = kept.findings.iter().filter(|one| one.finding.accepted.is_none()).count();
        self.found.store(found as u64, Ordering::Relaxed);
    }

    /// What lies below the path that was given: a baseline holds wherever the tree is.
    fn key_path<'p>(&self, path: &'p str) -> &'p str {
        let below = |root: &String| path.strip_prefix(root.as_str())?.strip_prefix('/');
        self.settings.roots.iter().filter_map(below).min_by_key(|rest| rest.len()).unwrap_or(path)
    }

    /// What the scan came to.
    #[must_use]
    pub fn finish(self) -> Report {
        let counts = self.counts();
        let kept = self.collected.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<Finding> = kept.findings.into_iter().map(|one| one.finding).collect();
        all.sort_by(|one, two| {
            (&one.path, one.source, one.line, one.column, one.rule)
                .cmp(&(&two.path, two.source, two.line, two.column, two.rule))
        });
        let (accepted, findings) = all.into_iter().partition(|finding| finding.accepted.is_some());
        let mut not_scanned = kept.not_scanned;
        not_scanned.sort();
        not_scanned.dedup();
        Report { findings, accepted, not_scanned, left_out: kept.left_out, counts }
    }
}

/// Line and column of the original for those of a part.
fn position(place: &Place<'_>, (line, column): (usize, usize), part: Part) -> (usize, usize) {
    if let Some(lines) = place.lines {
        return (lines.get(line.saturating_sub(1)).copied().unwrap_or(line), column);
    }
    let first = if line == 1 { part.columns } else { 0 };
    (line + part.lines, column + first)
}

/// The bytes of the line that holds the first byte of this range, without its end, as far as marks are looked for.
fn line_around(text: &[u8], range: Range<usize>) -> Range<usize> {
    let from = range.start.saturating_sub(BEFORE);
    let to = text.len().min(range.end.saturating_add(BEHIND));
    let before = text.get(from..range.start).unwrap_or_default();
    let behind = text.get(range.start..to).unwrap_or_default();
    let start = memchr::memrchr(b'\n', before).map_or(from, |end| from + end + 1);
    start..range.start + memchr::memchr(b'\n', behind).unwrap_or(behind.len())
}

/// The reason of a mark in the line of the secret's first byte or in the line above.
fn marked(text: &[u8], found: &Match) -> Option<String> {
    let line = line_around(text, found.range.clone());
    let above = line.start.checked_sub(1).filter(|end| text.get(*end) == Some(&b'\n'));
    let above = above.map(|end| line_around(text, end..end));
    [Some(line), above].into_iter().flatten().find_map(|line| {
        let shown = String::from_utf8_lossy(text.get(line)?);
        let mark = mark::of_line(&shown)?;
        let holds = mark.rule == found.rule.id && !mark.reason.is_empty();
        // A reason can hold a secret as well as any text.
        holds.then(|| sanctum_firewall::redact(mark.reason).text)
    })
}

/// What stands before the secret in its line, and a mark in its place.
fn preview(text: &[u8], found: &Match, all: &[Match]) -> String {
    let start = found.range.start;
    let mut from = line_around(text, start..start).start.max(start.saturating_sub(SHOWN));
    // What another secret covers is not shown either. Starts and ends of findings both ascend.
    let others = all.partition_point(|other| other.range.start < start);
    if let Some(other) = others.checked_sub(1).and_then(|last| all.get(last)) {
        from = from.max(other.range.end.min(start));
    }
    let before = String::from_utf8_lossy(text.get(from..start).unwrap_or_default());
    let before: String = before.trim_start().chars().map(printable).collect();
    format!("{}[redacted {}]", sanctum_firewall::redact(&before).text, found.rule.id)
}

/// A report goes to terminals: control characters in a text that somebody else wrote must not get there.
pub(crate) fn printable(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}
