//! The observations of secrets. Values are read here, turned into fingerprints, and dropped; nothing else leaves.
//!
//! Stores are those of the machine, as its services find them. Every place, path and document that cannot be looked at
//! is said to be so one by one.

use super::tokens;
use crate::doctor::eyes::{Eyes, There};
use crate::doctor::looked::{Many, Seen, unseen};
use crate::house::layout;
use crate::instance::secrets;
use crate::secrets::recovery::{self, Record};
use sanctum_host::random;
use sanctum_secrets::house::fingerprint::LENGTH;
use sanctum_secrets::house::{Everywhere, Fingerprint, HouseKey};
use sanctum_secrets::resolve::Places;
use sanctum_secrets::sops::exposure::exposed;
use sanctum_secrets::sops::format::Format;
use sanctum_secrets::stores::Store as _;
use sanctum_types::{AbsPath, CouldNotCheck, SecretRef, ServiceName, chain};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use zeroize::Zeroizing;

/// A document of secrets of a whole house is a few kilobytes.
const DOCUMENT: u64 = 4 * 1024 * 1024;
/// A configuration file that is longer is data.
const CONFIG: u64 = 1024 * 1024;

/// Files in the owner's home where values are put in a hurry.
const IN_HOME: [&str; 14] = [
    ".sanctum/instance.yaml",
    ".zshenv",
    ".zprofile",
    ".zshrc",
    ".bash_profile",
    ".bashrc",
    ".profile",
    ".env",
    ".gitconfig",
    ".git-credentials",
    ".netrc",
    ".npmrc",
    ".config/fish/config.fish",
    ".ssh/config",
];

/// One place of a secret that this node holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretPlace {
    /// The secret.
    pub secret: ServiceName,
    /// The place.
    pub place: SecretRef,
    /// Whether it is the one that counts.
    pub source: bool,
    /// The fingerprint of what is there; none when nothing is.
    pub print: Option<Fingerprint>,
    /// Whether the store answers with no session, no person and no network.
    pub unattended: bool,
}

/// What a path is to the house's secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// An age identity.
    Identity,
    /// A directory or file that only its owner may enter or read.
    Private,
    /// Ciphertext: others may read it and never write it.
    Sealed,
}

/// A path that secrets lie at or are opened with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretPath {
    /// Where.
    pub path: AbsPath,
    /// What it is.
    pub role: Role,
    /// What is there.
    pub there: There,
}

/// A SOPS document that a secret is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Where.
    pub path: AbsPath,
    /// The first line with the mark of an unfinished merge, from 1.
    pub conflict: Option<usize>,
    /// Paths of values in clear text, or why the text cannot be read as an encrypted document.
    pub clear: Result<Vec<String>, String>,
}

/// What is known of recovery bundles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// The record; none when no bundle was ever made.
    pub record: Option<Record>,
    /// Fingerprints under the key of the record, whole, by secret; none where the key cannot be read.
    pub now: Option<BTreeMap<String, String>>,
    /// Sources that did not answer.
    pub unseen: Vec<CouldNotCheck>,
}

/// A value of the house in a file that is no store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leak {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// Whose value it is.
    pub secret: ServiceName,
}

/// What is in each place, under a key of this run.
#[derive(Debug)]
pub struct Prints {
    key: HouseKey,
    places: Many<SecretPlace>,
}

/// A key for one run: what is compared within it needs no other.
fn passing_key() -> Seen<HouseKey> {
    let mut bytes = Zeroizing::new([0; LENGTH]);
    random::fill(&mut *bytes).map_err(|error| unseen("a key for fingerprints", &error))?;
    Ok(HouseKey::new(bytes))
}

/// The stores of the machine that is looked at.
fn stores(eyes: &Eyes<'_>) -> Seen<Places> {
    let nowhere =
        || CouldNotCheck { subject: "stores".to_owned(), cause: "they are nowhere".to_owned() };
    crate::secrets::places(eyes.root(), &eyes.ground.instance).ok_or_else(nowhere)
}
/// The secrets that this node holds, with each of their places.
fn held<'a>(eyes: &'a Eyes<'_>) -> impl Iterator<Item = (&'a ServiceName, &'a SecretRef, bool)> {
    let held = secrets::held(&eyes.ground.instance, &eyes.ground.node);
    held.flat_map(|(name, entry)| {
        entry.places().enumerate().map(move |(n, place)| (name, place, n == 0))
    })
}

/// What is in each place, by fingerprint.
pub fn places(eyes: &Eyes<'_>) -> Seen<Many<SecretPlace>> {
    eyes.prints().map(|prints| prints.places.clone())
}

