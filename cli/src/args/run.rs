//! `sanctum run`.

use clap::Args;
use std::ffi::OsString;

/// `sanctum run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Inside the sandbox of nono, which has to be installed
    #[arg(long)]
    pub sandbox: bool,
    /// The profile of nono [default: that of the agent]
    #[arg(long, value_name = "NAME", requires = "sandbox")]
    pub profile: Option<String>,
    /// Hand on this variable although it looks like a secret; may be given more than once
    #[arg(long, value_name = "VARIABLE")]
    pub env: Vec<String>,
    /// The agent and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub command: Vec<OsString>,
}
