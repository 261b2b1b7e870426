//! Why a service is as it is: its chain of requirements, the highest failed ancestor and the next command.
//!
//! It works on rows, so that it explains a supervisor's state file and a fresh look alike.

use super::event::Seen;
use super::graph::{Graph, Role};
use super::report::Row;
use sanctum_types::ServiceName;
use serde::Serialize;
use std::collections::BTreeMap;

/// The explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Why {
    /// About which service.
    pub service: ServiceName,
    /// Its state.
    pub state: String,
    /// Itself and everything that it stands on, nearest first.
    pub chain: Vec<Link>,
    /// The highest failed ancestors, or itself; none when nothing failed.
    pub causes: Vec<ServiceName>,
    /// The sentence for people.
    pub verdict: String,
    /// The next command, where there is something to do.
    pub next: Option<String>,
}

/// One service of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Which.
    pub service: ServiceName,
    /// How many requirements away: 0 is the service itself.
    pub distance: usize,
    /// What it requires directly.
    pub requires: Vec<ServiceName>,
    /// Its state.
    pub state: String,
    /// The probe's rung.
    pub probe: Option<String>,
    /// What the last look saw.
    pub saw: String,
}

/// Words of rows that mean a confirmed failure.
const FAILED: [&str; 6] = ["failed", "held", "down", "healing", "quarantined", "squatted"];

/// Explains a service of the graph; none when it is not part of it.
#[must_use]
pub fn why(graph: &Graph, rows: &BTreeMap<ServiceName, Row>, name: &ServiceName) -> Option<Why> {
    graph.get(name)?;
    let state = |one: &ServiceName| rows.get(one).map_or("untried", |row| row.state.as_str());
    let failed = |one: &ServiceName| FAILED.contains(&state(one));
    let causes: Vec<ServiceName> = graph.causes(name, failed).into_iter().collect();
    let (verdict, next) = verdict(graph, rows, name, &causes);
    Some(Why {
        service: name.clone(),
        state: state(name).to_owned(),
        chain: chain(graph, rows, name),
        causes,
        verdict,
        next,
    })
}

fn chain(graph: &Graph, rows: &BTreeMap<ServiceName, Row>, name: &ServiceName) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    let mut level = vec![name.clone()];
    let mut distance = 0;
    while !level.is_empty() {
        let fresh: Vec<ServiceName> = std::mem::take(&mut level);
        for one in fresh {
            if links.iter().any(|link| link.service == one) {
                continue;
            }
            let row = rows.get(&one);
            let requires: Vec<ServiceName> = graph.requires(&one).cloned().collect();
            level.extend(requires.iter().cloned());
            links.push(Link {
                service: one,
                distance,
                requires,
                state: row.map_or_else(|| "untried".to_owned(), |row| row.state.clone()),
                probe: row.and_then(|row| row.probe.clone()),
                saw: row.map_or_else(String::new, |row| row.saw.clone()),
            });
        }
        distance += 1;
    }
    links
}

fn verdict(
    graph: &Graph,
    rows: &BTreeMap<ServiceName, Row>,
    name: &ServiceName,
    causes: &[ServiceName],
) -> (String, Option<String>) {
    let Some(cause) = causes.first() else {
        return quiet(graph, rows, name);
    };
    let row = rows.get(cause);
    let saw = row.map_or("", |row| row.saw.as_str());
    let state = row.map_or("failed", |row| row.state.as_str());
    let who = if cause == name {
        format!("{name} is itself the cause")
    } else {
        format!("{name} waits for {cause}, the highest failed service above it")
    };
    let verdict = if saw.is_empty() {
        format!("{who}: {cause} is {state}")
    } else {
        format!("{who}: {cause} is {state} ({saw})")
    };
    let next = match (state, row) {
        ("quarantined", _) => format!("sanctum services release {cause}"),
        (_, Some(Row { seen: Some(Seen::Foreign(by)), .. })) if by.pid.is_some() => {
            format!("ps -o pid,ppid,args -p {}", by.pid.unwrap_or_default())
        }
        ("held", _) => "sanctum services".to_owned(),
        ("healing" | "failed", _) => format!("sanctum services why {cause}"),
        (_, Some(Row { role: Role::Managed, .. })) => "sanctum up".to_owned(),
        _ => format!("start {cause}, which nothing here starts"),
    };
    (verdict, Some(next))
}

