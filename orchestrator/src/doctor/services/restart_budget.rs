//! `services/restart-budget`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::instance::model::Os;
use crate::jobs::Start;
use crate::render::systemd::unit_name;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "services/restart-budget",
    severity: Severity::Error,
    on: On::Any,
    title: "a job that stays up was not restarted over its budget",
    why: "A job that ends and is started again for ever looks like one that runs, whenever somebody looks: one \
          house counted 25,545 restarts of a job that could not bind to an address that had been taken from \
          the machine.",
    fix: Fix::Edit(
        "read the job's log below /var/log/sanctum; when it is put right, start it anew so that the count \
        begins again",
    ),
    needs: &[Need::Wanted, Need::Loaded, Need::Units],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let wanted = looked.wanted()?;
    let loaded = looked.loaded()?;
    let units = looked.units()?;
    // What a supervisor of the house allows itself before it gives up.
    let budget = u64::from(looked.ground.instance.supervision.budget.restarts);
    let mut answer = Answer::default().beside(loaded).beside(units);
    for job in wanted.jobs.iter().filter(|job| job.implemented && job.start == Start::Stays) {
        let unit = unit_name(&job.name, "service");
        let restarts = match looked.os() {
            Os::Macos => {
                let held = loaded.iter().find(|held| held.label == job.label.as_str());
                // The first start is none.
                held.and_then(|held| held.runs).map(|runs| runs.saturating_sub(1))
            }
            Os::Linux => units
                .iter()
                .find(|held| held.name == unit)
                .and_then(|held| held.get("NRestarts").parse().ok()),
        };
        // A job that is not loaded is another lint's.
        let Some(restarts) = restarts else { continue };
        answer.looked_at += 1;
        if restarts > budget {
            answer.add(
                &job.label,
                format!("restarted {restarts} times since it was loaded, {budget} are its budget"),
            );
        }
    }
    Ok(answer)
}

#[cfg(test)]
impl Looked {
    fn with_restarts(mut self, count: u64) -> Self {
        self.units.as_mut().unwrap().all.push(crate::doctor::boot::UnitState {
            name: "sanctum-ha.service".to_owned(),
            properties: [("NRestarts".to_owned(), count.to_string())].into(),
        });
        self
    }
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::ha("barn").with_restarts(2)
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::ha("barn").with_restarts(25_545)
}
