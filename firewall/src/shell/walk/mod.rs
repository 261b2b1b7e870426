//! The walk over a syntax tree.
//!
//! A [`Walker`] collects effects while a [`State`] moves through the text. Every branch that cannot be excluded is walked;
//! steps, depth and alternatives are counted, and running out of any is a reason in the report. The walk never decides:
//! whether an effect is bad is the judgement's business.
#![expect(
    clippy::needless_pass_by_value,
    reason = "an input is handed on by value, so that every call of the walk looks alike"
)]

mod builtin;
mod command;
mod compound;
mod redirect;
mod state;

pub(super) use builtin::looked_up;
pub(super) use state::{State, Target, Var};

use super::effect::{Effect, Reason};
use super::value::{Taint, Text, Value, concat, known, unknown};
use super::{Context, Report, parse};
use std::collections::{BTreeMap, HashSet};

/// Words and commands; a command of a person's takes tens.
const MAX_STEPS: u32 = 20_000;

/// Characters that are compared or copied, where one step can mean many: a fifth of a second's worth on a machine of 2020.
const MAX_WORK: usize = 8_000_000;

/// Texts inside texts: `bash -c`, `eval`, substitutions, functions. Each level is a few frames of this walk.
const MAX_DEPTH: u32 = 24;

/// Effects of one text.
const MAX_EFFECTS: usize = 4096;

/// What a command finds on its standard input; `None` is the agent's own, which holds nothing.
pub(super) type Input = Option<Value>;

/// Collects what a text does.
pub(super) struct Walker<'a> {
    pub(super) cx: &'a Context<'a>,
    effects: Vec<Effect>,
    underived: Vec<Reason>,
    steps: u32,
    work: usize,
    depth: u32,
    /// Names for process substitutions.
    serial: u32,
    /// The code that is walked has holes which the owner's environment fills.
    own_holes: bool,
    /// Pipes with a name, and what flows into them: who reads one may stand before who writes it.
    pub(super) pipes: BTreeMap<String, Taint>,
}

/// Reads a text from the start.
pub(super) fn report(text: &str, context: &Context<'_>) -> Report {
    let mut walker = Walker {
        cx: context,
        effects: Vec::new(),
        underived: Vec::new(),
        steps: 0,
        work: 0,
        depth: 0,
        serial: 0,
        own_holes: false,
        pipes: BTreeMap::new(),
    };
    if text.len() > parse::MAX_TEXT {
        walker.underived(Reason::TooLong);
        return walker.finish();
    }
    let text = parse::clean(text);
    if let Some(what) = super::tables::hidden_characters(&text) {
        walker.effect(Effect::Disables { what: what.to_owned() });
    }
    let mut st = State::new(context.cwd);
    let out = walker.script(&mut st, &Text::lit(&text), None);
    if walker.pipes.values().any(|flow| flow.remote || flow.secret.is_some()) {
        let again = walker.script(&mut State::new(context.cwd), &Text::lit(&text), None);
        walker.shown_secret(&again);
    }
    walker.shown_secret(&out);
    walker.finish()
}

