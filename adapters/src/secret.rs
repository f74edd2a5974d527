//! The installation's secrets: where they come from, and the keys that are made of them.
//!
//! Everything that signs or encrypts derives a key of its own, so that what one key protects says
//! nothing about another.

use std::{
    fs,
    io::{self, Read, Write},
    path::Path,
};

use aws_lc_rs::hmac;
use explainer_core::{
    Error, ErrorKind, Result,
    domain::{ExposeSecret, SecretString},
};

use crate::private_files;

/// What errors call this.
const ADAPTER: &str = "secret";

/// The file under the data folder.
const FILE: &str = "secret.key";

/// The shortest secret accepted from the file, in bytes: 128 bits written as hex.
const MIN_LEN: usize = 32;

/// The longest, far above what anybody would write.
const MAX_LEN: u64 = 4096;

/// The installation's secrets: one that signs and encrypts, and those that did so before and are
/// still accepted.
#[derive(Debug, Clone)]
pub struct SecretKeys {
    /// Signs and encrypts.
    pub current: SecretString,
    /// Verify and decrypt what was made before.
    pub former: Vec<SecretString>,
}

impl SecretKeys {
    /// One secret that has not been changed yet.
    pub fn of(current: impl Into<SecretString>) -> Self {
        Self {
            current: current.into(),
            former: Vec::new(),
        }
    }

    /// What `make` makes of each, the current one first.
    pub(crate) fn each<T>(&self, make: impl Fn(&SecretString) -> T) -> Vec<T> {
        let all = std::iter::once(&self.current).chain(&self.former);
        all.map(make).collect()
    }
}

/// The public name of a key for `purpose`, 8 hex digits.
pub(crate) fn key_id(secret: &SecretString, purpose: &str) -> String {
    let [a, b, c, d, ..] = derive(secret, purpose);
    format!("{a:02x}{b:02x}{c:02x}{d:02x}")
}

/// Reads the secret from `secret.key` in `data_dir`; where there is none, makes one of 256 random
/// bits, readable by its owner alone. Of several processes that start at once all get the same.
///
/// `Invalid` when others may read the file or its content is too short to be a secret.
pub fn secret_key(data_dir: &Path) -> Result<SecretString> {
    let path = data_dir.join(FILE);
    if let Some(secret) = read(&path)? {
        return Ok(secret);
    }
    create(data_dir, &path).map_err(|error| fault("make", &path, error))?;
    read(&path)?.ok_or_else(|| fault("read", &path, io::Error::from(io::ErrorKind::NotFound)))
}

/// Whether [`secret_key`] would find one.
pub fn has_key(data_dir: &Path) -> bool {
    data_dir.join(FILE).exists()
}

/// The 256-bit key for `purpose`: HMAC-SHA256 over its name, which is a pseudorandom function.
pub(crate) fn derive(secret: &SecretString, purpose: &str) -> [u8; 32] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
    let mut derived = [0; 32];
    derived.copy_from_slice(hmac::sign(&key, purpose.as_bytes()).as_ref());
    derived
}

fn read(path: &Path) -> Result<Option<SecretString>> {
    let file = match fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault("read", path, error)),
        Ok(file) => file,
    };
    refuse_readable_by_others(&file, path)?;
    let mut text = String::new();
    file.take(MAX_LEN)
        .read_to_string(&mut text)
        .map_err(|error| fault("read", path, error))?;
    let secret = text.trim();
    if secret.len() < MIN_LEN {
        return Err(refused(
            path,
            &format!(
                "it holds {} characters where {MIN_LEN} are the least",
                secret.len()
            ),
            "restore it from a backup, or remove it to begin with a new one: stored tokens and \
             logins are lost with it",
        ));
    }
    Ok(Some(SecretString::from(secret)))
}

#[cfg(unix)]
fn refuse_readable_by_others(file: &fs::File, path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let metadata = file
        .metadata()
        .map_err(|error| fault("read", path, error))?;
    if metadata.permissions().mode() & 0o007 != 0 {
        return Err(refused(
            path,
            "every account of this machine may read it",
            &format!("run `chmod 600 {}`", path.display()),
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the twin for Unix can fail")]
fn refuse_readable_by_others(_: &fs::File, _: &Path) -> Result<()> {
    Ok(())
}

/// Writes a whole file under a name of its own and links it into place, which fails where another
/// process was first: nobody ever sees half a secret.
fn create(folder: &Path, path: &Path) -> io::Result<()> {
    private_files::create_folder(folder)?;
    let draft = folder.join(format!("{FILE}.{:016x}", u64::from_ne_bytes(random()?)));
    let [high, low] = [random()?, random()?].map(u128::from_ne_bytes);
    let secret = format!("{high:032x}{low:032x}");
    let mut file = private_files::create_new(&draft)?;
    let linked = file
        .write_all(secret.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        outcome => outcome,
    }
}

/// Of the system: to make a source of one's own, as other libraries do, takes 20 ms.
fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

fn refused(path: &Path, because: &str, advice: &str) -> Error {
    Error::new(
        ErrorKind::Invalid,
        ADAPTER,
        "read",
        format!(
            "could not use {} because {because}; {advice}",
            path.display()
        ),
    )
}

fn fault(operation: &'static str, path: &Path, error: io::Error) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        ADAPTER,
        operation,
        format!(
            "could not {operation} {} because of the disk: {error}; check the rights of the \
             folder, or set SECRET_KEY",
            path.display()
        ),
    )
    .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposed(folder: &Path) -> String {
        secret_key(folder).unwrap().expose_secret().to_owned()
    }

    #[test]
    fn the_secret_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("some/data");
        let secret = exposed(&data);
        assert_eq!(secret.len(), 64);
        assert!(secret.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!(exposed(&data), secret);
        let names: Vec<_> = fs::read_dir(&data).unwrap().collect();
        assert_eq!(names.len(), 1, "drafts are cleared away: {names:?}");
    }

    #[test]
    fn of_many_that_start_at_once_all_get_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let secrets: Vec<String> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..16)
                .map(|_| scope.spawn(|| exposed(folder.path())))
                .collect();
            starts
                .into_iter()
                .map(|start| start.join().unwrap())
                .collect()
        });
        assert!(secrets.iter().all(|secret| *secret == secrets[0]));
    }

    #[test]
    fn a_file_that_is_no_secret_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        for content in ["", "hunter2\n", &"é".repeat(15)] {
            private_files::create_new(&path).unwrap();
            fs::write(&path, content).unwrap();
            let error = secret_key(folder.path()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
            assert!(!error.message().contains("hunter2"));
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    #[cfg(unix)]
    fn only_the_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        exposed(folder.path());
        let path = folder.path().join(FILE);
        let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = secret_key(folder.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.message().contains("chmod 600"), "{error}");
    }

    #[test]
    fn each_purpose_has_a_key_of_its_own() {
        let secret = SecretString::from("s".repeat(64));
        assert_eq!(derive(&secret, "one"), derive(&secret, "one"));
        assert_ne!(derive(&secret, "one"), derive(&secret, "two"));
        assert_ne!(
            derive(&secret, "one"),
            derive(&SecretString::from("t".repeat(64)), "one")
        );
    }
}
