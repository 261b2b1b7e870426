//! Whatever is done to the files of a closed stream shows, and the first bad line is named.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

/// Bytes of every file below a directory, but the lock.
type Files = BTreeMap<PathBuf, Vec<u8>>;

fn read(dir: &Path, below: &Path, all: &mut Files) {
    for entry in std::fs::read_dir(dir.join(below)).expect("a list") {
        let name = below.join(entry.expect("one").file_name());
        let path = dir.join(&name);
        if path.is_dir() {
            read(dir, &name, all);
        } else if !name.ends_with("lock") {
            all.insert(name, std::fs::read(path).expect("bytes"));
        }
    }
}

/// A closed stream of several files, made once.
static CLOSED: LazyLock<Files> = LazyLock::new(|| {
    let bed = Bed::new();
    for _ in 0..2 {
        let journal = bed.open();
        for count in 0..12 {
            journal.append(&event(&format!("thing {count}")), Durability::Soon).expect("a record");
        }
    }
    assert_eq!(bed.check().fault, None);
    let mut all = Files::new();
    read(bed.dir.path(), Path::new(""), &mut all);
    all
});

fn put(files: &Files) -> Bed {
    let bed = Bed::new();
    drop(bed.places());
    for (name, bytes) in files {
        let path = bed.dir.path().join(name);
        std::fs::DirBuilder::new()
            .recursive(true)
            .create(path.parent().expect("a parent"))
            .expect("a directory");
        std::fs::write(path, bytes).expect("a write");
    }
    bed
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Flip,
    RemoveLine,
    RepeatLine,
    SwapLines,
    Cut,
    Insert,
    Remove,
    CopyOver,
}

fn arb_change() -> impl Strategy<Value = Change> {
    proptest::sample::select(vec![
        Change::Flip,
        Change::Flip,
        Change::Flip,
        Change::RemoveLine,
        Change::RepeatLine,
        Change::SwapLines,
        Change::Cut,
        Change::Insert,
        Change::Remove,
        Change::CopyOver,
    ])
}

fn changed(files: &Files, change: Change, which: [prop::sample::Index; 3], byte: u8) -> Files {
    let mut files = files.clone();
    let names: Vec<PathBuf> = files.keys().cloned().collect();
    let name = which[0].get(&names).clone();
    let other = files[which[1].get(&names)].clone();
    let bytes = files.get_mut(&name).expect("a file");
    let mut lines: Vec<Vec<u8>> =
        bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    let (one, two) = (which[1].index(lines.len()), which[2].index(lines.len()));
    match change {
        Change::Flip => {}
        Change::RemoveLine => drop(lines.remove(one)),
        Change::RepeatLine => lines.insert(two, lines[one].clone()),
        Change::SwapLines => lines.swap(one, two),
        Change::Cut => bytes.truncate(which[1].index(bytes.len())),
        Change::Insert => bytes.insert(which[1].index(bytes.len() + 1), byte),
        Change::CopyOver => *bytes = other,
        Change::Remove => {}
    }
    match change {
        Change::Flip => {
            let at = which[1].index(bytes.len());
            bytes[at] ^= 1 << (byte % 8);
        }
        Change::RemoveLine | Change::RepeatLine | Change::SwapLines => *bytes = lines.concat(),
        Change::Remove => drop(files.remove(&name)),
        Change::Cut | Change::Insert | Change::CopyOver => {}
    }
    files
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn every_change_shows(change in arb_change(), which in any::<[prop::sample::Index; 3]>(), byte in any::<u8>()) {
        let files = changed(&CLOSED, change, which, byte);
        prop_assume!(files != *CLOSED);
        let bed = put(&files);
        // To be unable to look is an answer too: it is never `clean`.
        if let Ok(checked) = verify::stream(&bed.places(), &name(), &mut |_| {}) {
            prop_assert!(checked.fault.is_some(), "{change:?} {:?}", files.keys());
        }
    }
}

/// Line 4 of file 1 as the first bad one, whatever is done to it.
#[test]
fn the_first_bad_line_is_named() {
    let name = PathBuf::from("journal/sanctum/000001.jsonl");
    let lines: Vec<&[u8]> = CLOSED[&name].split_inclusive(|b| *b == b'\n').collect();
    let mut flipped: Vec<Vec<u8>> = lines.iter().map(|line| line.to_vec()).collect();
    let at = flipped[3].windows(5).position(|part| part == b"thing").expect("a subject");
    flipped[3][at] = b'T';
    let mut without = flipped.clone();
    without.remove(3);
    let mut swapped: Vec<Vec<u8>> = lines.iter().map(|line| line.to_vec()).collect();
    swapped.swap(3, 4);
    for (lines, kind) in [
        (flipped, FaultKind::WrongTag),
        (without, FaultKind::OutOfOrder { found: 5 }),
        (swapped, FaultKind::OutOfOrder { found: 5 }),
    ] {
        let mut files = CLOSED.clone();
        files.insert(name.clone(), lines.concat());
        let bed = put(&files);
        let checked = bed.check();
        assert_eq!(checked.last, 3);
        let fault = checked.fault.expect("a fault");
        assert_eq!((fault.seq, fault.line, fault.kind), (4, Some(4), kind));
        assert!(fault.file.ends_with("journal/sanctum/000001.jsonl"), "{}", fault.file);
    }
}

