//! Tokens of an inline program, near enough for five languages.

use super::Language;

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A name with its dots (`os.path.join`, `File::read`, `$x`).
    Name(String),
    /// A string's text; holes stand for what is interpolated.
    Str(String),
    /// A string that is run: backquotes, `%x(...)`, `qx(...)`.
    Run(String),
    Number(String),
    Punct(char),
}

/// Tokens of one program.
const MAX_TOKENS: usize = 8192;

/// Interpolations inside interpolations.
const MAX_NESTED: usize = 4;

/// Reads the tokens; what is no token is passed over.
pub(super) fn tokens(code: &str, language: Language) -> Vec<Token> {
    nested(code, language, 0)
}

fn nested(code: &str, language: Language, depth: usize) -> Vec<Token> {
    if depth > MAX_NESTED {
        return Vec::new();
    }
    let mut lexer =
        Lexer { chars: code.chars().collect(), at: 0, language, depth, out: Vec::new() };
    while lexer.at < lexer.chars.len() && lexer.out.len() < MAX_TOKENS {
        lexer.next();
    }
    lexer.out
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    language: Language,
    depth: usize,
    out: Vec<Token>,
}

impl Lexer {
    fn peek(&self, by: usize) -> Option<char> {
        self.chars.get(self.at + by).copied()
    }

    fn next(&mut self) {
        let Some(c) = self.peek(0) else { return };
        let script = matches!(self.language, Language::Node | Language::Php | Language::Other);
        match c {
            '#' if !matches!(self.language, Language::Node)
                && !matches!(self.out.last(), Some(Token::Punct('$'))) =>
            {
                self.line_comment();
            }
            '/' if script && self.peek(1) == Some('/') => self.line_comment(),
            '/' if script && self.peek(1) == Some('*') => {
                self.at += 2;
                while self.at < self.chars.len()
                    && !(self.peek(0) == Some('*') && self.peek(1) == Some('/'))
                {
                    self.at += 1;
                }
                self.at += 2;
            }
            '"' | '\'' => self.string(c, false),
            '`' if self.language == Language::Node => self.string('`', false),
            '`' => self.string('`', true),
            c if c.is_ascii_digit() => {
                let mut number = String::new();
                while let Some(c) =
                    self.peek(0).filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'))
                {
                    number.push(c);
                    self.at += 1;
                }
                self.out.push(Token::Number(number));
            }
            c if c.is_alphabetic() || matches!(c, '_' | '$' | '@') => self.name(),
            '%' if self.language == Language::Ruby
                && matches!(self.peek(1), Some('x' | 'q' | 'Q'))
                && !self.peek(2).is_none_or(char::is_alphanumeric) =>
            {
                let runs = self.peek(1) == Some('x');
                self.at += 2;
                self.delimited(runs);
            }
            c if c.is_whitespace() && c != '\n' => self.at += 1,
            c => {
                self.at += 1;
                self.out.push(Token::Punct(if c == '\n' { ';' } else { c }));
            }
        }
    }

    fn line_comment(&mut self) {
        while self.peek(0).is_some_and(|c| c != '\n') {
            self.at += 1;
        }
    }

    /// A name with dots, `::` and `->`; string prefixes and quoting operators are looked for on the way.
    fn name(&mut self) {
        let mut name = String::new();
        while let Some(c) = self.peek(0) {
            let joins = match c {
                '.' => {
                    self.peek(1).is_some_and(|n| n.is_alphabetic() || n == '_')
                        && self.language != Language::Php
                        && self.language != Language::Perl
                }
                ':' => self.peek(1) == Some(':') && self.peek(2).is_some_and(char::is_alphabetic),
                '?' if self.peek(1) == Some('.') => true,
                c => c.is_alphanumeric() || matches!(c, '_' | '$' | '@'),
            };
            if !joins {
                break;
            }
            if c == ':' {
                name.push_str("::");
                self.at += 2;
                continue;
            }
            if c != '?' {
                name.push(c);
            }
            self.at += 1;
        }
        let prefix = matches!(
            name.as_str(),
            "r" | "b" | "f" | "u" | "rb" | "br" | "fr" | "rf" | "R" | "B" | "F"
        ) && self.language == Language::Python;
        if prefix && let Some(quote @ ('"' | '\'')) = self.peek(0) {
            self.quoted(quote, false, name.contains(['f', 'F']));
            return;
        }
        let delimiter = self.peek(0).is_some_and(|c| {
            !c.is_alphanumeric() && !c.is_whitespace() && !matches!(c, ',' | ';' | '=' | ')' | '-')
        });
        if self.language == Language::Perl
            && matches!(name.as_str(), "q" | "qq" | "qx" | "qw")
            && delimiter
        {
            self.delimited(name == "qx");
            if name == "qw"
                && let Some(Token::Str(words)) = self.out.pop()
            {
                self.out.push(Token::Punct('('));
                for word in words.split_ascii_whitespace() {
                    self.out.extend([Token::Str(word.to_owned()), Token::Punct(',')]);
                }
                self.out.push(Token::Punct(')'));
            }
            return;
        }
        if name.is_empty() {
            self.at += 1;
        } else {
            self.out.push(Token::Name(name));
        }
    }

    fn delimited(&mut self, runs: bool) {
        let Some(open) = self.peek(0) else { return };
        let close = match open {
            '(' => ')',
            '[' => ']',
            '{' => '}',
            '<' => '>',
            c => c,
        };
        self.at += 1;
        let (mut text, mut depth) = (String::new(), 0_usize);
        while let Some(c) = self.peek(0) {
            self.at += 1;
            if c == close && depth == 0 {
                break;
            }
            if c == open && open != close {
                depth += 1;
            } else if c == close {
                depth -= 1;
            }
            text.push(c);
        }
        let text = self.interpolate(&text);
        self.out.push(if runs { Token::Run(text) } else { Token::Str(text) });
    }

