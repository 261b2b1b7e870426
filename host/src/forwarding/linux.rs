//! `/proc/sys/net` (Documentation/networking/ip-sysctl.rst of the kernel).

use super::{Forwarding, parse_switch};
use crate::HostError;
use crate::processes::proc;
use crate::sight::Sight;

pub(super) fn forwarding() -> Result<Forwarding, HostError> {
    Ok(Forwarding {
        v4: switch("/proc/sys/net/ipv4/conf/all/forwarding")?,
        v6: switch("/proc/sys/net/ipv6/conf/all/forwarding")?,
    })
}

fn switch(path: &str) -> Result<Sight<bool>, HostError> {
    match proc::text(path)?.map(|text| parse_switch(&text)) {
        Sight::Seen(Some(on)) => Ok(Sight::Seen(on)),
        Sight::Seen(None) => Err(HostError::Damaged {
            path: path.to_owned(),
            detail: "expected a number".to_owned(),
        }),
        Sight::Absent => Ok(Sight::Absent),
        Sight::Denied => Ok(Sight::Denied),
    }
}
