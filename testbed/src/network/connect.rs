//! Every peer dials its neighbours with higher numbers.

use algorithms::NodeId;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use node::{Handle, Multiaddr, dial};
use opentelemetry::trace::{SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use tokio::time::{Instant, timeout};
use trace::telemetry::Tracer;

use super::{
    BARRIER, Builder, DIAL, Error, FailedDial, FailedDials, Member, at_a_time, neighbours,
};
use crate::run::Record;

/// One dial: the dialler and its target.
pub(super) struct Dial {
    pub(super) by: NodeId,
    pub(super) handle: Handle,
    pub(super) tracer: Tracer,
    pub(super) to: String,
    pub(super) address: Multiaddr,
    pub(super) parent: Context,
}

impl Builder<'_> {
    /// Dials in order, a bounded number concurrently, and waits until both sides of each
    /// connection have seen it.
    pub(super) async fn connect_peers(
        &self,
        record: &mut Record,
        laboratory: &Tracer,
        setup: &Context,
        members: &[Member],
    ) -> Result<(), Error> {
        let span = laboratory.start_with_context("ConnectPeers", setup);
        let context = setup.with_span(span);
        let began = Instant::now();
        let dials = self.dials(members, &context);
        let all = dials.len();
        let bar = self.progress.bar("connecting", all as u64);
        let failed: Vec<FailedDial> = stream::iter(dials)
            .map(Dial::carry_out)
            .buffer_unordered(at_a_time(self.options.time))
            .inspect(|_| bar.step())
            .filter_map(|result| async { result.err() })
            .collect()
            .await;
        record.connections = (all - failed.len()) as u64;
        if !failed.is_empty() {
            let error = FailedDials { failed, all };
            context.span().set_status(Status::error(error.to_string()));
            return Err(error.into());
        }
        self.barrier(members).await?;
        context.span().end();
        record.phase("ConnectPeers", began.elapsed());
        Ok(())
    }

    fn dials(&self, members: &[Member], parent: &Context) -> Vec<Dial> {
        let dial = |by: u32, to: String, address: &Multiaddr| Dial {
            by: NodeId(by),
            handle: members[by as usize].handle.clone(),
            tracer: members[by as usize].tracer.clone(),
            to,
            address: address.clone(),
            parent: parent.clone(),
        };
        let edges = self.options.edges.iter();
        let inside = edges.map(|&(a, b)| {
            let address = &members[b as usize].address;
            dial(a, NodeId(b).to_string(), address)
        });
        let outside = self
            .external
            .map(|o| dial(o.dialled_by, o.peer.to_string(), &o.address));
        inside.chain(outside).collect()
    }

    /// Waits until all peers have seen their connections. A dial ends once the dialler
    /// has the connection; the other side may see it later.
    async fn barrier(&self, members: &[Member]) -> Result<(), Error> {
        let handles = members.iter().map(|member| member.handle.clone());
        let expected = neighbours(self.options).into_iter().map(|all| all.len());
        let waits: Vec<_> = (0..)
            .zip(handles.zip(expected))
            .map(|(index, (handle, expected))| see_all(NodeId(index), handle, expected))
            .collect();
        stream::iter(waits)
            .buffer_unordered(at_a_time(self.options.time))
            .try_collect()
            .await
    }
}

async fn see_all(peer: NodeId, handle: Handle, expected: usize) -> Result<(), Error> {
    match timeout(BARRIER, handle.wait_connected(expected)).await {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(Error::Unconnected {
            peer,
            connected: handle.connected(),
            expected,
        }),
    }
}

impl Dial {
    pub(super) async fn carry_out(self) -> Result<(), FailedDial> {
        let tracer = &self.tracer;
        let span = tracer
            .span_builder(DIAL)
            .with_kind(SpanKind::Client)
            .with_attributes([
                KeyValue::new("p2p.remote", self.to.clone()),
                KeyValue::new("network.peer.address", self.address.to_string()),
            ])
            .start_with_context(tracer, &self.parent);
        let context = self.parent.with_span(span);
        let result = self.handle.dial(self.address).await;
        if let Err(error) = &result {
            context
                .span()
                .set_attribute(KeyValue::new("error.type", dial::Error::kind(error)));
            context.span().set_status(Status::error(error.to_string()));
        }
        context.span().end();
        result.map(drop).map_err(|source| FailedDial {
            by: self.by,
            to: self.to,
            source,
        })
    }
}
