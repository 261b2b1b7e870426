//! Who holds the ports of a service, by the live socket table.

use crate::commands::up::House;
use sanctum_host::sockets::{self, Listener, Owners, Table, Transport};
use sanctum_host::supervisor::group;
use sanctum_orchestrator::instance::model::{self, Service};
use sanctum_orchestrator::supervise::{Row, Squatter};
use sanctum_types::ServiceName;
use std::collections::BTreeMap;

/// The process that holds a port of a service and is not of its group; none when nobody does or nobody can tell.
///
/// What is ours is seen by every account, so that a listener whose owner cannot be seen is somebody else's.
#[must_use]
pub fn squatter(service: &Service, ours: Option<u32>) -> Option<Squatter> {
    if service.ports.is_empty() {
        return None;
    }
    let table = sockets::table().ok()?;
    service.ports.iter().find_map(|spec| {
        let (port, transport) = spec.get();
        let listeners: Vec<&Listener> = table.on(wire(transport), port).collect();
        let is_ours = |one: &&Listener| match &one.owners {
            Owners::Seen(owners) => {
                owners.iter().any(|owner| ours.is_some() && group::of(owner.pid) == ours)
            }
            Owners::Nobody | Owners::CouldNotSee => false,
        };
        if listeners.iter().any(is_ours) {
            return None;
        }
        listeners.first().map(|one| named(one, port))
    })
}

fn named(listener: &Listener, port: u16) -> Squatter {
    let owner = match &listener.owners {
        Owners::Seen(owners) => owners.first(),
        Owners::Nobody | Owners::CouldNotSee => None,
    };
    Squatter {
        port,
        pid: owner.map(|owner| owner.pid),
        exe: owner.map(|owner| owner.program.clone().unwrap_or_else(|| owner.name.clone())),
    }
}

const fn wire(transport: model::Transport) -> Transport {
    match transport {
        model::Transport::Tcp => Transport::Tcp,
        model::Transport::Udp => Transport::Udp,
    }
}

/// Who holds the ports of each service, in words; a service whose ports nobody holds is left out.
#[must_use]
pub fn owners(house: &House, rows: &BTreeMap<ServiceName, Row>) -> BTreeMap<ServiceName, String> {
    let Ok(table) = sockets::table() else { return BTreeMap::new() };
    let here = house.instance.services.iter();
    here.filter(|(name, service)| service.node == house.node && rows.contains_key(*name))
        .filter_map(|(name, service)| Some((name.clone(), words(&table, service)?)))
        .collect()
}

fn words(table: &Table, service: &Service) -> Option<String> {
    let mut all: Vec<String> = service
        .ports
        .iter()
        .flat_map(|spec| {
            let (port, transport) = spec.get();
            table.on(wire(transport), port).map(move |one| {
                let by = named(one, port);
                match (by.exe, by.pid) {
                    (Some(exe), Some(pid)) => format!("{exe} ({pid})"),
                    _ => "of another account".to_owned(),
                }
            })
        })
        .collect();
    all.sort();
    all.dedup();
    (!all.is_empty()).then(|| all.join(", "))
}
