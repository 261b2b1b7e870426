//! What calls do: run, evaluate, import.

use super::super::effect::Reason;
use super::super::program;
use super::super::value::{Text, unknown};
use super::Language;
use super::calls::{Args, Reader, base_name};
use super::lex::Token;
use super::value::Val;

/// Functions that run their argument as code.
const RUNNERS: [&str; 7] =
    ["eval", "exec", "execSync", "system", "Function", "runInThisContext", "instance_eval"];

/// Calls that say something of a path, or do something with its text, and read nothing.
const TELLS: &str = "
exists existsSync isfile isFile is_file isdir is_dir lexists stat statSync lstat lstatSync access accessSync getsize getmtime file? exist? is_readable
is_writable filesize filemtime startswith startsWith endswith endsWith includes indexOf match test search replace sub gsub split join
basename dirname extname splitext relative relpath normalize format len length str repr String equals assert assertEqual assertTrue equal append
push add insert extend concat update set setdefault config load_dotenv dotenv dotenv_values isabs isAbsolute print log puts say echo
printf error warn info debug write chmod chmodSync chown utime touch mkdir mkdirSync makedirs mkdir_p exit filter map forEach count find index
with_name with_suffix parent name suffix stem as_posix relative_to glob iglob globSync listdir readdir readdirSync scandir iterdir walk
";

impl Reader<'_, '_> {
    /// The secrets among what a call is given.
    fn given(&mut self, val: &Val) -> super::super::value::Taint {
        let mut all = super::super::value::Taint::default();
        let items = val.items.as_deref().unwrap_or_default();
        for text in val.text.iter().chain(items.iter().flat_map(|i| i.text.iter())) {
            if super::words::names_a_secret(self.w, self.st, &text.s) {
                let path =
                    Text { s: super::calls::home_for(&text.s, self.w.cx.home), ..text.clone() };
                all.add(&super::super::value::taint(&self.read(&path)));
            }
        }
        all
    }

    /// awk: `"cmd" | getline`, `print | "cmd"`, `getline < "file"`, `print > "file"`.
    pub(super) fn pipes(&mut self) {
        for window in self.tokens.windows(3) {
            match window {
                [Token::Str(code), Token::Punct('|'), Token::Name(word)] if word == "getline" => {
                    self.w.script(&mut self.st.clone(), &Text::lit(code), None);
                }
                [_, Token::Punct('|'), Token::Str(code)] => {
                    self.w.script(&mut self.st.clone(), &Text::lit(code), None);
                }
                [_, Token::Punct('<'), Token::Str(path)] => {
                    self.w.read_file(self.st, &Text::lit(path));
                }
                // A name that is given on the command line or put together: any string that is a path of a secret.
                [_, Token::Punct('<' | '|'), Token::Name(_) | Token::Punct('(')] => {
                    super::words::walk(self.w, self.st, self.tokens);
                }
                [_, Token::Punct('>'), Token::Str(path)] => {
                    self.w.write_file(self.st, &Text::lit(path), unknown(), false);
                }
                _ => {}
            }
        }
    }

    #[expect(clippy::too_many_lines, reason = "a table: one arm a family of calls")]
    pub(super) fn call(&mut self, name: &str, args: &Args, receiver: Option<Val>) -> Val {
        let function = base_name(name).to_owned();
        let function = function.as_str();
        let first = args.first();
        // `fetch(x).then(eval)`: what comes out of the call before is handed to one that runs it.
        let handed = args.plain.iter().filter_map(|arg| arg.callee.as_deref());
        if let Some(receiver) = &receiver
            && handed.map(base_name).any(|callee| RUNNERS.contains(&callee))
        {
            self.w.hidden(&receiver.taint());
        }
        if let Some(val) = self.pure(name, function, args, receiver.as_ref()) {
            return val;
        }
        match function {
            "system"
            | "popen"
            | "getoutput"
            | "getstatusoutput"
            | "execSync"
            | "shell_exec"
            | "passthru"
            | "proc_open"
            | "popen2"
            | "popen3"
            | "capture2"
            | "capture3"
            | "capture2e"
            | "pipeline"
            | "create_subprocess_shell"
            | "executescript"
            | "ShellExecute" => return self.shell(&first, args),
            "exec" if self.runs_shell(name) => return self.shell(&first, args),
            "exec" | "eval" | "execfile" | "instance_eval" | "class_eval" | "runInThisContext"
            | "runInNewContext" | "Function" | "assert" | "create_function"
                if function != "assert" || self.language == Language::Php =>
            {
                return self.code(&first);
            }
            "run"
            | "call"
            | "check_call"
            | "check_output"
            | "Popen"
            | "spawn"
            | "spawnSync"
            | "execFile"
            | "execFileSync"
            | "fork"
            | "execv"
            | "execvp"
            | "execve"
            | "execl"
            | "execlp"
            | "spawnl"
            | "spawnv"
            | "spawnlp"
            | "create_subprocess_exec"
            | "pcntl_exec"
            | "posix_spawn"
            | "$"
                if self.spawns(name, function) =>
            {
                return self.process(&first, args);
            }
            // `pip.main(['install', ...])`, however it was imported.
            "main" | "pipmain" | "_main" if self.speaks_of_pip() => {
                let words = first.words().unwrap_or_default();
                let words = std::iter::once(Text::lit("pip")).chain(words).collect::<Vec<_>>();
                return Val::of(self.w.run(&mut self.st.clone(), &words, None));
            }
            "getattr" | "__getattribute__" => return self.attribute(args),
            "__import__" | "import_module" | "require" | "import" => return self.module(&first),
            _ => {}
        }
        if let Some(val) = self.file_call(name, function, args, receiver.as_ref()) {
            return val;
        }
        self.net_call(name, function, args).unwrap_or_else(|| {
            let mut all = args.taint();
            // Whatever this call is: it is given a credential's path.
            if !TELLS.split_ascii_whitespace().any(|t| t == function) {
                for val in args.plain.iter().chain(args.named.iter().map(|(_, v)| v)) {
                    all.add(&self.given(val));
                }
                if let Some(receiver) = receiver.as_ref().filter(|r| r.callee.is_none()) {
                    all.add(&self.given(receiver));
                }
            }
            if let Some(receiver) = receiver {
                all.add(&receiver.taint());
            }
            Val { callee: None, ..Val::tainted(all) }
        })
    }

