//! What a scan reads: archives, git's files, histories, property lists, baselines, and whole files of any nature.

use sanctum_firewall::find;
use sanctum_scan::archive::list;
use sanctum_scan::content::{Name, file};
use sanctum_scan::git::{config::Config, delta, index, object, pack, refs, store};
use sanctum_scan::history::{Format, typed};
use sanctum_scan::text::{Nature, nature};
use sanctum_scan::{Baseline, Scanner, Settings, Source, mark, plist};

/// A file of any nature: it is scanned, binary, or told; a secret in plain text is always found.
pub fn scan_file(bytes: &[u8]) {
    let settings = Settings {
        lists: Vec::new(),
        today: jiff::civil::date(2026, 11, 22),
        marks: false,
        max_file_size: 1 << 20,
        exclude: Vec::new(),
        jobs: Some(1),
        key: [1; 32],
        validate: false,
        roots: Vec::new(),
    };
    let scanner = Scanner::new(&settings);
    let path = || "f".to_owned();
    file(&scanner, Name::new(Source::File, &path), &bytes, &mut Vec::new());
    let report = scanner.finish();
    let counts = report.counts;
    let plain = nature(bytes) == Nature::Text && !plist::is_xml(bytes);
    if plain {
        assert_eq!((counts.pieces, counts.bytes), (1, bytes.len() as u64));
        let expected = find(bytes).len();
        let found = report.findings.iter().filter(|one| one.rule != "mark-without-reason").count();
        assert_eq!(found, expected);
    }
    for finding in &report.findings {
        assert!(finding.line >= 1 && finding.column >= 1 && !finding.preview.contains('\n'));
    }
}

/// Archives: members within the bounds, or an error.
pub fn scan_archive(bytes: &[u8]) {
    for nature in [Nature::Zip, Nature::Tar, Nature::Gzip] {
        let _ = list(bytes, nature);
    }
}

/// git's formats: each is read or refused, and what is read keeps to its bounds.
pub fn scan_git(bytes: &[u8]) {
    let (head, rest) = bytes.split_at(bytes.len() / 2);
    if let Some(made) = delta::apply(head, rest) {
        assert_eq!(delta::result_size(rest), Some(made.len() as u64));
    }
    for length in [20, 32] {
        if let Ok(entries) = index::parse(bytes, length) {
            assert!(entries.len() <= bytes.len() / length);
        }
        assert!(object::entries(bytes, length).count() <= bytes.len() / length);
    }
    if let Some(commit) = object::CommitObject::parse(bytes) {
        assert!(commit.message <= bytes.len());
    }
    let _ = (object::parse_tag(bytes), store::loose_head(bytes), refs::packed(bytes));
    if let Some((_, _, taken)) = pack::entry_head(bytes) {
        assert!(taken <= bytes.len());
    }
    let _ = (pack::back_offset(bytes), Config::parse(bytes));
}

/// Histories, property lists, marks and baselines.
pub fn scan_text(bytes: &[u8]) {
    for format in [Format::Lines, Format::Zsh, Format::Fish, Format::Libedit] {
        assert!(typed(bytes, format).len() <= bytes.len());
    }
    let (flat, lines) = plist::flatten_xml(bytes);
    assert_eq!(flat.iter().filter(|byte| **byte == b'\n').count(), lines.len());
    let _ = plist::flatten_binary(bytes);
    let _ = mark::of_line(&String::from_utf8_lossy(bytes));
    if let Ok(list) = Baseline::parse(bytes) {
        let again = list.encode().ok().and_then(|bytes| Baseline::parse(&bytes).ok());
        assert_eq!(again.map(|again| again.len()), Some(list.len()));
    }
}
