//! The laws of plan and apply, over random worlds: converges, second plan empty, rolls back, recovers from a
//! failure at every verb, tells a foreign edit, uninstalls. docs/testing.md records the mutation of each.

use super::{Outcome, apply, rollback};
use crate::house::Part;
use crate::plan::want::{WantDir, WantFile};
use crate::plan::{Managed, Plan, Target, Want, plan, uninstall};
use crate::receipt::{Header, History, Kind, Mark, Receipt};
use proptest::prelude::*;
use sanctum_host::{
    Blobs, DirState, FailAt, FileState, Host, LoadedState, MemHost, Observed, Op, PathState, Scope,
    Unit,
};
use sanctum_types::{AbsPath, AccountName, Mode, NodeName, Owner, UnixTime};
use std::collections::BTreeMap;

/// Contents are one of these, so that equal and different bytes are both common.
const CONTENTS: [&[u8]; 3] = [b"a", b"b", b"c"];
const DIRS: [&str; 3] = ["/etc", "/etc/x", "/etc/x/y"];

fn path(text: &str) -> AbsPath {
    AbsPath::new(text).unwrap()
}

fn owner() -> Owner {
    Owner::new("root", "wheel")
}

fn file(content: usize, private: bool) -> FileState {
    let mode = if private { Mode::PRIVATE } else { Mode::PUBLIC };
    FileState { blob: Blobs::digest(CONTENTS[content]), mode, owner: owner() }
}

fn unit(number: usize) -> Unit {
    match number {
        0 => Unit::Sshd,
        1 => Unit::PfAnchor { name: "com.apple/sanctum".to_owned() },
        n => Unit::SystemdUnit { name: format!("u{n}.service") },
    }
}

/// One file of a case: where, what is there, what runs, what is wanted.
#[derive(Clone, Debug)]
struct At {
    dir: usize,
    there: Option<(usize, bool)>,
    runs: Option<Option<usize>>,
    has_unit: bool,
    want: Option<(usize, bool)>,
    want_later: Option<(usize, bool)>,
}

fn at() -> impl Strategy<Value = At> {
    let content = || prop::option::of((0..3usize, any::<bool>()));
    (
        0..3usize,
        content(),
        prop::option::of(prop::option::of(0..3usize)),
        any::<bool>(),
        content(),
        content(),
    )
        .prop_map(|(dir, there, runs, has_unit, want, want_later)| At {
            dir,
            there,
            runs,
            has_unit,
            want,
            want_later,
        })
}

#[derive(Clone, Debug)]
struct Case {
    dirs_there: usize,
    files: Vec<At>,
    account: bool,
}

fn case() -> impl Strategy<Value = Case> {
    (0..4usize, prop::collection::vec(at(), 0..6), any::<bool>())
        .prop_map(|(dirs_there, files, account)| Case { dirs_there, files, account })
}

impl Case {
    fn host(&self) -> MemHost {
        let mut seen = Observed::default();
        for dir in DIRS.iter().take(self.dirs_there) {
            let state = DirState { mode: Mode::OPEN_DIR, owner: owner() };
            seen.dirs.insert(path(dir), state);
        }
        for (number, at) in self.files.iter().enumerate() {
            let Some((content, private)) = at.there else { continue };
            if at.dir >= self.dirs_there {
                continue;
            }
            let place = self.place(number);
            seen.files.insert(place.clone(), file(content, private));
            if let (true, Some(ran)) = (at.has_unit, at.runs) {
                // What runs is the file itself, or an older definition of it.
                let blob = Some(Blobs::digest(CONTENTS[ran.unwrap_or(content)]));
                seen.loaded.insert(unit(number), LoadedState { from: Some(place), blob });
            }
        }
        let bytes = CONTENTS.iter().map(|text| (Blobs::digest(text), text.to_vec())).collect();
        MemHost(seen, bytes)
    }

    fn place(&self, number: usize) -> AbsPath {
        path(&format!("{}/f{number}", DIRS[self.files[number].dir]))
    }

    fn want(&self, of: fn(&At) -> Option<(usize, bool)>) -> Want {
        let mut want = Want::default();
        for dir in DIRS {
            let state = DirState { mode: Mode::OPEN_DIR, owner: owner() };
            want.dirs.insert(path(dir), WantDir { state, exact: dir != "/etc" });
        }
        for (number, at) in self.files.iter().enumerate() {
            if let Some((content, private)) = of(at) {
                let state = file(content, private);
                let unit = at.has_unit.then(|| unit(number));
                let entry = WantFile { state, unit, lockout: number % 2 == 0, part: Part::Pf };
                want.files.insert(self.place(number), entry);
            }
        }
        if self.account {
            want.accounts.insert(AccountName::new("_sanctum_x").unwrap());
        }
        want
    }
}

fn everything(want: &Want, managed: &Managed) -> Scope {
    let (mut all, more) = (want.scope(), managed.scope());
    all.paths.extend(more.paths);
    all.units.extend(more.units);
    all.accounts.extend(more.accounts);
    all
}

