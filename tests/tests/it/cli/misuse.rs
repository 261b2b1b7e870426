//! One transcript for each way to use the command line wrongly: `tests/cmd`.
//!
//! `TRYCMD=overwrite` writes what the binary says now into the transcripts; the diff is then reviewed.

use super::program::{folder, sanctum};

#[test]
fn misuse_is_answered_as_the_transcripts_say() {
    let home = folder();
    let path = |name: &str| home.path().join(name).to_str().expect("a path in UTF-8").to_owned();
    let cases = trycmd::TestCases::new();
    cases
        .register_bin("sanctum", sanctum())
        .env("HOME", path("home"))
        .env("TMPDIR", path("tmp"))
        .env("SANCTUM_INSTANCE", "")
        .env("SANCTUM_INSTANCE_FILE", "")
        .insert_var("[HOME]", path("home"))
        .expect("a name for the home");
    cases.case("cmd/*.trycmd");
    // The cases run when this is dropped.
}

/// A transcript without an exit code would also pass for a command that succeeds.
#[test]
fn every_transcript_of_misuse_has_an_exit_code() {
    let files = glob();
    assert!(files.len() > 10, "{} transcripts", files.len());
    for (name, text) in files {
        assert!(text.lines().any(|line| line.starts_with("? ")), "{name} expects no exit code");
    }
}

#[expect(clippy::disallowed_methods, reason = "the transcripts are read as they are")]
fn glob() -> Vec<(String, String)> {
    let folder = super::program::checkout().join("tests/cmd");
    std::fs::read_dir(folder)
        .expect("the folder of transcripts")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "trycmd"))
        .map(|path| {
            (path.display().to_string(), std::fs::read_to_string(path).expect("a transcript"))
        })
        .collect()
}
