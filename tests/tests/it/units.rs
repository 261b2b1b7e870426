//! Rendered units before the real systemd: `verify` must say nothing at all (it exits 0 on keys that it does
//! not know), and `calendar` must name every moment of a schedule, over changes of clocks too.

use crate::units_house::{instance, put, run, said, text, with_node};
use sanctum_orchestrator::house::Artefact;
use sanctum_orchestrator::instance::Instance;
use sanctum_orchestrator::jobs::on_calendar::on_calendar;
use sanctum_orchestrator::jobs::schedule::{Gate, Schedule, due};
use sanctum_orchestrator::render::systemd;
use sanctum_tests::need;
use sanctum_types::{NodeName, ServiceName, UnixTime};
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Targets of systemd that our units name; verify refuses a root without them.
const TARGETS: [&str; 9] = [
    "sysinit",
    "basic",
    "shutdown",
    "multi-user",
    "timers",
    "network",
    "network-pre",
    "local-fs",
    "default",
];

fn root(artefacts: &[Artefact], programs: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for target in TARGETS {
        let unit = format!("[Unit]\nDescription={target}\n");
        put(dir.path(), &format!("usr/lib/systemd/system/{target}.target"), unit.as_bytes());
    }
    for artefact in artefacts {
        put(dir.path(), artefact.path.as_str(), &artefact.bytes);
    }
    for program in programs {
        put(dir.path(), program, b"#!/bin/sh\n");
        let path = dir.path().join(program.trim_start_matches('/'));
        #[expect(clippy::disallowed_methods, reason = "fixtures in the test's own folder")]
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("own file");
    }
    dir
}

/// What systemd has to say about these units; nothing, where all is well.
fn verify(analyze: &Path, root: &Path, units: &[&str]) -> String {
    let place = format!("--root={}", root.display());
    let mut arguments = vec!["verify", "--man=no", &place];
    arguments.extend(units);
    let output = run(analyze, &arguments);
    let failed = if output.status.success() { "" } else { "exit code not 0\n" };
    format!("{failed}{}", said(&output))
}

const PROGRAMS: [&str; 6] = [
    "/opt/sanctum/bin/sanctum",
    "/opt/sanctum/bin/sanctumd",
    "/usr/sbin/nft",
    "/opt/agents/bin/agents",
    "/opt/rest server/bin/rest",
    "/opt/rest/bin/prune",
];

#[test]
fn systemd_has_nothing_to_say() {
    let analyze = need!("systemd-analyze");
    let mut house = instance();
    let vault = ServiceName::new("vault").expect("a name");
    let vault = house.services.get_mut(&vault).expect("a service");
    vault.node = NodeName::new("cottage").expect("a name");
    for node in ["vm", "cottage"] {
        let units = with_node(&house, node, systemd::render).expect("renders");
        let dir = root(&units, &PROGRAMS);
        let names: Vec<&str> = units.iter().map(|unit| unit.path.file_name()).collect();
        assert!(names.len() >= 3, "{names:?}");
        assert_eq!(verify(&analyze, dir.path(), &names), "", "{node}");
    }
}

#[test]
fn the_judge_sees_a_key_that_is_not_one() {
    let analyze = need!("systemd-analyze");
    let mut units = with_node(&instance(), "vm", systemd::render).expect("renders");
    let unit = units.first_mut().expect("a unit");
    unit.bytes = text(unit).replace("NoNewPrivileges", "NoNewPrivilege").into_bytes();
    let name = unit.path.file_name().to_owned();
    let dir = root(&units, &PROGRAMS);
    assert!(verify(&analyze, dir.path(), &[&name]).contains("Unknown key"));
}

/// Where a program's name is read wrongly, systemd finds no program.
#[test]
fn systemd_reads_the_program_that_was_meant() {
    let analyze = need!("systemd-analyze");
    let program = "/opt/odd one/50% of ${HOME} $HOME %h #;x";
    let mut house = instance();
    let agents = ServiceName::new("agents").expect("a name");
    let service = house.services.get_mut(&agents).expect("a service");
    service.command = Some(vec![program.to_owned(), ";".to_owned(), "%h".to_owned()]);
    let units = with_node(&house, "vm", systemd::render).expect("renders");
    let with = root(&units, &[program]);
    assert_eq!(verify(&analyze, with.path(), &["sanctum-agents.service"]), "");
    let without = root(&units, &[]);
    assert!(
        verify(&analyze, without.path(), &["sanctum-agents.service"]).contains("not executable")
    );
}

