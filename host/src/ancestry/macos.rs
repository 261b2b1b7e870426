//! Command lines on macOS, through `ps` (ps(1)).

use crate::HostError;
use crate::command::{Options, Program, run};

fn ask(pid: u32, column: &str) -> Result<String, HostError> {
    let ps = Program::find(&["ps"]).ok_or(HostError::Unsupported {
        what: "reading the process table without ps".to_owned(),
        host: "macOS",
    })?;
    let said = run(&ps, &["-ww", "-o", column, "-p", &pid.to_string()], Options::default())?;
    Ok(said.text().trim().to_owned())
}

/// The arguments, split at spaces: ps does not tell where one ends.
pub(super) fn words(pid: u32) -> Result<Vec<String>, HostError> {
    Ok(ask(pid, "args=")?.split_whitespace().map(str::to_owned).collect())
}

/// The path of the program.
pub(super) fn program(pid: u32) -> Option<String> {
    ask(pid, "comm=").ok().filter(|path| !path.is_empty())
}
