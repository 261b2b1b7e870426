//! `/sys/class/net/NAME/brif` (Documentation/ABI/testing/sysfs-class-net of the kernel).

use super::Bridges;
use crate::HostError;
use std::path::Path;

const ALL: &str = "/sys/class/net";

pub(super) fn bridges() -> Result<Bridges, HostError> {
    let mut found = Bridges::new();
    for name in crate::files::list(Path::new(ALL))? {
        let members = Path::new(ALL).join(&name).join("brif");
        if crate::files::is_there(&members) {
            found.insert(name, crate::files::list(&members)?.into_iter().collect());
        }
    }
    Ok(found)
}
