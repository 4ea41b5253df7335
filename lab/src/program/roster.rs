//! Who takes part, and by which names: programs are `n0`, `n1`, …, their clients `c0`, `c1`, …,
//! and services have the names of [`Service::all`].

use algorithms::NodeId;

use super::service::Service;

/// The names of the services, in the order of their processes.
const SERVICES: [&str; 4] = ["lin-kv", "seq-kv", "lww-kv", "lin-tso"];

/// The processes of a run: programs, then clients, then services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Roster {
    /// How many programs there are.
    pub programs: u32,
    /// How many clients.
    pub clients: u32,
}

/// What a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The program of that number.
    Program(u32),
    /// The client of that number.
    Client(u32),
    /// The service of that name.
    Service(&'static str),
}

impl Roster {
    /// How many processes there are.
    pub fn processes(self) -> u32 {
        self.programs + self.clients + SERVICES.len() as u32
    }

    /// What that process is; `None` for one that there is not.
    pub fn part(self, NodeId(number): NodeId) -> Option<Part> {
        let rest = match number.checked_sub(self.programs) {
            None => return Some(Part::Program(number)),
            Some(rest) => rest,
        };
        match rest.checked_sub(self.clients) {
            None => Some(Part::Client(rest)),
            Some(service) => SERVICES.get(service as usize).copied().map(Part::Service),
        }
    }

    /// The process of that client.
    pub fn client(self, number: u32) -> NodeId {
        NodeId(self.programs + number)
    }

    /// The program that a client asks.
    pub fn asked_by(self, client: u32) -> NodeId {
        NodeId(client % self.programs.max(1))
    }

    /// The name of a process.
    pub fn name(self, node: NodeId) -> String {
        match self.part(node) {
            Some(Part::Program(number)) => format!("n{number}"),
            Some(Part::Client(number)) => format!("c{number}"),
            Some(Part::Service(name)) => name.to_owned(),
            None => node.to_string(),
        }
    }

    /// `c1`: what the process of that name in the trace is.
    pub fn in_words(self, process: &str) -> String {
        let number = process.strip_prefix("peer-").map(str::parse);
        match number {
            Some(Ok(number)) => self.name(NodeId(number)),
            Some(Err(_)) | None => process.to_owned(),
        }
    }

    /// The process of that name.
    pub fn process(self, name: &str) -> Option<NodeId> {
        if let Some(at) = SERVICES.iter().position(|service| *service == name) {
            return Some(NodeId(self.programs + self.clients + at as u32));
        }
        let (kind, number) = name.split_at_checked(1)?;
        let number: u32 = number.parse().ok()?;
        let process = match kind {
            "n" if number < self.programs => NodeId(number),
            "c" if number < self.clients => self.client(number),
            _ => return None,
        };
        // `n01` names no process.
        (self.name(process) == name).then_some(process)
    }

    /// Whether these two send to each other. A client asks one program, and nobody else.
    pub fn are_neighbours(self, one: NodeId, other: NodeId) -> bool {
        match (self.part(one), self.part(other)) {
            (Some(Part::Client(client)), Some(Part::Program(_))) => self.asked_by(client) == other,
            (Some(Part::Program(_)), Some(Part::Client(client))) => self.asked_by(client) == one,
            (Some(Part::Program(_)), Some(Part::Program(_) | Part::Service(_)))
            | (Some(Part::Service(_)), Some(Part::Program(_))) => one != other,
            _ => false,
        }
    }

    /// All pairs of neighbours, the smaller number first.
    pub fn edges(self) -> Vec<(u32, u32)> {
        let all = self.processes();
        let pairs = (0..all).flat_map(|one| (one + 1..all).map(move |other| (one, other)));
        pairs
            .filter(|(one, other)| self.are_neighbours(NodeId(*one), NodeId(*other)))
            .collect()
    }

    /// The service of that name, without a state.
    pub fn service(name: &str) -> Option<Service> {
        let mut all = Service::all().into_iter();
        all.find_map(|(of, service)| (of == name).then_some(service))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROSTER: Roster = Roster {
        programs: 3,
        clients: 4,
    };

    #[test]
    fn names_and_processes_are_one_to_one() {
        assert_eq!(ROSTER.processes(), 11);
        for process in (0..ROSTER.processes()).map(NodeId) {
            assert_eq!(ROSTER.process(&ROSTER.name(process)), Some(process));
        }
        for nobody in ["", "n", "n3", "c4", "n01", "n-1", "n 1", "x0", "lin", "ü0"] {
            assert_eq!(ROSTER.process(nobody), None, "{nobody}");
        }
        assert_eq!(ROSTER.part(NodeId(11)), None);
        let services = Service::all().map(|(name, _)| name);
        assert_eq!(services, SERVICES);
    }

    #[test]
    fn a_client_asks_one_program() {
        let asks = |client| ROSTER.asked_by(client);
        assert_eq!([0, 1, 2, 3].map(asks), [0, 1, 2, 0].map(NodeId));
        let edges = ROSTER.edges();
        // Among programs, with their clients, and with the services.
        assert_eq!(edges.len(), 3 + 4 + 3 * 4);
        assert!(
            edges.contains(&(0, 6)) && !edges.contains(&(1, 6)),
            "{edges:?}"
        );
    }
}
