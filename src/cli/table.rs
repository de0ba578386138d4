//! Columns of text, as wide as what stands in them; pure.

/// Lines of cells.
pub(super) struct Table {
    lines: Vec<Vec<String>>,
}

impl Table {
    /// A table with a head.
    pub(super) fn new(head: &[&str]) -> Self {
        Self { lines: vec![head.iter().map(ToString::to_string).collect()] }
    }

    /// A table without one.
    pub(super) fn bare() -> Self {
        Self { lines: Vec::new() }
    }

    /// Adds a line.
    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.lines.push(cells);
    }

    /// Draws it, two spaces between columns and none at the ends of lines.
    pub(super) fn text(&self) -> String {
        let columns = self.lines.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        self.lines.iter().fold(String::new(), |mut text, line| {
            let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
            text.push('\n');
            text
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them() {
        let mut table = Table::new(&["a", "bb", "c"]);
        table.row(vec!["äöü".to_owned(), String::new(), "1".to_owned()]);
        table.row(vec!["x".to_owned()]);
        assert_eq!(table.text(), "a    bb  c\näöü      1\nx\n");
    }
}
