//! Property tests: what is written loads back equal, and no text makes the reader panic.

use super::HOUSE;
use crate::instance::strategy::{arb_instance, yaml_of};
use crate::instance::{BuiltinRules, NoCheck, load, registry, validate};
use proptest::prelude::*;

const MANOR: &str = include_str!("../../../../examples/manor/instance.yaml");

proptest! {
    #[test]
    fn a_random_house_loads_back_equal(house in arb_instance()) {
        let text = yaml_of(&house);
        match load(&text, "random", &BuiltinRules) {
            Ok(loaded) => prop_assert_eq!(loaded.instance, house),
            Err(rejected) => prop_assert!(false, "{}\n{}", rejected, text),
        }
    }

    #[test]
    fn every_service_of_a_random_house_starts_once_and_after_its_requirements(house in arb_instance()) {
        let order = registry::start_order(&house).expect("a valid house has no circle");
        prop_assert_eq!(order.len(), house.services.len());
        let at = |name| order.iter().position(|n| *n == name).expect("listed");
        for (name, service) in &house.services {
            prop_assert!(service.requires.iter().all(|other| at(other) < at(name)));
        }
    }

    #[test]
    fn names_always_make_labels_and_accounts(name in "[a-z][a-z0-9_-]{0,39}") {
        let name = sanctum_types::ServiceName::new(name).expect("a name");
        prop_assert!(registry::job_label(&name).as_str().starts_with("com.sanctum."));
        prop_assert!(crate::jobs::account::own(&name).as_str().starts_with("_sanctum_"));
    }

    #[test]
    fn any_text_is_refused_or_loaded_and_shown(text in "\\PC{0,80}|[\\x00-\\x7f]{0,200}") {
        if let Err(rejected) = load(&text, "any", &NoCheck) {
            prop_assert!(!rejected.diagnostics.is_empty());
            prop_assert!(rejected.to_string().starts_with("any:"));
        }
    }

    #[test]
    fn a_mangled_manor_is_refused_or_loaded_and_every_place_is_in_the_file(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0usize..12, "[ \\n:{}\\[\\]#&*!'\"a0-]{0,6}"), 1..4)
    ) {
        let mut text: Vec<char> = MANOR.chars().collect();
        for (at, length, instead) in cuts {
            let start = at.index(text.len());
            let end = (start + length).min(text.len());
            text.splice(start..end, instead.chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(rejected) = load(&text, "m", &NoCheck) {
            let lines = text.split('\n').count();
            prop_assert!(!rejected.diagnostics.is_empty());
            for d in &rejected.diagnostics {
                prop_assert!((1..=lines).contains(&d.line) && d.col >= 1, "{:?} of {}", d, lines);
            }
            prop_assert!(!rejected.to_string().is_empty());
        }
    }
}

#[test]
fn a_judged_house_is_judged_the_same_again() {
    let house = load(HOUSE, "house", &NoCheck).expect("loads").instance;
    assert!(validate::judge(&house).problems.is_empty());
}