impl Walker<'_> {
    fn finish(mut self) -> Report {
        self.underived.sort_unstable();
        self.underived.dedup();
        let mut seen = HashSet::with_capacity(self.effects.len());
        let mut effects = self.effects;
        effects.retain(|effect| seen.insert(effect.clone()));
        Report { effects, underived: self.underived }
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        if self.effects.len() >= MAX_EFFECTS {
            self.underived(Reason::TooMuch);
        } else if self.effects.last() != Some(&effect) {
            self.effects.push(effect);
        }
    }

    /// Walks without a trace; whether anything of it would be denied.
    pub(super) fn tried(&mut self, f: impl FnOnce(&mut Self)) -> bool {
        let effects = std::mem::take(&mut self.effects);
        let underived = self.underived.clone();
        f(self);
        let found = std::mem::replace(&mut self.effects, effects);
        self.underived = underived;
        found.iter().any(super::judge::denied)
    }

    pub(super) fn underived(&mut self, reason: Reason) {
        if !self.underived.contains(&reason) {
            self.underived.push(reason);
        }
    }

    /// Counts; `false` when the walk has to end.
    pub(super) fn step(&mut self) -> bool {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            self.underived(Reason::TooMuch);
            return false;
        }
        true
    }

    /// Counts the characters of one step; `false` when the walk has to end.
    pub(super) fn works(&mut self, characters: usize) -> bool {
        self.work = self.work.saturating_add(characters);
        if self.work > MAX_WORK {
            self.steps = MAX_STEPS.saturating_add(1);
            self.underived(Reason::TooMuch);
            return false;
        }
        true
    }

    pub(super) const fn spent(&self) -> bool {
        self.steps > MAX_STEPS
    }

    /// One level deeper, if there is one.
    pub(super) fn deeper<T>(&mut self, otherwise: T, f: impl FnOnce(&mut Self) -> T) -> T {
        if self.depth >= MAX_DEPTH || !self.step() {
            self.underived(Reason::TooDeep);
            return otherwise;
        }
        self.depth += 1;
        let result = f(self);
        self.depth -= 1;
        result
    }

    /// Runs a text as a shell would, in this state. Its output.
    pub(super) fn script(&mut self, st: &mut State, code: &Text, input: Input) -> Value {
        self.hidden(&code.taint);
        if let Some(out) = self.own_code(st, code, &input) {
            return out;
        }
        let Some(text) = code.known() else {
            if !code.taint.remote && !code.taint.decoded && !code.s.is_empty() {
                self.underived(Reason::Code);
            }
            self.fragment(st, code);
            return unknown();
        };
        if text.trim().is_empty() {
            return known("");
        }
        // What the parser makes of a text, even of a short one.
        const PARSE: usize = 1_000;
        if !self.works(PARSE + text.len()) {
            return unknown();
        }
        self.deeper(unknown(), |w| match parse::program(text) {
            Ok(program) => {
                let mut out = known("");
                for list in &program.complete_commands {
                    let next = w.list(st, list, input.clone());
                    out = concat(&out, &next);
                    if st.ended || w.spent() {
                        break;
                    }
                }
                out
            }
            Err(reason) => {
                w.underived(reason);
                w.salvage(st, text, &input);
                unknown()
            }
        })
    }

    /// `eval "$PAGER -x"`: code whose only holes are words of the owner's environment is walked with them in place.
    fn own_code(&mut self, st: &mut State, code: &Text, input: &Input) -> Option<Value> {
        let taint = &code.taint;
        let own = taint.environment
            && !taint.foreign
            && !taint.remote
            && !taint.decoded
            && code.has_hole();
        let text = code.literal();
        if !own || self.own_holes || text.s.trim().chars().all(|c| c == super::value::HOLE) {
            return None;
        }
        let program = parse::program(&text.s).ok()?;
        self.own_holes = true;
        let out = self.deeper(unknown(), |w| {
            let mut out = known("");
            for list in &program.complete_commands {
                out = w.list(st, list, input.clone());
            }
            out
        });
        self.own_holes = false;
        Some(out)
    }

    /// Code with holes: what is certain is what stands before the first hole.
    fn fragment(&mut self, st: &mut State, code: &Text) {
        let head = code.s.split(super::value::HOLE).next().unwrap_or("");
        let Some((certain, _)) = head.rsplit_once([';', '\n', '&', '|']) else { return };
        let certain = Text::lit(certain.trim_end_matches(['&', '|']));
        if certain.known().is_some() {
            self.script(&mut st.clone(), &certain, None);
        }
    }

    /// A text that does not parse as a whole: bash still runs the lines before the mistake.
    fn salvage(&mut self, st: &mut State, text: &str, input: &Input) {
        // More lines than this with a mistake in each are an attack on time, and already `ask`.
        const MAX_LINES: usize = 64;
        let mut pending = String::new();
        for line in text.split_inclusive('\n').take(MAX_LINES) {
            pending.push_str(line);
            if pending.len() == text.len() {
                break;
            }
            if let Ok(program) = parse::program(&pending) {
                pending.clear();
                for list in &program.complete_commands {
                    self.list(st, list, input.clone());
                }
            }
        }
    }

    /// Says so when code came from the network or a decoder.
    pub(super) fn hidden(&mut self, taint: &Taint) {
        if taint.remote {
            self.effect(Effect::RunsHidden { origin: "the network" });
        }
        if taint.decoded {
            self.effect(Effect::RunsHidden { origin: "a decoder" });
        }
    }

    /// `$(...)`: runs in a copy of the state.
    pub(super) fn substitution(&mut self, st: &State, source: &str) -> Value {
        let mut inner = st.clone();
        // `$(< file)` is the file's content.
        if let Some(path) =
            source.trim().strip_prefix('<').filter(|rest| !rest.starts_with(['(', '<', '&']))
        {
            let fields = self.fields(&mut inner, path.trim());
            if let [one] = fields.as_slice()
                && let [path] = one.as_slice()
            {
                return foreign(self.read_file(&inner, path));
            }
        }
        foreign(self.script(&mut inner, &Text::lit(source), None))
    }

    pub(super) fn next_serial(&mut self) -> u32 {
        self.serial += 1;
        self.serial
    }
}

/// Marks what is not known of a command's output.
pub(super) fn foreign(mut value: Value) -> Value {
    for text in value.iter_mut().filter(|t| t.has_hole()) {
        text.taint.foreign = true;
        text.taint.environment = false;
    }
    value
}
