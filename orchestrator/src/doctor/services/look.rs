//! The observations of services: the process table, the programs of jobs, what else could start them, and secrets
//! that lie about.
//!
//! Histories are judged where they are read: what leaves this module is a file, a line and a kind, never a value.

use crate::doctor::eyes::{Eyes, There, nothing_runs};
use crate::doctor::looked::{Many, Seen, unseen};
use crate::house::layout;
use crate::instance::model::Os;
use crate::instance::secrets::held;
use sanctum_host::command::{self, Options, run};
use sanctum_host::processes::{self, FileId, Process};
use sanctum_host::trust;
use sanctum_types::{AbsPath, CouldNotCheck, SecretRef};
use std::collections::{BTreeMap, BTreeSet};

/// What is at the programs that jobs start.
#[derive(Clone, Debug, Default)]
pub struct Programs(pub BTreeMap<AbsPath, Program>);

/// What is at one of them.
#[derive(Clone, Debug)]
pub struct Program {
    /// What the path leads to; none when nothing is there.
    pub there: Seen<Option<There>>,
    /// Device and inode of that.
    pub file: Option<(u64, u64)>,
    /// Why somebody else than root could have put it there.
    pub untrusted: Seen<Option<String>>,
}

/// What could start a service beside its own job.
#[derive(Clone, Debug, Default)]
pub struct Keepers {
    /// Lines of crontabs.
    pub cron: Many<CronEntry>,
    /// Containers with a restart policy or published ports.
    pub containers: Many<Container>,
    /// Units of the administrator on Linux.
    pub units: Many<UnitFile>,
}

/// One line of a crontab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronEntry {
    /// The crontab.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// Whether it runs at boot.
    pub at_boot: bool,
    /// Its command, which may hold anything.
    pub command: String,
}

/// One container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// `no`, `always`, `unless-stopped` or `on-failure`.
    pub restart: String,
    /// Ports of this machine that it takes.
    pub ports: BTreeSet<u16>,
}

/// One unit of systemd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitFile {
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Secrets in one history of a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The file.
    pub path: String,
    /// Lines with the kind of secret that is on them.
    pub lines: Vec<(usize, String)>,
}

/// One file that a secret of the house is in.
#[derive(Clone, Debug)]
pub struct SecretFile {
    /// The secret's name.
    pub name: String,
    /// Where it should be.
    pub path: AbsPath,
    /// What is there.
    pub there: Seen<Option<There>>,
}

/// What the installed binaries say of themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// `sanctum`; none where it is not installed.
    pub sanctum: Option<String>,
    /// `sanctumd`; none where it is not installed.
    pub sanctumd: Option<String>,
    /// The file of the installed `sanctumd`: a process names the version's own path, and jobs a link to it.
    pub daemon: Option<FileId>,
}

/// Crontabs and units are pages.
const TEXT: u64 = 1024 * 1024;
/// zsh keeps a hundred thousand lines at most where people ask for many.
const HISTORY: u64 = 16 * 1024 * 1024;

/// The process table.
pub fn processes(eyes: &Eyes<'_>) -> Seen<Many<Process>> {
    if !eyes.is_machine() {
        return Err(nothing_runs("processes"));
    }
    let table = processes::table().map_err(|error| unseen("processes", &error))?;
    let hidden = || CouldNotCheck {
        subject: "processes".to_owned(),
        cause: "processes of other accounts are hidden here".to_owned(),
    };
    let unseen = (!table.complete).then(hidden).into_iter().collect();
    Ok(Many { all: table.processes.into_values().collect(), unseen })
}

/// What is at the programs of the node's jobs.
pub fn programs(eyes: &Eyes<'_>) -> Seen<Programs> {
    let wanted = eyes.wanted()?;
    let mut all = BTreeMap::new();
    for job in &wanted.jobs {
        let Some(Ok(path)) = job.command.first().map(|path| AbsPath::new(path.as_str())) else {
            continue;
        };
        let program = program(eyes, &path);
        all.insert(path, program);
    }
    Ok(Programs(all))
}

fn program(eyes: &Eyes<'_>, path: &AbsPath) -> Program {
    let there = eyes.at(path);
    let file = match eyes.is_machine() {
        true => sanctum_host::look::at(std::path::Path::new(path.as_str())),
        false => Ok(None),
    };
    let untrusted = match (&there, eyes.is_machine()) {
        (Ok(None), _) => Ok(None),
        (_, true) => Ok(trust::check_program(path).err().map(|error| error.to_string())),
        (_, false) => Err(CouldNotCheck {
            subject: path.to_string(),
            cause: "below --root owners are not kept".to_owned(),
        }),
    };
    Program { there, file: file.ok().flatten().map(|facts| facts.inode), untrusted }
}

