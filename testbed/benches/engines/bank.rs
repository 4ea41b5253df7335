//! What the engines run: Chandy and Lamport's snapshots of a bank.

use std::marker::PhantomData;
use std::time::Duration;

use algorithms::bank::Bank;
use algorithms::chandy_lamport::ChandyLamport;
use lab::system::snapshot::Snapshots;

/// Snapshots of a bank.
pub(crate) type BankSnapshots = Snapshots<(Bank, ChandyLamport<Bank>)>;

/// `testbed … snapshot`: a full mesh, one snapshot after 200 ms, each process
/// with 50 transfers a second.
pub(crate) fn bank(peers: u32) -> BankSnapshots {
    let others = |me| (0..peers).filter(|other| *other != me).collect();
    Snapshots {
        neighbours: (0..peers).map(others).collect(),
        initiators: 1,
        each: 1,
        every: Duration::from_millis(200),
        amount: 100,
        pace: Duration::from_millis(20),
        limit: u64::MAX,
        patience: Duration::from_secs(10),
        fifo: true,
        algorithm: PhantomData,
    }
}
