//! Wrapping a data key, or a share of one, for an age recipient: `age1..`, `ssh-ed25519 ..`, `ssh-rsa ..`.
//!
//! Each recipient gets an age file of its own, armoured, as the original writes it.

use age::armor::{ArmoredWriter, Format};
use std::io::Write as _;

/// Why a recipient cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecipientError {
    /// A kind that needs a program or a newer age.
    #[error("{0} is a recipient of a plugin or of a later age, which sanctum does not speak")]
    Unsupported(String),
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
    // Bech32 ends its readable part at the last `1`; a plugin's name stands between two.
    if text.starts_with("age1") && text.matches('1').count() > 1 {
        return Err(RecipientError::Unsupported(text.to_owned()));
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
    let failed = |source| RecipientError::Wrap { recipient: recipient.to_owned(), source };
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&*parsed))
        .map_err(|error| failed(std::io::Error::other(error.to_string())))?;
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

/// The recipients of a list with commas.
#[must_use]
pub fn listed(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
}
