//! What is on disk, sealed and in the journal when each step begins, and that a run ends where that cannot be had.
#![expect(clippy::disallowed_methods, reason = "real files of a test's own folder")]

use super::*;
use crate::instance::Instance;
use crate::instance::model::Os;
use crate::rotate::{Setting, prepare};
use sanctum_secrets::places::Keyring;
use sanctum_secrets::resolve::Places;
use sanctum_types::{AbsPath, Action, NodeName, ServiceName};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

const OLD: &str = "the-value-that-was-there";
const NEW: &str = "the-value-that-a-person-made";

/// A secret that a person makes, in a file and a file of variables.
struct House {
    dir: tempfile::TempDir,
    places: Places,
    prepared: Prepared,
    shelf: Shelf,
}

impl House {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut places = Places::machine(dir.path()).unwrap();
        places.keyring = Some(Keyring::Embedded);
        let instance: Instance = serde_json::from_value(json!({
            "format": 1,
            "instance": { "name": "House", "slug": "house", "timezone": "UTC" },
            "users": { "owner": "operator" },
            "nodes": { "hub": { "type": "hub" } },
            "networks": { "lan": { "subnet": "192.168.1.0/24" } },
            "secrets": { "key": { "ref": "file:key", "rotation": {
                "kind": { "manual": { "create_url": "https://x.example" } },
                "consumers": [{ "env": { "path": "/a.env", "variable": "KEY" } }],
            } } },
        }))
        .unwrap();
        let env = dir.path().join("a.env");
        fs::write(&env, format!("KEY={OLD}\n")).unwrap();
        fs::set_permissions(&env, fs::Permissions::from_mode(0o600)).unwrap();
        let node = NodeName::new("hub").unwrap();
        let setting = Setting {
            places: &places,
            os: Os::Linux,
            node: &node,
            unattended: false,
            sandbox: true,
            fleet: None,
            last_key: None,
        };
        let prepared = prepare(&instance, &ServiceName::new("key").unwrap(), &setting).unwrap();
        let first = prepared.plan.consumers.first().unwrap();
        let given = crate::rotate::consumer::Given { value: OLD, key: None };
        prepared.consumer(first).unwrap().write(given).unwrap();
        let shelf = Shelf::open(&places, &AbsPath::new("/store").unwrap()).unwrap();
        Self { dir, places, prepared, shelf }
    }

    fn begin(&self) -> Machine {
        let rotation = sanctum_rotation::RotationId::from_random([7; 16]);
        Machine::begin(self.prepared.plan.clone(), rotation, UnixTime(0))
    }

    fn resume(&self) -> Machine {
        Machine::resume(self.record().unwrap())
    }

    fn run(&self, machine: Machine, crew: &mut Hands<'_>) -> Result<Status, DriveError> {
        Driver::new(&self.prepared, &self.shelf, machine).run(crew, false)
    }

    /// What the disk says; read anew, as the next run would.
    fn record(&self) -> Option<Record> {
        let shelf = Shelf::at(&self.places, &AbsPath::new("/store").unwrap()).unwrap();
        shelf.records().unwrap().pop()
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join("store/rotations").join(name)
    }

    fn sealed(&self) -> Vec<String> {
        let all = fs::read_dir(self.at("sealed")).unwrap();
        let mut all: Vec<String> =
            all.map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
        all.sort();
        all
    }

    fn env(&self) -> String {
        fs::read_to_string(self.dir.path().join("a.env")).unwrap()
    }
}

/// A person who pastes, a clock that jumps, and a look at the disk as each step begins.
struct Hands<'a> {
    house: &'a House,
    look: &'a dyn Fn(&House, &str),
    now: i64,
    mute: bool,
    steps: Vec<String>,
    changes: Vec<Option<Record>>,
}

impl<'a> Hands<'a> {
    fn new(house: &'a House, look: &'a dyn Fn(&House, &str)) -> Self {
        Self { house, look, now: 10, mute: false, steps: Vec::new(), changes: Vec::new() }
    }
}

impl Crew for Hands<'_> {
    fn now(&self) -> UnixTime {
        UnixTime(self.now)
    }

    fn wait(&mut self, until: UnixTime) -> bool {
        self.now = until.0;
        true
    }

    fn step(&mut self, words: &str) {
        (self.look)(self.house, words);
        self.steps.push(words.to_owned());
    }

    fn tell(&mut self, _: &Notice, _: &Record) {}

    fn changed(&mut self, record: &Record) -> Result<(), NotRecorded> {
        assert!(settled(record));
        self.changes.push(self.house.record());
        if !self.mute {
            return Ok(());
        }
        let action = Action::new(crate::rotate::due::ROTATED).unwrap();
        Err(NotRecorded { action, source: "no room".into() })
    }

    fn paste(&mut self, _: &str) -> Option<Secret<String>> {
        Some(Secret::new(NEW.to_owned()))
    }

    fn removed_by_hand(&mut self) -> bool {
        true
    }
}

