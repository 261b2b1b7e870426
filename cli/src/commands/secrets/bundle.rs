//! `sanctum secrets export` and `drill`: a recovery bundle, and the proof that it can be restored.
//!
//! A bundle is the whole house in one file, so making one needs the owner in person. A drill restores every value into a
//! store in memory, reads it back, and compares with the bundle's own fingerprints and with what the house holds now.

use super::Memory;
use super::house::House;
use crate::args::secrets::{Drill, Export};
use crate::commands::{Context, FOUND};
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::presence;
use crate::record::{self, Deed};
use sanctum_host::{Blobs, clock, files, passphrase, random};
use sanctum_orchestrator::secrets::recovery::{self, Made, Record};
use sanctum_secrets::house::bundle::{Bundle, Entry, Lock, is_under_passphrase};
use sanctum_secrets::house::fingerprint::LENGTH;
use sanctum_secrets::house::{HouseKey, Sight, sync};
use sanctum_secrets::identity::{self, Key};
use sanctum_secrets::stores::mem::MemStore;
use sanctum_types::{Secret, UnixTime};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A hundred of the longest secrets fit; what is larger is something else.
const LIMIT: u64 = 64 * 1024 * 1024;
/// An SSH key of 16384 bits has 13 kB.
const KEY_LIMIT: u64 = 64 * 1024;
/// A passphrase is the only thing between a found file and the house: four diceware words have more letters.
const SHORTEST: usize = 16;

pub(super) fn export(context: &Context, args: &Export) -> Result<Exit, Failure> {
    let house = House::open(context)?;
    let recipients = args.to.iter().map(|text| identity::parse_recipient(text));
    let recipients: Vec<_> = recipients.collect::<Result<_, _>>().map_err(|error| {
        Failure::new(Exit::Usage, error)
            .hint("an age recipient (age1...) or the line of an SSH public key")
    })?;
    if files::is_there(&args.out) {
        return Err(Failure::refused(format!(
            "{} is there already, and a bundle replaces nothing",
            args.out.display()
        ))
        .hint("name a new file with --out"));
    }
    presence::require(context, "write every secret of the house into one file")?;
    let count = recipients.len();
    let lock = if args.passphrase {
        Lock::Passphrase(new_passphrase()?)
    } else {
        Lock::Recipients(recipients)
    };
    let kept = house.kept(&[])?;
    let deed = Deed::new("secrets.export", house.opened.instance.instance.slug.as_str())
        .with("secrets", kept.len())
        .with("recipients", count)
        .with("file", args.out.display());
    let made = record::during(context, house.recorder(context), &deed, |notes| {
        let key = house.key(context)?;
        let bundle = gather(&house, &kept)?;
        let prints = bundle
            .entries
            .iter()
            .map(|one| (one.name.to_string(), key.of(one.value.expose()).whole()));
        let prints: BTreeMap<String, String> = prints.collect();
        let mut bytes = Zeroizing::new([0; LENGTH]);
        random::fill(&mut *bytes)?;
        let sealed = bundle.seal(&HouseKey::new(bytes), &lock)?;
        files::write_new(&args.out, readable(&sealed)?)?;
        let digest = Blobs::digest(&sealed).to_string();
        notes.insert("digest".to_owned(), digest.clone());
        let made = Made {
            digest,
            made_at: UnixTime(bundle.made_at),
            recipients: count,
            secrets: prints,
            rehearsed_at: None,
        };
        remember(context, &house, |record| record.add(made.clone()))?;
        Ok(made)
    })?;
    tell(context, &house, args, &made);
    Ok(Exit::Done)
}

/// A drill, and the import that restores a house, read no longer one.
fn readable(sealed: &[u8]) -> Result<&[u8], Failure> {
    if sealed.len() as u64 > LIMIT {
        let text = format!(
            "the bundle would be longer than {LIMIT} bytes, which none that is read may be"
        );
        return Err(Failure::refused(text));
    }
    Ok(sealed)
}

