//! Laws over random houses, every node of them rendered: apply converges, the second plan is empty, a failure at
//! any verb is taken back, and a directory behaves as memory does.
//!
//! The laws of the planner itself, over worlds that no renderer makes, are beside it.

use proptest::prelude::*;
use sanctum_host::{Blobs, FailAt, Host, MemHost, Observed, RootHost, Scope};
use sanctum_orchestrator::apply::{Outcome, apply, rollback};
use sanctum_orchestrator::house::{House, compose, facts, layout};
use sanctum_orchestrator::instance::model::{Instance, NodeType};
use sanctum_orchestrator::instance::strategy::{arb_instance_with, yaml_of};
use sanctum_orchestrator::plan::{Managed, Plan, Target, Want, plan};
use sanctum_orchestrator::receipt::Mark;
use sanctum_types::{NodeName, Owner};
use std::collections::BTreeSet;

/// What one node should have, and who owns what nobody declared.
struct Node {
    name: NodeName,
    want: Want,
    blobs: Blobs,
    owner: Owner,
}

/// Every node of a house on which something runs.
fn nodes(instance: &Instance) -> Vec<Node> {
    let text = yaml_of(instance);
    let serving = instance.nodes.iter().filter(|(_, node)| node.kind != NodeType::Mobile);
    serving
        .map(|(name, node)| {
            let facts = facts::assumed(instance, node);
            let house = House { instance, name, node, facts: &facts };
            let mut blobs = Blobs::default();
            let want = compose::artefacts(&house, &text, &BTreeSet::new())
                .and_then(|artefacts| compose::want(&house, artefacts, &mut blobs));
            let want = want.unwrap_or_else(|error| panic!("{name}: {error:?}\n{text}"));
            Node { name: name.clone(), want, blobs, owner: layout::root_owner(facts.os) }
        })
        .collect()
}

impl Node {
    fn seen(&self, host: &dyn Host) -> Observed {
        host.observe(&self.want.scope(), &mut Blobs::default()).expect("it can be looked at")
    }

    fn plan(&self, host: &dyn Host) -> Plan {
        let target = Target { node: &self.name, instance: Blobs::digest(b"") };
        plan(&target, &self.want, &self.seen(host), &Managed::default(), &self.blobs)
    }

    /// Applies; every step must be done.
    fn apply(&self, plan: &Plan, host: &mut dyn Host) {
        let outcome = apply(plan, host, &self.blobs, &mut Vec::<Mark>::new(), &mut |_, _| {});
        assert!(matches!(outcome, Outcome::Done { .. }), "{}: {outcome:?}", self.name);
    }
}

/// The verbs of a plan.
fn verbs(plan: &Plan) -> usize {
    plan.steps.iter().map(|step| step.act.len()).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_house_converges_in_a_directory_as_in_memory(house in arb_instance_with(8)) {
        for node in nodes(&house) {
            let dir = crate::cli::program::folder();
            let mut real = RootHost::open(dir.path(), node.owner.clone()).expect("a root");
            let mut memory = MemHost::default();
            let first = node.plan(&real);
            prop_assert_eq!(&first, &node.plan(&memory), "both are empty");
            prop_assert!(verbs(&first) >= first.steps.len(), "every step does something");
            node.apply(&first, &mut real);
            node.apply(&first, &mut memory);
            prop_assert_eq!(node.seen(&real), node.seen(&memory), "{}", &node.name);
            prop_assert_eq!(node.plan(&real).steps, vec![], "the second plan is empty");
            let seen = node.seen(&real);
            for (path, file) in &node.want.files {
                prop_assert_eq!(seen.files.get(path), Some(&file.state));
            }
            let all: BTreeSet<usize> = (0..first.steps.len()).collect();
            let report = rollback(&first, &all, &mut real, &node.blobs, &mut Vec::<Mark>::new());
            prop_assert!(report.errors.is_empty() && report.kept.is_empty(), "{:?}", report);
            prop_assert_eq!(node.seen(&real), Observed::default());
        }
    }

    #[test]
    fn a_failure_at_any_verb_of_a_house_is_taken_back(house in arb_instance_with(4)) {
        for node in nodes(&house) {
            let plan = node.plan(&MemHost::default());
            for left in 0..verbs(&plan) {
                let mut host = FailAt { inner: MemHost::default(), left: Some(left) };
                let mut marks = Vec::<Mark>::new();
                let outcome = apply(&plan, &mut host, &node.blobs, &mut marks, &mut |_, _| {});
                prop_assert!(matches!(outcome, Outcome::RolledBack(_)), "{left}: {outcome:?}");
                prop_assert_eq!(&host.inner.0, &Observed::default(), "failure at verb {}", left);
            }
        }
    }

    #[test]
    fn from_one_house_to_another_and_nothing_of_the_first_is_wanted(
        (one, other) in (arb_instance_with(4), arb_instance_with(4))
    ) {
        let hub = |house: &Instance| nodes(house).into_iter().find(|node| node.name.as_str() == "hub");
        let (one, other) = (hub(&one).expect("a hub"), hub(&other).expect("a hub"));
        let mut host = MemHost::default();
        one.apply(&one.plan(&host), &mut host);
        other.apply(&other.plan(&host), &mut host);
        prop_assert!(other.plan(&host).is_empty());
        let scope: Scope = other.want.scope();
        let seen = host.observe(&scope, &mut Blobs::default()).expect("memory");
        for (path, file) in &other.want.files {
            prop_assert_eq!(seen.files.get(path), Some(&file.state), "{}", path);
        }
    }
}
