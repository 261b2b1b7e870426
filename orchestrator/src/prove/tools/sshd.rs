//! sshd's own reading of the drop-in, merged into a main file that is as permissive as a stock one.
//!
//! A node that is only rendered for may have algorithms that this machine's build lacks; sshd would refuse the
//! whole file over one of them. Those, and only those that the node's own facts name, are left out of the copy, and the
//! proof says which. Invariant: on the node itself nothing is left out.

use super::{Looked, Tools, ask, need, obstacle, said, text};
use crate::house::{Artefact, House};
use crate::prove::{Obstacle, Proof, wrong};
use crate::render::sshd::effective::contexts;
use crate::render::sshd::{check_effective, expected, parse_effective};
use sanctum_host::command::{Output, Program};
use sanctum_host::files::{TempDir, write_new};
use sanctum_host::ssh_query::{self, Algorithms};
use sanctum_types::Finding;
use std::collections::{BTreeMap, BTreeSet};

/// What stock files and other programs' drop-ins say: each line is one that ours must win against.
const STOCK: &str = "PermitRootLogin yes\nPasswordAuthentication yes\nKbdInteractiveAuthentication yes\n\
    X11Forwarding yes\nAllowTcpForwarding yes\nMaxAuthTries 20\nAcceptEnv LANG LC_*\n\
    Subsystem sftp internal-sftp\nPidFile none\n";
/// Children at one time; more than this gains nothing on any Mac Mini.
const AT_ONCE: usize = 8;

/// A merged configuration in a directory of its own.
pub(super) struct Site<'t> {
    pub(super) dir: TempDir,
    pub(super) sshd: &'t Program,
    pub(super) config: String,
    left_out: BTreeSet<String>,
}

pub(super) fn all(house: &House<'_>, file: &Artefact, tools: &Tools) -> Vec<Proof> {
    let path = file.path.as_str();
    match Site::new(house, file, tools) {
        Ok(site) => {
            let syntax = Proof::from("sshd -t", path, site.syntax(path));
            // What sshd refuses has no effect to ask about.
            let effect = matches!(syntax.outcome, crate::prove::Outcome::Passed(_))
                .then(|| Proof::from("sshd -T", path, site.effect(house, path)));
            std::iter::once(syntax).chain(effect).collect()
        }
        Err(obstacle) => vec![Proof::from("sshd -t", path, Err(obstacle))],
    }
}

impl<'t> Site<'t> {
    pub(super) fn new(
        house: &House<'_>,
        file: &Artefact,
        tools: &'t Tools,
    ) -> Result<Self, Obstacle> {
        let get = "apt install openssh-server";
        let sshd = need(tools.sshd.as_ref(), "sshd", get)?;
        let keygen = need(tools.ssh_keygen.as_ref(), "ssh-keygen", get)?;
        let ssh = need(tools.ssh.as_ref(), "ssh", "apt install openssh-client")?;
        let dir = TempDir::new()?;
        let key = text(&dir.path().join("host_key"));
        ask(keygen, &["-q", "-t", "ed25519", "-N", "", "-f", &key])?.success()?;
        let offered = ssh_query::algorithms(ssh)?;
        let (drop_in, left_out) = fitted(house, &String::from_utf8_lossy(&file.bytes), &offered);
        let folder = dir.path().join("sshd_config.d");
        write_new(&folder.join("00-sanctum.conf"), drop_in.as_bytes())?;
        let config = dir.path().join("sshd_config");
        let main = format!("Include {}/*.conf\nHostKey {key}\n{STOCK}", text(&folder));
        write_new(&config, main.as_bytes())?;
        Ok(Self { config: text(&config), dir, sshd, left_out })
    }

    fn ask(&self, args: &[&str]) -> Result<Output, Obstacle> {
        let output = ask(self.sshd, &[&["-f", &self.config], args].concat())?;
        let lines = String::from_utf8_lossy(&output.stderr);
        if lines.contains("privilege separation directory") {
            return Err(obstacle(&output, self.dir.path()));
        }
        Ok(output)
    }

