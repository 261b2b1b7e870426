//! Random schedules, far deeper than the exhaustive walk: three consumers, more tries, hundreds of steps.

use super::kinds;
use super::world::{Fate, World};
use proptest::prelude::*;
use sanctum_rotation::Status;

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
