//! 1Password: fields of items, `op://vault/item/field`, through Connect's REST interface or the `op` program.
//!
//! Both carriers answer the same questions; what an item is and which field a reference names is decided here. An item
//! is absent only when a list that was read to its end does not have it: a refusal, a page of HTML or a wrong address
//! never is. Values travel in bodies and pipes. Deliberately absent: sign-in by a person, and caches.

pub mod connect;
pub mod item;
pub mod op;

use super::{Reading, Store, StoreError, Value};
use item::{Item, Named, Summary, Wanted};
use sanctum_host::HostError;
use sanctum_types::SecretRef;
use zeroize::Zeroizing;

/// How many items are listed with their fields; each is a request, and requests are counted (developer.1password.com,
/// "service account rate limits": 1,000 reads an hour on the smallest plan).
const MOST_LISTED: usize = 200;

/// Why 1Password did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum OnePasswordError {
    /// The token is not known.
    #[error("the token is not accepted")]
    Token,
    /// The token may not do that.
    #[error("the token has no access")]
    Access,
    /// Too many requests.
    #[error("its rate limit is reached{}", .after.map_or(String::new(), |after| format!(", for {after} s")))]
    Limited {
        /// After how many seconds it may be tried again, when it says so.
        after: Option<u64>,
    },
    /// Another status.
    #[error("it answered with status {0}")]
    Status(u16),
    /// It sends us elsewhere; the token does not follow.
    #[error("it redirects with status {0}, which a token must not follow")]
    Redirect(u16),
    /// Not what it documents.
    #[error("its answer is not the documented JSON")]
    Shape,
    /// No connection, or no answer in time.
    #[error("there is no answer: {0}")]
    Transport(&'static str),
    /// The token could be read on the way.
    #[error("{0} is neither https nor this machine")]
    ClearText(String),
    /// There is no such vault, or the token does not see it.
    #[error("it shows no vault `{0}`")]
    Vault(String),
    /// More than one fits.
    #[error("{count} {what} have that name; use the id")]
    Ambiguous {
        /// Items, vaults or fields.
        what: &'static str,
        /// How many.
        count: usize,
    },
    /// More than are listed.
    #[error("{0} items are too many to list with their fields")]
    Many(usize),
    /// The item's category cannot be edited by the program without loss.
    #[error(
        "`op item edit` wipes the passkey of a login item; use Connect, or an item of another category"
    )]
    Passkey,
    /// A section that the item does not have.
    #[error("the item has no section of that name; make it in 1Password")]
    Section,
    /// The program ended with a failure that it does not classify; its text is not repeated.
    #[error("`op` ended with status {0}")]
    Program(i32),
    /// The program could not be run.
    #[error("cannot run `op`")]
    Host(#[source] Box<HostError>),
}

/// What both ways to 1Password do.
pub trait Carrier: Send + Sync {
    /// What people call it.
    fn name(&self) -> String;
    /// The vaults that the token sees.
    fn vaults(&self) -> Result<Vec<Named>, OnePasswordError>;
    /// The items of a vault, those of that title alone when one is given.
    fn items(&self, vault: &str, title: Option<&str>) -> Result<Vec<Summary>, OnePasswordError>;
    /// An item with its fields.
    fn item(&self, vault: &str, id: &str) -> Result<Item, OnePasswordError>;
    /// Gives one field a value; makes the field where the item lacks it.
    fn set(
        &self,
        vault: &str,
        item: &Item,
        new: &Wanted<'_>,
        value: &str,
    ) -> Result<(), OnePasswordError>;
    /// Makes an item with one field.
    fn create(
        &self,
        vault: &str,
        title: &str,
        new: &Wanted<'_>,
        value: &str,
    ) -> Result<(), OnePasswordError>;
    /// Takes one field away.
    fn unset(&self, vault: &str, item: &Item, field: &str) -> Result<(), OnePasswordError>;
    /// Takes the item away.
    fn delete(&self, vault: &str, id: &str) -> Result<(), OnePasswordError>;
}

/// 1Password by way of a carrier.
pub struct OnePassword {
    carrier: Box<dyn Carrier>,
}

/// A reference taken apart and looked up.
struct Found {
    vault: String,
    item: Option<Item>,
}

impl OnePassword {
    /// The vaults that the carrier reaches.
    #[must_use]
    pub fn new(carrier: Box<dyn Carrier>) -> Self {
        Self { carrier }
    }

    fn failed(&self, source: OnePasswordError) -> StoreError {
        StoreError::OnePassword { store: self.name(), source: Box::new(source) }
    }

