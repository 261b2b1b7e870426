//! Services looked at here and now, without a supervisor: a bad look is confirmed by a second one.

use super::is_bad;
use crate::commands::Context;
use crate::commands::up::House;
use sanctum_host::clock;
use sanctum_orchestrator::instance::model::Service;
use sanctum_orchestrator::probe::{self, Answer};
use sanctum_orchestrator::supervise::{Graph, Role, Row, Seen};
use sanctum_types::ServiceName;
use std::collections::BTreeMap;
use std::time::Duration;

/// Rows of the services that are asked for.
pub(super) fn look(
    context: &Context,
    house: &House,
    wanted: impl Fn(&ServiceName) -> bool,
) -> BTreeMap<ServiceName, Row> {
    let graph = house.graph();
    let rules = &house.instance.supervision;
    let limit = Duration::from_secs(u64::from(rules.probe_timeout.get()));
    let here: Vec<(&ServiceName, &Service)> = house
        .instance
        .services
        .iter()
        .filter(|(name, service)| service.enabled && wanted(name))
        .collect();
    let local = |name: &ServiceName| graph.get(name).is_some_and(|one| one.role != Role::Elsewhere);
    let asked = here.iter().filter(|(name, _)| local(name)).copied();
    let mut answers = all(asked, limit);
    let suspects: Vec<(&ServiceName, &Service)> = here
        .iter()
        .filter(|(name, _)| answers.get(*name).is_some_and(|answer| is_bad(&answer.seen)))
        .copied()
        .collect();
    if !suspects.is_empty() {
        let seconds = rules.confirm.get();
        context.out.progress(&format!(
            "{} did not answer well; looking again in {seconds} s",
            suspects.len()
        ));
        clock::sleep(Duration::from_secs(u64::from(seconds)));
        answers.extend(all(suspects.into_iter(), limit));
    }
    here.into_iter()
        .map(|(name, service)| (name.clone(), row(&graph, name, service, answers.get(name))))
        .collect()
}

/// Every look in a thread of its own, so that hung services are waited for together.
fn all<'a>(
    services: impl Iterator<Item = (&'a ServiceName, &'a Service)>,
    limit: Duration,
) -> BTreeMap<ServiceName, Answer> {
    let services: Vec<_> = services.collect();
    std::thread::scope(|scope| {
        let looks: Vec<_> = services
            .into_iter()
            .map(|(name, service)| (name, scope.spawn(move || probe::look(service, None, limit))))
            .collect();
        looks
            .into_iter()
            .filter_map(|(name, look)| Some((name.clone(), look.join().ok()?)))
            .collect()
    })
}

fn row(graph: &Graph, name: &ServiceName, service: &Service, answer: Option<&Answer>) -> Row {
    let role = graph.get(name).map_or(Role::Elsewhere, |one| one.role);
    let state = match answer.map(|answer| &answer.seen) {
        Some(Seen::Green) => "up",
        Some(Seen::Red | Seen::Foreign(_)) => "down",
        Some(Seen::Unknown) => "unknown",
        None => "elsewhere",
    };
    Row {
        role,
        state: state.to_owned(),
        since: None,
        restarts: 0,
        budget_left: None,
        probe: answer.map(|answer| answer.rung.word().to_owned()),
        seen: answer.map(|answer| answer.seen.clone()),
        saw: answer.map_or_else(String::new, |answer| answer.saw.clone()),
        looked: answer.map(|_| clock::now()),
        pid: None,
        ports: service.ports.iter().map(|port| port.get().0).collect(),
    }
}
