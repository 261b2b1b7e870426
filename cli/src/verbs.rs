//! Which jobs this binary implements: only those are planned as loaded, so that nothing crash-loops while
//! the house is being built. `sanctumd --list` prints the same.

/// Services of `sanctumd --only NAME`.
pub const SERVICES: [&str; 4] = ["alerts", "journal", "packages", "vault"];
/// One-shot jobs of `sanctum`.
pub const JOBS: [&str; 8] =
    ["bootstrap", "job", "nft-load", "pf-load", "reboot-report", "rotate", "scan", "secrets-age"];

/// Both, as facts of a machine where this binary is installed.
pub fn implemented() -> impl Iterator<Item = String> {
    SERVICES.iter().chain(&JOBS).map(|name| (*name).to_owned())
}
