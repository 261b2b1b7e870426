//! `ssh/server-older-than-disk`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::doctor::services::running::{running, stale};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "ssh/server-older-than-disk",
    severity: Severity::Error,
    on: On::Any,
    title: "the SSH server that runs is the one on disk",
    why: "An update of sshd replaces the file and not the process: the hole that it closes stays open until \
          somebody restarts the server, and the package says that it is fixed. Where launchd starts one for \
          each connection there is none to compare.",
    fix: Fix::Run(
        "sudo systemctl restart ssh.service; on macOS: sudo launchctl kickstart -k system/com.openssh.sshd",
    ),
    needs: &[Need::Processes],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let processes = looked.processes()?;
    let mut answer = Answer::of(processes);
    // Connections that are open already keep the server that they began with.
    for server in processes.iter().filter(|one| one.name == "sshd" && one.parent == 1) {
        let Some(running) = running(server).and_then(|seen| answer.part(seen)) else { continue };
        if let Some(message) = stale(server, running) {
            answer.add(&running.path, message);
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_barn().with_running("sshd", "/usr/sbin/sshd", 7, 7)
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_barn().with_running("sshd", "/usr/sbin/sshd", 7, 8)
}
