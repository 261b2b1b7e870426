//! The `sanctumd` binary: what stays up.

fn main() -> std::process::ExitCode {
    sanctum_cli::sanctumd()
}
