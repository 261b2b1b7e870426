use super::HOUSE;
use crate::instance::{NoCheck, load, registry};

const MANOR: &str = include_str!("../../../../examples/manor/instance.yaml");
const MINIMAL: &str = include_str!("../../../../examples/minimal/instance.yaml");

#[test]
fn the_examples_load_without_a_warning() {
    for (name, text) in [("manor", MANOR), ("minimal", MINIMAL), ("house", HOUSE)] {
        match load(text, name, &NoCheck) {
            Ok(loaded) => assert_eq!(loaded.warnings, [], "{name}"),
            Err(rejected) => panic!("{rejected}"),
        }
    }
}

#[test]
fn the_manor_has_the_ports_and_hours_of_its_house() {
    let manor = load(MANOR, "manor", &NoCheck).expect("loads").instance;
    let (hub, _) = registry::hub(&manor).expect("hub");
    let services = registry::services_of(&manor, hub);
    let mut ports: Vec<u16> =
        services.flat_map(|(_, service)| &service.ports).map(|spec| spec.get().0).collect();
    ports.sort_unstable();
    assert_eq!(ports, [1111, 1337, 1977, 1984, 4040, 5001, 5002, 5353, 8008, 8123, 8200]);
    let clock: Vec<_> =
        manor.schedules.iter().map(|(name, s)| (name.as_str(), s.cron.as_str())).collect();
    assert_eq!(
        clock,
        [
            ("openrouter-auto-rotate", "30 6 * * *"),
            ("secret-age-check", "15 6 * * *"),
            ("secret-rotation-scan", "0 6 * * *"),
        ]
    );
}

#[test]
fn services_start_after_what_they_require() {
    let manor = load(MANOR, "manor", &NoCheck).expect("loads").instance;
    let order = registry::start_order(&manor).expect("no circle");
    let at = |name: &str| order.iter().position(|n| n.as_str() == name).expect("listed");
    assert_eq!(order.len(), manor.services.len());
    assert!(
        at("vault") < at("proxy")
            && at("proxy") < at("gateway")
            && at("presidio-analyzer") < at("proxy")
    );
}
