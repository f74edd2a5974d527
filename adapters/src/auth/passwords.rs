//! Password hashes with Argon2id, and those with bcrypt that an older installation brought along.

mod roomy;

use std::{fmt, sync::Arc, thread::available_parallelism};

use argon2::{
    PasswordHasher, PasswordVerifier,
    password_hash::{Error as HashError, phc::PasswordHash},
};
use async_trait::async_trait;
use explainer_core::{
    Error, ErrorKind, Result,
    domain::{ExposeSecret, SecretString},
    ports::Passwords,
};
use tokio::{sync::Semaphore, task::spawn_blocking};

use self::roomy::Roomy;

/// What errors call this adapter.
const ADAPTER: &str = "argon2";

/// The longest password, in bytes: every one counts, and nobody pays for a megabyte.
const MAX_LEN: usize = 1024;

/// Verified where there is no hash. It is of the parameters below, so it takes as long.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm8gc3VjaCBhY2NvdW50$\
                     AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why a hash could not be made or read.
type Unusable = Box<dyn std::error::Error + Send + Sync>;

/// Argon2id with 19 MiB, two passes and one lane, as OWASP's password storage cheat sheet asks for.
///
/// At most as many hashes as the machine has cores are made at once, which bounds the memory; the
/// others wait.
pub struct Argon2Passwords {
    places: Arc<Semaphore>,
}

impl Argon2Passwords {
    /// Made for this machine.
    pub fn new() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self {
            places: Arc::new(Semaphore::new(cores)),
        }
    }

    async fn slowly<T: Send + 'static>(
        &self,
        operation: &'static str,
        password: &SecretString,
        work: impl FnOnce() -> Result<T, Unusable> + Send + 'static,
    ) -> Result<T> {
        if password.expose_secret().len() > MAX_LEN {
            return Err(too_long(operation));
        }
        let place = self.places.clone().acquire_owned().await;
        let working = spawn_blocking(move || {
            let _place = place;
            work()
        });
        let fault = |message| Error::new(ErrorKind::Internal, ADAPTER, operation, message);
        match working.await {
            Ok(outcome) => outcome.map_err(|error| {
                fault("could not work with a password hash because it cannot be read or made; set the password again")
                    .with_source(error)
            }),
            Err(error) => Err(fault(
                "could not hash the password because the thread broke off; see the log",
            )
            .with_source(error)),
        }
    }
}

impl Default for Argon2Passwords {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Passwords for Argon2Passwords {
    async fn hash(&self, password: SecretString) -> Result<String> {
        let secret = password.clone();
        self.slowly("hash", &password, move || {
            let hash = Roomy::new()?.hash_password(secret.expose_secret().as_bytes())?;
            Ok(hash.to_string())
        })
        .await
    }

    async fn verify(&self, password: SecretString, hash: Option<String>) -> Result<bool> {
        let secret = password.clone();
        self.slowly("verify", &password, move || {
            if let Some(hash) = hash.as_deref().filter(|hash| is_bcrypt(hash)) {
                return verify_bcrypt(secret.expose_secret().as_bytes(), hash);
            }
            let parsed = PasswordHash::new(hash.as_deref().unwrap_or(DUMMY))?;
            match Roomy::new()?.verify_password(secret.expose_secret().as_bytes(), &parsed) {
                Ok(()) => Ok(hash.is_some()),
                Err(HashError::PasswordInvalid) => Ok(false),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    fn is_current(&self, hash: &str) -> bool {
        let parameters = |hash: &str| {
            let hash = PasswordHash::new(hash).ok()?;
            Some((hash.algorithm, hash.version, hash.params))
        };
        parameters(hash).is_some_and(|it| Some(it) == parameters(DUMMY))
    }
}

fn is_bcrypt(hash: &str) -> bool {
    ["$2a$", "$2b$", "$2y$"]
        .iter()
        .any(|version| hash.starts_with(version))
}

/// bcrypt reads 72 bytes of a password and its hash knows no more of it, so no more can be checked.
/// A hash as costly as none is made is refused: it would hold a thread for minutes.
fn verify_bcrypt(password: &[u8], hash: &str) -> Result<bool, Unusable> {
    const READ: usize = 72;
    const MOST: u32 = 16;
    let parts: bcrypt::HashParts = hash.parse()?;
    if parts.get_cost() > MOST {
        return Err("its bcrypt cost is above 16".into());
    }
    let read = password.get(..READ).unwrap_or(password);
    Ok(bcrypt::verify(read, hash)?)
}

fn too_long(operation: &'static str) -> Error {
    Error::new(
        ErrorKind::Invalid,
        ADAPTER,
        operation,
        format!(
            "could not use the password because it has more than {MAX_LEN} bytes; use a shorter one"
        ),
    )
}

impl fmt::Debug for Argon2Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Argon2Passwords").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// «correct horse» under each of bcrypt's names, and 100 × «p», as other programs made them.
    #[tokio::test]
    async fn a_bcrypt_hash_of_an_older_installation_is_accepted_and_not_current() {
        let passwords = Argon2Passwords::new();
        let made = bcrypt::hash_with_result("correct horse", 4).unwrap();
        for version in [
            bcrypt::Version::TwoA,
            bcrypt::Version::TwoB,
            bcrypt::Version::TwoY,
        ] {
            let hash = made.format_for_version(version);
            let verify = async |password: &str| {
                let password = SecretString::from(password);
                passwords
                    .verify(password, Some(hash.clone()))
                    .await
                    .unwrap()
            };
            assert!(verify("correct horse").await, "{hash}");
            assert!(!verify("correct horses").await, "{hash}");
            assert!(!passwords.is_current(&hash), "{hash}");
        }
    }

    #[tokio::test]
    async fn a_bcrypt_hash_that_would_hold_a_thread_for_minutes_is_refused() {
        let costly = "$2b$31$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde".to_owned();
        let password = SecretString::from("correct horse");
        let refused = Argon2Passwords::new().verify(password, Some(costly)).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Internal);
    }

    #[tokio::test]
    async fn a_hash_is_argon2id_with_the_parameters_of_the_dummy() {
        let passwords = Argon2Passwords::new();
        let hash = passwords
            .hash(SecretString::from("correct horse"))
            .await
            .unwrap();
        let (kind, dummy) = (
            PasswordHash::new(&hash).unwrap(),
            PasswordHash::new(DUMMY).unwrap(),
        );
        assert_eq!(kind.algorithm.as_str(), "argon2id");
        assert_eq!(kind.algorithm, dummy.algorithm);
        assert_eq!(kind.version, dummy.version);
        assert_eq!(kind.params, dummy.params);
        assert_eq!(
            kind.hash.map(|hash| hash.len()),
            dummy.hash.map(|hash| hash.len())
        );
    }
}
