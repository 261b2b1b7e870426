//! `sysctl -n kern.bootsessionuuid` (XNU's kern_sysctl.c).

use crate::HostError;
use crate::command::{Options, Program, run};

pub(super) fn id() -> Result<String, HostError> {
    let sysctl = Program::find(&["sysctl"]).ok_or(HostError::Unsupported {
        what: "reading the boot session without sysctl".to_owned(),
        host: "macOS",
    })?;
    let said = run(&sysctl, &["-n", "kern.bootsessionuuid"], Options::default())?.success()?;
    Ok(said.text().trim().to_owned())
}
