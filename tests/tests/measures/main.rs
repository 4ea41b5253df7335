//! Experiments that measure times: apart from the tests that keep the machine busy.

mod attacks;
mod gossip;
mod kad;
mod latency;
mod pauses;
mod sweep;
mod systems;
