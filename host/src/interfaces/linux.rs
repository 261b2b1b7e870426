//! Linux shows its routes as text under `/proc/net`.

use super::{parse_proc_ipv6_route, parse_proc_route};
use crate::HostError;

pub(super) fn default_route() -> Result<Option<String>, HostError> {
    if let Some(name) = parse_proc_route(&read("/proc/net/route")?) {
        return Ok(Some(name));
    }
    Ok(parse_proc_ipv6_route(&read("/proc/net/ipv6_route")?))
}

fn read(path: &'static str) -> Result<String, HostError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the kernel's own table, which nobody else can write"
    )]
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        // A kernel without IPv6 has no such table.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(source) => Err(HostError::Io { verb: "read", path: path.to_owned(), source }),
    }
}
