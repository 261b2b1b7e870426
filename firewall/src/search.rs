//! One text's search: what each rule has looked at so far, and what it found.
//!
//! Every rule has a budget that grows with the text. While it lasts, each hit is looked at by itself; after it,
//! a rule never looks at a byte twice. So no text, however it is made, costs more than a multiple of its length.

use crate::credential_file;
use crate::engine::Engine;
use crate::finder::Finder;
use crate::hint::Kind;
use crate::mark;
use crate::matcher::Candidate;
use crate::prefilter::{self, Keyword};
use crate::random;
use crate::rule::{RULES, Rule};
use std::cell::OnceCell;
use std::ops::Range;

/// Looks that a rule may waste on overlapping candidates, for texts of any length: more than real texts need.
const FREE_BYTES: usize = 1 << 20;
/// Bytes that a rule may look at for each byte of the text.
const BYTES_PER_BYTE: usize = 8;
/// The same for a finder, which weighs what it reads.
const WEIGHED_PER_BYTE: usize = 4;

/// A secret that one rule saw.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) rule: usize,
    pub(crate) secret: Range<usize>,
    pub(crate) key: Option<Range<usize>>,
    lone: bool,
}

/// More salts and nonces than this in one text are test vectors.
const MOST_LONE: usize = 6;

/// What one rule has done with the text.
#[derive(Clone, Copy, Default)]
struct Progress {
    /// Candidates begin here or later.
    resume: usize,
    /// The end of what was looked at.
    looked: usize,
    spent: usize,
    /// The end of the run without white space that was measured last.
    run_end: usize,
}

/// The search of one text.
pub(crate) struct Search<'a> {
    engine: &'a Engine,
    text: &'a [u8],
    kind: Kind,
    budget: usize,
    progress: Vec<Progress>,
    marks: OnceCell<Vec<Range<usize>>>,
    seen: Vec<Seen>,
}

impl<'a> Search<'a> {
    /// Everything that any rule sees in `text`, in no particular order.
    pub(crate) fn run(engine: &'a Engine, text: &'a [u8], kind: Kind) -> Vec<Seen> {
        let mut search = Self::walk(engine, text, kind);
        search.named_file();
        if search.seen.iter().filter(|seen| seen.lone).count() > MOST_LONE {
            search.seen.retain(|seen| !seen.lone);
        }
        search.seen
    }

    /// Every hit of a keyword, looked at.
    fn walk(engine: &'a Engine, text: &'a [u8], kind: Kind) -> Self {
        let mut search = Self {
            engine,
            text,
            kind,
            budget: FREE_BYTES.saturating_add(text.len().saturating_mul(BYTES_PER_BYTE)),
            progress: Vec::new(),
            marks: OnceCell::new(),
            seen: Vec::new(),
        };
        prefilter::scan(text, |keyword, end| search.hit(keyword, end));
        search
    }

    /// The rule that looked at most bytes of a text, and at how many.
    #[cfg(test)]
    pub(crate) fn busiest(
        engine: &Engine,
        text: &[u8],
        kind: Kind,
    ) -> Option<(&'static str, usize)> {
        let search = Search::walk(engine, text, kind);
        let spent = RULES.iter().zip(&search.progress).map(|(rule, at)| (rule.id, at.spent));
        spent.max_by_key(|(_, spent)| *spent)
    }

    /// The most that a rule may look at in a text of this length: its budget, one look beyond it, and each byte once more.
    #[cfg(test)]
    pub(crate) const fn most(len: usize) -> usize {
        FREE_BYTES + (BYTES_PER_BYTE + 2) * len
    }

    /// What the name of a file gives away without a keyword.
    fn named_file(&mut self) {
        let found = credential_file::all(self.text, self.kind);
        let owner = |rule: &Rule| rule.finder == Some(Finder::CredentialFile);
        let Some(rule) = RULES.iter().position(owner).filter(|_| !found.is_empty()) else { return };
        let unmarked = found.into_iter().filter(|candidate| !self.is_marked(&candidate.secret));
        let seen: Vec<Seen> = unmarked
            .map(|Candidate { secret, key, lone, .. }| Seen { rule, secret, key, lone })
            .collect();
        self.seen.extend(seen);
    }

