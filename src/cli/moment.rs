//! This moment, as part of a file's name.

/// Names this moment, in UTC and so that names sort by it: `2026-11-21T19-20-42-001Z`.
pub(super) fn stamp() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H-%M-%S-%3fZ").to_string()
}
