//! Programs that run code: shells, `make`, and interpreters with inline programs.

use super::super::effect::{Effect, Reason, Secrecy};
use super::super::oneliner::{self, Language};
use super::super::value::{HOLE, Taint, Text, Value, base, from, known, taint, unknown};
use super::super::walk::{Input, State, Walker};
use super::{known_file, options, paths_in};

const SHELLS: &str = "sh bash zsh dash ksh ash mksh rbash yash posh csh tcsh fish rc elvish nu pwsh powershell oksh ksh93 bash.exe";

/// Runs a shell or an interpreter; `None` when the name is neither.
pub(super) fn run(
    w: &mut Walker<'_>,
    st: &mut State,
    name: &str,
    args: &[Text],
    input: &Input,
) -> Option<Value> {
    if SHELLS.split_ascii_whitespace().any(|s| s == name) {
        return Some(shell(w, st, args, input));
    }
    if name == "make" || name == "gmake" {
        return Some(make(w, st, args, input));
    }
    if matches!(name, "at" | "batch") {
        let files = options(args, "-f -q -t -M").value("-f").cloned();
        let code = match files {
            Some(file) => w.read_file(st, &file),
            None => input.clone().unwrap_or_else(unknown),
        };
        return Some(w.script_all(st, &code));
    }
    if name == "crontab" {
        return crontab(w, st, args, input);
    }
    if name == "jupyter" {
        let runs = args.first().is_some_and(|a| matches!(a.s.as_str(), "run" | "console"));
        for code in input.iter().flatten().filter(|_| runs) {
            magics(w, st, code);
        }
        return None;
    }
    let language = Language::of(name)?;
    if name.starts_with("ipython") {
        let line = language.command_line(args);
        let typed = input.iter().flatten().filter(|_| line.operands.is_empty());
        for code in line.code.iter().chain(typed) {
            magics(w, st, code);
        }
    }
    Some(interpreter(w, st, language, args, input))
}

fn shell(w: &mut Walker<'_>, st: &mut State, args: &[Text], input: &Input) -> Value {
    let mut rest = args.iter();
    let (mut command, mut from_input, mut checks) = (false, false, false);
    let mut operands: Vec<&Text> = Vec::new();
    while let Some(arg) = rest.next() {
        match arg.s.as_str() {
            "--" | "-" => {
                operands.extend(rest);
                break;
            }
            "-o" | "+o" | "-O" | "+O" => checks |= rest.next().is_some_and(|o| o.s == "noexec"),
            "--rcfile" | "--init-file" => {
                if let Some(file) = rest.next() {
                    run_file(w, st, file, &[], &None);
                }
            }
            "--help" | "--version" => return unknown(),
            "-Command" | "-command" => command = true,
            "-EncodedCommand" | "-encodedcommand" | "-enc" | "-ec" => {
                w.hidden(&Taint { decoded: true, ..Taint::default() });
                return unknown();
            }
            s if s.starts_with("--") => {}
            s if s.starts_with(['-', '+']) && s.len() > 1 => {
                command |= s.starts_with('-') && s.contains('c');
                from_input |= s.contains('s');
                checks |= s.starts_with('-') && s.contains('n');
            }
            _ => {
                operands.push(arg);
                operands.extend(rest);
                break;
            }
        }
    }
    if checks {
        return unknown();
    }
    let (first, more) = operands.split_first().map_or((None, &[][..]), |(f, m)| (Some(*f), m));
    let words: Vec<Text> = more.iter().map(|t| (*t).clone()).collect();
    let mut inner = st.clone();
    inner.functions.clear();
    inner.aliases.clear();
    let out = match first {
        Some(code) if command => {
            inner.zero = words.first().cloned();
            inner.args = words.into_iter().skip(1).collect();
            w.script(&mut inner, code, input.clone())
        }
        Some(file) if !from_input => run_file(w, &mut inner, file, &words, input),
        _ => {
            inner.args = operands.iter().map(|t| (*t).clone()).collect();
            input.as_ref().map_or_else(|| known(""), |code| w.script_all(&mut inner, code))
        }
    };
    st.files.extend(inner.files);
    out
}