/// Reads every place.
pub fn prints(eyes: &Eyes<'_>) -> Seen<Prints> {
    let key = passing_key()?;
    let places = read(eyes, &key, held(eyes))?;
    Ok(Prints { key, places })
}

fn read<'a>(
    eyes: &Eyes<'_>,
    key: &HouseKey,
    places: impl Iterator<Item = (&'a ServiceName, &'a SecretRef, bool)>,
) -> Seen<Many<SecretPlace>> {
    let stores = stores(eyes)?;
    let one = |(name, place, source): (&ServiceName, &SecretRef, bool)| {
        let subject = format!("{place} of `{name}`");
        let known =
            Everywhere(&stores).get(place).known().map_err(|error| unseen(&subject, &error))?;
        let unattended = stores.store(place).is_ok_and(|store| store.unattended());
        let print = known.map(|value| key.of(value.expose()));
        Ok(SecretPlace { secret: name.clone(), place: place.clone(), source, print, unattended })
    };
    Ok(Many::collect(places.map(one)))
}

/// A file of the store, on the machine or below a directory.
fn kept(eyes: &Eyes<'_>, name: &str) -> Seen<AbsPath> {
    let store = if eyes.is_machine() { layout::store(eyes.ground.facts.os) } else { "/.sanctum" };
    AbsPath::new(format!("{store}/{name}")).map_err(|error| unseen(name, &error))
}

/// Paths that secrets lie at or are opened with, as far as they are there.
pub fn paths(eyes: &Eyes<'_>) -> Seen<Many<SecretPath>> {
    let stores = stores(eyes)?;
    let mut all: Vec<(AbsPath, Role)> = vec![(stores.secrets.clone(), Role::Private)];
    all.extend(stores.keys.identities.iter().map(|path| (path.clone(), Role::Identity)));
    for name in ["fingerprints.key", recovery::FILE] {
        all.push((kept(eyes, name)?, Role::Private));
    }
    let mut many = Many::default();
    for (name, place, _) in held(eyes) {
        match sealed(place, &stores.base) {
            Some(Ok(path)) => all.push((path, Role::Sealed)),
            Some(Err(cause)) => {
                many.unseen.push(CouldNotCheck { subject: format!("{place} of `{name}`"), cause });
            }
            None => {}
        }
    }
    for (path, role) in all {
        match eyes.at(&path) {
            Ok(Some(there)) => many.all.push(SecretPath { path, role, there }),
            Ok(None) => {}
            Err(cause) => many.unseen.push(cause),
        }
    }
    Ok(many)
}

/// What should be there and is not, by existence alone.
#[derive(Debug, Default)]
pub struct Gone {
    /// One line for each thing that is not there.
    pub absent: Many<String>,
    /// How many sources are in stores that only an answer tells of: keychains, 1Password.
    pub unasked: usize,
}

/// Files of sources, and an identity where something is encrypted to one; no value is opened and no store is asked.
pub fn gone(eyes: &Eyes<'_>) -> Seen<Gone> {
    let stores = stores(eyes)?;
    let (mut gone, mut encrypted) = (Gone::default(), false);
    for (name, place, source) in held(eyes) {
        let file = match place {
            SecretRef::File(file) => Some(stores.secrets.join(file).map_err(|e| e.to_string())),
            _ => sealed(place, &stores.base),
        };
        encrypted |= matches!(place, SecretRef::Age(_) | SecretRef::Sops { .. });
        let subject = || format!("{place} of `{name}`");
        match file.map(|file| file.map(|path| eyes.at(&path))) {
            _ if !source => {}
            None => gone.unasked += 1,
            Some(Ok(Ok(Some(_)))) => {}
            Some(Ok(Ok(None))) => gone.absent.all.push(format!("{} is not there", subject())),
            Some(Ok(Err(unseen))) => gone.absent.unseen.push(unseen),
            Some(Err(cause)) => {
                gone.absent.unseen.push(CouldNotCheck { subject: subject(), cause });
            }
        }
    }
    if encrypted {
        let identities: Vec<_> = stores.keys.identities.iter().map(|path| eyes.at(path)).collect();
        let there = identities.iter().any(|one| matches!(one, Ok(Some(_))));
        let unseen: Vec<_> = identities.into_iter().filter_map(Result::err).collect();
        if !there && unseen.is_empty() {
            let words = "there is no age identity, and secrets are encrypted to one";
            gone.absent.all.push(words.to_owned());
        } else if !there {
            gone.absent.unseen.extend(unseen);
        }
    }
    Ok(gone)
}

