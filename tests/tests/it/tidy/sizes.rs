//! Sizes of Rust files: half of them at most 200 lines, nine in ten at most 500, none over 800
//! (docs/architecture.md). One that must be longer says why in its header, on a line `//! Length: …`.

use super::assert_clean;
use super::repository::{self, SourceFile};

const MEDIAN: usize = 200;
const NINETIETH: usize = 500;
const MOST: usize = 800;
const REASON: &str = "//! Length: ";

/// The smallest size that at least `percent` of the files do not exceed (nearest rank).
fn percentile(sorted: &[usize], percent: usize) -> usize {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

fn judge(files: &[SourceFile]) -> Vec<String> {
    let rust: Vec<_> = files.iter().filter(|file| file.path.ends_with(".rs")).collect();
    let mut sizes: Vec<usize> = rust.iter().map(|file| file.text.lines().count()).collect();
    sizes.sort_unstable();
    let mut findings = Vec::new();
    for (percent, most) in [(50, MEDIAN), (90, NINETIETH)] {
        let size = percentile(&sizes, percent);
        if size > most {
            findings.push(format!("{percent} % of the files reach {size} lines; at most {most}"));
        }
    }
    for file in rust {
        let size = file.text.lines().count();
        let mut header = file.text.lines().take_while(|line| line.starts_with("//!"));
        if size > MOST && !header.any(|line| line.starts_with(REASON)) {
            findings.push(format!("{}: {size} lines, and no `{REASON}` in its header", file.path));
        }
    }
    findings
}

#[test]
fn repository_files_are_short() {
    assert_clean(&judge(&repository::files()));
}

#[test]
fn planted_lengths_are_found() {
    let of = |lines: usize| SourceFile::new("a.rs", &"//! Header.\n".repeat(lines));
    let count =
        |sizes: &[usize]| judge(&sizes.iter().map(|lines| of(*lines)).collect::<Vec<_>>()).len();
    assert_eq!(count(&[]), 0);
    assert_eq!(count(&[200]), 0);
    assert_eq!(count(&[201]), 1);
    assert_eq!(count(&[10, 200, 201]), 0);
    assert_eq!(count(&[10, 201, 201]), 1);
    assert_eq!(count(&[[10; 9].as_slice(), &[800]].concat()), 0);
    assert_eq!(count(&[[10; 9].as_slice(), &[801]].concat()), 1);
    assert_eq!(count(&[[10; 8].as_slice(), &[501; 2]].concat()), 1);
    assert_eq!(count(&[[10; 8].as_slice(), &[500; 2]].concat()), 0);
}

#[test]
fn a_reason_in_the_header_excuses_the_length() {
    let short = [10; 9].map(|lines| SourceFile::new("b.rs", &"\n".repeat(lines)));
    let judge_long = |text: String| {
        let long = SourceFile::new("a.rs", &text);
        judge(
            &short
                .iter()
                .map(|file| SourceFile::new(&file.path, &file.text))
                .chain([long])
                .collect::<Vec<_>>(),
        )
    };
    let body = "\n".repeat(900);
    assert_clean(&judge_long(format!("//! Table.\n{REASON}one table.{body}")));
    assert_eq!(judge_long(format!("//! Table.\n{body}{REASON}too late.")).len(), 1);
}
