//! A report as Markdown, with diagrams that mermaid draws.

use std::fmt::Write as _;

use super::document::{Block, Document, Table};

/// Renders a report.
pub fn markdown(document: &Document) -> String {
    let Document { title, about, sections, .. } = document;
    let mut text = format!("# {}\n\n", inline(title));
    for (name, value) in about {
        let _ = writeln!(text, "- {name}: {}", inline(value));
    }
    for section in sections {
        let _ = write!(text, "\n## {}\n", inline(&section.title));
        for block in &section.blocks {
            text.push('\n');
            text.push_str(&drawn(block));
        }
    }
    text
}

fn drawn(block: &Block) -> String {
    match block {
        Block::Words(words) => format!("{}\n", inline(words)),
        Block::List(points) => points.iter().fold(String::new(), |text, point| text + "- " + &inline(point) + "\n"),
        Block::Table(table) => rows(table),
        Block::Diagram(diagram) => format!("```mermaid\n{}```\n", diagram.mermaid()),
        Block::Gap(what) => format!("> **Not known:** {}\n", inline(what)),
    }
}

fn rows(table: &Table) -> String {
    let line = |cells: &mut dyn Iterator<Item = String>| format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "));
    let mut text = line(&mut table.columns.iter().map(|(_, title)| inline(title)));
    text.push_str(&line(&mut table.columns.iter().map(|_| "---".to_owned())));
    for row in &table.rows {
        text.push_str(&line(&mut row.iter().map(|cell| inline(cell).replace('|', "\\|"))));
    }
    text
}

/// Keeps words on their line and from being anything but words: names of hosts and models come from others.
fn inline(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => safe.push_str("&lt;"),
            '[' | ']' | '*' => {
                safe.push('\\');
                safe.push(character);
            }
            character if character.is_control() => safe.push(' '),
            character => safe.push(character),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::super::document::Section;
    use super::*;

    #[test]
    fn a_report_has_its_parts_in_order_and_a_strangers_words_stay_words() {
        let mut table = Table::new(&[("host", "Host"), ("requests", "Requests")]);
        table.push(["a|b<script>", "3"]);
        let document = Document {
            kind: "egress",
            title: "Where traffic went".to_owned(),
            about: vec![("Period", "24 hours".to_owned())],
            sections: vec![
                Section::new("hosts", "Hosts")
                    .table(table, "none")
                    .list(["one", "[two](https://x.example)"])
                    .gap("nobody says\nwhere"),
            ],
        };
        insta::assert_snapshot!(markdown(&document), @r"
        # Where traffic went

        - Period: 24 hours

        ## Hosts

        | Host | Requests |
        | --- | --- |
        | a\|b&lt;script> | 3 |

        - one
        - \[two\](https://x.example)

        > **Not known:** nobody says where
        ");
        assert_eq!(document.gaps().collect::<Vec<_>>(), ["nobody says\nwhere"]);
    }
}
