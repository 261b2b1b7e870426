//! Each section's judge, case by case.

use super::*;
use crate::jobs::fixture::instance as house;

const NOON: UnixTime = UnixTime(1_800_000_000);

fn seen(instance: &Instance) -> Seen<'_> {
    Seen {
        version: "0.1.0",
        now: NOON,
        node: NodeName::new("hub").ok(),
        instance: Looked::Seen(instance),
        system: System::default(),
        written: Looked::Seen(Written { files: 3, ..Written::default() }),
        last_runs: Looked::Off("nothing runs here".to_owned()),
        ports: Looked::Off("nothing runs here".to_owned()),
        running: BTreeMap::new(),
        vault: Looked::Off("the house has none here".to_owned()),
        reboot: Looked::Off(String::new()),
        secrets: Looked::Seen(Secrets::default()),
        changes: Looked::Seen(Changes::default()),
        alerts: Looked::NotBuilt,
        implemented: BTreeSet::new(),
    }
}

#[test]
fn seven_layers_and_what_is_not_built_is_not_well() {
    let house = house();
    let status = gather(seen(&house));
    let names: Vec<&str> = status.layers.iter().map(|layer| layer.name.as_str()).collect();
    assert_eq!(names.join(" "), "Host Secrets Sentinel Firewall Rotation Proxy Vault");
    for layer in [2, 3, 5].map(|n| &status.layers[n]) {
        assert_eq!((layer.state, layer.detail.as_str()), (State::NotBuilt, NOT_BUILT));
    }
    for layer in [1, 4].map(|n| &status.layers[n]) {
        assert_ne!(layer.state, State::NotBuilt, "{layer:?}");
    }
    assert_eq!(status.layers[0].state, State::Holds);
    assert_eq!(status.layers[6].state, State::Off);
    assert!(status.guards.iter().all(|guard| guard.item.state != State::Holds));
    // Nothing was ever recorded.
    assert!(status.secrets.iter().all(|age| age.item.state != State::Holds));
}

/// What the services' row and the layer say of the vault, by its port and by what it answers.
#[test]
fn a_sealed_vault_is_a_finding_though_its_port_listens() {
    let house = house();
    let said = |vault: Looked<Running>, port: Port| {
        let ports = Looked::Seen([(8200, port)].into());
        let implemented = ["vault".to_owned()].into();
        let status = gather(Seen { vault, ports, implemented, ..seen(&house) });
        let row = status.services.iter().find(|item| item.name == "vault").unwrap();
        let layer = status.layers.iter().find(|item| item.name == "Vault").unwrap();
        format!("{:?} {} / {:?} {}", row.state, row.detail, layer.state, layer.detail)
    };
    let yes = || Looked::Seen(Running::Yes("open".to_owned()));
    let no = || Looked::Seen(Running::No("sealed: sanctum vault unseal".to_owned()));
    let words = "Finding sealed: sanctum vault unseal";
    assert_eq!(said(no(), Port::Listens), format!("{words} / {words}"));
    assert_eq!(said(yes(), Port::Listens), "Holds open / Holds open");
    assert_eq!(said(yes(), Port::Silent), "Holds open / Holds open");
    assert_eq!(said(yes(), Port::Refuses), "Finding nobody listens on 8200 / Holds open");
    let blind = Looked::Seen(Running::Unknown("denied".to_owned()));
    assert_eq!(said(blind, Port::Listens), "Unknown denied / Unknown denied");
    let off = Looked::Off("nothing runs here".to_owned());
    assert_eq!(said(off, Port::Listens), "Holds listens on 8200 / Off nothing runs here");
}

#[test]
fn a_service_without_a_port_is_as_who_runs_it_says() {
    let house = house();
    let node = NodeName::new("hub").unwrap();
    let name = without_port(&house, &node).next().expect("a service without a port");
    let said = |running: Option<Running>, ports| {
        let running = running.into_iter().map(|one| (name.clone(), one)).collect();
        // What implements it is beside the point.
        let implemented = [name.to_string()].into();
        let status = gather(Seen { running, ports, implemented, ..seen(&house) });
        let item = status.services.into_iter().find(|item| item.name == name.as_str()).unwrap();
        (item.state, item.detail)
    };
    let (looked, off) =
        (|| Looked::Seen(BTreeMap::new()), || Looked::Off("a directory".to_owned()));
    let words = |state, text: &str| (state, text.to_owned());
    for (running, expected) in [
        (Running::Yes("process 7".to_owned()), words(State::Holds, "process 7")),
        (Running::No("gone".to_owned()), words(State::Finding, "gone")),
        (Running::Unknown("no word".to_owned()), words(State::Unknown, "no word")),
    ] {
        assert_eq!(said(Some(running.clone()), looked()), expected);
        assert_eq!(said(Some(running), off()), expected);
    }
    assert_eq!(said(None, looked()), words(State::Unknown, "no TCP port to look at"));
    assert_eq!(said(None, off()), words(State::Off, "a directory"));
}

