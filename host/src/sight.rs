//! What a look at the machine came to: the thing, nothing there, or a look that was refused.
//!
//! Invariant: a refusal is never nothing. Deliberately absent: reasons beyond permission; any other failure of
//! a look is an error of its own.

use std::io::ErrorKind;

/// What a look came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight<T> {
    /// It is there.
    Seen(T),
    /// It was looked for and is not there.
    Absent,
    /// The system does not let this account look.
    Denied,
}

impl<T> Sight<T> {
    /// The thing, where it was seen.
    #[must_use]
    pub const fn seen(&self) -> Option<&T> {
        match self {
            Self::Seen(thing) => Some(thing),
            Self::Absent | Self::Denied => None,
        }
    }

    /// What another look makes of the thing that was seen.
    pub fn then<U>(self, look: impl FnOnce(T) -> Sight<U>) -> Sight<U> {
        match self {
            Self::Seen(thing) => look(thing),
            Self::Absent => Sight::Absent,
            Self::Denied => Sight::Denied,
        }
    }

    /// The same look, its thing seen as another.
    pub fn map<U>(self, view: impl FnOnce(T) -> U) -> Sight<U> {
        self.then(|thing| Sight::Seen(view(thing)))
    }

    /// What the system's answer means.
    ///
    /// # Errors
    /// Every failure that is neither "not there" nor "not for you".
    pub fn of(answer: std::io::Result<T>) -> std::io::Result<Self> {
        match answer {
            Ok(thing) => Ok(Self::Seen(thing)),
            Err(error) => match (error.kind(), error.raw_os_error()) {
                (ErrorKind::NotFound, _) => Ok(Self::Absent),
                // A process that ends while it is looked at answers ESRCH (proc(5)).
                (_, Some(code)) if code == nix::errno::Errno::ESRCH as i32 => Ok(Self::Absent),
                (ErrorKind::PermissionDenied, _) => Ok(Self::Denied),
                _ => Err(error),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_never_nothing() {
        let of = |code| Sight::<()>::of(Err(std::io::Error::from_raw_os_error(code)));
        use nix::errno::Errno;
        assert_eq!(of(Errno::ENOENT as i32).unwrap(), Sight::Absent);
        assert_eq!(of(Errno::ESRCH as i32).unwrap(), Sight::Absent);
        assert_eq!(of(Errno::EACCES as i32).unwrap(), Sight::Denied);
        assert_eq!(of(Errno::EPERM as i32).unwrap(), Sight::Denied);
        assert!(of(Errno::EIO as i32).is_err());
        assert_eq!(Sight::of(Ok(1)).unwrap().map(|one| one + 1), Sight::Seen(2));
        assert_eq!(Sight::<u8>::Denied.map(|one| one + 1), Sight::Denied);
    }
}