/// Crontabs, containers and units.
pub fn keepers(eyes: &Eyes<'_>) -> Seen<Keepers> {
    let os = eyes.ground.facts.os;
    let (single, dirs): (&[&str], &[&str]) = match os {
        Os::Linux => (&["/etc/crontab"], &["/etc/cron.d", "/var/spool/cron/crontabs"]),
        Os::Macos => (&["/etc/crontab"], &["/usr/lib/cron/tabs"]),
    };
    let mut cron = Vec::new();
    for (path, text) in texts(eyes, single, dirs, "") {
        // A person's own crontab has no field for the account.
        let account = !path.contains("/crontabs/") && !path.contains("/tabs/");
        match text {
            Ok(text) => cron.extend(read_crontab(&path, &text, account).into_iter().map(Ok)),
            Err(unseen) => cron.push(Err(unseen)),
        }
    }
    let units = match os {
        Os::Linux => texts(eyes, &[], &[layout::SYSTEMD_UNITS], ".service"),
        Os::Macos => Vec::new(),
    };
    let unit = |(path, text): (String, Seen<String>)| {
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        text.map(|text| UnitFile { name, text })
    };
    Ok(Keepers {
        cron: Many::collect(cron),
        containers: containers(eyes),
        units: Many::collect(units.into_iter().map(unit)),
    })
}

/// Files, and those in directories whose names end so, with their texts; what is not there is left out.
fn texts(
    eyes: &Eyes<'_>,
    single: &[&str],
    dirs: &[&str],
    end: &str,
) -> Vec<(String, Seen<String>)> {
    let mut paths: Vec<String> = single.iter().map(|path| (*path).to_owned()).collect();
    let mut all = Vec::new();
    for dir in dirs {
        let names = AbsPath::new(*dir)
            .map_err(|error| unseen(*dir, &error))
            .and_then(|dir| eyes.list(&dir));
        match names {
            Ok(names) => {
                let names =
                    names.unwrap_or_default().into_iter().filter(|name| name.ends_with(end));
                paths.extend(names.map(|name| format!("{dir}/{name}")));
            }
            Err(unseen) => all.push(((*dir).to_owned(), Err(unseen))),
        }
    }
    for path in paths {
        let Ok(at) = AbsPath::new(path.as_str()) else { continue };
        // A directory of drop-ins is no text.
        if matches!(eyes.at(&at), Ok(Some(there)) if !there.is_file) {
            continue;
        }
        let read = eyes.head(&at, TEXT).transpose();
        let text = read.map(|bytes| bytes.map(|b| String::from_utf8_lossy(&b).into_owned()));
        all.extend(text.map(|text| (path, text)));
    }
    all
}

/// Lines of a crontab that run something (crontab(5)); with an account as their sixth field where it is the
/// system's.
#[must_use]
pub fn read_crontab(file: &str, text: &str, account: bool) -> Vec<CronEntry> {
    let entry = |(at, line): (usize, &str)| {
        let line = line.trim();
        let first = line.split_whitespace().next()?;
        let named = first.strip_prefix('@');
        let timed = first.starts_with(|c: char| c.is_ascii_digit() || c == '*');
        let fields = match named {
            Some(_) => 1,
            None if timed => 5,
            // A comment, or a variable.
            None => return None,
        } + usize::from(account);
        let words: Vec<&str> = line.split_whitespace().skip(fields).collect();
        let command = words.join(" ");
        let at_boot = named == Some("reboot");
        Some(CronEntry { file: file.to_owned(), line: at + 1, at_boot, command })
    };
    text.lines().enumerate().filter_map(entry).collect()
}

/// What docker inspect prints of one container.
const FORMAT: &str = "{{.Name}} {{.HostConfig.RestartPolicy.Name}}{{range .HostConfig.PortBindings}}{{range .}} {{.HostPort}}{{end}}{{end}}";

/// Containers of the engine that is here; none where there is no engine.
fn containers(eyes: &Eyes<'_>) -> Many<Container> {
    let mut found = Many::default();
    let elsewhere = AbsPath::new("/usr/local/bin/docker")
        .ok()
        .filter(|path| matches!(eyes.at(path), Ok(Some(there)) if there.is_file));
    let docker = command::find_program(&["docker"]).or(elsewhere).map(command::Program::new);
    let Some(docker) = docker.filter(|_| eyes.is_machine()) else { return found };
    let ask = |args: &[&str]| {
        run(&docker, args, Options::default())
            .and_then(command::Output::success)
            .map(|output| output.text())
            .map_err(|error| unseen("containers", &error))
    };
    let said = ask(&["ps", "-aq"]).and_then(|ids| {
        let ids: Vec<&str> = ids.split_whitespace().collect();
        match ids.is_empty() {
            true => Ok(String::new()),
            false => ask(&[&["inspect", "--format", FORMAT], ids.as_slice()].concat()),
        }
    });
    match said {
        Ok(text) => found.all = text.lines().filter_map(read_container).collect(),
        Err(unseen) => found.unseen.push(unseen),
    }
    found
}

/// One line of what docker inspect prints in our format. An engine says `no` or nothing for no policy.
#[must_use]
pub fn read_container(line: &str) -> Option<Container> {
    let mut words = line.split(' ');
    let name = words.next()?.trim_start_matches('/').to_owned();
    let restart = words.next().filter(|word| !word.is_empty()).unwrap_or("no").to_owned();
    let ports = words.filter_map(|port| port.parse().ok()).collect();
    (!name.is_empty()).then_some(Container { name, restart, ports })
}

