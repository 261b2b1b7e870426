//! `/proc/sys/kernel/random/boot_id` (random(4)).

use crate::HostError;

pub(super) fn id() -> Result<String, HostError> {
    let path = std::path::Path::new("/proc/sys/kernel/random/boot_id");
    let bytes = crate::files::read(path, 64)?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}
