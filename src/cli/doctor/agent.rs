//! Claude Code: whether it is there and new enough, and whether a shell that is activated for it has what it needs.

use super::finding::Finding;
use crate::launch::environment::{BASE_URL, QUIET};
use crate::launch::find::{self, NotFound};
use crate::launch::version::{self, Version};
use crate::launch::{Machine, activation};

/// Before it a repository's settings could redirect requests without being asked about: CVE-2026-21852.
const LEAST: Version = Version([2, 0, 65]);

/// Looks for the executable and its version; runs nothing.
pub(super) fn installed(machine: &Machine) -> Vec<Finding> {
    const INSTALL: &str = "run `npm install -g @anthropic-ai/claude-code`";
    let program = match find::find(&machine.places) {
        Ok(program) => program,
        Err(why @ (NotFound::NotInstalled | NotFound::Named { .. })) => {
            return vec![Finding::error("claude-code", why.to_string(), INSTALL)];
        }
        Err(why @ NotFound::NotExecutable { .. }) => {
            return vec![Finding::error("claude-code", why.to_string(), "make it executable with `chmod +x`")];
        }
    };
    let there = Finding::ok("claude-code", format!("found: {}", program.display()));
    let version = match version::of(&program) {
        None => {
            Finding::note("claude-code-version", "its version stands in no file beside it; `claude --version` tells")
        }
        Some(version) if version < LEAST => Finding::error(
            "claude-code-version",
            format!(
                "{version} is older than {LEAST}, before which a repository could redirect requests (CVE-2026-21852)"
            ),
            "run `npm install -g @anthropic-ai/claude-code@latest`",
        ),
        Some(version) => Finding::ok("claude-code-version", format!("{version}, and {LEAST} is the least")),
    };
    vec![there, version]
}

/// Whether a shell that was activated has what it was activated for, and keeps quiet.
pub(super) fn shell(variables: activation::Variables<'_>, is_served: bool) -> Vec<Finding> {
    const ID: &str = "activation";
    if !activation::is_active(variables) {
        return vec![Finding::ok("telemetry", "`mcr code` switches off telemetry, update checks and feedback")];
    }
    let address = variables(BASE_URL).map(|value| value.to_string_lossy().into_owned()).unwrap_or_default();
    let mut findings = vec![if is_served {
        Finding::ok(ID, format!("this shell is activated for {address}, and the service runs"))
    } else {
        let what = format!("this shell is activated for {address}, where no service runs: `claude` has nobody to ask");
        Finding::error(ID, what, "run `mcr start`, or `eval \"$(mcr deactivate)\"`")
    }];
    let missing: Vec<&str> =
        QUIET.iter().map(|(name, _)| *name).filter(|name| variables(name).is_none_or(|it| it.is_empty())).collect();
    findings.push(if missing.is_empty() {
        Finding::ok("telemetry", "this shell switches off telemetry, update checks and feedback")
    } else {
        let what = format!("this shell lacks {}", missing.join(", "));
        Finding::warning("telemetry", what, "run `eval \"$(mcr activate)\"` again")
    });
    findings
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::fs;
    use std::path::Path;

    use super::super::finding::Severity;
    use super::*;
    use crate::launch::find::Places;

    fn machine(home: &Path) -> Machine {
        Machine {
            places: Places { path: Some(home.join("bin").into_os_string()), ..Places::default() },
            runtime: home.join("run"),
            managed: home.join("managed"),
            no_proxy: Vec::new(),
        }
    }

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_version_before_the_fix_is_an_error_and_is_read_without_running_anything() {
        let home = tempfile::tempdir().unwrap();
        let package = home.path().join("lib/node_modules/@anthropic-ai/claude-code");
        write(&package.join("package.json"), r#"{"name": "@anthropic-ai/claude-code", "version": "2.0.64"}"#);
        write(&package.join("cli.js"), "#!/bin/sh\nexit 1\n");
        fs::create_dir_all(home.path().join("bin")).unwrap();
        std::os::unix::fs::symlink(package.join("cli.js"), home.path().join("bin/claude")).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(package.join("cli.js"), mode).unwrap();
        let found = installed(&machine(home.path()));
        assert_eq!(found[1].severity, Severity::Error, "{found:?}");
        assert!(found[1].evidence.starts_with("2.0.64 is older than 2.0.65"), "{found:?}");
    }

    #[test]
    fn a_shell_that_is_activated_for_nobody_is_an_error() {
        let active = |name: &str| (name == crate::env::MCR_ACTIVE).then(|| OsString::from("1"));
        let found = shell(&active, false);
        assert_eq!((found[0].id, found[0].severity), ("activation", Severity::Error));
        assert_eq!((found[1].id, found[1].severity), ("telemetry", Severity::Warning));
        assert_eq!(shell(&|_| None, false)[0].severity, Severity::Ok);
    }
}
