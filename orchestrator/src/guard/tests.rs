use super::*;
use crate::instance::strategy::arb_instance;
use proptest::prelude::*;

const HOUSE: &str = "format: 1
instance: {name: House, slug: house, timezone: UTC}
users: {owner: alma}
nodes:
  hub: {type: hub}
networks:
  lan: {subnet: 192.168.1.0/24}
";

#[test]
fn one_word_changes_and_the_rest_stays() {
    for (before, guard, mode, after) in [
        ("", Guard::Proxy, GuardMode::Observe, "\nguards:\n  proxy: observe\n"),
        (
            "guards:\n  sentinel: enforce   # watches\n  proxy: enforce\npf: {}\n",
            Guard::Sentinel,
            GuardMode::Observe,
            "guards:\n  sentinel: observe   # watches\n  proxy: enforce\npf: {}\n",
        ),
        (
            "guards:\n  # one\n  proxy: off\npf: {}\n",
            Guard::Firewall,
            GuardMode::Observe,
            "guards:\n  firewall: observe\n  # one\n  proxy: off\npf: {}\n",
        ),
        (
            "guards: {proxy: off, sentinel: enforce} # all\n",
            Guard::Proxy,
            GuardMode::Enforce,
            "guards: {proxy: enforce, sentinel: enforce} # all\n",
        ),
        ("guards: {}\n", Guard::Proxy, GuardMode::Observe, "guards: {proxy: observe}\n"),
        (
            "guards:\n\n  proxy: observe",
            Guard::Proxy,
            GuardMode::Enforce,
            "guards:\n\n  proxy: enforce",
        ),
    ] {
        let text = format!("{HOUSE}{before}");
        assert_eq!(edit(&text, guard, mode), Ok(format!("{HOUSE}{after}")), "{before}");
    }
}

#[test]
fn a_form_that_is_not_known_is_never_guessed() {
    for guards in [
        "guards: &g {proxy: [off]}\n",
        "? guards\n: {proxy: observe}\n",
        "\"guards\": {proxy: observe}\n",
        "guards: {\n  proxy: observe}\n",
        "guards:\n  \"proxy\": observe\n",
    ] {
        let text = format!("{HOUSE}{guards}");
        let said = edit(&text, Guard::Proxy, GuardMode::Enforce);
        assert!(
            matches!(said, Err(EditError::UnknownForm | EditError::DoesNotLoad)),
            "{guards}: {said:?}"
        );
    }
    assert_eq!(edit("format: 2\n", Guard::Proxy, GuardMode::Off), Err(EditError::DoesNotLoad));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_house_gets_any_mode_and_nothing_else(
        instance in arb_instance(),
        which in 0..3_usize,
        to in prop::sample::select(vec![GuardMode::Off, GuardMode::Observe, GuardMode::Enforce]),
    ) {
        let guard = Guard::ALL[which].1;
        let text = serde_json::to_string_pretty(&instance).unwrap();
        // JSON is YAML in which every key is quoted: a form that is refused, and never edited wrongly.
        prop_assert_eq!(edit(&text, guard, to), Err(EditError::UnknownForm));
        let text = format!("{HOUSE}guards:\n  {}: {}\n", guard.name(), word(guard.mode(&instance)));
        let edited = edit(&text, guard, to).unwrap();
        let back = edit(&edited, guard, guard.mode(&instance)).unwrap();
        prop_assert_eq!(back, text);
    }
}
