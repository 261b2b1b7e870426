//! An encrypted document that is open: values are taken out and put in, and the whole is closed again.
//!
//! The text stays sealed. What is set is sealed at once; everything else keeps its ciphertext, and so its line, byte
//! for byte. Deliberately absent: files, and time, which is a parameter.

use super::cipher::{Cipher, CipherError, DataKey, fresh_key};
use super::datakey::{self, DataKeyError, Old};
use super::engine::{self, AtPath, Item, Whole};
use super::format::Format;
use super::identities::Identities;
use super::metadata::{Group, Metadata, MetadataError};
use super::selectors::Selector;
use super::text::{Leaf, Node, Scalar, Step, Text, TextError, What};
use super::value::{Kind, Value};
use sanctum_host::HostError;
use sanctum_types::UnixTime;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use zeroize::Zeroizing;

/// The key of the one value of an encrypted binary file.
const BINARY_KEY: &str = "data";

/// Why a document cannot be opened, changed or closed.
#[derive(Debug, thiserror::Error)]
pub enum SopsError {
    /// The text is no document.
    #[error(transparent)]
    Text(#[from] TextError),
    /// It is not UTF-8, which every format but binary is.
    #[error("the document is not UTF-8")]
    NotUtf8,
    /// Its metadata cannot be used.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// Its data key cannot be had.
    #[error(transparent)]
    DataKey(#[from] DataKeyError),
    /// A value does not open.
    #[error("the document does not decrypt")]
    Value(#[from] AtPath),
    /// The MAC does not open.
    #[error("the MAC does not decrypt: it, or `lastmodified`, was changed")]
    MacUnreadable,
    /// The MAC is of other values.
    #[error(
        "the MAC does not match: values were changed, moved or taken away by somebody without the key"
    )]
    MacMismatch,
    /// The document is encrypted already.
    #[error("the document has a `sops` entry already: it is encrypted, or the name is taken")]
    AlreadyEncrypted,
    /// Sealing failed.
    #[error("a value cannot be sealed")]
    Seal(#[from] CipherError),
    /// A file could not be read or written.
    #[error(transparent)]
    Host(#[from] HostError),
}

/// An open document.
pub struct Opened {
    format: Format,
    sealed: Box<dyn Text>,
    items: Vec<Vec<Item>>,
    metadata: Metadata,
    selector: Selector,
    cipher: Cipher,
    key: DataKey,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened(..)")
    }
}

/// Whether the MAC must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mac {
    /// It must.
    Check,
    /// `--ignore-mac`.
    Ignore,
}

/// Opens a document.
pub fn open(text: &[u8], format: Format, identities: &Identities) -> Result<Opened, SopsError> {
    open_with(text, format, identities, Mac::Check)
}

/// The same, when the owner wants to see what a document holds whose MAC does not match.
pub fn open_with(
    text: &[u8],
    format: Format,
    identities: &Identities,
    mac: Mac,
) -> Result<Opened, SopsError> {
    open_owned(Zeroizing::new(text.to_vec()), format, identities, mac)
}

/// The same, of a text that nobody else needs: a large one is not copied.
pub fn open_owned(
    mut text: Zeroizing<Vec<u8>>,
    format: Format,
    identities: &Identities,
    mac: Mac,
) -> Result<Opened, SopsError> {
    let text = String::from_utf8(std::mem::take(&mut *text)).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        SopsError::NotUtf8
    })?;
    let sealed = format.read(Zeroizing::new(text))?;
    let metadata = Metadata::read(sealed.metadata(0)?)?;
    let selector = metadata.selector()?;
    let key = datakey::open(&metadata.groups(), metadata.threshold()?, identities)?;
    let cipher = Cipher::new(&key);
    let mut items = Vec::new();
    for document in 0..sealed.documents() {
        items.push(engine::open_items(&sealed.leaves(document)?, &selector, &cipher)?);
    }
    let opened = Opened { format, sealed, items, metadata, selector, cipher, key };
    if mac == Mac::Check {
        opened.check_mac()?;
    }
    Ok(opened)
}