fn tell(context: &Context, house: &House, args: &Export, made: &Made) {
    let file = args.out.display();
    context.out.line(Paint::Good, &format!("{} secrets are in {file}", made.secrets.len()));
    context.out.line(Paint::Note, "keep it and its key in different places outside the house");
    context.out.line(
        Paint::Note,
        &format!("rehearse it: {}", house.place.command(&format!("secrets drill {file}"))),
    );
    context.out.data(&json!({
        "format": 1, "file": args.out, "digest": made.digest, "made_at": made.made_at,
        "recipients": made.recipients, "secrets": made.secrets.keys().collect::<Vec<_>>(),
    }));
}

/// Every value from its source; one that is missing keeps the bundle from being made.
fn gather(house: &House, kept: &[sanctum_secrets::house::Kept]) -> Result<Bundle, Failure> {
    let mut entries = Vec::new();
    for one in kept {
        let value = house.value(&one.name, &one.source)?;
        let (name, reference, caches) = (one.name.clone(), one.source.clone(), one.caches.clone());
        entries.push(Entry { name, reference, caches, value });
    }
    if entries.is_empty() {
        return Err(Failure::refused(
            "this node holds no secrets, so there is nothing to put into a bundle",
        ));
    }
    let house = house.opened.instance.instance.slug.to_string();
    Ok(Bundle { house, made_at: clock::now().0, entries })
}

fn new_passphrase() -> Result<Secret<String>, Failure> {
    let none = || {
        Failure::refused("there is no terminal to ask for a passphrase on")
            .hint("say whom it is for: --to RECIPIENT")
    };
    let mut first = passphrase::ask("the bundle's passphrase, not shown:")?.ok_or_else(none)?;
    if first.chars().count() < SHORTEST {
        return Err(Failure::refused(format!(
            "a passphrase of fewer than {SHORTEST} characters can be guessed"
        ))
        .hint("four or more random words"));
    }
    let second = passphrase::ask("once more:")?.ok_or_else(none)?;
    if first != second {
        return Err(Failure::refused("the two are not the same; nothing was written"));
    }
    Ok(Secret::new(std::mem::take(&mut *first)))
}

/// Changes the record of bundles.
fn remember<T>(
    context: &Context,
    house: &House,
    change: impl FnOnce(&mut Record) -> T,
) -> Result<T, Failure> {
    let memory = Memory::open(&house.place, &context.around)?;
    let mut record = match memory.read(recovery::FILE)? {
        Some(bytes) => Record::decode(&bytes).map_err(|error| {
            Failure::failed(error)
                .hint(format!("{} is damaged: move it away, and export anew", recovery::FILE))
        })?,
        None => Record::default(),
    };
    let changed = change(&mut record);
    memory.write(recovery::FILE, &record.encode())?;
    Ok(changed)
}

/// A bundle that was opened.
pub(super) struct Opened {
    pub(super) bundle: Bundle,
    pub(super) digest: String,
}

/// Opens a bundle with identities, or with a passphrase that is asked for.
pub(super) fn open(path: &Path, identities: &[PathBuf]) -> Result<Opened, Failure> {
    let sealed = files::read(path, LIMIT)?;
    let bundle = if is_under_passphrase(&sealed)? {
        let asked = passphrase::ask("the bundle's passphrase, not shown:")?;
        let mut words = asked
            .ok_or_else(|| Failure::refused("there is no terminal to ask for the passphrase on"))?;
        Bundle::open(&sealed, &[], Some(&Secret::new(std::mem::take(&mut *words))))?
    } else {
        let mut keys: Vec<Key> = Vec::new();
        for file in identities {
            let bytes = passphrase::read_key(file, KEY_LIMIT)?;
            keys.extend(identity::parse_identities(&file.display().to_string(), &bytes)?);
        }
        Bundle::open(&sealed, &keys, None)
            .map_err(|error| Failure::failed(error).hint("name what opens it: --identity FILE"))?
    };
    Ok(Opened { bundle, digest: Blobs::digest(&sealed).to_string() })
}

