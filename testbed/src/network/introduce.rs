//! Preloads routing tables before any peer is connected.

use node::lookup::KnownPeers;
use opentelemetry::Context;
use opentelemetry::trace::{TraceContextExt as _, Tracer as _};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use tokio::time::Instant;
use trace::telemetry::Tracer;

use super::{Builder, Member};
use crate::run::Record;

impl Builder<'_> {
    /// Introduces others to every peer, as many as its routing table holds. The seed
    /// determines which.
    pub(super) async fn introduce_peers(
        &self,
        record: &mut Record,
        laboratory: &Tracer,
        setup: &Context,
        members: &[Member],
    ) {
        let span = laboratory.start_with_context("IntroducePeers", setup);
        let began = Instant::now();
        let known = KnownPeers::new(members.iter().map(|member| {
            let mut address = member.address.clone();
            address.pop(); // Its last part is the PeerId.
            (member.handle.peer_id(), address)
        }));
        let bar = self.progress.bar("introducing", members.len() as u64);
        for (index, member) in (0..).zip(members) {
            let mut rng = ChaCha8Rng::seed_from_u64(self.options.seed);
            rng.set_stream(index);
            let table = known.table(member.handle.peer_id(), &mut rng);
            member.handle.introduce(table).await;
            bar.step();
        }
        setup.with_span(span).span().end();
        record.phase("IntroducePeers", began.elapsed());
    }
}