/// The file of ciphertext that a reference names.
fn sealed(place: &SecretRef, base: &AbsPath) -> Option<Result<AbsPath, String>> {
    let (SecretRef::Age(file) | SecretRef::Sops { file, .. }) = place else { return None };
    let path = if file.starts_with('/') { AbsPath::new(file.as_str()) } else { base.join(file) };
    Some(path.map_err(|error| error.to_string()))
}

/// SOPS documents that secrets of this node are in.
pub fn documents(eyes: &Eyes<'_>) -> Seen<Many<Document>> {
    let base = stores(eyes)?.base;
    let sops = held(eyes).filter(|(_, place, _)| matches!(place, SecretRef::Sops { .. }));
    let files: BTreeSet<AbsPath> =
        sops.filter_map(|(_, place, _)| sealed(place, &base)?.ok()).collect();
    let one = |path: AbsPath| {
        let bytes = eyes.head(&path, DOCUMENT)?;
        let missing =
            || CouldNotCheck { subject: path.to_string(), cause: "it is not there".to_owned() };
        let bytes = bytes.ok_or_else(missing)?;
        let conflict = conflict(&String::from_utf8_lossy(&bytes));
        let clear = exposed(&bytes, Format::of_path(Path::new(path.as_str())));
        let clear = clear.map(|all| all.into_iter().map(|one| one.path).collect());
        Ok(Document { path, conflict, clear: clear.map_err(|error| chain(&error)) })
    };
    Ok(Many::collect(files.into_iter().map(one)))
}

/// The first line that git wrote into an unfinished merge.
fn conflict(text: &str) -> Option<usize> {
    let mark = |line: &str| {
        line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") || line.starts_with("||||||| ")
    };
    text.lines().position(mark).map(|at| at + 1)
}

/// Bundles, and the fingerprints of today under the key of their record.
pub fn recovery(eyes: &Eyes<'_>) -> Seen<Recovery> {
    let file = kept(eyes, recovery::FILE)?;
    let record = match eyes.head(&file, CONFIG)? {
        Some(bytes) => Some(Record::decode(&bytes).map_err(|error| unseen(&file, &error))?),
        None => None,
    };
    let key = eyes.head(&kept(eyes, "fingerprints.key")?, CONFIG)?.map(Zeroizing::new);
    let Some(key) = key.and_then(|bytes| HouseKey::read(&bytes)) else {
        return Ok(Recovery { record, now: None, unseen: Vec::new() });
    };
    let sources = held(eyes).filter(|(.., source)| *source);
    let all = read(eyes, &key, sources)?;
    let now =
        all.iter().filter_map(|one| Some((one.secret.to_string(), one.print?.whole()))).collect();
    Ok(Recovery { record, now: Some(now), unseen: all.unseen })
}

/// Values of the house in its instance, its configuration, its jobs and the owner's start-up files.
pub fn leaks(eyes: &Eyes<'_>) -> Seen<Many<Leak>> {
    let Prints { key, places } = eyes.prints()?;
    let known: BTreeMap<Fingerprint, ServiceName> =
        places.iter().filter_map(|one| Some((one.print?, one.secret.clone()))).collect();
    let mut many = Many { all: Vec::new(), unseen: places.unseen.clone() };
    let mut search = |path: &str, bytes: &[u8]| {
        let found = tokens::find(bytes, key, &known);
        many.all.extend(found.into_iter().map(|(line, secret)| Leak {
            path: path.to_owned(),
            line,
            secret,
        }));
    };
    search("the instance file", eyes.ground.text.as_bytes());
    let mut unseen = Vec::new();
    for path in files(eyes) {
        match eyes.head(&path, CONFIG) {
            Ok(Some(bytes)) => search(path.as_str(), &bytes),
            Ok(None) => {}
            Err(cause) => unseen.push(cause),
        }
    }
    many.unseen.extend(unseen);
    Ok(many)
}

/// The files that no value belongs in.
fn files(eyes: &Eyes<'_>) -> Vec<AbsPath> {
    let mut all: Vec<AbsPath> = AbsPath::new(layout::APPROVED_INSTANCE).into_iter().collect();
    if let Ok(wanted) = eyes.wanted() {
        all.extend(wanted.artefacts.iter().map(|artefact| artefact.path.clone()));
    }
    if let Ok(plists) = eyes.plists() {
        all.extend(plists.iter().map(|plist| plist.path.clone()));
    }
    if let Some(home) = &eyes.ground.owner_home {
        all.extend(IN_HOME.iter().filter_map(|name| AbsPath::new(format!("{home}/{name}")).ok()));
    }
    all.sort();
    all.dedup();
    all
}
