//! A question for each lesson, which its example run and the model checker help to answer.

use super::Lesson;

/// Of a lesson without one of its own.
const ANY: &str = "Which two steps of the run above could have happened in the other order, and \
     which of their orders would change what the processes output?";

impl Lesson {
    /// A question about it.
    pub fn question(&self) -> &'static str {
        match self.name {
            "ping-pong" => {
                "A process waits for a PONG. What may it conclude when its timer runs out: that \
                 the other has crashed, that a message was lost, or neither?"
            }
            "echo" => {
                "After which step of the run above does the initiator know that the wave has \
                 reached all processes, and which step did it have to wait for?"
            }
            "flood" => {
                "How many messages of the run above brought nothing new? How many are there on a \
                 tree, and what would the loss of one message mean there?"
            }
            "chang-roberts" => {
                "Which order of the identities on the ring needs the most messages, and which the \
                 fewest?"
            }
            "bully" => {
                "How long must the time-out be at least, if a message takes at most 10 ms? Which \
                 two processes lead at once if it is shorter?"
            }
            "ricart-agrawala" => {
                "Two processes ask at once. Which step decides which of them enters first, and \
                 what would go wrong if they compared clocks alone, and not identities as well?"
            }
            "dijkstra-scholten" => {
                "Why may a process not acknowledge the message that engaged it as soon as it is \
                 idle?"
            }
            "audit" => {
                "A store lacks one block of a hundred. How many probes detect that with 99 %, and \
                 what would change if blocks were encoded so that any half of them give the file?"
            }
            "auth" => {
                "An attacker has passed a challenge on to an honest prover. Which part of what \
                 that signs differs from what the verifier expects, and why could the attacker \
                 not make both the same?"
            }
            "route" => {
                "Where the message of the run above ended, how could there be a node nearer to its \
                 key, and which entry of which table would have led there?"
            }
            "membership" => {
                "A node is cut off while three epochs begin. Whom does it trust that the others do \
                 not, and which message tells it so first when the network is whole again?"
            }
            "overlay" => {
                "Both ends of a link say that no route of theirs leads over it, and then it is \
                 closed. How can a packet still be lost on it, and what would prevent that?"
            }
            "babel" => {
                "Node A loses its route, and its neighbour B has one. When may A not take it, \
                 although it does not lead back to A, and which message of which node changes \
                 that?"
            }
            "raft" => {
                "Which step of the run above commits the command, and which processes could stop \
                 after it without the command being lost?"
            }
            "naive" => {
                "Which message makes the answers disagree: one that was sent before its sender \
                 answered, or one that was received before its receiver did?"
            }
            "chandy-lamport" => {
                "Which message of the run above is in the recorded state of a channel, and what \
                 would become of it if a marker could overtake it?"
            }
            "lai-yang" => {
                "How does a process know, without markers that keep the order, that no message \
                 of before the cut is still under way to it?"
            }
            "bank" | "token" | "producer-consumer" => {
                "Which quantity is the same at every moment of the run, and where is it while a \
                 message is under way?"
            }
            "work" => "Why does it not follow that the work is done when every process is idle?",
            _ => ANY,
        }
    }
}
