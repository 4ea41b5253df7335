//! `testbed graph` on the command line.

mod lists;

use std::path::PathBuf;

use clap::Args;
use lab::graph::{Config, Model, Name, Plan, alive};

use super::{Common, Usage};
use lists::{Counts, Peers, Shares};

/// The most graphs of a plan, each measured once for each killed share. A guess: they take days.
const MOST: usize = 100_000;

/// The most graphs of a line. A guess.
const MOST_GRAPHS: i64 = 10_000;

/// Options of `testbed graph`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of graph")]
pub struct Graph {
    /// How many nodes there are.
    #[command(flatten)]
    pub peers: Peers,
    /// How many links each node opens, or has with --model total: numbers, or ranges. A
    /// range rises by 5: 5..50 is 5, 10, 15 and so on up to 50
    #[arg(long, value_name = "K|A..B,...", default_value = "10", value_parser = lists::links)]
    pub links: Counts,
    /// Which share of the nodes is removed, at random: shares from 0 to below 1, or ranges. A
    /// range rises by 0.1: 0..0.9 is 0, 0.1 and so on up to 0.9
    #[arg(long, value_name = "P|A..B,...", default_value = "0", value_parser = lists::shares)]
    pub kill: Shares,
    /// What a link is. opened: each node opens K links to others that it has none with yet, so
    /// it has about 2 K. total: each has K links in all, as with --topology random:K. re6stnet:
    /// as its authors simulated it, each draws K others, of which one may be the same, or refuse
    #[arg(
        long,
        value_name = "M",
        default_value = "opened",
        hide_possible_values = true
    )]
    pub model: Name,
    /// How many links a node has at which it refuses more, with --model re6stnet [default: 3 K]
    #[arg(long, value_name = "N", value_parser = lab::values::count::<u32>)]
    pub limit: Option<u32>,
    /// How many graphs are made for each line; the intervals are of their means
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=MOST_GRAPHS))]
    pub graphs: u32,
    /// From how many nodes of a graph the distances to all others are measured [default: all
    /// where that is cheap, and at least 32]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub sources: Option<u32>,
    /// Draw the distance over the number of nodes, and the share of pairs that are cut off
    /// over that of living nodes, as SVG into this folder
    #[arg(long, value_name = "DIR")]
    pub plot: Option<PathBuf>,
}

impl Graph {
    /// The options, checked.
    ///
    /// # Errors
    /// [`Usage`], with the value and a remedy.
    pub fn plan(&self, common: &Common) -> Result<Plan, Usage> {
        let (peers, links, kills) = (&self.peers.0, &self.links.0, &self.kill.0);
        if let Some((peers, links)) = pairs(peers, links).find(|(peers, links)| links >= peers) {
            return Err(Usage::value(
                format!("--links {links} with --peers {peers}"),
                format!(
                    "a node has a link with each of {} others at most; take fewer links, or at \
                     least {} peers",
                    peers.saturating_sub(1),
                    u64::from(links) + 1
                ),
            ));
        }
        if let Some((peers, kill)) =
            pairs(peers, kills).find(|(peers, kill)| alive(*peers, *kill) < 2)
        {
            return Err(Usage::value(
                format!("--kill {kill} with --peers {peers}"),
                format!(
                    "{} of the nodes would be left, and a pair is needed; kill fewer, or start \
                     with more peers",
                    alive(peers, kill)
                ),
            ));
        }
        let plan = Plan {
            peers: peers.clone(),
            links: links.clone(),
            kills: kills.clone(),
            graphs: self.graphs,
            config: Config {
                model: self.model()?,
                sources: self.sources,
                seed: common.seed.unwrap_or_else(|| rand::random::<u32>().into()),
            },
        };
        match plan.tasks() {
            tasks if tasks > MOST => Err(Usage::value(
                format!("--graphs {}", self.graphs),
                format!("{tasks} graphs are more than {MOST}; take shorter lists, or fewer graphs"),
            )),
            _ => Ok(plan),
        }
    }

