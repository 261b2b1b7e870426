//! Windows, archives inside files, and natures.

use super::*;
use crate::tests::{settings, token};
use crate::{Report, Scanner};
use proptest::prelude::*;

/// Bytes that are not in memory, as a file's are not.
struct Far<'b>(&'b [u8]);

impl Bytes for Far<'_> {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        (&self.0).read_at(offset, buffer)
    }
}

fn scan(bytes: &[u8], max_file_size: u64) -> Report {
    let settings = crate::Settings { max_file_size, ..settings(&[]) };
    let scanner = Scanner::new(&settings);
    let path = || "f".to_owned();
    file(&scanner, Name::new(Source::File, &path), &Far(bytes), &mut Vec::new());
    scanner.finish()
}

fn lines(report: &Report) -> Vec<(usize, usize)> {
    report.findings.iter().map(|finding| (finding.line, finding.column)).collect()
}

#[test]
fn a_long_text_is_scanned_to_its_end_with_its_lines() {
    let mut text = "0123456789abcde\n".repeat(3 * WINDOW / 16 + 7);
    text.push_str(&format!("\u{e4}\u{e4} {}", token('A')));
    let report = scan(text.as_bytes(), 1 << 30);
    assert_eq!(lines(&report), [(3 * WINDOW / 16 + 8, 4)]);
    assert_eq!((report.counts.pieces, report.counts.bytes), (1, text.len() as u64));
    assert_eq!(report.not_scanned, []);
    // A bound is told.
    let report = scan(text.as_bytes(), WINDOW as u64);
    assert_eq!((lines(&report), report.not_scanned.len()), (vec![], 1));
}

/// A file that has more bytes than it says: one that grows, or that the kernel makes up.
struct Grown<'b>(&'b [u8], u64);

impl Bytes for Grown<'_> {
    fn size(&self) -> u64 {
        self.1
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        (&self.0).read_at(offset, buffer)
    }
}

/// And nothing of the file that was read before into the same buffer is taken for its own.
#[test]
fn a_file_that_grows_is_read_to_its_end() {
    let before = format!("{}\n{}", "x\n".repeat(300), token('A'));
    for (filler, said) in [(10, 0), (10, 3), (100, 30), (2 * WINDOW, 0), (2 * WINDOW, 40)] {
        let mut text = "0123456789abcde\n".repeat(filler / 16);
        text.push_str(&token('B'));
        let settings = settings(&[]);
        let scanner = Scanner::new(&settings);
        let mut buffer = Vec::new();
        for (name, bytes) in
            [("a", &Far(before.as_bytes()) as &dyn Bytes), ("b", &Grown(text.as_bytes(), said))]
        {
            let path = || name.to_owned();
            file(&scanner, Name::new(Source::File, &path), bytes, &mut buffer);
        }
        let report = scanner.finish();
        let found: Vec<(&str, usize)> =
            report.findings.iter().map(|one| (&*one.path, one.line)).collect();
        assert_eq!(found, [("a", 302), ("b", filler / 16 + 1)], "{filler} {said}");
        assert_eq!(report.counts.bytes, (before.len() + text.len()) as u64);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Wherever a secret stands, also on the edge of a window, it is found once, at its line and column.
    #[test]
    fn no_secret_falls_between_windows(near in 0_usize..5, shift in -200_i64..200, newline: bool) {
        let edges = [WINDOW - OVERLAP, WINDOW, WINDOW - 2 * OVERLAP, 2 * (WINDOW - 2 * OVERLAP) + OVERLAP, 2 * WINDOW];
        let at = usize::try_from(i64::try_from(edges[near]).unwrap() + shift).unwrap();
        let mut text = vec![b'.'; at];
        text[at - 1] = if newline { b'\n' } else { b' ' };
        text.extend(token('B').bytes());
        text.push(b'\n');
        text.resize(text.len() + WINDOW, b'.');
        let expected = if newline { (2, 1) } else { (1, at + 1) };
        let report = scan(&text, 1 << 30);
        prop_assert_eq!(lines(&report), [expected]);
        prop_assert_eq!(report.counts.bytes, text.len() as u64);
    }

    #[test]
    fn any_bytes_are_scanned(bytes in proptest::collection::vec(any::<u8>(), 0..400), magic in 0_usize..6) {
        let heads: [&[u8]; 6] = [b"PK\x03\x04", b"\x1f\x8b\x08\0", b"bplist00", b"\xff\xfe", b"", b"<plist><key>"];
        let _ = scan(&[heads[magic], &bytes].concat(), 1 << 30);
    }
}

#[test]
fn text_in_utf_16_is_decoded() {
    let text: Vec<u8> = format!("\u{feff}\r\nkey = {}", token('C'))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(lines(&scan(&text, 1 << 30)), [(2, 7)]);
}