    fn speaks_of_pip(&self) -> bool {
        let pip = |name: &str| name == "pip" || name.starts_with("pip.");
        self.language == Language::Python
            && self.tokens.iter().any(|token| matches!(token, Token::Name(name) if pip(name)))
    }

    fn runs_shell(&self, name: &str) -> bool {
        match self.language {
            Language::Node => {
                name.contains("child_process")
                    || name.contains("cp.")
                    || name == "exec"
                    || name.contains("shell")
            }
            Language::Perl | Language::Ruby | Language::Php => true,
            _ => false,
        }
    }

    fn spawns(&self, name: &str, function: &str) -> bool {
        let module = name.rsplit_once('.').map_or("", |(m, _)| m);
        match function {
            "run" | "call" => {
                module.contains("subprocess")
                    || module == "sp"
                    || name == "run" && self.language == Language::Python
            }
            "fork" => self.language == Language::Node,
            "$" => self.language == Language::Node,
            _ => true,
        }
    }

    fn shell(&mut self, command: &Val, args: &Args) -> Val {
        // `system('rm', '-rf', '/')`: words, not a text.
        if args.plain.len() > 1
            && matches!(self.language, Language::Perl | Language::Ruby)
            && args.plain.iter().all(|a| a.items.is_none())
        {
            let words: Vec<Text> =
                args.plain.iter().map(|a| a.text.first().cloned().unwrap_or_default()).collect();
            return Val::of(self.w.run(&mut self.st.clone(), &words, None));
        }
        if let Some(words) = command.words() {
            return Val::of(self.w.run(&mut self.st.clone(), &words, None));
        }
        let mut out = unknown();
        for text in &command.text {
            out = program::code_runs(self.w, self.st, text);
        }
        Val::of(out)
    }

    fn process(&mut self, command: &Val, args: &Args) -> Val {
        let through_shell = args.named.iter().any(|(n, v)| n == "shell" && v.single() != Some("False"))
            || self.tokens.windows(3).any(|t| matches!(t, [Token::Name(n), Token::Punct(':'), Token::Name(v)] if n == "shell" && v == "true"));
        if let Some(words) = command.words() {
            return Val::of(self.w.run(&mut self.st.clone(), &words, None));
        }
        if through_shell {
            return self.shell(command, &Args::default());
        }
        let mut words: Vec<Text> = vec![command.text.first().cloned().unwrap_or_default()];
        for arg in args.plain.iter().skip(1) {
            match arg.words() {
                Some(more) => words.extend(more),
                None => words.push(arg.text.first().cloned().unwrap_or_default()),
            }
        }
        // A program's name with spaces in it is what somebody meant for a shell.
        if let [one] = words.as_slice() {
            return self.shell(&Val::of(vec![one.clone()]), &Args::default());
        }
        Val::of(self.w.run(&mut self.st.clone(), &words, None))
    }

    fn code(&mut self, code: &Val) -> Val {
        for text in &code.text {
            self.w.hidden(&text.taint);
            if text.known().is_none() {
                if !text.taint.remote && !text.taint.decoded {
                    self.w.underived(Reason::Dynamic);
                }
                continue;
            }
            let language = self.language;
            let st = &mut *self.st;
            self.w.deeper(unknown(), |w| super::run(w, st, language, text));
        }
        Val::unknown()
    }

    fn attribute(&mut self, args: &Args) -> Val {
        let module = args.first().callee.unwrap_or_default();
        match args.nth(1).and_then(Val::single) {
            Some(name) => Val::callee(&format!("{module}.{name}")),
            None => {
                self.w.underived(Reason::Dynamic);
                Val::callee("?")
            }
        }
    }

    fn module(&mut self, name: &Val) -> Val {
        match name.single() {
            Some(name) => Val::callee(name.trim_start_matches("node:")),
            None => {
                self.w.hidden(&name.taint());
                self.w.underived(Reason::Dynamic);
                Val::callee("?")
            }
        }
    }
}
