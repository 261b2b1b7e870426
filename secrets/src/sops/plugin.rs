//! Plugins of age: recipients `age1NAME1..` and identities `AGE-PLUGIN-NAME-1..` that the program `age-plugin-NAME` speaks for.
//!
//! The protocol is C2SP's age-plugin.md, versions `recipient-v1` and `identity-v1`. The program is found on the PATH and
//! trusted as every command of the owner's; it is given an identity or a file key on its standard input only. It may ask
//! a [`Person`]; when there is nobody its question fails, and one that says nothing is killed. Deliberately absent:
//! `age`'s own client of plugins, which waits without end and runs whatever the PATH names.

mod wire;

use super::person::{Person, printable};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use age_core::secrecy::ExposeSecret as _;
use sanctum_host::HostError;
use sanctum_host::conversation::Conversation;
use sanctum_types::{Secret, bech32};
use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;
use wire::Said;

/// How long a plugin may say nothing: a key that waits for a touch blinks for 15 seconds (Yubico, "touch policy"), and a
/// person looks for it before that.
const PATIENCE: Duration = Duration::from_secs(60);
/// Questions and messages of one conversation, so that none goes on for ever.
const TURNS: usize = 64;

/// Why a plugin did not do it.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// It is not there, not trusted, silent or gone.
    #[error(transparent)]
    Talk(Box<HostError>),
    /// What it says is no stanza of the protocol.
    #[error("what it says is not the language of age plugins")]
    Garbled,
    /// It says why.
    #[error("it says: {0}")]
    Said(String),
    /// It asked somebody.
    #[error("it asks `{0}`, and there is no terminal to ask on or no answer was given")]
    Asked(String),
    /// It ended without having done it.
    #[error("it did not do it, and does not say why")]
    Nothing,
}

impl PluginError {
    fn talk(source: HostError) -> Self {
        Self::Talk(Box::new(source))
    }

    /// Whether there is no such program.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Talk(error) if matches!(&**error, HostError::Io { source, .. }
            if source.kind() == std::io::ErrorKind::NotFound))
    }
}

/// The name of the plugin that a recipient is for, and whether the text is sound; none for age's own recipients.
///
/// Bech32 ends its readable part at the last `1`; a plugin's name stands between two.
#[must_use]
pub fn recipient_plugin(text: &str) -> Option<String> {
    let (readable, _) = text.rsplit_once('1')?;
    named(readable.strip_prefix("age1")?)
}

/// The name of the plugin that an identity is for; none for age's own identities.
#[must_use]
pub fn identity_plugin(text: &str) -> Option<String> {
    let (readable, _) = text.rsplit_once('1')?;
    named(&readable.strip_prefix("AGE-PLUGIN-")?.strip_suffix('-')?.to_ascii_lowercase())
}

fn named(name: &str) -> Option<String> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-._".contains(c);
    (!name.is_empty() && name.chars().all(good)).then(|| name.to_owned())
}

/// The program of a plugin.
#[must_use]
pub fn program(name: &str) -> String {
    format!("age-plugin-{name}")
}

/// The identity of the plugin `pq` that a post-quantum identity of age 1.3 is the same as: the same bytes under another
/// name, as `age-plugin-pq -identity` writes it (filippo.io/age, extra/age-plugin-pq). None for anything else.
#[must_use]
pub fn post_quantum(text: &str) -> Option<Secret<String>> {
    const NAME: &str = "AGE-PLUGIN-PQ-";
    let coded =
        text.strip_prefix("AGE-SECRET-KEY-PQ-1").filter(|_| bech32::holds(text.as_bytes()))?;
    let (bytes, _) = coded.split_at_checked(coded.len().checked_sub(bech32::CHECKSUM)?)?;
    let sum = bech32::checksum(NAME, bytes)?;
    Some(Secret::new(format!("{NAME}1{bytes}{sum}")))
}

/// Starts the plugin of that name in one of its two trades.
fn start(name: &str, trade: &str) -> Result<Conversation, PluginError> {
    let words = [program(name), format!("--age-plugin={trade}")];
    Conversation::start(&words, PATIENCE).map_err(PluginError::talk)
}

/// Answers a plugin until it says that it is done; `own` takes what belongs to the trade.
fn answer(
    plugin: &mut Conversation,
    person: Person,
    mut own: impl FnMut(Said) -> bool,
) -> Result<(), PluginError> {
    let mut failure = None;
    for _ in 0..TURNS {
        let said = wire::receive(plugin)?;
        let mut unanswered = |said: &Said| {
            failure.get_or_insert(PluginError::Asked(said.text()));
        };
        match said.command.as_str() {
            "done" => return failure.map_or(Ok(()), Err),
            "msg" => {
                let word = if person.tell(&said.text()) { "ok" } else { "fail" };
                wire::send(plugin, word, &[], b"")?;
            }
            "request-secret" | "request-public" => match person.secret(&said.text()) {
                Some(typed) => wire::send(plugin, "ok", &[], typed.expose().as_bytes())?,
                None => {
                    unanswered(&said);
                    wire::send(plugin, "fail", &[], b"")?;
                }
            },
            "confirm" => match confirmed(person, &said) {
                Some(yes) => wire::send(plugin, "ok", &[if yes { "yes" } else { "no" }], b"")?,
                None => {
                    unanswered(&said);
                    wire::send(plugin, "fail", &[], b"")?;
                }
            },
            "error" => {
                failure.get_or_insert_with(|| PluginError::Said(said.text()));
                wire::send(plugin, "ok", &[], b"")?;
            }
            _ => {
                let word = if own(said) { "ok" } else { "unsupported" };
                wire::send(plugin, word, &[], b"")?;
            }
        }
    }
    Err(PluginError::Garbled)
}

