//! A house with secrets of several kinds, and a person who types.

use crate::cli::program::{House, Ran, sanctum};
use serde_json::json;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// A keychain's secret with two caches, a file's, and one of another node.
pub(crate) const HOUSE: &str = r#"
format: 1
instance: {name: Bed, slug: bed, timezone: UTC}
users: {owner: operator}
nodes:
  hub: {type: hub, os: linux}
  barn: {type: satellite}
networks:
  lan: {subnet: 192.168.1.0/24}
services:
  gateway: {node: hub, command: [/usr/bin/env], criticality: P0, secrets: [gateway-token]}
secrets:
  gateway-token:
    ref: "keychain:gateway/house"
    caches: ["file:gateway-token", "age:gateway.age"]
    cleartext: {reason: the gateway starts with nobody there}
  tls-key: {ref: "file:tls-key", cleartext: {reason: read by a web server}}
  far: {ref: "file:far", nodes: [barn]}
"#;

/// A person at a terminal, who answers.
pub(super) const TYPIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/typist");

impl House {
    /// Runs a verb with that on its standard input.
    pub(crate) fn fed(&self, verb: &[&str], input: &[u8]) -> Ran {
        let mut command = self.command(sanctum());
        command
            .args(self.arguments(verb))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("sanctum starts");
        // A verb that refuses first does not read.
        let _taken = child.stdin.take().expect("a pipe").write_all(input);
        Ran::of(&child.wait_with_output().expect("it ends"))
    }

    /// Runs a verb on a terminal, where these questions get these answers.
    pub(crate) fn typed(&self, verb: &[&str], answers: &[(&str, &str)]) -> Ran {
        let mut command = self.at_terminal(answers);
        command.arg(sanctum()).args(self.arguments(verb));
        Ran::of(&command.output().expect("the typist starts"))
    }

    /// Runs what is added as arguments on a terminal, where these questions get these answers.
    pub(crate) fn at_terminal(&self, answers: &[(&str, &str)]) -> Command {
        let mut command = self.command(Path::new(TYPIST));
        let answers: Vec<_> =
            answers.iter().map(|(question, answer)| json!([question, answer])).collect();
        command.env("TYPED", json!(answers).to_string()).env("PATH", "/usr/bin:/bin");
        command
    }

    /// A verb whose arguments end with a program of its own.
    pub(crate) fn runs(&self, verb: &[&str], program: &[&str]) -> Ran {
        self.runs_with(verb, program, &[])
    }

    /// The same with more in the environment.
    pub(crate) fn runs_with(&self, verb: &[&str], program: &[&str], more: &[(&str, &str)]) -> Ran {
        let mut command = self.command(sanctum());
        command.env("PATH", "/usr/bin:/bin").args(self.arguments(verb)).arg("--").args(program);
        command.envs(more.iter().copied());
        Ran::of(&command.output().expect("sanctum starts"))
    }
}
