//! ExecStart lines that systemd reads back as exactly the arguments that were meant.
//!
//! The `:` in front switches off `$` (systemd.service(5), "Special executable prefixes"); `%` is doubled, and
//! everything that is not plain stands in double quotes with C escapes (systemd.syntax(7), "Quoting").

/// Why a command cannot be an ExecStart line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EscapeError {
    /// The program is not an absolute path.
    #[error("the program is not an absolute path")]
    Program,
    /// systemd starts no program whose path holds these (`string_is_safe` of its sources).
    #[error("the program's path holds a quote, a backslash or a control character")]
    ProgramCharacter,
    /// No argument holds NUL.
    #[error("argument {number} holds a NUL character")]
    Nul {
        /// Which one, the program being 0.
        number: usize,
    },
}

/// The value of ExecStart for these arguments, program first.
pub fn exec_line(command: &[String]) -> Result<String, EscapeError> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(EscapeError::Program);
    };
    if !program.starts_with('/') {
        return Err(EscapeError::Program);
    }
    if program.contains(|c: char| c.is_ascii_control() || "\"'\\".contains(c)) {
        return Err(EscapeError::ProgramCharacter);
    }
    if let Some(number) = command.iter().position(|argument| argument.contains('\0')) {
        return Err(EscapeError::Nul { number });
    }
    let mut line = word(&format!(":{program}"));
    for argument in arguments {
        line.push(' ');
        line.push_str(&word(argument));
    }
    Ok(line)
}

/// One word, as it stands where it is plain and quoted otherwise.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/:._-=,+@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '%' => quoted.push_str("%%"),
            '\n' => quoted.push_str("\\n"),
            c if c.is_ascii_control() => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A reader of ExecStart, written from the manual pages systemd.syntax(7) and systemd.service(5).
    /// None stands for a line that systemd refuses, or reads as something that we never mean.
    fn read(line: &str) -> Option<Vec<String>> {
        if line.contains(['\n', '\r']) || line.ends_with('\\') || line.trim() != line {
            return None;
        }
        let mut words = Vec::new();
        let mut rest = line.chars().peekable();
        while let Some(first) = rest.peek().copied() {
            if first == ' ' || first == '\t' {
                rest.next();
                continue;
            }
            let mut word = String::new();
            let mut quote = None;
            loop {
                match (rest.next(), quote) {
                    (None | Some(' ' | '\t'), None) => break,
                    (None, Some(_)) => return None,
                    (Some(c), Some(open)) if c == open => quote = None,
                    (Some(c @ ('"' | '\'')), None) => quote = Some(c),
                    (Some('\\'), _) => word.push(unescape(&mut rest)?),
                    (Some(c), _) => word.push(c),
                }
            }
            if word == ";" && first == ';' {
                return None;
            }
            words.push(word);
        }
        let program = words.first()?.strip_prefix(':')?.to_owned();
        *words.first_mut()? = program;
        words.iter().map(|word| specifiers(word)).collect()
    }

    fn unescape(rest: &mut impl Iterator<Item = char>) -> Option<char> {
        Some(match rest.next()? {
            'n' => '\n',
            's' => ' ',
            't' => '\t',
            'r' => '\r',
            c @ ('\\' | '"' | '\'') => c,
            'x' => {
                let digits: String = rest.take(2).collect();
                char::from(u8::from_str_radix(&digits, 16).ok()?)
            }
            _ => return None,
        })
    }

    fn specifiers(word: &str) -> Option<String> {
        let mut text = String::new();
        let mut rest = word.chars();
        while let Some(c) = rest.next() {
            if c == '%' && rest.next()? != '%' {
                return None;
            }
            text.push(c);
        }
        Some(text)
    }

    fn command(arguments: &[&str]) -> Vec<String> {
        arguments.iter().map(|&argument| argument.to_owned()).collect()
    }

    #[test]
    fn lines() {
        let line = |arguments: &[&str]| exec_line(&command(arguments)).unwrap();
        assert_eq!(line(&["/bin/x", "--a=b", "10.0.0.1"]), ":/bin/x --a=b 10.0.0.1");
        assert_eq!(line(&["/opt/a b/x", ""]), "\":/opt/a b/x\" \"\"");
        assert_eq!(
            line(&["/x", "50%", "$HOME", ";", "a\"b\\c", "~"]),
            r#":/x "50%%" "$HOME" ";" "a\"b\\c" "~""#
        );
        assert_eq!(exec_line(&command(&["x"])), Err(EscapeError::Program));
        assert_eq!(exec_line(&[]), Err(EscapeError::Program));
        for odd in ["/a\"", "/a'", "/a\\b", "/a\n"] {
            assert_eq!(exec_line(&command(&[odd])), Err(EscapeError::ProgramCharacter), "{odd:?}");
        }
        assert_eq!(exec_line(&command(&["/x", "a\0"])), Err(EscapeError::Nul { number: 1 }));
    }

    proptest! {
        #[test]
        fn reads_back(program in "/[a-z %$:;#{}]{0,9}", arguments in proptest::collection::vec(
            prop_oneof!["[ \"'\\\\%$;:#{}a\n\t\r\u{1}\u{7f}é]{0,8}", crate::jobs::fixture::odd_text()], 0..5,
        )) {
            let mut command = vec![program];
            command.extend(arguments);
            prop_assume!(!command.iter().any(|argument| argument.contains('\0')));
            let line = exec_line(&command).unwrap();
            prop_assert_eq!(read(&line), Some(command), "{}", line);
        }
    }
}
