//! The levels of lints on the command line, in the order in which they are written: `-W all -A one` says all but one.
//! The options know nothing about lints; who uses them says what their names mean. Start with [`GivenLevels`].

use clap::{Arg, ArgAction, ArgMatches, Command};
use ovsm_lint::Level;

/// The options: their letters, their names, and what they do.
const OPTIONS: [(char, &str, Level, &str); 4] = [
    ('A', "allow", Level::Allow, "Do not look for this lint"),
    ('W', "warn", Level::Warn, "Report this lint as a warning"),
    ('D', "deny", Level::Deny, "Report this lint as an error"),
    ('F', "forbid", Level::Forbid, "Report this lint as an error that no comment can silence"),
];

/// Names of lints or of categories with their levels, as they were given. What comes later wins.
#[derive(Clone, Default, Debug)]
pub struct GivenLevels {
    /// In the order of the command line.
    pub given: Vec<(String, Level)>,
}

impl clap::Args for GivenLevels {
    fn augment_args(command: Command) -> Command {
        OPTIONS.into_iter().fold(command, |command, (letter, name, _, help)| {
            command.arg(
                Arg::new(name)
                    .short(letter)
                    .long(name)
                    .value_name("LINT")
                    .action(ArgAction::Append)
                    .help(help),
            )
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        GivenLevels::augment_args(command)
    }
}

impl clap::FromArgMatches for GivenLevels {
    fn from_arg_matches(matches: &ArgMatches) -> Result<GivenLevels, clap::Error> {
        let mut given: Vec<(usize, String, Level)> = Vec::new();
        for (_, name, level, _) in OPTIONS {
            let places = matches.indices_of(name).into_iter().flatten();
            let values = matches.get_many::<String>(name).into_iter().flatten();
            given.extend(places.zip(values).map(|(place, value)| (place, value.clone(), level)));
        }
        given.sort();
        Ok(GivenLevels { given: given.into_iter().map(|(_, name, level)| (name, level)).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = GivenLevels::from_arg_matches(matches)?;
        Ok(())
    }
}