#[test]
fn what_this_version_cannot_run_is_not_looked_for() {
    let house = house();
    let running = |implemented: &[&str]| {
        gather(Seen {
            ports: Looked::Seen(BTreeMap::new()),
            last_runs: Looked::Seen(BTreeMap::new()),
            implemented: implemented.iter().map(|verb| (*verb).to_owned()).collect(),
            ..seen(&house)
        })
    };
    let state = |status: &Status, name: &str| {
        let items = status.services.iter().chain(status.schedules.iter().map(|run| &run.item));
        items.clone().find(|item| item.name == name).map(|item| item.state)
    };
    let (without, with) = (running(&[]), running(&["vault", "secret-scan"]));
    for name in ["vault", "secret-rotation-scan"] {
        assert_eq!(state(&without, name), Some(State::NotBuilt), "{name}");
        assert_eq!(state(&with, name), Some(State::Unknown), "{name}");
    }
}

#[test]
fn drift_counts_and_names_the_next_command() {
    let said = |written: Written| -> Vec<String> {
        drift(&Looked::Seen(written))
            .into_iter()
            .map(|item| format!("{}: {} {}", item.name, item.state.word(), item.detail))
            .collect()
    };
    let ok = Written { files: 2, ..Written::default() };
    assert_eq!(said(ok.clone()), ["files as written: holds 2 files are as they were written"]);
    assert_eq!(
        said(Written::default()),
        ["files as written: FINDING nothing is applied: sanctum apply"]
    );
    let bad = Written {
        differ: vec![
            ("/etc/a".to_owned(), Drift::Missing),
            ("/etc/b".to_owned(), Drift::ForeignEdit),
        ],
        open: Some(("000002".to_owned(), "confirm")),
        same_instance: Some(false),
        ..ok
    };
    assert_eq!(
        said(bad),
        [
            "000002: FINDING waits for your word: sanctum confirm",
            "instance: FINDING changed since the last apply: sanctum plan",
            "/etc/a: FINDING gone: sanctum drift",
            "/etc/b: FINDING changed by somebody else: sanctum drift",
        ]
    );
}

#[test]
fn runs() {
    let at = |seconds: i64| UnixTime(1_000 + seconds);
    let seen = |last| Looked::Seen(last);
    let due = Some(at(0));
    for (run, due, applied, state, detail) in [
        (Some(seen(Some(at(1)))), due, None, State::Holds, "on time"),
        (Some(seen(Some(at(0)))), due, None, State::Holds, "on time"),
        (Some(seen(Some(at(-1)))), due, None, State::Finding, "overdue"),
        (Some(seen(None)), due, None, State::Finding, "never ran"),
        (Some(seen(None)), due, Some(at(-1)), State::Finding, "never ran"),
        (Some(seen(None)), due, Some(at(1)), State::Holds, "not due since it was applied"),
        (
            Some(seen(None)),
            None,
            None,
            State::Unknown,
            "the schedule names no moment of the last year",
        ),
        (Some(Looked::Unknown("denied".to_owned())), due, None, State::Unknown, "denied"),
        (None, due, None, State::Unknown, "not looked for"),
    ] {
        let (got, _, words) = judge_run(run.as_ref(), due, applied);
        assert_eq!((got, words.as_str()), (state, detail), "{run:?}");
    }
}

#[test]
fn ports() {
    let seen = [(1, Port::Listens), (2, Port::Refuses), (3, Port::Silent)].into();
    for (ports, state, detail) in [
        (&[1][..], State::Holds, "listens on 1"),
        (&[1, 2], State::Finding, "nobody listens on 2"),
        (&[1, 3], State::Unknown, "no answer from 3"),
        (&[1, 4], State::Unknown, "no answer from 4"),
        (&[2, 3], State::Finding, "nobody listens on 2"),
    ] {
        assert_eq!(judge_ports(ports, &seen), (state, detail.to_owned()));
    }
}

#[test]
fn an_alert_worth_a_look_is_a_finding_and_no_news_is_not_good_news() {
    let state = |looked| alerts(&looked).item.state;
    let open = |warn, info| Looked::Seen(AlertCounts { warn, info, ..AlertCounts::default() });
    assert_eq!(state(open(0, 3)), State::Holds);
    assert_eq!(state(open(1, 0)), State::Finding);
    assert_eq!(state(Looked::Unknown("denied".to_owned())), State::Unknown);
    assert_eq!(state(Looked::NotBuilt), State::NotBuilt);
}

#[test]
fn only_this_nodes_services_and_schedules_are_told() {
    let house = house();
    let status = gather(seen(&house));
    let here = |node: &NodeName| node.as_str() == "hub";
    let enabled = house.services.values().filter(|one| here(&one.node) && one.enabled).count();
    let scheduled = house.schedules.values().filter(|one| here(&one.node)).count();
    assert_eq!((status.services.len(), status.schedules.len()), (enabled, scheduled));
    assert!(enabled > 0 && scheduled > 0 && enabled < house.services.len());
}

#[test]
fn without_an_instance_the_host_is_unknown() {
    let house = house();
    let none = Seen { instance: Looked::Unknown("cannot read it".to_owned()), ..seen(&house) };
    let status = gather(none);
    assert_eq!(status.layers[0], Item::new("Host", State::Unknown, "cannot read it"));
    assert!(!status.holds());
}
