//! Which boot this is: what was begun in an earlier one was begun by a process that is gone.

use crate::HostError;

#[cfg(target_os = "linux")]
#[path = "boot/linux.rs"]
mod ask;
#[cfg(target_os = "macos")]
#[path = "boot/macos.rs"]
mod ask;

/// A name that the kernel makes anew at every boot.
pub fn id() -> Result<String, HostError> {
    ask::id()
}

#[cfg(test)]
mod tests {
    #[test]
    fn one_boot_has_one_name() {
        let id = super::id().expect("a name");
        assert!(id.len() >= 32 && !id.contains(char::is_whitespace), "{id}");
        assert_eq!(super::id().expect("a name"), id);
    }
}
