//! The tables of `testbed graph`, and the same as JSON.

use lab::graph::{Cell, Interval, Mean, Name, Plan, Run, Sample, published};
use lab::stats::thousands;
use serde_json::{Value, json};

use crate::sweep::aligned;

/// What was computed of a plan.
#[derive(Debug)]
pub struct Report<'a> {
    plan: &'a Plan,
    run: &'a Run,
}

impl<'a> Report<'a> {
    /// The report on this plan.
    pub fn new(plan: &'a Plan, run: &'a Run) -> Self {
        Self { plan, run }
    }

    /// As text: a table of distances, and one of connectivity.
    pub fn text(&self) -> String {
        let (plan, cells) = (self.plan, &self.run.cells);
        let mut text = format!(
            "random overlays, model {}, {} graph{} a line, seed {}\n",
            word(plan.config.model.name()),
            plan.graphs,
            if plan.graphs == 1 { "" } else { "s" },
            plan.config.seed
        );
        let first = ["peers", "links", "kill", "graphs"];
        let table = |rest: &[&str], of: &dyn Fn(&Cell) -> Vec<String>| {
            let head = first.iter().chain(rest).map(|name| (*name).to_owned());
            let mut lines = vec![head.collect::<Vec<_>>()];
            lines.extend(cells.iter().map(|cell| [key(cell), of(cell)].concat()));
            aligned(&lines)
        };
        text.push_str("\ndistance in hops, of nodes with a path\n");
        text.push_str(&table(
            &[
                "degree",
                "sources",
                "pairs",
                "mean",
                "95 % interval",
                "theory",
                "published",
                "longest",
            ],
            &|cell| self.distance(cell),
        ));
        text.push_str("\nconnectivity of the nodes that are alive\n");
        text.push_str(&table(
            &[
                "alive",
                "components",
                "largest",
                "pairs",
                "cut off",
                "95 % interval",
            ],
            &connectivity,
        ));
        if !self.run.is_complete {
            text.push_str(&self.interrupted());
        }
        text
    }

    fn interrupted(&self) -> String {
        let sizes = self.run.cells.chunks(self.plan.kills.len().max(1));
        let graphs: usize = sizes.map(|kills| kills[0].samples.len()).sum();
        format!(
            "\ninterrupted: {graphs} of {} graphs were computed\n",
            self.plan.tasks()
        )
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        let cells: Vec<_> = self.run.cells.iter().map(|cell| self.cell(cell)).collect();
        json!({
            "command": "graph",
            "model": self.plan.config.model.name(),
            "seed": self.plan.config.seed,
            "graphs": self.plan.graphs,
            "complete": self.run.is_complete,
            "cells": cells,
        })
    }

    fn cell(&self, cell: &Cell) -> Value {
        json!({
            "peers": cell.size.peers,
            "links": cell.size.links,
            "kill": cell.kill,
            "graphs": cell.samples.len(),
            "alive": cell.alive(),
            "degree": cell.mean(Sample::degree),
            "sources": cell.sum(|one| one.sources),
            "source_pairs": cell.sum(|one| one.reached),
            "distance": cell.distance().map(in_json),
            "estimate": cell.estimate(),
            "published": self.published(cell),
            "longest": cell.longest(),
            "components": cell.mean(|one| one.components as f64),
            "largest": cell.mean(|one| one.largest as f64),
            "pairs": cell.sum(Sample::pairs),
            "cut_off": in_json(cell.cut_off()),
        })
    }

    fn distance(&self, cell: &Cell) -> Vec<String> {
        let distance = cell.distance();
        let three = |value: f64| format!("{value:.3}");
        let or_none = |value: Option<f64>| value.map_or("-".to_owned(), three);
        vec![
            format!("{:.2}", cell.mean(Sample::degree)),
            thousands(cell.sum(|one| one.sources)),
            thousands(cell.sum(|one| one.reached)),
            or_none(distance.map(|mean| mean.value)),
            between(distance.and_then(|mean| mean.interval), three),
            or_none(cell.estimate()),
            or_none(self.published(cell)),
            cell.longest().to_string(),
        ]
    }

    /// The distance that was published, which is of opened links and of nodes that live.
    pub(super) fn published(&self, cell: &Cell) -> Option<f64> {
        let compares = cell.kill == 0.0 && self.plan.config.model.name() != Name::Total;
        let published = published::distance(cell.size.peers, cell.size.links);
        published.filter(|_| compares)
    }
}

fn key(cell: &Cell) -> Vec<String> {
    vec![
        cell.size.peers.to_string(),
        cell.size.links.to_string(),
        cell.kill.to_string(),
        cell.samples.len().to_string(),
    ]
}

fn connectivity(cell: &Cell) -> Vec<String> {
    let cut_off = cell.cut_off();
    vec![
        cell.alive().to_string(),
        format!("{:.1}", cell.mean(|one| one.components as f64)),
        format!("{:.1}", cell.mean(|one| one.largest as f64)),
        thousands(cell.sum(Sample::pairs)),
        power(cut_off.value),
        between(cut_off.interval, power),
    ]
}

/// `2.3e-4`, as shares of any size can be read.
fn power(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        _ => format!("{value:.1e}"),
    }
}

fn between(interval: Option<Interval>, show: impl Fn(f64) -> String) -> String {
    interval.map_or("-".to_owned(), |of| {
        format!("{} to {}", show(of.low), show(of.high))
    })
}

fn in_json(mean: Mean) -> Value {
    json!({ "mean": mean.value, "interval": mean.interval })
}

fn word(name: Name) -> String {
    lab::values::name_of(name)
}

#[cfg(test)]
mod tests {
    use lab::graph::{Config, Model, run};

    use super::*;

    fn plan(kills: &[f64]) -> Plan {
        Plan {
            peers: vec![100],
            links: vec![10],
            kills: kills.into(),
            graphs: 3,
            config: Config {
                model: Model::Opened,
                sources: None,
                seed: 1,
            },
        }
    }

    #[test]
    fn tables_have_counts_and_intervals_beside_each_mean() {
        let plan = plan(&[0.0, 0.9]);
        let run = run(&plan, 1, &|| false, &|| ());
        let text = Report::new(&plan, &run).text();
        let rows: Vec<Vec<_>> = text
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        let row = rows
            .iter()
            .find(|row| row.starts_with(&["100", "10", "0", "3"]));
        let row = row.expect("a row of the distances");
        // Three graphs, 100 sources each, and 99 others.
        assert_eq!(row[5..7], ["300", "29,700"], "{text}");
        assert_eq!(row[12], "1.838", "published, without a node itself: {text}");
        assert!(text.contains("of nodes with a path") && !text.contains("interrupted"));
        let document = Report::new(&plan, &run).json();
        let killed = &document["cells"][1];
        assert_eq!(
            (&killed["alive"], &killed["pairs"]),
            (&json!(10), &json!(135))
        );
        assert_eq!(killed["published"], Value::Null);
        assert!(killed["cut_off"]["mean"].as_f64() > Some(0.0), "{killed}");
    }

    #[test]
    fn an_interrupted_run_says_how_far_it_came() {
        let plan = plan(&[0.0]);
        let mut run = run(&plan, 1, &|| false, &|| ());
        run.cells[0].samples.pop();
        run.is_complete = false;
        let text = Report::new(&plan, &run).text();
        assert!(
            text.ends_with("interrupted: 2 of 3 graphs were computed\n"),
            "{text}"
        );
    }
}
