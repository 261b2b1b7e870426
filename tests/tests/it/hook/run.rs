//! `sanctum run`: an agent is started only where its hooks run, and gets what it needs of the environment.

use super::bed::{Bed, NEEDLE, token};
use sanctum_tests::need;

/// An agent, and a nono, that say how they were started.
fn bed() -> Bed {
    let bed = Bed::new();
    bed.dir("home/bin");
    for name in ["claude", "gemini"] {
        bed.write(
            &format!("home/bin/{name}"),
            "#!/bin/sh\necho \"agent $*\"; env | sort\nexit 7\n",
        );
        bed.executable(&format!("home/bin/{name}"));
    }
    bed
}

#[test]
fn an_agent_is_started_with_its_hooks_or_not_at_all() {
    let _setpriv = need!("setpriv");
    let bed = bed();
    let path = format!("{}:/usr/bin:/bin", bed.shown("home/bin"));
    let token = token();
    let run = |words: &[&str], more: &[(&str, &str)]| {
        let mut all =
            vec![("PATH", path.as_str()), ("DEPLOY_KEY", token.as_str()), ("OP_SESSION", "x")];
        all.extend(more);
        bed.run_with(&[&["run"][..], words].concat(), &all)
    };
    run(&["--", "claude"], &[]).exits(4).says("sanctum hooks install claude");
    bed.run(&["hooks", "install", "claude"], b"").exits(0);
    let ran = run(&["--", "claude", "-p", "two words"], &[]).exits(7);
    assert!(ran.stdout.contains("agent -p two words"), "{ran:?}");
    assert!(!ran.stdout.contains(NEEDLE) && !ran.stdout.contains("OP_SESSION"), "{ran:?}");
    assert!(ran.stdout.contains("HOME="), "{ran:?}");
    run(&["--", "claude", "--bare"], &[]).exits(4).says("leave --bare out");
    run(&["--", "claude"], &[("CLAUDE_CODE_SIMPLE", "1")])
        .exits(4)
        .says("unset CLAUDE_CODE_SIMPLE");
    run(&["--", "gemini"], &[]).exits(4).says("sanctum hooks install gemini");
    bed.dir("home/first");
    bed.write("home/first/claude", "#!/usr/bin/env bash\nexec ~/bin/claude --bare \"$@\"\n");
    bed.executable("home/first/claude");
    let first = format!("{}:{path}", bed.shown("home/first"));
    run(&["--", "claude"], &[("PATH", &first)]).exits(4).says("--bare in");
    run(&["--", &bed.shown("home/first/claude")], &[]).exits(4).says("--bare in");
    run(&["--", "vi"], &[]).exits(2).says("none of the agents");
    bed.tree("home/project/.claude/settings.json", "{\"disableAllHooks\": true}");
    run(&["--", "claude"], &[]).exits(4).says("disableAllHooks");
}

#[test]
fn a_sandbox_is_nono_or_nothing() {
    let _setpriv = need!("setpriv");
    let bed = bed();
    bed.run(&["hooks", "install", "claude"], b"").exits(0);
    let path = format!("{}:/usr/bin:/bin", bed.shown("home/bin"));
    let run = |words: &[&str]| {
        bed.run_with(&[&["run", "--sandbox"][..], words].concat(), &[("PATH", &path)])
    };
    run(&["--", "claude"]).exits(4).says("nono is not on PATH");
    bed.write("home/bin/nono", "#!/bin/sh\necho \"nono $*\"\n");
    bed.executable("home/bin/nono");
    let ran = run(&["--", "claude", "-p", "x"]).exits(0);
    assert_eq!(ran.stdout, "nono run --profile claude-code -- claude -p x\n");
    let ran = run(&["--profile", "mine", "--", "claude"]).exits(0);
    assert_eq!(ran.stdout, "nono run --profile mine -- claude\n");
}
