//! A scan of everything asks the kernel for no socket but local ones, and needs no network.

use super::bed::{Bed, token};
use super::validate::openrouter;
use crate::cli::program::{Ran, sanctum};
use sanctum_tests::need;

#[test]
fn no_source_opens_a_network_socket() {
    let (strace, unshare, _git) = need!("strace", "unshare", "git");
    let bed = Bed::new();
    bed.repository("code");
    let url = format!("https://me:{}@example.org/", token('B'));
    // The last is of a kind whose provider would be asked, had anybody asked for that.
    bed.write("code/a", &format!("{} {url} {}\n", token('A'), openrouter()));
    // Marks are for their owner's own scan: whoever can write a file here could silence the house's.
    let mark = ["sanctum:", "allow"].concat();
    bed.write("code/b", &format!("{} # {mark} aws-access-key-id mine\n", token('C')));
    assert_eq!(
        bed.scan("code", &["--no-git", "--json", "b"]).exits(0).json()["accepted"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    bed.commit("code", "x").unwrap();
    bed.git("code", &["remote", "add", "origin", "https://example.org/x"]).unwrap();
    // In a network namespace of its own, where nothing answers.
    let mut command = bed.command(&unshare, "code");
    command.arg("--net").arg(&strace).args([
        "-f",
        "-qq",
        "-e",
        "trace=socket,connect,sendto",
        "-o",
    ]);
    command.arg(bed.at("trace")).arg(sanctum());
    command.args(["scan", "--all", "--unreachable", "--json", "."]);
    let ran = Ran::of(&command.output().expect("strace starts"));
    let report = ran.exits(3).json();
    assert!(report["counts"]["pieces"].as_u64() > Some(10), "{report}");
    let named =
        |name: &str| report["findings"].as_array().unwrap().iter().any(|one| one["path"] == name);
    assert!(named("a") && named("b"), "{report}");
    let trace = bed.read("trace");
    let local = |line: &&str| line.contains("AF_UNIX") || !line.contains("AF_");
    let other: Vec<&str> = trace.lines().filter(|line| !local(line)).collect();
    assert_eq!(other, Vec::<&str>::new());
}
