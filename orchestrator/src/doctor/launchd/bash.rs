//! Reads a shell script far enough to see what bash 3.2 does not know.
//!
//! macOS ships bash 3.2.57 as `/bin/bash`, and a bash in a package manager's prefix is not in launchd's PATH. Quotes,
//! comments and here-documents are told from code, so that a word in a message is no finding. Absent on purpose: a
//! grammar of the shell; what is unsure is not reported.

/// What bash 4 or later is needed for: the line, and the words for it, each with the version that brought it
/// (bash's own CHANGES file).
#[must_use]
pub(super) fn newer_than_3_2(text: &str) -> Vec<(usize, &'static str)> {
    // Such a script decides by itself what it may use.
    if text.contains("BASH_VERSINFO") || text.contains("BASH_VERSION") {
        return Vec::new();
    }
    let mut found = Vec::new();
    let Read { code, expansions } = read(text);
    for (number, line) in code.iter().enumerate() {
        found.extend(judge_line(line).into_iter().map(|what| (number + 1, what)));
    }
    for (number, inside) in &expansions {
        found.extend(judge_expansion(inside).map(|what| (number + 1, what)));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Code line by line with quoted text taken out, and what stands in `${}` with its line from 0.
#[derive(Default)]
struct Read {
    code: Vec<String>,
    expansions: Vec<(usize, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Code,
    Double,
}

fn read(text: &str) -> Read {
    let mut read = Read::default();
    let mut stack = vec![Within::Code];
    let mut until: Option<String> = None;
    let mut single = false;
    for (number, line) in text.lines().enumerate() {
        let mut code = String::new();
        if let Some(end) = &until {
            if line.trim_start_matches('\t') == end {
                until = None;
            }
        } else {
            let mut next = None;
            let mut scan = Line { number, stack: &mut stack, single: &mut single, read: &mut read };
            scan.run(line, &mut code, &mut next);
            until = next;
        }
        read.code.push(code);
    }
    read
}

/// What stands behind `<<`: a third `<` is a here-string, else the word that ends a here-document.
fn redirection<'t>(behind: &'t str, code: &mut String, here: &mut Option<String>) -> &'t str {
    if let Some(behind) = behind.strip_prefix('<') {
        code.push_str("<<<");
        return behind;
    }
    *here = here.take().or_else(|| delimiter(behind));
    behind
}

struct Line<'a> {
    number: usize,
    stack: &'a mut Vec<Within>,
    single: &'a mut bool,
    read: &'a mut Read,
}

impl Line<'_> {
    fn run(&mut self, line: &str, code: &mut String, here: &mut Option<String>) {
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            let after = rest.get(c.len_utf8()..).unwrap_or_default();
            if *self.single {
                *self.single = c != '\'';
                rest = after;
                continue;
            }
            let within = self.stack.last().copied().unwrap_or(Within::Code);
            let word_start = code.is_empty() || code.ends_with([' ', '\t', ';', '&', '|', '(']);
            rest = match (c, within) {
                ('\\', _) => {
                    code.push('_');
                    after.get(after.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default()
                }
                ('#', Within::Code) if word_start => return,
                ('\'', Within::Code) => {
                    *self.single = true;
                    code.push('_');
                    after
                }
                ('"', Within::Code) => {
                    self.stack.push(Within::Double);
                    code.push('_');
                    after
                }
                ('"', Within::Double) => {
                    self.stack.pop();
                    after
                }
                ('$', _) if after.starts_with('{') => {
                    code.push('_');
                    self.expansion(after.get(1..).unwrap_or_default())
                }
                ('$', Within::Double) if after.starts_with('(') => {
                    self.stack.push(Within::Code);
                    code.push_str(" ( ");
                    after.get(1..).unwrap_or_default()
                }
                (')', Within::Code) => {
                    // A `$(` in double quotes ends here; other parentheses were not pushed.
                    if self.stack.len() > 1 {
                        self.stack.pop();
                    }
                    code.push(')');
                    after
                }
                ('<', Within::Code) if after.starts_with('<') => {
                    redirection(after.get(1..).unwrap_or_default(), code, here)
                }
                (_, Within::Double) => after,
                (c, Within::Code) => {
                    code.push(c);
                    after
                }
            };
        }
    }

    /// Takes what stands in `${}`; braces inside are counted, the end of the line ends it.
    fn expansion<'t>(&mut self, after: &'t str) -> &'t str {
        let mut depth = 1_usize;
        for (at, c) in after.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let inside = after.get(..at).unwrap_or_default().to_owned();
                self.read.expansions.push((self.number, inside));
                return after.get(at + 1..).unwrap_or_default();
            }
        }
        ""
    }
}

/// The word that ends a here-document; none for a shift in arithmetic.
fn delimiter(after: &str) -> Option<String> {
    let word = after.trim_start_matches('-').trim_start();
    let word = word.split([' ', '\t', ';', '|', '&', ')', '>']).next()?;
    let word = word.trim_matches(['\'', '"', '\\']);
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_').then(|| word.to_owned())
}

fn judge_line(line: &str) -> Vec<&'static str> {
    let mut found = Vec::new();
    for (sign, what) in [
        ("&>>", "`&>>` (bash 4.0)"),
        ("|&", "`|&` (bash 4.0)"),
        (";;&", "`;;&` (bash 4.0)"),
        (" -v ", "`[[ -v` (bash 4.2)"),
    ] {
        let test = !sign.contains("-v") || line.contains("[[ -v ");
        if line.contains(sign) && test {
            found.push(what);
        }
    }
    for command in line.split([';', '|', '&', '(', ')', '{', '}', '`']) {
        let mut words = command.split_whitespace();
        let prefix =
            ["then", "do", "else", "if", "while", "until", "!", "time", "builtin", "command"];
        let Some(first) = words.by_ref().find(|word| !prefix.contains(word)) else { continue };
        let rest: Vec<&str> = words.collect();
        found.extend(judge_command(first, &rest));
    }
    found
}

