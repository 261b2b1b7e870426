//! Where a secret should be, what is in each place, and whether they agree.
//!
//! A look has three answers, as a store's read has; a value goes no further than its fingerprint.

use super::fingerprint::{Fingerprint, HouseKey};
use crate::stores::{Reading, Store};
use sanctum_types::{SecretRef, ServiceName, chain};

/// A secret by its places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its name in the house.
    pub name: ServiceName,
    /// The one place that counts.
    pub source: SecretRef,
    /// Places that are rebuilt from it.
    pub caches: Vec<SecretRef>,
}

impl Kept {
    /// Every place, the source first.
    pub fn places(&self) -> impl Iterator<Item = &SecretRef> {
        std::iter::once(&self.source).chain(&self.caches)
    }
}

/// What was seen in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// A value of this fingerprint.
    Present(Fingerprint),
    /// The store answered: nothing.
    Absent,
    /// The store did not answer; why, without any value.
    Unreachable(String),
}

impl Sight {
    /// Looks into one place.
    pub fn of(store: &dyn Store, place: &SecretRef, key: &HouseKey) -> Self {
        match store.get(place) {
            Reading::Present(value) => Self::Present(key.of(value.expose())),
            Reading::Absent => Self::Absent,
            Reading::Unreachable(why) => Self::Unreachable(match why.way_out() {
                Some(way) => format!("{} ({way})", chain(&why)),
                None => chain(&why),
            }),
        }
    }

    /// The word for it in reports.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Present(_) => "present",
            Self::Absent => "absent",
            Self::Unreachable(_) => "unreachable",
        }
    }

    /// The fingerprint, where there is a value.
    #[must_use]
    pub const fn fingerprint(&self) -> Option<Fingerprint> {
        match self {
            Self::Present(print) => Some(*print),
            Self::Absent | Self::Unreachable(_) => None,
        }
    }
}

/// A secret and what was seen in each of its places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which secret.
    pub kept: Kept,
    /// What its source holds.
    pub source: Sight,
    /// What each cache holds, in their order.
    pub caches: Vec<Sight>,
}

/// Whether a secret's places agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Every place holds the source's value.
    Agrees,
    /// A cache is missing or holds another value.
    Differs,
    /// There is no value anywhere.
    Missing,
    /// A cache has a value and the source has none.
    SourceMissing,
    /// A place did not answer, so nobody can tell.
    Unknown,
}

impl Seen {
    /// Looks into every place of a secret.
    pub fn of(store: &dyn Store, kept: Kept, key: &HouseKey) -> Self {
        let source = Sight::of(store, &kept.source, key);
        let caches = kept.caches.iter().map(|place| Sight::of(store, place, key)).collect();
        Self { kept, source, caches }
    }

    /// Every place with what was seen there, the source first.
    pub fn places(&self) -> impl Iterator<Item = (&SecretRef, &Sight)> {
        self.kept.places().zip(std::iter::once(&self.source).chain(&self.caches))
    }

    /// Whether the places agree.
    #[must_use]
    pub fn standing(&self) -> Standing {
        if self.places().any(|(_, sight)| matches!(sight, Sight::Unreachable(_))) {
            return Standing::Unknown;
        }
        let cached = self.caches.iter().any(|sight| *sight != Sight::Absent);
        match &self.source {
            Sight::Present(_) if self.caches.iter().all(|cache| *cache == self.source) => {
                Standing::Agrees
            }
            Sight::Present(_) => Standing::Differs,
            _ if cached => Standing::SourceMissing,
            _ => Standing::Missing,
        }
    }
}

impl Standing {
    /// The word for it in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Differs => "differs",
            Self::Missing => "missing",
            Self::SourceMissing => "source-missing",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    #[test]
    fn each_standing() {
        let key = HouseKey::new(Zeroizing::new([1; 32]));
        let (a, b) = (Sight::Present(key.of(b"a")), Sight::Present(key.of(b"b")));
        let (none, away) = (Sight::Absent, Sight::Unreachable("locked".to_owned()));
        let place = |name: &str| SecretRef::File(name.to_owned());
        for (source, caches, expected) in [
            (&a, vec![], Standing::Agrees),
            (&a, vec![&a, &a], Standing::Agrees),
            (&a, vec![&a, &b], Standing::Differs),
            (&a, vec![&none], Standing::Differs),
            (&a, vec![&away], Standing::Unknown),
            (&away, vec![&a], Standing::Unknown),
            (&none, vec![&a], Standing::SourceMissing),
            (&none, vec![&none], Standing::Missing),
            (&none, vec![], Standing::Missing),
        ] {
            let kept = Kept {
                name: ServiceName::new("token").unwrap(),
                source: place("s"),
                caches: (0..caches.len()).map(|n| place(&format!("c{n}"))).collect(),
            };
            let caches: Vec<Sight> = caches.into_iter().cloned().collect();
            let seen = Seen { kept, source: source.clone(), caches };
            assert_eq!(seen.standing(), expected, "{seen:?}");
        }
    }
}
