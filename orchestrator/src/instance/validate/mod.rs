//! The meaning of an instance: every rule that types alone cannot keep.
//!
//! Each rule finds all its breaches and knows nothing of the file; positions are added by `load`. A house that passes
//! has one hub, unique ports, disjoint networks, an order of services, and no door without a reason.

mod accounts;
mod alerts;
mod clock;
mod jump;
mod network;
mod problem;
mod rotation;
mod secrets;
mod services;
mod text;

pub(crate) use accounts::is_public_key;
pub use alerts::AlertFault;
pub(crate) use clock::is_time_zone;
pub use problem::{KeyFault, Located, Problem};
pub use rotation::RotationFault;
pub(crate) use text::is_host;

use super::model::Instance;
use super::tree::End;

/// What is wrong, and what is only worth a look.
#[derive(Debug, Default)]
pub struct Judged {
    /// Breaches: the instance is refused.
    pub problems: Vec<Located>,
    /// Warnings.
    pub warnings: Vec<Located>,
}

impl Judged {
    fn refuse<const N: usize>(&mut self, path: [&str; N], problem: Problem) {
        self.problems.push(located(&path, End::Value, problem));
    }

    fn refuse_key<const N: usize>(&mut self, path: [&str; N], problem: Problem) {
        self.problems.push(located(&path, End::Key, problem));
    }

    fn warn<const N: usize>(&mut self, path: [&str; N], problem: Problem) {
        self.warnings.push(located(&path, End::Value, problem));
    }
}

fn located(path: &[&str], end: End, problem: Problem) -> Located {
    Located { path: path.iter().map(|step| (*step).to_owned()).collect(), end, problem }
}

/// Judges an instance by every rule.
#[must_use]
pub fn judge(instance: &Instance) -> Judged {
    let mut judged = Judged::default();
    if instance.format != 1 {
        judged.refuse(["format"], Problem::Format(instance.format));
    }
    text::judge(instance, &mut judged);
    network::judge(instance, &mut judged);
    jump::judge(instance, &mut judged);
    accounts::judge(instance, &mut judged);
    services::judge(instance, &mut judged);
    clock::judge(instance, &mut judged);
    alerts::judge(instance, &mut judged);
    secrets::judge(instance, &mut judged);
    rotation::judge(instance, &mut judged);
    judged
}
