//! Lists, pipelines and compound commands.
#![expect(
    clippy::needless_pass_by_value,
    reason = "an input is handed on by value, so that every call of the walk looks alike"
)]

use super::super::effect::Effect;
use super::super::expand::Mode;
use super::super::value::{Value, concat, either, known, matches, single, unknown};
use super::{Input, State, Walker};
use brush_parser::ast::{
    AndOr, AndOrList, CaseClauseCommand, Command, CompoundCommand, CompoundList, ExtendedTestExpr,
    ForClauseCommand, IfClauseCommand, Pipeline, SeparatorOperator, SimpleCommand,
};

/// Items of a `for` that are walked one by one; the state of each is the next one's start.
const MAX_ITEMS: usize = 24;

impl Walker<'_> {
    pub(super) fn list(&mut self, st: &mut State, list: &CompoundList, input: Input) -> Value {
        let mut out = known("");
        for item in &list.0 {
            if st.ended || !self.step() {
                break;
            }
            let next = if matches!(item.1, SeparatorOperator::Async) {
                self.and_or(&mut st.clone(), &item.0, input.clone())
            } else {
                self.and_or(st, &item.0, input.clone())
            };
            out = concat(&out, &next);
        }
        out
    }

    fn and_or(&mut self, st: &mut State, list: &AndOrList, input: Input) -> Value {
        let mut came_from = st.cwd.clone();
        let mut out = self.pipeline(st, &list.first, input.clone());
        let mut last = &list.first;
        // What is known where the rest behind an `&&` was not run.
        let mut skipped: Option<State> = None;
        for next in &list.additional {
            let (AndOr::And(pipeline) | AndOr::Or(pipeline)) = next;
            let mut branch = st.clone();
            // `cd x || exit` ends only when the first fails; both outcomes are walked.
            branch.ended = false;
            let or = matches!(next, AndOr::Or(_));
            if or && is_one_of(last, &["cd", "pushd"]) {
                branch.cwd.clone_from(&came_from);
            }
            came_from.clone_from(&branch.cwd);
            let more = self.pipeline(&mut branch, pipeline, input.clone());
            if or {
                out = either(concat(&out, &more), out);
                *st = st.clone().join(branch);
            } else {
                out = concat(&out, &more);
                let before = std::mem::replace(st, branch);
                if !succeeds(last) {
                    skipped = Some(match skipped {
                        Some(state) => state.join(before),
                        None => before,
                    });
                }
            }
            last = pipeline;
        }
        if let Some(skipped) = skipped {
            *st = st.clone().join(skipped);
        }
        out
    }

    fn pipeline(&mut self, st: &mut State, pipeline: &Pipeline, input: Input) -> Value {
        match pipeline.seq.as_slice() {
            [] => known(""),
            [one] => self.command(st, one, input),
            many => {
                let mut flow = input;
                for command in many {
                    let mut inner = st.clone();
                    let out = self.command(&mut inner, command, flow);
                    // What one side writes to files, later commands can read.
                    st.files.extend(inner.files);
                    flow = Some(out);
                }
                flow.unwrap_or_else(|| known(""))
            }
        }
    }

    fn command(&mut self, st: &mut State, command: &Command, input: Input) -> Value {
        if !self.step() || st.noexec {
            return unknown();
        }
        self.deeper(unknown(), |w| match command {
            Command::Simple(simple) => w.simple(st, simple, input),
            Command::Compound(compound, redirects) => {
                let redirects = redirects.as_ref().map_or(&[][..], |r| r.0.as_slice());
                w.redirected(st, redirects, input, |w, st, input| w.compound(st, compound, input))
            }
            Command::Function(function) => {
                if bomb(&function.fname.value, &function.body.0) {
                    w.effect(Effect::Destroys {
                        what: "Starts itself again without end (a fork bomb)".to_owned(),
                    });
                }
                st.define(&function.fname.value, function.body.clone());
                known("")
            }
            Command::ExtendedTest(test, _) => {
                w.test(st, &test.expr);
                known("")
            }
        })
    }

    pub(super) fn compound(
        &mut self,
        st: &mut State,
        compound: &CompoundCommand,
        input: Input,
    ) -> Value {
        match compound {
            CompoundCommand::Arithmetic(arithmetic) => {
                self.unsplit(st, &arithmetic.expr.value, Mode::Document);
                known("")
            }
            CompoundCommand::ArithmeticForClause(clause) => {
                self.repeated(st, input, |w, st, input| w.list(st, &clause.body.list, input))
            }
            CompoundCommand::BraceGroup(group) => self.list(st, &group.list, input),
            CompoundCommand::Subshell(subshell) => {
                let mut inner = st.clone();
                let out = self.list(&mut inner, &subshell.list, input);
                st.files.extend(inner.files);
                out
            }
            CompoundCommand::ForClause(clause) => self.each(st, clause, input),
            CompoundCommand::CaseClause(clause) => self.case(st, clause, input),
            CompoundCommand::IfClause(clause) => self.branches(st, clause, input),
            CompoundCommand::WhileClause(clause) | CompoundCommand::UntilClause(clause) => self
                .repeated(st, input, |w, st, input| {
                    w.list(st, &clause.0, input.clone());
                    w.list(st, &clause.1.list, input)
                }),
            CompoundCommand::Coprocess(coprocess) => {
                self.command(&mut st.clone(), &coprocess.body, input)
            }
        }
    }

    /// A loop of unknown length: twice, so that what the first round leaves reaches the second.
    fn repeated(
        &mut self,
        st: &mut State,
        input: Input,
        mut body: impl FnMut(&mut Self, &mut State, Input) -> Value,
    ) -> Value {
        let before = st.clone();
        let first = body(self, st, input.clone());
        st.ended = false;
        let second = body(self, st, input);
        st.ended = false;
        *st = before.join(st.clone());
        either(first, second)
    }

    fn each(&mut self, st: &mut State, clause: &ForClauseCommand, input: Input) -> Value {
        let items: Vec<Value> = match &clause.values {
            None => st.args.iter().map(|t| vec![t.clone()]).collect(),
            Some(words) => {
                let lists = self.words(st, words.iter().map(|w| w.value.as_str()));
                let one_list = lists.len() == 1;
                let all: Vec<Value> = lists.into_iter().flatten().map(|t| vec![t]).collect();
                if one_list { all } else { vec![all.into_iter().flatten().collect()] }
            }
        };
        let before = st.clone();
        let mut out = known("");
        if items.len() > MAX_ITEMS {
            let all = items.into_iter().reduce(either).unwrap_or_else(unknown);
            st.set(&clause.variable_name, all);
            out = self.list(st, &clause.body.list, input);
        } else {
            for item in items {
                st.set(&clause.variable_name, item);
                let next = self.list(st, &clause.body.list, input.clone());
                out = concat(&out, &next);
                st.ended = false;
                if self.spent() {
                    break;
                }
            }
        }
        st.ended = false;
        let variable = st.vars.get(&clause.variable_name).cloned();
        *st = before.join(st.clone());
        if let Some(variable) = variable {
            st.vars.insert(clause.variable_name.clone(), variable);
        }
        out
    }

    fn case(&mut self, st: &mut State, clause: &CaseClauseCommand, input: Input) -> Value {
        let value = self.unsplit(st, &clause.value.value, Mode::Word);
        let text = single(&value).map(str::to_owned);
        let before = st.clone();
        let mut joined: Option<State> = None;
        let mut out: Option<Value> = None;
        for item in &clause.cases {
            let mut possible = text.is_none();
            for pattern in &item.patterns {
                let pattern = self.unsplit(&mut before.clone(), &pattern.value, Mode::Word);
                possible |= pattern
                    .iter()
                    .any(|p| p.has_hole() || text.as_deref().is_some_and(|t| matches(&p.s, t)));
            }
            let Some(body) = item.cmd.as_ref().filter(|_| possible) else { continue };
            let mut branch = before.clone();
            let next = self.list(&mut branch, body, input.clone());
            joined = Some(match joined {
                Some(state) => state.join(branch),
                None => branch,
            });
            out = Some(match out {
                Some(out) => either(out, next),
                None => next,
            });
            if text.is_some()
                && matches!(item.post_action, brush_parser::ast::CaseItemPostAction::ExitCase)
            {
                break;
            }
        }
        *st = match joined {
            Some(state) if text.is_some() => state,
            Some(state) => before.join(state),
            None => before,
        };
        out.map_or_else(|| known(""), |o| either(o, known("")))
    }

    fn branches(&mut self, st: &mut State, clause: &IfClauseCommand, input: Input) -> Value {
        let mut out = self.list(st, &clause.condition, input.clone());
        let mut after = st.clone();
        let then = self.list(&mut after, &clause.then, input.clone());
        let mut printed = then;
        let mut complete = false;
        for other in clause.elses.iter().flatten() {
            if let Some(condition) = &other.condition {
                out = concat(&out, &self.list(st, condition, input.clone()));
            } else {
                complete = true;
            }
            let mut branch = st.clone();
            let next = self.list(&mut branch, &other.body, input.clone());
            printed = either(printed, next);
            after = after.join(branch);
        }
        if !complete {
            after = after.join(st.clone());
            printed = either(printed, known(""));
        }
        *st = after;
        concat(&out, &printed)
    }

    /// `[[ ... ]]` runs what its words substitute.
    fn test(&mut self, st: &mut State, expr: &ExtendedTestExpr) {
        if !self.step() {
            return;
        }
        match expr {
            ExtendedTestExpr::And(a, b) | ExtendedTestExpr::Or(a, b) => {
                self.test(st, a);
                self.test(st, b);
            }
            ExtendedTestExpr::Not(a) | ExtendedTestExpr::Parenthesized(a) => self.test(st, a),
            ExtendedTestExpr::UnaryTest(_, word) => self.tested(st, &word.value),
            ExtendedTestExpr::BinaryTest(_, a, b) => {
                self.tested(st, &a.value);
                self.tested(st, &b.value);
            }
        }
    }

    /// A word of a test: `-v` and the comparisons of numbers run the subscripts in it.
    fn tested(&mut self, st: &mut State, word: &str) {
        for text in self.unsplit(st, word, Mode::Word) {
            if text.s.contains('[') {
                self.subscript(st, &text.s);
            }
        }
    }
}

