//! The key that opens a vault with nobody there: in a file of its account, or in a store, by reference.
//!
//! A reference is resolved as everywhere in the house; which stores this account has, the approved instance says. The key is made, put and read here,
//! and is in no argument and no message. Deliberately absent: what keeps a service from starting.

use crate::args::Common;
use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::session::Opened;
use crate::surroundings::Surroundings;
use sanctum_host::{files, passphrase};
use sanctum_orchestrator::house::layout;
use sanctum_secrets::house::{Everywhere, first_identity};
use sanctum_secrets::resolve::{Places, resolve_line};
use sanctum_secrets::stores::{Reading, Store as _, Value};
use sanctum_types::{AbsPath, SecretRef};
use sanctum_vault::keys::Opener;
use std::fmt;
use std::path::Path;
use zeroize::Zeroizing;

/// A key file holds 64 digits and a line break.
const KEY_FILE: u64 = 256;

/// Where the key is.
pub(crate) enum KeyPlace<'a> {
    /// In a file.
    File(&'a Path),
    /// In a store.
    Secret(SecretRef),
}

impl fmt::Display for KeyPlace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Secret(reference) => reference.fmt(f),
        }
    }
}

impl<'a> KeyPlace<'a> {
    /// The one of the two options that was given. What is no reference is not repeated: it may be the key.
    pub(crate) fn of(
        file: Option<&'a Path>,
        reference: Option<&str>,
    ) -> Result<Option<Self>, Failure> {
        match (file, reference) {
            (Some(path), _) => Ok(Some(Self::File(path))),
            (None, None) => Ok(None),
            (None, Some(text)) => match SecretRef::try_from(text.to_owned()) {
                Ok(reference) => Ok(Some(Self::Secret(reference))),
                Err(why) => Err(Failure::new(Exit::Usage, why)
                    .hint("--key-ref keychain:SERVICE/ACCOUNT, age:FILE or sops:FILE#KEY")),
            },
        }
    }

    /// The text of the key that is there; nothing else is taken for one.
    pub(crate) fn text(&self, at: &At<'_>) -> Result<Zeroizing<String>, Failure> {
        let text = match self {
            Self::File(path) => {
                let bytes = passphrase::read_key(path, KEY_FILE)?;
                Zeroizing::new(std::str::from_utf8(&bytes)?.to_owned())
            }
            Self::Secret(reference) => {
                let value = resolve_line(reference, &at.places()?).map_err(|error| {
                    let way_out = error.way_out();
                    way_out.into_iter().fold(Failure::failed(error), Failure::hint)
                })?;
                Zeroizing::new(value.expose().clone())
            }
        };
        self.opener_of(&text).map(|_| text)
    }

    /// The same as an opener.
    pub(crate) fn opener(&self, at: &At<'_>) -> Result<Opener, Failure> {
        self.opener_of(&self.text(at)?)
    }

    fn opener_of(&self, text: &str) -> Result<Opener, Failure> {
        Opener::key(text.as_bytes())
            .ok_or_else(|| Failure::refused(format!("{self} is no key of a vault")))
    }

    /// The key that is there, or a new one that is put there; and whether it is new.
    pub(crate) fn made(&self, at: &At<'_>) -> Result<(Zeroizing<String>, bool), Failure> {
        let there = match self {
            Self::File(path) => files::is_there(path),
            Self::Secret(reference) => stands(reference, &at.places()?)?,
        };
        if there {
            return Ok((self.text(at)?, false));
        }
        let (_, text) = Opener::new_key()?;
        match self {
            Self::File(path) => files::write_new(path, text.as_bytes())?,
            Self::Secret(reference) => put(reference, text.trim_end(), &at.places()?)?,
        }
        Ok((text, true))
    }
}

/// Whether the store has it. One that does not answer is not an empty one.
fn stands(reference: &SecretRef, places: &Places) -> Result<bool, Failure> {
    match Everywhere(places).get(reference) {
        Reading::Present(_) => Ok(true),
        Reading::Absent => Ok(false),
        Reading::Unreachable(why) => {
            let way_out = why.way_out();
            Err(way_out.into_iter().fold(Failure::failed(why), Failure::hint))
        }
    }
}

/// Puts a new key where a store takes one; it reads it back.
fn put(reference: &SecretRef, text: &str, places: &Places) -> Result<(), Failure> {
    first_identity::ensure(places, [reference])?;
    let value = Value::new(text.as_bytes().to_vec());
    Everywhere(places).put(reference, &value).map_err(|error| {
        let way_out = error.way_out();
        let failure = Failure::refused(error)
            .hint("put one there yourself, 64 hexadecimal digits (openssl rand -hex 32), and do this again");
        way_out.into_iter().fold(failure, Failure::hint)
    })
}

/// Whose stores are asked.
pub(crate) struct At<'a> {
    /// A directory that stands for the machine.
    pub(crate) root: Option<&'a Path>,
    /// The account.
    pub(crate) around: &'a Surroundings,
}

impl At<'_> {
    /// Of a directory that stands for a machine, of the machine for root, and else of the account.
    fn places(&self) -> Result<Places, Failure> {
        let nowhere = || Failure::new(Exit::Usage, "there is no home directory to keep secrets in");
        if let Some(root) = self.root {
            return Places::machine(&std::path::absolute(root)?).ok_or_else(nowhere);
        }
        let mut places = if self.around.euid == 0 {
            Places::machine(Path::new("/")).ok_or_else(nowhere)?
        } else {
            let home = self.around.home().ok_or_else(nowhere)?;
            Places::person(&AbsPath::new(home.to_string_lossy())?).ok_or_else(nowhere)?
        };
        places.session_bus.clone_from(&self.around.session_bus);
        // Only the approved instance counts, for a job and for its owner alike: else the two would look in different places.
        if files::is_there(Path::new(layout::APPROVED_INSTANCE)) {
            let quiet = Out { json: true, quiet: true };
            let approved = Opened::read_approved(&Common::default(), quiet)?;
            approved.instance.stores.furnish(&mut places);
        }
        Ok(places)
    }
}
