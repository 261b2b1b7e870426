//! Builtins that move the state: directory, variables, functions, aliases, and those that run a text.

use super::super::effect::Effect;
use super::super::expand::echo_escapes;
use super::super::value::{HOLE, Taint, Text, Value, from, known, normal, stain, taint, unknown};
use super::{Input, State, Var, Walker};

impl Walker<'_> {
    /// Runs a builtin; `None` when the name is none of these.
    #[expect(clippy::too_many_lines, reason = "a table: one arm a builtin")]
    pub(super) fn builtin(
        &mut self,
        st: &mut State,
        name: &str,
        args: &[Text],
        input: &Input,
    ) -> Option<Value> {
        Some(match name {
            "cd" | "chdir" | "pushd" | "popd" => {
                self.directory(st, name, args);
                known("")
            }
            "eval" => {
                let code = words_joined(args);
                self.script(st, &code, input.clone())
            }
            "trap" => {
                // `trap - INT` takes the code away again.
                let code = args.iter().find(|a| a.s == "-" || !a.s.starts_with('-'));
                if let Some(code) = code.filter(|a| a.s != "-" && args.len() > 1) {
                    self.script(&mut st.clone(), code, None);
                }
                known("")
            }
            "source" | "." => self.source(st, args, input),
            "alias" => {
                for arg in args.iter().filter_map(Text::known) {
                    if let Some((name, text)) = arg.split_once('=') {
                        st.alias(name, text.to_owned());
                    }
                }
                known("")
            }
            "unalias" => {
                for arg in args.iter().filter_map(Text::known) {
                    st.aliases.remove(arg);
                }
                known("")
            }
            "export" | "declare" | "typeset" | "local" | "readonly" => self.declare(st, name, args),
            "builtin" if args.first().is_some_and(|a| matches!(a.s.as_str(), "source" | ".")) => {
                self.source(st, args.get(1..).unwrap_or_default(), input)
            }
            "unset" => {
                self.subscripts(st, args);
                for arg in args.iter().filter_map(Text::known).filter(|a| !a.starts_with('-')) {
                    st.functions.remove(arg);
                    st.unsure.remove(arg);
                    if arg == "HISTFILE" {
                        self.no_history();
                    }
                    st.vars.insert(arg.to_owned(), Var::Unset);
                }
                known("")
            }
            "set" => self.set_builtin(st, args),
            "shift" => {
                let count =
                    args.first().and_then(Text::known).and_then(|n| n.parse().ok()).unwrap_or(1);
                st.args.drain(..st.args.len().min(count));
                known("")
            }
            "read" | "mapfile" | "readarray" => {
                self.subscripts(st, args);
                if name != "read" {
                    self.code_option(st, args, "-C");
                }
                Self::read_builtin(st, name, args, input);
                known("")
            }
            // Outside of what they are for, `return` and `logout` fail, and so does `exit` with words.
            "exit" => {
                st.ended |= match args {
                    [] => true,
                    [code] => code.known().is_some_and(|c| c.bytes().all(|b| b.is_ascii_digit())),
                    _ => false,
                };
                known("")
            }
            "return" | "logout" => known(""),
            "echo" => Self::echo(args),
            "printf" => {
                if args.first().is_some_and(|a| a.s == "-v") {
                    self.subscripts(st, args.get(1..2).unwrap_or_default());
                }
                Self::printf(st, args)
            }
            "let" => {
                self.subscripts(st, args);
                known("")
            }
            "complete" | "compgen" => {
                self.code_option(st, args, "-C");
                if let Some(words) = args.iter().skip_while(|a| a.s != "-W").nth(1) {
                    self.subscripts(st, std::slice::from_ref(words));
                }
                let listed = args
                    .iter()
                    .any(|a| matches!(a.s.as_str(), "-v" | "-e" | "variable" | "export"));
                from(Taint { listed, ..Taint::default() })
            }
            "bind" => {
                if let Some((_, code)) =
                    args.iter().skip_while(|a| a.s != "-x").nth(1).and_then(|a| a.s.split_once(':'))
                {
                    self.script(&mut st.clone(), &Text::lit(code.trim_matches(['"', ' '])), None);
                }
                self.files_of(st, args, "-f");
                known("")
            }
            "enable" => {
                self.files_of(st, args, "-f");
                known("")
            }
            "history" if args.first().is_some_and(|a| a.s.starts_with("-r")) => {
                self.files_of(st, args, "-r");
                unknown()
            }
            "getopts" => {
                let given = args.get(2..).filter(|g| !g.is_empty()).unwrap_or(&st.args).to_vec();
                if !given.is_empty() && given.len() <= super::super::value::MAX_ALTERNATIVES {
                    st.set("OPTARG", given);
                }
                known("")
            }
            "man" | "info" => {
                self.code_option(st, args, "-P");
                for page in args.iter().filter(|a| a.s.contains('/')) {
                    super::super::program::known_file(self, st, page);
                }
                unknown()
            }
            "true" | ":" | "false" | "break" | "continue" | "wait" | "jobs" | "fg" | "bg"
            | "disown" | "hash" | "times" | "umask" | "ulimit" | "shopt" | "compopt" | "dirs"
            | "help" | "caller" | "suspend" | "type" | "whereis" => known(""),
            "which" => looked_up(args),
            "pwd" => vec![st.cwd.as_deref().map_or_else(Text::hole, Text::lit)],
            _ => return None,
        })
    }

    fn subscripts(&mut self, st: &mut State, args: &[Text]) {
        for arg in args {
            self.subscript(st, &arg.s);
        }
    }

    /// The value of an option that is a command.
    fn code_option(&mut self, st: &State, args: &[Text], option: &str) {
        if let Some(code) = args.iter().skip_while(|a| a.s != option).nth(1) {
            self.script(&mut st.clone(), code, None);
        }
    }

    /// The value of an option that is a file.
    fn files_of(&mut self, st: &State, args: &[Text], option: &str) {
        if let Some(file) = args.iter().skip_while(|a| a.s != option).nth(1) {
            self.read_file(st, file);
        }
    }

    fn directory(&mut self, st: &mut State, name: &str, args: &[Text]) {
        let target = args.iter().find(|a| a.s == "-" || !a.s.starts_with(['-', '+']));
        let next = match (name, target) {
            ("popd", _) => st.stack.pop(),
            ("pushd", None) => st.stack.pop(),
            (_, None) => Some(self.cx.home.to_owned()),
            (_, Some(text)) if text.s == "-" => st.old.clone(),
            (_, Some(text)) => text
                .known()
                .filter(|t| t.starts_with('/') || st.cwd.is_some())
                .map(|t| normal(t, st.cwd.as_deref())),
        };
        let next = next.map(|path| self.cx.view.link(&path).unwrap_or(path));
        if name == "pushd" {
            st.stack.extend(st.cwd.clone());
        }
        st.old = std::mem::replace(&mut st.cwd, next);
    }

    pub(super) fn source(&mut self, st: &mut State, args: &[Text], input: &Input) -> Value {
        let Some(path) = args.iter().find(|a| a.s != "--") else { return known("") };
        if matches!(path.s.as_str(), "/dev/stdin" | "/dev/fd/0" | "-") {
            let code = input.clone().unwrap_or_else(|| known(""));
            return self.script_all(st, &code);
        }
        let full = st.full(path);
        if let Some(content) = st.files.get(&full).cloned() {
            return self.script_all(st, &content);
        }
        if super::super::program::network::socket(&full) {
            self.hidden(&super::super::value::Taint::remote());
            return unknown();
        }
        // A file of variables (`. .env`) is loaded, not shown; what it sets is secret from here on.
        let secrecy = super::super::tables::secrecy(&full, self.cx.home);
        // Any other secret is shown, word by word, as commands that are not found.
        if secrecy == super::super::effect::Secrecy::Credential
            && !crate::sensitive::holds_variables(&full)
        {
            return self.reads(&full).map_or_else(unknown, from);
        }
        if secrecy > super::super::effect::Secrecy::Open {
            st.sourced = super::super::value::Taint::secret(&super::super::value::shown(
                &full,
                self.cx.home,
            ));
        }
        unknown()
    }

    /// Runs every alternative of a code value.
    pub(in super::super) fn script_all(&mut self, st: &mut State, code: &[Text]) -> Value {
        let mut out = known("");
        for text in code {
            out = self.script(st, text, None);
        }
        out
    }

    fn declare(&mut self, st: &mut State, name: &str, args: &[Text]) -> Value {
        let prints = args.iter().all(|a| a.s.starts_with('-')) && name != "local";
        if prints && !args.iter().any(|a| a.s.contains(['f', 'F', 'a', 'A'])) {
            return self.whole_environment();
        }
        let reference = args.iter().any(|a| a.s.starts_with('-') && a.s.contains('n'));
        for arg in args.iter().filter(|a| !a.s.starts_with('-')) {
            self.subscript(st, arg.s.split('=').next().unwrap_or(""));
            if let Some(target) =
                st.scalar(arg.s.split('=').next().unwrap_or("")).filter(|_| reference)
                && let Some(target) = super::super::value::single(&target)
            {
                // `declare -n r=x`: the assignment has been made; from here on the name is another for `x`.
                let target = target.to_owned();
                let name = arg.s.split('=').next().unwrap_or("").to_owned();
                st.vars.remove(&name);
                st.references.insert(name, target);
                continue;
            }
            if let Some((variable, value)) = arg.s.split_once('=') {
                let value = Text { s: value.to_owned(), taint: arg.taint.clone() };
                st.set(variable, vec![value]);
            }
            let variable = arg.s.split('=').next().unwrap_or("");
            if let Some(value) = st.scalar(variable)
                && name == "export"
            {
                self.environment_runs(st, variable, &value);
            }
        }
        known("")
    }

    fn set_builtin(&mut self, st: &mut State, args: &[Text]) -> Value {
        if args.is_empty() {
            return self.whole_environment();
        }
        let mut rest = args.iter();
        let mut positional: Option<Vec<Text>> = None;
        while let Some(arg) = rest.next() {
            match arg.s.as_str() {
                "--" | "-" => {
                    positional = Some(rest.cloned().collect());
                    break;
                }
                "-n" => st.noexec = true,
                "-o" | "+o" => match rest.next().map(|o| o.s.as_str()) {
                    Some("noexec") => st.noexec = arg.s == "-o",
                    Some("history") if arg.s == "+o" => self.no_history(),
                    _ => {}
                },
                s if s.starts_with(['-', '+']) => {}
                _ => {
                    positional = Some(std::iter::once(arg).chain(rest).cloned().collect());
                    break;
                }
            }
        }
        if let Some(list) = positional {
            st.args = list;
            st.args_known = true;
        }
        known("")
    }

    fn no_history(&mut self) {
        let what = "Keeps what the shell does out of its history".to_owned();
        self.effect(Effect::Disables { what });
    }

    /// Everything in the environment is printed.
    pub(in super::super) fn whole_environment(&mut self) -> Value {
        if self.cx.view.environment_may_hold_secrets() {
            from(super::super::value::Taint::loud("the whole environment"))
        } else {
            unknown()
        }
    }

    fn read_builtin(st: &mut State, name: &str, args: &[Text], input: &Input) {
        let parsed = super::super::program::options(args, "-a -d -i -n -N -p -t -u -O -s -c -C");
        let mut flow = input.clone();
        if let Some(fd) = parsed.value("-u").and_then(|t| t.known()?.parse::<i32>().ok()) {
            let fds = st.fds.get(&fd).cloned().into_iter().map(|t| (0, t)).collect();
            flow = Self::input(&fds, flow);
        }
        let flow = flow.unwrap_or_else(unknown);
        let array = parsed.value("-a").cloned();
        if name != "read" || array.is_some() {
            let target = array
                .or_else(|| parsed.operands.first().map(|t| (*t).clone()))
                .unwrap_or_else(|| Text::lit("MAPFILE"));
            let lines = flow
                .first()
                .and_then(Text::known)
                .map(|t| t.lines().map(known).collect::<Vec<_>>());
            let list = lines
                .filter(|l| flow.len() == 1 && l.len() <= 64)
                .unwrap_or_else(|| vec![stain(unknown(), &taint(&flow))]);
            st.vars.insert(target.s, Var::List(list));
            return;
        }
        let names: Vec<String> = parsed.operands.iter().map(|t| t.s.clone()).collect();
        let names = if names.is_empty() { vec!["REPLY".to_owned()] } else { names };
        let line = flow
            .first()
            .and_then(Text::known)
            .filter(|_| flow.len() == 1)
            .map(|t| t.trim_end_matches('\n').to_owned());
        let carried = taint(&flow);
        let ifs = st.ifs();
        // Only one line is certain to be read; of several any may be meant in a loop.
        let mut fields = line
            .as_deref()
            .filter(|l| !l.contains('\n'))
            .map(|l| l.splitn(names.len(), |c| ifs.contains(c)));
        for name in names {
            let value = match &mut fields {
                Some(fields) => known(fields.next().unwrap_or("").trim()),
                None => super::foreign(Self::any_line(&flow)),
            };
            st.set(&name, stain(value, &carried));
        }
    }

    fn any_line(flow: &[Text]) -> Value {
        let mut all: Value = Vec::new();
        for text in flow {
            match text.known() {
                Some(known) if known.lines().count() <= super::super::value::MAX_ALTERNATIVES => {
                    all.extend(known.lines().map(Text::lit));
                }
                _ => all.push(Text::tainted(text.taint.clone())),
            }
        }
        if all.is_empty() || all.len() > super::super::value::MAX_ALTERNATIVES {
            unknown()
        } else {
            all
        }
    }

    fn echo(args: &[Text]) -> Value {
        let mut rest = args;
        let (mut escapes, mut newline) = (false, true);
        while let Some((flag, more)) = rest.split_first() {
            let letters = flag
                .s
                .strip_prefix('-')
                .filter(|l| !l.is_empty() && l.chars().all(|c| matches!(c, 'n' | 'e' | 'E')));
            let Some(letters) = letters else { break };
            escapes |= letters.contains('e');
            newline &= !letters.contains('n');
            rest = more;
        }
        let mut text = words_joined(rest).literal();
        if escapes {
            let (decoded, hides) = echo_escapes(&text.s);
            text.s = decoded;
            text.taint.decoded |= hides;
        }
        if newline {
            text.s.push('\n');
        }
        vec![text]
    }

    fn printf(st: &mut State, args: &[Text]) -> Value {
        let mut args = args;
        let mut variable = None;
        if let [flag, name, rest @ ..] = args
            && flag.s == "-v"
        {
            variable = Some(name.s.clone());
            args = rest;
        }
        if let Some((first, rest)) = args.split_first()
            && first.s == "--"
        {
            args = rest;
        }
        let out = args
            .split_first()
            .map_or_else(|| known(""), |(format, words)| formatted(format, words));
        match variable {
            Some(name) => {
                st.set(&name, out);
                known("")
            }
            None => out,
        }
    }

    /// Output that a person or an agent sees.
    pub(super) fn shown_secret(&mut self, out: &[Text]) {
        let all = taint(out);
        if let Some(secret) = all.secret.filter(|_| all.loud) {
            let certain = &*secret != "the whole environment"
                && super::super::tables::certain_credential(secret.trim_start_matches('$'));
            self.effect(Effect::Shows { what: secret.to_string(), certain });
        }
    }
}

