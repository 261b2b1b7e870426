//! The stanzas in which an age client and a plugin speak (C2SP, age-plugin.md and age.md).
//!
//! A stanza is a line `-> COMMAND ARGUMENT..` and a body in base64 without padding, in lines of 64 characters of which
//! the last is shorter, empty when it must be. What is read is bounded and wiped; what is written is wiped too.

use super::PluginError;
use age_core::format::Stanza;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sanctum_host::conversation::Conversation;
use std::fmt::Write as _;
use zeroize::Zeroizing;

/// Characters of a body's line (C2SP, age.md, "recipient stanza").
const COLUMNS: usize = 64;
/// Lines of one body: a wrapped file key of a post-quantum recipient takes some thirty.
const LINES: usize = 1024;

/// What a plugin said.
pub(super) struct Said {
    pub(super) command: String,
    pub(super) arguments: Vec<String>,
    pub(super) body: Zeroizing<Vec<u8>>,
}

impl Said {
    /// The stanza that stands behind its first argument, which is the number of the file.
    pub(super) fn into_stanza(self) -> Option<Stanza> {
        let mut arguments = self.arguments.into_iter();
        if arguments.next()? != "0" {
            return None;
        }
        let tag = arguments.next()?;
        Some(Stanza { tag, args: arguments.collect(), body: self.body.to_vec() })
    }

    /// The body as a text for people.
    pub(super) fn text(&self) -> String {
        crate::sops::person::printable(&String::from_utf8_lossy(&self.body))
    }
}

/// Writes a stanza.
pub(super) fn send(
    plugin: &mut Conversation,
    command: &str,
    arguments: &[&str],
    body: &[u8],
) -> Result<(), PluginError> {
    plugin.say(encode(command, arguments, body).as_bytes()).map_err(PluginError::talk)
}

/// Hears a stanza.
pub(super) fn receive(plugin: &mut Conversation) -> Result<Said, PluginError> {
    decode(|| plugin.hear().map_err(PluginError::talk))
}

fn encode(command: &str, arguments: &[&str], body: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(STANDARD_NO_PAD.encode(body));
    // The body, its line ends, and the first line: growth would leave copies behind.
    let words: usize = arguments.iter().map(|word| word.len() + 1).sum();
    let room = body.len() + body.len() / COLUMNS + command.len() + words + 8;
    let mut text = Zeroizing::new(String::with_capacity(room));
    // A text takes whatever is written to it.
    let _ = write!(text, "-> {command}");
    for argument in arguments {
        let _ = write!(text, " {argument}");
    }
    text.push('\n');
    let mut rest = body.as_str();
    while let Some((line, more)) = rest.split_at_checked(COLUMNS) {
        text.push_str(line);
        text.push('\n');
        rest = more;
    }
    text.push_str(rest);
    text.push('\n');
    text
}

fn decode(
    mut line: impl FnMut() -> Result<Zeroizing<String>, PluginError>,
) -> Result<Said, PluginError> {
    let first = line()?;
    let mut words = first.strip_prefix("-> ").ok_or(PluginError::Garbled)?.split(' ');
    let command = words.next().filter(|word| !word.is_empty()).ok_or(PluginError::Garbled)?;
    let command = command.to_owned();
    let arguments: Vec<String> = words.map(str::to_owned).collect();
    if arguments.iter().any(String::is_empty) {
        return Err(PluginError::Garbled);
    }
    let mut encoded = Zeroizing::new(String::with_capacity(4096));
    for _ in 0..LINES {
        let part = line()?;
        encoded.push_str(&part);
        if part.len() < COLUMNS {
            let body = STANDARD_NO_PAD.decode(encoded.as_bytes());
            let body = Zeroizing::new(body.map_err(|_| PluginError::Garbled)?);
            return Ok(Said { command, arguments, body });
        }
        if part.len() > COLUMNS {
            return Err(PluginError::Garbled);
        }
    }
    Err(PluginError::Garbled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Said, PluginError> {
        let mut lines = text.lines();
        decode(|| {
            lines.next().map(|line| Zeroizing::new(line.to_owned())).ok_or(PluginError::Garbled)
        })
    }

    #[test]
    fn bodies_end_with_a_short_line() {
        assert_eq!(encode("done", &[], b"").as_str(), "-> done\n\n");
        assert_eq!(encode("msg", &["a", "b"], b"hi").as_str(), "-> msg a b\naGk\n");
        let full = encode("x", &[], &[0; 48]);
        assert_eq!(full.as_str(), format!("-> x\n{}\n\n", "A".repeat(64)));
    }

    #[test]
    fn what_is_no_stanza_is_refused() {
        for text in ["", "done\n\n", "-> \n\n", "-> a  b\n\n", "-> a\n!\n", "-> a\n"] {
            assert!(read(text).is_err(), "{text:?}");
        }
        assert!(read(&format!("-> a\n{}\n\n", "A".repeat(65))).is_err());
    }

    proptest! {
        #[test]
        fn what_is_said_is_heard(
            command in "[a-z-]{1,12}",
            arguments in prop::collection::vec("[!-~]{1,20}", 0..4),
            body in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let said = read(&encode(&command, &words, &body)).unwrap();
            prop_assert_eq!(said.command, command);
            prop_assert_eq!(&said.arguments, &arguments);
            prop_assert_eq!(&*said.body, &body);
        }

        #[test]
        fn no_text_ends_it(text in "[-> a-zA-Z0-9+/\n]{0,300}") {
            let _ = read(&text);
        }
    }
}