/// The stream as it was two seals ago, state and all: only the second place knows better.
#[test]
fn a_stream_that_was_put_back_to_an_earlier_day_shows() {
    let bed = Bed::new();
    let journal = bed.open();
    journal.append(&event("one"), Durability::Synced).expect("a record");
    drop(journal);
    let mut early = Files::new();
    read(&bed.streams(), Path::new(""), &mut early);
    bed.open().append(&event("two"), Durability::Synced).expect("a record");
    for (name, bytes) in &early {
        std::fs::write(bed.streams().join(name), bytes).expect("a write");
    }
    let fault = bed.check().fault.expect("a fault");
    assert!(matches!(fault.kind, FaultKind::Truncated { .. }), "{fault:?}");
    bed.with(LIMITS).expect_err("nobody continues it unseen");
}

/// Who takes the state of today can continue the stream, and cannot rewrite what was sealed before.
#[test]
fn the_key_of_today_does_not_rewrite_yesterday() {
    let bed = Bed::new();
    drop(bed.open());
    bed.open().append(&event("yesterday"), Durability::Synced).expect("a record");
    let stolen = state::load(&bed.places().streams, &name()).expect("a state").expect("a state");
    let path = bed.file(1);
    let text = std::fs::read(&path).expect("bytes");
    let mut chain = stolen.chain;
    let mut forged: Vec<u8> = Vec::new();
    // The thief gives every line of the past a tag under the key that he has.
    chain.at.tag = [0; 32];
    for part in text.split_inclusive(|b| *b == b'\n') {
        let line = scan::line(part).expect("a line");
        let mut covered = line.covered.to_vec();
        if let Some(at) = covered.windows(9).position(|part| part == b"yesterday") {
            covered[at..at + 9].copy_from_slice(b"YESTERDAY");
        }
        let tag = chain.key.tag(&chain.at.tag, &covered);
        chain.at.tag = tag;
        forged.extend_from_slice(&covered);
        line::write_tag(&mut forged, &tag);
    }
    std::fs::write(&path, forged).expect("a write");
    assert_eq!(bed.check().fault.expect("a fault").kind, FaultKind::WrongTag);
}

/// Even who has the first key cannot change what a checkpoint saw.
#[test]
fn the_first_key_does_not_help_against_a_checkpoint() {
    let bed = Bed::new();
    bed.open().append(&event("yesterday"), Durability::Synced).expect("a record");
    let state = state::load(&bed.places().streams, &name()).expect("a look").expect("a state");
    let places = bed.places();
    let second = places.second().expect("a place");
    let origin =
        witness::origin(second, &name(), &state.chain.id).expect("a look").expect("an origin");
    let at = chain::Position { file: 1, offset: 0, seq: 0, tag: origin.digest, epoch: 0 };
    let mut chain = chain::Chain::new(name(), state.chain.id.clone(), at, origin.key.clone());
    let mut forged: Vec<u8> = Vec::new();
    for part in std::fs::read(bed.file(1)).expect("bytes").split_inclusive(|b| *b == b'\n') {
        let mut covered = scan::line(part).expect("a line").covered.to_vec();
        if let Some(at) = covered.windows(9).position(|part| part == b"yesterday") {
            covered[at..at + 9].copy_from_slice(b"YESTERDAY");
        }
        let tag = chain.key.tag(&chain.at.tag, &covered);
        line::write_tag(&mut covered, &tag);
        chain.accept(&scan::line(&covered).expect("a line")).expect("it is the next one");
        forged.extend_from_slice(&covered);
    }
    std::fs::write(bed.file(1), forged).expect("a write");
    state::save(&places.streams, &chain, &state.signing).expect("a state");
    let fault = bed.check().fault.expect("a fault");
    assert!(matches!(fault.kind, FaultKind::Rewritten { number: 2 }), "{fault:?}");
}

/// Digits that chance seldom meets: the last signature, and the keys in the state.
#[test]
fn a_changed_signature_or_key_shows() {
    let at_end = |bytes: &[u8]| bytes.len() - 10;
    let after = |name: &'static str| {
        move |bytes: &[u8]| {
            let text = std::str::from_utf8(bytes).expect("text");
            text.find(name).expect("a field") + name.len() + 5
        }
    };
    type Where = Box<dyn Fn(&[u8]) -> usize>;
    let places: [(&str, Where); 3] = [
        ("checkpoints.jsonl", Box::new(at_end)),
        ("state.json", Box::new(after("\"key\":\""))),
        ("state.json", Box::new(after("\"signing\":\""))),
    ];
    for (file, place) in places {
        let mut files = CLOSED.clone();
        let (_, bytes) = files.iter_mut().find(|(name, _)| name.ends_with(file)).expect("a file");
        let at = place(bytes);
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        let bed = put(&files);
        let seen = verify::stream(&bed.places(), &name(), &mut |_| {});
        assert!(seen.is_ok_and(|seen| seen.fault.is_some()), "{file} at {at}");
    }
}
