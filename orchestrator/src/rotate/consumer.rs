//! Who gets a value: read, looked at whether it can be written, written and read back.
//!
//! Every consumer answers with what is known of the effect and never with a value in an error. A read that fails is
//! never taken for an empty place. Deliberately absent: which value, and in which order, which are the machine's.

use super::env_text;
use super::json_text;
use super::node_file::NodeFile;
use sanctum_host::HostError;
use sanctum_host::tree::{Ids, Tree};
use sanctum_rotation::{Failure, KeyId, Material, Reason};
use sanctum_secrets::house::Everywhere;
use sanctum_secrets::resolve::Places;
use sanctum_secrets::stores::{Reading, Store as _, StoreError, Value};
use sanctum_types::{AbsPath, Mode, SecretRef};
use zeroize::Zeroizing;

/// A text that is wiped.
pub type Text = Zeroizing<String>;

/// A place that gets the value.
pub trait Consumer {
    /// What it holds; nothing where the place is there and empty.
    ///
    /// # Errors
    /// Nobody knows.
    fn read(&self) -> Result<Option<Text>, Failure>;

    /// Whether it could be written, as far as that is seen without changing anything.
    ///
    /// # Errors
    /// It could not.
    fn may_write(&self) -> Result<(), Failure>;

    /// Puts the value there, whole or not at all.
    ///
    /// # Errors
    /// It was not, or nobody knows.
    fn write(&self, given: Given<'_>) -> Result<(), Failure>;

    /// Whether the id beside the value is that of the key; a place that holds values alone has none to be wrong.
    ///
    /// # Errors
    /// Nobody knows.
    fn has_id(&self, _key: Option<&str>) -> Result<bool, Failure> {
        Ok(true)
    }
}

/// What a place is given.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// The value.
    pub value: &'a str,
    /// The public id of the key whose value it is, where it has one.
    pub key: Option<&'a str>,
}

impl<'a> Given<'a> {
    /// Of a rotation.
    #[must_use]
    pub fn of(material: &'a Material) -> Self {
        Self { value: material.value.expose(), key: material.key.as_ref().map(KeyId::as_str) }
    }
}

/// A reference of the house: a keychain, SOPS, age, a file, 1Password.
pub struct StorePlace {
    /// The stores.
    pub places: Places,
    /// The place.
    pub reference: SecretRef,
}

impl Consumer for StorePlace {
    fn read(&self) -> Result<Option<Text>, Failure> {
        match Everywhere(&self.places).get(&self.reference) {
            Reading::Absent => Ok(None),
            Reading::Present(value) => text(&value).map(Some),
            Reading::Unreachable(why) => Err(of_store(&why, Reason::Unreadable, false)),
        }
    }

    fn may_write(&self) -> Result<(), Failure> {
        let asked = Everywhere(&self.places).may_put(&self.reference);
        asked.map_err(|why| of_store(&why, Reason::Unwritable, false))
    }

    fn write(&self, given: Given<'_>) -> Result<(), Failure> {
        let value = Value::new(given.value.as_bytes().to_vec());
        let put = Everywhere(&self.places).put(&self.reference, &value);
        put.map_err(|why| of_store(&why, Reason::Unwritable, true))
    }
}

/// Keys are text; what a person or a pipe put there may end with a line break that is no part of it.
fn text(value: &Value) -> Result<Text, Failure> {
    let text = std::str::from_utf8(value.expose()).map_err(|_| Failure::Never(Reason::Shape))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    Ok(Zeroizing::new(text.strip_suffix('\r').unwrap_or(text).to_owned()))
}

/// What a store's refusal says of the effect. Only what was refused before anything was touched certainly had none.
fn of_store(why: &StoreError, reason: Reason, wrote: bool) -> Failure {
    match why {
        StoreError::Foreign { .. }
        | StoreError::Name { .. }
        | StoreError::Value { .. }
        | StoreError::Identity { .. }
        | StoreError::Closed { .. }
        | StoreError::Recipients { .. }
        | StoreError::Format { .. }
        | StoreError::NoDocument { .. }
        | StoreError::Clear { .. }
        | StoreError::NotSetUp { .. }
        | StoreError::Circle { .. } => Failure::Never(reason),
        StoreError::Token { .. } | StoreError::Away { .. } => {
            Failure::Later { reason: Reason::NoSession, after: None }
        }
        StoreError::ReadBack { .. } => Failure::Unknown(Reason::ReadBack),
        StoreError::Host { source, .. } if !wrote => of_host(source, reason),
        _ if wrote => Failure::Unknown(reason),
        _ => Failure::Later { reason, after: None },
    }
}

/// What the system's refusal says.
fn of_host(why: &HostError, reason: Reason) -> Failure {
    match why {
        HostError::Untrusted { .. } | HostError::Unsupported { .. } => Failure::Never(reason),
        HostError::Io { source, .. } => match source.kind() {
            std::io::ErrorKind::NotFound
            | std::io::ErrorKind::PermissionDenied
            | std::io::ErrorKind::ReadOnlyFilesystem
            | std::io::ErrorKind::NotADirectory => Failure::Never(reason),
            _ => Failure::Later { reason, after: None },
        },
        _ => Failure::Later { reason, after: None },
    }
}

/// What a file holds, and how another value gets into it.
pub enum Form {
    /// A text at these keys of a JSON document.
    Json(String),
    /// A variable.
    Env(String),
}

