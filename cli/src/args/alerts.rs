//! `sanctum alerts`: arguments.

use clap::Subcommand;

/// `sanctum alerts`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Alerts {
    /// Send one test to each channel and say what each peer answered; exit 3 when one did not take it
    #[command(
        after_help = "Delivered means that the peer acknowledged the message.\n\nExample:\n  sanctum alerts test --channel phone"
    )]
    Test {
        /// Only this channel
        #[arg(long, value_name = "NAME")]
        channel: Option<String>,
    },
    /// What is told or waits: seen once, held for the morning, on its way
    #[command(after_help = "Example:\n  sudo /opt/sanctum/bin/sanctum alerts list")]
    List,
    /// What became of the last messages, the newest last
    #[command(after_help = "Example:\n  sudo /opt/sanctum/bin/sanctum alerts history --limit 20")]
    History {
        /// How many
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        limit: usize,
    },
    /// Channels, their last success, and what was held or counted; exit 3 when a channel is silent or fails
    #[command(after_help = "Example:\n  sudo /opt/sanctum/bin/sanctum alerts status --json")]
    Status,
}
