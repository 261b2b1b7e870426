//! The system's `ssh` as the transport, for nodes that offer only what our own client does not have.
//!
//! It reads one configuration file that is written for the round and none of the user's or the system's: batch mode,
//! strict host keys from our records, no multiplexing, no forwarding. What goes into the file was validated, and a
//! path that its grammar would read otherwise is refused.

use super::answer::{self, Raw};
use super::error::{FleetError, Kind};
use super::known_hosts::{HostPort, PublicKey};
use super::target::Target;
use super::{ANSWER_LIMIT, Limits, probe};
use crate::status::Status;
use crate::status::text::printable;
use sanctum_host::command::{self, Options, Program};
use sanctum_host::files::{self, TempDir};
use sanctum_host::{HostError, clock};
use sanctum_types::{AbsPath, Secret};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the system's ssh is told of.
#[derive(Clone, Debug, Default)]
pub struct Openssh {
    /// Files of host keys.
    pub known_hosts: Vec<AbsPath>,
    /// Key files; ssh's own defaults when empty.
    pub identities: Vec<AbsPath>,
    /// Socket of the agent.
    pub agent: Option<AbsPath>,
}

/// Why the system's ssh cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpensshError {
    /// It is not there.
    #[error("there is no ssh in the system's own directories")]
    Missing,
    /// A server showed no key.
    #[error("{0} shows no host key")]
    NoKey(HostPort),
    /// A path would be read otherwise by ssh_config(5).
    #[error("ssh_config cannot hold the path {}", .0.escape_debug())]
    Path(String),
    /// The folder of a round.
    #[error(transparent)]
    Host(#[from] HostError),
}

/// The system's ssh, ready for a round.
#[derive(Debug)]
pub struct Ready {
    ssh: Program,
    folder: TempDir,
    common: String,
    agent: Option<String>,
    limits: Limits,
    script: Vec<u8>,
    count: AtomicU64,
}

/// ssh's own exit status when it fails itself (ssh(1), EXIT STATUS).
const OWN_FAILURE: i32 = 255;

impl Openssh {
    pub(super) fn ready(&self, limits: Limits, script: &str) -> Result<Ready, OpensshError> {
        Ok(Ready {
            ssh: Program::find(&["ssh"]).ok_or(OpensshError::Missing)?,
            folder: TempDir::new()?,
            common: self.common(limits)?,
            agent: self.agent.as_ref().map(ToString::to_string),
            limits,
            script: script.as_bytes().to_vec(),
            count: AtomicU64::new(0),
        })
    }

    /// What holds for every hop.
    fn common(&self, limits: Limits) -> Result<String, OpensshError> {
        let mut known: Vec<String> = Vec::new();
        for path in &self.known_hosts {
            known.push(quoted(path)?);
        }
        let known = if known.is_empty() { "none".to_owned() } else { known.join(" ") };
        let seconds = limits.connect.as_secs().max(1);
        let mut text = format!(
            "Host *\n  BatchMode yes\n  StrictHostKeyChecking yes\n  UserKnownHostsFile {known}\n  \
             GlobalKnownHostsFile none\n  CheckHostIP no\n  UpdateHostKeys no\n  VerifyHostKeyDNS no\n  \
             PreferredAuthentications publickey\n  ControlMaster no\n  ControlPath none\n  \
             ForwardAgent no\n  ForwardX11 no\n  PermitLocalCommand no\n  RequestTTY no\n  \
             LogLevel ERROR\n  ConnectTimeout {seconds}\n",
        );
        match &self.agent {
            Some(_) => text.push_str("  IdentityAgent SSH_AUTH_SOCK\n"),
            None => text.push_str("  IdentityAgent none\n"),
        }
        if !self.identities.is_empty() {
            text.push_str("  IdentitiesOnly yes\n");
        }
        for path in &self.identities {
            let _ = writeln!(text, "  IdentityFile {}", quoted(path)?);
        }
        Ok(text)
    }
}

/// A path as ssh_config(5) takes it: quoted, and without what it expands.
fn quoted(path: &AbsPath) -> Result<String, OpensshError> {
    let text = path.as_str();
    if text.chars().any(|c| c.is_control() || "\"'\\%$".contains(c)) {
        return Err(OpensshError::Path(text.to_owned()));
    }
    Ok(format!("\"{text}\""))
}

