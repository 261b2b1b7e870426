//! `sanctum up`.

use clap::Args;

/// `sanctum up`.
#[derive(Debug, Args)]
pub struct Up {
    /// Only these services and what they require
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub only: Vec<String>,
}
