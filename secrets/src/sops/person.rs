//! Who is asked for a passphrase or by a plugin: whoever sits at the terminal, or nobody.
//!
//! A question is put to the terminal that the process really has and never read from standard input; where there is
//! none, or nobody is to be asked, there is no answer, so that a service never waits for one.

use age::secrecy::SecretString;
use sanctum_host::{passphrase, private_io};
use sanctum_types::Secret;
use std::sync::{Arc, OnceLock};

/// Who is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Person {
    /// Nobody: a service.
    #[default]
    Nobody,
    /// Whoever sits at the terminal, if there is one.
    Terminal,
}

impl Person {
    /// What was typed, without being shown.
    pub(crate) fn secret(self, question: &str) -> Option<Secret<String>> {
        if self == Self::Nobody {
            return None;
        }
        let mut typed = passphrase::ask(&printable(question)).ok().flatten()?;
        Some(Secret::new(std::mem::take(&mut *typed)))
    }

    /// Whether the first of two choices was typed; none when neither was.
    pub(crate) fn choice(self, question: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let choices = no.map_or_else(|| format!("[{yes}]"), |no| format!("[{yes}/{no}]"));
        let typed = self.secret(&format!("{question} {choices}"))?;
        match typed.expose().trim() {
            typed if typed.eq_ignore_ascii_case(yes) => Some(true),
            typed if no.is_some_and(|no| typed.eq_ignore_ascii_case(no)) => Some(false),
            _ => None,
        }
    }

    /// Tells something; whether anybody can have seen it.
    pub(crate) fn tell(self, text: &str) -> bool {
        let line = format!("{}\n", printable(text));
        self == Self::Terminal && private_io::write_terminal(line.as_bytes()).unwrap_or(false)
    }
}

/// A text of another program, without what would act on a terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(512).collect()
}

/// Asks for the passphrase of one key, once; what age calls when a stanza is for that key.
#[derive(Clone)]
pub(crate) struct Unlock {
    person: Person,
    place: String,
    typed: Arc<OnceLock<Option<Secret<String>>>>,
}

impl Unlock {
    pub(crate) fn new(person: Person, place: &str) -> Self {
        Self { person, place: place.to_owned(), typed: Arc::default() }
    }

    /// The passphrase.
    pub(crate) fn passphrase(&self) -> Option<&Secret<String>> {
        let ask = || self.person.secret(&format!("passphrase of {}:", self.place));
        self.typed.get_or_init(ask).as_ref()
    }
}

impl age::Callbacks for Unlock {
    fn display_message(&self, message: &str) {
        self.person.tell(message);
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        self.person.choice(message, yes, no)
    }

    fn request_public_string(&self, _description: &str) -> Option<String> {
        None
    }

    fn request_passphrase(&self, _description: &str) -> Option<SecretString> {
        self.passphrase().map(crate::identity::as_age)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_answers_nothing_and_waits_for_nothing() {
        let nobody = Person::Nobody;
        assert!(nobody.secret("why?").is_none());
        assert_eq!(nobody.choice("why?", "yes", Some("no")), None);
        assert!(!nobody.tell("so"));
        assert!(Unlock::new(nobody, "key").passphrase().is_none());
        assert_eq!(printable("a\u{1b}[2Jb\nc"), "a[2Jbc");
    }
}
