//! Rotation against stand-ins of the providers, with every fault that a network and a provider have.

mod house;
mod providers;
mod scripts;
pub(crate) mod stand_in;

/// A folder for a program of the owner's that is gone at its end. As root it is where only root can write, wherever the
/// checkout lies: at euid 0 a program is run from nowhere else.
pub(crate) fn folder_for_a_program() -> tempfile::TempDir {
    let (mut folder, root) = (tempfile::Builder::new(), rustix::process::geteuid().is_root());
    folder.prefix("sanctum-tests-");
    let made = if root { folder.tempdir_in("/var/lib") } else { folder.tempdir() };
    made.expect("a folder")
}
