//! Random schedules, far deeper than the exhaustive walk: three consumers, more tries, hundreds of steps.

use super::kinds;
use super::world::{Fate, World};
use proptest::prelude::*;
use sanctum_rotation::{Command, Nature, Notice, Status};
use std::collections::BTreeSet;
use std::mem::{Discriminant, discriminant};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn random_schedules_keep_every_key(kind in 0_usize..6, luck in 1_u8..10, draws in proptest::collection::vec(any::<(u8, u16)>(), 20..200)) {
        let (_, nature) = kinds::natures()[kind];
        let mut world = World::new(kinds::plan(nature, 3, 4, 1));
        let mut trail = Vec::new();
        let told = |why, world: &World, trail: &[Fate]| {
            TestCaseError::fail(format!("{why}\nafter {trail:?}\n{}", world.brief()))
        };
        for (lot, pick) in draws {
            let mut fates = world.fates();
            let Some(_) = fates.first() else { break };
            if fates.contains(&Fate::Later) {
                fates.push(Fate::Limited);
            }
            let fate = if lot % 10 < luck { Fate::Fine } else { fates[usize::from(pick) % fates.len()] };
            trail.push(fate);
            world.step(fate).map_err(|why| told(why, &world, &trail))?;
            let disk = world.on_disk().unwrap_or_default();
            prop_assert!(!String::from_utf8_lossy(&disk).contains("value-"), "a value is in the record");
        }
        world.recover(&mut |_| false).map_err(|why| told(why, &world, &trail))?;
    }
}

#[test]
fn without_faults_every_kind_ends_in_done() {
    for (name, nature) in kinds::natures() {
        let mut world = World::new(kinds::plan(nature, 3, 4, 1));
        world.run_out(&mut |_| false).unwrap();
        assert_eq!(world.status(), Status::Done, "{name}");
    }
}

/// The effect that comes next.
fn effect(world: &World) -> Option<&Command> {
    world.pending().last().filter(|command| command.has_answer())
}

/// Runs while effects of these kinds always fail like that. How often the owner was told that something is queued.
fn run_with(nature: Nature, broken: &[Discriminant<Command>], fate: Fate) -> (World, usize) {
    let mut world = World::new(kinds::plan(nature, 3, 4, 1));
    let mut told = 0;
    for _ in 0..600 {
        if world.over {
            break;
        }
        let queued = |command: &&Command| matches!(command, Command::Tell(Notice::Queued(_)));
        told += world.pending().iter().filter(queued).count();
        let fails = effect(&world).is_some_and(|effect| broken.contains(&discriminant(effect)));
        world.step(if fails { fate } else { Fate::Fine }).unwrap();
    }
    (world, told)
}

/// Tries are bounded: what always fails ends with a human or an undone rotation, or it stays queued and is told.
#[test]
fn what_always_fails_is_not_tried_for_ever_in_silence() {
    for (name, nature) in kinds::natures() {
        let mut kinds_of_effects = BTreeSet::new();
        let mut effects = Vec::new();
        let mut world = World::new(kinds::plan(nature, 3, 4, 1));
        while !world.over {
            if let Some(effect) =
                effect(&world).filter(|effect| !matches!(effect, Command::Wait { .. }))
                && kinds_of_effects.insert(format!("{:?}", discriminant(effect)))
            {
                effects.push(discriminant(effect));
            }
            world.step(Fate::Fine).unwrap();
        }
        for first in &effects {
            // Two broken things at once reach the ways back: a consumer, and what the undo needs.
            for second in &effects {
                for fate in [Fate::Later, Fate::Never, Fate::UnknownBefore] {
                    let (world, told) = run_with(nature, &[*first, *second], fate);
                    let is_told = told >= 2;
                    assert!(
                        world.over || is_told,
                        "{name}: {first:?} {second:?} {fate:?}: {}",
                        world.brief()
                    );
                }
            }
        }
    }
}
