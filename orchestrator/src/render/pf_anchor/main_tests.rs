//! `pf.attach: main` from plan to rollback: any main ruleset gets one line, once, and comes back byte for byte.

use super::*;
use crate::apply::{Outcome, apply, rollback};
use crate::exposure::fixture::manor;
use crate::house::facts;
use crate::pf::check;
use crate::plan::{Managed, Plan, Target, Want, plan};
use crate::receipt::{Header, History, Kind, Mark, Receipt};
use proptest::prelude::*;
use sanctum_host::{Blobs, DirState, FileState, Host, MemHost, Observed};
use sanctum_types::{AbsPath, Mode, Owner, UnixTime};

fn path(text: &str) -> AbsPath {
    AbsPath::new(text).unwrap()
}

fn root() -> Owner {
    layout::root_owner(Os::Macos)
}

fn machine(pf_conf: &str) -> MemHost {
    let mut seen = Observed::default();
    for dir in ["/etc", "/etc/pf.anchors"] {
        seen.dirs.insert(path(dir), DirState { mode: Mode::OPEN_DIR, owner: root() });
    }
    let blob = Blobs::digest(pf_conf.as_bytes());
    let state = FileState { blob, mode: Mode::PUBLIC, owner: root() };
    seen.files.insert(path(layout::PF_CONF), state);
    MemHost(seen, [(blob, pf_conf.as_bytes().to_vec())].into())
}

fn pf_conf(host: &MemHost) -> String {
    let blob = host.0.files[&path(layout::PF_CONF)].blob;
    String::from_utf8(host.1[&blob].clone()).unwrap()
}

fn planned(host: &MemHost, managed: &Managed) -> (Plan, Blobs) {
    let mut sample = manor();
    sample.instance.pf.attach = PfAttach::Main;
    sample.facts.pf_conf = Some(pf_conf(host));
    let mut blobs = Blobs::default();
    let files = render(&sample.house()).unwrap();
    let want = Want::from_artefacts(files, &root(), &mut blobs).unwrap();
    let mut scope = want.scope();
    scope.paths.extend(managed.scope().paths);
    let seen = host.observe(&scope, &mut blobs).unwrap();
    let target = Target { node: &sample.node, instance: Blobs::digest(b"instance") };
    (plan(&target, &want, &seen, managed, &blobs), blobs)
}

fn receipt(plan: &Plan, marks: Vec<Mark>) -> Receipt {
    let header = Header {
        format: 1,
        id: "000001-x".to_owned(),
        at: UnixTime(0),
        kind: Kind::Apply,
        confirm_within: None,
        session: None,
        boot: None,
        plan: plan.clone(),
    };
    Receipt { header, marks }
}

#[test]
fn the_assumed_ruleset_is_one_and_takes_the_line() {
    let mut instance = manor().instance;
    let hub = instance.nodes.values().find(|node| node.kind == NodeType::Hub).unwrap().clone();
    assert_eq!(facts::assumed(&instance, &hub).pf_conf, None);
    instance.pf.attach = PfAttach::Main;
    let stock = facts::assumed(&instance, &hub).pf_conf.unwrap();
    assert!(check(&stock).is_ok());
    assert!(check(&insert_attach(&stock).unwrap()).is_ok());
}

proptest! {
    #[test]
    fn a_main_ruleset_gets_one_line_and_comes_back(
        lines in prop::collection::vec("[ -~\t]{0,40}", 0..8), ours in prop::bool::weighted(0.2), at in 0_usize..8,
    ) {
        let mut lines: Vec<String> =
            lines.iter().map(|line| line.trim_end_matches('\\').to_owned() + "\n").collect();
        if ours {
            lines.insert(at.min(lines.len()), attach_line());
        }
        let before = lines.concat();
        let start = machine(&before);
        let mut host = start.clone();

        let (first, blobs) = planned(&host, &Managed::default());
        let edits = first.steps.iter().any(|step| step.id == format!("file:{}", layout::PF_CONF));
        prop_assert_eq!(edits, !ours, "a ruleset that has the line is left alone");
        let mut marks = Vec::new();
        let outcome = apply(&first, &mut host, &blobs, &mut marks, &mut |_, _| {});
        prop_assert!(matches!(outcome, Outcome::Done { .. }), "{:?}", outcome);
        marks.push(Mark::Finished(UnixTime(0)));
        prop_assert_eq!(pf_conf(&host), insert_attach(&before).unwrap());

        let receipt = receipt(&first, marks);
        let managed = History { receipts: vec![receipt.clone()] }.managed();
        prop_assert!(planned(&host, &managed).0.is_empty(), "second plan is empty");
        let report = rollback(&first, &receipt.standing(), &mut host, &blobs, &mut Vec::new());
        prop_assert!(report.errors.is_empty(), "{:?}", report);
        prop_assert_eq!(&host.0, &start.0);
        prop_assert_eq!(pf_conf(&host), before);
    }
}
