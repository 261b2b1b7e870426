//! How often something was done within the last hour: sliding, by any key, on a clock that nobody sets.

use std::collections::{BTreeMap, VecDeque};

const HOUR: u64 = 3_600_000;
/// Keys that are remembered; agents and rules are fewer.
const MOST: usize = 10_000;

/// Counts.
#[derive(Debug, Default)]
pub struct Hours(BTreeMap<String, VecDeque<u64>>);

impl Hours {
    /// Takes one of each, or none of any where one is used up. `now` is in milliseconds.
    pub fn take(&mut self, limits: &[(String, u32)], now: u64) -> bool {
        let fits = limits.iter().all(|(key, most)| self.count(key, now) < *most as usize);
        if fits && !limits.is_empty() {
            if self.0.len() > MOST {
                self.0.retain(|_, times| times.back().is_some_and(|last| now < last + HOUR));
            }
            for (key, _) in limits {
                self.0.entry(key.clone()).or_default().push_back(now);
            }
        }
        fits
    }

    fn count(&mut self, key: &str, now: u64) -> usize {
        let Some(times) = self.0.get_mut(key) else { return 0 };
        while times.front().is_some_and(|first| now >= first.saturating_add(HOUR)) {
            times.pop_front();
        }
        times.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_slides() {
        let mut hours = Hours::default();
        let limits = |a, b| [("a".to_owned(), a), ("b".to_owned(), b)];
        assert!(hours.take(&limits(2, 9), 0) && hours.take(&limits(2, 9), 10));
        // What is refused by the one is not taken from the other.
        assert!(!hours.take(&limits(2, 9), HOUR - 1));
        assert_eq!(hours.count("b", HOUR - 1), 2);
        assert!(hours.take(&limits(2, 9), HOUR) && !hours.take(&limits(2, 9), HOUR));
        assert!(hours.take(&[], 0) && !hours.take(&[("c".to_owned(), 0)], 0));
    }
}
