//! The observations of rotations and ages: records that runs left, and what the journal told of each secret.
//!
//! A record holds no value (docs/formats/rotation.md). Root's rotations are in the store, a person's in the owner's home; what
//! cannot be read is said one by one. The journal is read by the caller ([`Eyes::telling`]): where it is depends on
//! who looks.

use crate::doctor::eyes::Eyes;
use crate::doctor::lint::Answer;
use crate::doctor::looked::{Looked, Many, Seen, unseen};
use crate::house::layout;
use crate::instance::secrets::held;
use crate::rotate::due::{self, Age};
use crate::rotate::shelf::{DIR, is_record};
use crate::rotate::trouble::{Trouble, trouble};
use sanctum_rotation::Record;
use sanctum_rotation::record::LONGEST;
use sanctum_types::AbsPath;

/// How the owner calls what is root's.
const AS_ROOT: &str = "sudo /opt/sanctum/bin/sanctum";

/// One rotation that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Its record.
    pub record: Record,
    /// How the verb is called that goes on with it.
    pub sanctum: &'static str,
}

/// Every record on the node.
pub fn rotations(eyes: &Eyes<'_>) -> Seen<Many<Rotation>> {
    let mut shelves = Vec::new();
    if eyes.is_machine() {
        shelves.push((layout::store(eyes.ground.facts.os).to_owned(), AS_ROOT));
        let home = eyes.ground.owner_home.as_ref();
        shelves.extend(home.map(|home| (format!("{home}/.sanctum/state"), "sanctum")));
    } else {
        shelves.push(("/.sanctum".to_owned(), "sanctum"));
    }
    let mut many = Many::default();
    for (below, sanctum) in shelves {
        match shelf(eyes, &format!("{below}/{DIR}"), sanctum) {
            Ok(found) => {
                many.all.extend(found.all);
                many.unseen.extend(found.unseen);
            }
            Err(cause) => many.unseen.push(cause),
        }
    }
    Ok(many)
}

fn shelf(eyes: &Eyes<'_>, dir: &str, sanctum: &'static str) -> Seen<Many<Rotation>> {
    let dir = AbsPath::new(dir).map_err(|error| unseen(dir, &error))?;
    let names = eyes.list(&dir)?.unwrap_or_default();
    let records = names.iter().filter(|name| is_record(name));
    let one = |name: &String| {
        let path = dir.join(name).map_err(|error| unseen(&dir, &error))?;
        // One byte more than a record has, so that a longer file is not read as far as it goes.
        let bytes =
            eyes.head(&path, u64::try_from(LONGEST).unwrap_or(u64::MAX).saturating_add(1))?;
        let record = bytes.map(|bytes| Record::decode(&bytes)).transpose();
        let record = record.map_err(|error| unseen(&path, &error))?;
        // One that is removed meanwhile was over.
        Ok(record.map(|record| Rotation { record, sanctum }))
    };
    let found = Many::collect(records.map(one));
    Ok(Many { all: found.all.into_iter().flatten().collect(), unseen: found.unseen })
}

/// The rotations that have that trouble, as the lint of it answers.
pub(super) fn judged(looked: &Looked, wanted: Trouble) -> Seen<Answer> {
    let (rotations, now) = (looked.rotations()?, looked.ground.now);
    let mut answer = Answer::of(rotations);
    for Rotation { record, sanctum } in rotations {
        if trouble(record, now) == Some(wanted) {
            let next = wanted.next(record, sanctum);
            answer.add_with(&record.plan.secret, wanted.words(record, now), next);
        }
    }
    Ok(answer)
}

/// The age of every secret that this node holds.
pub fn ages(eyes: &Eyes<'_>) -> Seen<Vec<Age>> {
    let changes = eyes.changes()?;
    let held = held(&eyes.ground.instance, &eyes.ground.node);
    let now = eyes.ground.now;
    Ok(held.map(|(name, entry)| due::age(name, entry, (changes.of(name), None), now)).collect())
}
