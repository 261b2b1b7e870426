//! Redirections as flows: where a command's input comes from and where its output goes.

use super::super::effect::{Effect, Secrecy, THROUGH};
use super::super::expand::Mode;
use super::super::program::network;
use super::super::tables;
use super::super::value::{Taint, Text, Value, concat, from, known, stain, taint, unknown};
use super::{Input, State, Target, Walker};
use crate::sensitive::Below;
use brush_parser::ast::{
    CompoundList, IoFileRedirectKind as Kind, IoFileRedirectTarget as Goal, IoRedirect,
    ProcessSubstitutionKind,
};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What the redirections of one command say.
pub(super) type Fds = BTreeMap<i32, Target>;

impl Walker<'_> {
    /// Evaluates redirections over the shell's own descriptors.
    pub(super) fn descriptors(&mut self, st: &mut State, redirects: &[IoRedirect]) -> Fds {
        let mut fds = st.fds.clone();
        for redirect in redirects {
            match redirect {
                IoRedirect::File(fd, kind, goal) => {
                    self.file_redirect(st, &mut fds, (*fd, kind), goal);
                }
                IoRedirect::HereDocument(fd, document) => {
                    let mut body = document.doc.value.clone();
                    if document.remove_tabs {
                        body = body
                            .split('\n')
                            .map(|l| l.trim_start_matches('\t'))
                            .collect::<Vec<_>>()
                            .join("\n");
                    }
                    let value = if document.requires_expansion {
                        self.unsplit(st, &body, Mode::Document)
                    } else {
                        known(&body)
                    };
                    fds.insert(fd.unwrap_or(0), Target::Data(value));
                }
                IoRedirect::HereString(fd, word) => {
                    let value = self.unsplit(st, &word.value, Mode::Assignment);
                    fds.insert(fd.unwrap_or(0), Target::Data(concat(&value, &known("\n"))));
                }
                IoRedirect::OutputAndError(word, append) => {
                    let target = self.output_target(st, &word.value, *append);
                    fds.insert(1, target.clone());
                    fds.insert(2, target);
                }
            }
        }
        fds
    }

    fn file_redirect(
        &mut self,
        st: &mut State,
        fds: &mut Fds,
        (fd, kind): (Option<i32>, &Kind),
        goal: &Goal,
    ) {
        let reads = matches!(kind, Kind::Read | Kind::DuplicateInput | Kind::ReadAndWrite);
        let fd_here = fd.unwrap_or(i32::from(!reads));
        let target = match goal {
            Goal::Fd(other) => fds.get(other).cloned().unwrap_or(Target::Inherit),
            Goal::ProcessSubstitution(kind, subshell) => {
                let path = self.process(st, kind, &subshell.list);
                if reads {
                    self.input_target(st, &path)
                } else {
                    Target::File { path, append: false }
                }
            }
            Goal::Duplicate(word) => {
                let value = self.unsplit(st, &word.value, Mode::Word);
                let text = value.into_iter().next().unwrap_or_default();
                match text.known() {
                    Some("-") => Target::Null,
                    Some(number) if number.trim_end_matches('-').parse::<i32>().is_ok() => {
                        let other = number.trim_end_matches('-').parse::<i32>().unwrap_or(0);
                        fds.get(&other).cloned().unwrap_or(Target::Inherit)
                    }
                    // `>& file` sends both.
                    _ => {
                        let target = self.output_target(st, &word.value, false);
                        if fd.is_none() && !reads {
                            fds.insert(2, target.clone());
                        }
                        target
                    }
                }
            }
            Goal::Filename(word) if reads => {
                let value = self.unsplit(st, &word.value, Mode::Word);
                let mut content = Vec::new();
                let mut net = None;
                for path in &value {
                    match self.input_target(st, path) {
                        Target::Data(value) => content.extend(value),
                        other => net = Some(other),
                    }
                }
                net.unwrap_or(Target::Data(content))
            }
            Goal::Filename(word) => {
                self.output_target(st, &word.value, matches!(kind, Kind::Append))
            }
        };
        fds.insert(fd_here, target);
    }

    fn input_target(&mut self, st: &State, path: &Text) -> Target {
        if network::socket(&path.s) {
            return Target::Net(path.clone());
        }
        Target::Data(self.read_file(st, path))
    }

    fn output_target(&mut self, st: &mut State, word: &str, append: bool) -> Target {
        let value = self.unsplit(st, word, Mode::Word);
        let Some(path) = value.into_iter().next() else { return Target::Null };
        if network::socket(&path.s) {
            return Target::Net(path);
        }
        if matches!(path.s.as_str(), "/dev/null" | "/dev/zero" | "/dev/full") {
            return Target::Null;
        }
        if matches!(
            path.s.as_str(),
            "/dev/stdout" | "/dev/stderr" | "/dev/tty" | "/dev/fd/1" | "/dev/fd/2"
        ) {
            return Target::Inherit;
        }
        Target::File { path, append }
    }

    /// Runs something with redirections around it.
    pub(super) fn redirected(
        &mut self,
        st: &mut State,
        redirects: &[IoRedirect],
        input: Input,
        f: impl FnOnce(&mut Self, &mut State, Input) -> Value,
    ) -> Value {
        if redirects.is_empty() && st.fds.is_empty() {
            return f(self, st, input);
        }
        let fds = self.descriptors(st, redirects);
        let outer = std::mem::replace(&mut st.fds, fds.clone());
        let input = Self::input(&fds, input);
        // Inside, plain output is what this redirection catches.
        st.fds.remove(&0);
        st.fds.remove(&1);
        let out = f(self, st, input);
        st.fds = outer;
        self.deliver(st, &fds, out)
    }

    /// What the command finds on descriptor 0.
    pub(super) fn input(fds: &Fds, input: Input) -> Input {
        match fds.get(&0) {
            None | Some(Target::Inherit) => input,
            Some(Target::Null) => Some(known("")),
            Some(Target::Data(value)) => Some(value.clone()),
            Some(Target::Net(_)) => Some(from(Taint::remote())),
            Some(Target::File { .. }) => Some(unknown()),
        }
    }

    /// What can be read from a descriptor.
    pub(in super::super) fn content_of(target: &Target) -> Value {
        Self::input(&Fds::from([(0, target.clone())]), None).unwrap_or_else(unknown)
    }

    /// Hands a command's output on; what its caller gets.
    pub(super) fn deliver(&mut self, st: &mut State, fds: &Fds, out: Value) -> Value {
        match fds.get(&1) {
            None | Some(Target::Inherit | Target::Data(_)) => out,
            Some(Target::Null) => known(""),
            Some(Target::File { path, append }) => {
                self.write_file(st, path, out, *append);
                known("")
            }
            Some(Target::Net(peer)) => {
                self.leaves(&taint(&out), &peer.shown());
                known("")
            }
        }
    }

    /// A secret in what is sent.
    pub(in super::super) fn leaves(&mut self, taint: &Taint, over: &str) {
        if let Some(secret) = &taint.secret {
            self.effect(Effect::Sends {
                what: secret.to_string(),
                over: over.to_owned(),
                header: false,
            });
        }
    }

    /// `<(...)` and `>(...)`: a path that stands for the command.
    pub(super) fn process(
        &mut self,
        st: &mut State,
        kind: &ProcessSubstitutionKind,
        list: &CompoundList,
    ) -> Text {
        // Each is a copy of a state that grows with each.
        const ENTRY: usize = 200;
        let path = format!("/dev/fd/{}", 63 + self.next_serial());
        if !self.works(ENTRY * (st.files.len() + st.readers.len())) {
            return Text::hole();
        }
        match kind {
            ProcessSubstitutionKind::Read => {
                let out = self.list(&mut st.clone(), list, None);
                st.files.insert(path.clone(), out);
            }
            ProcessSubstitutionKind::Write => {
                st.readers.insert(path.clone(), Rc::new(list.clone()));
            }
        }
        Text::lit(&path)
    }

    /// The content of a file, with the effect of reading it.
    pub(in super::super) fn read_file(&mut self, st: &State, path: &Text) -> Value {
        let full = st.full(path);
        if let Some(content) = st.files.get(&full) {
            return content.clone();
        }
        if let Some(flow) = self.pipes.get(&full) {
            return from(flow.clone());
        }
        if network::socket(&full) {
            return from(Taint::remote());
        }
        if full == "/dev/null" {
            return known("");
        }
        let mut taint = self.reads(&full);
        if let Some(ids) = super::super::program::ids_of_file(&full) {
            taint.get_or_insert_default().add(&ids);
        }
        taint.map_or_else(unknown, from)
    }

    /// Counts the lines of the tables that a path is held against; `false` when that is too many.
    pub(in super::super) fn looks_up(&mut self, full: &str) -> bool {
        // Lines that a plain name passes at a glance, and each of whose names a pattern is laid over.
        const PLAIN: usize = 2_000;
        const WILD: usize = 200;
        let wild = full.contains([
            super::super::value::HOLE,
            super::super::value::STAR,
            super::super::value::ONE,
        ]);
        self.works(PLAIN + if wild { WILD * full.len() } else { 0 })
    }

    /// The effect of reading a path; the taint of what was read.
    pub(in super::super) fn reads(&mut self, full: &str) -> Option<Taint> {
        if !self.looks_up(full) {
            return None;
        }
        let home = self.cx.home;
        let (mut secrecy, mut below) = (tables::secrecy(full, home), tables::below(full, home));
        let mut path = super::super::value::shown(full, home);
        if let Some(link) = self.cx.view.link(full) {
            let (led, holds) = (tables::secrecy(&link, home), tables::below(&link, home));
            if led > secrecy || holds > below {
                path = format!("{}{THROUGH}{path}", super::super::value::shown(&link, home));
            }
            (secrecy, below) = (secrecy.max(led), below.max(holds));
        }
        if below == Below::Store {
            secrecy = Secrecy::Credential;
        }
        self.effect(Effect::Reads { path: path.clone(), secrecy });
        if below == Below::Some {
            let what = format!("Reads all of a directory that holds credentials: {path}");
            self.effect(Effect::Touches { what });
        }
        // `/etc` is copied and searched as a whole; a home that leaves takes its keys along.
        let carried = below == Below::Some && (path.starts_with('~') || full == "/");
        (secrecy > Secrecy::Open || carried).then(|| Taint::secret(&path))
    }

    /// Writes a file: its content is remembered for a later command of this text.
    pub(in super::super) fn write_file(
        &mut self,
        st: &mut State,
        path: &Text,
        content: Value,
        append: bool,
    ) {
        let full = st.full(path);
        if let Some(reader) = st.readers.get(&full).cloned() {
            self.list(&mut st.clone(), &reader, Some(content));
            return;
        }
        self.writes(&full);
        if let Some(flow) = self.pipes.get_mut(&full) {
            flow.add(&taint(&content));
            return;
        }
        let before = st.files.get(&full).cloned();
        let whole = match before {
            Some(before) if append => concat(&before, &content),
            // What stood there is not known.
            None if append => stain(unknown(), &taint(&content)),
            _ => content.iter().map(Text::literal).collect(),
        };
        st.files.insert(full, whole);
    }

    /// The effect of writing a path.
    pub(in super::super) fn writes(&mut self, full: &str) {
        if !self.looks_up(full) {
            return;
        }
        let place = tables::place(full, self.cx);
        let secrecy = tables::secrecy(full, self.cx.home);
        let path = super::super::value::shown(full, self.cx.home);
        self.effect(Effect::Writes { path, place, secrecy });
    }
}