fn hop(n: usize) -> String {
    format!("sanctum-hop-{n}")
}

/// The configuration of one way: an alias for each hop, each through the one before it.
fn config(common: &str, target: &Target) -> String {
    let mut text = String::new();
    for (n, end) in target.route.iter().enumerate() {
        let (host, port, user) = (&end.at.host, end.at.port, &end.user);
        let _ = writeln!(text, "Host {}\n  HostName {host}\n  Port {port}\n  User {user}", hop(n));
        if let Some(before) = n.checked_sub(1) {
            let _ = writeln!(text, "  ProxyJump {}", hop(before));
        }
    }
    text.push_str(common);
    text
}

impl Ready {
    pub(super) fn ask(&self, target: &Target, version: &str) -> Result<Status, FleetError> {
        let Some(end) = target.route.last() else {
            return Err(FleetError::Client(Box::new(super::pool::ClientError::Task)));
        };
        let client = |error: HostError| {
            FleetError::Client(Box::new(super::pool::ClientError::Openssh(OpensshError::Host(
                error,
            ))))
        };
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let file = self.folder.path().join(format!("config-{number}"));
        files::write_new(&file, config(&self.common, target).as_bytes()).map_err(client)?;
        let file = file.display().to_string();
        let alias = hop(target.route.len().saturating_sub(1));
        let args = ["-F", &file, "-T", "--", &alias, probe::COMMAND];
        let mut env = BTreeMap::new();
        if let Some(agent) = &self.agent {
            env.insert("SSH_AUTH_SOCK", agent.clone());
        }
        let options = Options {
            stdin: Some(Secret::new(self.script.clone())),
            timeout: self.limits.total,
            env,
            output_limit: ANSWER_LIMIT,
        };
        let said = command::run(&self.ssh, &args, options).map_err(|error| match error {
            HostError::Timeout { seconds, .. } => FleetError::Timeout {
                host: end.at.clone(),
                step: super::error::Step::Total,
                seconds,
            },
            other => client(other),
        })?;
        if said.status.code() == Some(OWN_FAILURE) {
            return Err(failure(&end.at, &said.stderr));
        }
        let exit = said.status.code().and_then(|code| u32::try_from(code).ok());
        let exit = exit.or_else(|| said.status.signal().map(|_| u32::MAX));
        let raw = Raw { stdout: said.stdout, stderr: said.stderr, exit, too_long: said.truncated };
        answer::read(&raw, &end.at, version, clock::now())
    }
}

/// The host key that a server shows to the system's ssh-keyscan, believed by nobody.
pub fn scan(host: &HostPort, limits: Limits) -> Result<PublicKey, OpensshError> {
    let program = Program::find(&["ssh-keyscan"]).ok_or(OpensshError::Missing)?;
    let (seconds, port) = (limits.connect.as_secs().max(1).to_string(), host.port.to_string());
    let args = ["-T", &seconds, "-p", &port, "-t", "ed25519,ecdsa", "--", &host.host];
    let options = Options { timeout: limits.total, ..Options::default() };
    let said = command::run(&program, &args, options)?;
    let text = said.text();
    let mut keys: Vec<PublicKey> = text
        .lines()
        .filter_map(|line| PublicKey::from_openssh(line.split_once(' ')?.1).ok())
        .collect();
    // ed25519 before ecdsa, whatever the order of the answers.
    keys.sort_by_key(|key| key.algorithm() != russh::keys::Algorithm::Ed25519);
    keys.into_iter().next().ok_or_else(|| OpensshError::NoKey(host.clone()))
}

/// Words of OpenSSH 7 to 10 for each kind of failure; the first that is found decides.
const WORDS: [(&str, Kind); 15] = [
    ("No user exists for uid", Kind::Client),
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", Kind::ChangedHostKey),
    ("is revoked", Kind::RevokedHostKey),
    ("REVOKED HOST KEY", Kind::RevokedHostKey),
    ("host key is known for", Kind::UnknownHostKey),
    ("Host key verification failed", Kind::UnknownHostKey),
    ("Unable to negotiate", Kind::NoCommonAlgorithm),
    ("Permission denied", Kind::RefusedKey),
    ("Too many authentication failures", Kind::RefusedKey),
    ("timed out", Kind::Timeout),
    ("Could not resolve", Kind::Unreachable),
    ("Connection refused", Kind::Unreachable),
    ("No route to host", Kind::Unreachable),
    ("unreachable", Kind::Unreachable),
    ("Bad configuration", Kind::Client),
];

