//! ssh-audit against an sshd of our own on loopback, which nobody can log in to: it has no authorized keys and
//! ends with the check.

use super::sshd::Site;
use super::{Looked, Tools, ask, need, obstacle, text};
use crate::house::{Artefact, House};
use crate::instance::model::SshProfile;
use crate::prove::{Obstacle, Proof, wrong};
use crate::render::sshd::profile;
use sanctum_host::command::{Options, Program, run};
use sanctum_host::files::{read_optional, write_new};
use sanctum_types::Finding;
use serde_json::Value;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

/// When the server ends whatever else happens; ssh-audit takes one or two seconds.
const SERVER_LIMIT: Duration = Duration::from_secs(15);
/// How often, and with which pause, the server is tried until it listens: 5 s together.
const TRIES: usize = 250;
const PAUSE: Duration = Duration::from_millis(20);
/// The lists of its report.
const LISTS: [&str; 4] = ["kex", "key", "enc", "mac"];

pub(super) fn audit(house: &House<'_>, file: &Artefact, tools: &Tools) -> Proof {
    Proof::from("ssh-audit", file.path.as_str(), look(house, file, tools))
}

fn look(house: &House<'_>, file: &Artefact, tools: &Tools) -> Looked {
    let audit = need(tools.ssh_audit.as_ref(), "ssh-audit", "pip install ssh-audit")?;
    let kill = Program::find(&["kill"]);
    let kill = need(kill.as_ref(), "kill", "a part of every system")?;
    let site = Site::new(house, file, tools)?;
    let port = free_port()?;
    let pid_file = site.dir.path().join("pid");
    let config = site.dir.path().join("audited");
    // The first value counts: these stand before the include of the drop-in.
    let main = format!(
        "Port {port}\nListenAddress 127.0.0.1\nPidFile {}\nAuthorizedKeysFile none\nInclude {}\n",
        text(&pid_file),
        site.config
    );
    write_new(&config, main.as_bytes())?;
    let output = std::thread::scope(|scope| {
        let server = scope.spawn(|| {
            let options = Options { timeout: SERVER_LIMIT, ..Options::default() };
            run(site.sshd, &["-D", "-e", "-f", &text(&config)], options)
        });
        let up = (0..TRIES).any(|_| {
            std::thread::sleep(PAUSE);
            server.is_finished() || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        });
        let port = port.to_string();
        let output = (up && !server.is_finished())
            .then(|| ask(audit, &["--skip-rate-test", "-j", "-p", &port, "127.0.0.1"]));
        if let Ok(Some(pid)) = read_optional(&pid_file, 32) {
            // A server that is gone already is what is wanted.
            let _ = ask(kill, &[String::from_utf8_lossy(&pid).trim()]);
        }
        match (output, server.join()) {
            (Some(output), _) => output.map_err(Obstacle::from),
            (None, Ok(Ok(server))) => Err(obstacle(&server, site.dir.path())),
            (None, Ok(Err(error))) => Err(Obstacle::from(error)),
            (None, Err(panic)) => std::panic::resume_unwind(panic),
        }
    })?;
    let report: Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| Obstacle::Answer { program: output.program.clone() })?;
    let strict = profile(house) == SshProfile::PostQuantum;
    let findings = judge(&report, strict, file.path.as_str())
        .ok_or(Obstacle::Answer { program: output.program })?;
    let detail = if strict { "0 fail, 0 warn" } else { "0 fail" };
    Ok((findings, detail.to_owned()))
}

/// What it rates `fail`, and for the strict profile `warn`; none where the report has another form.
pub(in crate::prove) fn judge(report: &Value, strict: bool, path: &str) -> Option<Vec<Finding>> {
    let mut findings = Vec::new();
    for list in LISTS {
        let entries = report.get(list)?.as_array().filter(|entries| !entries.is_empty())?;
        for entry in entries {
            let name = entry.get("algorithm")?.as_str()?;
            let notes = entry.get("notes")?;
            for grade in ["fail", "warn"].into_iter().take(if strict { 2 } else { 1 }) {
                if let Some(why) = notes.get(grade) {
                    let message = format!("ssh-audit rates {list} {name} `{grade}`: {why}");
                    findings.push(wrong("ssh.audit", path, message));
                }
            }
        }
    }
    Some(findings)
}

fn free_port() -> Result<u16, Obstacle> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let port = listener.and_then(|listener| listener.local_addr()).map(|address| address.port());
    port.map_err(|source| {
        let path = "a free port of loopback".to_owned();
        Obstacle::Host(sanctum_host::HostError::Io { verb: "find", path, source })
    })
}
