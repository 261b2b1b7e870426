//! `exposure/firewall-at-boot`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::instance::model::Os;
use crate::jobs::Job;
use crate::render::systemd::unit_name;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "exposure/firewall-at-boot",
    severity: Severity::Error,
    on: On::Any,
    title: "the packet filter is loaded again after a boot",
    why: "Rules live in the kernel and are gone with it. A house that was filtered all day is open from the \
          next power cut on, and nothing that looks at files notices.",
    fix: Fix::Apply,
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
    let is = |job: &&Job| matches!(job.verb.as_deref(), Some("pf-load" | "nft-load"));
    let mut answer = Answer::default().beside(loaded).beside(units);
    let mut jobs = wanted.jobs.iter().filter(is).peekable();
    if jobs.peek().is_none() {
        answer.add(&looked.ground.node, "no job of this node loads a packet filter at boot");
    }
    for job in jobs {
        answer.looked_at += 1;
        let unit = unit_name(&job.name, "service");
        let starts = match looked.os() {
            Os::Macos => loaded
                .iter()
                .any(|held| held.label == job.label.as_str() && held.domain == "system"),
            Os::Linux => {
                units.iter().any(|held| held.name == unit && held.get("UnitFileState") == "enabled")
            }
        };
        if !starts && answer.unseen.is_empty() {
            answer.add(&job.label, "nothing starts it at boot");
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    use crate::doctor::boot::UnitState;
    let mut looked = crate::doctor::fixture::plain_barn();
    let properties = [("UnitFileState".to_owned(), "enabled".to_owned())].into();
    let unit = UnitState { name: "sanctum-nft.service".to_owned(), properties };
    looked.units.as_mut().unwrap().all.push(unit);
    looked
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub()
}
