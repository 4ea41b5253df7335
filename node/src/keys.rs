//! A peer's key: made from a seed, or kept in a file.

use std::io::Write as _;
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
        /// What the system says.
        error: io::Error,
    },
    /// Others than its owner may read the file.
    #[error(
        "key file {path} has mode {mode:03o}, so others can read the private key; run: chmod 600 {path}"
    )]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file holds something else.
    #[error("key file {path} holds no libp2p private key (protobuf encoding): {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// The Ed25519 key of peer `index` in a run with this seed. Whoever knows the
/// seed knows the key: for experiments, never for identities that matter.
pub fn from_seed(seed: u64, index: u32) -> Keypair {
    let mut material = [0; 32];
    material[..20].copy_from_slice(b"p2p testbed peer key");
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
            check_mode(path, &metadata)?;
            if metadata.len() > MAX_FILE {
                return Err(malformed(
                    path,
                    format!("it is {} bytes long", metadata.len()),
                ));
            }
            let bytes = fs::read(path).map_err(io)?;
            Keypair::from_protobuf_encoding(&bytes).map_err(|e| malformed(path, e.to_string()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(path).map_err(io),
        Err(error) => Err(io(error)),
    }
}

fn create(path: &Path) -> io::Result<Keypair> {
    let key = Keypair::generate_ed25519();
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(&key.to_protobuf_encoding().map_err(io::Error::other)?)?;
    file.sync_all()?;
    Ok(key)
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

/// Elsewhere the file's access list is its owner's business.
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

    #[test]
    fn a_file_keeps_its_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let made = from_file(&path).unwrap();
        assert_eq!(from_file(&path).unwrap().public(), made.public());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_for_its_owner_alone() {
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
    fn a_file_of_something_else_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in [
            ("empty", vec![]),
            ("text", b"hello".to_vec()),
            ("large", vec![0; 1 << 20]),
        ] {
            let path = dir.path().join(name);
            fs::write(&path, bytes).unwrap();
            #[cfg(unix)]
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
                .unwrap();
            let error = from_file(&path).unwrap_err();
            assert!(matches!(error, Error::Malformed { .. }), "{name}: {error}");
        }
        assert!(matches!(
            from_file(&dir.path().join("no/such/folder")),
            Err(Error::Io { .. })
        ));
    }
}
