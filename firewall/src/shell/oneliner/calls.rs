//! The walk over the tokens: constants, expressions, and what each call does.

use super::super::effect::Reason;
use super::super::program;
use super::super::value::{Taint, Text, Value, known, map, stain};
use super::super::walk::{State, Walker};
use super::Language;
use super::lex::Token;
use super::value::Val;
use std::collections::BTreeMap;

/// Expressions in expressions.
const MAX_DEPTH: usize = 24;

pub(super) struct Reader<'w, 'a> {
    pub(super) w: &'w mut Walker<'a>,
    pub(super) st: &'w mut State,
    pub(super) language: Language,
    pub(super) tokens: &'w [Token],
    pub(super) at: usize,
    pub(super) depth: usize,
    pub(super) names: BTreeMap<String, Val>,
    pub(super) printed: Value,
}

/// Arguments of a call.
#[derive(Default)]
pub(super) struct Args {
    pub(super) plain: Vec<Val>,
    pub(super) named: Vec<(String, Val)>,
}

impl Args {
    pub(super) fn first(&self) -> Val {
        self.plain
            .first()
            .or_else(|| self.named.first().map(|(_, v)| v))
            .cloned()
            .unwrap_or_else(Val::unknown)
    }

    pub(super) fn nth(&self, n: usize) -> Option<&Val> {
        self.plain.get(n)
    }

    /// The text that these numbers of characters are.
    pub(super) fn characters(&self) -> Option<String> {
        self.plain
            .iter()
            .map(|val| {
                let number = val.single()?;
                let code = match number.strip_prefix("0x") {
                    Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code)
            })
            .collect::<Option<String>>()
            .filter(|text| !text.is_empty())
    }

    pub(super) fn taint(&self) -> Taint {
        let mut all = Taint::default();
        for val in self.plain.iter().chain(self.named.iter().map(|(_, v)| v)) {
            all.add(&val.taint());
        }
        all
    }
}

/// Walks a program; what it prints.
pub(super) fn walk(
    w: &mut Walker<'_>,
    st: &mut State,
    language: Language,
    tokens: &[Token],
    taint: &Taint,
) -> Value {
    let mut reader = Reader {
        w,
        st,
        language,
        tokens,
        at: 0,
        depth: 0,
        names: BTreeMap::new(),
        printed: known(""),
    };
    if language == Language::Awk {
        reader.pipes();
    }
    if language == Language::Python {
        reader.comprehensions();
    }
    while reader.at < tokens.len() && reader.w.step() {
        reader.statement();
    }
    let printed = reader.printed;
    let certain = matches!(language, Language::Python | Language::Node)
        && super::super::value::single(&printed).is_some_and(|s| !s.is_empty());
    let printed =
        if certain { printed } else { vec![Text::tainted(super::super::value::taint(&printed))] };
    stain(printed, &Taint { remote: false, decoded: false, ..taint.clone() })
}

impl Reader<'_, '_> {
    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    pub(super) fn punct(&self, by: usize, c: char) -> bool {
        self.tokens.get(self.at + by) == Some(&Token::Punct(c))
    }

    pub(super) fn eat(&mut self, c: char) -> bool {
        let here = self.punct(0, c);
        self.at += usize::from(here);
        here
    }

    pub(super) fn statement(&mut self) {
        let Some(token) = self.peek() else { return };
        let Token::Name(name) = token else {
            if matches!(token, Token::Str(_) | Token::Run(_)) {
                self.expression();
            } else {
                self.at += 1;
            }
            return;
        };
        let name = name.clone();
        match name.as_str() {
            "import" | "from" if self.language == Language::Python => self.import(&name),
            "let" | "const" | "var" | "my" | "our" | "local" | "await" | "return" | "new"
            | "if" | "unless" | "while" | "else" | "elsif" | "elif" | "do" | "try" | "begin"
            | "end" | "then" | "not" | "and" | "or" | "with" | "lambda" | "BEGIN" | "END"
            | "async" | "use" | "require_once" => self.at += 1,
            "for" | "foreach" => self.each(),
            _ => {
                let assigns = self.punct(1, '=')
                    && !self.punct(2, '=')
                    && !self.punct(2, '~')
                    && !self.punct(2, '>');
                if assigns {
                    self.at += 2;
                    let val = self.expression();
                    if name == "@ARGV" {
                        // What `<>` reads.
                        for path in paths(&val) {
                            self.read(&path);
                        }
                    }
                    self.names.insert(name, val);
                } else {
                    self.expression();
                }
            }
        }
    }

