//! The ssh server of this machine, as it is configured by all files together.

use super::is_root;
use crate::house::{Artefact, House};
use crate::prove::tools::sshd::{judge, side_by_side};
use crate::prove::tools::{Looked, ask, need};
use crate::prove::{Obstacle, Proof, Tools, wrong};
use crate::render::sshd::effective::contexts;
use crate::render::sshd::matches_in;
use sanctum_host::command::{Output, Program};
use sanctum_host::files::{TempDir, list, read_optional, write_new};
use sanctum_types::{Finding, Severity};
use std::path::Path;

/// sshd's main file, on Linux and on macOS.
const MAIN: &str = "/etc/ssh/sshd_config";
/// Its folder of drop-ins.
const FOLDER: &str = "/etc/ssh/sshd_config.d";
/// Most bytes of a configuration file: stock ones have 3 KiB.
const MOST: u64 = 1024 * 1024;

/// What is in force for everybody who may log in, and for root.
pub(super) fn effective(house: &House<'_>, tools: &Tools) -> Proof {
    Proof::from("sshd, in force", "this machine", look(house, tools))
}

fn look(house: &House<'_>, tools: &Tools) -> Looked {
    let sshd = need(tools.sshd.as_ref(), "sshd", "apt install openssh-server")?;
    if !is_root() {
        return Err(Obstacle::Denied {
            program: "sshd -T".to_owned(),
            needs: "root, to read host keys",
        });
    }
    let (mut findings, detail) = judge(house, MAIN, ask_all(house, sshd, &[]))?;
    for finding in &mut findings {
        finding.hint = Some(format!(
            "sudo /opt/sanctum/bin/sanctum apply --only ssh; what stays then is said by another file: sudo grep -rin KEYWORD {MAIN} {FOLDER}"
        ));
    }
    Ok((findings, detail))
}

/// What `sshd -T` says to everybody who may log in, and to root.
fn ask_all(house: &House<'_>, sshd: &Program, file: &[&str]) -> Vec<Result<Output, Obstacle>> {
    let contexts = contexts(house);
    let callers: Vec<Vec<&str>> = std::iter::once(vec![])
        .chain(contexts.iter().map(|context| vec!["-C", context.as_str()]))
        .map(|caller| [&["-T"], file, &caller].concat())
        .collect();
    side_by_side(&callers, |args| Ok(ask(sshd, args)?))
}

/// What would be in force with our new drop-in beside everything that this machine has already: before it is
/// written, because other files can let more people in, and a block of theirs can swallow what follows.
pub(super) fn merged(house: &House<'_>, ours: &Artefact, tools: &Tools) -> Proof {
    Proof::from("sshd, merged", ours.path.as_str(), look_merged(house, ours, tools))
}

fn look_merged(house: &House<'_>, ours: &Artefact, tools: &Tools) -> Looked {
    let sshd = need(tools.sshd.as_ref(), "sshd", "apt install openssh-server")?;
    if !is_root() {
        return Err(Obstacle::Denied {
            program: "sshd -T".to_owned(),
            needs: "root, to read host keys",
        });
    }
    let copy = TempDir::new()?;
    let folder = copy.path().join("sshd_config.d");
    write_new(&folder.join(ours.path.file_name()), &ours.bytes)?;
    for name in list(Path::new(FOLDER))? {
        if name == ours.path.file_name() || !name.ends_with(".conf") {
            continue;
        }
        let theirs = read_optional(&Path::new(FOLDER).join(&name), MOST)?.unwrap_or_default();
        write_new(&folder.join(&name), &theirs)?;
    }
    let main = read_optional(Path::new(MAIN), MOST)?.unwrap_or_default();
    let main = String::from_utf8_lossy(&main).replace(FOLDER, &folder.display().to_string());
    let file = copy.path().join("sshd_config");
    write_new(&file, main.as_bytes())?;
    let answers = ask_all(house, sshd, &["-f", &file.display().to_string()]);
    let (mut findings, detail) = judge(house, ours.path.as_str(), answers)?;
    for finding in &mut findings {
        finding.hint = Some(format!(
            "another file says so: sudo grep -rin KEYWORD {MAIN} {FOLDER}; change it, or say the same in the instance"
        ));
    }
    Ok((findings, detail))
}

/// `Match` blocks of other files: they replace values for callers that no list of ours can exhaust.
pub(super) fn others(ours: &str) -> Proof {
    Proof::from("sshd, other files", FOLDER, look_at_others(ours))
}

fn look_at_others(ours: &str) -> Looked {
    let names = list(Path::new(FOLDER))?;
    let paths: Vec<String> = std::iter::once(MAIN.to_owned())
        .chain(
            names
                .iter()
                .filter(|name| name.ends_with(".conf"))
                .map(|name| format!("{FOLDER}/{name}")),
        )
        .filter(|path| path != ours)
        .collect();
    let mut findings = Vec::new();
    for path in &paths {
        let Some(bytes) = read_optional(Path::new(path), MOST)? else { continue };
        let text = String::from_utf8_lossy(&bytes);
        findings.extend(matches_in(&text).iter().map(|found| Finding {
            severity: Severity::Warn,
            hint: Some(format!("take the block out of {path}, or see that it opens nothing")),
            ..wrong("ssh.match", path, found.to_string())
        }));
    }
    Ok((findings, format!("{} files, no Match", paths.len())))
}
