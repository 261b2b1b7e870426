//! `vm/disk-private`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::CouldNotCheck;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "vm/disk-private",
    severity: Severity::Error,
    on: On::Any,
    title: "the guest's disk belongs to the machine's account and to nobody else",
    why: "Everything that the guest knows, its host keys and its secrets among it, is in one file on the hub; \
          whoever reads it has the guest, and whoever writes it is the guest.",
    fix: Fix::Run("sudo chown _sanctum_vm:_sanctum_vm DISK; sudo chmod 600 DISK"),
    needs: &[Need::Disk],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let disk = looked.disk()?;
    let Some(disk) = disk else { return Ok(Answer::default()) };
    let mut answer = Answer::over(1);
    let path = &disk.path;
    let Some(there) = &disk.there else {
        answer.add_with(
            path,
            "it is not there",
            "put the guest's disk image there, or name another under `vm.disk` of the instance file",
        );
        return Ok(answer);
    };
    if !there.is_file {
        answer.add(path, "it is not a regular file");
    }
    if there.mode & 0o077 != 0 {
        answer.add_with(
            path,
            format!("mode {:04o}: others than its owner may use it", there.mode),
            format!("sudo chmod 600 {path}"),
        );
    }
    match (there.uid, disk.owner) {
        (Some(uid), Some(owner)) if uid != owner && uid != 0 => {
            let message = format!("it belongs to uid {uid}, and the machine runs as uid {owner}");
            answer.add_with(path, message, format!("sudo chown {owner} {path}"));
        }
        (Some(_), Some(_)) => {}
        (None, _) | (_, None) => answer.unseen.push(CouldNotCheck {
            subject: path.to_string(),
            cause: "its owner, or the machine's account, is not known".to_owned(),
        }),
    }
    Ok(answer)
}

#[cfg(test)]
impl Looked {
    fn with_disk(mut self, mode: u32, uid: u32) -> Self {
        let there =
            crate::doctor::eyes::There { uid: Some(uid), ..crate::doctor::fixture::file(mode) };
        self.disk = Ok(Some(crate::doctor::vm::Disk {
            path: sanctum_types::AbsPath::new("/opt/sanctum/vm/disk.qcow2").unwrap(),
            there: Some(there),
            owner: Some(261),
        }));
        self
    }
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_disk(0o600, 261)
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_disk(0o644, 261)
}