    /// `import os as o`, `from os import system as s`.
    pub(super) fn import(&mut self, word: &str) {
        self.at += 1;
        let mut module = String::new();
        let mut last = String::new();
        let mut after_import = word == "import";
        while let Some(token) = self.peek().cloned() {
            self.at += 1;
            match token {
                Token::Punct(';') => break,
                Token::Name(name) => match name.as_str() {
                    "import" => after_import = true,
                    "as" => {
                        if let Some(Token::Name(alias)) = self.peek().cloned() {
                            self.at += 1;
                            self.names.insert(alias, Val::callee(&last));
                        }
                    }
                    _ if !after_import => module = name,
                    _ => {
                        last = if module.is_empty() {
                            name.clone()
                        } else {
                            format!("{module}.{name}")
                        };
                        if !module.is_empty() {
                            self.names.insert(name, Val::callee(&last));
                        }
                    }
                },
                _ => {}
            }
        }
    }

    /// `[f(x) for x in list]`: the name is used before the words that say what it is.
    fn comprehensions(&mut self) {
        for at in 0..self.tokens.len() {
            let here = self.tokens.get(at..at + 3).unwrap_or_default();
            let [Token::Name(word), Token::Name(name), Token::Name(of)] = here else { continue };
            if word == "for" && of == "in" && self.w.step() {
                self.at = at + 3;
                let val = self.expression().any();
                self.names.insert(name.clone(), val);
            }
        }
        self.at = 0;
    }

    /// `for x in list`.
    pub(super) fn each(&mut self) {
        self.at += 1;
        while matches!(self.peek(), Some(Token::Punct('(') | Token::Name(_))) {
            let Some(Token::Name(name)) = self.peek().cloned() else {
                self.at += 1;
                continue;
            };
            self.at += 1;
            if matches!(name.as_str(), "const" | "let" | "var" | "my") {
                continue;
            }
            if matches!(self.peek(), Some(Token::Name(word)) if word == "in" || word == "of") {
                self.at += 1;
                let val = self.expression().any();
                self.names.insert(name, val);
            }
            break;
        }
    }

    pub(super) fn expression(&mut self) -> Val {
        if self.depth >= MAX_DEPTH {
            self.w.underived(Reason::TooDeep);
            self.at += 1;
            return Val::unknown();
        }
        self.depth += 1;
        let mut val = self.operand();
        loop {
            let joins = match self.peek() {
                Some(Token::Punct('+')) => true,
                // Lua's `..`.
                Some(Token::Punct('.')) if self.language == Language::Other => {
                    let two = self.punct(1, '.');
                    self.at += usize::from(two);
                    two
                }
                Some(Token::Punct('.')) => matches!(self.language, Language::Perl | Language::Php),
                // Paths of Python are joined with a slash.
                Some(Token::Punct('/')) => self.language == Language::Python,
                _ => false,
            };
            if !joins {
                break;
            }
            let slash = self.eat('/');
            if !slash {
                self.at += 1;
            }
            let right = self.operand();
            val = if slash { val.plus(&Val::known("/")).plus(&right) } else { val.plus(&right) };
        }
        self.depth -= 1;
        val
    }

    pub(super) fn operand(&mut self) -> Val {
        let Some(token) = self.peek().cloned() else { return Val::unknown() };
        self.at += 1;
        let mut val = match token {
            Token::Str(s) => {
                let mut all = s;
                while let Some(Token::Str(more)) = self.peek() {
                    all.push_str(more);
                    self.at += 1;
                }
                Val::of(vec![Text { s: all, taint: Taint::default() }])
            }
            Token::Run(code) => {
                let out = self.w.script(&mut self.st.clone(), &Text::lit(&code), None);
                Val::of(out)
            }
            Token::Number(n) => Val::known(&n),
            Token::Punct('[') => self.sequence(']'),
            Token::Punct('{') => self.sequence('}'),
            Token::Punct('(') => {
                let inner = self.sequence(')');
                match inner.items.as_deref() {
                    Some([one]) => one.clone(),
                    _ => inner,
                }
            }
            Token::Name(name) => self.named(&name),
            Token::Punct('-' | '!' | '&' | '\\' | '*' | '%' | '<') => return self.operand_again(),
            Token::Punct(_) => {
                self.at -= usize::from(
                    !self.punct(0, ',')
                        && self.at > 0
                        && matches!(
                            self.tokens.get(self.at - 1),
                            Some(Token::Punct(')' | ']' | '}' | ';' | ','))
                        ),
                );
                Val::unknown()
            }
        };
        self.postfix(&mut val);
        val
    }

