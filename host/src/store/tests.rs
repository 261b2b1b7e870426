use super::*;
use proptest::prelude::*;
use std::os::unix::fs::PermissionsExt as _;

#[expect(clippy::disallowed_methods, reason = "tests damage the store from outside")]
mod outside {
    use std::path::Path;

    pub(super) fn write(path: &Path, bytes: &[u8]) {
        std::fs::write(path, bytes).unwrap();
    }
    pub(super) fn read(path: &Path) -> Vec<u8> {
        std::fs::read(path).unwrap()
    }
    pub(super) fn make_dir(path: &Path) {
        std::fs::create_dir(path).unwrap();
    }
    pub(super) fn mode(path: &Path) -> std::fs::Permissions {
        std::fs::metadata(path).unwrap().permissions()
    }
    pub(super) fn set_mode(path: &Path, mode: std::fs::Permissions) {
        std::fs::set_permissions(path, mode).unwrap();
    }
}

fn fresh() -> (tempfile::TempDir, std::path::PathBuf, Store) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/er/store");
    let store = Store::open(&path).unwrap();
    (dir, path, store)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn blobs_come_back_and_damage_is_seen(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let (_dir, path, store) = fresh();
        let mut blobs = Blobs::default();
        let digest = blobs.add(&bytes);
        store.put_blobs(&blobs).unwrap();
        prop_assert_eq!(store.get_blob(&digest).unwrap(), bytes.clone());
        let file = path.join("blobs").join(digest.to_string());
        prop_assert_eq!(outside::mode(&file).mode() & 0o7777, 0o600);
        outside::write(&file, b"something else");
        let damaged = matches!(store.get_blob(&digest), Err(HostError::Damaged { .. }));
        prop_assert!(damaged);
        store.put_blobs(&blobs).unwrap();
        prop_assert_eq!(store.get_blob(&digest).unwrap(), bytes, "putting it again mends it");
    }

    #[test]
    fn a_torn_line_is_not_shown_and_cut_off(
        lines in prop::collection::vec("[a-z{}\":, ]{0,40}", 0..6),
        torn in "[a-z]{0,9000}",
    ) {
        let (_dir, path, store) = fresh();
        let mut log = store.create_receipt("r-1", b"{}").unwrap();
        for line in &lines {
            log.append(line).unwrap();
        }
        let progress = path.join("receipts/r-1/progress.jsonl");
        let mut bytes = outside::read(&progress);
        bytes.extend_from_slice(torn.as_bytes());
        outside::write(&progress, &bytes);
        prop_assert_eq!(store.read_receipt("r-1").unwrap().1, lines.clone());
        store.open_receipt("r-1").unwrap().append("next").unwrap();
        let mut more = lines;
        more.push("next".to_owned());
        prop_assert_eq!(store.read_receipt("r-1").unwrap().1, more);
    }

    #[test]
    fn a_tag_is_for_one_message(a in any::<Vec<u8>>(), b in any::<Vec<u8>>(), flip in 0usize..32) {
        let (_dir, path, store) = fresh();
        let mut tag = store.mac(&a).unwrap();
        let again = Store::open_existing(&path).unwrap();
        prop_assert!(again.mac_verify(&a, &tag).unwrap());
        prop_assert_eq!(again.mac_verify(&b, &tag).unwrap(), a == b);
        prop_assert!(!again.mac_verify(&a, tag.get(..31).unwrap()).unwrap());
        tag[flip] ^= 1;
        prop_assert!(!again.mac_verify(&a, &tag).unwrap());
    }
}

#[test]
fn two_stores_have_two_keys() {
    let ((_a, _, one), (_b, _, two)) = (fresh(), fresh());
    assert_ne!(one.mac(b"x").unwrap(), two.mac(b"x").unwrap());
}

#[test]
fn a_receipt_exists_once_its_plan_does() {
    let (_dir, path, store) = fresh();
    outside::make_dir(&path.join("receipts/half"));
    outside::write(&path.join("receipts/half/.plan.json.sanctum-new"), b"{");
    outside::write(&path.join("receipts/half/progress.jsonl"), b"old\n");
    assert!(store.receipts().unwrap().is_empty());
    assert!(store.open_receipt("half").is_err());
    assert!(store.read_receipt("half").is_err());
    store.create_receipt("half", b"header").unwrap();
    assert_eq!(store.read_receipt("half").unwrap(), (b"header".to_vec(), vec![]));
    assert!(store.create_receipt("half", b"other").is_err());
    store.create_receipt("a", b"").unwrap();
    assert_eq!(store.receipts().unwrap(), ["a", "half"]);
    assert!(store.create_receipt("b", b"").unwrap().append("a\nb").is_err());
    outside::make_dir(&path.join("receipts/other"));
    drop(store.lock(Duration::ZERO).unwrap());
    assert_eq!(
        store.tree.list(&AbsPath::new("/receipts").unwrap()).unwrap().unwrap(),
        ["a", "b", "half"]
    );
}

#[test]
fn one_run_at_a_time_and_the_refusal_names_it() {
    let (_dir, path, store) = fresh();
    let held = store.lock(Duration::ZERO).unwrap();
    let refusal = Store::open(&path).unwrap().lock(Duration::from_millis(60)).unwrap_err();
    let pid = std::process::id();
    assert!(refusal.to_string().ends_with(&format!("is in use by process {pid}")), "{refusal}");
    drop(held);
    assert!(store.lock(Duration::ZERO).is_ok());
}

#[test]
fn only_plain_names_and_only_a_private_directory() {
    let (_dir, path, store) = fresh();
    for bad in ["", ".", "..", "a/b", ".hidden", "a b", "mac.key", "blobs", "receipts", "lock"] {
        assert!(store.write_file(bad, b"").is_err(), "{bad:?}");
        assert!(store.read_file(bad).is_err(), "{bad:?}");
    }
    for bad in ["", ".", "..", "a/b", ".hidden"] {
        assert!(store.create_receipt(bad, b"").is_err(), "{bad:?}");
    }
    assert_eq!(store.read_file("approved.yaml").unwrap(), None);
    store.write_file("approved.yaml", b"x").unwrap();
    assert_eq!(store.read_file("approved.yaml").unwrap().as_deref(), Some(&b"x"[..]));
    store.remove_file("approved.yaml").unwrap();
    assert_eq!(store.read_file("approved.yaml").unwrap(), None);
    outside::set_mode(&path, std::fs::Permissions::from_mode(0o755));
    assert!(matches!(Store::open(&path), Err(HostError::Untrusted { .. })));
    assert!(Store::open_existing(&path.join("missing")).is_err());
}
