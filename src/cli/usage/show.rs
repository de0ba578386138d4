//! The table as text, as CSV, and as JSON in the words that users of ccusage know; pure.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::By;
use super::sums::{Row, Sums, Table};
use crate::config::Currency;

/// The list and the name of a row in JSON.
fn keys(by: By) -> (&'static str, &'static str) {
    match by {
        By::Daily => ("daily", "date"),
        By::Weekly => ("weekly", "week"),
        By::Monthly => ("monthly", "month"),
        By::Session => ("sessions", "sessionId"),
        By::Model => ("models", "model"),
    }
}

/// A table with a line for each row and one for all.
pub(super) fn text(table: &Table, by: By) -> String {
    let head = [keys(by).1, "requests", "failed", "input", "cached", "output", "cost"].map(str::to_owned);
    let mut lines = vec![head];
    lines.extend(table.rows.iter().map(|row| cells(&row.name, &row.sums)));
    lines.push(cells("total", &table.total));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..7).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let _ = write!(text, "{:1$}", line[0], widths[0]);
        for (cell, width) in line.iter().zip(&widths).skip(1) {
            let _ = write!(text, "  {cell:>width$}");
        }
        text.push('\n');
    }
    if table.total.unpriced > 0 {
        let noun = if table.total.unpriced == 1 { "request" } else { "requests" };
        let _ = writeln!(text, "+ {} {noun} of which no price is known", table.total.unpriced);
    }
    text
}

fn cells(name: &str, sums: &Sums) -> [String; 7] {
    let cached = (sums.cached * 100).checked_div(sums.input).unwrap_or(0);
    [
        name.chars().filter(|character| !character.is_control()).collect(),
        sums.requests.to_string(),
        sums.failed.to_string(),
        sums.input.to_string(),
        format!("{cached}%"),
        sums.output.to_string(),
        cost(sums),
    ]
}

/// What it cost, each currency for itself; a `+` where there is more of which no price is known.
fn cost(sums: &Sums) -> String {
    let amounts = [(sums.usd, Currency::Usd), (sums.eur, Currency::Eur)];
    let amounts = amounts.into_iter().filter_map(|(sum, currency)| Some(format!("{}{:.2}", currency.sign(), sum?)));
    let amounts = amounts.collect::<Vec<_>>().join(" + ");
    match (amounts.as_str(), sums.unpriced) {
        ("", 0) => "-".to_owned(),
        ("", _) => "unknown".to_owned(),
        (known, 0) => known.to_owned(),
        (known, _) => format!("{known}+"),
    }
}

/// One line for each row, with a head.
pub(super) fn csv(table: &Table, by: By) -> String {
    let name = keys(by).1;
    let mut text =
        format!("{name},requests,failed,inputTokens,cacheReadTokens,outputTokens,totalCost,unpriced,costEUR\n");
    for Row { name, sums, .. } in &table.rows {
        let fresh = sums.input.saturating_sub(sums.cached);
        let Sums { requests, failed, cached, output, unpriced, .. } = sums;
        let usd = sums.usd.unwrap_or_default();
        let eur = sums.eur.map(|cost| cost.to_string()).unwrap_or_default();
        let name = name.replace('"', "\"\"");
        let _ = writeln!(text, "\"{name}\",{requests},{failed},{fresh},{cached},{output},{usd},{unpriced},{eur}");
    }
    text
}

/// The rows with their models, and the totals.
pub(super) fn json(table: &Table, by: By) -> String {
    let (list, name) = keys(by);
    let rows = table.rows.iter().map(|row| {
        let mut value = map(&row.sums);
        value.insert(name.to_owned(), row.name.clone().into());
        value.insert("modelsUsed".to_owned(), row.models.keys().cloned().collect::<Vec<_>>().into());
        let models = row.models.iter().map(|(model, sums)| {
            let mut value = map(sums);
            value.insert("modelName".to_owned(), model.clone().into());
            value.insert("cost".to_owned(), sums.usd.unwrap_or_default().into());
            Value::Object(value)
        });
        value.insert("modelBreakdowns".to_owned(), models.collect());
        Value::Object(value)
    });
    let rows: Vec<Value> = rows.collect();
    format!("{:#}\n", json!({ list: rows, "totals": map(&table.total) }))
}

/// The words of ccusage: `totalCost` is in US dollars and always a number; `costUSD` is `null` where no price is known.
fn map(sums: &Sums) -> Map<String, Value> {
    let mut value = json!({
        "requests": sums.requests,
        "failedRequests": sums.failed,
        "inputTokens": sums.input.saturating_sub(sums.cached),
        "cacheCreationTokens": 0,
        "cacheReadTokens": sums.cached,
        "outputTokens": sums.output,
        "totalTokens": sums.input + sums.output,
        "totalCost": sums.usd.unwrap_or_default(),
        "costUSD": sums.usd,
        "unpricedRequests": sums.unpriced,
    });
    if let Some(cost) = sums.eur {
        value["costEUR"] = cost.into();
    }
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use jiff::tz::TimeZone;

    use super::super::sums::{table, tests::entries};
    use super::*;

    fn monthly() -> Table {
        table(&entries(), By::Monthly, None, &TimeZone::UTC)
    }

    #[test]
    fn a_table_has_a_line_for_each_row_and_one_for_all() {
        assert_snapshot!(text(&monthly(), By::Monthly), @r"
        month    requests  failed  input  cached  output     cost
        2026-10         1       0   1000     50%      10    $0.50
        2026-11         2       1    100      0%       1  unknown
        total           3       1   1100     45%      11   $0.50+
        + 1 request of which no price is known
        ");
    }

    #[test]
    fn a_name_cannot_end_its_field() {
        let mut table = monthly();
        table.rows[0].name = "a\"b,c".to_owned();
        assert_snapshot!(csv(&table, By::Model), @r#"
        model,requests,failed,inputTokens,cacheReadTokens,outputTokens,totalCost,unpriced,costEUR
        "a""b,c",1,0,500,500,10,0.5,0,
        "2026-11",2,1,100,0,1,0,1,
        "#);
    }

    #[test]
    fn json_has_rows_with_their_models_and_totals() {
        let value: Value = serde_json::from_str(&json(&monthly(), By::Monthly)).unwrap();
        let row = &value["monthly"][0];
        assert_eq!(
            (&row["month"], &row["totalCost"], &row["inputTokens"]),
            (&json!("2026-10"), &json!(0.5), &json!(500))
        );
        assert_eq!(row["modelsUsed"], json!(["large"]));
        assert_eq!(row["modelBreakdowns"][0]["modelName"], "large");
        assert_eq!(value["totals"]["totalTokens"], 1_111);
    }
}
