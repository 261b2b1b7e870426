//! The login and the System keychain through Apple's Security framework.
//!
//! User interaction is switched off at the first call and stays off, so that a locked keychain or an item of another
//! program answers with an error and not with a dialog. Type-checked on Linux; what a Mac alone can prove is in
//! docs/on-a-mac.md.

use super::chosen::{Address, Chosen};
use super::{KeychainError, Whose};
use crate::stores::Value;
use security_framework::base::Error;
use security_framework::item::{ItemClass, ItemSearchOptions, Limit};
use security_framework::os::macos::keychain::{KeychainUserInteractionLock, SecKeychain};
use std::sync::{Mutex, PoisonError};

/// The machine's keychain: it is open to root with no session (security(1)).
const SYSTEM: &str = "/Library/Keychains/System.keychain";
/// `errSecItemNotFound` (SecBase.h).
const NOT_FOUND: i32 = -25300;
/// `errSecInteractionNotAllowed`, `errSecInteractionRequired` and `errSecAuthFailed` (SecBase.h): somebody would have to
/// unlock it, or to allow us in.
const INTERACTION: [i32; 2] = [-25308, -25315];
const NOT_LET_IN: i32 = -25293;
/// `errSecNoDefaultKeychain` and `errSecNoSuchKeychain` (SecBase.h).
const NO_KEYCHAIN: [i32; 2] = [-25307, -25294];

/// Held until this process ends. The switch is the whole process's: one that were given back after each call would show
/// the dialog of a call that another thread is in.
static QUIET: Mutex<Option<KeychainUserInteractionLock>> = Mutex::new(None);

pub(super) const fn name(whose: Whose) -> &'static str {
    match whose {
        Whose::Login => "the login keychain",
        Whose::System => "the System keychain",
    }
}

pub(super) fn get(here: &Chosen, item: &Address) -> Result<Option<Value>, KeychainError> {
    match open(here)?.find_generic_password(&item.service, &item.account) {
        Ok((found, _)) => Ok(Some(Value::new(found.to_vec()))),
        Err(error) if error.code() == NOT_FOUND => Ok(None),
        Err(error) => Err(refused(error)),
    }
}

pub(super) fn put(here: &Chosen, item: &Address, value: &Value) -> Result<(), KeychainError> {
    open(here)?.set_generic_password(&item.service, &item.account, value.expose()).map_err(refused)
}

pub(super) fn remove(here: &Chosen, item: &Address) -> Result<bool, KeychainError> {
    let here = [open(here)?];
    let mut search = ItemSearchOptions::new();
    search.class(ItemClass::generic_password()).keychains(&here);
    match search.service(&item.service).account(&item.account).delete() {
        Ok(()) => Ok(true),
        Err(error) if error.code() == NOT_FOUND => Ok(false),
        Err(error) => Err(refused(error)),
    }
}

pub(super) fn list(here: &Chosen) -> Result<Vec<Address>, KeychainError> {
    let mut search = ItemSearchOptions::new();
    let here = [open(here)?];
    search.class(ItemClass::generic_password()).keychains(&here);
    let found = match search.load_attributes(true).limit(Limit::All).search() {
        Ok(found) => found,
        Err(error) if error.code() == NOT_FOUND => Vec::new(),
        Err(error) => return Err(refused(error)),
    };
    // `svce` and `acct` are kSecAttrService and kSecAttrAccount (SecItem.h).
    let address = |mut all: std::collections::HashMap<String, String>| {
        Some(Address { service: all.remove("svce")?, account: all.remove("acct")? })
    };
    Ok(found.iter().filter_map(|one| one.simplify_dict().and_then(address)).collect())
}

/// Every verb starts here, and so does none with a dialog.
fn open(here: &Chosen) -> Result<SecKeychain, KeychainError> {
    quiet()?;
    match here.whose {
        Whose::Login => SecKeychain::default(),
        Whose::System => SecKeychain::open(SYSTEM),
    }
    .map_err(refused)
}

fn quiet() -> Result<(), KeychainError> {
    let mut held = QUIET.lock().unwrap_or_else(PoisonError::into_inner);
    if held.is_none() {
        *held = Some(SecKeychain::disable_user_interaction().map_err(refused)?);
    }
    Ok(())
}

fn refused(error: Error) -> KeychainError {
    match error.code() {
        code if INTERACTION.contains(&code) => KeychainError::Locked,
        NOT_LET_IN => KeychainError::Dialog,
        code if NO_KEYCHAIN.contains(&code) => KeychainError::NoSession,
        code => KeychainError::Answer(format!("OSStatus {code}")),
    }
}