fn make(want: &Want, host: &dyn Host, managed: &Managed) -> (Plan, Blobs) {
    let mut blobs = Blobs::default();
    for content in CONTENTS {
        blobs.add(content);
    }
    let seen = host.observe(&everything(want, managed), &mut blobs).unwrap();
    let node = NodeName::new("hub").unwrap();
    let target = Target { node: &node, instance: Blobs::digest(b"instance") };
    (plan(&target, want, &seen, managed, &blobs), blobs)
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

/// Applies and gives back the receipt; everything must be done.
fn done(plan: &Plan, host: &mut dyn Host, blobs: &Blobs) -> Receipt {
    let mut marks = Vec::new();
    let outcome = apply(plan, host, blobs, &mut marks, &mut |_, _| {});
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    marks.push(Mark::Finished(UnixTime(0)));
    receipt(plan, marks)
}

/// What counts as the state of the world: bytes that the memory host keeps on the side do not.
fn world(host: &MemHost) -> &Observed {
    &host.0
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn applying_converges_and_rolling_back_restores(case in case()) {
        let start = case.host();
        let want = case.want(|at| at.want);
        let mut host = start.clone();
        let (first, blobs) = make(&want, &host, &Managed::default());
        let receipt = done(&first, &mut host, &blobs);
        let managed = History { receipts: vec![receipt.clone()] }.managed();
        prop_assert!(make(&want, &host, &managed).0.is_empty(), "second plan is empty");
        for (place, file) in &want.files {
            prop_assert_eq!(host.0.files.get(place), Some(&file.state));
            let runs = file.unit.as_ref().map(|unit| host.0.loaded.get(unit).and_then(|ran| ran.blob));
            prop_assert!(runs.is_none_or(|blob| blob == Some(file.state.blob)), "{} runs", place);
        }
        let report = rollback(&first, &receipt.standing(), &mut host, &blobs, &mut Vec::new());
        prop_assert!(report.errors.is_empty(), "{:?}", report);
        prop_assert_eq!(world(&host), world(&start));
    }

    #[test]
    fn what_no_rollback_brings_back_is_told_by_the_plan(case in case()) {
        let mut start = case.host();
        for (number, at) in case.files.iter().enumerate() {
            let (true, Some(ran), None) = (at.has_unit, at.runs, at.there) else { continue };
            // A definition that nobody knows, one that is not kept, or one that is kept and lost its file.
            let ran = match ran {
                None => LoadedState { from: None, blob: None },
                Some(0) => LoadedState { from: None, blob: Some(Blobs::digest(b"not kept")) },
                Some(kept) => {
                    let blob = Some(Blobs::digest(CONTENTS[kept]));
                    LoadedState { from: Some(case.place(number)), blob }
                }
            };
            start.0.loaded.insert(unit(number), ran);
        }
        let mut host = start.clone();
        let (plan, blobs) = make(&case.want(|at| at.want), &host, &Managed::default());
        let receipt = done(&plan, &mut host, &blobs);
        rollback(&plan, &receipt.standing(), &mut host, &blobs, &mut Vec::new());
        for step in &plan.steps {
            let Some((unit, ran)) = &step.guard.unit else { continue };
            let same = host.0.loaded.get(unit) == ran.as_ref();
            prop_assert_eq!(same, step.displaces().is_none(), "{} {:?}", step.id, ran);
        }
    }

    #[test]
    fn a_unit_is_told_while_its_file_is_there_and_sshd_when_it_is_gone(case in case()) {
        let start = case.host();
        let (plan, _) = make(&case.want(|at| at.want), &start, &Managed::default());
        for ops in plan.steps.iter().flat_map(|step| [&step.act, &step.undo]) {
            let unloads = ops.iter().position(|op| matches!(op, Op::Unloaded { .. }));
            let removes = ops.iter().position(|op| matches!(op, Op::Absent { .. }));
            let (Some(unloads), Some(removes)) = (unloads, removes) else { continue };
            let in_place = matches!(&ops[unloads], Op::Unloaded { unit } if unit.reloads_in_place());
            prop_assert_eq!(unloads > removes, in_place);
        }
    }

    #[test]
    fn a_failure_at_any_verb_is_taken_back(case in case()) {
        let start = case.host();
        let (plan, blobs) = make(&case.want(|at| at.want), &start, &Managed::default());
        let verbs: usize = plan.steps.iter().map(|step| step.act.len()).sum();
        for left in 0..verbs {
            let mut host = FailAt { inner: start.clone(), left: Some(left) };
            let mut marks = Vec::new();
            let outcome = apply(&plan, &mut host, &blobs, &mut marks, &mut |_, _| {});
            prop_assert!(matches!(outcome, Outcome::RolledBack(_)), "{left}: {outcome:?}");
            prop_assert_eq!(world(&host.inner), world(&start), "failure at verb {}", left);
            prop_assert!(receipt(&plan, marks).standing().is_empty());
        }
    }

    #[test]
    fn a_process_that_dies_between_any_two_verbs_is_recovered_from_its_marks(case in case()) {
        let start = case.host();
        let (plan, blobs) = make(&case.want(|at| at.want), &start, &Managed::default());
        let verbs: usize = plan.steps.iter().map(|step| step.act.len()).sum();
        for left in 0..=verbs {
            let mut host = start.clone();
            let mut marks = vec![];
            let mut budget = left;
            'died: for (number, step) in plan.steps.iter().enumerate() {
                marks.push(Mark::Begin(number));
                for op in &step.act {
                    if budget == 0 {
                        break 'died;
                    }
                    budget -= 1;
                    host.ensure(op, &blobs).unwrap();
                }
                marks.push(Mark::Done(number));
            }
            let dead = receipt(&plan, marks);
            let report = rollback(&plan, &dead.standing(), &mut host, &blobs, &mut Vec::new());
            prop_assert!(report.errors.is_empty(), "{:?}", report);
            prop_assert_eq!(world(&host), world(&start), "died after {} verbs", left);
        }
    }

    #[test]
    fn a_changed_wish_converges_and_an_emptied_one_restores_the_files(case in case()) {
        let start = case.host();
        let mut host = start.clone();
        let mut history = History::default();
        for of in [(|at: &At| at.want) as fn(&At) -> Option<(usize, bool)>, |at| at.want_later, |_| None] {
            let want = case.want(of);
            let (next, blobs) = make(&want, &host, &history.managed());
            prop_assert!(next.steps.iter().all(|step| !step.foreign));
            history.receipts.push(done(&next, &mut host, &blobs));
            prop_assert!(make(&want, &host, &history.managed()).0.is_empty(), "converges");
        }
        let files = |host: &MemHost| -> BTreeMap<AbsPath, FileState> { host.0.files.clone() };
        prop_assert_eq!(files(&host), files(&start), "nothing of ours is left");
        prop_assert_eq!(
            host.0.loaded.keys().collect::<Vec<_>>(), start.0.loaded.keys().collect::<Vec<_>>()
        );
    }

    #[test]
    fn uninstalling_brings_back_what_was_there_before_the_first_apply(case in case()) {
        let start = case.host();
        let mut host = start.clone();
        let mut history = History::default();
        for of in [(|at: &At| at.want) as fn(&At) -> Option<(usize, bool)>, |at| at.want_later] {
            let (next, blobs) = make(&case.want(of), &host, &history.managed());
            history.receipts.push(done(&next, &mut host, &blobs));
        }
        let managed = history.managed();
        let mut blobs = make(&Want::default(), &host, &managed).1;
        let seen = host.observe(&managed.scope(), &mut blobs).unwrap();
        let node = NodeName::new("hub").unwrap();
        let target = Target { node: &node, instance: Blobs::digest(b"instance") };
        let last = uninstall(&target, &seen, &managed, &blobs);
        let mut receipt = done(&last, &mut host, &blobs);
        receipt.header.kind = Kind::Uninstall;
        prop_assert_eq!(&host.0.files, &start.0.files);
        prop_assert_eq!(&host.0.dirs, &start.0.dirs);
        prop_assert_eq!(&host.0.accounts, &start.0.accounts);
        prop_assert_eq!(
            host.0.loaded.keys().collect::<Vec<_>>(), start.0.loaded.keys().collect::<Vec<_>>()
        );
        history.receipts.push(receipt);
        prop_assert_eq!(history.managed(), Managed::default());
    }

    #[test]
    fn a_foreign_edit_is_told_from_our_own_old_version(case in case(), by in 0..3usize) {
        let mut host = case.host();
        let want = case.want(|at| at.want);
        let (first, blobs) = make(&want, &host, &Managed::default());
        let receipt = done(&first, &mut host, &blobs);
        let managed = History { receipts: vec![receipt] }.managed();
        for place in managed.paths.keys().filter(|place| want.files.contains_key(place)) {
            let mut edited = host.clone();
            let state = FileState { blob: Blobs::digest(CONTENTS[by]), ..file(0, false) };
            edited.0.files.insert(place.clone(), state.clone());
            let next = make(&want, &edited, &managed).0;
            let step = next.steps.iter().find(|step| step.id == format!("file:{place}"));
            let ours = state == want.files[place].state;
            prop_assert_eq!(step.is_some_and(|step| step.foreign), !ours, "{}", place);
        }
    }

    #[test]
    fn a_guard_that_no_longer_holds_is_stale_and_nothing_is_left(case in case(), by in 0..3usize) {
        let start = case.host();
        let (plan, blobs) = make(&case.want(|at| at.want), &start, &Managed::default());
        for step in &plan.steps {
            let Some((place, before)) = &step.guard.path else { continue };
            let mut host = start.clone();
            let intruder = file(by, true);
            let parent_is_there = place.parent().is_some_and(|up| start.0.dirs.contains_key(&up));
            if PathState::File(intruder.clone()) == *before
                || !place.as_str().contains("/f")
                || !parent_is_there
            {
                continue;
            }
            host.0.files.insert(place.clone(), intruder);
            let changed = host.clone();
            let outcome = apply(&plan, &mut host, &blobs, &mut Vec::new(), &mut |_, _| {});
            prop_assert!(matches!(outcome, Outcome::RolledBack(_)), "{outcome:?}");
            prop_assert_eq!(world(&host), world(&changed));
        }
    }
}
