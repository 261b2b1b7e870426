//! ifconfig(8), which tells the members of a bridge.

use super::{Bridges, parse_ifconfig};
use crate::HostError;
use crate::command::{Options, Program, run};

pub(super) fn bridges() -> Result<Bridges, HostError> {
    let ifconfig = Program::find(&["ifconfig"]).ok_or(HostError::Unsupported {
        what: "listing bridges without ifconfig".to_owned(),
        host: "macOS",
    })?;
    Ok(parse_ifconfig(&run(&ifconfig, &["-a"], Options::default())?.success()?.text()))
}
