//! A pseudo-terminal: mcr holds the end that a person would sit at.

use std::io;
use std::num::NonZero;
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::Stdio;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use tokio::io::unix::AsyncFd;

/// What an agent has room for.
pub(super) const WIDTH: NonZero<u16> = NonZero::new(100).unwrap();
/// Likewise in lines.
pub(super) const HEIGHT: NonZero<u16> = NonZero::new(40).unwrap();

/// The person's end; who holds the other one is hung up on when this goes.
#[derive(Debug)]
pub(super) struct Terminal(AsyncFd<OwnedFd>);

impl Terminal {
    /// Opens a terminal, and returns its other end three times: for a program's input, output and errors.
    ///
    /// Needs a runtime.
    pub(super) fn open() -> io::Result<(Self, [Stdio; 3])> {
        let master = open_master()?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?;
        let slave = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        tcsetwinsize(&slave, Winsize { ws_row: HEIGHT.get(), ws_col: WIDTH.get(), ws_xpixel: 0, ws_ypixel: 0 })?;
        rustix::io::ioctl_fionbio(&master, true)?;
        let ends = [slave.try_clone()?, slave.try_clone()?, slave].map(Stdio::from);
        #[expect(deprecated, reason = "unsound for what changes or closes its descriptor: an owned one does neither")]
        let master = AsyncFd::new(master)?;
        Ok((Self(master), ends))
    }

    /// Waits for what is shown next; nothing when nobody holds the other end any more.
    ///
    /// Loses nothing when it is dropped before it is done.
    pub(super) async fn read<'a>(&self, bytes: &'a mut [u8]) -> &'a [u8] {
        loop {
            let Ok(mut ready) = self.0.readable().await else { return &[] };
            match ready.try_io(|master| Ok(rustix::io::read(master.as_fd(), &mut *bytes)?)) {
                Ok(Ok(count)) => return &bytes[..count],
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(_)) => return &[],
                Err(_would_block) => {}
            }
        }
    }

    /// Types.
    pub(super) async fn write(&self, keys: &str) -> io::Result<()> {
        let mut rest = keys.as_bytes();
        while !rest.is_empty() {
            let mut ready = self.0.writable().await?;
            match ready.try_io(|master| Ok(rustix::io::write(master.as_fd(), rest)?)) {
                Ok(written) => rest = &rest[written?..],
                Err(_would_block) => {}
            }
        }
        Ok(())
    }

    /// Whether keys are shown by the terminal itself: nobody reads them one by one then.
    pub(super) fn echoes(&self) -> bool {
        // Where that cannot be told nobody is known to read them.
        tcgetattr(self.0.get_ref()).map_or(true, |modes| modes.local_modes.contains(LocalModes::ECHO))
    }
}

/// Opens the person's end so that no program inherits it.
#[cfg(target_os = "linux")]
fn open_master() -> io::Result<OwnedFd> {
    Ok(openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?)
}

/// Opens the person's end; a program that another thread starts before the next line inherits it.
#[cfg(not(target_os = "linux"))]
fn open_master() -> io::Result<OwnedFd> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    rustix::io::fcntl_setfd(&master, rustix::io::FdFlags::CLOEXEC)?;
    Ok(master)
}