    pub(super) fn operand_again(&mut self) -> Val {
        if self.depth >= MAX_DEPTH {
            return Val::unknown();
        }
        self.depth += 1;
        let val = self.operand();
        self.depth -= 1;
        val
    }

    /// Items up to a closing bracket.
    pub(super) fn sequence(&mut self, close: char) -> Val {
        let mut items = Vec::new();
        while self.at < self.tokens.len() && !self.punct(0, close) && self.w.step() {
            let before = self.at;
            if self.depth < MAX_DEPTH {
                self.depth += 1;
                if close == '}' {
                    self.statement();
                } else {
                    items.push(self.expression());
                }
                self.depth -= 1;
            }
            while matches!(self.peek(), Some(Token::Punct(c)) if *c != close && !matches!(c, '(' | '[' | '{'))
            {
                self.at += 1;
            }
            if self.at == before {
                self.at += 1;
            }
        }
        self.eat(close);
        Val::list(items)
    }

    pub(super) fn named(&mut self, name: &str) -> Val {
        // A call in brackets, or in the languages that allow it without.
        if self.punct(0, '(') {
            self.at += 1;
            let args = self.arguments(')');
            let callee = self.resolve(name);
            return self.call(&callee, &args, None);
        }
        let bare = matches!(
            self.language,
            Language::Ruby | Language::Perl | Language::Php | Language::Awk
        );
        let function = base_name(name);
        if bare
            && BARE.split_ascii_whitespace().any(|b| b == function)
            && !matches!(self.peek(), Some(Token::Punct(';' | '=')) | None)
        {
            let args = self.arguments(';');
            let callee = self.resolve(name);
            return self.call(&callee, &args, None);
        }
        if let Some(val) = self.names.get(name) {
            return val.clone();
        }
        match name {
            "process.env" | "os.environ" | "ENV" | "$ENV" | "ENVIRON" | "Deno.env" => {
                self.variable()
            }
            // `ENV.to_h`, `os.environ.items`: all of it.
            _ if name.starts_with("ENV.") || name.starts_with("os.environ.") => {
                Val::of(self.w.whole_environment())
            }
            _ if name.starts_with("process.env.") => {
                let variable = name.rsplit('.').next().unwrap_or("");
                Val::of(self.w.environment(self.st, variable))
            }
            "sys.executable" => Val::known("python3"),
            "None" | "null" | "nil" | "undef" | "True" | "true" | "False" | "false" => {
                Val::known(name)
            }
            "new" | "await" | "not" | "return" | "yield" | "async" => self.operand_again(),
            _ => Val { callee: Some(self.resolve(name)), ..Val::unknown() },
        }
    }

    /// `ENV['X']`, `os.environ.get('X')`; without a name all of it.
    pub(super) fn variable(&mut self) -> Val {
        let name = match (self.tokens.get(self.at), self.tokens.get(self.at + 1)) {
            (Some(Token::Punct('[' | '{' | '(')), Some(Token::Str(name) | Token::Name(name))) => {
                Some(name.clone())
            }
            _ => None,
        };
        match name {
            Some(name) => {
                self.at += 3;
                Val::of(self.w.environment(self.st, &name))
            }
            None => Val::of(self.w.whole_environment()),
        }
    }

    /// An alias that an import made, for the first part of a name.
    pub(super) fn resolve(&self, name: &str) -> String {
        let (head, tail) = name.split_once('.').map_or((name, ""), |(h, t)| (h, t));
        match self.names.get(head).and_then(|v| v.callee.as_deref()) {
            Some(target) if tail.is_empty() => target.to_owned(),
            Some(target) => format!("{target}.{tail}"),
            None => name.to_owned(),
        }
    }

    pub(super) fn arguments(&mut self, close: char) -> Args {
        let mut args = Args::default();
        while self.at < self.tokens.len() && !self.punct(0, close) && self.w.step() {
            let before = self.at;
            if let (Some(Token::Name(name)), true) =
                (self.peek().cloned(), self.punct(1, '=') && !self.punct(2, '='))
            {
                self.at += 2;
                let val = self.expression();
                args.named.push((name, val));
            } else {
                let val = self.expression();
                args.plain.push(val);
            }
            // What is left of the argument is an operator or a block that was not followed.
            while self.at < self.tokens.len() && !self.punct(0, ',') && !self.punct(0, close) {
                if close == ';' && self.punct(0, '}') {
                    return args;
                }
                let here = self.at;
                self.expression();
                if self.at == here {
                    self.at += 1;
                }
            }
            self.eat(',');
            if self.at == before {
                self.at += 1;
            }
        }
        self.eat(close);
        args
    }

