//! What the machine itself may have in the way: another program on the port, limits, lines of another router.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use rustix::process::{Resource, getrlimit};

use super::finding::Finding;
use crate::cli::service::port;
use crate::config::{Config, Environment};

/// Below this, a few sessions with subagents run out of files.
const FILES: u64 = 512;
/// Files that shells read at a login or a start.
const STARTUP_FILES: [&str; 8] = [
    ".bashrc",
    ".bash_profile",
    ".profile",
    ".zshrc",
    ".zprofile",
    ".zshenv",
    ".config/fish/config.fish",
    ".config/nushell/config.nu",
];
/// What such a file holds of claude-code-router.
const CCR: [&str; 4] = ["ccr activate", "ccr env", "ccr start", "claude-code-router"];
/// The port that it takes unless it is told another.
const CCR_PORT: u16 = 3456;
/// Variables that name proxies.
const PROXIES: [&str; 6] = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
/// What it holds of mcr.
const OWN: [&str; 2] = ["mcr activate", "mcr env"];

/// Whether the service's port is free, or the service's own.
pub(super) fn port_of(address: SocketAddr, is_served: bool) -> Finding {
    const ID: &str = "port";
    if is_served {
        return Finding::ok(ID, format!("{address} is the service's"));
    }
    // A listener that is dropped at once: whoever connects meanwhile is refused, as before.
    if std::net::TcpListener::bind(address).is_ok() {
        return Finding::ok(ID, format!("{address} is free"));
    }
    let holder = port::holder(address);
    let whose = holder.as_ref().map(|holder| format!("process {} (`{}`)", holder.pid, holder.command));
    let is_ccr = holder.is_some_and(|holder| is_ccr(&holder.command));
    let what = format!("{address} is taken by {}", whose.unwrap_or_else(|| "another program".to_owned()));
    let mend =
        if is_ccr { "run `ccr stop`" } else { "set `PORT` in the configuration; `mcr code` needs no fixed port" };
    Finding::warning(ID, what, mend)
}

/// Claude-code-router on its usual port, where mcr's is another: what was set up for it still asks there.
pub(super) fn other_router(own: SocketAddr) -> Option<Finding> {
    let usual = SocketAddr::from(([127, 0, 0, 1], CCR_PORT));
    if own.port() == CCR_PORT || std::net::TcpListener::bind(usual).is_ok() {
        return None;
    }
    port::holder(usual).filter(|holder| is_ccr(&holder.command)).map(|holder| {
        let what = format!("claude-code-router runs at {usual}: process {} (`{}`)", holder.pid, holder.command);
        Finding::note("port", format!("{what}; `ccr stop` ends it, once nothing asks it any more"))
    })
}

fn is_ccr(command: &str) -> bool {
    command.contains("ccr") || command.contains("claude-code-router")
}

/// How many files a process may open, and whether a crash leaves its memory behind.
pub(super) fn limits() -> Vec<Finding> {
    let files = getrlimit(Resource::Nofile);
    // mcr raises its own limit as far as the hard one lets it.
    let most = files.maximum.unwrap_or(u64::MAX);
    let first = if most < FILES {
        let what = format!("a process may open {most} files: connections beyond that are refused");
        Finding::warning("file-limit", what, format!("raise the hard limit: `ulimit -Hn {}`", FILES * 8))
    } else {
        Finding::ok(
            "file-limit",
            if most == u64::MAX { "no limit of open files".to_owned() } else { format!("{most} open files") },
        )
    };
    let core = getrlimit(Resource::Core).current;
    let second = if core == Some(0) {
        Finding::ok("core-dumps", "a crash leaves no memory behind")
    } else {
        Finding::note(
            "core-dumps",
            "a crash may leave memory behind, with keys and prompts in it: `ulimit -c 0` turns that off",
        )
    };
    vec![first, second]
}

