//! Processes on peers that are not of the run.

use algorithms::{Algorithm, NodeId};
use libp2p::PeerId;
use tokio::sync::oneshot;

use super::{Driver, Order, Stopped};

impl<A: Algorithm> Driver<A> {
    /// The number of the process on that peer, which may be a stranger.
    ///
    /// # Errors
    /// [`Stopped`].
    pub(crate) async fn number(&self, peer: PeerId) -> Result<NodeId, Stopped> {
        let (reply, number) = oneshot::channel();
        let order = Order::Number(peer, reply);
        let sent = self.orders.send(order).await;
        sent.map_err(|_| Stopped(self.id))?;
        number.await.map_err(|_| Stopped(self.id))
    }
}
