//! Failures as people see them: what failed, why, and the command that mends it.
//!
//! The agent gets `translate::ApiError` instead; this type ends a command.

use std::fmt;

/// Exit codes: `sysexits.h` where it has a word for it, shells' convention for the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// A check ran and did not hold.
    Failed = 1,
    /// The command line is wrong.
    Usage = 64,
    /// Input is malformed.
    Data = 65,
    /// A named input does not exist.
    NoInput = 66,
    /// An upstream cannot be reached.
    Unavailable = 69,
    /// A bug in mcr.
    Software = 70,
    /// A file or listener cannot be made.
    CannotCreate = 73,
    /// Reading or writing failed.
    Io = 74,
    /// Refused by policy.
    Denied = 77,
    /// The configuration is wrong.
    Config = 78,
    /// The agent was found and cannot be executed.
    NotExecutable = 126,
    /// The agent was not found.
    NotFound = 127,
}

/// Why a command ended early.
#[derive(Debug)]
pub struct Failure {
    /// Decides the exit code.
    pub exit: Exit,
    /// What failed, and the chain of causes.
    pub error: anyhow::Error,
    /// Commands or steps that mend it, in the order to try.
    pub hints: Vec<String>,
}

impl Failure {
    /// Makes a failure without hints.
    pub fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self { exit, error: error.into(), hints: Vec::new() }
    }

    /// Makes a failure from words.
    pub fn say(exit: Exit, what: impl fmt::Display + fmt::Debug + Send + Sync + 'static) -> Self {
        Self { exit, error: anyhow::Error::msg(what), hints: Vec::new() }
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.error)?;
        for cause in self.error.chain().skip(1) {
            write!(f, "\n  caused by: {cause}")?;
        }
        for hint in &self.hints {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_reads_what_then_why_then_the_mending_command() {
        let error = anyhow::anyhow!("no such file: config.json").context("cannot read the configuration");
        let failure = Failure::new(Exit::NoInput, error).hint("run `mcr config path`");
        assert_eq!(
            failure.to_string(),
            "error: cannot read the configuration\n  caused by: no such file: config.json\nhint: run `mcr config path`"
        );
    }
}
