//! Commands to a process, from wherever they come.

use algorithms::{Algorithm, NodeId};
use opentelemetry::Context;
use tokio::sync::mpsc;
use trace::steps::RequestRecord;

use super::{Driver, Order, Stopped};

/// Gives commands to a process. It keeps neither the process nor its peer running.
#[derive(Debug)]
pub struct Commander<A: Algorithm> {
    id: NodeId,
    orders: mpsc::Sender<Order<A>>,
}

impl<A: Algorithm> Commander<A> {
    /// Gives the process a command. The step that handles it becomes part of the
    /// span in `context`: an operation, from the command until its answer. The owner
    /// of that span ends it. Without a span in `context` the step gets one of its own.
    /// `request` is recorded as the request of a client, if there is one.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn command(
        &self,
        command: A::Command,
        request: Option<RequestRecord>,
        context: Context,
    ) -> impl Future<Output = Result<(), Stopped>> + Send + use<A> {
        let (id, orders) = (self.id, self.orders.clone());
        async move {
            let order = Order::Command(command, request, context);
            orders.send(order).await.map_err(|_| Stopped(id))
        }
    }
}

impl<A: Algorithm> Driver<A> {
    /// What gives it commands, from anywhere.
    pub fn commander(&self) -> Commander<A> {
        Commander {
            id: self.id,
            orders: self.orders.clone(),
        }
    }

    /// Gives the process a command, as [`Commander::command`] does.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn command(
        &self,
        command: A::Command,
        request: Option<RequestRecord>,
        context: Context,
    ) -> impl Future<Output = Result<(), Stopped>> + Send + use<A> {
        self.commander().command(command, request, context)
    }
}