fn judge_command(first: &str, rest: &[&str]) -> Option<&'static str> {
    let flags = |letter: char| {
        let mut options = rest.iter().take_while(|word| word.starts_with(['-', '+']));
        options.any(|word| word.contains(letter))
    };
    match first {
        "declare" | "local" | "typeset" | "readonly" if flags('A') => {
            Some("an associative array (bash 4.0)")
        }
        "declare" | "local" | "typeset" if flags('n') => Some("a name reference (bash 4.3)"),
        "declare" | "typeset" if flags('g') => Some("`declare -g` (bash 4.2)"),
        "declare" | "local" | "typeset" if flags('u') || flags('l') => {
            Some("a variable of one case (bash 4.0)")
        }
        "mapfile" | "readarray" => Some("`mapfile` (bash 4.0)"),
        "coproc" => Some("`coproc` (bash 4.0)"),
        "wait" if flags('n') => Some("`wait -n` (bash 4.3)"),
        "shopt"
            if rest
                .iter()
                .any(|word| ["globstar", "lastpipe", "inherit_errexit"].contains(word)) =>
        {
            Some("an option that `shopt` does not know (bash 4.0 and later)")
        }
        _ => None,
    }
}

/// `x^^`, `x,,`, `x@Q`, `x[-1]`: what stands in `${}`.
fn judge_expansion(inside: &str) -> Option<&'static str> {
    let name = inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
    if name == 0 {
        return None;
    }
    let mut rest = inside.get(name..).unwrap_or_default();
    if let Some(subscript) = rest.strip_prefix('[') {
        if subscript.starts_with("-") {
            return Some("an index from the end (bash 4.3)");
        }
        rest = subscript.split_once(']').map_or("", |(_, rest)| rest);
    }
    match rest.chars().next() {
        Some('^' | ',') => Some("a change of case in `${}` (bash 4.0)"),
        Some('@') if rest.len() == 2 => Some("`${x@...}` (bash 4.4)"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_newer_and_what_only_looks_so() {
        for (script, expected) in [
            ("declare -A seen\n", Some("an associative array (bash 4.0)")),
            ("f() { local -A m=(); }\n", Some("an associative array (bash 4.0)")),
            ("if true; then typeset -rA x; fi", Some("an associative array (bash 4.0)")),
            ("mapfile -t lines < f\n", Some("`mapfile` (bash 4.0)")),
            ("cat f | readarray x\n", Some("`mapfile` (bash 4.0)")),
            ("echo ${name^^}\n", Some("a change of case in `${}` (bash 4.0)")),
            ("echo \"${name,,}\"\n", Some("a change of case in `${}` (bash 4.0)")),
            ("echo \"${a[0]^}\"\n", Some("a change of case in `${}` (bash 4.0)")),
            ("echo ${a[-1]}\n", Some("an index from the end (bash 4.3)")),
            ("echo ${a@Q}\n", Some("`${x@...}` (bash 4.4)")),
            ("run &>> log\n", Some("`&>>` (bash 4.0)")),
            ("run |& tee log\n", Some("`|&` (bash 4.0)")),
            ("x=\"$(mapfile y)\"\n", Some("`mapfile` (bash 4.0)")),
            ("wait -n\n", Some("`wait -n` (bash 4.3)")),
            (
                "shopt -s globstar\n",
                Some("an option that `shopt` does not know (bash 4.0 and later)"),
            ),
            ("case x in a) b ;;& esac\n", Some("`;;&` (bash 4.0)")),
            ("if [[ -v HOME ]]; then :; fi\n", Some("`[[ -v` (bash 4.2)")),
            // Only words, comments, here-documents, or what bash 3.2 knows.
            ("# declare -A seen\n", None),
            ("run # |& tee; mapfile x\n", None),
            ("echo 'declare -A seen'\n", None),
            ("echo \"use mapfile\"\n", None),
            ("cat <<EOF\nmapfile x\nEOF\n", None),
            ("cat <<-'END'\n\tdeclare -A x\n\tEND\n", None),
            ("declare -a list; declare -i n\n", None),
            ("echo ${name%%,*} ${name:-a,b} ${#name} ${name/^/x}\n", None),
            ("run >> log 2>&1; a && b || c &\n", None),
            ("echo \"a |& b\" 'c &>> d'\n", None),
            ("[ -v ] ; test -f x\n", None),
            ("x=$((1<<2)); declare_all -A\n", None),
            ("[ ${BASH_VERSINFO[0]} -ge 4 ] && declare -A x\n", None),
            ("echo 'two\nlines |& here'\n", None),
        ] {
            let found = newer_than_3_2(script);
            assert_eq!(found.first().map(|(_, what)| *what), expected, "{script}");
        }
        assert_eq!(newer_than_3_2("#!/bin/bash\n\nmapfile x\n"), [(3, "`mapfile` (bash 4.0)")]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn no_text_makes_it_panic(text in "[a-z$\"'`{}()<>&|;#\\\\\n^, é-]{0,60}") {
            let lines = text.lines().count();
            prop_assert!(newer_than_3_2(&text).iter().all(|(line, _)| (1..=lines).contains(line)));
        }
    }
}