/// Nothing is known to have failed.
fn quiet(
    graph: &Graph,
    rows: &BTreeMap<ServiceName, Row>,
    name: &ServiceName,
) -> (String, Option<String>) {
    let state = |one: &ServiceName| rows.get(one).map_or("untried", |row| row.state.as_str());
    match state(name) {
        "up" => (format!("{name} is as it should be"), None),
        "elsewhere" => {
            let next = "sanctum services --node NODE, on that node".to_owned();
            (format!("{name} is on another node and is not looked at from here"), Some(next))
        }
        "waiting" => {
            let open = graph.requires(name).filter(|one| state(one) != "up");
            let open: Vec<&str> = open.map(ServiceName::as_str).collect();
            let next = open.first().map(|one| format!("sanctum services why {one}"));
            (format!("{name} starts when these are up: {}", open.join(", ")), next)
        }
        "unknown" | "untried" => {
            let saw = rows.get(name).map_or("", |row| row.saw.as_str());
            (format!("{name} could not be looked at ({saw}): nothing is known"), None)
        }
        other => (format!("{name} is {other}; nothing is decided yet"), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::model::Criticality;
    use crate::supervise::Vertex;

    fn name(text: &str) -> ServiceName {
        ServiceName::new(text).unwrap()
    }

    fn row(state: &str) -> Row {
        Row {
            role: Role::Managed,
            state: state.to_owned(),
            since: None,
            restarts: 0,
            budget_left: None,
            probe: Some("tcp".to_owned()),
            seen: None,
            saw: "refused".to_owned(),
            looked: None,
            pid: None,
            ports: Vec::new(),
        }
    }

    /// bridge ← vault ← proxy ← panel
    fn house() -> Graph {
        let one = |requires: &[&str]| Vertex {
            requires: requires.iter().map(|text| name(text)).collect(),
            criticality: Criticality::P1,
            role: Role::Managed,
        };
        Graph::new(
            [
                ("bridge", &[][..]),
                ("vault", &["bridge"]),
                ("proxy", &["vault"]),
                ("panel", &["proxy"]),
            ]
            .map(|(text, requires)| (name(text), one(requires)))
            .into(),
        )
    }

    fn explain(states: [&str; 4], about: &str) -> Why {
        let names = ["bridge", "vault", "proxy", "panel"];
        let rows = names.into_iter().zip(states).map(|(text, state)| (name(text), row(state)));
        why(&house(), &rows.collect(), &name(about)).unwrap()
    }

    #[test]
    fn the_highest_failed_service_is_the_cause_even_past_one_that_is_up() {
        let told = explain(["down", "down", "up", "failed"], "panel");
        assert_eq!(told.causes, [name("bridge")]);
        assert!(told.verdict.contains("panel waits for bridge"), "{}", told.verdict);
        let order: Vec<(&str, usize)> =
            told.chain.iter().map(|link| (link.service.as_str(), link.distance)).collect();
        assert_eq!(order, [("panel", 0), ("proxy", 1), ("vault", 2), ("bridge", 3)]);
    }

    #[test]
    fn a_quarantine_names_the_way_out_and_health_names_none() {
        let told = explain(["up", "quarantined", "failed", "up"], "proxy");
        assert_eq!(told.next.as_deref(), Some("sanctum services release vault"));
        assert_eq!(explain(["up"; 4], "panel").next, None);
        assert_eq!(why(&house(), &BTreeMap::new(), &name("nobody")), None);
    }
}
