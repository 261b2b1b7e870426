//! `kill -9` of an in-place write: the file is the old one or the new one, whole, and nothing of it is lost.
#![expect(
    clippy::disallowed_methods,
    reason = "the real binary is started and killed on real files"
)]

use super::super::cli::program::sanctum;
use super::bed::Bed;
use sanctum_tests::need;
use std::process::Stdio;
use std::time::Duration;

/// How often the writer is killed.
const TRIES: u32 = 60;

#[test]
fn a_killed_writer_leaves_a_whole_file() {
    let (sops, keygen) = need!("sops", "age-keygen");
    let bed = Bed::new(sops, &keygen);
    let entries: Vec<_> = (0..400).map(|at| format!("  \"key{at}\": \"value {at}\"")).collect();
    bed.write("k.json", format!("{{\n{}\n}}\n", entries.join(",\n")));
    let closed = bed.run(sanctum(), &["sops", "encrypt", "-i", "--age", &bed.recipient, "k.json"]);
    assert!(closed.status.success(), "{}", String::from_utf8_lossy(&closed.stderr));
    let line = ["sops", "rotate", "-i", "k.json"];
    let began = std::time::Instant::now();
    assert!(bed.run(sanctum(), &line).status.success());
    let whole = began.elapsed();
    let (mut killed, mut old) = (0, bed.read("k.json"));
    for attempt in 0..TRIES {
        let mut child =
            bed.command(sanctum(), &line).stdout(Stdio::null()).spawn().expect("starts");
        // The last third of a run is where the file is written.
        std::thread::sleep(whole.mul_f64(0.5 + 0.6 * f64::from(attempt) / f64::from(TRIES)));
        child.kill().expect("a child of ours");
        let ended = child.wait().expect("ends");
        killed += u32::from(!ended.success());
        let now = bed.read("k.json");
        let opened =
            bed.run(sanctum(), &["sops", "decrypt", "--extract", "[\"key399\"]", "k.json"]);
        assert_eq!(opened.stdout, b"value 399", "{}", String::from_utf8_lossy(&opened.stderr));
        assert!(now != old || !ended.success(), "a run that ended well has replaced the file");
        old = now;
    }
    assert!(killed >= TRIES / 6, "only {killed} of {TRIES} were killed before they ended");
    assert!(bed.sops(&["decrypt", "k.json"]).starts_with(b"{"));
}

#[test]
fn a_file_that_is_replaced_is_synced_before_it_has_its_name() {
    let (sops, keygen, strace) = need!("sops", "age-keygen", "strace");
    let bed = Bed::new(sops, &keygen);
    bed.write("s.json", "{\"a\": 1}");
    let line = [
        "-f",
        "-o",
        "trace",
        "-e",
        "trace=fsync,fdatasync,rename,renameat,renameat2,openat",
        sanctum().to_str().expect("UTF-8"),
        "sops",
        "encrypt",
        "-i",
        "--age",
        &bed.recipient,
        "s.json",
    ];
    let run = bed.run(&strace, &line);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let trace = String::from_utf8_lossy(&bed.read("trace")).into_owned();
    let calls: Vec<_> = trace
        .lines()
        .filter(|line| ["fsync(", "rename", "O_TRUNC"].iter().any(|call| line.contains(call)))
        .map(|line| {
            if line.contains("fsync(") {
                "sync"
            } else if line.contains("rename") {
                "rename"
            } else {
                "truncate"
            }
        })
        .collect();
    assert_eq!(calls, ["sync", "rename", "sync"], "{trace}");
}
