//! Where rotations are on disk: a record each, and the sealed values beside it.
//!
//! Records hold no value (docs/formats/rotation.md) and are replaced whole and durably; values are sealed to the
//! house's own age recipients. A record that cannot be read is an error of whoever looks: a rotation that nobody sees
//! would be a key that nobody knows. Deliberately absent: what is done next.

use sanctum_host::HostError;
use sanctum_host::tree::{DirLock, Tree};
use sanctum_rotation::{Material, Record, RecordError, RotationId, Which};
use sanctum_secrets::house::first_identity;
use sanctum_secrets::resolve::Places;
use sanctum_secrets::stores::age_file::AgeFileStore;
use sanctum_secrets::stores::{Store as _, StoreError, Value};
use sanctum_types::{AbsPath, Mode, PathError, SecretRef, ServiceName};
use std::time::Duration;

/// The directory below the store of the place.
pub const DIR: &str = "rotations";
/// Of sealed values, below that.
const SEALED: &str = "sealed";
/// Of records.
const EXTENSION: &str = ".json";
/// A rotation takes seconds to minutes: who wants another one comes back.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// Why a record or a sealed value cannot be had or kept.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// The files.
    #[error("cannot keep the records of rotations")]
    Host(#[from] HostError),
    /// A path cannot be formed.
    #[error("the directory of rotations has no usable path")]
    Path(#[from] PathError),
    /// A record is damaged or of another version.
    #[error("cannot read the record {file}")]
    Record {
        /// The file.
        file: String,
        /// Why.
        #[source]
        source: RecordError,
    },
    /// A value cannot be sealed or opened.
    #[error("cannot seal or open a value")]
    Sealed(#[from] StoreError),
    /// A sealed value is something else.
    #[error("a sealed value is damaged")]
    Material(#[from] sanctum_rotation::material::NotMaterial),
}

/// The rotations of one place.
pub struct Shelf {
    tree: Tree,
    dir: AbsPath,
    places: Places,
    sealed: AgeFileStore,
}

/// Held by whoever rotates: one at a time in a house.
pub struct Turn(DirLock);

impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Turn").field(&self.0).finish()
    }
}

impl Shelf {
    /// The shelf below that directory, which is made when it is missing.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn open(places: &Places, below: &AbsPath) -> Result<Self, ShelfError> {
        let shelf = Self::at(places, below)?;
        shelf.tree.furnish(&shelf.dir)?;
        shelf.tree.furnish(&shelf.dir.join(SEALED)?)?;
        Ok(shelf)
    }

    /// To look at; nothing is made.
    ///
    /// # Errors
    /// The directory of the place cannot be opened.
    pub fn at(places: &Places, below: &AbsPath) -> Result<Self, ShelfError> {
        let dir = below.join(DIR)?;
        let sealed = AgeFileStore::new(dir.join(SEALED)?, places.keys.clone());
        let tree = Tree::open(&places.keys.root)?;
        Ok(Self { tree, dir, places: places.clone(), sealed })
    }

    /// Takes the turn.
    ///
    /// # Errors
    /// Somebody else rotates.
    pub fn turn(&self) -> Result<Turn, ShelfError> {
        Ok(Turn(self.tree.lock_dir(&self.dir, LOCK_WAIT)?))
    }

    /// Every record, in the order in which they were begun.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub fn records(&self) -> Result<Vec<Record>, ShelfError> {
        let mut all = Vec::new();
        for name in self.tree.list(&self.dir)?.unwrap_or_default() {
            if !is_record(&name) {
                continue;
            }
            let path = self.dir.join(&name)?;
            let Some(bytes) = self.tree.read_private(&path)? else { continue };
            let file = || self.tree.shown(&path);
            let record = Record::decode(&bytes)
                .map_err(|source| ShelfError::Record { file: file(), source })?;
            all.push(record);
        }
        all.sort_by_key(|record| (record.begun, record.rotation));
        Ok(all)
    }

    /// Makes the record durable.
    ///
    /// # Errors
    /// It is not.
    pub fn save(&self, record: &Record) -> Result<(), ShelfError> {
        let path = self.file(record.rotation)?;
        let source = |source| ShelfError::Record { file: self.tree.shown(&path), source };
        let bytes = record.encode().map_err(source)?;
        Ok(self.tree.write(&path, &bytes, Mode::PRIVATE, None)?)
    }

    /// Removes what is over, but for the last one of that secret that succeeded: it says which key is in use.
    ///
    /// # Errors
    /// A file cannot be removed.
    pub fn tidy(&self, secret: &ServiceName) -> Result<(), ShelfError> {
        let done = |record: &Record| record.stage == sanctum_rotation::Stage::Done;
        let mut over: Vec<Record> = self.records()?;
        over.retain(|record| record.plan.secret == *secret && record.is_over());
        let last = over.iter().rposition(done);
        for (n, record) in over.iter().enumerate() {
            if Some(n) != last && n + 1 < over.len() {
                self.tree.remove(&self.file(record.rotation)?)?;
            }
        }
        Ok(())
    }

    /// Seals a value; an identity is made where the place has none.
    ///
    /// # Errors
    /// It is not sealed.
    pub fn seal(
        &self,
        id: RotationId,
        which: Which,
        material: &Material,
    ) -> Result<(), ShelfError> {
        let reference = sealed(id, which);
        first_identity::ensure(&self.places, [&reference])?;
        let bytes = Value::new(material.to_bytes().to_vec());
        Ok(self.sealed.put(&reference, &bytes)?)
    }

    /// Opens a sealed value; none where none was sealed.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn unseal(&self, id: RotationId, which: Which) -> Result<Option<Material>, ShelfError> {
        let Some(bytes) = self.sealed.get(&sealed(id, which)).known()? else { return Ok(None) };
        Ok(Some(Material::from_bytes(bytes.expose())?))
    }

    /// Removes both sealed values.
    ///
    /// # Errors
    /// One of them is still there.
    pub fn discard(&self, id: RotationId) -> Result<(), ShelfError> {
        for which in [Which::New, Which::Old] {
            self.sealed.remove(&sealed(id, which))?;
        }
        Ok(())
    }

    fn file(&self, id: RotationId) -> Result<AbsPath, ShelfError> {
        Ok(self.dir.join(&format!("{id}{EXTENSION}"))?)
    }
}

/// Whether a file of the directory is a record; the others are on their way to become one, or are none of ours.
#[must_use]
pub fn is_record(name: &str) -> bool {
    !name.starts_with('.') && name.ends_with(EXTENSION)
}

fn sealed(id: RotationId, which: Which) -> SecretRef {
    let name = match which {
        Which::New => "new",
        Which::Old => "old",
    };
    SecretRef::Age(format!("{id}.{name}.age"))
}