pub(super) fn drill(context: &Context, args: &Drill) -> Result<Exit, Failure> {
    let house = House::open(context)?;
    let deed = Deed::new("secrets.drill", house.opened.instance.instance.slug.as_str())
        .with("file", args.file.display());
    record::during(context, house.recorder(context), &deed, |notes| {
        let opened = open(&args.file, &args.identity)?;
        notes.insert("digest".to_owned(), opened.digest.clone());
        let slug = house.opened.instance.instance.slug.as_str();
        if opened.bundle.house != slug {
            return Err(Failure::refused(format!(
                "this bundle is of the house `{}`, not of `{slug}`",
                opened.bundle.house
            )));
        }
        let key = house.key(context)?;
        restore(&opened.bundle, &key)?;
        let now = clock::now();
        let ours = remember(context, &house, |record| record.rehearsed(&opened.digest, now))?;
        let rows = compare(&house, &opened.bundle, &key)?;
        let stale = rows.iter().filter(|(_, word)| *word != "same").count();
        notes.insert("stale".to_owned(), stale.to_string());
        for (name, word) in &rows {
            let paint = if *word == "same" { Paint::Good } else { Paint::Bad };
            context.out.line(paint, &format!("{name:<28} {word}"));
        }
        let count = opened.bundle.entries.len();
        context.out.line(
            Paint::Good,
            &format!("{count} secrets were restored into a scratch place and read back"),
        );
        if !ours {
            context.out.warn("this bundle was not made here, so it is not recorded as rehearsed");
        }
        if stale > 0 {
            context.out.line(
                Paint::Note,
                &format!(
                    "it is out of date: {}",
                    house.place.command("secrets export --to RECIPIENT --out FILE")
                ),
            );
        }
        let rows: Vec<_> =
            rows.iter().map(|(name, word)| json!({ "secret": name, "state": word })).collect();
        context.out.data(&json!({
            "format": 1, "file": args.file, "digest": opened.digest, "restored": count, "recorded": ours,
            "rehearsed_at": now, "secrets": rows,
        }));
        Ok(if stale == 0 { Exit::Done } else { FOUND })
    })
}

/// Puts every value into a scratch store; each is read back and compared with what the bundle holds.
fn restore(bundle: &Bundle, key: &HouseKey) -> Result<(), Failure> {
    let scratch = MemStore::new();
    for one in &bundle.entries {
        sync::write(&scratch, &one.reference, &one.value, key).map_err(|error| {
            Failure::failed(error)
                .hint(format!("`{}` cannot be restored from this bundle", one.name))
        })?;
    }
    Ok(())
}

/// Each secret of the bundle and of the house, and how the two stand to each other.
fn compare(
    house: &House,
    bundle: &Bundle,
    key: &HouseKey,
) -> Result<Vec<(String, &'static str)>, Failure> {
    let mut rows = BTreeMap::new();
    for kept in house.kept(&[])? {
        let then = bundle.entries.iter().find(|one| one.name == kept.name);
        let now = Sight::of(&house.stores(), &kept.source, key);
        let word = match (then, now) {
            (None, _) => "missing from the bundle",
            (Some(_), Sight::Unreachable(_)) => "not comparable: its store does not answer",
            (Some(_), Sight::Absent) => "only in the bundle",
            (Some(then), Sight::Present(now)) if key.of(then.value.expose()) == now => "same",
            (Some(_), Sight::Present(_)) => "changed since",
        };
        rows.insert(kept.name.to_string(), word);
    }
    for one in &bundle.entries {
        rows.entry(one.name.to_string()).or_insert("no longer a secret of this node");
    }
    Ok(rows.into_iter().collect())
}

/// The entries of a bundle as values to import, by the names that the house knows.
pub(super) fn values(opened: Opened) -> Vec<(String, Zeroizing<Vec<u8>>)> {
    let entry = |one: Entry| (one.name.to_string(), Zeroizing::new(one.value.expose().clone()));
    opened.bundle.entries.into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_that_nobody_could_open_is_not_made() {
        let most = usize::try_from(LIMIT).unwrap();
        let mut sealed = vec![0; most];
        assert_eq!(readable(&sealed).unwrap().len(), most);
        sealed.push(0);
        assert_eq!(readable(&sealed).unwrap_err().exit, Exit::Refused);
    }
}
