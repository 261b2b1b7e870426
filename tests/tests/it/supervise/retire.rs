//! `sanctum services retire`: refusals, edits that load, and a stranger that holds the port.
#![expect(clippy::disallowed_methods, reason = "what a verb left alone is read")]

use crate::cli::program::{House, MANOR};
use std::net::TcpListener;

#[test]
fn a_required_service_is_refused_with_the_names_of_who_requires_it() {
    let house = House::of(MANOR, Some("vm"));
    let loaded: Vec<String> = MANOR
        .lines()
        .filter_map(|line| line.trim().strip_prefix("requires: ["))
        .flat_map(|list| {
            list.trim_end_matches(']').split(", ").map(ToOwned::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let required = loaded.first().expect("somebody requires something");
    let ran = house.run(&["services", "retire", required, "--json"]).exits(4);
    assert!(!ran.json()["required_by"].as_array().expect("names").is_empty());
}

#[test]
fn the_plan_names_who_holds_the_port_and_changes_nothing() {
    let stranger = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = stranger.local_addr().expect("its number").port();
    let text = format!(
        "format: 1\ninstance: {{name: Bed, slug: bed, timezone: UTC}}\nusers: {{owner: operator}}\n\
         nodes:\n  hub: {{type: hub, os: linux}}\nnetworks:\n  lan: {{subnet: 192.168.7.0/24}}\n\
         services:\n  old:\n    node: hub\n    ports: [{port}]\n  kept:\n    node: hub\n"
    );
    let house = House::new(&text);
    house.put("etc/cron.d/old", &format!("@reboot root wake 127.0.0.1:{port}\n"), 0o644);
    let plan = house.run(&["services", "retire", "old", "--json"]).exits(0).json();
    let traces = plan["traces"].to_string();
    assert!(traces.contains(&format!("process {}", std::process::id())), "{traces}");
    assert!(traces.contains("etc/cron.d/old:1"), "{traces}");
    assert_eq!(plan["edits"][0]["first"], 9);
    assert_eq!(plan["edits"][0]["removed"].as_array().expect("lines").len(), 3);
    assert_eq!(std::fs::read_to_string(house.at("house.yaml")).expect("the instance"), text);
}
