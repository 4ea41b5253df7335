//! What the tests across rooms share: the programs as a user starts them, and
//! what stands around them.

pub mod collector;
pub mod foreign;
pub mod http;
pub mod peers;
pub mod ports;
pub mod programs;
pub mod prometheus;
pub mod running;
pub mod saved;
pub mod spans;

pub use programs::{
    CALM, cargo, node, own_algorithm, own_push_sum, own_simulated, own_template, testbed,
    with_hangup, workspace,
};
pub use running::{Ended, Running, run, until};
pub use saved::{Runs, measured, record, refused};

/// Makes four tests of each function, one for each transport, which is its argument.
#[macro_export]
macro_rules! on_each_transport {
    ($($name:ident),* $(,)?) => {
        mod over_tcp {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::Transport::Tcp).await; })*
        }
        mod over_websocket {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::Transport::WebSocket).await; })*
        }
        mod over_memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::Transport::Memory).await; })*
        }
        mod over_quic {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::Transport::Quic).await; })*
        }
    };
}
