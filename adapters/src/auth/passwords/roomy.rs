//! Argon2id whose memory goes back to the system after each hash.
//!
//! The library asks for exactly the 19 MiB it needs. From the second time on, glibc takes that from
//! the heap of whichever thread asks, and keeps it: after a busy minute of logins that was a gigabyte.

use argon2::{
    Algorithm, Argon2, Block, Params, PasswordHasher, Version,
    password_hash::{
        CustomizedPasswordHasher, Error, Result,
        phc::{Output, ParamsString, PasswordHash, Salt},
    },
};

/// How much is asked for at least, in bytes: what is larger than 32 MiB glibc always maps by itself
/// and unmaps when it is freed (`DEFAULT_MMAP_THRESHOLD_MAX` of mallopt(3)). What is never touched of
/// it takes no memory.
const ROOM: usize = 33 << 20;

/// Argon2, with as much room as it takes for its memory to be given back.
pub(super) struct Roomy {
    algorithm: Algorithm,
    version: Version,
    params: Params,
}

impl Roomy {
    /// Argon2id with 19 MiB, two passes and one lane.
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            params: Params::new(19 * 1024, 2, 1, None)?,
        })
    }
}

impl PasswordHasher<PasswordHash> for Roomy {
    fn hash_password_with_salt(&self, password: &[u8], salt: &[u8]) -> Result<PasswordHash> {
        let salt = Salt::new(salt)?;
        let length = self.params.output_len();
        let mut buffer = [0; Output::MAX_LENGTH];
        let out = buffer
            .get_mut(..length.unwrap_or(Params::DEFAULT_OUTPUT_LEN))
            .ok_or(Error::OutputSize)?;
        let mut memory = Vec::with_capacity(ROOM / size_of::<Block>());
        memory.resize(self.params.block_count(), Block::new());
        let argon2 = Argon2::new(self.algorithm, self.version, self.params.clone());
        argon2.hash_password_into_with_memory(password, &salt, out, &mut memory)?;
        Ok(PasswordHash {
            algorithm: self.algorithm.ident(),
            version: Some(self.version.into()),
            params: ParamsString::try_from(&self.params)?,
            salt: Some(salt),
            hash: Some(Output::new(out)?),
        })
    }
}

impl CustomizedPasswordHasher<PasswordHash> for Roomy {
    type Params = Params;

    fn hash_password_customized(
        &self,
        password: &[u8],
        salt: &[u8],
        algorithm: Option<&str>,
        version: Option<u32>,
        params: Params,
    ) -> Result<PasswordHash> {
        let asked = Self {
            algorithm: algorithm
                .map(Algorithm::try_from)
                .transpose()?
                .unwrap_or_default(),
            version: version
                .map(Version::try_from)
                .transpose()?
                .unwrap_or_default(),
            params,
        };
        asked.hash_password_with_salt(password, salt)
    }
}