fn failure(host: &HostPort, stderr: &[u8]) -> FleetError {
    let text = String::from_utf8_lossy(stderr);
    let found = WORDS
        .iter()
        .find_map(|(words, kind)| Some((text.lines().find(|line| line.contains(words))?, *kind)));
    let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let (line, kind) = found.unwrap_or((last, Kind::Unreachable));
    let line = line.trim_matches(|c: char| c == '@' || c.is_whitespace());
    FleetError::Openssh { host: host.clone(), kind, said: printable(line) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::target::Endpoint;
    use expect_test::expect;
    use sanctum_types::{AccountName, NodeName};

    fn end(host: &str, port: u16) -> Endpoint {
        let at = HostPort { host: host.to_owned(), port };
        Endpoint { at, user: AccountName::new("operator").unwrap() }
    }

    #[test]
    fn the_file_of_a_way() {
        let path = |text: &str| AbsPath::new(text).unwrap();
        let openssh = Openssh {
            known_hosts: vec![path("/h/.sanctum/known_hosts"), path("/h/.ssh/known hosts")],
            identities: vec![path("/h/key")],
            agent: None,
        };
        let target = Target {
            node: NodeName::new("vm").unwrap(),
            route: vec![end("hub.example", 22), end("10.10.10.10", 2222)],
        };
        let text = config(&openssh.common(Limits::default()).unwrap(), &target);
        expect![[r#"
            Host sanctum-hop-0
              HostName hub.example
              Port 22
              User operator
            Host sanctum-hop-1
              HostName 10.10.10.10
              Port 2222
              User operator
              ProxyJump sanctum-hop-0
            Host *
              BatchMode yes
              StrictHostKeyChecking yes
              UserKnownHostsFile "/h/.sanctum/known_hosts" "/h/.ssh/known hosts"
              GlobalKnownHostsFile none
              CheckHostIP no
              UpdateHostKeys no
              VerifyHostKeyDNS no
              PreferredAuthentications publickey
              ControlMaster no
              ControlPath none
              ForwardAgent no
              ForwardX11 no
              PermitLocalCommand no
              RequestTTY no
              LogLevel ERROR
              ConnectTimeout 10
              IdentityAgent none
              IdentitiesOnly yes
              IdentityFile "/h/key"
        "#]]
        .assert_eq(&text);
        let odd = Openssh { identities: vec![path("/h/%d")], ..Openssh::default() };
        assert!(matches!(odd.common(Limits::default()), Err(OpensshError::Path(_))));
    }

    #[test]
    fn words_of_failures() {
        let host = HostPort { host: "hub".to_owned(), port: 22 };
        for (words, kind) in [
            (
                "@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n@@@\nHost key verification failed.\n",
                Kind::ChangedHostKey,
            ),
            (
                "No ED25519 host key is known for hub and you have requested strict checking.\nHost key verification failed.\n",
                Kind::UnknownHostKey,
            ),
            ("operator@hub: Permission denied (publickey).\n", Kind::RefusedKey),
            (
                "Unable to negotiate with 192.0.2.1 port 22: no matching key exchange method found. Their offer: x\n",
                Kind::NoCommonAlgorithm,
            ),
            ("ssh: connect to host hub port 22: Connection refused\n", Kind::Unreachable),
            ("ssh: connect to host hub port 22: Connection timed out\n", Kind::Timeout),
            ("kex_exchange_identification: Connection closed by remote host\n", Kind::Unreachable),
        ] {
            assert_eq!(failure(&host, words.as_bytes()).kind(), kind, "{words}");
        }
        let error = failure(&host, b"@  WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!  @\n");
        assert_eq!(
            error.to_string(),
            "ssh to hub failed: WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!"
        );
    }
}