impl Opened {
    fn check_mac(&self) -> Result<(), SopsError> {
        let place = self.metadata.last_modified()?;
        let written = self.metadata.mac();
        if written.is_empty() {
            return Err(SopsError::MacMismatch);
        }
        let kept = self.cipher.open(&written, &place).map_err(|_| SopsError::MacUnreadable)?;
        let is = |whole| *kept.bytes == *self.mac(whole).as_bytes();
        // Later versions of the original hash whole numbers of JSON by their digits.
        if is(self.whole()) || (self.whole() == Whole::Rounded && is(Whole::Digits)) {
            return Ok(());
        }
        Err(SopsError::MacMismatch)
    }

    fn whole(&self) -> Whole {
        whole(self.format)
    }

    fn mac(&self, whole: Whole) -> Zeroizing<String> {
        engine::mac(self.items.iter().flatten(), self.metadata.mac_only_encrypted(), whole)
    }

    /// Its format.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Its metadata.
    #[must_use]
    pub const fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The document in clear, without metadata; of a binary file the JSON document that holds it.
    pub fn plain_text(&self) -> Result<Box<dyn Text>, SopsError> {
        let mut text = self.format.parse(&self.sealed.render())?;
        clear(&mut *text, &self.items)?;
        Ok(text)
    }

    /// The bytes in clear of a document that is not needed any more.
    pub fn into_plain(self) -> Result<Zeroizing<Vec<u8>>, SopsError> {
        if self.format == Format::Binary {
            return Ok(self.binary()?.clone());
        }
        let Self { mut sealed, items, .. } = self;
        clear(&mut *sealed, &items)?;
        Ok(bytes(&*sealed))
    }

    /// The bytes in clear, as they were before they were encrypted.
    pub fn plain(&self) -> Result<Zeroizing<Vec<u8>>, SopsError> {
        if self.format == Format::Binary {
            return Ok(self.binary()?.clone());
        }
        Ok(bytes(&*self.plain_text()?))
    }

    /// The bytes of a binary file.
    pub fn binary(&self) -> Result<&Zeroizing<Vec<u8>>, SopsError> {
        let place = engine::place(&[Step::Key(BINARY_KEY.to_owned())]);
        let item = self.items.iter().flatten().find(|item| item.place == place);
        item.and_then(|item| item.value.as_ref())
            .map(|value| &value.bytes)
            .ok_or_else(|| TextError::NotThere(format!("[\"{BINARY_KEY}\"]")).into())
    }

    /// The tree below a path, in clear; everything at an empty path. Of several documents the first is meant.
    pub fn extract(&self, path: &[Step]) -> Result<Node, SopsError> {
        Ok(self.plain_text()?.tree(0, path)?)
    }

    /// Puts a tree at a path, making what is missing on the way.
    pub fn set(&mut self, path: &[Step], value: &Node) -> Result<(), SopsError> {
        let mut plain = self.plain_text()?;
        plain.set(0, path, value)?;
        let mut sealed = self.format.parse(&self.sealed.render())?;
        sealed.set(0, path, value)?;
        self.close(&*plain, sealed)
    }

    /// Takes what is at a path away.
    pub fn unset(&mut self, path: &[Step]) -> Result<(), SopsError> {
        let mut plain = self.plain_text()?;
        plain.unset(0, path)?;
        let mut sealed = self.format.parse(&self.sealed.render())?;
        sealed.unset(0, path)?;
        self.close(&*plain, sealed)
    }

    /// Replaces the whole document by what the owner made of its text in clear.
    pub fn replace(&mut self, plain: &[u8]) -> Result<(), SopsError> {
        let (text, binary) = read_plain(plain, self.format)?;
        if text.metadata(0)?.is_some() {
            return Err(SopsError::AlreadyEncrypted);
        }
        let sealed = self.format.parse(&text.render())?;
        self.close(&*text, sealed)?;
        self.put_binary(binary)
    }

    fn put_binary(&mut self, bytes: Option<Zeroizing<Vec<u8>>>) -> Result<(), SopsError> {
        let (Some(bytes), Some(item)) = (bytes, self.items.iter_mut().flatten().next()) else {
            return Ok(());
        };
        let value = Value { kind: Kind::Str, bytes };
        if item.value.as_ref() == Some(&value) {
            return Ok(());
        }
        let text = Zeroizing::new(self.cipher.seal(&value, &item.place)?);
        item.sealed = !text.is_empty();
        item.value = Some(value);
        Ok(self.sealed.replace(0, &[(0, What::Value(Scalar::Str(text)))])?)
    }

