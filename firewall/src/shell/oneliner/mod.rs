//! Inline programs of other languages: which calls run, delete, read, write or send something, with what arguments.
//!
//! A program is read as tokens, not as a tree: strings with their escapes, names with dots, calls with their arguments, constants that
//! were assigned once. What can hide a call (`eval` of something unknown, `getattr`, dynamic imports) is [`Reason::Dynamic`];
//! an argument that is not known is only a question where it would matter.

mod calls;
mod effects;
mod files;
mod lex;
mod pure;
mod relay;
mod value;
mod words;

use super::effect::{Effect, Reason};
use super::program::options;
use super::value::{Text, Value, unknown};
use super::walk::{State, Walker};

/// A language with a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Python,
    Node,
    Perl,
    Ruby,
    Php,
    Awk,
    /// Read by the same tokens, with no table of its own.
    Other,
}

/// An interpreter's command line.
#[derive(Default)]
pub(super) struct CommandLine {
    pub(super) code: Vec<Text>,
    pub(super) operands: Vec<Text>,
    /// A module is run: no program is read from the input.
    pub(super) module: bool,
    /// The module with its words.
    pub(super) run: Vec<Text>,
    /// Files that are loaded before the program.
    pub(super) files: Vec<Text>,
    /// The operands are written (`perl -i`).
    pub(super) in_place: bool,
}

impl Language {
    /// By the interpreter's lower-case base name.
    pub(super) fn of(name: &str) -> Option<Self> {
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        Some(match stem {
            "python" | "pypy" | "ipython" | "py" | "pythonw" | "micropython" | "jython" => {
                Self::Python
            }
            "node" | "nodejs" | "deno" | "bun" | "tsx" | "ts-node" | "qjs" => Self::Node,
            "perl" => Self::Perl,
            "ruby" | "jruby" | "irb" => Self::Ruby,
            "php" => Self::Php,
            "awk" | "gawk" | "mawk" | "nawk" | "original-awk" => Self::Awk,
            "lua" | "luajit" | "rscript" | "r" | "julia" | "groovy" | "scala" | "elixir"
            | "erl" | "ghc" | "swift" | "guile" | "racket" | "tcl" | "kotlin" => Self::Other,
            _ => return None,
        })
    }

    /// The options whose value is code, and all that take a value.
    const fn options_of_code(self) -> (&'static [&'static str], &'static str) {
        match self {
            Self::Python => (&["-c"], "-c -m -W -X --check-hash-based-pycs"),
            Self::Node => (
                &["-e", "--eval", "-p", "--print", "-pe"],
                "-e --eval -p --print -pe -r --require --import --loader -C --input-type",
            ),
            Self::Perl => (&["-e", "-E"], "-e -E -I -M -m -F -i="),
            Self::Ruby => (&["-e"], "-e -I -r -C -F -E"),
            Self::Php => (&["-r", "-R", "-B", "-E"], "-r -R -B -E -d -c -f -S -t -z"),
            Self::Awk | Self::Other => (&["-e", "-E", "--eval", "-c"], "-e -E --eval -c"),
        }
    }

    /// Whether this option names a file that is read as code before the program.
    fn loads(self, option: &str) -> bool {
        matches!(
            (self, option),
            (Self::Node, "-r" | "--require" | "--import" | "--loader")
                | (Self::Ruby, "-r")
                | (Self::Php, "-f")
        )
    }

    /// Which arguments are code.
    pub(super) fn command_line(self, args: &[Text]) -> CommandLine {
        if self == Self::Awk {
            return awk_line(args);
        }
        let (inline, valued) = self.options_of_code();
        let mut line = CommandLine::default();
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            let s = arg.s.as_str();
            if self == Self::Node && line.operands.is_empty() && matches!(s, "eval" | "run") {
                if s == "eval" {
                    line.code.extend(rest.by_ref().find(|a| !a.s.starts_with('-')).cloned());
                }
                continue;
            }
            if !s.starts_with('-') || s == "-" {
                line.operands.push(arg.clone());
                line.operands.extend(rest.cloned());
                break;
            }
            if s == "--" {
                line.operands.extend(rest.cloned());
                break;
            }
            // The code of a bundle of letters (`-ne`, `-lane`) is the next word; of `-ecode` the rest.
            let (name, value) = match s.split_once('=') {
                Some((name, value)) if s.starts_with("--") => {
                    (name.to_owned(), Some(Text { s: value.to_owned(), taint: arg.taint.clone() }))
                }
                _ => letters(s, (inline, valued), arg),
            };
            let is_code = inline.contains(&name.as_str());
            let takes = valued.split(' ').any(|v| v == name);
            let value = if takes && value.is_none() { rest.next().cloned() } else { value };
            let value_of_module = value.clone();
            line.module |= self == Self::Python && name == "-m"
                || matches!(name.as_str(), "-V" | "-v" | "--version" | "-h" | "--help");
            if matches!(self, Self::Perl | Self::Ruby) && in_place(s) {
                line.in_place = true;
            }
            if self.loads(&name) {
                line.files.extend(value);
            } else if is_code {
                let prints =
                    self == Self::Node && matches!(name.as_str(), "-p" | "--print" | "-pe");
                line.code.extend(value.map(|code| if prints { printed(&code) } else { code }));
                if matches!(self, Self::Python) {
                    line.operands.extend(rest.cloned());
                    break;
                }
            }
            if line.module && name == "-m" {
                line.run.extend(value_of_module);
                line.operands.extend(rest.cloned());
                line.run.extend(line.operands.iter().cloned());
                break;
            }
        }
        line
    }
}