/// Ubuntu's cloud-init holds sysinit.target back until the network is up; a unit that wants to run before the
/// network and after sysinit.target would close a circle, of which systemd breaks any part it likes.
#[test]
fn no_circle_with_cloud_init() {
    let analyze = need!("systemd-analyze");
    let units = with_node(&instance(), "vm", systemd::render).expect("renders");
    let dir = root(&units, &PROGRAMS);
    let network = "[Unit]\nDefaultDependencies=no\nAfter=network-pre.target\nBefore=network.target\n\
                   [Service]\nType=oneshot\nExecStart=/usr/sbin/nft\n";
    let cloud = "[Unit]\nDefaultDependencies=no\nAfter=networkd.service\nRequires=networkd.service\n\
                 Before=sysinit.target\n[Service]\nType=oneshot\nExecStart=/usr/sbin/nft\n";
    put(dir.path(), "usr/lib/systemd/system/networkd.service", network.as_bytes());
    put(dir.path(), "usr/lib/systemd/system/cloud-init.service", cloud.as_bytes());
    let wants = "[Unit]\nDescription=sysinit\nRequires=cloud-init.service\n\
                 Wants=sanctum-bootstrap.service sanctum-nft.service\n";
    put(dir.path(), "usr/lib/systemd/system/sysinit.target", wants.as_bytes());
    let names = ["sanctum-bootstrap.service", "sanctum-nft.service", "sanctum-agents.service"];
    assert_eq!(verify(&analyze, dir.path(), &names), "");
    for unit in units.iter().filter(|unit| names.contains(&unit.path.file_name())) {
        let late = text(unit).replace("DefaultDependencies=no\n", "");
        put(dir.path(), unit.path.as_str(), late.as_bytes());
    }
    assert!(verify(&analyze, dir.path(), &names).contains("ordering cycle"), "the judge sees none");
}

/// Debian's ruleset starts with `flush ruleset`, so ours is loaded after it, whenever it is.
#[test]
fn our_rules_come_after_those_that_flush_all() {
    let analyze = need!("systemd-analyze");
    let units = with_node(&instance(), "vm", systemd::render).expect("renders");
    let dir = root(&units, &PROGRAMS);
    // Debian's own unit (nftables 1.0.6), and what the target needs of it.
    let debian = |order: &str| {
        format!(
            "[Unit]\nWants=network-pre.target\nBefore=network-pre.target shutdown.target{order}\n\
             Conflicts=shutdown.target\nDefaultDependencies=no\n[Service]\nType=oneshot\n\
             RemainAfterExit=yes\nExecStart=/usr/sbin/nft -f /etc/nftables.conf\n\
             ExecReload=/usr/sbin/nft -f /etc/nftables.conf\nExecStop=/usr/sbin/nft flush ruleset\n"
        )
    };
    let wants = "[Unit]\nDescription=sysinit\n\
                 Wants=nftables.service sanctum-bootstrap.service sanctum-nft.service\n";
    put(dir.path(), "usr/lib/systemd/system/sysinit.target", wants.as_bytes());
    let names = ["nftables.service", "sanctum-bootstrap.service", "sanctum-nft.service"];
    put(dir.path(), "usr/lib/systemd/system/nftables.service", debian("").as_bytes());
    assert_eq!(verify(&analyze, dir.path(), &names), "");
    // The other order closes a circle with ours, which is how the judge shows that ours is there.
    let other = "\nAfter=sanctum-nft.service";
    put(dir.path(), "usr/lib/systemd/system/nftables.service", debian(other).as_bytes());
    assert!(verify(&analyze, dir.path(), &names).contains("ordering cycle"), "there is no order");
    let unit = units.iter().find(|unit| unit.path.file_name() == "sanctum-nft.service");
    let unit = text(unit.expect("the unit"));
    for line in [
        "PartOf=nftables.service",
        "ReloadPropagatedFrom=nftables.service",
        "WantedBy=sysinit.target nftables.service",
        "ExecReload=:/usr/sbin/nft -f /etc/nftables.d/sanctum.nft",
    ] {
        assert!(unit.lines().any(|other| other == line), "{line}:\n{unit}");
    }
}

