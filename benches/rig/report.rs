//! The table: a figure, who reached what, and whether that is enough.

use std::fmt::Write as _;

use serde_json::json;

/// One line of the table.
pub struct Row {
    /// What was measured, with its unit.
    pub figure: String,
    /// Straight to the upstream, through the pass-through, through mcr.
    pub values: [Option<f64>; 3],
    /// What is wanted, in words; empty where nothing is.
    pub target: String,
    /// Whether it was reached.
    pub met: Option<bool>,
}

impl Row {
    /// A figure that is only told.
    pub fn told(figure: impl Into<String>, values: [Option<f64>; 3]) -> Self {
        Self { figure: figure.into(), values, target: String::new(), met: None }
    }

    /// A figure of mcr that must stay at or below `limit`.
    pub fn at_most(figure: impl Into<String>, values: [Option<f64>; 3], limit: Option<f64>, target: &str) -> Self {
        let met = values[2].zip(limit).map(|(reached, limit)| reached <= limit);
        Self { figure: figure.into(), values, target: target.to_owned(), met }
    }

    /// A figure of mcr that must be `limit` or more.
    pub fn at_least(figure: impl Into<String>, values: [Option<f64>; 3], limit: Option<f64>, target: &str) -> Self {
        let met = values[2].zip(limit).map(|(reached, limit)| reached >= limit);
        Self { figure: figure.into(), values, target: target.to_owned(), met }
    }

    fn ratio(&self) -> Option<f64> {
        let (pass, mcr) = self.values[1].zip(self.values[2])?;
        (pass > 0.0).then_some(mcr / pass)
    }
}

/// Writes the rows as a table in Markdown.
pub fn markdown(rows: &[Row]) -> String {
    let mut out = "| figure | direct | pass-through | mcr | mcr / pass-through | target | met |\n".to_owned();
    out.push_str("|---|---:|---:|---:|---:|---|---|\n");
    for row in rows {
        let [direct, pass, mcr] = row.values.map(number);
        let ratio = row.ratio().map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}x"));
        let met = row.met.map_or("", |met| if met { "yes" } else { "**no**" });
        let _ = writeln!(out, "| {} | {direct} | {pass} | {mcr} | {ratio} | {} | {met} |", row.figure, row.target);
    }
    out
}

/// Writes the rows as JSON.
pub fn json(rows: &[Row]) -> String {
    let row = |row: &Row| {
        let [direct, pass, mcr] = row.values;
        json!({
            "figure": row.figure, "direct": direct, "pass_through": pass, "mcr": mcr,
            "ratio": row.ratio(), "target": row.target, "met": row.met,
        })
    };
    serde_json::to_string_pretty(&rows.iter().map(row).collect::<Vec<_>>()).unwrap_or_default() + "\n"
}

fn number(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value >= 1e6 => format!("{:.2} M", value / 1e6),
        Some(value) if value >= 100.0 => format!("{value:.0}"),
        Some(value) if value >= 10.0 || value == 0.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.2}"),
    }
}

/// The value below which a share of all lies; sorts them.
pub fn quantile(values: &mut [f64], share: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index"
    )]
    let at = (values.len().saturating_sub(1) as f64 * share).round() as usize;
    values.get(at).copied()
}

/// The middle one.
pub fn median(values: &mut [f64]) -> Option<f64> {
    quantile(values, 0.5)
}
