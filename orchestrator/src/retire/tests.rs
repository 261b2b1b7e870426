//! Plans for the services of the example house.

use super::{Kind, RetireError, Trace, plan};
use crate::instance::{self, NoCheck};
use sanctum_types::ServiceName;

const MANOR: &str = include_str!("../../../examples/manor/instance.yaml");

fn name(text: &str) -> ServiceName {
    ServiceName::new(text).unwrap()
}

fn house(text: &str) -> instance::Instance {
    instance::load(text, "manor.yaml", &NoCheck).unwrap().instance
}

/// The file without the lines that a plan names.
fn edited(text: &str, edits: &[super::Edit]) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    for edit in edits {
        let removed: Vec<&str> = lines.drain(edit.first - 1..edit.last).collect();
        assert_eq!(removed, edit.removed);
    }
    lines.join("\n") + "\n"
}

#[test]
fn what_is_required_is_not_retired_and_who_requires_it_is_named() {
    let manor = house(MANOR);
    let mut refused = 0;
    for service in manor.services.keys() {
        let by: Vec<ServiceName> = manor
            .services
            .iter()
            .filter(|(_, one)| one.requires.contains(service))
            .map(|(name, _)| name.clone())
            .collect();
        let planned = plan(&manor, ("manor.yaml", MANOR), service, Vec::new());
        if by.is_empty() {
            assert!(planned.is_ok(), "{service}");
        } else {
            refused += 1;
            assert_eq!(planned, Err(RetireError::Required { service: service.clone(), by }));
        }
    }
    assert!(refused > 0);
}

#[test]
fn the_edited_file_is_the_same_house_without_the_service() {
    let manor = house(MANOR);
    let mut planned = 0;
    for service in manor.services.keys() {
        let Ok(plan) = plan(&manor, ("manor.yaml", MANOR), service, Vec::new()) else { continue };
        planned += 1;
        let after = house(&edited(MANOR, &plan.edits));
        let mut wanted = manor.clone();
        wanted.services.remove(service);
        wanted.schedules.retain(|name, _| after.schedules.contains_key(name));
        wanted.secrets.retain(|name, _| after.secrets.contains_key(name));
        assert_eq!(after, wanted, "{service}");
    }
    assert!(planned > 3);
}

const SMALL: &str = "\
format: 1
instance: {name: Small, slug: small, timezone: UTC}
users: {owner: operator}
nodes:
  hub: {type: hub}
networks:
  lan: {subnet: 192.168.7.0/24}
services:
  # the voice
  tts:
    node: hub
    ports: [8008]
    command: [/opt/tts/bin/serve]
    secrets: [tts-key, shared]
  # the panel
  panel:
    node: hub
    ports: [1111]
    secrets: [shared]
    probe: {end-to-end: {command: [/usr/bin/curl, 'http://127.0.0.1:8008/say'], expect: ok}}
secrets:
  tts-key: {ref: 'file:tts'}
  shared: {ref: 'file:shared'}
schedules:
  warm-voice: {node: hub, cron: '0 6 * * *', command: [/opt/tts/bin/serve, --warm]}
  other: {node: hub, cron: '0 6 * * *', command: [/usr/bin/true]}
";

#[test]
fn everything_that_speaks_of_it_is_named_and_what_is_its_alone_goes() {
    let small = house(SMALL);
    let trace =
        Trace { place: "/etc/cron.d/tts:2".to_owned(), what: "names its program".to_owned() };
    let plan = plan(&small, ("small.yaml", SMALL), &name("tts"), vec![trace]).unwrap();
    let of = |kind: Kind| -> Vec<&str> {
        let found = plan.references.iter().filter(|one| one.kind == kind);
        found.map(|one| one.what.as_str()).collect()
    };
    assert_eq!(of(Kind::Port), ["8008/tcp (loopback)"]);
    assert_eq!(of(Kind::Probe), ["of service `panel`"]);
    assert_eq!(of(Kind::Schedule), ["warm-voice"]);
    assert_eq!(of(Kind::Secret), ["shared", "tts-key"]);
    assert_eq!(of(Kind::Account), ["_sanctum_tts"]);
    assert_eq!(of(Kind::Guardian).len(), 2);
    let after = edited(SMALL, &plan.edits);
    for gone in ["tts:", "tts-key: {", "warm-voice"] {
        assert!(!after.contains(gone), "{gone} is still in\n{after}");
    }
    assert!(after.contains("# the panel\n  panel:") && after.contains("shared: {"), "{after}");
    let first = plan.commands.first().map(String::as_str);
    assert_eq!(first, Some("# look at /etc/cron.d/tts:2 first: names its program"));
    let apply = plan.commands.iter().position(|one| one.contains(" apply ")).unwrap();
    let check = plan.commands.iter().position(|one| one.contains("config check")).unwrap();
    assert!(check < apply && apply + 1 < plan.commands.len());
}

#[test]
fn entries_on_one_line_are_left_to_people() {
    let braces = SMALL.replace(
        "secrets:\n  tts-key: {ref: 'file:tts'}\n  shared: {ref: 'file:shared'}\n",
        "secrets: {tts-key: {ref: 'file:tts'}, shared: {ref: 'file:shared'}}\n",
    );
    let house = house(&braces);
    let planned = plan(&house, ("small.yaml", &braces), &name("tts"), Vec::new());
    assert_eq!(planned, Err(RetireError::NoLines { service: name("tts") }));
}
