//! What the registry signs.

use std::collections::BTreeMap;

use proto::Bytes;

use crate::auth::{Key, Secret, is_signed};
use crate::{Describe, NodeId};

/// Shows that a node belongs to the network.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, crate::Message, Describe)]
#[message(nested)]
pub struct Certificate {
    /// The node.
    #[message(tag = 1)]
    pub subject: NodeId,
    /// Its part of the addresses, which no other node has.
    #[message(tag = 2)]
    pub prefix: u32,
    /// The last epoch in which it holds.
    #[message(tag = 3)]
    pub until: u32,
    /// The registry's, of the above: 64 bytes.
    #[message(tag = 4)]
    #[describe(skip)]
    pub signature: Bytes,
}

/// A time in which the same settings are in force.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, crate::Message, Describe)]
#[message(nested)]
pub struct Epoch {
    /// Its number, from 1 on.
    #[message(tag = 1)]
    pub number: u32,
    /// The configuration of the network. What it says does not matter here.
    #[message(tag = 2)]
    #[describe(with = hex)]
    pub settings: u64,
    /// The registry's, of the above: 64 bytes.
    #[message(tag = 3)]
    #[describe(skip)]
    pub signature: Bytes,
}

impl Certificate {
    /// Signed with that key.
    pub fn sign(subject: NodeId, prefix: u32, until: u32, secret: &Secret) -> Self {
        let mut certificate = Self {
            subject,
            prefix,
            until,
            signature: Bytes::new(),
        };
        certificate.signature = secret.sign(&certificate.text());
        certificate
    }

    /// Whether the holder of that key has signed it.
    pub fn is_signed(&self, key: &Key) -> bool {
        is_signed(key, &self.text(), &self.signature)
    }

    /// Parts of fixed length, so that no two certificates have the same text.
    fn text(&self) -> Vec<u8> {
        let mut text = b"testbed membership certificate\0".to_vec();
        for part in [self.subject.0, self.prefix, self.until] {
            text.extend_from_slice(&part.to_be_bytes());
        }
        text
    }
}

impl Epoch {
    /// Signed with that key.
    pub fn sign(number: u32, settings: u64, secret: &Secret) -> Self {
        let mut epoch = Self {
            number,
            settings,
            signature: Bytes::new(),
        };
        epoch.signature = secret.sign(&epoch.text());
        epoch
    }

    /// Whether the holder of that key has signed it.
    pub fn is_signed(&self, key: &Key) -> bool {
        is_signed(key, &self.text(), &self.signature)
    }

    fn text(&self) -> Vec<u8> {
        let mut text = b"testbed membership epoch\0".to_vec();
        text.extend_from_slice(&self.number.to_be_bytes());
        text.extend_from_slice(&self.settings.to_be_bytes());
        text
    }
}

/// Settings as a text: numbers of spans have one bit less.
pub(super) fn hex(settings: &u64) -> String {
    format!("{settings:016x}")
}

pub(super) fn number(epoch: &Option<Epoch>) -> u32 {
    epoch.as_ref().map_or(0, |epoch| epoch.number)
}

fn text(certificate: &Certificate) -> String {
    let Certificate { prefix, until, .. } = certificate;
    format!("prefix {prefix} until {until}")
}

/// `prefix 3 until 5`, or `none`.
pub(super) fn own_text(own: &Option<Certificate>) -> String {
    own.as_ref().map_or_else(|| "none".to_owned(), text)
}

/// `peer-03 prefix 3 until 5`, of each.
pub(super) fn texts(all: &BTreeMap<NodeId, Certificate>) -> Vec<String> {
    let texts = all
        .iter()
        .map(|(node, held)| format!("{node} {}", text(held)));
    texts.collect()
}
