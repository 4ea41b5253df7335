//! The programs as a user starts them, the peers as another program meets them, and
//! what holds for the whole project. Few programs of tests, since each is linked with
//! all of libp2p: what measures times is in `measures`, the page in `viewer`.

mod architecture;
mod bad_input;
mod channel;
mod collect;
mod control;
mod crowd;
mod daemon;
mod dial;
mod docs;
mod export;
mod export_files;
mod first_commands;
mod hostile;
mod interop;
mod libp2p_ping;
mod metrics;
mod mutants;
mod node_stdin;
mod own_algorithm;
mod per_message;
mod report;
mod simultaneous;
mod strangers;
