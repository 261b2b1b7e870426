use super::*;

fn tree() -> (tempfile::TempDir, Tree) {
    let dir = tempfile::tempdir().unwrap();
    let tree = Tree::open(dir.path()).unwrap();
    (dir, tree)
}

fn at(path: &str) -> AbsPath {
    AbsPath::new(path).unwrap()
}

#[test]
fn reading_back_tells_another_file_and_other_bytes() {
    let (_dir, tree) = tree();
    let path = at("/f");
    tree.write(&path, b"ours", Mode::PUBLIC, None).unwrap();
    let (dir, name) = tree.existing_parent("read", &path).unwrap();
    let ours = tree.target(&dir, name, &path).unwrap().unwrap();
    let judge = |written: &File, bytes: &[u8]| tree.read_back(&dir, &path, written, bytes);
    assert!(judge(&ours, b"ours").is_ok());
    assert!(matches!(judge(&ours, b"other"), Err(HostError::ReadBack { .. })));
    tree.write(&path, b"ours", Mode::PUBLIC, None).unwrap();
    assert!(matches!(judge(&ours, b"ours"), Err(HostError::ReadBack { .. })), "another inode");
    tree.remove(&path).unwrap();
    assert!(judge(&ours, b"ours").is_err());
}

#[test]
fn modes_are_exact_whatever_stood_there() {
    use std::os::unix::fs::PermissionsExt as _;
    let (dir, tree) = tree();
    let path = at("/d");
    tree.make_dir(&path, Mode::PRIVATE_DIR, None).unwrap();
    let real = tree.directory(&path).unwrap().unwrap();
    real.set_permissions(std::fs::Permissions::from_mode(0o7777)).unwrap();
    tree.make_dir(&path, Mode::from_bits(0o751), None).unwrap();
    assert_eq!(real.metadata().unwrap().mode() & 0o7777, 0o751);
    // A directory that hands its group down does not hand down its bit.
    tree.root.set_permissions(std::fs::Permissions::from_mode(0o2755)).unwrap();
    tree.make_dir(&at("/e"), Mode::OPEN_DIR, None).unwrap();
    assert_eq!(tree.stat(&at("/e")).unwrap().unwrap().mode, Mode::OPEN_DIR);
    let special = tree.directory(&at("/e")).unwrap().unwrap().metadata().unwrap().mode();
    assert_eq!(special & 0o7000, 0, "{}", dir.path().display());
}

#[test]
fn names_are_listed_and_parents_are_not_made() {
    let (_dir, tree) = tree();
    tree.make_dir(&at("/d"), Mode::OPEN_DIR, None).unwrap();
    for name in ["/d/b", "/d/a"] {
        tree.write(&at(name), b"", Mode::PRIVATE, None).unwrap();
    }
    assert_eq!(tree.list(&at("/d")).unwrap().unwrap(), ["a", "b"]);
    assert_eq!(tree.list(&at("/none")).unwrap(), None);
    assert_eq!(tree.list(&at("/d/a")).unwrap(), None);
    assert!(tree.write(&at("/none/f"), b"", Mode::PRIVATE, None).is_err());
    assert!(tree.make_dir(&at("/none/d"), Mode::OPEN_DIR, None).is_err());
    assert!(tree.write(&at("/d"), b"", Mode::PRIVATE, None).is_err());
    assert!(tree.remove(&at("/d")).is_err(), "it is not empty");
    assert!(tree.remove(&at("/none/f")).is_ok());
    assert_eq!(tree.read(&at("/d")).unwrap(), None);
    let long = format!("/{}", "x".repeat(250));
    assert!(tree.write(&at(&long), b"", Mode::PRIVATE, None).is_err());
}

#[test]
fn a_file_is_read_up_to_a_bound() {
    let (_dir, tree) = tree();
    let path = at("/big");
    let file = tree.open_private(&path).unwrap();
    file.set_len(READ_LIMIT).unwrap();
    assert_eq!(tree.read(&path).unwrap().unwrap().1.len() as u64, READ_LIMIT);
    file.set_len(READ_LIMIT + 1).unwrap();
    assert!(matches!(tree.read(&path), Err(HostError::Untrusted { .. })));
}

#[test]
fn what_nobody_could_read_replaces_nothing() {
    let (_dir, tree) = tree();
    let path = at("/store");
    tree.write(&path, b"all of the house", Mode::PRIVATE, None).unwrap();
    let bound = usize::try_from(READ_LIMIT).unwrap();
    assert!(tree.write(&path, &vec![0; bound + 1], Mode::PRIVATE, None).is_err());
    assert_eq!(tree.read(&path).unwrap().unwrap().1, b"all of the house");
    assert_eq!(tree.list(&at("/")).unwrap().unwrap(), ["store"]);
    tree.write(&path, &vec![0; bound], Mode::PRIVATE, None).unwrap();
}

#[test]
fn at_euid_0_a_foreign_owner_or_an_open_ancestor_is_refused() {
    use std::os::unix::fs::{PermissionsExt as _, fchown};
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root meets files of others here");
        return;
    }
    let (_dir, tree) = tree();
    tree.make_dir(&at("/d"), Mode::OPEN_DIR, None).unwrap();
    let path = at("/d/f");
    tree.write(&path, b"x", Mode::PUBLIC, None).unwrap();
    let refused = |tree: &Tree| {
        let untrusted = |e: &HostError| matches!(e, HostError::Untrusted { .. });
        let write = tree.write(&path, b"y", Mode::PUBLIC, None).is_err_and(|e| untrusted(&e));
        assert_eq!(write, tree.read(&path).is_err());
        assert_eq!(write, tree.stat(&path).is_err());
        write
    };
    let dir = tree.directory(&at("/d")).unwrap().unwrap();
    // 1777 is what /tmp has: nobody but the owner renames there.
    for (bits, expected) in [(0o755, false), (0o775, true), (0o757, true), (0o1777, false)] {
        dir.set_permissions(std::fs::Permissions::from_mode(bits)).unwrap();
        assert_eq!(refused(&tree), expected, "{bits:o}");
    }
    let ids = Ids { uid: 4711, gid: 4711 };
    tree.write(&path, b"x", Mode::PUBLIC, Some(ids)).unwrap();
    assert!(refused(&tree) && tree.remove(&path).is_err());
    let serving = Tree::open(Path::new(tree.shown.as_str())).unwrap();
    let serving = serving.with_target_owner(|uid| uid == 4711);
    assert!(!refused(&serving), "a service's own file");
    fchown(&dir, Some(4711), None).unwrap();
    assert!(refused(&serving), "never below a service's directory");
    assert!(tree.make_dir(&at("/d"), Mode::OPEN_DIR, None).is_err());
}