fn run_file(
    w: &mut Walker<'_>,
    st: &mut State,
    file: &Text,
    args: &[Text],
    input: &Input,
) -> Value {
    let path = file.s.as_str();
    if matches!(path, "/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0") {
        let code = input.clone().unwrap_or_else(unknown);
        return w.script_all(st, &code);
    }
    if let Some(fd) = path.strip_prefix("/dev/fd/").and_then(|n| n.parse::<i32>().ok())
        && let Some(target) = st.fds.get(&fd).cloned()
    {
        let code = Walker::content_of(&target);
        return w.script_all(st, &code);
    }
    let full = st.full(file);
    match st.files.get(&full).cloned() {
        Some(content) => w.script_file(st, &content, args, input.clone()),
        None => {
            known_file(w, st, file);
            unknown()
        }
    }
}

/// A list of what runs at a time: each line's command is run, and that there is a new list is for a person to decide.
fn crontab(w: &mut Walker<'_>, st: &mut State, args: &[Text], input: &Input) -> Option<Value> {
    let parsed = options(args, "-u -s");
    if parsed.has(&["-l", "-r", "-e", "-V", "-T", "-h"]) {
        return None;
    }
    let list = super::contents(w, st, &parsed.operands, input);
    w.effect(Effect::Touches { what: "Replaces what runs at a time".to_owned() });
    for text in &list {
        for line in text.s.lines().map(|l| l.trim().trim_start_matches(HOLE)) {
            if line.starts_with('#') {
                continue;
            }
            // Five fields of time, or one word for them, stand before the command.
            let fields = if line.starts_with('@') { 1 } else { 5 };
            let mut rest = line;
            for _ in 0..fields {
                rest = rest.split_once([' ', '\t']).map_or("", |(_, rest)| rest.trim_start());
            }
            w.script(&mut st.clone(), &super::part(text, rest), None);
        }
    }
    Some(unknown())
}

/// Variables that make an interpreter load a file before the program: of this text's own files the code is followed.
pub(in super::super) fn loaded(w: &mut Walker<'_>, st: &mut State, name: &str, value: &Text) {
    let (language, bare) = match name {
        "NODE_OPTIONS" => (Language::Node, false),
        "PERL5OPT" => (Language::Perl, false),
        "RUBYOPT" => (Language::Ruby, false),
        "PYTHONSTARTUP" => (Language::Python, true),
        _ => return,
    };
    if bare {
        return script_of(w, st, language, value);
    }
    let words: Vec<&str> = value.s.split_ascii_whitespace().collect();
    for (at, word) in words.iter().enumerate() {
        let file = match *word {
            "-r" | "--require" | "--import" => words.get(at + 1).copied(),
            _ => ["--require=", "--import=", "-r"].iter().find_map(|o| word.strip_prefix(o)),
        };
        if let Some(file) = file {
            script_of(w, st, language, &super::part(value, file));
        }
    }
}

/// `$(shell command)` in rules and variables of make.
fn shell_functions(w: &mut Walker<'_>, st: &State, text: &Text) {
    for rest in text.s.split("$(shell ").skip(1) {
        let (mut depth, mut end) = (0_usize, rest.len());
        for (at, c) in rest.char_indices() {
            match c {
                '(' => depth += 1,
                ')' if depth == 0 => {
                    end = at;
                    break;
                }
                ')' => depth -= 1,
                _ => {}
            }
        }
        let code = rest.get(..end).unwrap_or(rest).replace("$$", "$");
        w.script(&mut st.clone(), &super::part(text, &code), None);
    }
}

/// `make -f -` reads rules; their recipes are run when they are targets.
fn make(w: &mut Walker<'_>, st: &mut State, args: &[Text], input: &Input) -> Value {
    let parsed = options(args, "-f -C -I -j -l -o -W --file --makefile --directory --eval");
    for file in parsed.values(&["-f", "--file", "--makefile", "--eval"]) {
        let rules = match file.s.as_str() {
            "-" | "/dev/stdin" => input.clone().unwrap_or_else(unknown),
            s if s.contains("$(") || s.contains(':') && s.contains(['\n', ';']) => {
                vec![file.clone()]
            }
            _ => match st.files.get(&st.full(file)) {
                Some(content) => content.clone(),
                None => continue,
            },
        };
        for text in &rules {
            w.hidden(&text.taint);
            shell_functions(w, st, text);
            for line in text.s.lines() {
                let recipe =
                    line.strip_prefix('\t').or_else(|| line.split_once(';').map(|(_, r)| r));
                if let Some(recipe) = recipe {
                    let code = recipe.trim_start_matches(['@', '-', '+', ' ']).replace("$$", "$");
                    w.script(&mut st.clone(), &super::part(text, &code), None);
                }
            }
        }
    }
    for operand in &parsed.operands {
        shell_functions(w, st, operand);
        if let Some((variable, value)) = operand.s.split_once('=')
            && matches!(variable, "SHELL" | ".SHELLFLAGS" | "MAKE" | "CC" | "CXX" | "LD")
        {
            w.script(&mut st.clone(), &super::part(operand, value), None);
        }
    }
    unknown()
}

