//! What a shell knows at one point: directory, variables, functions, aliases, descriptors, and the files this text has written.
//!
//! States are cloned for subshells and joined after branches; a join keeps every value that either branch leaves.

use super::super::value::{Taint, Text, Value, either, known, unknown};
use brush_parser::ast;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A variable of the shell.
#[derive(Debug, Clone)]
pub(in super::super) enum Var {
    Scalar(Value),
    List(Vec<Value>),
    Unset,
}

/// Where a descriptor leads.
#[derive(Debug, Clone)]
pub(in super::super) enum Target {
    /// Where the command that contains this one has it.
    Inherit,
    /// `/dev/null` or closed.
    Null,
    File {
        path: Text,
        append: bool,
    },
    /// `/dev/tcp/host/port`.
    Net(Text),
    /// Content that can be read.
    Data(Value),
}

/// The state of one shell.
#[derive(Debug, Clone)]
pub(in super::super) struct State {
    /// `None`: not known.
    pub(in super::super) cwd: Option<String>,
    pub(in super::super) old: Option<String>,
    pub(in super::super) stack: Vec<String>,
    pub(in super::super) vars: BTreeMap<String, Var>,
    /// Names that stand for another variable (`declare -n`).
    pub(in super::super) references: BTreeMap<String, String>,
    /// Each with every body that it may have.
    pub(in super::super) functions: BTreeMap<String, Vec<Rc<ast::FunctionBody>>>,
    /// Functions that were defined on one way here and not on another.
    pub(in super::super) unsure: BTreeSet<String>,
    /// Each with every text that it may stand for. A shell may leave them all alone: bash takes them in scripts only when it is told to, and
    /// from the next line on.
    pub(in super::super) aliases: BTreeMap<String, Vec<String>>,
    /// `$1` and on.
    pub(in super::super) args: Vec<Text>,
    /// `$0`, where a command line sets it.
    pub(in super::super) zero: Option<Text>,
    /// An interactive shell has none; a script's are not known.
    pub(in super::super) args_known: bool,
    /// What this text wrote, by absolute path; also what a process substitution gives.
    pub(in super::super) files: BTreeMap<String, Value>,
    /// Commands that read what is written to a path (`>(...)`).
    pub(in super::super) readers: BTreeMap<String, Rc<ast::CompoundList>>,
    pub(in super::super) fds: BTreeMap<i32, Target>,
    /// What a sourced file may have put into variables.
    pub(in super::super) sourced: Taint,
    /// `set -n`.
    pub(in super::super) noexec: bool,
    /// `exit` has ended this shell for certain.
    pub(in super::super) ended: bool,
}

impl State {
    pub(in super::super) fn new(cwd: &str) -> Self {
        Self {
            cwd: Some(cwd.to_owned()),
            old: None,
            stack: Vec::new(),
            vars: BTreeMap::new(),
            references: BTreeMap::new(),
            functions: BTreeMap::new(),
            unsure: BTreeSet::new(),
            aliases: BTreeMap::new(),
            args: Vec::new(),
            zero: None,
            args_known: true,
            files: BTreeMap::new(),
            readers: BTreeMap::new(),
            fds: BTreeMap::new(),
            sourced: Taint::default(),
            noexec: false,
            ended: false,
        }
    }

    /// A path, absolute.
    pub(in super::super) fn full(&self, path: &Text) -> String {
        super::super::value::normal(&path.s, self.cwd.as_deref())
    }

    /// The variable that a name stands for; a circle of references ends somewhere in it.
    pub(in super::super) fn variable<'n>(&'n self, name: &'n str) -> &'n str {
        let mut name = name;
        for _ in 0..=self.references.len().min(super::MAX_DEPTH as usize) {
            match self.references.get(name) {
                Some(next) => name = next,
                None => break,
            }
        }
        name
    }

    pub(in super::super) fn scalar(&self, name: &str) -> Option<Value> {
        match self.vars.get(self.variable(name))? {
            Var::Scalar(value) => Some(value.clone()),
            Var::List(list) => list.first().cloned(),
            Var::Unset => Some(known("")),
        }
    }

    pub(in super::super) fn set(&mut self, name: &str, value: Value) {
        let name = self.variable(name).to_owned();
        self.vars.insert(name, Var::Scalar(value));
    }

    /// The characters that split; the default when they are not known.
    pub(super) fn ifs_of(&self) -> Option<String> {
        let value = self.scalar("IFS")?;
        super::super::value::single(&value).map(str::to_owned)
    }

    pub(in super::super) fn ifs(&self) -> String {
        self.ifs_of().unwrap_or_else(|| " \t\n".to_owned())
    }

    /// What is known after either of two branches.
    pub(in super::super) fn join(mut self, other: Self) -> Self {
        if self.ended {
            return other;
        }
        if other.ended {
            return self;
        }
        if self.cwd != other.cwd {
            self.cwd = None;
        }
        for (name, var) in other.vars {
            let joined = match self.vars.remove(&name) {
                Some(mine) => join_var(mine, var),
                // In the other branch it keeps what the environment gives.
                None => join_var(Var::Scalar(unknown()), var),
            };
            self.vars.insert(name, joined);
        }
        for (path, value) in other.files {
            let joined = match self.files.remove(&path) {
                Some(mine) => either(mine, value),
                None => value,
            };
            self.files.insert(path, joined);
        }
        self.references.extend(other.references);
        self.join_functions(other.functions, other.unsure);
        for (name, texts) in other.aliases {
            for text in texts {
                self.alias(&name, text);
            }
        }
        self.fds.extend(other.fds);
        self.sourced.add(&other.sourced);
        self.noexec &= other.noexec;
        self
    }
}

impl State {
    fn join_functions(
        &mut self,
        other: BTreeMap<String, Vec<Rc<ast::FunctionBody>>>,
        unsure: BTreeSet<String>,
    ) {
        self.unsure.extend(unsure);
        let one_side = self.functions.keys().filter(|name| !other.contains_key(*name));
        self.unsure.extend(one_side.cloned());
        for (name, bodies) in other {
            let Some(mine) = self.functions.get_mut(&name) else {
                self.unsure.insert(name.clone());
                self.functions.insert(name, bodies);
                continue;
            };
            for body in bodies {
                if !mine.iter().any(|one| Rc::ptr_eq(one, &body)) {
                    mine.push(body);
                }
            }
        }
    }

    pub(super) fn define(&mut self, name: &str, body: ast::FunctionBody) {
        self.unsure.remove(name);
        self.functions.insert(name.to_owned(), vec![Rc::new(body)]);
    }

    pub(super) fn alias(&mut self, name: &str, text: String) {
        let texts = self.aliases.entry(name.to_owned()).or_default();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
}

fn join_var(left: Var, right: Var) -> Var {
    match (left, right) {
        (Var::Scalar(a), Var::Scalar(b)) => Var::Scalar(either(a, b)),
        (Var::Scalar(a), Var::Unset) | (Var::Unset, Var::Scalar(a)) => {
            Var::Scalar(either(a, known("")))
        }
        (Var::Unset, Var::Unset) => Var::Unset,
        (Var::List(a), Var::List(b)) if a == b => Var::List(a),
        (Var::List(a), Var::List(b)) => Var::List(if a.len() >= b.len() { a } else { b }),
        (Var::List(a), _) | (_, Var::List(a)) => Var::List(a),
    }
}
