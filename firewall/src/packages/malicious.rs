//! The index of malicious packages: one line a package, sorted, so that it is searched in the bytes as they are.
//!
//! A line is `ecosystem TAB name TAB versions TAB id`; versions are `*` or a list with commas. Deliberately absent: how an index
//! is made (`osv`), and where it is kept.

use crate::shell::Ecosystem;
use std::cmp::Ordering;

/// The index that is part of the program; docs/formats/packages.md tells where it is from.
pub const SEED: &str = include_str!("../../packages/malicious.txt");

/// Records in the compact form. Lines that are out of order are not found, and nothing else happens.
#[derive(Clone, Copy, Debug)]
pub struct Index<'a>(pub &'a str);

impl<'a> Index<'a> {
    /// The record of a package in that version, or in any version where none is said and all are malicious.
    #[must_use]
    pub fn find(&self, ecosystem: Ecosystem, name: &str, version: Option<&str>) -> Option<&'a str> {
        let wanted = (ecosystem.word(), name);
        let (mut low, mut high) = (0, self.0.len());
        while low < high {
            let middle = self.line_start(low + (high - low) / 2, low);
            let line = self.line(middle);
            match compare(line, wanted) {
                Ordering::Less => low = middle + line.len() + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return self.among(middle, wanted, version),
            }
        }
        None
    }

    /// Several records may be of one package.
    fn among(&self, at: usize, wanted: (&str, &str), version: Option<&str>) -> Option<&'a str> {
        let mut first = at;
        while first > 0 {
            let before = self.line_start(first - 1, 0);
            if compare(self.line(before), wanted) != Ordering::Equal {
                break;
            }
            first = before;
        }
        let lines = self.0.get(first..).unwrap_or("").lines();
        lines.take_while(|line| compare(line, wanted) == Ordering::Equal).find_map(|line| {
            let mut cells = line.split('\t').skip(2);
            let (versions, id) = (cells.next()?, cells.next()?);
            let hit = versions == "*"
                || version.is_some_and(|v| versions.split(',').any(|each| each == v));
            hit.then_some(id)
        })
    }

    fn line_start(&self, at: usize, floor: usize) -> usize {
        let head = self.0.as_bytes().get(floor..at).unwrap_or(&[]);
        memchr::memrchr(b'\n', head).map_or(floor, |newline| floor + newline + 1)
    }

    fn line(&self, start: usize) -> &'a str {
        let rest = self.0.get(start..).unwrap_or("");
        rest.split('\n').next().unwrap_or("")
    }
}

fn compare(line: &str, wanted: (&str, &str)) -> Ordering {
    let mut cells = line.split('\t');
    (cells.next().unwrap_or(""), cells.next().unwrap_or("")).cmp(&wanted)
}
