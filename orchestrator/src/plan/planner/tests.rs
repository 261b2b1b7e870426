use super::*;
use crate::apply::{Outcome, apply};
use crate::house::Part;
use crate::plan::uninstall;
use crate::receipt::Mark;
use sanctum_host::{DirState, Host as _, MemHost};
use sanctum_types::{Mode, Owner};

const BYTES: &[u8] = b"one";

/// A house of one file for each name, the boot job among them.
fn want(names: &[&str]) -> Want {
    let state =
        FileState { blob: Blobs::digest(BYTES), mode: Mode::PUBLIC, owner: Owner::new("r", "r") };
    let mut want = Want::default();
    let dir = DirState { mode: Mode::OPEN_DIR, owner: Owner::new("r", "r") };
    for dirs in [
        "/Library",
        "/Library/LaunchDaemons",
        "/etc",
        "/etc/ssh",
        "/etc/systemd",
        "/etc/systemd/system",
    ] {
        let entry = WantDir { state: dir.clone(), exact: false };
        want.dirs.insert(AbsPath::new(dirs).unwrap(), entry);
    }
    for name in names {
        let file =
            WantFile { state: state.clone(), unit: None, lockout: false, part: Part::Launchd };
        want.files.insert(AbsPath::new(*name).unwrap(), file);
    }
    want
}

fn order(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().filter_map(|step| step.id.strip_prefix("file:")).collect()
}

#[test]
fn the_boot_job_comes_before_what_it_would_undo_and_goes_after_it() {
    let node = NodeName::new("hub").unwrap();
    let target = Target { node: &node, instance: Blobs::digest(b"i") };
    for boot in layout::BOOT_JOBS {
        let names = ["/Library/A", "/etc/ssh/a", boot, "/etc/systemd/system/a", "/z"];
        let want = want(&names);
        let mut host = MemHost::default();
        let mut blobs = Blobs::default();
        blobs.add(BYTES);
        let plan = |want: &Want, managed: &Managed, host: &MemHost, blobs: &mut Blobs| {
            let mut scope = want.scope();
            scope.paths.extend(managed.scope().paths);
            let seen = host.observe(&scope, blobs).unwrap();
            (plan(&target, want, &seen, managed, blobs), seen)
        };
        let (first, _) = plan(&want, &Managed::default(), &host, &mut blobs);
        assert_eq!(order(&first).first(), Some(&boot));
        assert_eq!(order(&first).len(), names.len());
        let mut marks: Vec<Mark> = Vec::new();
        let outcome = apply(&first, &mut host, &blobs, &mut marks, &mut |_, _| {});
        assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
        let mut managed = Managed::default();
        first.steps.iter().for_each(|step| managed.record(step));
        let (emptied, seen) = plan(&Want::default(), &managed, &host, &mut blobs);
        assert_eq!(order(&emptied).last(), Some(&boot));
        let all = uninstall(&target, &seen, &managed, &blobs);
        assert_eq!(order(&all).last(), Some(&boot));
    }
}
