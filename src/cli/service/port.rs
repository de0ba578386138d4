//! Which program listens on a port, as far as the system tells.

use std::net::SocketAddr;

/// The kernel's number for a socket that listens.
const LISTENS: &str = "0A";

/// A program that listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Holder {
    /// Its process.
    pub(in crate::cli) pid: u32,
    /// Its command line, shortened.
    pub(in crate::cli) command: String,
}

/// Finds who listens on a port of this machine; of other users' programs nothing is known.
#[cfg(target_os = "linux")]
pub(in crate::cli) fn holder(address: SocketAddr) -> Option<Holder> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"].into_iter().find_map(|table| {
        let table = std::fs::read_to_string(table).ok()?;
        inode(&table, address.port()).map(str::to_owned)
    })?;
    let socket = format!("socket:[{inode}]");
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let pid = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).find(|pid| {
        let files = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        files.into_iter().any(|file| std::fs::read_link(file.path()).is_ok_and(|link| link.as_os_str() == &*socket))
    })?;
    let words = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    Some(Holder { pid, command: shown(&words) })
}

/// Elsewhere the system has no table to read.
#[cfg(not(target_os = "linux"))]
pub(in crate::cli) fn holder(_: SocketAddr) -> Option<Holder> {
    None
}

/// Whether other machines reach who listens on a port of this one; no where the system has no table to read.
pub(in crate::cli) fn is_open_to_others(port: u16) -> bool {
    let tables =
        ["/proc/net/tcp", "/proc/net/tcp6"].into_iter().filter_map(|table| std::fs::read_to_string(table).ok());
    tables.into_iter().any(|table| listeners(&table, port).any(|address| !is_loopback(address)))
}

/// The addresses at which sockets listen on a port, as the kernel writes them.
fn listeners(table: &str, port: u16) -> impl Iterator<Item = &str> {
    table.lines().skip(1).filter_map(move |line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let (address, here) = fields.get(1)?.rsplit_once(':')?;
        let is_it = u16::from_str_radix(here, 16).ok()? == port && fields.get(3) == Some(&LISTENS);
        is_it.then_some(address)
    })
}

/// Words of four bytes, each with its last byte first: `0100007F`, and `::1` and `::ffff:127.0.0.1` in sixteen.
fn is_loopback(address: &str) -> bool {
    const ONE: &str = "00000000000000000000000001000000";
    const MAPPED: &str = "0000000000000000FFFF0000";
    let four = address.strip_prefix(MAPPED).unwrap_or(address);
    address == ONE || (four.len() == 8 && four.ends_with("7F"))
}

/// Finds the socket that listens on a port, in the kernel's table: `sl local_address rem_address st … inode`.
#[cfg(any(target_os = "linux", test))]
fn inode(table: &str, port: u16) -> Option<&str> {
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let (_, here) = fields.get(1)?.rsplit_once(':')?;
        let is_it = u16::from_str_radix(here, 16).ok()? == port && fields.get(3) == Some(&LISTENS);
        is_it.then(|| fields.get(9).copied())?
    })
}

/// A command line without anything that could be a secret: the program, and a script if it is an interpreter's.
#[cfg(any(target_os = "linux", test))]
fn shown(words: &[u8]) -> String {
    let words = words.split(|byte| *byte == 0).take(2).map(String::from_utf8_lossy);
    let plain = words.filter(|word| !word.is_empty() && !word.starts_with('-'));
    plain.collect::<Vec<_>>().join(" ").chars().filter(|character| !character.is_control()).take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0D80 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 11 1 0 20 4 30 10 -1
   1: 00000000:0D80 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
";

    #[test]
    fn the_socket_that_listens_is_found_and_not_one_that_is_connected() {
        assert_eq!(inode(TABLE, 3456), Some("4711"));
        assert_eq!(inode(TABLE, 3457), None);
    }

    #[test]
    fn who_listens_beyond_this_machine_is_told_from_who_does_not() {
        assert_eq!(listeners(TABLE, 3456).collect::<Vec<_>>(), ["00000000"]);
        for (address, loopback) in [
            ("0100007F", true),
            ("00000000", false),
            ("0500A8C0", false),
            ("00000000000000000000000001000000", true),
            ("0000000000000000FFFF00000100007F", true),
            ("00000000000000000000000000000000", false),
        ] {
            assert_eq!(is_loopback(address), loopback, "{address}");
        }
    }

    #[test]
    fn of_a_command_line_program_and_script_are_shown() {
        assert_eq!(shown(b"node\0/usr/bin/ccr\0start\0--key\0secret\0"), "node /usr/bin/ccr");
        assert_eq!(shown(b"ollama\0--token=x\0"), "ollama");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_is_found_by_its_port() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let holder = holder(listener.local_addr().unwrap()).expect("a program");
        assert_eq!(holder.pid, std::process::id());
    }
}
