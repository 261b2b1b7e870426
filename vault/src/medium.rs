//! What a store writes to: bytes in place, made durable when asked.

use sanctum_host::HostError;
use sanctum_host::log_file::LogFile;

/// A file of one process, or something that stands for one.
pub trait Medium: Send + Sync {
    /// Bytes in it.
    ///
    /// # Errors
    /// Nobody knows.
    fn size(&self) -> Result<u64, HostError>;

    /// Fills the buffer from there on.
    ///
    /// # Errors
    /// There are not as many bytes, or they cannot be read.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), HostError>;

    /// Writes there.
    ///
    /// # Errors
    /// A part of it may be there.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), HostError>;

    /// Makes durable what was written.
    ///
    /// # Errors
    /// Nobody knows what of it is.
    fn sync(&self) -> Result<(), HostError>;

    /// Cuts it, durably.
    ///
    /// # Errors
    /// Nobody knows how long it is.
    fn cut(&self, length: u64) -> Result<(), HostError>;

    /// Has those bytes ready, all of them, durably.
    ///
    /// # Errors
    /// It has not, and nothing has changed.
    fn stage(&self, bytes: &[u8]) -> Result<(), HostError>;

    /// Holds what was staged instead.
    ///
    /// # Errors
    /// It holds the one or the other.
    fn swap(&self) -> Result<(), HostError>;
}

impl Medium for LogFile {
    fn size(&self) -> Result<u64, HostError> {
        Self::size(self)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), HostError> {
        Self::read_at(self, offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), HostError> {
        Self::write_at(self, offset, bytes)
    }

    fn sync(&self) -> Result<(), HostError> {
        Self::sync(self)
    }

    fn cut(&self, length: u64) -> Result<(), HostError> {
        Self::cut(self, length)
    }

    fn stage(&self, bytes: &[u8]) -> Result<(), HostError> {
        Self::stage(self, bytes)
    }

    fn swap(&self) -> Result<(), HostError> {
        Self::swap(self)
    }
}

/// Everything in it.
pub(crate) fn read_all(medium: &dyn Medium) -> Result<Vec<u8>, HostError> {
    let size = usize::try_from(medium.size()?).unwrap_or(usize::MAX);
    let mut bytes = vec![0; size];
    medium.read_at(0, &mut bytes)?;
    Ok(bytes)
}
