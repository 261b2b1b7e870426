//! Wrapping a data key, or a share of one, for an age recipient: `age1..`, `age1NAME1..`, `ssh-ed25519 ..`, `ssh-rsa ..`.
//!
//! Each recipient gets an age file of its own, armoured, as the original writes it. For one of a plugin its program must
//! be there; `age1pq1..`, the post-quantum recipients of age 1.3, are such ones here: the `age` crate has none of them.

use super::person::Person;
use super::plugin::{self, PluginRecipient};
use age::armor::{ArmoredWriter, Format};
use sanctum_types::bech32;
use std::io::Write as _;

/// Why a recipient cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecipientError {
    /// A plugin's recipient, and the plugin is not there.
    #[error("{recipient} needs the program age-plugin-{name}, which is not on the PATH{more}")]
    NoPlugin {
        /// For whom.
        recipient: String,
        /// The plugin.
        name: String,
        /// What else there is to know of that plugin.
        more: &'static str,
    },
    /// It is no recipient.
    #[error("`{0}` is no age recipient and no ssh-ed25519 or ssh-rsa public key")]
    Malformed(String),
    /// age could not encrypt for it.
    #[error("the data key cannot be encrypted for {recipient}")]
    Wrap {
        /// For whom.
        recipient: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Reads a recipient.
fn parse(text: &str) -> Result<Box<dyn age::Recipient>, RecipientError> {
    let malformed = || RecipientError::Malformed(text.to_owned());
    if text.starts_with("ssh-") {
        let recipient: age::ssh::Recipient = text.parse().map_err(|_| malformed())?;
        return Ok(Box::new(recipient));
    }
    if let Some(name) = plugin::recipient_plugin(text) {
        if !bech32::holds(text.as_bytes()) {
            return Err(malformed());
        }
        // What it may ask is asked at the terminal; a service has none.
        let (recipient, person) = (text.to_owned(), Person::Terminal);
        return Ok(Box::new(PluginRecipient { name, recipient, person }));
    }
    let recipient: age::x25519::Recipient = text.parse().map_err(|_| malformed())?;
    Ok(Box::new(recipient))
}

/// Whether that is a recipient that a data key can be wrapped for.
pub fn check(recipient: &str) -> Result<(), RecipientError> {
    parse(recipient).map(drop)
}

/// An armoured age file that holds the part.
pub fn wrap(recipient: &str, part: &[u8]) -> Result<String, RecipientError> {
    let parsed = parse(recipient)?;
    let failed = |source| why(recipient, source);
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&*parsed)).map_err(
        |error| match error {
            age::EncryptError::Io(error) => failed(error),
            error => failed(std::io::Error::other(error.to_string())),
        },
    )?;
    let write = || -> std::io::Result<Vec<u8>> {
        let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
        let mut writer = encryptor.wrap_output(armor)?;
        writer.write_all(part)?;
        writer.finish()?.finish()
    };
    let mut text = String::from_utf8(write().map_err(failed)?)
        .map_err(|error| failed(std::io::Error::other(error)))?;
    // Go's armour ends its last line.
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// What is missing is said by its name.
fn why(recipient: &str, source: std::io::Error) -> RecipientError {
    let missing = source
        .get_ref()
        .and_then(|error| error.downcast_ref::<plugin::PluginError>())
        .is_some_and(plugin::PluginError::is_missing);
    match plugin::recipient_plugin(recipient) {
        Some(name) if missing => {
            let more = if name == "pq" { POST_QUANTUM } else { "" };
            RecipientError::NoPlugin { recipient: recipient.to_owned(), name, more }
        }
        _ => RecipientError::Wrap { recipient: recipient.to_owned(), source },
    }
}

/// Where the plugin of post-quantum recipients comes from.
const POST_QUANTUM: &str = " (a post-quantum recipient; the program comes with age 1.3)";

/// The recipients of a list with commas.
#[must_use]
pub fn listed(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
}