fn begins(words: &str, with: &str) -> bool {
    words.starts_with(with)
}

#[test]
fn everything_is_written_down_and_sealed_before_it_is_used_and_gone_at_the_end() {
    let house = House::new();
    let look = |house: &House, words: &str| {
        let record = house.record();
        let (old, new) = (
            "07070707-0707-4707-8707-070707070707.old.age",
            "07070707-0707-4707-8707-070707070707.new.age",
        );
        if begins(words, "ask the provider") || begins(words, "look whether") {
            assert_eq!(record, None, "{words}");
        } else if begins(words, "seal the value before") {
            assert_eq!(record.unwrap().stage, Stage::Intent);
        } else if begins(words, "make a new key") {
            assert_eq!(
                record.unwrap().attempts.len(),
                1,
                "the name is on disk before it is asked for"
            );
            assert_eq!(house.sealed(), [old]);
        } else if begins(words, "write the new value to ") || begins(words, "verify the new value")
        {
            assert_eq!(house.sealed(), [new, old], "{words}");
            let to =
                words.strip_prefix("write the new value to ").and_then(|to| to.split(',').next());
            let marks = record.unwrap().consumers;
            let mark = |id: &str| marks.iter().find(|one| one.id.as_str() == id).unwrap().mark;
            assert!(to.is_none_or(|id| mark(id) == Mark::Writing), "{words}: {marks:?}");
        } else if begins(words, "remove a key") {
            assert_eq!(record.unwrap().stage, Stage::Revoking);
        }
        assert!(!words.contains(OLD) && !words.contains(NEW), "{words}");
    };
    let mut crew = Hands::new(&house, &look);
    assert_eq!(house.run(house.begin(), &mut crew).unwrap(), Status::Done);
    assert!(crew.steps.iter().any(|words| begins(words, "remove a key")), "{:?}", crew.steps);
    assert_eq!(house.sealed(), [] as [&str; 0]);
    assert_eq!(house.env(), format!("KEY={NEW}\n"));
    assert_eq!(crew.changes.len(), 1);
    let bytes = fs::read_to_string(house.at("07070707-0707-4707-8707-070707070707.json")).unwrap();
    assert!(!bytes.contains(OLD) && !bytes.contains(NEW), "{bytes}");
}

#[test]
fn the_journal_hears_of_the_change_before_the_record_says_so() {
    let house = House::new();
    let nothing = |_: &House, _: &str| {};
    let mut crew = Hands::new(&house, &nothing);
    crew.mute = true;
    let ended = house.run(house.begin(), &mut crew);
    assert!(matches!(ended, Err(DriveError::NotRecorded(_))), "{ended:?}");
    assert_eq!(house.env(), format!("KEY={NEW}\n"), "the change was made");
    assert_eq!(
        house.record().unwrap().stage,
        Stage::Propagating,
        "and nothing says that it is done"
    );
    // The next run tells it; a third has nothing more to tell.
    let mut crew = Hands::new(&house, &nothing);
    assert_eq!(house.run(house.resume(), &mut crew).unwrap(), Status::Done);
    let known: Vec<Stage> = crew.changes.iter().flatten().map(|record| record.stage).collect();
    assert_eq!(known, [Stage::Propagating]);
    let mut crew = Hands::new(&house, &nothing);
    assert_eq!(house.run(house.resume(), &mut crew).unwrap(), Status::Done);
    assert!(crew.changes.is_empty() && crew.steps.is_empty(), "{:?}", crew.steps);
}

#[test]
fn a_record_that_cannot_be_kept_ends_the_run_before_the_next_step() {
    let house = House::new();
    let record = house.at("07070707-0707-4707-8707-070707070707.json");
    let block = |_: &House, words: &str| {
        if begins(words, "seal the new value") {
            fs::remove_file(&record).unwrap();
            fs::create_dir(&record).unwrap();
        }
    };
    let mut crew = Hands::new(&house, &block);
    let ended = house.run(house.begin(), &mut crew);
    assert!(matches!(ended, Err(DriveError::Save(_))), "{ended:?}");
    assert!(begins(crew.steps.last().unwrap(), "seal the new value"), "{:?}", crew.steps);
    assert_eq!(house.env(), format!("KEY={OLD}\n"));
}

#[test]
fn one_at_a_time_takes_the_turn() {
    let house = House::new();
    let turn = house.shelf.turn().unwrap();
    let other = Shelf::open(&house.places, &AbsPath::new("/store").unwrap()).unwrap();
    let refused = other.turn();
    assert!(matches!(refused, Err(ShelfError::Host(sanctum_host::HostError::Locked { .. }))));
    drop(turn);
    other.turn().unwrap();
}

#[test]
fn a_record_that_cannot_be_read_is_no_missing_record() {
    let house = House::new();
    let path: &Path = &house.at("07070707-0707-4707-8707-070707070707.json");
    for text in ["", "{\"format\": 2}", "{}"] {
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(house.shelf.records(), Err(ShelfError::Record { .. })), "{text}");
    }
}