    /// Seals a text of the same shape as the one in clear, with the ciphertext of values that are as they were.
    fn close(&mut self, plain: &dyn Text, mut sealed: Box<dyn Text>) -> Result<(), SopsError> {
        let mut kept = self.ciphertexts()?;
        let mut items = Vec::new();
        for document in 0..plain.documents() {
            let leaves = plain.leaves(document)?;
            let new = engine::plain_items(&leaves, &self.selector);
            let there = sealed.leaves(document)?;
            if there.len() != new.len() {
                return Err(
                    TextError::Unsupported("that change does not fit the document's text").into()
                );
            }
            let seal = |(at, (item, leaf)): (usize, (&Item, &Leaf))| {
                self.seal_item(item, leaf, &mut kept).map(|what| (at, what))
            };
            let pairs = new.iter().zip(&leaves).enumerate();
            let all = pairs.map(seal).collect::<Result<Vec<_>, _>>()?;
            let changed =
                all.into_iter().zip(&there).filter(|((_, what), leaf)| leaf.what != *what);
            let changed: Vec<_> = changed.map(|(change, _)| change).collect();
            sealed.replace(document, &changed)?;
            items.push(new);
        }
        self.sealed = sealed;
        self.items = items;
        Ok(())
    }

    fn seal_item(&self, item: &Item, leaf: &Leaf, kept: &mut Kept) -> Result<What, SopsError> {
        let Some(value) = item.value.as_ref().filter(|value| item.encrypted && !value.is_empty())
        else {
            return Ok(leaf.what.clone());
        };
        let old = kept.get_mut(&(item.place.clone(), value.clone())).and_then(VecDeque::pop_front);
        let text = match old {
            Some(text) => text,
            None => self.cipher.seal(value, &item.place)?,
        };
        Ok(sealed_leaf(value.kind, text))
    }

    /// The ciphertexts of the document by place and value: what did not change keeps its own.
    fn ciphertexts(&self) -> Result<Kept, SopsError> {
        let mut kept = Kept::new();
        for (document, items) in self.items.iter().enumerate() {
            for (leaf, item) in self.sealed.leaves(document)?.into_iter().zip(items) {
                let text = match leaf.what {
                    What::Value(Scalar::Str(text)) | What::Comment(text) if item.encrypted => text,
                    _ => continue,
                };
                if let Some(value) =
                    item.value.clone().filter(|_| text.starts_with(super::cipher::PREFIX))
                {
                    kept.entry((item.place.clone(), value))
                        .or_default()
                        .push_back(text.to_string());
                }
            }
        }
        Ok(kept)
    }

    /// A new data key for the same values, wrapped for these groups.
    pub fn rotate(&mut self, groups: &[Group], threshold: Option<usize>) -> Result<(), SopsError> {
        let key = fresh_key()?;
        let groups = datakey::wrap(&key, groups, threshold, Old::Renew)?;
        self.cipher = Cipher::new(&key);
        self.key = key;
        self.metadata.set_groups(&groups, threshold);
        for document in 0..self.items.len() {
            let mut new = Vec::new();
            for (at, item) in self.items.get_mut(document).into_iter().flatten().enumerate() {
                let Some(value) = item.value.as_ref().filter(|v| item.encrypted && !v.is_empty())
                else {
                    continue;
                };
                item.sealed = true;
                new.push((at, sealed_leaf(value.kind, self.cipher.seal(value, &item.place)?)));
            }
            self.sealed.replace(document, &new)?;
        }
        Ok(())
    }

    /// The same data key, wrapped for other groups.
    pub fn update_keys(
        &mut self,
        groups: &[Group],
        threshold: Option<usize>,
    ) -> Result<(), SopsError> {
        // Of several groups each entry holds a share, which is of no use to one that is left alone.
        let old = if self.metadata.groups().len() > 1 { Old::Renew } else { Old::Keep };
        let groups = datakey::wrap(&self.key, groups, threshold, old)?;
        self.metadata.set_groups(&groups, threshold);
        Ok(())
    }

    /// The text with its metadata as it stands; the MAC is the one that was read.
    pub fn sealed_as_it_was(&mut self) -> Result<Zeroizing<String>, SopsError> {
        let node = self.metadata.node();
        for document in 0..self.sealed.documents() {
            self.sealed.set_metadata(document, Some(&node))?;
        }
        Ok(self.sealed.render())
    }

