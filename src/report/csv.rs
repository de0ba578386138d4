//! A report as CSV, the form of RFC 4180: every table, one below the other, each row behind its section's name.

use super::document::{Block, Document, Table};

/// Renders the tables of a report, and what is not known.
pub fn csv(document: &Document) -> String {
    let mut text = String::new();
    for (name, value) in &document.about {
        text.push_str(&line(["about", name, value]));
    }
    for section in &document.sections {
        for block in &section.blocks {
            match block {
                Block::Table(Table { columns, rows }) => {
                    text.push_str(&line(["section"].into_iter().chain(columns.iter().map(|(name, _)| *name))));
                    for row in rows {
                        text.push_str(&line([section.id].into_iter().chain(row.iter().map(String::as_str))));
                    }
                }
                Block::Words(words) => text.push_str(&line([section.id, "words", words])),
                Block::List(points) => text.extend(points.iter().map(|point| line([section.id, "point", point]))),
                Block::Gap(what) => text.push_str(&line([section.id, "not known", what])),
                Block::Diagram(_) => {}
            }
        }
    }
    text
}

fn line<'c>(cells: impl IntoIterator<Item = &'c str>) -> String {
    let cells: Vec<String> = cells.into_iter().map(cell).collect();
    cells.join(",") + "\r\n"
}

/// Quotes a cell; one that a spreadsheet would take for a formula is kept from being one.
fn cell(text: &str) -> String {
    let is_formula = text.len() > 1 && text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r', '\'']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::super::document::Section;
    use super::*;

    #[test]
    fn tables_are_rows_and_no_cell_is_a_formula() {
        let mut table = Table::new(&[("host", "Host"), ("note", "Note")]);
        table.push(["=cmd()", "said \"no\", twice"]);
        let document = Document {
            kind: "egress",
            title: String::new(),
            about: vec![("Period", "24 hours".to_owned())],
            sections: vec![Section::new("hosts", "Hosts").table(table, "").gap("why")],
        };
        assert_eq!(
            csv(&document),
            "about,Period,24 hours\r\nsection,host,note\r\nhosts,\"'=cmd()\",\"said \"\"no\"\", twice\"\r\n\
             hosts,not known,why\r\n"
        );
    }
}
