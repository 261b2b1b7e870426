//! What a command is given by `exec-env` and `exec-file`, beside the real sops: as whom it runs, and what is left.
#![expect(clippy::disallowed_methods, reason = "the real binaries are started on real files")]

use super::super::cli::program::sanctum;
use super::bed::Bed;
use sanctum_tests::need;
use std::path::Path;
use std::time::{Duration, Instant};

fn bed() -> Bed {
    let (sops, keygen) = (sanctum_tests::tool("sops"), sanctum_tests::tool("age-keygen"));
    let bed = Bed::new(sops, &keygen);
    bed.write("p.env", "A=planted value\n");
    bed.write("e.env", bed.sops(&["encrypt", "--age", &bed.recipient, "p.env"]));
    bed
}

fn shown(bed: &Bed, program: &Path, words: &[&str]) -> (Option<i32>, String) {
    let prefix: &[&str] = if program == sanctum() { &["sops"] } else { &[] };
    let output = bed.run(program, &[prefix, words].concat());
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), told + &String::from_utf8_lossy(&output.stderr))
}

#[test]
fn another_user_gets_the_values_and_nothing_of_roots() {
    let _judges = need!("sops", "age-keygen");
    let bed = bed();
    let root = sanctum_host::accounts::effective_uid() == 0;
    let script = "id -u; id -G; echo $A";
    for (words, script) in [
        (&["exec-env", "--user", "nobody", "e.env"][..], script),
        (&["exec-env", "--user", "nobody", "--same-process", "e.env"], script),
        (&["exec-file", "--user", "nobody", "e.env"], "id -u; id -G; cat {}"),
        (&["exec-file", "--user", "nobody", "--no-fifo", "e.env"], "id -u; id -G; cat {} {}"),
    ] {
        let line = [words, &[script]].concat();
        let (theirs, ours) = (shown(&bed, &bed.sops, &line), shown(&bed, sanctum(), &line));
        assert_eq!(theirs.0, ours.0, "{line:?}: {theirs:?} {ours:?}");
        if root {
            assert_eq!(theirs.1, ours.1, "{line:?}");
            assert!(ours.1.contains("planted value") && !ours.1.starts_with("0\n"), "{ours:?}");
        } else {
            assert_eq!(ours.0, Some(1), "{ours:?}");
        }
    }
    if root {
        // Who cannot write in the directory cannot put a link where root wipes.
        let line =
            ["exec-file", "--user", "nobody", "--no-fifo", "e.env", "rm -f {}; ln -s /x {}; ls {}"];
        let (_, told) = shown(&bed, sanctum(), &line);
        assert!(told.contains("Permission denied") || told.contains("cannot remove"), "{told}");
    }
}

#[test]
fn a_command_in_the_background_runs_on_and_nobody_waits() {
    let _judges = need!("sops", "age-keygen");
    let bed = bed();
    let out = bed.path("out").display().to_string();
    let begun = Instant::now();
    let script = format!("sleep 1; echo \"$A\" > {out}.new; mv {out}.new {out}");
    let (code, told) = shown(&bed, sanctum(), &["exec-env", "--background", "e.env", &script]);
    assert_eq!(code, Some(0), "{told}");
    assert!(!Path::new(&out).exists(), "it was waited for: {:?}", begun.elapsed());
    while !Path::new(&out).exists() && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(bed.read("out"), b"planted value\n");
    let (code, told) = shown(&bed, sanctum(), &["exec-file", "--background", "e.env", "cat {}"]);
    assert!(code == Some(1) && told.contains("waits for its command"), "{told}");
}

#[test]
fn the_pipe_gives_the_text_once_and_leaves_nothing() {
    let _judges = need!("sops", "age-keygen");
    let bed = bed();
    let script = "echo {}; stat -c '%F %a' {} $(dirname {}); cat {}; timeout 1 cat {}";
    let (code, told) = shown(&bed, sanctum(), &["exec-file", "e.env", script]);
    // The second reader waits until timeout(1) ends it with its own code.
    assert_eq!(code, Some(124), "{told}");
    let path = told.lines().next().expect("a name");
    assert!(told.contains("fifo 600\ndirectory 700\nA=planted value\n"), "{told}");
    assert_eq!(told.matches("planted").count(), 1, "{told}");
    // A file that its command has taken away needs nothing more.
    let line = ["exec-file", "--no-fifo", "e.env", "cat {}; rm {}"];
    assert_eq!(shown(&bed, sanctum(), &line), shown(&bed, &bed.sops, &line));
    assert!(!Path::new(path).exists() && !Path::new(path).parent().expect("a folder").exists());
}
