//! Inside: leaves for namespaces of its own, hands its listeners out, becomes the agent.
//!
//! Runs before there is a second thread, since the kernel gives a user namespace to whole processes only.

use std::ffi::OsString;
use std::fs;
use std::io::{self, IoSlice, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};
use rustix::process::{getgid, getuid};
use rustix::thread::UnshareFlags;

use super::outer::MOST_PORTS;
use crate::error::{Exit, Failure};
use crate::launch::not_started;

/// Goes with the listeners.
pub(super) const SEALED: u8 = b's';

/// Seals this process in and becomes the agent; returns only when that cannot be, with an exit code when it has told why.
#[expect(clippy::disallowed_methods, reason = "the socket that the launcher listens on, in its folder; no way out")]
pub(super) fn enter(words: &[OsString]) -> Result<u8, Failure> {
    let [socket, ports, program, arguments @ ..] = words else { return Err(not_by_hand()) };
    let ports: Option<Vec<u16>> = ports.to_str().and_then(|ports| ports.split(',').map(|it| it.parse().ok()).collect());
    let (Some(ports), Ok(mut outer)) = (ports, UnixStream::connect(socket)) else { return Err(not_by_hand()) };
    let sealed = seal(&ports).and_then(|listeners| hand_out(&outer, &listeners).map_err(|error| ("hand-out", error)));
    if let Err((step, error)) = sealed {
        // At one go: it is read at one go.
        let words = format!("{step} {}", error.raw_os_error().unwrap_or_default());
        let _ = outer.write_all(words.as_bytes());
        // Who is outside says it.
        return Ok(Exit::CannotCreate as u8);
    }
    // Without somebody outside there is no way out, and nothing to begin.
    if outer.read_exact(&mut [0]).is_err() {
        return Err(Failure::say(Exit::CannotCreate, "mcr is gone, and with it the only way out"));
    }
    drop(outer);
    let error = Command::new(program).args(arguments).exec();
    Err(not_started(Path::new(program), error))
}

fn not_by_hand() -> Failure {
    Failure::say(Exit::Usage, "this command is mcr's own").hint("run `mcr --sealed code`")
}

/// A step of the sealing, and why it failed.
type Failed = (&'static str, io::Error);

fn seal(ports: &[u16]) -> Result<Vec<TcpListener>, Failed> {
    let (user, group) = (getuid().as_raw(), getgid().as_raw());
    #[expect(
        deprecated,
        reason = "unsound with CLONE_FILES and threads alone: neither is here, and unsafe code is not"
    )]
    rustix::thread::unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNET).map_err(|error| ("unshare", error.into()))?;
    // Whoever one was outside, one is inside, and nobody else.
    fs::write("/proc/self/setgroups", "deny").map_err(|error| ("map", error))?;
    fs::write("/proc/self/uid_map", format!("{user} {user} 1")).map_err(|error| ("map", error))?;
    fs::write("/proc/self/gid_map", format!("{group} {group} 1")).map_err(|error| ("map", error))?;
    raise_loopback().map_err(|error| ("loopback", error))?;
    let bound = ports.iter().map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port))).collect::<io::Result<_>>();
    bound.map_err(|error| ("listen", error))
}

/// Turns the loopback interface on, as `ip link set lo up` does.
fn raise_loopback() -> io::Result<()> {
    const LENGTH: u32 = 32;
    const RTM_NEWLINK: u16 = 16;
    const NLM_F_REQUEST_ACK: u16 = 1 | 4;
    // The first interface of every network namespace.
    const LOOPBACK: i32 = 1;
    const IFF_UP: u32 = 1;
    let mut message = Vec::with_capacity(LENGTH as usize);
    // `struct nlmsghdr`: length, type, flags, sequence, port.
    message.extend(LENGTH.to_ne_bytes());
    message.extend(RTM_NEWLINK.to_ne_bytes());
    message.extend(NLM_F_REQUEST_ACK.to_ne_bytes());
    message.extend([0; 8]);
    // `struct ifinfomsg`: family, padding, type, index, flags, which flags change.
    message.extend([0; 4]);
    message.extend(LOOPBACK.to_ne_bytes());
    message.extend(IFF_UP.to_ne_bytes());
    message.extend(IFF_UP.to_ne_bytes());
    let kernel = SocketAddrNetlink::new(0, 0);
    let socket = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        // NETLINK_ROUTE, whose number is 0.
        None,
    )?;
    rustix::net::sendto(&socket, &message, SendFlags::empty(), &kernel)?;
    let mut answer = [0; 256];
    let (length, _) = rustix::net::recv(&socket, &mut answer, RecvFlags::empty())?;
    // `struct nlmsgerr` behind the header: a negative error, 0 when it was done.
    let code = answer[..length].get(16..20).and_then(|bytes| bytes.try_into().ok()).map(i32::from_ne_bytes);
    match code {
        Some(0) => Ok(()),
        Some(code) => Err(io::Error::from_raw_os_error(-code)),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn hand_out(outer: &UnixStream, listeners: &[TcpListener]) -> io::Result<()> {
    let sockets: Vec<_> = listeners.iter().map(TcpListener::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_PORTS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !ancillary.push(SendAncillaryMessage::ScmRights(&sockets)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    rustix::net::sendmsg(outer, &[IoSlice::new(&[SEALED])], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}
