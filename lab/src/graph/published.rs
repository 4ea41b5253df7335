//! What the authors of re6stnet published of random overlays.
//!
//! Mean distances are those of `simulation/results/distance_final.csv` in re6stnet's repository
//! (github.com/Nexedi/re6stnet), rounded to three digits after the point. They are also in U.
//! Beaugnon, "Building a resilient overlay network: Re6stnet", Nexedi, 2012, section 4.2. The
//! mean is over all pairs of nodes, those of a node with itself among them, at distance 0.
//!
//! Of connectivity only a plot was published (`simulation/results/connectivity.png`, section
//! 4.3). Its program (`simulation/main.cpp`, `KillMachines` and `CountUnreachableFrom`) says what
//! it shows: of 10,000 nodes that opened k = 5, 10 or 15 links, the part of all nodes, dead
//! ones included, that are alive and that node 0 cannot reach.

/// The numbers of links that each node opened, of the columns of [`DISTANCES`].
const LINKS: [u32; 4] = [5, 10, 20, 50];

/// Nodes, and the mean distance in hops for each of [`LINKS`].
const DISTANCES: [(u32, [f64; 4]); 11] = [
    (100, [2.239, 1.820, 1.650, 1.349]),
    (200, [2.550, 2.032, 1.809, 1.596]),
    (400, [2.843, 2.311, 1.920, 1.774]),
    (800, [3.169, 2.574, 2.086, 1.880]),
    (1600, [3.483, 2.772, 2.341, 1.940]),
    (3200, [3.774, 2.967, 2.591, 2.014]),
    (6400, [4.091, 3.231, 2.770, 2.195]),
    (12_800, [4.411, 3.507, 2.887, 2.449]),
    (25_600, [4.701, 3.721, 3.025, 2.672]),
    (51_200, [5.011, 3.906, 3.260, 2.820]),
    (102_400, [5.336, 4.151, 3.522, 2.906]),
];

/// The mean distance of different nodes that was published for so many nodes that each opened
/// so many links, in hops: without the pairs of a node with itself.
pub fn distance(peers: u32, links: u32) -> Option<f64> {
    let column = LINKS.iter().position(|known| *known == links)?;
    let (_, row) = DISTANCES.iter().find(|(known, _)| *known == peers)?;
    let peers = f64::from(peers);
    Some(row[column] * peers / (peers - 1.0))
}

/// The share that is alive, and the part of all nodes that are alive and out of reach, of 10
/// opened links, 20 in all; read from the plot.
pub const UNREACHABLE: [(f64, f64); 2] = [(0.2, 1e-2), (0.4, 2e-5)];
