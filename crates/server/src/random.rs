//! Random bytes of the operating system: where every seed of the process comes from.

use std::fs::File;
use std::io::{self, Read};

/// Bytes that nobody can guess.
pub(crate) fn bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}