/// A function that pipes into itself, or starts itself in the background beside itself.
fn bomb(name: &str, body: &CompoundCommand) -> bool {
    let list = match body {
        CompoundCommand::BraceGroup(group) => &group.list,
        CompoundCommand::Subshell(subshell) => &subshell.list,
        _ => return false,
    };
    let itself = |command: &Command| match command {
        Command::Simple(simple) => simple.word_or_name.as_ref().is_some_and(|w| w.value == name),
        _ => false,
    };
    list.0.iter().any(|item| {
        let calls = item.0.first.seq.iter().filter(|c| itself(c)).count();
        calls > 1 || calls == 1 && matches!(item.1, SeparatorOperator::Async)
    })
}

/// Whether it is taken to succeed, so that what follows behind `&&` was run: an assignment, a change of directory, what only says something.
fn succeeds(pipeline: &Pipeline) -> bool {
    const SURE: [&str; 10] =
        ["cd", "pushd", "export", "set", "local", "declare", "readonly", "echo", "true", ":"];
    let assigns = |simple: &SimpleCommand| simple.word_or_name.is_none();
    is_one_of(pipeline, &SURE)
        || matches!(pipeline.seq.as_slice(), [Command::Simple(simple)] if assigns(simple))
}

/// Whether it is one simple command of such a name, without `!` before it.
fn is_one_of(pipeline: &Pipeline, names: &[&str]) -> bool {
    let [Command::Simple(simple)] = pipeline.seq.as_slice() else { return false };
    let name = simple.word_or_name.as_ref().map(|word| word.value.as_str());
    !pipeline.bang && name.is_some_and(|name| names.contains(&name))
}
