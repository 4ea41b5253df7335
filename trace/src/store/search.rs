//! Finding spans among a million.
//!
//! Groups of rows are searched from the one with the newest span to the one with the
//! oldest. A group whose signature rules out the query is skipped; in the others,
//! rows are compared, and encoded spans read. A trace starts no later than any of its
//! spans. So when enough traces are found that start later than every span in the
//! remaining groups, these are the newest.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use super::query::Query;
use super::rows::{Group, Row};
use super::table::Table;
use super::tokens::{Token, Wanted};
use super::{Store, TraceId, value};
use crate::jaeger;

/// How many groups are searched under one lock, some milliseconds at most: peers
/// report during a search.
const GROUPS_PER_LOCK: usize = 64;

impl Store {
    /// The traces that match a query, the newest first.
    pub(super) fn search(&self, query: &Query) -> Vec<TraceId> {
        let limit = query.limit.unwrap_or(usize::MAX);
        let mut newest = BTreeSet::new();
        let mut seen = FxHashSet::default();
        self.scan(query, |table, row, meets| {
            let trace = table.trace_at(row.trace);
            // Further spans of a trace add nothing to the first match.
            if !seen.contains(&trace.id) && meets() {
                seen.insert(trace.id);
                newest.insert((Reverse(trace.start), trace.id));
                if newest.len() > limit {
                    newest.pop_last();
                }
            }
            match newest.last() {
                Some((Reverse(start), _)) if newest.len() == limit => *start,
                _ if limit == 0 => u64::MAX,
                _ => 0,
            }
        });
        newest.into_iter().map(|(_, id)| id).collect()
    }

    /// The spans that meet a query's conditions, at most as many as its limit,
    /// the newest first; and whether there are more.
    #[must_use]
    pub fn find_spans(&self, query: &Query) -> (Vec<(TraceId, u64)>, bool) {
        let limit = query.limit.unwrap_or(usize::MAX);
        let mut newest = BTreeSet::new();
        let mut more = false;
        self.scan(query, |table, row, meets| {
            if meets() {
                newest.insert((Reverse(row.start), table.trace_at(row.trace).id, row.id));
                if newest.len() > limit {
                    newest.pop_last();
                    more = true;
                }
            }
            match newest.last() {
                Some((Reverse(start), ..)) if more => *start,
                _ if more => u64::MAX,
                _ => 0,
            }
        });
        let spans = newest.into_iter().map(|(_, trace, id)| (trace, id));
        (spans.collect(), more)
    }

    /// Passes every row that may meet the query to `take`, with a function that checks
    /// whether it does. `take` returns the earliest start of rows that are still needed.
    fn scan(
        &self,
        query: &Query,
        mut take: impl FnMut(&Table, &Row, &mut dyn FnMut() -> bool) -> u64,
    ) {
        while self.write().sign(GROUPS_PER_LOCK) {}
        let mut groups: Vec<_> = self
            .read()
            .groups()
            .map(|(n, newest)| (newest, n))
            .collect();
        groups.sort_unstable_by_key(|group| Reverse(*group));
        let mut plan: Option<(u64, Plan<'_>)> = None;
        let mut floor = query.start_min.unwrap_or(0);
        for groups in groups.chunks(GROUPS_PER_LOCK) {
            let table = self.read();
            let plan = match &mut plan {
                Some((epoch, plan)) if *epoch == table.epoch() => &*plan,
                old => &old.insert((table.epoch(), Plan::new(query, &table))).1,
            };
            for (newest, number) in groups {
                if *newest < floor {
                    return;
                }
                let Some((group, places)) = table.group(*number) else {
                    continue;
                };
                if !plan.may_be_in(group) {
                    continue;
                }
                for place in places {
                    let row = table.row(place);
                    let mut meets = || plan.meets(&table, row);
                    floor = floor.max(take(&table, row, &mut meets));
                }
            }
        }
    }
}

/// A query in the current numbers of a table.
struct Plan<'a> {
    query: &'a Query,
    /// Whether each service has the name; `None` if any name will do.
    services: Option<Vec<bool>>,
    /// `Some(None)` is a name that no span has.
    operation: Option<Option<u32>>,
    attributes: Vec<Condition>,
    /// A matching group has at least one token of each of these lists.
    tokens: Vec<Vec<Token>>,
}

struct Condition {
    wanted: Wanted,
    /// Whether each service's resource or scope meets it.
    services: Vec<bool>,
    error: bool,
    kind: Option<u8>,
}

impl<'a> Plan<'a> {
    fn new(query: &'a Query, table: &Table) -> Self {
        let mut tokens = Vec::new();
        let services = query.service.as_ref().map(|name| {
            tokens.push(vec![Token::service(name)]);
            by_number(table, |source| source.name == *name)
        });
        let operation = query.operation.as_ref().map(|name| {
            tokens.push(vec![Token::name(name)]);
            table.name_id(name)
        });
        let mut attributes = Vec::new();
        for (key, text) in &query.attributes {
            let wanted = Wanted::new(key, text);
            let services = by_number(table, |source| {
                let mut all = source.attributes();
                all.any(|attribute| value::matches(attribute, key, text))
            });
            let condition = Condition {
                error: key == "error" && text == "true",
                kind: (0..=5).find(|kind| {
                    key == "span.kind" && jaeger::kind_name((*kind).into()) == Some(text)
                }),
                wanted,
                services,
            };
            if let Some(any) = condition.tokens() {
                tokens.push(any);
            }
            attributes.push(condition);
        }
        Self {
            query,
            services,
            operation,
            attributes,
            tokens,
        }
    }

    fn may_be_in(&self, group: &Group) -> bool {
        let mut tokens = self.tokens.iter();
        tokens.all(|any| any.iter().any(|token| group.may_have(*token)))
    }

    /// The encoded span is read last.
    fn meets(&self, table: &Table, row: &Row) -> bool {
        let of = |services: &Vec<bool>| services[row.source as usize];
        self.services.as_ref().is_none_or(of)
            && self.operation.is_none_or(|name| name == Some(row.name))
            && self.query.meets_times(row.start, row.end)
            && self.attributes.iter().all(|condition| {
                of(&condition.services)
                    || (condition.error && row.error)
                    || condition.kind == Some(row.kind)
                    || condition.wanted.is_in(table.rest(row))
            })
    }
}

impl Condition {
    /// The tokens, one of which a matching group must have; `None` if a resource alone
    /// may meet the condition.
    fn tokens(&self) -> Option<Vec<Token>> {
        (!self.services.contains(&true)).then(|| self.wanted.tokens())
    }
}

fn by_number(table: &Table, meets: impl Fn(&super::table::Source) -> bool) -> Vec<bool> {
    let mut all = Vec::new();
    for (id, source) in table.sources() {
        all.resize(id as usize, false);
        all.push(meets(source));
    }
    all
}
