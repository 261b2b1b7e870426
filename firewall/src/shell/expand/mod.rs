//! Word expansion: from a word's raw text to the fields that a program would get.
//!
//! In bash's order: braces, tilde, parameters, commands and arithmetic, splitting, patterns, quotes. What is not known stays as a
//! hole in the text; several possible values become several field lists, up to a bound beyond which they become a hole.

mod brace;
mod param;
mod quote;
mod scan;

pub(super) use quote::{echo_escapes, single_quoted};
pub(super) use scan::Mode;

use super::effect::Reason;
use super::tables::credential_variable;
use super::value::{
    HOLE, MAX_ALTERNATIVES, ONE, STAR, Taint, Text, Value, either, from, known, map, matches,
    taint, trim, unknown,
};
use super::walk::{State, Var, Walker};
use param::{How, Op, Param};
use scan::{Part, parts};

/// One list of fields.
pub(super) type Fields = Vec<Text>;

#[derive(Clone, Default)]
struct Build {
    done: Fields,
    current: Option<Text>,
}

impl Build {
    fn glue(&mut self, text: &Text) {
        self.current.get_or_insert_with(Text::default).push(text);
    }

    fn cut(&mut self) {
        self.done.extend(self.current.take());
    }
}

impl Walker<'_> {
    /// Every list of fields that these words can become.
    pub(super) fn words<'w>(
        &mut self,
        st: &mut State,
        words: impl Iterator<Item = &'w str>,
    ) -> Vec<Fields> {
        let mut all: Vec<Fields> = vec![Vec::new()];
        for word in words {
            let fields = self.fields(st, word);
            if let [one] = fields.as_slice() {
                for list in &mut all {
                    list.extend_from_slice(one);
                }
                continue;
            }
            if all.len() * fields.len() > MAX_ALTERNATIVES {
                self.underived(Reason::TooMuch);
                let stained = fields.iter().fold(Taint::default(), |mut t, f| {
                    t.add(&taint(f));
                    t
                });
                for list in &mut all {
                    list.push(Text::tainted(stained.clone()));
                }
                continue;
            }
            all = all
                .iter()
                .flat_map(|list| {
                    fields.iter().map(move |f| [list.as_slice(), f.as_slice()].concat())
                })
                .collect();
        }
        all
    }

    /// Every list of fields that this word can become.
    pub(super) fn fields(&mut self, st: &mut State, raw: &str) -> Vec<Fields> {
        let Some(words) = brace::braces(raw) else {
            self.underived(Reason::TooMuch);
            return vec![vec![Text::hole()]];
        };
        let mut all: Vec<Fields> = vec![Vec::new()];
        for word in words {
            let next = self.split(st, &word);
            if all.len() * next.len() > MAX_ALTERNATIVES {
                self.underived(Reason::TooMuch);
                return vec![vec![Text::hole()]];
            }
            all = all
                .iter()
                .flat_map(|list| next.iter().map(move |f| [list.as_slice(), f.as_slice()].concat()))
                .collect();
        }
        all
    }

    fn split(&mut self, st: &mut State, raw: &str) -> Vec<Fields> {
        let parts = match parts(raw, Mode::Word) {
            Ok(parts) => parts,
            Err(reason) => {
                self.underived(reason);
                return vec![vec![Text::hole()]];
            }
        };
        let mut builds = vec![Build::default()];
        for part in &parts {
            self.step();
            let (lists, quoted) = self.part(st, part, Mode::Word);
            if builds.len() * lists.len() > MAX_ALTERNATIVES {
                self.underived(Reason::TooMuch);
                return vec![vec![Text::hole()]];
            }
            let ifs = st.ifs();
            builds = builds
                .iter()
                .flat_map(|build| {
                    let ifs = &ifs;
                    lists.iter().map(move |list| append(build.clone(), list, quoted, ifs))
                })
                .collect();
        }
        builds
            .into_iter()
            .map(|mut build| {
                build.cut();
                build.done
            })
            .collect()
    }

    /// A text that is not split: assignments, here-documents, patterns.
    pub(super) fn unsplit(&mut self, st: &mut State, raw: &str, mode: Mode) -> Value {
        let parts = match parts(raw, mode) {
            Ok(parts) => parts,
            Err(reason) => {
                self.underived(reason);
                return unknown();
            }
        };
        let mut value = known("");
        for part in &parts {
            self.step();
            let (lists, quoted) = self.part(st, part, mode);
            let pattern = matches!(part, Part::Text { .. }) && !quoted;
            let joined: Value = lists
                .iter()
                .map(|list| {
                    let mut text = Text::default();
                    for (i, field) in list.iter().enumerate() {
                        if i > 0 {
                            text.s.push(' ');
                        }
                        text.push(field);
                    }
                    if pattern { globbed(&text) } else { text }
                })
                .collect();
            value = super::value::concat(&value, &joined);
        }
        value
    }

    /// What a part stands for: alternatives, each a list of fields (a list of one but for `$@` and arrays).
    fn part(&mut self, st: &mut State, part: &Part, mode: Mode) -> (Vec<Fields>, bool) {
        match part {
            Part::Text { s, quoted } => {
                let text = Text::lit(s);
                if *quoted || mode != Mode::Word {
                    return (vec![vec![text]], *quoted);
                }
                // Quoted for splitting: the parser has split the literal text already.
                (vec![vec![globbed(&text)]], true)
            }
            Part::Tilde(user) => (vec![vec![Text::lit(&self.tilde(st, user))]], true),
            Part::Arithmetic { source } => {
                let value = match source.trim().parse::<i64>() {
                    Ok(n) => Text::lit(&n.to_string()),
                    Err(_) => {
                        // Assignments and substitutions inside still happen, also those in the variables that it names.
                        let inner = self.unsplit(st, source, Mode::Document);
                        for name in source.split(|c: char| c != '_' && !c.is_alphanumeric()) {
                            for text in st.scalar(name).unwrap_or_default() {
                                self.subscript(st, &text.s);
                            }
                        }
                        Text::tainted(taint(&inner))
                    }
                };
                (vec![vec![value]], true)
            }
            Part::Command { source, quoted } => {
                let value = self.substitution(st, source);
                let trimmed = value
                    .into_iter()
                    .map(|t| vec![Text { s: t.s.trim_end_matches('\n').to_owned(), ..t }]);
                (trimmed.collect(), *quoted)
            }
            Part::Param { param, quoted } => (self.parameter(st, param, *quoted), *quoted),
        }
    }

    fn tilde(&self, st: &State, user: &str) -> String {
        match user {
            "" => self.cx.home.to_owned(),
            "+" => st.cwd.clone().unwrap_or_else(|| HOLE.to_string()),
            "-" => st.old.clone().unwrap_or_else(|| HOLE.to_string()),
            "root" => "/root".to_owned(),
            _ if user == super::value::base(self.cx.home) => self.cx.home.to_owned(),
            _ if user.starts_with(|c: char| c.is_ascii_digit() || c == '+' || c == '-') => {
                HOLE.to_string()
            }
            _ => format!("/home/{user}"),
        }
    }

    fn parameter(&mut self, st: &mut State, param: &Param, quoted: bool) -> Vec<Fields> {
        if param.op == Op::Names {
            return vec![vec![Text::tainted(Taint { listed: true, ..Taint::default() })]];
        }
        if param.op == Op::Length {
            return vec![vec![Text::hole()]];
        }
        let list = self.variable(st, param, quoted);
        match &param.op {
            Op::None | Op::Names | Op::Length => product(&list),
            Op::Default { kind, word } => self.default(st, param, &list, (*kind, word, quoted)),
            op => {
                let applied: Vec<Value> =
                    list.iter().map(|value| self.apply(st, op, value)).collect();
                product(&applied)
            }
        }
    }

    /// The values of a parameter: one, or several for `$@` and arrays.
    fn variable(&mut self, st: &mut State, param: &Param, quoted: bool) -> Vec<Value> {
        let mut name = param.name.clone();
        if param.indirect {
            let target = st.scalar(&name);
            match target.as_deref().and_then(super::value::single) {
                Some(target) => name = target.to_owned(),
                // A name out of a list of names: any variable there is.
                None if target.as_deref().is_some_and(|t| taint(t).listed) => {
                    return vec![self.whole_environment()];
                }
                None => return vec![unknown()],
            }
        }
        let joined = param.index.as_deref() == Some("*") || name == "*";
        let list = match (name.as_str(), param.index.as_deref()) {
            ("@" | "*", _) => st.args.iter().map(|t| vec![t.clone()]).collect(),
            ("#" | "?" | "$" | "!" | "-", _) => vec![unknown()],
            ("0", _) => vec![st.zero.as_ref().map_or_else(|| known("bash"), |t| vec![t.clone()])],
            (n, _) if n.starts_with(|c: char| c.is_ascii_digit()) => {
                let at = n.parse::<usize>().unwrap_or(usize::MAX);
                vec![st.args.get(at.wrapping_sub(1)).map_or_else(
                    || if st.args_known { known("") } else { unknown() },
                    |t| vec![t.clone()],
                )]
            }
            (_, index) => self.named(st, &name, index),
        };
        if joined && quoted {
            let mut all = known("");
            for (i, value) in list.iter().enumerate() {
                if i > 0 {
                    all = super::value::concat(&all, &known(" "));
                }
                all = super::value::concat(&all, value);
            }
            return vec![all];
        }
        list
    }

    fn named(&mut self, st: &State, name: &str, index: Option<&str>) -> Vec<Value> {
        let name = st.variable(name);
        match (st.vars.get(name), index) {
            (Some(Var::Scalar(value)), _) => vec![value.clone()],
            (Some(Var::List(list)), Some("@" | "*")) => list.clone(),
            (Some(Var::List(list)), index) => match index.unwrap_or("0").parse::<usize>() {
                Ok(at) => vec![list.get(at).cloned().unwrap_or_else(|| known(""))],
                Err(_) => vec![list.iter().cloned().reduce(either).unwrap_or_else(unknown)],
            },
            (Some(Var::Unset), _) => vec![known("")],
            (None, _) => vec![self.environment(st, name)],
        }
    }

    /// A variable that the text does not set.
    pub(super) fn environment(&self, st: &State, name: &str) -> Value {
        match name {
            "HOME" => return known(self.cx.home),
            "PWD" => return st.cwd.as_deref().map_or_else(unknown, known),
            "OLDPWD" => return st.old.as_deref().map_or_else(unknown, known),
            "USER" | "LOGNAME" => return known(super::value::base(self.cx.home)),
            "IFS" => return known(" \t\n"),
            "SHELL" | "BASH" => return known("/bin/bash"),
            "PATH" | "PS1" | "PS4" | "RANDOM" | "SECONDS" | "LINENO" => return unknown(),
            _ => {}
        }
        if credential_variable(name) {
            return from(Taint::loud(&format!("${name}")));
        }
        if let Some(value) = self.cx.view.variable(name) {
            return known(&value);
        }
        match name {
            "TMPDIR" | "TMP" | "TEMP" => known("/tmp"),
            _ => vec![Text::tainted(Taint { environment: true, ..st.sourced.clone() })],
        }
    }

    fn default(
        &mut self,
        st: &mut State,
        param: &Param,
        list: &[Value],
        (kind, word, quoted): (char, &str, bool),
    ) -> Vec<Fields> {
        let value = list.iter().cloned().reduce(either).unwrap_or_else(|| known(""));
        let certain_empty = value.iter().all(|t| t.s.is_empty());
        let certain_set = value.iter().all(|t| t.s.chars().any(|c| c != HOLE && c != STAR));
        let mode = if quoted { Mode::Quoted } else { Mode::Word };
        let other = self.unsplit(st, word, mode);
        let chosen = match kind {
            '+' if certain_empty => known(""),
            '+' if certain_set => other,
            '+' => either(known(""), other),
            '?' => value,
            _ if certain_set => value,
            _ if certain_empty => other,
            _ => {
                // The environment's own value is not known: the default is what the text shows.
                let rest: Value = value.into_iter().filter(|t| !t.s.is_empty()).collect();
                if rest.is_empty() { other } else { either(other, rest) }
            }
        };
        if kind == '=' {
            st.vars.insert(param.name.clone(), Var::Scalar(chosen.clone()));
        }
        product(&[chosen])
    }

    fn apply(&mut self, st: &mut State, op: &Op, value: &Value) -> Value {
        if !self.works(cost(op, value)) {
            return map(value, |_| None);
        }
        match op {
            Op::Trim { front, longest, pattern } => {
                let pattern = self.unsplit(st, pattern, Mode::Word);
                match pattern.as_slice() {
                    [p] if !p.has_hole() => map(value, |s| Some(trim(s, &p.s, *front, *longest))),
                    _ => map(value, |_| None),
                }
            }
            Op::Slice { offset, length } => {
                let number = |s: &str| s.trim_matches(['(', ')', ' ']).parse::<i64>().ok();
                let (offset, length) = (number(offset), length.as_deref().map(number));
                map(value, |s| slice(s, offset?, length.map_or(Some(None), |l| l.map(Some))?))
            }
            Op::Replace { pattern, with, how } => {
                let (pattern, with) =
                    (self.unsplit(st, pattern, Mode::Word), self.unsplit(st, with, Mode::Word));
                let (Some(p), Some(w)) = (pattern.first(), super::value::single(&with)) else {
                    return map(value, |_| None);
                };
                let (p, how) = (p.clone(), *how);
                map(value, |s| replaced(s, &p, w, how))
            }
            Op::Case { upper, all } => map(value, |s| {
                if *all {
                    return Some(if *upper { s.to_uppercase() } else { s.to_lowercase() });
                }
                let mut chars = s.chars();
                let first: String = chars
                    .next()
                    .map(|c| if *upper { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
                    .into_iter()
                    .collect();
                Some(format!("{first}{}", chars.as_str()))
            }),
            Op::Transform('P') => {
                // A prompt is expanded as one, substitutions too.
                let mut out = Vec::new();
                for text in value {
                    match text.known() {
                        Some(known) => {
                            out.extend(self.unsplit(st, known, Mode::Document));
                        }
                        None => out.push(Text::tainted(text.taint.clone())),
                    }
                }
                super::value::stain(out, &taint(value))
            }
            Op::Transform(kind) => map(value, |s| match kind {
                'U' => Some(s.to_uppercase()),
                'L' => Some(s.to_lowercase()),
                'Q' => Some(single_quoted(s)),
                'E' => Some(echo_escapes(s).0),
                _ => Some(s.to_owned()),
            }),
            _ => value.clone(),
        }
    }
}

/// The characters that an operator compares or copies.
fn cost(op: &Op, value: &[Text]) -> usize {
    let length: usize = value.iter().map(|t| t.s.len()).sum();
    match op {
        // A match at every boundary, for every character of the pattern.
        Op::Trim { pattern, .. } => length.saturating_mul(length).saturating_mul(pattern.len() + 1),
        Op::Replace { .. } => length.saturating_mul(8),
        _ => length,
    }
}

fn append(mut build: Build, list: &[Text], quoted: bool, ifs: &str) -> Build {
    for (i, field) in list.iter().enumerate() {
        if i > 0 {
            build.cut();
        }
        if quoted {
            build.glue(field);
            continue;
        }
        let field = globbed(field);
        let mut rest = field.s.as_str();
        loop {
            let end = rest.find(|c| ifs.contains(c)).unwrap_or(rest.len());
            let (head, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
            if !head.is_empty() {
                build.glue(&Text { s: head.to_owned(), taint: field.taint.clone() });
            }
            let Some(next) = tail.chars().next() else { break };
            build.cut();
            rest = tail.get(next.len_utf8()..).unwrap_or("");
        }
    }
    build
}

/// Unquoted pattern characters become active. A bracket expression becomes any one character.
fn globbed(text: &Text) -> Text {
    if !text.s.contains(['*', '?', '[', '(']) {
        return text.clone();
    }
    let chars: Vec<char> = text.s.chars().collect();
    // Where none is left nothing is looked for, so that a row of open brackets costs no more than its length.
    let last = |close: char| chars.iter().rposition(|&c| c == close).unwrap_or(0);
    let (last_round, last_square) = (last(')'), last(']'));
    let (mut out, mut i) = (String::new(), 0);
    while let Some(&c) = chars.get(i) {
        let group = matches!(c, '*' | '?' | '+' | '@' | '!') && chars.get(i + 1) == Some(&'(');
        let close = if group { ')' } else { ']' };
        let there = i < if group { last_round } else { last_square };
        let end = chars
            .get(i + 2..)
            .filter(|_| there && (group || c == '['))
            .and_then(|rest| rest.iter().position(|&x| x == close))
            .map(|at| at + i + 2);
        match (c, end) {
            (_, Some(end)) if group => {
                star(&mut out);
                i = end;
            }
            ('[', Some(end)) => {
                out.push(ONE);
                i = end;
            }
            ('*', _) => star(&mut out),
            ('?', _) => out.push(ONE),
            _ => out.push(c),
        }
        i += 1;
    }
    Text { s: out, taint: text.taint.clone() }
}

/// Stars in a row are one star, so that a row of them makes no text long.
fn star(out: &mut String) {
    if !out.ends_with(STAR) {
        out.push(STAR);
    }
}

fn product(list: &[Value]) -> Vec<Fields> {
    let mut all: Vec<Fields> = vec![Vec::new()];
    for value in list {
        if all.len() * value.len() > MAX_ALTERNATIVES {
            return vec![list.iter().map(|v| Text::tainted(taint(v))).collect()];
        }
        all = all
            .iter()
            .flat_map(|fields| {
                value.iter().map(move |text| {
                    let mut fields = fields.clone();
                    fields.push(text.clone());
                    fields
                })
            })
            .collect();
    }
    all
}

fn slice(s: &str, offset: i64, length: Option<i64>) -> Option<String> {
    let count = i64::try_from(s.chars().count()).ok()?;
    let start = if offset < 0 { count.checked_add(offset)? } else { offset };
    let end = match length {
        None => count,
        Some(l) if l < 0 => count.checked_add(l)?,
        Some(l) => start.checked_add(l)?,
    };
    if start < 0 || end < start {
        return Some(String::new());
    }
    let (start, take) = (usize::try_from(start).ok()?, usize::try_from(end - start).ok()?);
    Some(s.chars().skip(start).take(take).collect())
}

fn replaced(s: &str, pattern: &Text, with: &str, how: How) -> Option<String> {
    if let Some(known) = pattern.known() {
        return Some(match how {
            _ if known.is_empty() => s.to_owned(),
            How::All => s.replace(known, with),
            How::First => s.replacen(known, with, 1),
            How::Prefix => {
                s.strip_prefix(known).map_or_else(|| s.to_owned(), |rest| format!("{with}{rest}"))
            }
            How::Suffix => {
                s.strip_suffix(known).map_or_else(|| s.to_owned(), |rest| format!("{rest}{with}"))
            }
        });
    }
    // A pattern over the whole value, or single characters, are what commands use; anything else is not followed.
    if matches(&pattern.s, s) {
        return Some(with.to_owned());
    }
    None
}
