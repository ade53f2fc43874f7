//! The file whose content all members of a set share (`--keyFile`).

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The fewest characters of a key.
pub const KEY_CHARACTERS_MIN: usize = 6;
/// The most characters of a key.
pub const KEY_CHARACTERS_MAX: usize = 1024;
/// The most bytes of the file that are read: a key and the blanks around it.
const FILE_BYTES_MAX: u64 = 16 * 1024;

/// The members' common secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Vec<u8>);

/// Never its content.
impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Key")
    }
}

/// What is wrong with a key file.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It can't be read.
    #[error("error reading the key file {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others may read it.
    #[error("permissions on {path} are too open: they are {mode:03o}; run chmod 600 on it")]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It has a character that is not base64.
    #[error("invalid char in key file {path}: {character:?}; a key is of base64 characters")]
    BadCharacter {
        /// The file.
        path: PathBuf,
        /// The first wrong one.
        character: char,
    },
    /// It is too short or too long.
    #[error(
        "security key in {path} has length {length}, must be between {KEY_CHARACTERS_MIN} and {KEY_CHARACTERS_MAX} chars"
    )]
    BadLength {
        /// The file.
        path: PathBuf,
        /// Its characters.
        length: usize,
    },
}

impl Key {
    /// Reads a key file, with `mongod`'s checks: nobody but its owner may touch it, and it holds 6 to 1024 base64
    /// characters; blanks do not count.
    ///
    /// # Errors
    /// When it can't be read or a check fails.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let path = path.to_owned();
        let unreadable = |source| KeyFileError::Unreadable {
            path: path.clone(),
            source,
        };
        let about = std::fs::metadata(&path).map_err(unreadable)?;
        let mode = about.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::TooOpen { path, mode });
        }
        if about.len() > FILE_BYTES_MAX {
            let length = usize::try_from(about.len()).unwrap_or(usize::MAX);
            return Err(KeyFileError::BadLength { path, length });
        }
        let content = std::fs::read(&path).map_err(unreadable)?;
        let key: Vec<u8> = content
            .into_iter()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect();
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
        if let Some(wrong) = key.iter().find(|byte| !is_base64(byte)) {
            let character = char::from(*wrong);
            return Err(KeyFileError::BadCharacter { path, character });
        }
        if !(KEY_CHARACTERS_MIN..=KEY_CHARACTERS_MAX).contains(&key.len()) {
            return Err(KeyFileError::BadLength {
                path,
                length: key.len(),
            });
        }
        Ok(Self(key))
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
impl From<&[u8]> for Key {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_do_not_count() {
        let one = read(b"c2Vj\ncmV0\n", 0o600).unwrap();
        assert_eq!(one, read(b" c2VjcmV0", 0o400).unwrap());
        assert_eq!(one.bytes(), b"c2VjcmV0");
        assert_eq!(format!("{one:?}"), "Key");
    }

    #[test]
    fn what_mongod_refuses_is_refused() {
        let said = |content: &[u8], mode| read(content, mode).unwrap_err().to_string();
        assert!(said(b"c2VjcmV0", 0o640).contains("too open: they are 640"));
        assert!(said(b"c2VjcmV0", 0o604).contains("too open"));
        assert!(said(b"short", 0o600).contains("length 5, must be between 6 and 1024"));
        assert!(said(&[b'a'; 1025], 0o600).contains("length 1025"));
        assert!(read(&[b'a'; 1024], 0o600).is_ok() && read(b"sixsix", 0o600).is_ok());
        assert!(said(b"with-dash", 0o600).contains("invalid char"));
        assert!(said(&[b'a'; 20_000], 0o600).contains("length 20000"));
        let missing = Key::read(Path::new("/nowhere/key")).unwrap_err().to_string();
        assert!(missing.contains("/nowhere/key"), "{missing}");
    }

    fn read(content: &[u8], mode: u32) -> Result<Key, KeyFileError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        Key::read(&path)
    }
}
