//! The real programs, asked about copies of what was rendered, side by side.
//!
//! Every program gets an absolute path, a cleared environment and a time limit, and sees a directory that goes
//! away afterwards. Invariant: nothing of the machine is changed or loaded. A program that is not here is an
//! obstacle and never a pass.

mod found;
mod nft;
pub(super) mod pf;
mod plist;
mod seed;
pub(super) mod ssh_audit;
pub(super) mod sshd;
mod systemd;

pub use found::Tools;

use super::{Obstacle, Proof};
use crate::house::{Artefact, House, Part};
use sanctum_host::HostError;
use sanctum_host::command::{Options, Output, Program, run};
use sanctum_types::Finding;
use std::path::Path;
use std::time::Duration;

/// What a look came to: findings, and the words for a pass; or what stood in the way.
pub(super) type Looked = Result<(Vec<Finding>, String), Obstacle>;

/// Longest that one program may think about one house: hundreds of times what each takes.
const LIMIT: Duration = Duration::from_secs(20);
/// What a program said is shown up to here.
const SHOWN: usize = 8;

/// Asks every program that has something to say about these artefacts.
#[must_use]
pub fn tools(house: &House<'_>, artefacts: &[Artefact], tools: &Tools) -> Vec<Proof> {
    let of = |part: Part| artefacts.iter().filter(move |artefact| artefact.part == part);
    let anchor = artefacts.iter().find(|artefact| artefact.is_anchor());
    let (pf, ssh, nft) = (anchor, of(Part::Ssh).next(), of(Part::Nft).next());
    let jobs: Vec<&Artefact> = of(Part::Launchd).collect();
    let units: Vec<&Artefact> = of(Part::Systemd).collect();
    let seed: Vec<&Artefact> = of(Part::Vm).collect();
    let mut proofs = Vec::new();
    std::thread::scope(|scope| {
        // In the order of the report; the slowest families have threads of their own.
        let families = [
            scope.spawn(|| pf.map(|file| pf::pfctl(file, tools)).into_iter().collect()),
            scope.spawn(|| ssh.map_or_else(Vec::new, |file| sshd::all(house, file, tools))),
            scope.spawn(|| {
                ssh.map(|file| ssh_audit::audit(house, file, tools)).into_iter().collect()
            }),
            scope.spawn(|| plist::all(&jobs, tools)),
            scope.spawn(|| systemd::verify(&units, tools).into_iter().collect()),
            scope.spawn(|| nft.map(|file| nft::check(file, tools)).into_iter().collect()),
            scope.spawn(|| seed::all(&seed, tools)),
        ];
        for family in families {
            match family.join() {
                Ok(found) => proofs.extend::<Vec<Proof>>(found),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    proofs
}

/// The program, or the obstacle that says how to get it.
pub(super) fn need<'a>(
    program: Option<&'a Program>,
    name: &'static str,
    get: &'static str,
) -> Result<&'a Program, Obstacle> {
    program.ok_or(Obstacle::NotHere { program: name, get })
}

pub(super) fn ask(program: &Program, args: &[&str]) -> Result<Output, HostError> {
    run(program, args, Options { timeout: LIMIT, ..Options::default() })
}

/// A path as an argument. Ours are all UTF-8: the directory is named by [`sanctum_host::files::TempDir`].
fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// What a program said, line by line, with the directory of the copies taken out; no control characters.
fn said(output: &Output, dir: &Path) -> Vec<String> {
    let all = [output.stderr.as_slice(), b"\n", output.stdout.as_slice()].concat();
    let dir = format!("{}/", text(dir));
    let all = String::from_utf8_lossy(&all).replace(&dir, "/");
    let lines =
        all.lines().map(|line| line.chars().filter(|c| !c.is_control()).collect::<String>());
    lines.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).take(SHOWN).collect()
}

/// The first line of what it said, for an obstacle.
fn obstacle(output: &Output, dir: &Path) -> Obstacle {
    let said = said(output, dir).into_iter().next().unwrap_or_else(|| output.status.to_string());
    Obstacle::Said { program: output.program.clone(), said }
}
