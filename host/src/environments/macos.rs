//! Environments by ps, which shows those of the own account, and to root all that System Integrity Protection leaves.

use crate::HostError;
use crate::command::{Options, Program, run};
use crate::sight::Sight;
use std::collections::BTreeMap;
use std::time::Duration;

/// `-E` adds the environment to the arguments, `ww` cuts nothing (ps(1) of macOS).
const ARGS: [&str; 3] = ["-axEww", "-o", "pid=,command="];

pub(super) fn all() -> Result<BTreeMap<u32, Sight<Vec<u8>>>, HostError> {
    let ps = Program::find(&["ps"]).ok_or(HostError::Unsupported {
        what: "looking at environments without ps".to_owned(),
        host: "macOS",
    })?;
    let options = Options {
        timeout: Duration::from_secs(20),
        output_limit: 64 * 1024 * 1024,
        ..Options::default()
    };
    Ok(super::parse(&run(&ps, &ARGS, options)?.success()?.stdout))
}
