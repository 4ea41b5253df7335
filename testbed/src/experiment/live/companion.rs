//! What goes on beside a system: it hears what processes say, gives them commands of its own,
//! and learns which of them are down.

use algorithms::{Algorithm, NodeId};
use futures::future::BoxFuture;
use lab::simulator::Change;
use node::driver::{Commander, Driver};

use crate::experiment::Error;

/// What goes on beside a system that runs over real peers.
pub trait Companion<A: Algorithm>: Send {
    /// Gets ready, before the first operation.
    ///
    /// # Errors
    /// [`Error::Companion`]: it cannot, and the run ends.
    fn begin<'a>(&'a mut self, drivers: &'a [Driver<A>]) -> BoxFuture<'a, Result<(), Error>>;

    /// A process has said something.
    fn hear(&mut self, node: NodeId, output: &A::Output);

    /// A process has crashed.
    fn crashed(&mut self, node: NodeId);

    /// It runs again.
    fn restarted(&mut self, node: NodeId, commander: Commander<A>);

    /// Links were to change: where there is no network that does it, the companion may.
    fn changed(&mut self, change: &Change);

    /// It halts, or goes on.
    fn halted(&mut self, node: NodeId, halts: bool);
}
