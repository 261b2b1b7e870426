//! The `sanctum` binary: every verb, and the one-shot jobs that launchd and systemd start.

fn main() -> std::process::ExitCode {
    sanctum_cli::sanctum()
}
