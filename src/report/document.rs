//! A report before anybody has chosen its form: sections of words, lists, tables and diagrams.

use super::diagram::Diagram;

/// A whole report.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// What it is, such as `egress`; the name of the command.
    pub kind: &'static str,
    /// Its heading.
    pub title: String,
    /// What it covers, and when and by what it was made, in order.
    pub about: Vec<(&'static str, String)>,
    /// Its parts.
    pub sections: Vec<Section>,
}

/// A part of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Stable, for scripts: `recipients`.
    pub id: &'static str,
    /// Its heading.
    pub title: String,
    /// What stands in it.
    pub blocks: Vec<Block>,
}

/// What stands in a section.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A paragraph.
    Words(String),
    /// Points.
    List(Vec<String>),
    /// Rows of cells.
    Table(Table),
    /// What people would rather look at than read.
    Diagram(Diagram),
    /// Something that is not known, and who could tell.
    Gap(String),
}

/// Rows of cells, each row as long as the columns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Stable names, for scripts and CSV, and what people read.
    pub columns: Vec<(&'static str, &'static str)>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

impl Section {
    /// An empty section.
    pub fn new(id: &'static str, title: impl Into<String>) -> Self {
        Self { id, title: title.into(), blocks: Vec::new() }
    }

    /// Adds a paragraph.
    #[must_use]
    pub fn words(mut self, words: impl Into<String>) -> Self {
        self.blocks.push(Block::Words(words.into()));
        self
    }

    /// Adds points; none where there are none.
    #[must_use]
    pub fn list(mut self, points: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let points: Vec<String> = points.into_iter().map(Into::into).collect();
        if !points.is_empty() {
            self.blocks.push(Block::List(points));
        }
        self
    }

    /// Adds a table, or words in its place where it has no rows.
    #[must_use]
    pub fn table(mut self, table: Table, else_words: &str) -> Self {
        self.blocks.push(if table.rows.is_empty() { Block::Words(else_words.to_owned()) } else { Block::Table(table) });
        self
    }

    /// Adds a diagram.
    #[must_use]
    pub fn diagram(mut self, diagram: Diagram) -> Self {
        self.blocks.push(Block::Diagram(diagram));
        self
    }

    /// Names something that is not known.
    #[must_use]
    pub fn gap(mut self, what: impl Into<String>) -> Self {
        self.blocks.push(Block::Gap(what.into()));
        self
    }
}

impl Table {
    /// A table without rows.
    pub fn new(columns: &[(&'static str, &'static str)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn push(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        let row: Vec<String> = cells.into_iter().map(Into::into).collect();
        debug_assert_eq!(row.len(), self.columns.len());
        self.rows.push(row);
    }
}

impl Document {
    /// The first picture in it.
    pub fn diagram(&self) -> Option<&Diagram> {
        self.sections.iter().flat_map(|section| &section.blocks).find_map(|block| match block {
            Block::Diagram(diagram) => Some(diagram),
            Block::Words(_) | Block::List(_) | Block::Table(_) | Block::Gap(_) => None,
        })
    }

    /// All that is not known, in order.
    pub fn gaps(&self) -> impl Iterator<Item = &str> {
        self.sections.iter().flat_map(|section| &section.blocks).filter_map(|block| match block {
            Block::Gap(what) => Some(what.as_str()),
            Block::Words(_) | Block::List(_) | Block::Table(_) | Block::Diagram(_) => None,
        })
    }
}

/// A number of things in words: `1 request`, `2 requests`.
pub(super) fn counted(number: u64, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}
