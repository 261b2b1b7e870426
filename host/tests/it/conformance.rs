//! One law for all hosts: the same operations give the same answers and the same observations.

use proptest::prelude::*;
use sanctum_host::{Blobs, DirState, FileState, Host, MemHost, Op, RootHost, Scope, Unit};
use sanctum_types::{AbsPath, AccountName, JobLabel, Mode, Owner};

const PATHS: [&str; 8] = ["/a", "/a/b", "/a/b/c", "/a/d", "/e", "/e/f", "/e/f/g", "/a/b/c/h"];
const BYTES: [&[u8]; 3] = [b"", b"one\n", b"two \xff\n"];

fn path() -> impl Strategy<Value = AbsPath> {
    prop::sample::select(&PATHS[..]).prop_map(|text| AbsPath::new(text).unwrap())
}

fn owner() -> impl Strategy<Value = Owner> {
    prop_oneof![
        2 => Just(Owner::new("root", "wheel")),
        1 => Just(Owner::new("neo", "staff")),
        1 => Just(Owner::new("_sanctum_proxy", "_sanctum_proxy")),
    ]
}

fn units() -> Vec<Unit> {
    vec![
        Unit::Sshd,
        Unit::LaunchdJob { label: JobLabel::new("com.sanctum.vmnet").unwrap() },
        Unit::PfAnchor { name: "com.apple/sanctum".to_owned() },
        Unit::NftTable { family: "inet".to_owned(), name: "sanctum".to_owned() },
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let unit = || prop::sample::select(units());
    let name = || Just(AccountName::new("_sanctum_proxy").unwrap());
    // Directories stay closed to others: below an open one a real root refuses to work.
    let dir_mode = prop::sample::select(vec![0o755, 0o700, 0o750]).prop_map(Mode::from_bits);
    prop_oneof![
        3 => (path(), dir_mode, owner())
            .prop_map(|(path, mode, owner)| Op::Dir { path, state: DirState { mode, owner } }),
        4 => (path(), 0usize..3, 0u32..0o100, owner()).prop_map(|(path, at, bits, owner)| {
            // The owner's read bit stays, so that the law also holds for a user who is not root.
            let mode = Mode::from_bits(0o600 | bits);
            let blob = Blobs::digest(BYTES[at]);
            Op::File { path, state: FileState { blob, mode, owner } }
        }),
        2 => path().prop_map(|path| Op::Absent { path }),
        2 => (unit(), path()).prop_map(|(unit, from)| Op::Loaded { unit, from }),
        1 => unit().prop_map(|unit| Op::Unloaded { unit }),
        1 => name().prop_map(|name| Op::Account { name }),
        1 => name().prop_map(|name| Op::NoAccount { name }),
    ]
}

fn everything() -> Scope {
    Scope {
        paths: PATHS.iter().map(|text| AbsPath::new(*text).unwrap()).collect(),
        units: units().into_iter().collect(),
        accounts: [AccountName::new("_sanctum_proxy").unwrap()].into(),
    }
}

/// Does the same to both hosts, compares after every step, and repeats what succeeded.
fn agree(ops: &[Op]) {
    let dir = tempfile::tempdir().unwrap();
    let open = || RootHost::open(dir.path(), Owner::new("root", "wheel")).unwrap();
    let (mut real, mut model) = (open(), MemHost::default());
    // The third content is not in the store, so that a missing blob is part of the law.
    let mut blobs = Blobs::default();
    for bytes in BYTES.iter().take(2) {
        blobs.add(bytes);
    }
    let scope = everything();
    for op in ops {
        let (did, should) = (real.ensure(op, &blobs), model.ensure(op, &blobs));
        assert_eq!(did.is_ok(), should.is_ok(), "{op}: {did:?} / {should:?}");
        let (mut saw, mut sees) = (Blobs::default(), Blobs::default());
        let seen = real.observe(&scope, &mut saw).unwrap();
        assert_eq!(seen, model.observe(&scope, &mut sees).unwrap(), "after {op}");
        assert!(saw.iter().eq(sees.iter()));
        if did.is_ok() {
            real.ensure(op, &blobs).unwrap();
            assert_eq!(real.observe(&scope, &mut saw).unwrap(), seen, "twice {op}");
        }
    }
    let seen = open().observe(&scope, &mut Blobs::default()).unwrap();
    assert_eq!(seen, model.observe(&scope, &mut Blobs::default()).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_directory_behaves_as_memory_does(ops in prop::collection::vec(op(), 1..24)) {
        agree(&ops);
    }
}

#[test]
fn loading_again_holds_the_file_of_now() {
    let path = |text: &str| AbsPath::new(text).unwrap();
    let owner = Owner::new("root", "wheel");
    let file = |at: &str, bytes: &[u8]| {
        let blob = Blobs::digest(bytes);
        let state = FileState { blob, mode: Mode::PUBLIC, owner: owner.clone() };
        Op::File { path: path(at), state }
    };
    let load = |at: &str| Op::Loaded { unit: Unit::Sshd, from: path(at) };
    let [empty, one, _] = BYTES;
    agree(&[
        file("/a", empty),
        load("/a"),
        file("/a", one),
        load("/a"),
        file("/e", empty),
        load("/e"),
        Op::Absent { path: path("/e") },
        load("/e"),
        Op::Unloaded { unit: Unit::Sshd },
    ]);
}

#[test]
fn the_store_and_the_root_are_not_part_of_the_machine() {
    let dir = tempfile::tempdir().unwrap();
    let mut host = RootHost::open(dir.path(), Owner::new("root", "wheel")).unwrap();
    for path in ["/", "/.sanctum", "/.sanctum/ledger.json"] {
        let path = AbsPath::new(path).unwrap();
        let scope = Scope { paths: [path.clone()].into(), ..Scope::default() };
        assert!(host.observe(&scope, &mut Blobs::default()).is_err(), "{path}");
        assert!(host.ensure(&Op::Absent { path }, &Blobs::default()).is_err());
    }
}

#[test]
fn a_file_that_somebody_else_makes_has_the_default_owner() {
    let dir = tempfile::tempdir().unwrap();
    let mut host = RootHost::open(dir.path(), Owner::new("root", "wheel")).unwrap();
    let (mut blobs, path) = (Blobs::default(), AbsPath::new("/f").unwrap());
    let owner = Owner::new("neo", "staff");
    let state = FileState { blob: blobs.add(b"x"), mode: Mode::PUBLIC, owner: owner.clone() };
    let scope = Scope { paths: [path.clone()].into(), ..Scope::default() };
    let see = |host: &RootHost| {
        let seen = host.observe(&scope, &mut Blobs::default()).unwrap();
        seen.files[&path].owner.clone()
    };
    host.ensure(&Op::File { path: path.clone(), state }, &blobs).unwrap();
    assert_eq!(see(&host), owner);
    host.ensure(&Op::Absent { path: path.clone() }, &blobs).unwrap();
    tempfile::NamedTempFile::new_in(dir.path()).unwrap().persist(dir.path().join("f")).unwrap();
    assert_eq!(see(&host), Owner::new("root", "wheel"));
}
