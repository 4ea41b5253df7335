//! The programs as a user starts them, the peers as another program meets them, and
//! what holds for the whole project. There are few test binaries, since each links all of
//! libp2p: tests that measure times are in `measures`, those of the page in `viewer`.

mod any_language;
mod architecture;
#[cfg(unix)]
mod attached;
mod bad_input;
mod channel;
mod collect;
mod control;
mod crowd;
mod daemon;
mod dial;
mod docs;
mod doctor;
mod export;
mod export_files;
mod faults;
mod first_commands;
mod grade;
mod graph;
mod hostile;
mod hub;
mod identity;
mod interop;
mod judge;
mod libp2p_ping;
mod local_network;
mod metrics;
mod mutants;
mod nat;
mod nat_go;
mod new;
mod node_stdin;
mod own_algorithm;
mod peer_database;
mod per_message;
mod report;
mod route;
mod routing;
mod several_hubs;
mod simultaneous;
mod strangers;
mod virtual_time;
