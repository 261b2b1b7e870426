//! Whether this machine passes packets on between its networks.
//!
//! A host-only network is one only while the host does not route for it. Deliberately absent: changing it.

use crate::HostError;
use crate::sight::Sight;

#[cfg(not(target_os = "macos"))]
#[path = "forwarding/linux.rs"]
mod look;
#[cfg(target_os = "macos")]
#[path = "forwarding/macos.rs"]
mod look;

/// Forwarding by family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forwarding {
    /// IPv4.
    pub v4: Sight<bool>,
    /// IPv6; absent on a kernel without it.
    pub v6: Sight<bool>,
}

/// Asks the kernel.
///
/// # Errors
/// [`HostError`] where its answer cannot be read, or is no number.
pub fn forwarding() -> Result<Forwarding, HostError> {
    look::forwarding()
}

/// A switch of the kernel's: 0 is off, any other number is on.
#[must_use]
pub fn parse_switch(text: &str) -> Option<bool> {
    text.trim().parse::<i64>().ok().map(|number| number != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches() {
        for (text, expected) in [
            ("0\n", Some(false)),
            ("1\n", Some(true)),
            ("2", Some(true)),
            ("", None),
            ("off", None),
        ] {
            assert_eq!(parse_switch(text), expected, "{text:?}");
        }
    }

    #[test]
    fn this_machine_answers() {
        assert!(forwarding().unwrap().v4.seen().is_some());
    }
}
