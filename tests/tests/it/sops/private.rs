//! What lies in clear while a verb runs: who could read it, and what is left of it however the verb ends.
#![expect(
    clippy::disallowed_methods,
    reason = "the real binary is started and signalled on real files"
)]

use super::super::cli::program::sanctum;
use super::bed::Bed;
use sanctum_tests::need;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// An encrypted `e.json` and `e.env` of ours in a folder; no real sops is asked.
fn bed(keygen: &Path) -> Bed {
    let bed = Bed::new(PathBuf::new(), keygen);
    for (name, plain) in [("e.json", "{\"a\": \"hunter2\"}"), ("e.env", "A=hunter2\n")] {
        bed.write(name, plain);
        let closed = bed.run(sanctum(), &["sops", "encrypt", "-i", "--age", &bed.recipient, name]);
        assert!(closed.status.success(), "{}", String::from_utf8_lossy(&closed.stderr));
    }
    bed
}

/// The text of a file that somebody else is writing, once it is there whole.
fn awaited(bed: &Bed, name: &str) -> String {
    for _ in 0..500 {
        match std::fs::read_to_string(bed.path(name)) {
            Ok(text) if !text.is_empty() => return text,
            _ => std::thread::sleep(Duration::from_millis(20)),
        }
    }
    panic!("{name} never came");
}

#[test]
fn the_process_that_holds_values_leaves_no_core_dump() {
    let keygen = need!("age-keygen");
    let bed = bed(&keygen);
    // Debian's limit is nothing from the start, which would prove nothing.
    let script = "ulimit -S -c 4096 && exec \"$0\" sops exec-env e.env 'cat /proc/$PPID/limits'";
    let run = bed.run(Path::new("/bin/sh"), &["-c", script, sanctum().to_str().expect("UTF-8")]);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let limits = String::from_utf8_lossy(&run.stdout).into_owned();
    let core = limits.lines().find_map(|line| line.strip_prefix("Max core file size"));
    let soft = core.and_then(|line| line.split_whitespace().next());
    assert_eq!(soft, Some("0"), "{limits}");
}

#[test]
fn what_an_editor_gets_is_private_and_overwritten_before_it_goes() {
    let keygen = need!("age-keygen");
    let bed = bed(&keygen);
    bed.write(
        "editor",
        "exec 3<\"$1\"\n\
         echo \"$1\" > where\n\
         ls -ld \"${1%/*}\" \"$1\" | cut -c 1-10 > modes\n\
         (while [ -e \"$1\" ]; do sleep 0.02; done; cat <&3 > seen) > /dev/null 2>&1 &\n\
         printf '{\"a\": \"changed\"}\\n' > \"$1\"\n",
    );
    let mut edit = bed.command(sanctum(), &["sops", "edit", "e.json"]);
    let run = edit.env("EDITOR", "sh editor").output().expect("starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(awaited(&bed, "modes"), "drwx------\n-rw-------\n");
    // Whoever still has it open sees as many zeros as it had bytes.
    assert_eq!(awaited(&bed, "seen"), "\0".repeat("{\"a\": \"changed\"}\n".len()));
    let place = awaited(&bed, "where");
    let place = Path::new(place.trim()).parent().expect("a directory");
    assert!(!place.exists(), "{} is left", place.display());
}

#[test]
fn a_signal_leaves_nothing_in_clear() {
    let keygen = need!("age-keygen");
    let bed = bed(&keygen);
    for signal in ["INT", "TERM", "HUP", "QUIT"] {
        for name in ["where", "go"] {
            let _ = std::fs::remove_file(bed.path(name));
        }
        // It ends by itself where nobody says `go` any more.
        let script =
            "echo {} > where; for _ in $(seq 500); do [ -e go ] && exit 5; sleep 0.02; done";
        let mut verb = bed.command(sanctum(), &["sops", "exec-file", "e.json", script]);
        let mut verb = verb.spawn().expect("starts");
        let place = awaited(&bed, "where");
        let place = Path::new(place.trim());
        assert!(place.exists(), "the child has its file");
        let kill = format!("kill -s {signal} {}", verb.id());
        assert!(bed.run(Path::new("/bin/sh"), &["-c", &kill]).status.success());
        std::thread::sleep(Duration::from_millis(100));
        bed.write("go", "");
        let ended = verb.wait().expect("ends");
        assert!(!place.exists(), "SIG{signal} left {}", place.display());
        assert_eq!(ended.code(), Some(5), "SIG{signal}: the child's own status");
    }
}

#[test]
fn what_is_too_long_is_refused_and_never_cut() {
    let keygen = need!("age-keygen");
    let bed = bed(&keygen);
    let line = ["sops", "encrypt", "--filename-override", "x.bin", "--age", &bed.recipient];
    let mut verb = bed.command(sanctum(), &line);
    let mut verb = verb
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut pipe = verb.stdin.take().expect("a pipe");
    // 64 MiB is what a document may have.
    let page = vec![b'x'; 1024 * 1024];
    for _ in 0..64 {
        pipe.write_all(&page).expect("read");
    }
    pipe.write_all(b"y").expect("read");
    drop(pipe);
    let output = verb.wait_with_output().expect("ends");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{told}");
    assert!(told.contains("longer than 67108864 bytes"), "{told}");
}
