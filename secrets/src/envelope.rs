//! age files, opened and sealed in memory.
//!
//! What is opened is wiped; what is sealed goes to every recipient or to none. A header tells how many recipients a file
//! has, though not who they are, so that nobody is shut out of a file by a rewrite. Deliberately absent: files.

use crate::identity::{Key, Recipient, as_age};
use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::{DecryptError, EncryptError};
use sanctum_types::Secret;
use std::io::{Read as _, Write as _};
use zeroize::Zeroizing;

/// The hardest passphrase that is tried, as a power of two: `age -p` writes 18, and 22 is 4 GiB of memory.
const HARDEST: u8 = 20;
/// The header's last line (age-encryption.org/v1).
const END: &[u8] = b"---";

/// Opens an age file, binary or armored.
///
/// # Errors
/// None of the keys opens it, as none opens what a passphrase locks; or it is damaged.
pub fn open(sealed: &[u8], keys: &[Key]) -> Result<Zeroizing<Vec<u8>>, Box<DecryptError>> {
    let decryptor = age::Decryptor::new_buffered(ArmoredReader::new(sealed)).map_err(Box::new)?;
    let reader = decryptor.decrypt(keys.iter().map(Key::as_identity)).map_err(Box::new)?;
    plain(reader, sealed.len())
}

/// Opens an age file that a passphrase locks.
///
/// # Errors
/// It is another passphrase or another kind of file.
pub fn open_with_passphrase(
    sealed: &[u8],
    passphrase: &Secret<String>,
) -> Result<Zeroizing<Vec<u8>>, Box<DecryptError>> {
    let decryptor = age::Decryptor::new_buffered(ArmoredReader::new(sealed)).map_err(Box::new)?;
    let mut identity = age::scrypt::Identity::new(as_age(passphrase));
    identity.set_max_work_factor(HARDEST);
    let all = std::iter::once(&identity as &dyn age::Identity);
    plain(decryptor.decrypt(all).map_err(Box::new)?, sealed.len())
}

fn plain(
    mut reader: impl std::io::Read,
    sealed: usize,
) -> Result<Zeroizing<Vec<u8>>, Box<DecryptError>> {
    // The plaintext is shorter than the file: whoever read that has set the limit, and the buffer never grows and leaves
    // no copy.
    let mut bytes = Zeroizing::new(Vec::with_capacity(sealed + 1));
    reader.read_to_end(&mut bytes).map_err(|source| Box::new(DecryptError::Io(source)))?;
    Ok(bytes)
}

/// Seals bytes for the recipients, in armor when asked to.
///
/// # Errors
/// There are no recipients.
pub fn seal(
    bytes: &[u8],
    recipients: &[Recipient],
    format: Format,
) -> Result<Vec<u8>, Box<EncryptError>> {
    let all = recipients.iter().map(|one| &**one as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(all).map_err(Box::new)?;
    write(encryptor, bytes, format).map_err(|source| Box::new(EncryptError::Io(source)))
}

/// Seals bytes with a passphrase.
///
/// # Errors
/// Memory is short.
pub fn seal_with_passphrase(
    bytes: &[u8],
    passphrase: &Secret<String>,
) -> Result<Vec<u8>, Box<EncryptError>> {
    let encryptor = age::Encryptor::with_user_passphrase(as_age(passphrase));
    write(encryptor, bytes, Format::Binary).map_err(|source| Box::new(EncryptError::Io(source)))
}

fn write(encryptor: age::Encryptor, bytes: &[u8], format: Format) -> std::io::Result<Vec<u8>> {
    let mut sealed = Vec::new();
    let mut writer = encryptor.wrap_output(ArmoredWriter::wrap_output(&mut sealed, format)?)?;
    writer.write_all(bytes)?;
    writer.finish()?.finish()?;
    Ok(sealed)
}

/// Whether bytes are an age file, going by how it begins.
#[must_use]
pub fn is_sealed(bytes: &[u8]) -> bool {
    bytes.starts_with(b"age-encryption.org/") || matches!(format_of(bytes), Format::AsciiArmor)
}

/// Whether the file is armored.
#[must_use]
pub fn format_of(sealed: &[u8]) -> Format {
    if sealed.starts_with(b"-----BEGIN AGE") { Format::AsciiArmor } else { Format::Binary }
}

/// How many recipients a file has, going by its header; stanzas that are there only to be skipped are not counted.
#[must_use]
pub fn recipients_of(sealed: &[u8]) -> usize {
    let mut header = Vec::new();
    // A broken armor has no header that could be counted; opening it says so better.
    let _ = ArmoredReader::new(sealed).read_to_end(&mut header);
    header
        .split(|byte| *byte == b'\n')
        .take_while(|line| !line.starts_with(END))
        .filter_map(|line| line.strip_prefix(b"-> "))
        .filter(|line| {
            let kind = line.split(|byte| *byte == b' ').next().unwrap_or_default();
            !kind.ends_with(b"-grease")
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_is_opened_whole() {
        // A recovery bundle of a few dozen long secrets has as much.
        let bytes: Vec<u8> = (0..9_u32 << 20).map(|n| n.to_le_bytes()[1]).collect();
        let identity = age::x25519::Identity::generate();
        let sealed = seal(&bytes, &[Box::new(identity.to_public())], Format::Binary).unwrap();
        assert!(*open(&sealed, &[Key::Native(identity)]).unwrap() == bytes);
    }

    #[test]
    fn nobody_is_made_to_work_for_a_passphrase_without_end() {
        let words = Secret::new("correct horse".to_owned());
        for (factor, tried) in [(2, true), (HARDEST + 1, false), (63, false)] {
            // A header as another writer makes it, with a key and a sum that no passphrase fits.
            let (salt, key) = ("A".repeat(22), "A".repeat(43));
            let text = format!(
                "age-encryption.org/v1\n-> scrypt {salt} {factor}\n{key}\n--- {key}\n{}",
                "\0".repeat(32)
            );
            let refused = open_with_passphrase(text.as_bytes(), &words).unwrap_err();
            let hard = matches!(*refused, DecryptError::ExcessiveWork { .. });
            assert_eq!(hard, !tried, "{factor}: {refused:?}");
        }
        // 2^20 blocks of 8 times 128 bytes are 1 GiB (RFC 7914).
        assert_eq!(HARDEST, 20);
    }
}
