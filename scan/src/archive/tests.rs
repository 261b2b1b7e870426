//! Archives of real programs and of hand, and bounds.

use super::*;
use crate::tests::{settings, token};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use proptest::prelude::*;
use std::io::Write as _;

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut all = Vec::new();
    for (name, bytes) in members {
        let mut header = [0_u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        header[156] = b'0';
        header[148..156].copy_from_slice(b"        ");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        all.extend(header);
        all.extend(*bytes);
        all.resize(all.len().next_multiple_of(512), 0);
    }
    all.resize(all.len() + 1024, 0);
    all
}

/// A zip of members that are deflated or stored.
fn zip_of(members: &[(&str, &[u8], bool)]) -> Vec<u8> {
    let (mut all, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes, deflate) in members {
        let packed = if *deflate {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        } else {
            bytes.to_vec()
        };
        let method: u16 = if *deflate { 8 } else { 0 };
        let mut common = Vec::new();
        common.extend([20, 0, 0, 0]);
        common.extend(method.to_le_bytes());
        common.extend([0; 8]);
        common.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
        common.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
        common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend([0; 2]);
        let offset = u32::try_from(all.len()).unwrap();
        all.extend(b"PK\x03\x04");
        all.extend(&common);
        all.extend(name.as_bytes());
        all.extend(&packed);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let offset = u32::try_from(all.len()).unwrap();
    all.extend(&directory);
    all.extend(b"PK\x05\x06\0\0\0\0");
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    all.extend([count, count].concat());
    all.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    all.extend(offset.to_le_bytes());
    all.extend([0, 0]);
    all
}

fn scan(bytes: &[u8]) -> crate::Report {
    let settings = settings(&[]);
    let scanner = crate::Scanner::new(&settings);
    let path = || "f".to_owned();
    content::file(&scanner, Name::new(crate::Source::File, &path), &bytes, &mut Vec::new());
    scanner.finish()
}

fn paths(report: &crate::Report) -> Vec<&str> {
    report.findings.iter().map(|finding| finding.path.as_str()).collect()
}

#[test]
fn archives_in_archives_are_opened_and_named() {
    let key = format!("\nkey {}", token('D'));
    let inner = zip_of(&[
        ("a.txt", key.as_bytes(), true),
        ("folder/", b"", false),
        ("b", key.as_bytes(), false),
    ]);
    let outer = gz(&tar_of(&[
        ("x/in.jar", &inner),
        ("plain", key.as_bytes()),
        ("picture", &[0, 1, 2, 200]),
    ]));
    let report = scan(&outer);
    assert_eq!(paths(&report), ["f!plain", "f!x/in.jar!a.txt", "f!x/in.jar!b"]);
    assert_eq!((report.counts.binary, report.findings[0].line), (1, 2));
    assert_eq!(report.not_scanned, []);
    // One compressed file has no member's name.
    assert_eq!(paths(&scan(&gz(key.as_bytes()))), ["f"]);
}

#[test]
fn bounds_are_told_and_what_came_before_is_scanned() {
    let key = format!("key {}", token('E'));
    let mut deep = key.clone().into_bytes();
    for _ in 0..DEPTH {
        deep = gz(&deep);
    }
    assert_eq!(paths(&scan(&deep)), ["f"]);
    let report = scan(&gz(&deep));
    assert_eq!(
        (paths(&report).len(), &*report.not_scanned[0].cause),
        (0, "archives nest deeper than 5")
    );
    // A bomb: a member of more than is held.
    let zeros = vec![b' '; usize::try_from(WHOLE).unwrap() + 1];
    let bomb = zip_of(&[("a", key.as_bytes(), false), ("bomb", &zeros, true)]);
    let report = scan(&bomb);
    assert_eq!((paths(&report), report.not_scanned.len()), (vec!["f!a"], 1));
}

/// What a tar holds beside its regular members is unpacked to come by it, so it counts like them.
#[test]
fn what_is_passed_over_in_a_packed_tar_counts() {
    let zeros = vec![b' '; 3 << 20];
    let mut folder = tar_of(&[("d", &zeros), ("a", b"behind it")]);
    folder[156] = b'5';
    let sum = |header: &[u8]| header.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    let rest = sum(&folder[..148]) + sum(&folder[156..512]) + 8 * 32;
    folder[148..155].copy_from_slice(format!("{rest:06o}\0").as_bytes());
    let headers = tar_of(&vec![("L", b"".as_slice()); 8192]);
    for (tar, bytes, whole) in
        [(&folder, 4 << 20, true), (&folder, 1 << 20, false), (&headers, 1 << 20, false)]
    {
        let (mut names, mut budget) = (Vec::new(), Budget { bytes, ..Budget::default() });
        let mut each = |name: &str, _: Result<&[u8], ArchiveError>, _: &mut Budget| {
            names.push(name.to_owned());
        };
        let done = gzip(&gz(tar).as_slice(), &mut budget, &mut each);
        assert_eq!(done.is_ok(), whole, "{done:?}");
        assert_eq!(names.iter().any(|name| name == "a"), whole);
        assert_eq!(budget.bytes == 0, !whole);
    }
}

#[test]
fn what_cannot_be_unpacked_is_told() {
    let key = format!("key {}", token('F'));
    let mut locked = zip_of(&[("a", key.as_bytes(), false)]);
    // The flag of encryption in the directory.
    let at = memchr::memmem::find(&locked, b"PK\x01\x02").unwrap();
    locked[at + 8] = 1;
    let mut strange = zip_of(&[("a", key.as_bytes(), false)]);
    strange[at + 10] = 12;
    let mut cut = gz(&tar_of(&[("a", key.as_bytes())]));
    cut.truncate(cut.len() / 2);
    for (bytes, cause) in [
        (locked, "encrypted"),
        (strange, "compressed by method 12"),
        (b"PK\x03\x04 and no directory".to_vec(), "damaged: no directory at its end"),
        (b"\xfd7zXZ\0rest".to_vec(), "packed with xz"),
    ] {
        assert_eq!(scan(&bytes).not_scanned[0].cause, cause);
    }
    assert!(!scan(&cut).not_scanned.is_empty());
}

#[test]
fn long_names_of_tar_are_read() {
    let long = "d/".repeat(80) + "file";
    let pax = format!("{} path={long}\n", long.len() + 10);
    let mut all = tar_of(&[
        ("L", format!("{long}\0").as_bytes()),
        ("short", b"x"),
        ("x", pax.as_bytes()),
        ("short", b"y"),
    ]);
    let mut flag = |at: usize, kind: u8| {
        let sum = |header: &[u8]| {
            header[..148].iter().chain(&header[156..]).map(|byte| u32::from(*byte)).sum::<u32>()
                + 256
        };
        all[at + 156] = kind;
        let sum = sum(&all[at..at + 512]);
        all[at + 148..at + 155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    };
    flag(0, b'L');
    flag(2048, b'x');
    let names: Vec<String> =
        list(&all, Nature::Tar).unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, [long.clone(), long]);
}

proptest! {
    #[test]
    fn damaged_archives_are_read_or_refused(at in 0_usize..2000, byte: u8, cut in 0_usize..2000) {
        let zip = zip_of(&[("a", b"hello hello hello", true), ("b", b"x", false)]);
        let tar = tar_of(&[("a", b"hello"), ("b", &[7; 700])]);
        for (mut bytes, nature) in [(zip, Nature::Zip), (gz(&tar), Nature::Gzip), (tar, Nature::Tar)] {
            let length = bytes.len();
            bytes[at % length] = byte;
            bytes.truncate(length - cut % length);
            let _ = list(&bytes, nature);
        }
    }
}
