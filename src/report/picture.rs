//! A report's diagram as a picture of its own, which says what it shows, when it was made, and what it is not.

use super::document::Document;

/// The kinds of report that have a diagram.
pub const PICTURED: [&str; 3] = ["egress", "ropa", "dpia"];

/// What [`NOT_ADVICE`](super::NOT_ADVICE) says, in one line.
const NOTICE: &str = "Not legal advice: a record of technical facts; what follows from it is for the controller and their \
counsel to say.";

/// Draws the first diagram of a report as an SVG; absent where it has none.
pub fn picture(document: &Document) -> Option<String> {
    let diagram = document.diagram()?;
    let about: Vec<String> = document.about.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    Some(diagram.svg(&[document.title.clone(), about.join(". "), NOTICE.to_owned()]))
}
