//! Environments below `/proc`.

use super::LIMIT;
use crate::HostError;
use crate::processes::proc;
use crate::sight::Sight;
use std::collections::BTreeMap;

pub(super) fn all() -> Result<BTreeMap<u32, Sight<Vec<u8>>>, HostError> {
    let mut all = BTreeMap::new();
    for pid in proc::pids()? {
        // One that cannot be read for another reason than permission is that process's own trouble.
        let seen = proc::bounded(&format!("/proc/{pid}/environ"), LIMIT).unwrap_or(Sight::Denied);
        match seen {
            // Kernel threads, and who ended meanwhile.
            Sight::Absent => {}
            Sight::Seen(bytes) if bytes.is_empty() => {}
            seen => {
                all.insert(pid, seen);
            }
        }
    }
    Ok(all)
}