/// Histories of the owner's shells, below his home.
const HISTORIES: [&str; 6] = [
    ".zsh_history",
    ".bash_history",
    ".history",
    ".local/share/fish/fish_history",
    ".python_history",
    ".psql_history",
];

/// Secrets in the owner's histories.
pub fn histories(eyes: &Eyes<'_>) -> Seen<Many<History>> {
    let Some(home) = &eyes.ground.owner_home else {
        return Err(CouldNotCheck {
            subject: "the owner's histories".to_owned(),
            cause: "the owner has no account on this machine".to_owned(),
        });
    };
    let one = |name: &&str| {
        let path = AbsPath::new(format!("{home}/{name}")).map_err(|error| unseen(*name, &error))?;
        let bytes = eyes.head(&path, HISTORY)?;
        Ok(bytes.map(|bytes| History { path: path.to_string(), lines: leaks(&bytes) }))
    };
    Ok(Many::collect(HISTORIES.iter().map(one).filter_map(Seen::transpose)))
}

/// Lines with the kind of secret that is on them, each kind once a line.
#[must_use]
pub fn leaks(bytes: &[u8]) -> Vec<(usize, String)> {
    let found = sanctum_firewall::find(bytes);
    let all: BTreeSet<(usize, String)> =
        found.iter().map(|found| (found.line, found.rule.title.to_owned())).collect();
    all.into_iter().collect()
}

/// Files of the secrets that this node holds as `file:NAME`, source or cache.
pub fn secret_files(eyes: &Eyes<'_>) -> Seen<Vec<SecretFile>> {
    let mut all = Vec::new();
    let held = held(&eyes.ground.instance, &eyes.ground.node);
    let places = held.flat_map(|(name, entry)| entry.in_clear().map(move |place| (name, place)));
    for (name, place) in places {
        let SecretRef::File(file) = place else { continue };
        let path = AbsPath::new(format!("{}/{file}", layout::SECRETS))
            .map_err(|error| unseen(name, &error))?;
        all.push(SecretFile { name: name.to_string(), there: eyes.at(&path), path });
    }
    Ok(all)
}

/// What the installed binaries say of themselves.
pub fn versions(eyes: &Eyes<'_>) -> Seen<Versions> {
    if !eyes.is_machine() {
        return Err(nothing_runs("the installed binaries"));
    }
    let ask = |path: &str| {
        let path = AbsPath::new(path).map_err(|error| unseen(path, &error))?;
        if eyes.at(&path)?.is_none() {
            return Ok(None);
        }
        let said = run(&command::Program::new(path.clone()), &["--version"], Options::default())
            .and_then(command::Output::success)
            .map_err(|error| unseen(&path, &error))?;
        // `sanctum 0.1.0`.
        Ok(said.text().split_whitespace().last().map(str::to_owned))
    };
    let daemon = sanctum_host::look::at(std::path::Path::new(layout::SANCTUMD))
        .map_err(|error| unseen(layout::SANCTUMD, &error))?
        .map(|facts| FileId { device: Some(facts.inode.0), inode: facts.inode.1 });
    Ok(Versions { sanctum: ask(layout::SANCTUM)?, sanctumd: ask(layout::SANCTUMD)?, daemon })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_of_crontabs() {
        let system = "# comment\nSHELL=/bin/sh\n17 * * * * root cd / && run-parts --report /etc/cron.hourly\n@reboot root /opt/x/bin/x --serve\n\n";
        let entries = read_crontab("/etc/crontab", system, true);
        let shown: Vec<_> =
            entries.iter().map(|one| (one.line, one.at_boot, one.command.as_str())).collect();
        assert_eq!(
            shown,
            [
                (3, false, "cd / && run-parts --report /etc/cron.hourly"),
                (4, true, "/opt/x/bin/x --serve"),
            ]
        );
        let own =
            read_crontab("/var/spool/cron/crontabs/neo", "*/5 * * * * /opt/x/heal.sh\n", false);
        assert_eq!(own[0].command, "/opt/x/heal.sh");
    }

    #[test]
    fn containers_of_docker() {
        for (line, expected) in [
            ("/ha unless-stopped 8123 5683", ("ha", "unless-stopped", [5683, 8123].as_slice())),
            ("/once no", ("once", "no", &[])),
            ("/old ", ("old", "no", &[])),
        ] {
            let container = read_container(line).unwrap();
            let ports: Vec<u16> = container.ports.iter().copied().collect();
            assert_eq!(
                (container.name.as_str(), container.restart.as_str(), ports.as_slice()),
                expected
            );
        }
        assert_eq!(read_container(""), None);
    }

    #[test]
    fn a_history_gives_lines_and_kinds_only() {
        let key = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
        let text = format!("ls\nexport GITHUB_TOKEN={key}\nls\n");
        let found = leaks(text.as_bytes());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, 2);
        assert!(!format!("{found:?}").contains("a1B2"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300), account in any::<bool>()) {
            let text = String::from_utf8_lossy(&bytes);
            let _ = read_crontab("x", &text, account);
            let _ = text.lines().filter_map(read_container).count();
        }
    }
}