    fn syntax(&self, path: &str) -> Looked {
        let output = self.ask(&["-t"])?;
        let lines = said(&output, self.dir.path());
        let mut findings: Vec<Finding> =
            lines.into_iter().map(|line| wrong("ssh.syntax", path, line)).collect();
        if findings.is_empty() && !output.status.success() {
            let message = format!("sshd -t ended with {}", output.status);
            findings.push(wrong("ssh.syntax", path, message));
        }
        let left_out: Vec<&str> = self.left_out.iter().map(String::as_str).collect();
        let detail = match left_out.is_empty() {
            true => "taken without a word".to_owned(),
            false => format!("taken; this machine's build lacks {}", left_out.join(", ")),
        };
        Ok((findings, detail))
    }

    fn effect(&self, house: &House<'_>, path: &str) -> Looked {
        let contexts = contexts(house);
        let callers: Vec<Vec<&str>> = std::iter::once(vec!["-T"])
            .chain(contexts.iter().map(|context| vec!["-T", "-C", context.as_str()]))
            .collect();
        let answers = side_by_side(&callers, |args| self.ask(args));
        judge(house, path, answers)
    }
}

/// Judges what `sshd -T` says to each caller: every finding with the number of callers that it holds for.
pub(in crate::prove) fn judge(
    house: &House<'_>,
    path: &str,
    answers: Vec<Result<Output, Obstacle>>,
) -> Looked {
    let wanted = expected(house)?;
    let asked = answers.len();
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for output in answers {
        let output = output?;
        if !output.status.success() {
            return Err(obstacle(&output, std::path::Path::new("/")));
        }
        for finding in check_effective(&wanted, &parse_effective(&output.text())) {
            *found.entry(finding.to_string()).or_insert(0) += 1;
        }
    }
    let weak = |(message, count): (String, usize)| {
        wrong("ssh.weaker", path, format!("{message} ({count} of {asked} callers)"))
    };
    let detail = format!("{} settings in force for each of {asked} callers", wanted.len());
    Ok((found.into_iter().map(weak).collect(), detail))
}

/// Asks for each item, some at one time, and answers in their order.
pub(in crate::prove) fn side_by_side<T: Sync, R: Send>(
    items: &[T],
    one: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let mut answers = Vec::with_capacity(items.len());
    for chunk in items.chunks(AT_ONCE) {
        std::thread::scope(|scope| {
            let threads: Vec<_> = chunk.iter().map(|item| scope.spawn(|| one(item))).collect();
            for thread in threads {
                match thread.join() {
                    Ok(answer) => answers.push(answer),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
    }
    answers
}

/// The drop-in without what the node has and this machine's build has not, and the names that were left out.
fn fitted(house: &House<'_>, text: &str, here: &Algorithms) -> (String, BTreeSet<String>) {
    let there = &house.facts.ssh;
    let mut left_out = BTreeSet::new();
    let mut out = String::new();
    for line in text.lines() {
        let lists = match line.split_once(' ').map(|(keyword, names)| (keyword, names.trim())) {
            Some(("KexAlgorithms", names)) => Some((names, &there.kex, &here.kex)),
            Some(("Ciphers", names)) => Some((names, &there.ciphers, &here.ciphers)),
            Some(("MACs", names)) => Some((names, &there.macs, &here.macs)),
            Some(("HostKeyAlgorithms", names)) => {
                Some((names, &there.host_key_algorithms, &here.host_keys))
            }
            _ => None,
        };
        let Some((names, there, here)) = lists else {
            out.push_str(line);
            out.push('\n');
            continue;
        };
        let (gone, kept): (Vec<&str>, Vec<&str>) =
            names.split(',').partition(|name| there.contains(*name) && !here.contains(*name));
        left_out.extend(gone.into_iter().map(str::to_owned));
        let keyword = line.split(' ').next().unwrap_or_default();
        out.push_str(&format!("{keyword} {}\n", kept.join(",")));
    }
    (out, left_out)
}
