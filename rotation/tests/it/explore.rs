//! Every interleaving of crash and fault, from every point of the way without faults, twelve steps deep.
//!
//! A state that was reached before is not walked again, so the walk ends. From each state a run without faults has
//! to end, and end well once the owner says retry.

use super::kinds;
use super::world::{Fate, World};
use sanctum_rotation::{Nature, Status};
use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

const DEPTH: usize = 12;

/// 64-bit hashes of states: that two of a million collide has a chance of one in thirty million.
#[derive(Default)]
struct Seen(RandomState, HashSet<u64>);

impl Seen {
    fn insert(&mut self, world: &World) -> bool {
        self.1.insert(self.0.hash_one(world))
    }
}

/// The way without faults.
fn path(nature: Nature) -> Vec<World> {
    let mut world = World::new(kinds::plan(nature, 2, 2, 0));
    let mut path = vec![world.clone()];
    while !world.over {
        world.step(Fate::Fine).unwrap();
        path.push(world.clone());
    }
    assert_eq!(world.status(), Status::Done);
    assert!(!world.had_faults());
    path
}

/// How many states there are, or the first broken invariant.
fn explore(nature: Nature) -> Result<usize, String> {
    let mut seen = Seen::default();
    let mut recovered = Seen::default();
    let roots = path(nature).into_iter().map(|world| (world, Vec::new()));
    let mut level: Vec<(World, Vec<Fate>)> =
        roots.filter(|(world, _)| seen.insert(world)).collect();
    for _ in 0..DEPTH {
        let mut next = Vec::new();
        for (world, trail) in &level {
            let told = |why, end: &World, trail: &[Fate]| {
                format!("{why}\nafter {trail:?}\n{}", end.brief())
            };
            let mut settled = |world: &World| !recovered.insert(world);
            let mut after = world.clone();
            after.recover(&mut settled).map_err(|why| told(why, &after, trail))?;
            for fate in world.fates() {
                let mut after = world.clone();
                let mut trail = trail.clone();
                trail.push(fate);
                after.step(fate).map_err(|why| told(why, &after, &trail))?;
                if seen.insert(&after) {
                    next.push((after, trail));
                }
            }
        }
        level = next;
    }
    Ok(seen.1.len())
}

fn walk(name: &str) {
    let (_, nature) = kinds::natures().into_iter().find(|(known, _)| *known == name).unwrap();
    let states = explore(nature).unwrap_or_else(|why| panic!("{name}: {why}"));
    println!("{name}: {states} states");
    assert!(states > 10_000, "{name}: {states}");
}

#[test]
fn every_interleaving_by_name() {
    walk("by name");
}

#[test]
fn every_interleaving_by_name_of_a_mute_provider() {
    walk("by name, mute");
}

#[test]
fn every_interleaving_by_difference() {
    walk("by difference");
}

#[test]
fn every_interleaving_without_a_list() {
    walk("never found");
}

#[test]
fn every_interleaving_by_hand() {
    walk("by hand");
}

#[test]
fn every_interleaving_of_a_roll() {
    walk("roll");
}