fn confirmed(person: Person, said: &Said) -> Option<bool> {
    use base64::Engine as _;
    let word = |text: &String| {
        let bytes = base64::engine::general_purpose::STANDARD_NO_PAD.decode(text).ok()?;
        Some(printable(&String::from_utf8_lossy(&bytes)))
    };
    let yes = said.arguments.first().and_then(word)?;
    let no = said.arguments.get(1).and_then(word);
    person.choice(&said.text(), &yes, no.as_deref())
}

/// A recipient of a plugin.
pub(crate) struct PluginRecipient {
    pub(crate) name: String,
    pub(crate) recipient: String,
    pub(crate) person: Person,
}

impl PluginRecipient {
    fn wrap(&self, key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), PluginError> {
        let plugin = &mut start(&self.name, "recipient-v1")?;
        wire::send(plugin, "add-recipient", &[&self.recipient], b"")?;
        wire::send(plugin, "extension-labels", &[], b"")?;
        wire::send(plugin, "wrap-file-key", &[], key.expose_secret())?;
        wire::send(plugin, "done", &[], b"")?;
        let (mut stanzas, mut labels) = (Vec::new(), HashSet::new());
        answer(plugin, self.person, |said| match said.command.as_str() {
            "recipient-stanza" => said.into_stanza().map(|stanza| stanzas.push(stanza)).is_some(),
            "labels" => {
                labels.extend(said.arguments);
                true
            }
            _ => false,
        })?;
        if stanzas.is_empty() { Err(PluginError::Nothing) } else { Ok((stanzas, labels)) }
    }
}

impl age::Recipient for PluginRecipient {
    fn wrap_file_key(
        &self,
        file_key: &FileKey,
    ) -> Result<(Vec<Stanza>, HashSet<String>), age::EncryptError> {
        self.wrap(file_key).map_err(|error| age::EncryptError::Io(std::io::Error::other(error)))
    }
}

/// An identity of a plugin; what goes wrong with it becomes a remark, because another one may still open the file.
pub(crate) struct PluginIdentity {
    pub(crate) name: String,
    pub(crate) identity: Secret<String>,
    pub(crate) person: Person,
    pub(crate) remarks: Rc<RefCell<Vec<String>>>,
}

impl PluginIdentity {
    fn unwrap(&self, stanzas: &[Stanza]) -> Result<Option<FileKey>, PluginError> {
        let plugin = &mut start(&self.name, "identity-v1")?;
        wire::send(plugin, "add-identity", &[self.identity.expose()], b"")?;
        for stanza in stanzas {
            let mut arguments = vec!["0", stanza.tag.as_str()];
            arguments.extend(stanza.args.iter().map(String::as_str));
            wire::send(plugin, "recipient-stanza", &arguments, &stanza.body)?;
        }
        wire::send(plugin, "done", &[], b"")?;
        let mut key = None;
        answer(plugin, self.person, |said| {
            let file = said.arguments.first().map(String::as_str);
            let bytes = <[u8; FILE_KEY_BYTES]>::try_from(&**said.body);
            match (said.command.as_str(), file, bytes) {
                ("file-key", Some("0"), Ok(bytes)) if key.is_none() => {
                    key = Some(FileKey::new(Box::new(bytes)));
                    true
                }
                _ => false,
            }
        })
        .or_else(|error| if key.is_some() { Ok(()) } else { Err(error) })?;
        Ok(key)
    }
}

impl age::Identity for PluginIdentity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, age::DecryptError>> {
        self.unwrap_stanzas(std::slice::from_ref(stanza))
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, age::DecryptError>> {
        match self.unwrap(stanzas) {
            Ok(key) => key.map(Ok),
            Err(error) => {
                let program = program(&self.name);
                let told = if error.is_missing() {
                    format!("an identity needs the program {program}, which is not on the PATH")
                } else {
                    format!("{program}: {}", sanctum_types::chain(&error))
                };
                self.remarks.borrow_mut().push(told);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_between_the_ones() {
        for (text, name) in [
            ("age1yubikey1qxyz", Some("yubikey")),
            ("age1pq1qqqq", Some("pq")),
            ("age1x-y.z1q", Some("x-y.z")),
            ("age1qqqq", None),
            ("age11q", None),
            ("age1../../x1q", None),
            ("ssh-ed25519 AAAA", None),
        ] {
            assert_eq!(recipient_plugin(text).as_deref(), name, "{text}");
        }
        for (text, name) in [
            ("AGE-PLUGIN-YUBIKEY-1QXYZ", Some("yubikey")),
            ("AGE-PLUGIN-X-Y-1Q", Some("x-y")),
            ("AGE-SECRET-KEY-1QQQ", None),
            ("AGE-PLUGIN-1QQQ", None),
        ] {
            assert_eq!(identity_plugin(text).as_deref(), name, "{text}");
        }
    }

    #[test]
    fn a_post_quantum_identity_is_one_of_a_plugin_under_another_name() {
        // The identity of age-keygen(1)'s own example.
        let native =
            "AGE-SECRET-KEY-PQ-1K30MYPZAHAXHR22YHH27EGDVLU0QNSUH3DSV7J7NR3X6D9LHXNWSDLTV4T";
        let ours = post_quantum(native).unwrap();
        assert!(bech32::holds(ours.expose().as_bytes()), "{}", ours.expose());
        assert_eq!(identity_plugin(ours.expose()).as_deref(), Some("pq"));
        let bytes = |text: &str| text.rsplit_once('1').unwrap().1.split_at(52).0.to_owned();
        assert_eq!(bytes(ours.expose()), bytes(native));
        assert!(post_quantum(&native.replace("K30M", "K3QM")).is_none());
        assert!(post_quantum("AGE-SECRET-KEY-PQ-1").is_none());
    }
}
