//! Where the socket is, and what may be there already.

use super::bed::{Bed, service};
use crate::cli::program::{Ran, folder};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Stdio;

/// A service that does not start.
fn refused(dir: &Path, socket: &Path, code: i32, why: &str) {
    let mut command = service(dir, &["--socket"]);
    let output = command.arg(socket).stderr(Stdio::piped()).output().expect("it starts");
    Ran::of(&output).exits(code).says(why);
}

#[test]
fn there_is_one_at_a_place() {
    let bed = Bed::new();
    refused(bed.dir.path(), &bed.socket(), 4, "somebody else serves");
    bed.health().exits(0);
    let mode = fs::metadata(bed.socket()).expect("the socket").mode() & 0o777;
    assert_eq!(mode, 0o600);
}

#[test]
fn nobody_there_is_a_failure_of_the_question() {
    let bed = Bed::new();
    let (root, socket) = (bed.root(), bed.socket());
    let dir = bed.drained();
    assert!(root.exists() && !socket.exists());
    let mut command = super::bed::command(crate::cli::program::sanctumd(), dir.path());
    command.args(["--health", "journal", "--socket"]).arg(&socket).stderr(Stdio::piped());
    Ran::of(&command.output().expect("it starts")).exits(1).says("cannot connect to the journal");
}

#[test]
fn what_a_killed_one_left_is_replaced() {
    let dir = folder();
    let run = dir.path().join("root/run/sanctum");
    fs::create_dir_all(&run).expect("folders");
    drop(UnixListener::bind(run.join("journal.sock")).expect("a socket that nobody serves"));
    Bed::with(dir, &[]).health().exits(0);
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let dir = folder();
    let at = |name: &str| dir.path().join(name);
    fs::write(at("file"), "kept").expect("a file");
    symlink(at("elsewhere"), at("link")).expect("a link");
    refused(dir.path(), &at("file"), 4, "it is not a socket");
    refused(dir.path(), &at("link"), 4, "it is a symbolic link");
    assert_eq!(fs::read_to_string(at("file")).expect("a file"), "kept");
    assert!(fs::symlink_metadata(at("link")).expect("a link").is_symlink());
    let served = UnixListener::bind(at("served")).expect("somebody else's");
    refused(dir.path(), &at("served"), 4, "somebody else serves");
    drop(served);
    fs::create_dir(at("open")).expect("a folder");
    fs::set_permissions(at("open"), fs::Permissions::from_mode(0o777)).expect("a mode");
    refused(dir.path(), &at("open/journal.sock"), 4, "others can write to its directory");
    symlink(at("root"), at("way")).expect("a link");
    refused(dir.path(), &at("way/journal.sock"), 4, "its directory is not one");
    refused(dir.path(), &at(&"x".repeat(120)), 4, "is too long for a socket");
}