/// Where a program is: some directory, and its name; one of ours stands where it is installed.
pub(in super::super) fn looked_up(args: &[Text]) -> Value {
    match args.iter().filter(|a| !a.s.starts_with('-')).collect::<Vec<_>>().as_slice() {
        [name] if matches!(name.s.as_str(), "sanctum" | "sanctumd") => {
            known(&format!("/usr/local/bin/{}", name.s))
        }
        [name] if !name.s.contains('/') => {
            vec![Text { s: format!("{HOLE}/{}", name.s), taint: name.taint.clone() }]
        }
        _ => unknown(),
    }
}

/// Arguments with a space between them.
pub(super) fn words_joined(args: &[Text]) -> Text {
    let mut all = Text::default();
    for (i, arg) in args.iter().enumerate() {
        if i > 0 {
            all.s.push(' ');
        }
        all.push(arg);
    }
    all
}

/// `printf`: the format again and again until the words are used up.
fn formatted(format: &Text, words: &[Text]) -> Value {
    // A format without a conversion is printed once, and a long list is no command's.
    const MAX_ROUNDS: usize = 64;
    let Some(format_text) = format.known() else {
        let mut all = taint(words);
        all.add(&format.taint);
        return from(all);
    };
    let mut out = Text { taint: format.taint.clone(), ..Text::default() };
    let mut words = words.iter();
    for round in 0..MAX_ROUNDS {
        if round > 0 && words.len() == 0 {
            break;
        }
        let before = words.len();
        one_round(format_text, &mut words, &mut out);
        if words.len() == before {
            break;
        }
    }
    for word in words {
        out.taint.add(&word.taint);
    }
    vec![out]
}

fn one_round<'t>(format: &str, words: &mut impl Iterator<Item = &'t Text>, out: &mut Text) {
    let mut literal = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            literal.push(c);
            continue;
        }
        if chars.peek() == Some(&'%') {
            chars.next();
            literal.push('%');
            continue;
        }
        while chars
            .peek()
            .is_some_and(|c| matches!(c, '-' | '+' | ' ' | '#' | '.' | '*') || c.is_ascii_digit())
        {
            chars.next();
        }
        let kind = chars.next().unwrap_or('s');
        flush(&mut literal, out);
        let Some(word) = words.next() else { continue };
        match kind {
            'b' => {
                let (s, hides) = echo_escapes(&word.s);
                out.push(&Text { s, taint: word.taint.clone() });
                out.taint.decoded |= hides;
            }
            's' | 'q' | 'd' | 'i' | 'u' | 'c' => out.push(&word.literal()),
            _ => out.push(&Text::tainted(word.taint.clone())),
        }
    }
    flush(&mut literal, out);
}

fn flush(literal: &mut String, out: &mut Text) {
    if !literal.is_empty() {
        let (s, hides) = echo_escapes(literal);
        out.push(&Text::lit(&s));
        out.taint.decoded |= hides;
        literal.clear();
    }
}