    /// `.method(...)`, `[...]`, `(...)` after a value.
    pub(super) fn postfix(&mut self, val: &mut Val) {
        for _ in 0..MAX_DEPTH {
            let arrow = self.punct(0, '-') && self.punct(1, '>');
            let dot =
                self.punct(0, '.') && !matches!(self.language, Language::Perl | Language::Php);
            if arrow || dot {
                let skip = if arrow { 2 } else { 1 };
                let Some(Token::Name(method)) = self.tokens.get(self.at + skip).cloned() else {
                    return;
                };
                self.at += skip + 1;
                let callee =
                    val.callee.as_ref().map_or_else(|| method.clone(), |c| format!("{c}.{method}"));
                if self.eat('(') {
                    let args = self.arguments(')');
                    *val = self.call(&callee, &args, Some(val.clone()));
                } else if self.language == Language::Ruby {
                    *val = self.call(&callee, &Args::default(), Some(val.clone()));
                } else {
                    val.callee = Some(callee);
                }
            } else if self.punct(0, '[') {
                self.at += 1;
                let reversed = self.punct(0, ':') && self.punct(1, ':') && self.punct(2, '-');
                let index = self.sequence(']');
                *val = self.indexed(val, &index, reversed);
            } else if self.punct(0, '(') && val.callee.is_some() {
                self.at += 1;
                let args = self.arguments(')');
                let callee = val.callee.clone().unwrap_or_default();
                *val = self.call(&callee, &args, None);
            } else {
                return;
            }
        }
    }

    pub(super) fn indexed(&mut self, val: &Val, index: &Val, reversed: bool) -> Val {
        if reversed {
            return Val::of(stain(
                map(&val.text, |s| Some(s.chars().rev().collect())),
                &Taint { decoded: true, ..Taint::default() },
            ));
        }
        let key = index.items.as_ref().and_then(|i| i.first()).and_then(Val::single);
        if let (Some(callee), Some(key)) = (&val.callee, key) {
            return Val::callee(&format!("{callee}.{key}"));
        }
        if val.callee.is_some() {
            // A name out of a table of names.
            if matches!(
                val.callee.as_deref(),
                Some(
                    "globals"
                        | "locals"
                        | "vars"
                        | "global"
                        | "globalThis"
                        | "window"
                        | "__builtins__"
                        | "process"
                        | "os"
                        | "sys.modules"
                )
            ) {
                self.w.underived(Reason::Dynamic);
            }
            return Val::callee("?");
        }
        match (&val.items, key.and_then(|k| k.parse::<usize>().ok())) {
            (Some(items), Some(at)) => items.get(at).cloned().unwrap_or_else(Val::unknown),
            _ => val.any(),
        }
    }
}

/// Functions that Ruby, Perl, PHP and awk call without brackets.
const BARE: &str = "
system exec eval print puts p say printf unlink rmtree remove_tree open require echo rm_rf rm_r rm read binread readlines remove delete popen capture2 spawn
rmdir truncate glob read_file slurp copy getline File.read IO.read File.delete File.unlink FileUtils.rm_rf FileUtils.rm_r FileUtils.rm include qx instance_eval load syscall get
";

pub(super) fn base_name(name: &str) -> &str {
    name.rsplit(['.', ':', '>']).next().unwrap_or(name)
}

pub(super) fn prints(name: &str, language: Language) -> bool {
    match base_name(name) {
        "log" | "write" => name.contains("console") || name.contains("stdout"),
        "p" => language == Language::Ruby,
        _ => true,
    }
}

pub(super) fn home_for(path: &str, home: &str) -> String {
    path.strip_prefix('~').map_or_else(|| path.to_owned(), |rest| format!("{home}{rest}"))
}

pub(super) fn program_base64(text: &str) -> Option<String> {
    program::base64(text)
}

pub(super) fn program_hex(text: &str) -> Option<String> {
    program::hex(text)
}

pub(super) fn paths(val: &Val) -> Vec<Text> {
    val.text.iter().filter(|t| !t.s.is_empty()).cloned().collect()
}
