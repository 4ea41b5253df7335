//! The bodies of the answers to the page's requests, without a server.
//!
//! The server sends them, and a report contains them.

use std::collections::BTreeMap;
use std::path::Path;

use lab::checkers::snapshot::{self, Drawn};
use node::reach::Way;
use opentelemetry_proto::tonic::trace::v1::TracesData;
use serde::Serialize;
use serde_json::Value;
use trace::history::History;
use trace::otlp;
use trace::store::{Query, Store, Summary, TraceId};

use super::edges::{self, Links};
use super::faults::{self, Fault};
use crate::network::REGION;
use crate::run::{self, Folder};

/// `{"csv":"…","csv_rest":0,"host":"…","host_rest":0}`: the run's measurements, and the
/// samples of the host; of each the first lines, and how many bytes are beyond the
/// limit.
#[derive(Debug, Default, Serialize)]
pub(super) struct Results {
    pub(super) csv: String,
    pub(super) csv_rest: u64,
    pub(super) host: String,
    pub(super) host_rest: u64,
}

/// The results written so far, limited to `csv` and `host` bytes.
pub(super) fn results(folder: Option<&Path>, csv: u64, host: u64) -> Result<Results, run::Error> {
    let Some(Ok(folder)) = folder.map(Folder::open) else {
        return Ok(Results::default());
    };
    let (csv, host) = (folder.measured(csv)?, folder.host(host)?);
    Ok(Results {
        csv: csv.text,
        csv_rest: csv.rest,
        host: host.text,
        host_rest: host.rest,
    })
}

/// `{"services":["peer-00",…]}`
#[derive(Debug, Serialize)]
pub(super) struct Services {
    services: Vec<String>,
}

pub(super) fn services(store: &Store) -> Services {
    let services = store.services().into_iter();
    Services {
        services: services.map(|service| service.name).collect(),
    }
}

/// `{"summaries":[…],"total":9}`, the newest trace first, and how many traces
/// there are in all.
#[derive(Debug, Serialize)]
pub(super) struct Summaries {
    pub(super) summaries: Vec<Summary>,
    total: usize,
}

pub(super) fn summaries(store: &Store, query: &Query) -> Summaries {
    Summaries {
        summaries: store.summaries(query),
        total: store.trace_count(),
    }
}

/// `{"result":{"resourceSpans":[…]}}`. A struct and not `json!`, which would
/// hold the trace a second time.
#[derive(Debug, Serialize)]
pub(super) struct Trace {
    #[serde(serialize_with = "otlp::write")]
    pub(super) result: TracesData,
}

pub(super) fn trace(store: &Store, id: TraceId) -> Option<Trace> {
    store.trace(id).map(|result| Trace { result })
}

pub(super) fn span(store: &Store, trace: TraceId, id: u64) -> Option<Trace> {
    store.span(trace, id).map(|result| Trace { result })
}

/// `{"cuts":[…]}`: the snapshots of the run.
#[derive(Debug, Serialize)]
pub(super) struct Cuts {
    pub(super) cuts: Vec<Drawn>,
}

pub(super) fn cuts(store: &Store) -> Cuts {
    Cuts {
        cuts: snapshot::drawn(&History::read(store), store.first_start()),
    }
}

/// `{"edges":[["peer-00","peer-01"],…],"ways":[["peer-00","peer-01","punched"],…],"faults":[…],
/// "regions":{"peer-00":"tokyo",…}}`: the connections between peers, how they came about, the
/// faults that were injected, and where peers sit in a world.
#[derive(Debug, Serialize)]
pub(super) struct Topology {
    edges: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ways: Vec<(String, String, Way)>,
    faults: Vec<Fault>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    regions: BTreeMap<String, String>,
}

pub(super) fn topology(store: &Store, run: &Value) -> Topology {
    let Links { edges, ways } = edges::links(store, run);
    Topology {
        edges,
        ways,
        faults: faults::faults(store),
        regions: store.resource_texts(REGION),
    }
}