/// The times that systemd gives a line, from `base` on.
fn elapses(analyze: &Path, line: &str, base: &str, count: usize) -> Vec<UnixTime> {
    let (base, count) = (format!("--base-time={base}"), format!("--iterations={count}"));
    let output = run(analyze, &["calendar", &base, &count, line]);
    assert!(output.status.success(), "{line}: {}", said(&output));
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let shown = |line: &str| {
        let (what, at) = line.trim().split_once(": ")?;
        let named = what == "Next elapse" || what.starts_with("Iter. #");
        let [_, date, time, "UTC"] = at.split(' ').collect::<Vec<_>>()[..] else { return None };
        named.then(|| UnixTime(seconds(date, time)))
    };
    out.lines().filter_map(shown).collect()
}

/// Seconds of a UTC date and time, by the days-from-civil rule of the proleptic Gregorian calendar.
fn seconds(date: &str, time: &str) -> i64 {
    let numbers = |text: &str, by: char| -> Vec<i64> {
        text.split(by).map(|number| number.parse().expect("a number")).collect()
    };
    let (date, time) = (numbers(date, '-'), numbers(time, ':'));
    let (year, month) = if date[1] > 2 { (date[0], date[1]) } else { (date[0] - 1, date[1] + 12) };
    let days =
        365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + date[2];
    (days - 719_469) * 86_400 + time[0] * 3600 + time[1] * 60 + time[2]
}

#[test]
fn seconds_of_a_date() {
    assert_eq!(seconds("1970-01-01", "00:00:00"), 0);
    assert_eq!(seconds("2026-03-08", "07:30:00"), 1_772_955_000);
}

#[test]
fn a_timer_comes_at_every_moment() {
    let analyze = need!("systemd-analyze");
    for cron in [
        "0 6 * * *",
        "30 2 * * *",
        "30 1 * * *",
        "15 * * * *",
        "*/20 1-3 * * *",
        "0 4 8,15 * 0",
        "5 0 * 3,11 1-5",
    ] {
        for base in ["2026-03-06 12:00:00 UTC", "2026-10-30 12:00:00 UTC"] {
            comes(&analyze, &Schedule::new(cron, "America/New_York").expect("a schedule"), base);
        }
    }
}

fn comes(analyze: &Path, schedule: &Schedule, base: &str) {
    let lines = on_calendar(schedule);
    let per_line: Vec<_> = lines.iter().map(|line| elapses(analyze, line, base, 80)).collect();
    let end = per_line.iter().filter_map(|times| times.last()).min().expect("times");
    let times: BTreeSet<_> = per_line.iter().flatten().filter(|at| *at <= end).copied().collect();
    let mut words = base.split(' ');
    let (date, time) = (words.next().expect("a date"), words.next().expect("a time"));
    let start = UnixTime(seconds(date, time));
    let mut wanted = BTreeSet::new();
    let mut moment = schedule.latest(*end);
    while let Some(at) = moment.filter(|at| *at > start) {
        wanted.insert(at);
        moment = schedule.latest(at.plus(-1));
    }
    let mut last = schedule.latest(start);
    let mut ran = BTreeSet::new();
    for now in times {
        if due(now, schedule, last) == Gate::Run {
            last = Some(now);
            ran.insert(now);
        }
    }
    assert!(wanted.len() > 3, "{wanted:?}");
    assert_eq!(ran, wanted, "{} from {base}: {lines:?}", schedule.cron);
}

#[test]
fn every_timer_of_the_house_is_a_calendar_line() {
    let analyze = need!("systemd-analyze");
    let house: Instance = instance();
    let units = with_node(&house, "cottage", systemd::render).expect("renders");
    let timers = units.iter().filter(|unit| unit.path.as_str().ends_with(".timer"));
    let lines: Vec<&str> = timers.flat_map(|unit| text(unit).lines()).collect();
    let lines = lines.iter().filter_map(|line| line.strip_prefix("OnCalendar="));
    let checked =
        lines.map(|line| assert!(run(&analyze, &["calendar", line]).status.success(), "{line}"));
    assert_eq!(checked.count(), 2);
}
