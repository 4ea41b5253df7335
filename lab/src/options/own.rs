//! Options of a program's own: those of a system that is not one of the testbed's.

use std::collections::BTreeMap;

use clap::builder::Resettable;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, CommandFactory};
use serde_json::{Map, Value};

use crate::system::Setup;

/// The heading of the program's own options in `--help`.
const HEADING: &str = "Options of the algorithm";

/// Why a program's own options cannot be used: change their definition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwnError {
    /// Two options would have the same name.
    #[error(
        "{name} of the program's own options is {taken} already; give the field another name, or \
         the option with `#[arg(long = \"...\")]`"
    )]
    Taken {
        /// The name, as on the command line.
        name: String,
        /// What has it.
        taken: String,
    },
    /// Two fields, or structs, would have the same name.
    #[error("`{name}` of the program's own options has a name of the testbed's; rename it")]
    Field {
        /// The name of the field, or of the struct.
        name: String,
    },
    /// A word without a name would be read as an engine's.
    #[error("`{field}` of the program's own options has no name; add `#[arg(long)]` to the field")]
    Unnamed {
        /// The name of the field.
        field: String,
    },
    /// The subcommands are the engines.
    #[error(
        "the program's own options have a subcommand, and the subcommands are the engines; take \
         an option with the values of an enum, `#[arg(long, value_enum)]`"
    )]
    Subcommand,
    /// An option without a default was not given.
    #[error("{option} is missing: it has no default")]
    Missing {
        /// The option with its value.
        option: String,
    },
}

/// The command line of a program: that of `C`, and the program's own options `O`, which may
/// stand before or after the engine.
///
/// # Errors
/// [`OwnError`]: the definition of `O` does not fit.
pub fn command<C: CommandFactory, O: Args>() -> Result<Command, OwnError> {
    let mut command = C::command();
    let own = of::<O>();
    if own.has_subcommands() {
        return Err(OwnError::Subcommand);
    }
    let mut names = Names::of(&command);
    for arg in own.get_arguments() {
        names.add_own(arg)?;
    }
    let groups = |command: &Command| -> Vec<String> {
        let groups = command.get_groups();
        groups.map(|group| group.get_id().to_string()).collect()
    };
    let taken = groups(&command);
    if let Some(name) = groups(&own).into_iter().find(|name| taken.contains(name)) {
        return Err(OwnError::Field { name });
    }
    // The comment of the struct of options would replace what the program does.
    let about = command.get_about().cloned();
    let long_about = command.get_long_about().cloned();
    command = O::augment_args(command)
        .about(Resettable::from(about))
        .long_about(Resettable::from(long_about));
    for own in own.get_arguments() {
        // A global option cannot be required: `read` checks it.
        command = command.mut_arg(own.get_id(), |arg| {
            let arg = arg.global(true).required(false);
            match own.get_help_heading() {
                Some(_) => arg,
                None => arg.help_heading(HEADING),
            }
        });
    }
    Ok(command)
}

/// The program's own options on the command line, and their values for `run.json`: numbers,
/// Booleans, texts, and lists of these. An option without a value is left out.
///
/// # Errors
/// [`OwnError::Missing`]. Like clap, ends the process where a value cannot be read.
pub fn read<O: Args>(matches: &ArgMatches) -> Result<(O, Map<String, Value>), OwnError> {
    let mut own = of::<O>();
    own.build();
    for arg in own.get_arguments() {
        if arg.is_required_set() && !matches.contains_id(arg.get_id().as_str()) {
            let option = arg.to_string();
            return Err(OwnError::Missing { option });
        }
    }
    let values = own.get_arguments().filter_map(|arg| {
        let value = value(arg, matches)?;
        Some((arg.get_id().to_string(), value))
    });
    let values = values.collect();
    let options = O::from_arg_matches(matches).unwrap_or_else(|error| error.exit());
    Ok((options, values))
}

/// The program's own options whose value is a list, as in `--weights 1,2`.
pub fn lists<O: Args>() -> Vec<String> {
    let own = of::<O>();
    let all = own.get_arguments();
    let lists = all.filter(|arg| arg.get_value_delimiter().is_some());
    lists.flat_map(given).collect()
}

