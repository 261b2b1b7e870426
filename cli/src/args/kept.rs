//! The options of a verb, told to clap when the verb is asked for.
//!
//! clap builds the options of every verb at each start unless told to defer them (`#[command(defer = true)]`), which was
//! half of what a verb without work cost. The invariant: a verb's help is that of its entry in the list of verbs.
//! Deliberately absent: which options there are.

use clap::builder::Resettable;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches, Id, Subcommand};
use std::ops::Deref;

/// Options whose own description does not become that of their verb.
///
/// clap lets what is deferred override what stands at the verb.
#[derive(Clone, Debug)]
pub struct Kept<T>(pub T);

impl<T> Deref for Kept<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

fn kept(verb: Command, tell: fn(Command) -> Command) -> Command {
    let about = Resettable::from(verb.get_about().cloned());
    let long_about = Resettable::from(verb.get_long_about().cloned());
    let after_help = Resettable::from(verb.get_after_help().cloned());
    tell(verb).about(about).long_about(long_about).after_help(after_help)
}

impl<T: Args> Args for Kept<T> {
    fn group_id() -> Option<Id> {
        T::group_id()
    }

    fn augment_args(verb: Command) -> Command {
        kept(verb, T::augment_args)
    }

    fn augment_args_for_update(verb: Command) -> Command {
        kept(verb, T::augment_args_for_update)
    }
}

impl<T: Subcommand> Subcommand for Kept<T> {
    fn augment_subcommands(verb: Command) -> Command {
        kept(verb, T::augment_subcommands)
    }

    fn augment_subcommands_for_update(verb: Command) -> Command {
        kept(verb, T::augment_subcommands_for_update)
    }

    fn has_subcommand(name: &str) -> bool {
        T::has_subcommand(name)
    }
}

impl<T: FromArgMatches> FromArgMatches for Kept<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches_mut(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }

    fn update_from_arg_matches_mut(&mut self, matches: &mut ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches_mut(matches)
    }
}

#[cfg(test)]
mod tests {
    use crate::args::Cli;
    use clap::{Command, CommandFactory as _};

    fn told(command: &Command, path: &str, out: &mut Vec<(String, String)>) {
        for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
            let path = format!("{path} {}", verb.get_name());
            let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
            told(verb, &path, out);
            out.push((path, about));
        }
    }

    #[test]
    fn no_verb_is_described_by_the_type_of_its_options() {
        let mut commands = Cli::command();
        commands.build();
        let mut all = Vec::new();
        told(&commands, "sanctum", &mut all);
        assert!(all.len() > 50, "{} verbs", all.len());
        for (path, about) in all {
            assert!(!about.is_empty() && !about.starts_with('`'), "{path}: {about}");
        }
    }

    #[test]
    fn the_options_of_other_verbs_are_not_built() {
        let mut commands = Cli::command();
        commands.try_get_matches_from_mut(["sanctum", "config", "schema"]).unwrap();
        let plan = commands.find_subcommand("plan").unwrap();
        assert!(plan.get_arguments().all(clap::Arg::is_global_set));
        assert_eq!(commands.find_subcommand("sops").unwrap().get_subcommands().count(), 0);
    }
}
