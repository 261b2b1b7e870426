//! The original's exit codes (getsops/sops, cmd/sops/codes/codes.go), which `sanctum sops` keeps.

use crate::failure::{Exit, Failure};
use sanctum_secrets::sops::SopsError;
use sanctum_secrets::sops::config::ConfigError;
use sanctum_secrets::sops::datakey::DataKeyError;
use sanctum_secrets::sops::selectors::SelectorError;
use sanctum_secrets::sops::text::TextError;
use std::error::Error;

/// Something failed that has no code of its own.
pub(super) const GENERIC: u8 = 1;
/// The input cannot be read as its format.
pub(super) const INPUT: u8 = 2;
/// The output cannot be written.
pub(super) const OUTPUT: u8 = 3;
/// The document cannot be written in the format.
pub(super) const DUMP: u8 = 4;
/// The value or index of `set` cannot be read.
pub(super) const SET_FORMAT: u8 = 7;
/// Flags that contradict each other.
pub(super) const CONFLICT: u8 = 8;
/// A value does not decrypt.
pub(super) const DECRYPT_TREE: u8 = 25;
/// The MAC does not match.
pub(super) const MAC: u8 = 51;
/// The index of `--extract` cannot be read.
pub(super) const INDEX: u8 = 91;
/// There is no file, or none was named.
pub(super) const NO_FILE: u8 = 100;
/// No key opens the file.
pub(super) const NO_KEY: u8 = 128;
/// The editor left everything as it was.
pub(super) const UNCHANGED: u8 = 200;
/// No editor, or one that failed.
pub(super) const EDITOR: u8 = 201;
/// The file is encrypted already.
pub(super) const ENCRYPTED: u8 = 203;

/// A failure with one of these codes.
pub(super) fn failed(code: u8, error: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
    Failure::new(Exit::Protocol(code), error)
}

/// A document that could not be opened, changed or closed.
pub(super) fn of(error: SopsError) -> Failure {
    let code = match &error {
        SopsError::Value(_) => DECRYPT_TREE,
        SopsError::MacUnreadable | SopsError::MacMismatch => MAC,
        SopsError::DataKey(DataKeyError::NotOpened(_)) => NO_KEY,
        SopsError::AlreadyEncrypted => ENCRYPTED,
        SopsError::Text(_)
        | SopsError::NotUtf8
        | SopsError::Metadata(_)
        | SopsError::DataKey(_)
        | SopsError::Seal(_)
        | SopsError::Host(_) => GENERIC,
    };
    let hint = match &error {
        SopsError::MacMismatch => {
            "compare with the last version you trust; --ignore-mac shows what is there"
        }
        SopsError::AlreadyEncrypted => "`sanctum sops edit FILE` changes an encrypted file",
        SopsError::DataKey(DataKeyError::NotOpened(_)) => {
            "set SOPS_AGE_KEY_FILE to the file that holds one of these identities"
        }
        SopsError::Text(TextError::Conflict { .. }) => "finish the merge, then say it again",
        _ => return failed(code, error),
    };
    failed(code, error).hint(hint)
}

/// A document that is to be encrypted and cannot be read.
pub(super) fn of_input(error: SopsError) -> Failure {
    match error {
        SopsError::Text(_) | SopsError::NotUtf8 => {
            let failure = of(error);
            Failure { exit: Exit::Protocol(INPUT), ..failure }
        }
        error => of(error),
    }
}

/// A configuration that says nothing useful.
pub(super) fn of_config(error: ConfigError) -> Failure {
    match error {
        ConfigError::Selector(error) => of_selector(error),
        error => failed(GENERIC, error),
    }
}

/// Selectors that cannot hold.
pub(super) fn of_selector(error: SelectorError) -> Failure {
    let code = match &error {
        SelectorError::Several(..) => CONFLICT,
        SelectorError::Expression { .. } => GENERIC,
    };
    failed(code, error)
}
