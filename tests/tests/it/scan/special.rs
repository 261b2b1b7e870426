//! Devices, FIFOs, sockets and links: whoever puts one in the way of a scan has it neither opened nor followed.
#![expect(clippy::disallowed_methods, reason = "the real binary is started on real files")]

use super::bed::{Bed, token};
use crate::cli::program::{Ran, sanctum};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use sanctum_tests::need;

/// Named so that every opening of one stands out in a trace.
const TRAP: &str = "trap";

#[test]
fn what_is_no_file_is_not_opened() {
    let (strace, _git) = need!("strace", "git");
    let bed = Bed::new();
    bed.repository("code");
    bed.write("outside/secret", &token('A'));
    let fifo = |name: &str| {
        mknodat(CWD, bed.at(name), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    };
    fifo("code/trap-fifo");
    fifo("home/trap-fifo");
    let _socket = std::os::unix::net::UnixListener::bind(bed.at("code/trap-socket")).unwrap();
    let link = |to: &str, name: &str| {
        let _there = std::fs::remove_file(bed.at(name));
        std::os::unix::fs::symlink(bed.at(to), bed.at(name)).unwrap();
    };
    link("outside", "code/trap-folder");
    link("outside/secret", "code/trap-file");
    // Where files are opened by their names.
    link("home/trap-fifo", "home/.bash_history");
    link("home/trap-fifo", "code/.git/config.worktree");
    link("home/trap-fifo", "code/.git/packed-refs");
    link("home/trap-fifo", "code/.git/FETCH_HEAD");
    let mut command = bed.command(&strace, "code");
    command.args(["-f", "-qq", "-y", "-e", "trace=open,openat,read", "-o"]).arg(bed.at("trace"));
    command.arg(sanctum()).args([
        "scan",
        "--json",
        "--shell",
        "--home",
        "../home",
        ".",
        "trap-fifo",
    ]);
    let report = Ran::of(&command.output().expect("strace starts")).exits(0).json();
    assert_eq!(report["findings"], serde_json::json!([]));
    let trace = bed.read("trace");
    // `-y` shows after a descriptor what it is open on.
    let opened: Vec<&str> = trace
        .lines()
        .filter(|line| {
            line.rsplit(" = ").next().is_some_and(|end| end.contains(TRAP))
                || line.contains("outside")
        })
        .collect();
    assert_eq!(opened, Vec::<&str>::new());
    assert!(trace.contains("config"), "the trace shows what is opened");
}
