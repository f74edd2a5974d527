//! A copy of a library that nobody can change any more.
//!
//! A file that is overwritten while it is loaded kills the process later; a copy in sealed memory
//! cannot be, and it is the very bytes whose digest was checked.

use std::{
    io::{self, Write},
    os::fd::{AsRawFd, OwnedFd},
    path::PathBuf,
};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

/// Puts `bytes` into sealed memory, and says under which path it can be opened as long as the
/// descriptor lives.
pub(crate) fn copy(bytes: &[u8]) -> io::Result<(OwnedFd, PathBuf)> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let memory = memfd_create(c"explainer-plugin", flags)?;
    let mut memory = std::fs::File::from(memory);
    memory.write_all(bytes)?;
    let memory = OwnedFd::from(memory);
    fcntl_add_seals(
        &memory,
        SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE,
    )?;
    let path = format!("/proc/self/fd/{}", memory.as_raw_fd()).into();
    Ok((memory, path))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_copy_can_be_read_and_not_changed() {
        let (_memory, path) = copy(b"\x7fELF").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"\x7fELF");
        assert!(fs::write(&path, b"other").is_err());
    }
}
