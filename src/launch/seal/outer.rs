//! Outside: waits for the listeners from inside, and tells what the kernel did not allow.

use std::ffi::OsString;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};
use tempfile::{NamedTempFile, TempDir};
use tokio::io::{AsyncWriteExt as _, Interest};
use tokio::net::{UnixListener, UnixStream};

use super::{WORD, inner::SEALED};
use crate::error::{Exit, Failure};
use crate::launch::child::Command;
use crate::paths;

/// Listeners that are handed out at most.
pub(super) const MOST_PORTS: usize = 4;
/// What the path of a socket may have, its end included, less a name of ours.
const LONGEST_FOLDER: usize = 108 - 24;

/// Where somebody inside will say that it is sealed in.
#[derive(Debug)]
pub struct Seal {
    socket: NamedTempFile<UnixListener>,
    ports: String,
    /// Where mcr's own folder has too long a path for a socket.
    _folder: Option<TempDir>,
}

impl Seal {
    /// Prepares for an agent that reaches these loopback ports, and nothing else; `runtime` is its owner's only.
    ///
    /// Needs a runtime.
    pub fn prepare(runtime: &Path, ports: &[u16]) -> Result<Self, Failure> {
        let made = || {
            let (folder, place) = if runtime.as_os_str().len() > LONGEST_FOLDER {
                // 0700 is tempfile's way.
                let folder = tempfile::Builder::new().prefix("mcr-").tempdir()?;
                let place = folder.path().to_owned();
                (Some(folder), place)
            } else {
                paths::private_dir(runtime)?;
                (None, runtime.to_owned())
            };
            let socket = tempfile::Builder::new().prefix("seal-").make_in(&place, |path| UnixListener::bind(path))?;
            let ports = ports.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
            Ok::<_, io::Error>(Self { socket, ports, _folder: folder })
        };
        made().map_err(|error| {
            let what = format!("cannot prepare a seal in {}", runtime.display());
            Failure::new(paths::exit(&error, Exit::CannotCreate), anyhow::Error::from(error).context(what))
                .hint("set `MCR_HOME` to a folder of your own, which need not be there yet")
        })
    }

    /// The same command, inside.
    pub fn wrap(&self, command: &Command) -> Command {
        let mut arguments: Vec<OsString> =
            vec![WORD.into(), self.socket.path().into(), (&self.ports).into(), command.program.clone().into()];
        arguments.extend(command.arguments.iter().cloned());
        // This very file, even where an update has put another in its place.
        Command { program: PathBuf::from("/proc/self/exe"), arguments, ..command.clone() }
    }

    /// Waits until the process inside is sealed in, lets it go on, and returns its listeners in the order of the ports.
    ///
    /// # Errors
    /// Fails when the kernel does not make the namespaces; the process inside ends then.
    pub async fn sealed(self) -> Result<Vec<TcpListener>, Failure> {
        let lost = |error: io::Error| {
            let error = anyhow::Error::from(error).context("cannot seal the agent in: nothing came from inside");
            Failure::new(Exit::CannotCreate, error)
        };
        let (mut inside, _) = self.socket.as_file().accept().await.map_err(lost)?;
        let (words, listeners) = receive(&inside).await.map_err(lost)?;
        if words.first() != Some(&SEALED) {
            return Err(refused(&String::from_utf8_lossy(&words)));
        }
        inside.write_all(&[SEALED]).await.map_err(lost)?;
        Ok(listeners)
    }
}

async fn receive(inside: &UnixStream) -> io::Result<(Vec<u8>, Vec<TcpListener>)> {
    let mut words = [0; 64];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_PORTS))];
    let (length, listeners) = loop {
        inside.readable().await?;
        let received = inside.try_io(Interest::READABLE, || {
            let mut ancillary = RecvAncillaryBuffer::new(&mut space);
            let mut parts = [IoSliceMut::new(&mut words)];
            let received = rustix::net::recvmsg(inside, &mut parts, &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
            let mut listeners = Vec::new();
            for message in ancillary.drain() {
                if let RecvAncillaryMessage::ScmRights(sockets) = message {
                    listeners.extend(sockets.map(TcpListener::from));
                }
            }
            Ok((received.bytes, listeners))
        });
        match received {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            received => break received?,
        }
    };
    listeners.iter().try_for_each(|listener| listener.set_nonblocking(true))?;
    Ok((words[..length].to_vec(), listeners))
}

/// Says what the kernel did not allow, from the step and the error's number.
fn refused(words: &str) -> Failure {
    let (step, code) = words.split_once(' ').unwrap_or((words, ""));
    let error = io::Error::from_raw_os_error(code.parse().unwrap_or_default());
    let what = match step {
        "unshare" => "the kernel gives no user and network namespace",
        "map" => "the kernel lets nobody be mapped into the namespace",
        "loopback" => "the loopback interface cannot be turned on",
        "listen" => "no port can be listened on inside",
        _ => "it ended before it was sealed",
    };
    let raw = rustix::io::Errno::from_io_error(&error);
    let failure = Failure::new(
        Exit::CannotCreate,
        anyhow::Error::from(error).context(format!("cannot seal the agent in: {what}")),
    );
    let failure = match raw {
        Some(rustix::io::Errno::NOSPC | rustix::io::Errno::USERS) => {
            failure.hint("allow more: `sudo sysctl user.max_user_namespaces=10000`")
        }
        Some(rustix::io::Errno::PERM | rustix::io::Errno::ACCESS) => failure
            .hint(
                "let users make namespaces, whichever of the two your system has: \
                 `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`, \
                 `sudo sysctl kernel.unprivileged_userns_clone=1`",
            )
            .hint("in a container, start it with a seccomp profile that allows `unshare`"),
        Some(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            failure.hint("use a kernel with `CONFIG_USER_NS` and `CONFIG_NET_NS`")
        }
        Some(_) | None => failure,
    };
    failure.hint("leave `--sealed` out: the agent's traffic is still seen, and its vendor blocked")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_forbids_is_told_with_what_allows_it() {
        let text = refused("unshare 1").to_string();
        assert!(text.starts_with(
            "error: cannot seal the agent in: the kernel gives no user and network namespace\n  caused by: Operation not permitted"
        ));
        for name in ["kernel.unprivileged_userns_clone", "kernel.apparmor_restrict_unprivileged_userns"] {
            assert!(text.contains(name), "{text}");
        }
        assert!(refused("unshare 28").to_string().contains("user.max_user_namespaces"));
        assert!(refused("unshare 22").to_string().contains("CONFIG_USER_NS"));
    }
}
