//! Fixtures of the family, and what its observations make of real files.

#![expect(clippy::disallowed_methods, reason = "fixtures in the test's own folder")]

use super::look::{self, Document, Recovery, Role, SecretPath, SecretPlace};
use super::rotations::{self, Rotation};
use crate::doctor::eyes::{Eyes, There};
use crate::doctor::fixture;
use crate::doctor::looked::Looked;
use crate::rotate::due;
use crate::rotate::trouble::tests as trouble;
use crate::secrets::recovery::{self, Made};
use sanctum_rotation::{Record, Stage};
use sanctum_secrets::house::HouseKey;
use sanctum_types::{AbsPath, SecretRef, ServiceName, UnixTime};
use serde_json::json;
use std::os::unix::fs::PermissionsExt as _;

/// A hub whose P0 service `bridge` reads `token`, which has these places: reference, whether it is the source, and what
/// stands for the value there.
pub(super) fn house(places: &[(&str, bool, Option<&str>)]) -> Looked {
    let source = places.iter().find(|(_, source, _)| *source).expect("a source").0;
    let caches: Vec<&str> =
        places.iter().filter(|(_, source, _)| !source).map(|(place, ..)| *place).collect();
    let mut looked = fixture::hub(&json!({
        "secrets": { "token": { "ref": source, "caches": caches, "cleartext": { "reason": "it is needed at boot" } } },
        "services": { "bridge": { "node": "hub", "criticality": "P0", "command": ["/opt/x"], "secrets": ["token"] } },
    }));
    let key = HouseKey::read(&[1; 32]).unwrap();
    let all = &mut looked.secret_places.as_mut().unwrap().all;
    for (place, source, value) in places {
        let place = SecretRef::parse(place).unwrap();
        let unattended = place.unattended();
        let print = value.map(|value| key.of(value.as_bytes()));
        all.push(SecretPlace {
            secret: ServiceName::new("token").unwrap(),
            place,
            source: *source,
            print,
            unattended,
        });
    }
    looked
}

/// [`house`] with the value `a` in the keychain, and this in the file that is its cache.
pub(super) fn copied(cache: Option<&str>) -> Looked {
    house(&[("keychain:token/house", true, Some("a")), ("file:token", false, cache)])
}

/// A hub with one rotation that was begun.
pub(super) fn rotating(record: Record) -> Looked {
    let mut looked = fixture::plain_hub();
    // The rotation of the fixture was begun then.
    looked.ground.now = trouble::BEGUN.plus(3600);
    let rotation = Rotation { record, sanctum: "sanctum" };
    looked.rotations.as_mut().unwrap().all.push(rotation);
    looked
}

/// The same rotation, begun a month earlier.
pub(super) fn long_ago(mut record: Record) -> Record {
    const MONTH: i64 = 30 * 24 * 3600;
    record.begun = record.begun.plus(-MONTH);
    record.written = record.written.map(|at| at.plus(-MONTH));
    record.stage = Stage::Overlap { since: record.begun };
    record
}

/// A hub with the secret `token`, at most ninety days old, which the journal saw change so many days ago.
pub(super) fn aged(days: Option<i64>, kind: Option<&str>) -> Looked {
    let rotation = kind.map(|kind| json!({ "kind": { kind: {} }, "management": "other" }));
    let mut token = json!({ "ref": "age:token.age", "rotation_max_age_days": 90 });
    if let Some(rotation) = rotation {
        token["rotation"] = rotation;
    }
    let secrets = json!({ "token": token, "other": { "ref": "age:other.age" } });
    let mut looked = fixture::hub(&json!({ "secrets": secrets }));
    let at = days.map(|days| looked.ground.now.plus(-days * 24 * 3600));
    let entry = &looked.ground.instance.secrets[&ServiceName::new("token").unwrap()];
    let age = due::age(&ServiceName::new("token").unwrap(), entry, (at, None), looked.ground.now);
    looked.ages = Ok(vec![age]);
    looked
}

impl Looked {
    pub(super) fn with_secret_path(mut self, path: &str, role: Role, mode: u32) -> Self {
        let there = if role == Role::Private { fixture::dir(mode) } else { fixture::file(mode) };
        let path = AbsPath::new(path).unwrap();
        self.secret_paths.as_mut().unwrap().all.push(SecretPath { path, role, there });
        self
    }

    pub(super) fn with_document(mut self, conflict: Option<usize>, clear: &[&str]) -> Self {
        let path = AbsPath::new("/etc/sanctum/house.yaml").unwrap();
        let clear = Ok(clear.iter().map(|&key| key.to_owned()).collect());
        self.sops_documents.as_mut().unwrap().all.push(Document { path, conflict, clear });
        self
    }

    /// With a bundle that was rehearsed so many days ago; `secrets` are names with the value then and now.
    pub(super) fn with_recovery(
        mut self,
        days: Option<i64>,
        secrets: &[(&str, &str, &str)],
    ) -> Self {
        let ago = |days: i64| UnixTime(self.ground.now.0 - days * 24 * 3600);
        let pick = |now: bool| {
            let one = |(name, then, today): &(&str, &str, &str)| {
                ((*name).to_owned(), (if now { *today } else { *then }).to_owned())
            };
            secrets.iter().map(one).collect()
        };
        let made = Made {
            digest: "d".to_owned(),
            made_at: ago(100),
            recipients: 1,
            secrets: pick(false),
            rehearsed_at: days.map(ago),
        };
        let record = recovery::Record { format: 1, bundles: vec![made] };
        let now = Some(pick(true));
        self.recovery = Ok(Recovery { record: Some(record), now, unseen: Vec::new() });
        self
    }
}

