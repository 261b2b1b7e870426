//! Following a stream: every line once, over files, and a stream that is not the one any more.

use super::super::follow::{Mark, News, news};
use super::*;
use proptest::prelude::*;

/// What a look from the mark hands over, by sequence number.
fn look(bed: &Bed, mark: Option<&Mark>) -> (Vec<u64>, News) {
    let mut seen = Vec::new();
    let news =
        news(&bed.places(), &name(), mark, &mut |entry| seen.push(entry.seq)).expect("a look");
    (seen, news)
}

#[test]
fn a_stream_that_is_not_there_has_no_news() {
    let bed = Bed::new();
    assert_eq!(look(&bed, None), (Vec::new(), News::default()));
}

#[test]
fn a_half_line_waits_for_its_end() {
    let bed = Bed::new();
    write(&bed, 3);
    let (seen, first) = look(&bed, None);
    let mut bytes = std::fs::read(bed.file(1)).expect("a file");
    let whole = bytes.len();
    bytes.extend_from_slice(b"{\"seq\":");
    std::fs::write(bed.file(1), &bytes).expect("a file");
    let (more, second) = look(&bed, first.mark.as_ref());
    assert_eq!((more, &second), (Vec::new(), &first));
    bytes.truncate(whole);
    std::fs::write(bed.file(1), &bytes).expect("a file");
    assert_eq!(look(&bed, None).0, seen);
}

#[test]
fn a_stream_that_was_cut_or_replaced_is_told_and_read_anew() {
    let bed = Bed::new();
    write(&bed, 3);
    let (_, first) = look(&bed, None);
    let bytes = std::fs::read(bed.file(1)).expect("a file");
    let kept = bytes.split_inclusive(|byte| *byte == b'\n').next().expect("a line").len();
    std::fs::write(bed.file(1), &bytes[..kept]).expect("a file");
    let (seen, cut) = look(&bed, first.mark.as_ref());
    assert!(cut.broken);
    assert_eq!(seen, [1]);
    // From then on it is the stream that is there.
    assert!(!look(&bed, cut.mark.as_ref()).1.broken);
    std::fs::remove_dir_all(bed.streams().join("sanctum")).expect("gone");
    assert!(look(&bed, first.mark.as_ref()).1.broken);
}

/// Appends that many lines, as a program that ends.
fn write(bed: &Bed, count: usize) {
    let journal = bed.open();
    for number in 0..count {
        let event = AuditEvent {
            actor: Actor::new("service:a").expect("a word"),
            action: Action::new("a.b").expect("a word"),
            subject: format!("{number} {}", "x".repeat(number * 37 % 300)),
            phase: Phase::Single,
            outcome: Outcome::Ok,
            severity: Severity::Info,
            details: [].into(),
        };
        journal.append(&event, Durability::Synced).expect("a record");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// However the looks fall between the writes, every line is handed over once and in order.
    #[test]
    fn every_line_comes_once(portions in proptest::collection::vec(0_usize..12, 1..6)) {
        let bed = Bed::new();
        let (mut seen, mut mark) = (Vec::new(), None);
        for portion in portions {
            write(&bed, portion);
            let (more, news) = look(&bed, mark.as_ref());
            prop_assert!(!news.broken);
            seen.extend(more);
            mark = news.mark;
        }
        let last = bed.check().last;
        prop_assert_eq!(seen, (1..=last).collect::<Vec<_>>());
        let head = Head::of(&bed.places(), &name()).expect("a look");
        prop_assert_eq!(mark.map(|mark| mark.head(&name())), head);
    }
}