fn letters(s: &str, (inline, valued): (&[&str], &str), arg: &Text) -> (String, Option<Text>) {
    if s.starts_with("--") || inline.contains(&s) {
        return (s.to_owned(), None);
    }
    for (i, c) in s.char_indices().skip(1) {
        let name = format!("-{c}");
        if inline.contains(&name.as_str()) {
            let glued = s.get(i + c.len_utf8()..).unwrap_or("");
            return (
                name,
                (!glued.is_empty()).then(|| Text { s: glued.to_owned(), taint: arg.taint.clone() }),
            );
        }
        // `-Mstrict`, `-Ilib`: the rest is the value and no more letters.
        let rest = s.get(i + c.len_utf8()..).unwrap_or("");
        if !rest.is_empty() && valued.split(' ').any(|v| v == name) {
            return (name, Some(Text { s: rest.to_owned(), taint: arg.taint.clone() }));
        }
        if !c.is_ascii_alphanumeric() {
            break;
        }
    }
    (s.chars().take(2).collect(), None)
}

fn awk_line(args: &[Text]) -> CommandLine {
    let parsed =
        options(args, "-F -v -f -i -E --field-separator --assign --file --include --source -e");
    let mut code: Vec<Text> = parsed.values(&["-e", "--source"]).cloned().collect();
    let mut operands: Vec<Text> = parsed.operands.iter().map(|t| (*t).clone()).collect();
    if code.is_empty() && parsed.value("-f").is_none() && !operands.is_empty() {
        code.push(operands.remove(0));
    }
    // A variable that is given a path is what the program opens.
    operands.extend(parsed.values(&["-f", "--file", "-v", "--assign", "-i", "--include"]).cloned());
    CommandLine { code, operands, module: true, ..CommandLine::default() }
}

/// `-i`, `-pi`, `-i.bak`: the letter stands before those that take the rest of the word.
fn in_place(option: &str) -> bool {
    option
        .chars()
        .skip(1)
        .take_while(|c| {
            c.is_ascii_alphanumeric() && !matches!(c, 'e' | 'E' | 'M' | 'I' | 'F' | 'r' | 'C')
        })
        .any(|c| c == 'i')
        && !option.starts_with("--")
}

/// What `node -p` does: the last statement's value is shown.
fn printed(code: &Text) -> Text {
    let (before, last) =
        code.s.trim_end_matches([';', ' ', '\n']).rsplit_once(';').unwrap_or(("", &code.s));
    Text { s: format!("{before};console.log({last})"), taint: code.taint.clone() }
}

/// Reads an inline program. What it prints.
pub(super) fn run(w: &mut Walker<'_>, st: &mut State, language: Language, code: &Text) -> Value {
    // A program of this length is a file, and files are not read here.
    const MAX: usize = 32 * 1024;
    if code.s.len() > MAX {
        w.underived(Reason::TooLong);
        return unknown();
    }
    let tokens = lex::tokens(&code.s, language);
    if relay::hands_over_a_shell(&tokens) {
        w.effect(Effect::RunsHidden { origin: "the network" });
    }
    if language == Language::Other {
        words::walk(w, st, &tokens);
    }
    calls::walk(w, st, language, &tokens, &code.taint)
}
