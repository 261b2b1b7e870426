//! What would not come back without a person, as far as the instance file alone can tell.

use crate::commands::up::House;
use sanctum_orchestrator::instance::model::{Criticality, Service};
use sanctum_orchestrator::instance::registry;
use sanctum_types::{Finding, ServiceName, Severity};

/// Every loss, by service.
pub(super) fn survival(house: &House) -> Vec<Finding> {
    let mut losses = Vec::new();
    for (name, service) in registry::services_of(&house.instance, &house.node) {
        session(name, service, &mut losses);
        secrets(house, name, service, &mut losses);
    }
    losses
}

fn severity(service: &Service) -> Severity {
    match service.criticality {
        Criticality::P0 | Criticality::P1 => Severity::Error,
        Criticality::P2 => Severity::Warn,
    }
}

fn session(name: &ServiceName, service: &Service, losses: &mut Vec<Finding>) {
    if service.gui {
        losses.push(Finding {
            severity: severity(service),
            kind: "reboot.needs-login".to_owned(),
            subject: name.to_string(),
            message: "it starts only when somebody logs in at the screen".to_owned(),
            hint: Some(format!("take `gui: true` from services.{name}, or be there")),
        });
    }
}

fn secrets(house: &House, name: &ServiceName, service: &Service, losses: &mut Vec<Finding>) {
    let entries = service
        .secrets
        .iter()
        .filter_map(|secret| Some((secret, house.instance.secrets.get(secret)?)));
    for (secret, _) in entries.filter(|(_, entry)| !entry.reference.unattended()) {
        losses.push(Finding {
            severity: severity(service),
            kind: "reboot.needs-session".to_owned(),
            subject: name.to_string(),
            message: format!("its secret `{secret}` resolves only in a login session"),
            hint: Some(format!("give secrets.{secret} a file:, age: or sops: reference")),
        });
    }
}