/// Builds a system with the program's own options, each time by values of their own.
pub fn builder<O: Args, S>(
    system: impl Fn(&Setup, O) -> S + Send + Sync + 'static,
    matches: ArgMatches,
) -> impl Fn(&Setup) -> S + Send + Sync + 'static {
    move |setup| {
        let options = O::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        system(setup, options)
    }
}

fn of<O: Args>() -> Command {
    O::augment_args(Command::new("own").disable_help_flag(true))
}

fn value(arg: &Arg, matches: &ArgMatches) -> Option<Value> {
    let id = arg.get_id().as_str();
    if let ArgAction::Count = arg.get_action() {
        return Some(matches.get_count(id).into());
    }
    let mut values: Vec<_> = matches
        .get_raw(id)?
        .map(|raw| scalar(&raw.to_string_lossy()))
        .collect();
    let is_single = arg
        .get_num_args()
        .is_none_or(|count| count.max_values() <= 1);
    match arg.get_action() {
        ArgAction::Append => Some(values.into()),
        _ if is_single && values.len() <= 1 => values.pop(),
        _ => Some(values.into()),
    }
}

/// A number or a Boolean, if it reads as one, or a text.
fn scalar(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
        _ => text.into(),
    }
}

/// The names of all options.
struct Names {
    /// What has a name on the command line, such as `--seed`.
    given: BTreeMap<String, String>,
    fields: Vec<String>,
}

impl Names {
    /// Those of a command, and of all below it.
    fn of(command: &Command) -> Self {
        let help = ["--help", "-h"].map(|name| (name.to_owned(), "the help".to_owned()));
        let mut names = Self {
            given: help.into(),
            fields: vec!["help".to_owned()],
        };
        names.add(command);
        names
    }

    fn add(&mut self, command: &Command) {
        for arg in command.get_arguments() {
            self.fields.push(arg.get_id().to_string());
            let taken = given(arg);
            self.given.extend(
                taken
                    .into_iter()
                    .map(|name| (name, "an option of the testbed".to_owned())),
            );
        }
        command.get_subcommands().for_each(|below| self.add(below));
    }

    fn add_own(&mut self, arg: &Arg) -> Result<(), OwnError> {
        let field = arg.get_id().to_string();
        if arg.is_positional() {
            return Err(OwnError::Unnamed { field });
        }
        for name in given(arg) {
            let taken = format!("that of `{field}`");
            if let Some(taken) = self.given.insert(name.clone(), taken) {
                return Err(OwnError::Taken { name, taken });
            }
        }
        match self.fields.contains(&field) {
            true => Err(OwnError::Field { name: field }),
            false => {
                self.fields.push(field);
                Ok(())
            }
        }
    }
}