    fn parts<'r>(
        &self,
        reference: &'r SecretRef,
    ) -> Result<(&'r str, &'r str, Wanted<'r>), StoreError> {
        let SecretRef::OnePassword { vault, item, field } = reference else {
            return Err(StoreError::Foreign { store: self.name(), reference: reference.clone() });
        };
        if !item::is_askable(vault) || !item::is_askable(item) {
            let why = "a name with a quote, a backslash or a dash in front cannot be asked for; use the id";
            return Err(StoreError::Name { store: self.name(), reference: reference.clone(), why });
        }
        Ok((vault, item, Wanted::parse(field)))
    }

    fn find(&self, vault: &str, item: &str) -> Result<Found, OnePasswordError> {
        let vaults = self.carrier.vaults()?;
        let fits: Vec<&Named> =
            vaults.iter().filter(|one| one.name == vault || one.id == vault).collect();
        let vault = match fits.as_slice() {
            [one] => one.id.clone(),
            [] => return Err(OnePasswordError::Vault(vault.to_owned())),
            more => return Err(OnePasswordError::Ambiguous { what: "vaults", count: more.len() }),
        };
        let mut items = self.carrier.items(&vault, Some(item))?;
        items.retain(|one| one.title == item || one.id == item);
        if items.is_empty() && item::is_id(item) {
            items = self.carrier.items(&vault, None)?;
            items.retain(|one| one.id == item);
        }
        let item = match items.as_slice() {
            [] => None,
            [one] => Some(self.carrier.item(&vault, &one.id)?),
            more => return Err(OnePasswordError::Ambiguous { what: "items", count: more.len() }),
        };
        Ok(Found { vault, item })
    }

    fn read(&self, reference: &SecretRef) -> Result<Option<Value>, StoreError> {
        let (vault, item, wanted) = self.parts(reference)?;
        let found = self.find(vault, item).map_err(|source| self.failed(source))?;
        let Some(item) = found.item else { return Ok(None) };
        let field = item.field(&wanted).map_err(|source| self.failed(source))?;
        let value = field.and_then(|field| field.value.as_ref()).filter(|value| !value.is_empty());
        Ok(value.map(|value| Value::new(value.as_bytes().to_vec())))
    }
}

impl Store for OnePassword {
    fn name(&self) -> String {
        self.carrier.name()
    }

    fn unattended(&self) -> bool {
        false
    }

    fn get(&self, reference: &SecretRef) -> Reading {
        self.read(reference).into()
    }

    fn put(&self, reference: &SecretRef, value: &Value) -> Result<(), StoreError> {
        let (vault, title, wanted) = self.parts(reference)?;
        let text = std::str::from_utf8(value.expose()).ok().filter(|text| !text.is_empty());
        let Some(text) = text else {
            let why = "a field holds text that is not empty";
            return Err(StoreError::Value {
                store: self.name(),
                reference: reference.clone(),
                why,
            });
        };
        let put = || {
            let found = self.find(vault, title)?;
            match &found.item {
                Some(item) => self.carrier.set(&found.vault, item, &wanted, text),
                None if wanted.section.is_some() => Err(OnePasswordError::Section),
                None => self.carrier.create(&found.vault, title, &wanted, text),
            }
        };
        put().map_err(|source| self.failed(source))?;
        match self.read(reference)? {
            Some(found) if found.expose() == value.expose() => Ok(()),
            _ => Err(StoreError::ReadBack { store: self.name(), reference: reference.clone() }),
        }
    }

    /// Takes the field away, and the item with it when nothing else of worth is in it.
    fn remove(&self, reference: &SecretRef) -> Result<bool, StoreError> {
        let (vault, item, wanted) = self.parts(reference)?;
        let remove = || {
            let found = self.find(vault, item)?;
            let Some(item) = found.item else { return Ok(false) };
            let Some(field) = item.field(&wanted)? else { return Ok(false) };
            if item.holds_only(&field.id) {
                self.carrier.delete(&found.vault, &item.id)?;
            } else {
                self.carrier.unset(&found.vault, &item, &field.id)?;
            }
            Ok(true)
        };
        let there = remove().map_err(|source| self.failed(source))?;
        match self.read(reference)? {
            None => Ok(there),
            Some(_) => {
                Err(StoreError::ReadBack { store: self.name(), reference: reference.clone() })
            }
        }
    }

    fn list(&self) -> Result<Vec<SecretRef>, StoreError> {
        let list = || {
            let mut all = Vec::new();
            let mut count = 0;
            for vault in self.carrier.vaults()? {
                let items = self.carrier.items(&vault.id, None)?;
                count += items.len();
                if count > MOST_LISTED {
                    return Err(OnePasswordError::Many(count));
                }
                for summary in items {
                    let item = self.carrier.item(&vault.id, &summary.id)?;
                    all.extend(item.references(&vault.name));
                }
            }
            all.sort();
            Ok(all)
        };
        list().map_err(|source| self.failed(source))
    }
}

/// A JSON text that holds a value, wiped when it is dropped.
fn to_json<T: serde::Serialize>(
    body: &T,
    value: &str,
) -> Result<Zeroizing<Vec<u8>>, OnePasswordError> {
    // Escapes make at most six bytes of one; the rest of an item is small beside this.
    let mut bytes = Zeroizing::new(Vec::with_capacity(value.len() * 6 + 64 * 1024));
    serde_json::to_writer(&mut *bytes, body).map_err(|_| OnePasswordError::Shape)?;
    Ok(bytes)
}
