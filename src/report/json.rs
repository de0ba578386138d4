//! A report as JSON: tables as lists of objects, by their stable names.

use serde_json::{Map, Value, json};

use super::document::{Block, Document, Section, Table};

/// Renders a report.
pub fn json(document: &Document) -> String {
    let Document { kind, title, about, sections } = document;
    let about: Map<String, Value> =
        about.iter().map(|(name, value)| (name.to_lowercase().replace(' ', "_"), value.as_str().into())).collect();
    let sections: Vec<Value> = sections.iter().map(section).collect();
    let gaps: Vec<&str> = document.gaps().collect();
    format!("{:#}\n", json!({"kind": kind, "title": title, "about": about, "sections": sections, "gaps": gaps}))
}

fn section(Section { id, title, blocks }: &Section) -> Value {
    let mut section = json!({"id": id, "title": title});
    let mut rows: Vec<Value> = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    for block in blocks {
        match block {
            Block::Table(Table { columns, rows: of_table }) => rows.extend(of_table.iter().map(|row| {
                let cells = columns.iter().zip(row).map(|((name, _), cell)| ((*name).to_owned(), cell.as_str().into()));
                Value::Object(cells.collect())
            })),
            Block::Words(some) => words.push(some),
            Block::List(points) => words.extend(points.iter().map(String::as_str)),
            Block::Diagram(diagram) => section["diagram"] = diagram.mermaid().into(),
            // They stand together at the end of the report.
            Block::Gap(_) => {}
        }
    }
    section["words"] = words.into();
    section["rows"] = rows.into();
    section
}