fn there(mode: u32) -> There {
    There { modified: None, size: None, uid: None, ..fixture::file(mode) }
}

/// Real files below a directory: what is seen of them, and that no value is.
#[test]
fn what_is_seen_of_real_files_holds_no_value() {
    let dir = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str, mode: u32| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    put("etc/sanctum/secrets/token", "hunter2-hunter2", 0o600);
    put("etc/sanctum/secrets/copy", "hunter2-hunter2", 0o600);
    let secrets = dir.path().join("etc/sanctum/secrets");
    std::fs::set_permissions(secrets, std::fs::Permissions::from_mode(0o700)).unwrap();
    put("etc/sanctum/identity", "x", 0o644);
    put(
        "etc/sanctum/h.yaml",
        "a: ENC[AES256_GCM,data:x]\nb:\n    c_unencrypted: open\nsops:\n    mac: x\n    version: y\n<<<<<<< ours\n",
        0o600,
    );
    let document = "A=ENC[AES256_GCM,data:x]\nB_unencrypted=open\nsops_mac=x\nsops_version=3.9.0\n";
    put("etc/sanctum/e.env", document, 0o600);
    put("Users/operator/.zshrc", "# x\nexport TOKEN='hunter2-hunter2'\n", 0o644);
    let house = fixture::hub(&json!({ "secrets": {
        "token": { "ref": "file:token", "caches": ["file:copy", "file:gone"], "cleartext": { "reason": "x" } },
        "one": { "ref": "sops:h.yaml#a" }, "two": { "ref": "sops:/etc/sanctum/e.env#A" },
        "elsewhere": { "ref": "file:barn", "nodes": ["barn"] },
    } }));
    let eyes = Eyes::below(&house.ground, dir.path()).unwrap();
    let places = look::places(&eyes).unwrap();
    let files: Vec<(String, bool)> = places
        .iter()
        .filter(|one| matches!(one.place, SecretRef::File(_)))
        .map(|one| (one.place.to_string(), one.print.is_some()))
        .collect();
    let expected = [("file:token", true), ("file:copy", true), ("file:gone", false)];
    assert_eq!(files, expected.map(|(place, there)| (place.to_owned(), there)));
    assert_eq!(places.all[0].print, places.all[1].print);
    let paths = look::paths(&eyes).unwrap();
    let identity = paths.iter().find(|one| one.role == Role::Identity).unwrap();
    assert_eq!(identity.there, there(0o644));
    let documents = look::documents(&eyes).unwrap();
    let seen: Vec<_> = documents
        .iter()
        .map(|one| (one.path.to_string(), one.conflict, one.clear.clone().ok()))
        .collect();
    assert_eq!(
        seen,
        [
            ("/etc/sanctum/e.env".to_owned(), None, Some(vec!["[\"B_unencrypted\"]".to_owned()])),
            ("/etc/sanctum/h.yaml".to_owned(), Some(7), None),
        ]
    );
    // Each store was asked already, and is not asked again: what is there now was not there then.
    put("etc/sanctum/secrets/token", "later-later", 0o600);
    put("etc/sanctum/secrets/copy", "later-later", 0o600);
    let leaks = look::leaks(&eyes).unwrap();
    let found: Vec<_> =
        leaks.iter().map(|one| (one.path.as_str(), one.line, one.secret.as_str())).collect();
    assert_eq!(found, [("/Users/operator/.zshrc", 2, "token")]);
    let all = format!("{places:?}{paths:?}{documents:?}{leaks:?}");
    assert!(!all.contains("hunter2"));
}

/// Records below a directory: one that was begun, one that is damaged, and files that are none.
#[test]
fn a_record_that_cannot_be_read_is_told_and_hides_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let shelf = dir.path().join(".sanctum/rotations");
    std::fs::create_dir_all(shelf.join("sealed")).unwrap();
    let record = trouble::at(Stage::Intent, 0);
    for (name, bytes) in [
        ("a.json", record.encode().unwrap()),
        ("b.json", b"{\"format\": 1}".to_vec()),
        ("c.json", vec![b' '; sanctum_rotation::record::LONGEST + 1]),
        (".d.json", b"temporary".to_vec()),
        ("notes", b"none".to_vec()),
    ] {
        std::fs::write(shelf.join(name), bytes).unwrap();
    }
    let ground = fixture::plain_hub().ground;
    let seen = rotations::rotations(&Eyes::below(&ground, dir.path()).unwrap()).unwrap();
    let all: Vec<&Record> = seen.iter().map(|one| &one.record).collect();
    assert_eq!(all, [&record]);
    let unseen: Vec<&str> = seen.unseen.iter().map(|one| one.subject.as_str()).collect();
    assert_eq!(unseen, ["/.sanctum/rotations/b.json", "/.sanctum/rotations/c.json"]);
    // A house where nothing was ever rotated has been looked at.
    let empty = tempfile::tempdir().unwrap();
    let seen = rotations::rotations(&Eyes::below(&ground, empty.path()).unwrap()).unwrap();
    assert_eq!((seen.all.len(), seen.unseen.len()), (0, 0));
}

#[test]
fn a_look_that_reads_no_journal_knows_no_age() {
    let ground = aged(Some(1), None).ground;
    assert!(rotations::ages(&Eyes::on_machine(&ground)).is_err());
    let journal = || Ok(due::Changes::default());
    let eyes = Eyes::on_machine(&ground).telling(&journal);
    let ages = rotations::ages(&eyes).unwrap();
    let token = ages.iter().find(|age| age.secret.as_str() == "token").unwrap();
    assert_eq!(token.standing, due::Standing::Unknown);
}