/// Which proxies stand between; what they are is not told, since their addresses may hold passwords.
pub(super) fn proxies(environment: Environment<'_>, config: Option<&Config>) -> Option<Finding> {
    let is_set = |name: &&str| environment(name).is_some_and(|value| !value.is_empty());
    let mut names: Vec<&str> = PROXIES.into_iter().filter(is_set).collect();
    names.extend(config.filter(|config| config.proxy_url.is_some()).map(|_| "PROXY_URL"));
    let past = ["no_proxy", "NO_PROXY"].into_iter().find(is_set);
    let past = past.map_or_else(String::new, |name| format!(", but for those in {name}"));
    let what = format!("requests to hosts outside go by way of the proxy in {}{past}", names.join(", "));
    (!names.is_empty()).then(|| Finding::note("proxy", what))
}

/// Lines in the files of shells that start another router, or this one twice.
pub(super) fn startup_files(home: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in STARTUP_FILES {
        let Ok(text) = fs::read(home.join(name)) else { continue };
        let text = String::from_utf8_lossy(&text);
        let lines = |words: &[&str]| -> Vec<usize> {
            let is_in =
                |line: &str| !line.trim_start().starts_with('#') && words.iter().any(|word| line.contains(word));
            text.lines().enumerate().filter(|(_, line)| is_in(line)).map(|(at, _)| at + 1).collect()
        };
        if let Some(line) = lines(&CCR).first() {
            let what =
                format!("~/{name}:{line} starts claude-code-router, which would take the shell's `claude` from mcr");
            let mend = format!("replace the line by `eval \"$(mcr activate)\"`: ~/{name}:{line}");
            findings.push(Finding::warning("ccr-leftovers", what, mend));
        }
        if let [_, second, ..] = lines(&OWN)[..] {
            let what = format!("~/{name}:{second} activates mcr a second time");
            findings.push(Finding::warning("activation", what, format!("remove the line: ~/{name}:{second}")));
        }
    }
    if !findings.iter().any(|finding| finding.id == "ccr-leftovers") {
        findings.push(Finding::ok("ccr-leftovers", "no shell's file starts claude-code-router"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;

    #[test]
    fn a_line_of_another_router_is_named_and_a_comment_is_none() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join(".zshrc"), "# eval \"$(ccr activate)\"\n").unwrap();
        assert_eq!(startup_files(home.path())[0].severity, Severity::Ok);
        fs::write(home.path().join(".bashrc"), "export A=1\neval \"$(ccr activate)\"\n").unwrap();
        let found = startup_files(home.path());
        assert_eq!(found[0].mend.as_deref(), Some("replace the line by `eval \"$(mcr activate)\"`: ~/.bashrc:2"));
    }

    #[test]
    fn a_second_activation_is_named() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join(".zshrc"), "eval \"$(mcr activate)\"\n\neval \"$(mcr activate)\"\n").unwrap();
        let found = startup_files(home.path());
        assert_eq!(found[0].evidence, "~/.zshrc:3 activates mcr a second time");
    }

    #[test]
    fn proxies_are_named_with_who_goes_past_them_and_without_what_they_hold() {
        let environment = |name: &str| match name {
            "HTTPS_PROXY" => Some("http://user:secret@proxy.example".to_owned()),
            "NO_PROXY" => Some("corp.example".to_owned()),
            _ => None,
        };
        let found = proxies(&environment, None).map(|finding| finding.evidence);
        let expected = "requests to hosts outside go by way of the proxy in HTTPS_PROXY, but for those in NO_PROXY";
        assert_eq!(found.as_deref(), Some(expected));
        assert_eq!(proxies(&|name| (name == "NO_PROXY").then(|| "a".to_owned()), None), None);
    }

    #[test]
    fn another_router_is_known_by_its_command() {
        assert!(is_ccr("node /usr/bin/ccr start") && is_ccr("claude-code-router") && !is_ccr("mcr start"));
    }

    #[test]
    fn a_port_is_free_or_somebodys() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let taken = port_of(address, false);
        assert_eq!((taken.id, taken.severity), ("port", Severity::Warning));
        assert_eq!(port_of(address, true).severity, Severity::Ok);
        drop(listener);
        assert_eq!(port_of(address, false).severity, Severity::Ok);
    }
}