    fn hit(&mut self, keyword: &'static Keyword, end: usize) {
        if self.progress.is_empty() {
            self.progress = vec![Progress::default(); RULES.len()];
        }
        let hit = end - keyword.len..end;
        for at in keyword.rules.iter().map(|at| usize::from(*at)) {
            let Some(rule) = RULES.get(at).filter(|rule| self.engine.heeds(rule)) else { continue };
            match rule.finder {
                Some(finder) => self.look_with(at, rule, finder, &hit),
                None => self.look_near(at, rule, &hit),
            }
        }
    }

    fn look_with(&mut self, at: usize, rule: &'static Rule, finder: Finder, hit: &Range<usize>) {
        let progress = self.progress.get(at).copied().unwrap_or_default();
        if hit.start < progress.resume {
            return;
        }
        let look = finder.look(self.text, hit, self.kind);
        let mut resume = look.resume;
        let spent = progress.spent.saturating_add(look.looked.saturating_sub(hit.start));
        if spent > FREE_BYTES.saturating_add(self.text.len().saturating_mul(WEIGHED_PER_BYTE)) {
            resume = resume.max(look.looked);
        }
        if let Some(candidate) = look.candidate
            && candidate.secret.start >= progress.resume
            && self.accepts(rule, &candidate)
        {
            resume = resume.max(candidate.secret.end);
            self.seen.push(Seen {
                rule: at,
                secret: candidate.secret,
                key: candidate.key,
                lone: candidate.lone,
            });
        }
        if let Some(progress) = self.progress.get_mut(at) {
            progress.resume = resume.max(progress.resume);
            progress.spent = spent;
        }
    }

    fn look_near(&mut self, at: usize, rule: &'static Rule, hit: &Range<usize>) {
        let mut progress = self.progress.get(at).copied().unwrap_or_default();
        let mut from = hit.start.saturating_sub(rule.before.unwrap_or(0)).max(progress.resume);
        if progress.spent > self.budget {
            from = from.max(progress.looked);
        }
        let to = hit.start.saturating_add(rule.after).min(self.text.len());
        if from > hit.start || (rule.before.is_none() && from != hit.start) {
            return;
        }
        let Some(matcher) = self.engine.matcher(at, rule) else { return };
        let mut found = false;
        while let Some(candidate) = matcher.next(self.text, from..to, rule.before.is_none()) {
            let start = candidate.whole.start;
            if start > hit.start {
                break;
            }
            progress.spent = progress.spent.saturating_add(candidate.whole.end - from);
            progress.looked = candidate.whole.end;
            found = true;
            if self.accepts(rule, &candidate) {
                from = candidate.secret.end.max(start + 1);
                progress.resume = from;
                self.seen.push(Seen {
                    rule: at,
                    secret: candidate.secret,
                    key: candidate.key,
                    lone: candidate.lone,
                });
            } else {
                let spent = progress.spent > self.budget;
                from = if spent { candidate.whole.end.max(start + 1) } else { start + 1 };
            }
            if from > hit.start {
                break;
            }
        }
        if !found {
            let end =
                if rule.before.is_none() { self.run_end(&mut progress, from).min(to) } else { to };
            progress.spent = progress.spent.saturating_add(end.saturating_sub(from));
            progress.looked = end;
        }
        if let Some(slot) = self.progress.get_mut(at) {
            *slot = progress;
        }
    }

    /// Where the run without white space around `at` ends: few patterns that are tried at their keyword read
    /// further, so it is what an attempt that failed can have cost.
    fn run_end(&self, progress: &mut Progress, at: usize) -> usize {
        if at >= progress.run_end {
            let rest = self.text.get(at..).unwrap_or_default();
            let len = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
            progress.run_end = at + len;
        }
        progress.run_end
    }

    fn accepts(&self, rule: &Rule, candidate: &Candidate) -> bool {
        let Some(secret) = self.text.get(candidate.secret.clone()) else { return false };
        if secret.is_empty() || secret.len() < rule.min_length {
            return false;
        }
        if rule.dummies.iter().any(|dummy| dummy.as_bytes() == secret) {
            return false;
        }
        let tail = secret.get(rule.prefix_len(secret)..).unwrap_or_default();
        if rule.varied && !random::is_varied(tail) {
            return false;
        }
        rule.check.is_none_or(|check| check.passes(secret)) && !self.is_marked(&candidate.secret)
    }

    fn is_marked(&self, secret: &Range<usize>) -> bool {
        let marks = self.marks.get_or_init(|| mark::find_marks(self.text));
        let first = marks.partition_point(|mark| mark.end < secret.end);
        marks.get(first).is_some_and(|mark| mark.start <= secret.start)
    }
}