impl Form {
    pub(super) fn get(&self, file: &[u8]) -> Result<Option<Text>, Failure> {
        match self {
            Self::Json(keys) => {
                json_text::get(file, keys).map(Some).map_err(|_| Failure::Never(Reason::Unreadable))
            }
            Self::Env(variable) => {
                env_text::get(file, variable).map_err(|_| Failure::Never(Reason::Unreadable))
            }
        }
    }

    pub(super) fn set(&self, file: &[u8], value: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        match self {
            Self::Json(keys) => {
                json_text::set(file, keys, value).map_err(|_| Failure::Never(Reason::Unwritable))
            }
            Self::Env(variable) => {
                env_text::set(file, variable, value).map_err(|_| Failure::Never(Reason::Unwritable))
            }
        }
    }

    /// Whether a file that is not there is made.
    const fn may_be_new(&self) -> bool {
        matches!(self, Self::Env(_))
    }
}

/// What of a file is the consumer's: the value, and for pairs the id of its key, changed in one write.
pub struct Part {
    /// The value.
    pub value: Form,
    /// The id, in the same file.
    pub id: Option<Form>,
}

impl Part {
    fn get(&self, file: &[u8]) -> Result<Option<Text>, Failure> {
        self.value.get(file)
    }

    fn set(&self, file: &[u8], given: Given<'_>) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let file = self.value.set(file, given.value)?;
        match &self.id {
            None => Ok(file),
            Some(id) => id.set(&file, given.key.ok_or(Failure::Never(Reason::Settings))?),
        }
    }

    /// Any value: what counts is whether there is a place for one.
    fn may_set(&self, file: &[u8]) -> Result<(), Failure> {
        self.set(file, Given { value: "x", key: Some("x") }).map(drop)
    }

    fn has_id(&self, file: &[u8], key: Option<&str>) -> Result<bool, Failure> {
        let Some(form) = &self.id else { return Ok(true) };
        let held = form.get(file)?;
        Ok(held.as_ref().map(|held| held.as_str()) == key)
    }
}

/// A file of this machine.
pub struct LocalFile {
    /// The directory that stands for `/`.
    pub root: std::path::PathBuf,
    /// The file.
    pub path: AbsPath,
    /// What in it.
    pub part: Part,
}

impl LocalFile {
    fn look(&self, reason: Reason) -> Result<(Tree, Option<Found>), Failure> {
        let host = |why: HostError| of_host(&why, reason);
        let tree = Tree::open(&self.root).map_err(host)?;
        // A file that others can read is no place for a value; mode and owner stay as they are.
        let Some(bytes) = tree.read_private(&self.path).map_err(host)? else {
            return Ok((tree, None));
        };
        let entry =
            tree.stat(&self.path).map_err(host)?.ok_or(Failure::Later { reason, after: None })?;
        let ids = Ids { uid: entry.uid, gid: entry.gid };
        Ok((tree, Some(Found { bytes, mode: entry.mode, ids })))
    }
}

struct Found {
    bytes: Zeroizing<Vec<u8>>,
    mode: Mode,
    ids: Ids,
}

impl Consumer for LocalFile {
    fn read(&self) -> Result<Option<Text>, Failure> {
        match self.look(Reason::Unreadable)?.1 {
            Some(found) => self.part.get(&found.bytes),
            None if self.part.value.may_be_new() => Ok(None),
            None => Err(Failure::Never(Reason::Unreadable)),
        }
    }

    fn may_write(&self) -> Result<(), Failure> {
        let (tree, found) = self.look(Reason::Unwritable)?;
        if found.is_none() && !self.part.value.may_be_new() {
            return Err(Failure::Never(Reason::Unwritable));
        }
        let bytes = found.map_or_else(Zeroizing::default, |found| found.bytes);
        self.part.may_set(&bytes)?;
        tree.may_write(&self.path).map_err(|why| of_host(&why, Reason::Unwritable))
    }

    fn write(&self, given: Given<'_>) -> Result<(), Failure> {
        let (tree, found) = self.look(Reason::Unwritable)?;
        let (bytes, mode, ids) = match found {
            Some(found) => (found.bytes, found.mode, Some(found.ids)),
            None => (Zeroizing::default(), Mode::PRIVATE, None),
        };
        let new = self.part.set(&bytes, given)?;
        // What cannot be written at all certainly was not.
        tree.may_write(&self.path).map_err(|why| of_host(&why, Reason::Unwritable))?;
        let written = tree.write(&self.path, &new, mode, ids);
        written.map_err(|_| Failure::Unknown(Reason::Unwritable))
    }

    fn has_id(&self, key: Option<&str>) -> Result<bool, Failure> {
        let found = self.look(Reason::Unreadable)?.1;
        let bytes = found.map_or_else(Zeroizing::default, |found| found.bytes);
        self.part.has_id(&bytes, key)
    }
}

/// A file of another node.
pub struct RemoteFile {
    /// The file and the way to it.
    pub file: NodeFile,
    /// What in it.
    pub part: Part,
}

impl Consumer for RemoteFile {
    fn read(&self) -> Result<Option<Text>, Failure> {
        self.part.get(&self.file.read()?)
    }

    fn may_write(&self) -> Result<(), Failure> {
        let bytes = self.file.read()?;
        self.part.may_set(&bytes)?;
        self.file.may_write()
    }

    fn write(&self, given: Given<'_>) -> Result<(), Failure> {
        let before = self.file.read()?;
        let new = self.part.set(&before, given)?;
        self.file.replace(&before, &new)
    }

    fn has_id(&self, key: Option<&str>) -> Result<bool, Failure> {
        self.part.has_id(&self.file.read()?, key)
    }
}

#[cfg(test)]
mod tests;
