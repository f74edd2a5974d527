//! Which libraries may be loaded: those whose content the operator has named by its SHA-256.
//!
//! Loading a library runs code of it, so the content is checked before anything else happens.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    str::FromStr,
};

use aws_lc_rs::digest::{SHA256, digest};
use explainer_core::{Error, ErrorKind, Result};

use crate::ADAPTER;

/// The largest library that is read, in bytes.
pub(crate) const MAX_LIBRARY: u64 = 256 * 1024 * 1024;

/// The SHA-256 of a file's content.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

/// One entry of the list: `sha256:` and 64 hex digits, a blank, the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// What the file must contain.
    pub digest: Digest,
    /// Where it is.
    pub path: PathBuf,
}

/// Text that is no entry of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadEntry;

impl fmt::Display for BadEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is not `sha256:` with 64 hex digits, a blank and the path of a library")
    }
}

impl std::error::Error for BadEntry {}

impl Digest {
    /// That of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut sum = [0; 32];
        sum.copy_from_slice(digest(&SHA256, bytes).as_ref());
        Self(sum)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = BadEntry;

    fn from_str(text: &str) -> Result<Self, BadEntry> {
        let hex = text.strip_prefix("sha256:").ok_or(BadEntry)?;
        if hex.len() != 64 || !hex.bytes().all(|it| it.is_ascii_hexdigit()) {
            return Err(BadEntry);
        }
        let mut digest = [0; 32];
        for (index, byte) in digest.iter_mut().enumerate() {
            let digits = hex.get(2 * index..2 * index + 2).ok_or(BadEntry)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| BadEntry)?;
        }
        Ok(Self(digest))
    }
}

impl FromStr for Allowed {
    type Err = BadEntry;

    fn from_str(text: &str) -> Result<Self, BadEntry> {
        let (digest, path) = text.trim().split_once(' ').ok_or(BadEntry)?;
        let path = path.trim();
        if path.is_empty() {
            return Err(BadEntry);
        }
        Ok(Self {
            digest: digest.parse()?,
            path: path.into(),
        })
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.digest, self.path.display())
    }
}

impl Allowed {
    /// The bytes of the file, if they are those that were allowed.
    pub(crate) fn read(&self) -> Result<Vec<u8>> {
        let bytes = read(&self.path)?;
        let found = Digest::of(&bytes);
        if found == self.digest {
            return Ok(bytes);
        }
        let message = format!(
            "could not load {} because it is not the file that was allowed: it has {found} and not {}; \
             if you trust it, run `explainer plugin allow` again",
            self.path.display(),
            self.digest
        );
        Err(Error::new(ErrorKind::Forbidden, ADAPTER, "load", message))
    }
}

/// The digest of the file at `path`.
pub fn digest_of(path: &Path) -> Result<Digest> {
    read(path).map(|bytes| Digest::of(&bytes))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let outcome = File::open(path)
        .and_then(|file| file.take(MAX_LIBRARY + 1).read_to_end(&mut bytes))
        .and_then(|read| match read as u64 {
            0 => Err(io::Error::other("it is empty")),
            1..=MAX_LIBRARY => Ok(()),
            _ => Err(io::Error::other("it is larger than 256 MiB")),
        });
    outcome.map(|()| bytes).map_err(|error| {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => ErrorKind::NotFound,
            io::ErrorKind::PermissionDenied => ErrorKind::Forbidden,
            _ => ErrorKind::Invalid,
        };
        let message = format!(
            "could not load {} because {error}; name a shared library this service may read",
            path.display()
        );
        Error::new(kind, ADAPTER, "load", message).with_source(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_digest_and_a_path() {
        let hex = "ab".repeat(32);
        let entry: Allowed = format!("sha256:{hex}  /a b/c.so ").parse().unwrap();
        assert_eq!(entry.path, Path::new("/a b/c.so"));
        assert_eq!(entry.to_string(), format!("sha256:{hex} /a b/c.so"));
        for bad in [
            String::new(),
            hex.clone(),
            format!("sha256:{hex}"),
            format!("sha256:{hex} "),
            format!("{hex} /c.so"),
            format!("sha256:{}z /c.so", &hex[1..]),
            format!("sha256:{hex}0 /c.so"),
            format!("sha256:{}é /c.so", &hex[2..]),
        ] {
            assert_eq!(bad.parse::<Allowed>(), Err(BadEntry), "{bad}");
        }
    }
}
