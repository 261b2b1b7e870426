//! Another account is never given the terminal of whoever hands it a secret, whoever forgets to leave it.
#![expect(clippy::disallowed_methods, reason = "this very test is started again, at a terminal")]

use super::bed::TYPIST;
use sanctum_host::accounts;
use sanctum_host::command::{Handed, become_program};
use std::process::Command;

#[test]
fn a_program_of_another_account_does_not_start_at_our_terminal() {
    let mut command = Command::new(TYPIST);
    command.env("TYPED", "[]").arg(std::env::current_exe().expect("this test"));
    command.args(["--exact", "secrets::terminal::inside", "--ignored", "--nocapture"]);
    let output = command.output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "the test above runs it at a terminal of its own"]
fn inside() {
    let own = accounts::by_uid(accounts::effective_uid()).expect("accounts").expect("an account");
    let mut handed = Handed::default();
    handed.give_to(own);
    let refused = become_program("/bin/false".as_ref(), &[], handed);
    assert!(sanctum_types::chain(&refused).contains("keep this session's terminal"), "{refused:?}");
}
