//! The tree of verbs, cut down to the one that a command line names.
//!
//! clap copies every option that holds for all verbs into each verb before it reads the first word; with forty verbs that was a third of
//! what a verb without work cost. The invariant: what the narrow tree takes, the whole one takes and reads the same. Deliberately
//! absent: what is wrong with a command line, which only the whole tree tells, and help.

use super::hook::Hook;
use super::{Cli, Common, sops};
use clap::{Args as _, Command, CommandFactory as _, Subcommand as _};
use std::ffi::OsString;

/// The tree for these words; `None` where they do not begin with a verb.
#[must_use]
pub fn tree(words: &[OsString]) -> Option<Command> {
    let [_, verb, rest @ ..] = words else { return None };
    let known = match verb.to_str() {
        // What an agent waits for at every step does not ask for forty verbs first.
        Some("hook") => Some(Hook::augment_args(Command::new("hook"))),
        Some("sops") => rest.first().and_then(sops),
        _ => None,
    };
    let verb = match known {
        Some(verb) => verb,
        None => Cli::command().find_subcommand(verb)?.clone(),
    };
    Some(Common::augment_args(Command::new("sanctum")).subcommand(verb))
}

/// `sops` has as many options for all its verbs as the house has.
fn sops(verb: &OsString) -> Option<Command> {
    let verbs = sops::Sops::augment_subcommands(Command::new("sops"));
    let verb = verbs.find_subcommand(verb)?.clone();
    Some(sops::Shared::augment_args(sops::Old::augment_args(Command::new("sops"))).subcommand(verb))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::FromArgMatches as _;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    fn read(mut commands: Command, line: &str) -> Result<String, clap::Error> {
        let matches = commands.try_get_matches_from_mut(words(line))?;
        Cli::from_arg_matches(&matches).map(|cli| format!("{cli:?}"))
    }

    #[test]
    fn the_narrow_tree_reads_what_the_whole_one_reads() {
        for line in [
            "sanctum plan",
            "sanctum plan --only ssh --root /r --json",
            "sanctum apply --yes -q",
            "sanctum config schema",
            "sanctum services why plan",
            "sanctum scan . --node n",
            "sanctum hook",
            "sanctum hook pre-bash",
            "sanctum hook --agent claude --headless -q",
            "sanctum hook pre-mcp --json",
            "sanctum sops secrets.yaml",
            "sanctum sops -d -i secrets.json",
            "sanctum sops --config c decrypt f",
            "sanctum sops decrypt f",
            "sanctum sops decrypt --config c --indent 2 --verbose f --json",
            "sanctum sops decrypt --extract x --output-type json",
            "sanctum sops groups delete --file f 1",
            "sanctum sops updatekeys --yes f --decryption-order age",
            "sanctum sops publish --whatever follows",
        ] {
            let narrow = tree(&words(line)).unwrap();
            assert_eq!(read(narrow, line).unwrap(), read(Cli::command(), line).unwrap(), "{line}");
        }
    }

    #[test]
    fn every_verb_has_a_tree_of_its_own() {
        let whole = Cli::command();
        for verb in whole.get_subcommands() {
            let narrow = tree(&words(&format!("sanctum {}", verb.get_name()))).unwrap();
            assert_eq!(narrow.get_subcommands().count(), 1);
        }
        let narrow = tree(&words("sanctum sops decrypt f")).unwrap();
        assert_eq!(narrow.find_subcommand("sops").unwrap().get_subcommands().count(), 1);
    }

    #[test]
    fn what_is_wrong_or_help_is_left_to_the_whole_tree() {
        for line in ["sanctum", "sanctum --json plan", "sanctum nothing", "sanctum help"] {
            assert!(tree(&words(line)).is_none(), "{line}");
        }
        for line in
            ["sanctum plan --nothing", "sanctum plan --help", "sanctum sops decrypt --nothing f"]
        {
            assert!(read(tree(&words(line)).unwrap(), line).is_err(), "{line}");
        }
    }
}
