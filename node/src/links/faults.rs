//! What changes while connections are open: faults of links, and the world.
//!
//! Each end of a connection has a signal, which a change sets, and the reader of that end takes
//! over the change when it is polled next. So a reader locks nothing while nothing changes.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::task::AtomicWaker;
use tokio::time::Instant;

use super::lines::Lines;
use super::{Fabric, World};

/// The receiver of an end, its sender, and its number.
type Key = (u32, u32, u64);

/// The links of a network now.
#[derive(Debug)]
pub(super) struct State {
    world: Arc<dyn World>,
    /// How often the world has changed.
    version: u64,
    /// `None` if no line has a limit.
    lines: Option<Arc<Lines>>,
    /// How many faults hold a direction, from one peer to another.
    held: BTreeMap<(u32, u32), u32>,
    slow: BTreeMap<u32, Duration>,
    /// The ends of connections. They are woken in this order.
    ends: BTreeMap<Key, Arc<Signal>>,
    /// How many there have been.
    opened: u64,
}

/// One direction of a link now.
pub(super) struct Conditions {
    pub(super) is_held: bool,
    pub(super) slow: Duration,
    pub(super) world: Arc<dyn World>,
    pub(super) version: u64,
    pub(super) lines: Option<Arc<Lines>>,
}

/// The receiving end of one direction of a connection.
pub(super) struct End {
    fabric: Arc<Fabric>,
    key: Key,
    signal: Arc<Signal>,
}

#[derive(Debug, Default)]
struct Signal {
    has_changed: AtomicBool,
    reader: AtomicWaker,
}

/// Faults. They hold for connections that are open and for those that follow, over TCP and in
/// memory.
impl Fabric {
    /// Holds one direction of a link: bytes from one peer to another wait until it is released,
    /// and so does a dial that needs this direction. No byte is lost, as over TCP if the cut is
    /// short enough. Several faults may hold a direction; it takes as many releases.
    pub fn hold(&self, from: u32, to: u32) {
        self.alter((to, from, 0)..=(to, from, u64::MAX), |state| {
            *state.held.entry((from, to)).or_default() += 1;
        });
    }

    /// Takes back one [`hold`](Self::hold). After the last, what should have arrived meanwhile
    /// arrives at once, in order. No effect on a direction that is not held.
    pub fn release(&self, from: u32, to: u32) {
        self.alter((to, from, 0)..=(to, from, u64::MAX), |state| {
            let Some(holds) = state.held.get_mut(&(from, to)) else {
                return;
            };
            *holds -= 1;
            if *holds == 0 {
                state.held.remove(&(from, to));
            }
        });
    }

    /// What is sent to that peer from now on arrives so much later than the world says. This
    /// replaces what was said of the peer before; zero ends it.
    pub fn slow(&self, peer: u32, by: Duration) {
        self.alter((peer, 0, 0)..=(peer, u32::MAX, u64::MAX), |state| {
            if by.is_zero() {
                state.slow.remove(&peer);
            } else {
                state.slow.insert(peer, by);
            }
        });
    }

    /// The links are those of another world from now on. Bytes that travel keep their time of
    /// arrival, and the next arrive after them. Bytes that wait for a line go on at its new
    /// rate, at once if no line has a limit any more, and take the new latency. Held and slow
    /// links stay so.
    pub fn change(&self, world: impl World + 'static) {
        let rates: Vec<_> = (0..self.peers).map(|peer| world.rates(peer)).collect();
        let all = (0, 0, 0)..=(u32::MAX, u32::MAX, u64::MAX);
        self.alter(all, |state| {
            state.world = Arc::new(world);
            state.version += 1;
            match &state.lines {
                Some(lines) if rates.iter().any(Option::is_some) => {
                    lines.change(&rates, Instant::now());
                }
                _ => state.lines = Lines::limited(&rates),
            }
        });
    }

    fn alter(&self, ends: RangeInclusive<Key>, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        let ends: Vec<_> = state.ends.range(ends).collect();
        let signals: Vec<_> = ends.into_iter().map(|(_, end)| Arc::clone(end)).collect();
        drop(state);
        for signal in signals {
            signal.has_changed.store(true, Ordering::Release);
            signal.reader.wake();
        }
    }

    /// How long a byte travels from one peer to another now, at least.
    pub(super) fn latency(&self, from: u32, to: u32) -> Duration {
        let state = self.lock();
        state.world.latency(from, to) + state.slow.get(&to).copied().unwrap_or_default()
    }

    /// Waits until no fault holds the direction.
    pub(super) async fn released(self: &Arc<Self>, ends: [u32; 2]) {
        let end = End::new(self, ends);
        let released = poll_fn(|context| {
            end.has_changed(context);
            match end.conditions().is_held {
                true => Poll::Pending,
                false => Poll::Ready(()),
            }
        });
        released.await;
    }

    /// Poisoning is harmless: a change is one assignment, and the panic is reported.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    pub(super) fn new(world: impl World + 'static, peers: u32) -> Self {
        let rates: Vec<_> = (0..peers).map(|peer| world.rates(peer)).collect();
        Self {
            world: Arc::new(world),
            version: 0,
            lines: Lines::limited(&rates),
            held: BTreeMap::new(),
            slow: BTreeMap::new(),
            ends: BTreeMap::new(),
            opened: 0,
        }
    }
}

impl End {
    pub(super) fn new(fabric: &Arc<Fabric>, [from, to]: [u32; 2]) -> Self {
        let mut state = fabric.lock();
        state.opened += 1;
        let key = (to, from, state.opened);
        let signal = Arc::<Signal>::default();
        state.ends.insert(key, Arc::clone(&signal));
        Self {
            fabric: Arc::clone(fabric),
            key,
            signal,
        }
    }

    /// Whether the conditions have changed since the last call. The task is woken when they do.
    pub(super) fn has_changed(&self, context: &Context<'_>) -> bool {
        self.signal.reader.register(context.waker());
        let changed = &self.signal.has_changed;
        // Reading is cheaper than writing.
        changed.load(Ordering::Acquire) && changed.swap(false, Ordering::Acquire)
    }

    pub(super) fn conditions(&self) -> Conditions {
        let (to, from, _) = self.key;
        let state = self.fabric.lock();
        Conditions {
            is_held: state.held.contains_key(&(from, to)),
            slow: state.slow.get(&to).copied().unwrap_or_default(),
            world: Arc::clone(&state.world),
            version: state.version,
            lines: state.lines.clone(),
        }
    }

    pub(super) fn peers(&self) -> [u32; 2] {
        let (to, from, _) = self.key;
        [from, to]
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.fabric.lock().ends.remove(&self.key);
    }
}
