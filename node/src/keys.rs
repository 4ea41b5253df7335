//! A peer's key: made from a seed, or kept in a file.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::{fs, io};

use libp2p::identity::Keypair;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

/// The largest key file that is read: any protobuf-encoded private key of
/// libp2p is smaller.
const MAX_FILE: u64 = 16 * 1024;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read or made.
    #[error("key file {path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// Users other than the owner have access to the file.
    #[error(
        "key file {path} has mode {mode:03o}, so others can read the private key; run: chmod 600 {path}"
    )]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The path is not that of a regular file.
    #[error("key file {path} is {what}; name a file, for example --key node.key")]
    NoFile {
        /// The path.
        path: PathBuf,
        /// What is there.
        what: &'static str,
    },
    /// The file holds something else.
    #[error("key file {path} holds no Ed25519 private key in libp2p's protobuf encoding: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
}

/// The Ed25519 key of peer `index` in a run with this seed. Anyone with the seed has the
/// key: for experiments, never for identities that matter.
pub fn from_seed(seed: u64, index: u32) -> Keypair {
    derive(b"p2p testbed peer key", seed, index)
}

/// The Ed25519 key of a `testbed-node` with this seed. It differs from that of any
/// peer in a run with the same seed, so that the two can connect.
pub fn of_daemon(seed: u64) -> Keypair {
    derive(b"p2p testbed-node key", seed, 0)
}

fn derive(purpose: &[u8; 20], seed: u64, index: u32) -> Keypair {
    let mut material = [0; 32];
    material[..20].copy_from_slice(purpose);
    material[20..28].copy_from_slice(&seed.to_le_bytes());
    material[28..].copy_from_slice(&index.to_le_bytes());
    let mut secret = [0; 32];
    ChaCha20Rng::from_seed(material).fill_bytes(&mut secret);
    Keypair::ed25519_from_bytes(secret).expect("any 32 bytes are an Ed25519 secret")
}

/// The key in the file at `path`. Where there is no file, a new key is made
/// and kept there, readable by its owner alone.
///
/// # Errors
/// Every variant of [`Error`].
pub fn from_file(path: &Path) -> Result<Keypair, Error> {
    let io = |error| Error::Io {
        path: path.to_owned(),
        error,
    };
    match fs::metadata(path) {
        Ok(metadata) => {
            check_kind(path, &metadata)?;
            check_mode(path, &metadata)?;
            let mut bytes = Vec::new();
            let file = fs::File::open(path).map_err(io)?;
            file.take(MAX_FILE + 1)
                .read_to_end(&mut bytes)
                .map_err(io)?;
            decode(&bytes).map_err(|reason| malformed(path, reason))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(path).map_err(io),
        Err(error) => Err(io(error)),
    }
}

/// The key in the bytes of a file, or the reason why there is none.
fn decode(bytes: &[u8]) -> Result<Keypair, String> {
    if bytes.len() as u64 > MAX_FILE {
        return Err(format!("it is longer than {MAX_FILE} bytes"));
    }
    // The encoding begins with the type of the key (field 1).
    let other = |kind| format!("it holds a key of type {kind}");
    match bytes {
        [] => Err("it is empty; remove it, and a new key is made".into()),
        [0x08, 0, 0x12, ..] => Err(other("RSA")),
        [0x08, 2, 0x12, ..] => Err(other("secp256k1")),
        [0x08, 3, 0x12, ..] => Err(other("ECDSA")),
        [0x08, 1, 0x12, ..] => {
            let key = Keypair::from_protobuf_encoding(bytes);
            key.map_err(|_| "its key is cut short or damaged".into())
        }
        _ => Err("it holds something else".into()),
    }
}

fn create(path: &Path) -> io::Result<Keypair> {
    let key = Keypair::generate_ed25519();
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let bytes = key.to_protobuf_encoding().map_err(io::Error::other)?;
    let mut file = options.open(path)?;
    let written = file.write_all(&bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // A file without a key would be rejected at the next start.
        let _ = fs::remove_file(path);
    }
    written.map(|()| key)
}

/// Only a regular file is read: reading a pipe would block, and a device has no end.
fn check_kind(path: &Path, metadata: &fs::Metadata) -> Result<(), Error> {
    let what = match metadata.file_type() {
        kind if kind.is_file() => return Ok(()),
        kind if kind.is_dir() => "a directory",
        _ => "no regular file",
    };
    Err(Error::NoFile {
        path: path.to_owned(),
        what,
    })
}

fn malformed(path: &Path, reason: String) -> Error {
    Error::Malformed {
        path: path.to_owned(),
        reason,
    }
}

#[cfg(unix)]
fn check_mode(path: &Path, metadata: &fs::Metadata) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt as _;
    match metadata.permissions().mode() & 0o777 {
        mode if mode & 0o077 != 0 => Err(Error::Readable {
            path: path.to_owned(),
            mode,
        }),
        _ => Ok(()),
    }
}