    /// The text with a MAC of this moment.
    pub fn sealed(&mut self, now: UnixTime) -> Result<Zeroizing<String>, SopsError> {
        let moment = moment(now);
        let mac = self.mac(self.whole());
        let value = Value { kind: Kind::Str, bytes: Zeroizing::new(mac.as_bytes().to_vec()) };
        let mac = self.cipher.seal(&value, &moment)?;
        self.metadata.set_mac(&moment, &mac);
        self.sealed_as_it_was()
    }
}

/// Replaces what is sealed in a text that is as the sealed one is, and takes its metadata away.
fn clear(text: &mut dyn Text, items: &[Vec<Item>]) -> Result<(), SopsError> {
    for (document, items) in items.iter().enumerate() {
        let changed = items.iter().enumerate().filter(|(_, item)| item.sealed);
        let changed = changed.filter_map(|(at, item)| Some((at, item.value.as_ref()?.what())));
        text.disclose(document, &changed.collect::<Vec<_>>())?;
    }
    Ok(())
}

fn bytes(text: &dyn Text) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(std::mem::take(&mut *text.render()).into_bytes())
}

type Kept = BTreeMap<(String, Value), VecDeque<String>>;

fn sealed_leaf(kind: Kind, text: String) -> What {
    let text = Zeroizing::new(text);
    if kind == Kind::Comment { What::Comment(text) } else { What::Value(Scalar::Str(text)) }
}

const fn whole(format: Format) -> Whole {
    match format {
        Format::Json | Format::Binary => Whole::Rounded,
        Format::Yaml | Format::Dotenv | Format::Ini => Whole::Digits,
    }
}

/// RFC 3339 in UTC, to the second, as the original writes it.
fn moment(now: UnixTime) -> String {
    jiff::Timestamp::from_second(now.0).unwrap_or_default().to_string()
}

/// A document in clear, and the bytes of a binary one.
type Plain = (Box<dyn Text>, Option<Zeroizing<Vec<u8>>>);

fn read_plain(plain: &[u8], format: Format) -> Result<Plain, SopsError> {
    if format == Format::Binary {
        // The bytes may be no text: they are put in behind the format's back.
        let node = Node::Map(vec![(BINARY_KEY.to_owned(), Node::text("-"))]);
        return Ok((format.compose(&node, None)?, Some(Zeroizing::new(plain.to_vec()))));
    }
    let text = std::str::from_utf8(plain).map_err(|_| SopsError::NotUtf8)?;
    Ok((format.parse(text)?, None))
}

/// How a new document is encrypted.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// For whom.
    pub groups: Vec<Group>,
    /// How many groups open it.
    pub threshold: Option<usize>,
    /// What is encrypted.
    pub selector: Selector,
    /// Whether the MAC is over encrypted values only.
    pub mac_only_encrypted: bool,
}

/// Encrypts a document; [`Opened::sealed`] is its text.
pub fn encrypt(plain: &[u8], format: Format, recipe: &Recipe) -> Result<Opened, SopsError> {
    let (text, binary) = read_plain(plain, format)?;
    encrypt_text(&*text, format, recipe, binary)
}

/// Encrypts a document that is read already.
pub fn encrypt_text(
    text: &dyn Text,
    format: Format,
    recipe: &Recipe,
    binary: Option<Zeroizing<Vec<u8>>>,
) -> Result<Opened, SopsError> {
    if text.metadata(0)?.is_some() {
        return Err(SopsError::AlreadyEncrypted);
    }
    let key = fresh_key()?;
    let groups = datakey::wrap(&key, &recipe.groups, recipe.threshold, Old::Renew)?;
    let threshold = recipe.threshold.or_else(|| (groups.len() > 1).then_some(groups.len()));
    let mut metadata = Metadata::fresh(&recipe.selector, recipe.mac_only_encrypted);
    metadata.set_groups(&groups, threshold);
    let sealed = format.parse(&text.render())?;
    let mut opened = Opened {
        format,
        items: Vec::new(),
        sealed: format.parse(&text.render())?,
        metadata,
        selector: recipe.selector.clone(),
        cipher: Cipher::new(&key),
        key,
    };
    opened.close(text, sealed)?;
    opened.put_binary(binary)?;
    Ok(opened)
}

#[cfg(test)]
mod tests;
