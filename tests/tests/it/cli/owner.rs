//! Whose environment counts: `SANCTUM_INSTANCE` for a person, never for root.
#![expect(clippy::disallowed_methods, reason = "the binary is run as somebody else, on real files")]

use super::program::{House, Ran, SMALL, copy_program, sanctum};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::process::Command;

/// Debian's `nobody`.
const NOBODY: u32 = 65534;

/// The binary where everybody may run it; a checkout below root's home is closed to others.
fn public(house: &House) -> std::path::PathBuf {
    let path = house.at("sanctum");
    if !path.is_file() {
        copy_program(sanctum(), &path);
        fs::set_permissions(house.at(""), fs::Permissions::from_mode(0o755)).expect("a mode");
        for part in ["home", "tmp", "root"] {
            chown(house.at(part), Some(NOBODY), Some(NOBODY)).expect("the test is root");
        }
    }
    path
}

/// The binary as root, or as an account that may do nothing special.
pub(crate) fn command(house: &House, root: bool) -> Command {
    let program = public(house);
    if root {
        return house.command(&program);
    }
    let mut command = house.command(&sanctum_tests::tool("setpriv"));
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
    command
}

fn run(house: &House, root: bool, environment: &[(&str, &str)], verb: &[&str]) -> Ran {
    let mut command = command(house, root);
    command.envs(environment.iter().map(|(name, file)| (*name, house.at(file))));
    Ran::of(&command.args(verb).output().expect("it starts"))
}

/// Which house a run without `--instance` takes.
fn chosen(house: &House, root: bool, environment: &[(&str, &str)]) -> Option<String> {
    let ran = run(house, root, environment, &["config", "check", "--json"]);
    let report = ran.json();
    report["house"].as_str().map(str::to_owned)
}

#[test]
fn a_persons_environment_counts_and_roots_does_not() {
    let _setpriv = sanctum_tests::need!("setpriv");
    let house = House::new(SMALL);
    let named = |name: &str| SMALL.replace("name: Minimal", &format!("name: {name}"));
    fs::write(house.at("one.yaml"), named("One")).expect("a house");
    fs::write(house.at("two.yaml"), named("Two")).expect("a house");
    fs::create_dir(house.at("home/.sanctum")).expect("a folder");
    fs::write(house.at("home/.sanctum/instance.yaml"), named("Home")).expect("a house");
    let (new, old) = (("SANCTUM_INSTANCE", "one.yaml"), ("SANCTUM_INSTANCE_FILE", "two.yaml"));
    let person = |environment: &[(&str, &str)]| chosen(&house, false, environment);
    assert_eq!(person(&[]).as_deref(), Some("Home"));
    assert_eq!(person(&[new]).as_deref(), Some("One"));
    assert_eq!(person(&[old]).as_deref(), Some("Two"));
    assert_eq!(person(&[new, old]).as_deref(), Some("One"));
    // HOME, SANCTUM_INSTANCE and SANCTUM_INSTANCE_FILE would each lead root to a house of this folder.
    for environment in [&[][..], &[new], &[old], &[new, old]] {
        let root = chosen(&house, true, environment);
        assert!(!matches!(root.as_deref(), Some("Home" | "One" | "Two")), "{root:?}");
    }
}

#[test]
fn a_person_applies_and_takes_back_below_a_root_without_any_privilege() {
    let _setpriv = sanctum_tests::need!("setpriv");
    let house = House::new(SMALL);
    let (_, before) = (public(&house), house.tree());
    let verb = |verb: &[&str]| {
        let words = house.arguments(verb);
        run(&house, false, &[], &words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    // Nothing is sealed without root, and nothing needs to be.
    verb(&["plan", "--out", "tmp/next.plan"]).exits(3);
    verb(&["apply", "tmp/next.plan", "--yes"]).exits(0);
    verb(&["plan"]).exits(0);
    verb(&["rollback", "--yes"]).exits(0);
    assert_eq!(house.tree(), before);
}