    fn string(&mut self, quote: char, runs: bool) {
        self.quoted(quote, runs, false);
    }

    /// A string up to its end; what is interpolated may hold quotes of its own.
    fn quoted(&mut self, quote: char, runs: bool, formatted: bool) {
        let triple = self.peek(1) == Some(quote)
            && self.peek(2) == Some(quote)
            && self.language == Language::Python;
        self.at += if triple { 3 } else { 1 };
        let (mut raw, mut pieces) = (String::new(), Vec::new());
        while let Some(c) = self.peek(0) {
            if c == quote
                && (!triple || (self.peek(1) == Some(quote) && self.peek(2) == Some(quote)))
            {
                break;
            }
            if !runs && let Some(code) = self.interpolation(quote, formatted) {
                pieces.push((std::mem::take(&mut raw), code));
                continue;
            }
            raw.push(c);
            self.at += 1;
            if c == '\\'
                && let Some(next) = self.peek(0)
            {
                raw.push(next);
                self.at += 1;
            }
        }
        self.at += if triple { 3 } else { 1 };
        let single = quote == '\''
            && matches!(self.language, Language::Perl | Language::Ruby | Language::Php);
        let plain = |raw: &str| match single {
            true => raw.replace("\\'", "'").replace("\\\\", "\\"),
            false => super::super::expand::echo_escapes(raw).0,
        };
        if pieces.is_empty() {
            let text = if runs { self.interpolate(&plain(&raw)) } else { plain(&raw) };
            self.out.push(if runs { Token::Run(text) } else { Token::Str(text) });
            return;
        }
        self.out.push(Token::Punct('('));
        for (before, code) in pieces {
            self.out.extend([Token::Str(plain(&before)), Token::Punct('+'), Token::Punct('(')]);
            let room = MAX_TOKENS.saturating_sub(self.out.len());
            self.out.extend(nested(&code, self.language, self.depth + 1).into_iter().take(room));
            self.out.extend([Token::Punct(')'), Token::Punct('+')]);
        }
        self.out.extend([Token::Str(plain(&raw)), Token::Punct(')')]);
    }

    /// The code of an interpolation that begins here: `#{..}` of Ruby, `${..}` of templates, `{..}` of f-strings, `$name` of Perl and PHP.
    fn interpolation(&mut self, quote: char, formatted: bool) -> Option<String> {
        let (mark, braced) = match self.language {
            Language::Ruby if quote == '"' => ('#', true),
            Language::Node if quote == '`' => ('$', true),
            Language::Python if formatted => ('{', false),
            Language::Perl | Language::Php if quote == '"' => return self.interpolated_variable(),
            _ => return None,
        };
        if self.peek(0) != Some(mark) || braced && self.peek(1) != Some('{') {
            return None;
        }
        if !braced && self.peek(1) == Some('{') {
            return None;
        }
        self.at += if braced { 2 } else { 1 };
        let (mut code, mut depth) = (String::new(), 0_usize);
        while let Some(c) = self.peek(0) {
            self.at += 1;
            match c {
                '}' if depth == 0 => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                // The format of a value is no part of it.
                ':' if depth == 0 && formatted && !code.contains(['[', '(']) => {
                    while self.peek(0).is_some_and(|c| c != '}') {
                        self.at += 1;
                    }
                    continue;
                }
                _ => {}
            }
            code.push(c);
        }
        Some(code)
    }

    /// `$name`, `${name}`, `$ENV{HOME}`, `$x['y']`.
    fn interpolated_variable(&mut self) -> Option<String> {
        let starts = self.peek(1).is_some_and(|c| c.is_alphabetic() || matches!(c, '_' | '{'));
        if self.peek(0) != Some('$') || !starts {
            return None;
        }
        let mut code = String::from("$");
        self.at += 1;
        let braced = self.peek(0) == Some('{');
        self.at += usize::from(braced);
        while let Some(c) = self.peek(0).filter(|c| c.is_alphanumeric() || *c == '_') {
            code.push(c);
            self.at += 1;
        }
        if braced {
            self.at += usize::from(self.peek(0) == Some('}'));
            return Some(code);
        }
        if let Some(open @ ('{' | '[')) = self.peek(0) {
            let close = if open == '{' { '}' } else { ']' };
            while let Some(c) = self.peek(0).filter(|c| *c != '"') {
                code.push(c);
                self.at += 1;
                if c == close {
                    break;
                }
            }
        }
        Some(code)
    }

    fn interpolate(&self, text: &str) -> String {
        match self.language {
            Language::Ruby => interpolated(text, '{', Some('#')),
            Language::Node => interpolated(text, '{', Some('$')),
            Language::Perl | Language::Php => variables(text),
            _ => text.to_owned(),
        }
    }
}

/// `{...}`, or `#{...}` and `${...}` with a mark before, become a hole.
fn interpolated(text: &str, open: char, mark: Option<char>) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let starts = match mark {
            Some(mark) => c == mark && chars.peek() == Some(&open),
            None => c == open,
        };
        if !starts {
            out.push(c);
            continue;
        }
        for c in chars.by_ref() {
            if c == '}' {
                break;
            }
        }
        out.push(super::super::value::HOLE);
    }
    out
}

/// `$name` and `@name` become a hole.
fn variables(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '$' && chars.peek().is_some_and(|c| c.is_alphabetic() || matches!(c, '_' | '{')) {
            while chars.peek().is_some_and(|c| {
                c.is_alphanumeric() || matches!(c, '_' | '{' | '}' | '[' | ']' | '\'')
            }) {
                chars.next();
            }
            out.push(super::super::value::HOLE);
        } else {
            out.push(c);
        }
    }
    out
}
