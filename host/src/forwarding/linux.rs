//! `/proc/sys/net` (Documentation/networking/ip-sysctl.rst of the kernel).

use super::{Forwarding, parse_switch};
use crate::HostError;
use crate::sight::Sight;

pub(super) fn forwarding() -> Result<Forwarding, HostError> {
    Ok(Forwarding {
        v4: switch("/proc/sys/net/ipv4/conf/all/forwarding")?,
        v6: switch("/proc/sys/net/ipv6/conf/all/forwarding")?,
    })
}

fn switch(path: &str) -> Result<Sight<bool>, HostError> {
    let text = match crate::files::read_optional(path.as_ref(), 64) {
        Ok(Some(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        Ok(None) => return Ok(Sight::Absent),
        Err(HostError::Io { source, .. })
            if source.kind() == std::io::ErrorKind::PermissionDenied =>
        {
            return Ok(Sight::Denied);
        }
        Err(error) => return Err(error),
    };
    parse_switch(&text).map(Sight::Seen).ok_or_else(|| HostError::Damaged {
        path: path.to_owned(),
        detail: "expected a number".to_owned(),
    })
}