    fn model(&self) -> Result<Model, Usage> {
        match (self.model, self.limit) {
            (Name::Opened, None) => Ok(Model::Opened),
            (Name::Total, None) => Ok(Model::Total),
            (Name::Re6stnet, limit) => Ok(Model::Re6stnet { limit }),
            (Name::Opened | Name::Total, Some(limit)) => Err(Usage::value(
                format!("--limit {limit}"),
                "nodes refuse links with --model re6stnet alone; add that, or leave --limit out",
            )),
        }
    }
}

fn pairs<'a, T: Copy>(peers: &'a [u32], all: &'a [T]) -> impl Iterator<Item = (u32, T)> + 'a {
    let with = |peers: &u32| {
        let peers = *peers;
        all.iter().map(move |one| (peers, *one))
    };
    peers.iter().flat_map(with)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn plan(line: &str) -> Result<Plan, String> {
        let words = format!("testbed {line}");
        let cli = Cli::try_parse_from(words.split_whitespace()).map_err(|e| e.to_string())?;
        let Command::Graph(graph) = cli.command else {
            panic!("{line}: not graph");
        };
        graph.plan(&cli.common).map_err(|error| error.to_string())
    }

    #[test]
    fn ranges_and_lists_make_the_lines() {
        let all = plan("graph --peers 100..102400 --links 5..50 --kill 0..0.9 --seed 3");
        let all = all.expect("a plan");
        assert_eq!(all.peers.len(), 11);
        assert_eq!(all.links, [5, 10, 15, 20, 25, 30, 35, 40, 45, 50]);
        assert_eq!(
            all.kills,
            [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
        );
        assert_eq!(
            (all.sizes().len(), all.tasks(), all.config.seed),
            (110, 550, 3)
        );
        // A number may stand before the command, as of every run.
        let before = plan("--peers 300 graph --links 3,9").expect("a plan");
        assert_eq!((before.peers, before.links), (vec![300], vec![3, 9]));
        let model = plan("graph --model re6stnet --limit 25").expect("a plan");
        assert_eq!(model.config.model, Model::Re6stnet { limit: Some(25) });
    }

    #[test]
    fn what_makes_no_sense_together_is_refused() {
        for (line, parts) in [
            ("--peers 0", &["--peers", "0", "from 1 on"][..]),
            (
                "--peers 10 --links 10",
                &["--links 10 with --peers 10", "9 others", "11 peers"],
            ),
            (
                "--peers 8..64 --links 5..50",
                &["--links 10 with --peers 8"],
            ),
            (
                "--peers 100 --kill 0.99",
                &["--kill 0.99 with --peers 100", "1 of the nodes"],
            ),
            ("--peers 1 --links 1", &["--links 1 with --peers 1"]),
            ("--kill 1", &["--kill", "below 1"]),
            ("--kill 1.5", &["--kill"]),
            ("--kill NaN", &["--kill", "NaN"]),
            ("--kill=-0.1", &["--kill"]),
            ("--kill 0.9..0.1", &["--kill", "0.1..0.9"]),
            ("--links 50..5", &["--links", "5..50"]),
            ("--peers 1600..100", &["--peers", "100..1600"]),
            ("--links 5,5", &["each value once"]),
            ("--links 5,,6", &["--links"]),
            ("--links 5..", &["--links"]),
            ("--links 0", &["--links", "from 1 on"]),
            ("--peers 5000000000", &["--peers", "4294967295"]),
            ("--graphs 0", &["--graphs"]),
            ("--sources 0", &["--sources"]),
            ("--limit 20", &["--limit 20", "--model re6stnet"]),
            ("--model full", &["full", "opened"]),
            (
                "--links 1..100000000 --peers 200000000",
                &["--links", "more than"],
            ),
            (
                "--graphs 10000 --peers 100..102400",
                &["--graphs 10000", "110000 graphs"],
            ),
        ] {
            let error = plan(&format!("graph {line}")).expect_err(line);
            for part in parts {
                assert!(error.contains(part), "{line}: {error}");
            }
        }
    }
}
