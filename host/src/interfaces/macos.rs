//! macOS is asked through route(8).

use super::parse_route_get;
use crate::HostError;
use crate::command::{Options, Program, run};

pub(super) fn default_route() -> Result<Option<String>, HostError> {
    let Some(route) = Program::find(&["route"]) else {
        return Err(HostError::Unsupported {
            what: "the default route without /sbin/route".to_owned(),
            host: "macOS",
        });
    };
    for family in ["-inet", "-inet6"] {
        // Without a default route it fails, which is an answer.
        let said = run(&route, &["-n", "get", family, "default"], Options::default())?;
        if let Some(name) = parse_route_get(&said.text()) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}
