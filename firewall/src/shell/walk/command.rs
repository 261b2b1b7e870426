//! Simple commands: assignments, words, redirections, and which program that makes.
#![expect(
    clippy::needless_pass_by_value,
    reason = "an input is handed on by value, so that every call of the walk looks alike"
)]

use super::super::effect::{Effect, Reason};
use super::super::expand::Mode;
use super::super::value::{HOLE, Text, Value, base, concat, either, known, unknown};
use super::super::{program, tables, wrappers};
use super::{Input, State, Var, Walker};
use brush_parser::ast::{
    Assignment, AssignmentName, AssignmentValue, CommandPrefixOrSuffixItem as Item, FunctionBody,
    IoRedirect, SimpleCommand,
};

/// Builtins whose words are assignments.
const DECLARATIONS: [&str; 5] = ["export", "declare", "typeset", "local", "readonly"];

impl Walker<'_> {
    pub(super) fn simple(&mut self, st: &mut State, simple: &SimpleCommand, input: Input) -> Value {
        let prefix = simple.prefix.as_ref().map_or(&[][..], |p| p.0.as_slice());
        let suffix = simple.suffix.as_ref().map_or(&[][..], |s| s.0.as_slice());
        let redirects: Vec<IoRedirect> = prefix
            .iter()
            .chain(suffix)
            .filter_map(|item| if let Item::IoRedirect(r) = item { Some(r.clone()) } else { None })
            .collect();
        let name = simple.word_or_name.as_ref().map(|w| w.value.as_str());
        let Some(name) = name else {
            for item in prefix {
                if let Item::AssignmentWord(assignment, _) = item {
                    self.assign(st, assignment);
                }
            }
            // A redirection alone still creates or empties its file.
            return self.redirected(st, &redirects, input, |_, _, _| known(""));
        };
        let before = self.temporary(st, prefix);
        let mut lists = self.fields(st, name);
        let declares = lists
            .iter()
            .any(|l| l.first().and_then(Text::known).is_some_and(|n| DECLARATIONS.contains(&n)));
        for item in suffix {
            let more = match item {
                Item::IoRedirect(_) => continue,
                Item::Word(word) => self.fields(st, &word.value),
                Item::AssignmentWord(assignment, word) if declares => {
                    self.assign(st, assignment);
                    vec![vec![Text::lit(word.value.split('=').next().unwrap_or(""))]]
                }
                Item::AssignmentWord(_, word) => self.fields(st, &word.value),
                Item::ProcessSubstitution(kind, subshell) => {
                    vec![vec![self.process(st, kind, &subshell.list)]]
                }
            };
            if let [one] = more.as_slice() {
                // In place: a command of thousands of words is copied once, not once a word.
                for list in &mut lists {
                    list.extend_from_slice(one);
                }
                continue;
            }
            lists = self.joined(&lists, &more);
        }
        let exec_redirects =
            lists.iter().any(|l| matches!(l.as_slice(), [one] if one.known() == Some("exec")));
        if exec_redirects {
            st.fds = self.descriptors(st, &redirects);
            return known("");
        }
        let out = self
            .redirected(st, &redirects, input, |w, st, input| w.alternatives(st, &lists, &input));
        for (name, var) in before {
            match var {
                Some(var) => st.vars.insert(name, var),
                None => st.vars.remove(&name),
            };
        }
        out
    }

    fn joined(&mut self, lists: &[Vec<Text>], more: &[Vec<Text>]) -> Vec<Vec<Text>> {
        if lists.len() * more.len() > super::super::value::MAX_ALTERNATIVES {
            self.underived(Reason::TooMuch);
            // One after the other still shows every value once.
            let first = lists.first().cloned().unwrap_or_default();
            return more.iter().map(|m| [first.as_slice(), m.as_slice()].concat()).collect();
        }
        lists
            .iter()
            .flat_map(|list| more.iter().map(move |m| [list.as_slice(), m.as_slice()].concat()))
            .collect()
    }

    /// `A=1 B=2 command`: sets, and gives what stood there before.
    fn temporary(&mut self, st: &mut State, prefix: &[Item]) -> Vec<(String, Option<Var>)> {
        let mut before = Vec::new();
        for item in prefix {
            if let Item::AssignmentWord(assignment, _) = item {
                let name = assigned(&assignment.name).to_owned();
                before.push((name.clone(), st.vars.get(&name).cloned()));
                self.assign(st, assignment);
                if let Some(value) = st.scalar(&name) {
                    self.environment_runs(st, &name, &value);
                }
            }
        }
        before
    }

    /// Variables whose value a program will run.
    pub(in super::super) fn environment_runs(&mut self, st: &State, name: &str, value: &[Text]) {
        for text in value {
            let inner = &mut st.clone();
            if tables::runs_its_value(name) {
                // `LESSOPEN='|cmd %s'`: the mark says that the output is read.
                let code = program::part(text, text.s.trim_start_matches(['|', '-']));
                self.script(inner, &code, None);
            }
            if tables::expands_its_value(name) || tables::names_code(name) {
                let expanded =
                    text.known().map_or_else(unknown, |t| self.unsplit(inner, t, Mode::Document));
                if tables::names_code(name) {
                    self.source(inner, &expanded, &None);
                }
            }
            program::loaded(self, inner, name, text);
        }
        if let Some(what) = tables::disabling_variable(name, value) {
            self.effect(Effect::Disables { what });
        }
    }

    pub(super) fn assign(&mut self, st: &mut State, assignment: &Assignment) {
        let name = assigned(&assignment.name).to_owned();
        match &assignment.value {
            AssignmentValue::Scalar(word) => {
                let mut value = self.unsplit(st, &word.value, Mode::Assignment);
                value = value.iter().map(Text::literal).collect();
                // Of the shell itself, so that no command has to come after it.
                if name.starts_with("HIST")
                    && let Some(what) = tables::disabling_variable(&name, &value)
                {
                    self.effect(Effect::Disables { what });
                }
                if assignment.append {
                    value = concat(&st.scalar(&name).unwrap_or_else(|| known("")), &value);
                }
                if let AssignmentName::ArrayElementName(_, index) = &assignment.name {
                    self.subscript(st, index);
                    Self::element(st, &name, index, value);
                } else {
                    st.set(&name, value);
                }
            }
            AssignmentValue::Array(elements) => {
                let mut list = match st.vars.get(&name) {
                    Some(Var::List(list)) if assignment.append => list.clone(),
                    _ => Vec::new(),
                };
                for (_, word) in elements {
                    let fields = self.fields(st, &word.value);
                    match fields.as_slice() {
                        [one] => list.extend(one.iter().map(|t| vec![t.clone()])),
                        many => list.push(many.iter().flatten().cloned().collect()),
                    }
                }
                st.vars.insert(name, Var::List(list));
            }
        }
    }

    /// Arithmetic runs the substitutions of its text, wherever that text came from: `a[$(cmd)]=1`, `test -v 'a[$(cmd)]'`.
    pub(in super::super) fn subscript(&mut self, st: &mut State, text: &str) {
        if text.contains("$(") || text.contains('`') {
            self.unsplit(st, text, Mode::Document);
        }
    }

    fn element(st: &mut State, name: &str, index: &str, value: Value) {
        // A shell's array of a command line is short; a large index is only a hole.
        const MAX: usize = 256;
        let mut list = match st.vars.remove(name) {
            Some(Var::List(list)) => list,
            Some(Var::Scalar(value)) => vec![value],
            _ => Vec::new(),
        };
        match index.parse::<usize>() {
            Ok(at) if at < MAX => {
                while list.len() <= at {
                    list.push(known(""));
                }
                if let Some(slot) = list.get_mut(at) {
                    *slot = value;
                }
            }
            _ => list.push(value),
        }
        st.vars.insert(name.to_owned(), Var::List(list));
    }

    /// Runs every argument list; the state afterwards is any of theirs.
    fn alternatives(&mut self, st: &mut State, lists: &[Vec<Text>], input: &Input) -> Value {
        if let [one] = lists {
            return self.run(st, one, input.clone());
        }
        let before = st.clone();
        let mut after: Option<State> = None;
        let mut out: Option<Value> = None;
        for list in lists {
            let mut branch = before.clone();
            let next = self.run(&mut branch, list, input.clone());
            out = Some(match out {
                Some(out) => either(out, next),
                None => next,
            });
            // A program whose name is not known is none that moves this shell, where another reading of the name is known.
            if list.first().is_some_and(Text::has_hole)
                && lists.iter().any(|l| !l.first().is_some_and(Text::has_hole))
            {
                continue;
            }
            after = Some(match after {
                Some(state) => state.join(branch),
                None => branch,
            });
        }
        if let Some(state) = after {
            *st = state;
        }
        out.unwrap_or_else(|| known(""))
    }

    /// Runs a program with its arguments.
    pub(in super::super) fn run(&mut self, st: &mut State, argv: &[Text], input: Input) -> Value {
        let Some((program, args)) = argv.split_first() else { return known("") };
        // A state is copied for what runs in it: an entry is a few allocations.
        const ENTRY: usize = 20;
        let entries = st.files.len() + st.vars.len() + st.functions.len() + st.readers.len();
        if !self.step() || st.noexec || !self.works(ENTRY * entries) {
            return unknown();
        }
        self.hidden(&program.taint);
        if program.s.is_empty() {
            return known("");
        }
        if program.has_pattern() {
            if tables::could_be_dangerous(base(&program.s)) {
                self.effect(Effect::RunsHidden { origin: "a file name pattern" });
            } else {
                self.underived(Reason::Program);
            }
        }
        let Some(name) = program.known().or_else(|| in_some_directory(program)) else {
            if !program.has_pattern() && !program.taint.remote && !program.taint.decoded {
                self.unknown_program(st, program, args);
            }
            return program::plain(self, st, &program.shown(), args);
        };
        if program.s != name {
            return self.program(st, name, argv, input);
        }
        let bodies = st.functions.get(name).cloned().unwrap_or_default();
        let texts = st.aliases.get(name).cloned().unwrap_or_default();
        let itself = bodies.is_empty() || !texts.is_empty() || st.unsure.contains(name);
        if bodies.is_empty() && texts.is_empty() {
            return self.program(st, name, argv, input);
        }
        // Each is what the name may mean here.
        let before = st.clone();
        let mut ends: Vec<(State, Value)> = Vec::new();
        for body in &bodies {
            let mut branch = before.clone();
            let out = self.function(&mut branch, body, args, input.clone());
            ends.push((branch, out));
        }
        for text in &texts {
            let mut branch = before.clone();
            let out = self.alias(&mut branch, (name, text), args, input.clone());
            ends.push((branch, out));
        }
        if itself {
            let mut branch = before;
            let out = self.program(&mut branch, name, argv, input);
            ends.push((branch, out));
        }
        let both = |(one, first): (State, Value), (other, second)| {
            (one.join(other), either(first, second))
        };
        let Some((state, out)) = ends.into_iter().reduce(both) else { return known("") };
        *st = state;
        out
    }

    /// Runs what is no function and no alias: a builtin, a wrapper, a program.
    fn program(&mut self, st: &mut State, name: &str, argv: &[Text], input: Input) -> Value {
        let Some((program, args)) = argv.split_first() else { return known("") };
        self.effect(Effect::Runs {
            program: name.to_owned(),
            words: args.iter().map(Text::shown).collect(),
        });
        if name.contains('/') {
            let full = st.full(program);
            if let Some(content) = st.files.get(&full).cloned() {
                return self.script_file(st, &content, args, input);
            }
        }
        let short = base(name).to_ascii_lowercase();
        if program.s == short {
            return self.by_name(st, &short, args, input);
        }
        // `/bin/cd`, `EXIT`: a process of its own, if there is one, which moves nothing of this shell but files.
        let mut inside = st.clone();
        let out = self.by_name(&mut inside, &short, args, input);
        st.files = inside.files;
        out
    }

    fn by_name(&mut self, st: &mut State, name: &str, args: &[Text], input: Input) -> Value {
        if let Some(out) = self.builtin(st, name, args, &input) {
            return out;
        }
        if let Some(out) = wrappers::run(self, st, name, args, &input) {
            return out;
        }
        program::run(self, st, name, args, input)
    }

    /// A program name with holes. What comes before the hole may be enough: `/usr/bin/$X` is some installed program.
    fn unknown_program(&mut self, st: &State, program: &Text, args: &[Text]) {
        // `$CC -c x.c`: which program that is, the owner's environment says and not the text.
        let own = program.taint.environment || self.own_holes;
        if own && !program.taint.foreign && !args.iter().any(|arg| self.matters(st, arg)) {
            return;
        }
        self.underived(Reason::Program);
    }

    /// An argument that no unknown program should get: the home, the system, the project as a whole.
    fn matters(&self, st: &State, arg: &Text) -> bool {
        use super::super::effect::Place;
        let path = arg.s.starts_with(['/', '.']) || arg.s == "*" || arg.has_pattern();
        path && !arg.has_hole()
            && matches!(
                tables::place(&st.full(arg), self.cx),
                Place::SystemRoot
                    | Place::Home
                    | Place::ProjectRoot
                    | Place::History
                    | Place::Device
                    | Place::Protected(_)
            )
    }

    /// Calls a function: its own arguments, its own `local`s are not told apart from the shell's.
    fn function(
        &mut self,
        st: &mut State,
        body: &FunctionBody,
        args: &[Text],
        input: Input,
    ) -> Value {
        let outer = (std::mem::replace(&mut st.args, args.to_vec()), st.args_known);
        st.args_known = true;
        let redirects = body.1.as_ref().map_or(&[][..], |r| r.0.as_slice());
        let out = self.deeper(unknown(), |w| {
            w.redirected(st, redirects, input, |w, st, input| w.compound(st, &body.0, input))
        });
        (st.args, st.args_known) = outer;
        out
    }

    fn alias(
        &mut self,
        st: &mut State,
        (name, text): (&str, &str),
        args: &[Text],
        input: Input,
    ) -> Value {
        let mut code = Text::lit(text);
        for arg in args {
            code.s.push(' ');
            match arg.known() {
                Some(known) => code.s.push_str(&super::super::expand::single_quoted(known)),
                None => code.push(arg),
            }
        }
        // An alias is not expanded inside itself.
        let removed = st.aliases.remove(name);
        let out = self.script(st, &code, input);
        for text in removed.into_iter().flatten() {
            st.alias(name, text);
        }
        out
    }

    /// Runs a file that this text wrote, in a shell of its own.
    pub(in super::super) fn script_file(
        &mut self,
        st: &State,
        content: &[Text],
        args: &[Text],
        input: Input,
    ) -> Value {
        let mut inner = st.clone();
        inner.args = args.to_vec();
        inner.args_known = true;
        let mut out = known("");
        for code in content {
            if let Some(interpreter) = program::shebang(code) {
                out = program::interpret(self, &mut inner.clone(), interpreter, code);
                continue;
            }
            out = self.script(&mut inner.clone(), code, input.clone());
        }
        out
    }
}

/// `"$dir/configure"`, `$(which ls)`: the name is there, only its directory is not.
fn in_some_directory(program: &Text) -> Option<&str> {
    let (_, name) = program.s.rsplit_once('/')?;
    (!program.has_pattern() && !name.is_empty() && !name.contains(HOLE)).then_some(name)
}

fn assigned(name: &AssignmentName) -> &str {
    match name {
        AssignmentName::VariableName(name) | AssignmentName::ArrayElementName(name, _) => name,
    }
}