/// Lines of IPython that are commands: `!command`, `name = !command`, `%pip install x`, and all below `%%bash`.
fn magics(w: &mut Walker<'_>, st: &State, code: &Text) {
    const OF_A_SHELL: [&str; 5] = ["sx", "sc", "system", "bash", "sh"];
    let mut script = false;
    for line in code.s.lines().map(str::trim) {
        let (head, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let command = if let Some(cell) = head.strip_prefix("%%") {
            script = OF_A_SHELL.contains(&cell) || cell.starts_with('!');
            continue;
        } else if script {
            line
        } else if let Some(magic) = head.strip_prefix('%') {
            match magic {
                "pip" | "conda" | "mamba" | "uv" => line.trim_start_matches('%'),
                _ if OF_A_SHELL.contains(&magic) => rest,
                _ => continue,
            }
        } else if let Some(command) = line.strip_prefix('!') {
            command.trim_start_matches('!')
        } else {
            match line.split_once('=') {
                Some((_, value)) if value.trim_start().starts_with('!') => {
                    value.trim_start().trim_start_matches('!')
                }
                _ => continue,
            }
        };
        w.script(&mut st.clone(), &super::part(code, command), None);
    }
}

/// The language of a script by its first line, when it is no shell's.
pub(in super::super) fn shebang(code: &Text) -> Option<Language> {
    let line = code.s.strip_prefix("#!")?.lines().next()?;
    let mut words = line.split_ascii_whitespace();
    let first = base(words.next()?);
    Language::of(if first == "env" { words.find(|w| !w.starts_with('-'))? } else { first })
}

/// Runs an inline program.
pub(in super::super) fn interpret(
    w: &mut Walker<'_>,
    st: &mut State,
    language: Language,
    code: &Text,
) -> Value {
    w.hidden(&code.taint);
    if code.known().is_none() && !code.taint.remote && !code.taint.decoded {
        w.underived(Reason::Code);
    }
    w.deeper(unknown(), |w| oneliner::run(w, st, language, code))
}

fn interpreter(
    w: &mut Walker<'_>,
    st: &mut State,
    language: Language,
    args: &[Text],
    input: &Input,
) -> Value {
    let line = language.command_line(args);
    for file in &line.files {
        script_of(w, st, language, file);
    }
    if line.in_place {
        for path in &line.operands {
            let full = st.full(path);
            w.writes(&full);
        }
    }
    super::network::serves_module(w, st, &line.run);
    for code in &line.code {
        let out = interpret(w, st, language, code);
        if line.operands.is_empty() && line.code.len() == 1 {
            let mut all = taint(&out);
            all.add(&input.as_deref().map(taint).unwrap_or_default());
            all.remote = false;
            all.decoded = false;
            return from(all);
        }
    }
    let mut operands = line.operands.iter();
    if line.code.is_empty() {
        match operands.next() {
            None if line.module => {}
            None => {
                if let Some(code) = input {
                    for text in code {
                        interpret(w, st, language, text);
                    }
                }
                return unknown();
            }
            Some(file) if matches!(file.s.as_str(), "-" | "/dev/stdin" | "/dev/fd/0") => {
                for text in input.iter().flatten() {
                    interpret(w, st, language, text);
                }
            }
            Some(file) => script_of(w, st, language, file),
        }
    }
    let mut all = Taint::default();
    for file in operands.flat_map(paths_in) {
        if let Some(secret) = known_file(w, st, &file) {
            all.add(&secret);
        }
    }
    from(all)
}

fn script_of(w: &mut Walker<'_>, st: &mut State, language: Language, file: &Text) {
    let full = st.full(file);
    if super::network::remote_url(&file.s) {
        w.hidden(&Taint::remote());
    }
    if let Some(content) = st.files.get(&full).cloned() {
        for text in &content {
            interpret(w, st, language, text);
        }
    } else if super::super::tables::secrecy(&full, w.cx.home) > Secrecy::Open {
        w.reads(&full);
    }
}

/// Code that a program of another family runs as shell code.
pub(in super::super) fn code_runs(w: &mut Walker<'_>, st: &State, code: &Text) -> Value {
    w.script(&mut st.clone(), code, None)
}