/// On other systems access lists are not checked.
#[cfg(not(unix))]
fn check_mode(_: &Path, _: &fs::Metadata) -> Result<(), Error> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_peers_every_time() {
        let peer = |seed, index| from_seed(seed, index).public().to_peer_id().to_string();
        assert_eq!(peer(7, 0), peer(7, 0));
        assert_ne!(peer(7, 0), peer(7, 1));
        assert_ne!(peer(7, 0), peer(8, 0));
    }

    /// Once, `testbed-node --seed 1` and peer 0 of `testbed --seed 1` could not connect:
    /// both had the same PeerId.
    #[test]
    fn a_daemon_has_another_key_than_every_peer_of_a_run() {
        for seed in [0, 1, u64::MAX] {
            let daemon = of_daemon(seed).public();
            assert_eq!(of_daemon(seed).public(), daemon);
            for index in 0..64 {
                assert_ne!(from_seed(seed, index).public(), daemon);
            }
        }
    }

    #[test]
    fn key_file_is_created_once_and_reused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let made = from_file(&path).unwrap();
        assert_eq!(from_file(&path).unwrap().public(), made.public());
    }

    #[cfg(unix)]
    #[test]
    fn key_file_is_accessible_by_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        from_file(&path).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = from_file(&path).unwrap_err();
        assert!(
            matches!(error, Error::Readable { mode: 0o640, .. }),
            "{error}"
        );
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_file_without_a_valid_key_is_rejected() {
        let dir = tempfile::tempdir().unwrap();
        let ours = Keypair::generate_ed25519();
        let key = ours.to_protobuf_encoding().unwrap();
        let of_type = |kind| [&[0x08, kind, 0x12], &key[3..]].concat();
        for (name, bytes, why) in [
            ("empty", vec![], "it is empty; remove it"),
            ("text", b"hello".to_vec(), "something else"),
            (
                "pem",
                b"-----BEGIN PRIVATE KEY-----".to_vec(),
                "something else",
            ),
            ("zeros", vec![0; 64], "something else"),
            ("cut", key[..key.len() - 1].to_vec(), "cut short or damaged"),
            ("rsa", of_type(0), "type RSA"),
            ("secp256k1", of_type(2), "type secp256k1"),
            ("ecdsa", of_type(3), "type ECDSA"),
            ("large", vec![0; 1 << 20], "longer than"),
        ] {
            let path = dir.path().join(name);
            fs::write(&path, bytes).unwrap();
            #[cfg(unix)]
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
                .unwrap();
            let error = from_file(&path).unwrap_err();
            assert!(matches!(error, Error::Malformed { .. }), "{name}: {error}");
            assert!(error.to_string().contains(why), "{name}: {error}");
            assert!(!error.to_string().contains("feature"), "{name}: {error}");
        }
        assert!(matches!(
            from_file(&dir.path().join("no/such/folder")),
            Err(Error::Io { .. })
        ));
    }

    #[test]
    fn only_a_regular_file_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let error = from_file(dir.path()).unwrap_err();
        assert!(error.to_string().contains("is a directory"), "{error}");
        assert!(!error.to_string().contains("chmod"), "{error}");
        #[cfg(unix)]
        {
            let error = from_file(Path::new("/dev/zero")).unwrap_err();
            assert!(error.to_string().contains("no regular file"), "{error}");
        }
    }
}
