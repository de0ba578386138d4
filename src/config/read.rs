//! From a text to a configuration, with everything that is wrong with it.

use super::{Config, Environment, Problems};

/// Reads a configuration; knows no file and no environment but the one it is given.
///
/// # Errors
/// Fails with all problems at once.
pub fn read(text: &str, file_name: &str, environment: Environment<'_>) -> Result<Config, Problems> {
    let _ = (text, file_name, environment);
    Err(Problems(Vec::new()))
}