/// The names of an option on the command line.
fn given(arg: &Arg) -> Vec<String> {
    let long = arg.get_long_and_visible_aliases().unwrap_or_default();
    let hidden = arg.get_all_aliases().unwrap_or_default();
    let short = arg.get_short_and_visible_aliases().unwrap_or_default();
    let long = long
        .into_iter()
        .chain(hidden)
        .map(|name| format!("--{name}"));
    let mut names: Vec<_> = long
        .chain(short.into_iter().map(|name| format!("-{name}")))
        .collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use clap::{FromArgMatches as _, Parser};

    use super::*;

    /// A command line with a global option and an engine.
    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        run: Run,
        #[command(subcommand)]
        engine: Option<Engine>,
    }

    #[derive(Debug, Args)]
    struct Run {
        #[arg(long, short, global = true, default_value_t = 1)]
        seed: u64,
    }

    #[derive(Debug, clap::Subcommand)]
    enum Engine {
        Simulate {
            #[arg(long)]
            loss: Option<f64>,
        },
    }

    /// Options of the algorithm.
    #[derive(Debug, PartialEq, Args)]
    struct Options {
        #[arg(long, default_value_t = 3)]
        rounds: u32,
        #[arg(long)]
        share: Option<String>,
        #[arg(long)]
        eager: bool,
        #[arg(long, value_delimiter = ',')]
        weights: Vec<u64>,
        #[arg(long, short, action = ArgAction::Count)]
        level: u8,
        #[arg(long)]
        from: u32,
    }

    type Values = Map<String, Value>;

    fn parse(line: &str) -> Result<(Options, Values), String> {
        let command = command::<Program, Options>().expect("options that fit");
        let words = line.split_whitespace();
        let matches = command.try_get_matches_from(std::iter::once("own").chain(words));
        let matches = matches.map_err(|error| error.to_string())?;
        Program::from_arg_matches(&matches).expect("a command line");
        read(&matches).map_err(|error| error.to_string())
    }

    #[test]
    fn own_options_stand_before_or_after_the_engine() {
        for line in [
            "--rounds 7 --share 0.5x --from 2 --eager simulate --seed 3",
            "simulate --rounds 7 --seed 3 --share 0.5x --loss 0.1 --from 2 --eager",
            "--from 2 simulate --rounds 7 --share=0.5x --eager",
        ] {
            let (options, values) = parse(line).expect(line);
            assert_eq!((options.rounds, options.from, options.eager), (7, 2, true));
            let expected = serde_json::json!({
                "rounds": 7, "share": "0.5x", "eager": true, "level": 0, "from": 2
            });
            assert_eq!(Value::from(values), expected, "{line}");
        }
    }

    #[test]
    fn defaults_and_lists_are_among_the_values() {
        let (_, values) = parse("--from 0 --weights 1,2 -ll").expect("a command line");
        let expected = serde_json::json!({
            "rounds": 3, "eager": false, "weights": [1, 2], "level": 2, "from": 0
        });
        assert_eq!(Value::from(values), expected);
    }

    #[test]
    fn a_missing_or_malformed_value_is_named() {
        for (line, words) in [
            ("simulate", "--from <FROM> is missing"),
            ("simulate --from x", "invalid value 'x' for '--from <FROM>'"),
        ] {
            let error = parse(line).expect_err(line);
            assert!(error.contains(words), "{line}: {error}");
        }
    }

    #[test]
    fn help_shows_own_options_under_their_heading() {
        let help = parse("simulate --help").expect_err("the help");
        assert!(help.contains("Options of the algorithm:\n"), "{help}");
        assert!(help.contains("--rounds <ROUNDS>"), "{help}");
        let help = parse("--help").expect_err("the help");
        assert!(help.starts_with("A command line with"), "{help}");
    }

    #[test]
    fn an_option_that_takes_a_list_is_known() {
        assert_eq!(lists::<Options>(), ["--weights"]);
    }

    fn refused<O: Args>() -> String {
        let refused = command::<Program, O>().expect_err("options that do not fit");
        refused.to_string()
    }

    #[test]
    fn options_that_do_not_fit_are_refused_with_the_way_out() {
        #[derive(Args)]
        struct Named {
            #[arg(long = "loss")]
            _share: u64,
        }
        #[derive(Args)]
        struct Short {
            #[arg(short, long)]
            _s: u64,
        }
        #[derive(Args)]
        struct Helps {
            #[arg(long = "help-me", short = 'h')]
            _me: u64,
        }
        #[derive(Args)]
        struct SameField {
            #[arg(long = "own-seed")]
            seed: u64,
        }
        #[derive(Args)]
        #[group(id = "Run")]
        struct SameStruct {
            #[arg(long)]
            _rounds: u64,
        }
        #[derive(Args)]
        struct Positional {
            _rounds: u64,
        }
        #[derive(Args)]
        struct Below {
            #[command(subcommand)]
            _engine: Engine,
        }
        let _ = |options: SameField| options.seed;
        for (error, words) in [
            (refused::<Named>(), "--loss of"),
            (refused::<Short>(), "-s of"),
            (refused::<Helps>(), "is the help already"),
            (refused::<SameField>(), "`seed` of"),
            (refused::<SameStruct>(), "`Run` of"),
            (refused::<Positional>(), "add `#[arg(long)]`"),
            (refused::<Below>(), "the subcommands are the engines"),
        ] {
            assert!(error.contains(words), "{error}");
        }
    }
}
