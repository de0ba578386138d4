//! The models as a table and as JSON; pure.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::row::{Row, Source};
use crate::catalog::{self, Effort, Price};
use crate::cli::table::Table;

/// The table, with what there is to say of single models below it.
pub(super) fn text(rows: &[Row]) -> String {
    let mut table = Table::new(&[
        " ",
        "provider",
        "model",
        "window",
        "tools",
        "vision",
        "reasoning",
        "price",
        "lifecycle",
        "region",
        "source",
    ]);
    for row in rows {
        table.row(vec![
            if row.configured { "*" } else { " " }.to_owned(),
            row.provider.clone(),
            row.model.clone(),
            row.window.map_or_else(unknown, |window| window.to_string()),
            yes(row.tools),
            yes(row.vision),
            reasoning(row),
            price(row),
            lifecycle(row),
            row.region.clone().unwrap_or_else(unknown),
            source(row),
        ]);
    }
    let mut text = table.text();
    text.push_str("\n* configured. Prices: a million tokens of prompt / of answer. ");
    let _ = writeln!(text, "Catalogue of {}.", catalog::as_of());
    for row in rows {
        if let Some(standing) = row.elsewhere {
            let (operator, country) = (standing.operator, standing.country);
            let _ = writeln!(text, "! {} runs elsewhere: operated by {operator}, {country}", row.model);
        }
        if let Some(fact) = &row.training {
            let _ = writeln!(
                text,
                "! {}: training with requests is {} ({}, {})",
                row.model, fact.value, fact.source, fact.as_of
            );
        }
        if row.configured && row.retired.as_ref().is_some_and(|retired| retired.past) && !row.own {
            let _ = writeln!(text, "! {} {}", row.model, lifecycle(row));
        }
    }
    text
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn yes(what: Option<bool>) -> String {
    match what {
        Some(true) => "yes".to_owned(),
        Some(false) => "no".to_owned(),
        None => unknown(),
    }
}

fn reasoning(row: &Row) -> String {
    if row.reasoning == Some(true) && !row.efforts.is_empty() {
        return row.efforts.iter().map(|effort| effort.as_str()).collect::<Vec<_>>().join(",");
    }
    yes(row.reasoning)
}

fn price(row: &Row) -> String {
    let one = |price: &Price| {
        if price.is_free() {
            return "free".to_owned();
        }
        let sign = price.currency.sign();
        format!("{sign}{}/{sign}{}", amount(price.input), amount(price.output))
    };
    let prices: Vec<String> = row.prices.iter().map(one).collect();
    if prices.is_empty() { unknown() } else { prices.join(" ") }
}

/// At most three places after the point, and no more than it takes.
fn amount(amount: f64) -> String {
    let text = format!("{amount:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn lifecycle(row: &Row) -> String {
    if row.own {
        return "-".to_owned();
    }
    let next = row.replacement.as_ref().map(|next| format!(" -> {next}")).unwrap_or_default();
    match (&row.retired, &row.deprecated) {
        (Some(retired), _) => {
            let word = if retired.past { "retired" } else { "retires" };
            format!("{word} {}{next}", retired.day)
        }
        (None, Some(day)) => format!("deprecated {day}{next}"),
        (None, None) if row.source == Source::Configuration => unknown(),
        (None, None) => "current".to_owned(),
    }
}

fn source(row: &Row) -> String {
    match &row.source {
        Source::Live(day) => format!("live {day}"),
        Source::Catalogue => "catalogue".to_owned(),
        Source::Configuration => "configuration".to_owned(),
    }
}

/// The same for programs; `null` is what nobody knows.
pub(super) fn json(rows: &[Row]) -> String {
    let models: Vec<Value> = rows.iter().map(one).collect();
    format!("{:#}\n", json!({"catalogue": catalog::as_of(), "sha256": catalog::hash(), "models": models}))
}

fn one(row: &Row) -> Value {
    let prices: Vec<Value> = row
        .prices
        .iter()
        .map(
            |it| json!({"currency": it.currency.as_str(), "input": it.input, "output": it.output, "cached": it.cached}),
        )
        .collect();
    let (source, asked) = match &row.source {
        Source::Live(day) => ("live", Some(day)),
        Source::Catalogue => ("catalogue", None),
        Source::Configuration => ("configuration", None),
    };
    json!({
        "provider": row.provider,
        "model": row.model,
        "configured": row.configured,
        "window": row.window,
        "tools": row.tools,
        "vision": row.vision,
        "reasoning": row.reasoning,
        "efforts": row.efforts.iter().map(|effort: &Effort| effort.as_str()).collect::<Vec<_>>(),
        "prices": prices,
        "deprecated": row.deprecated,
        "retired": row.retired.as_ref().map(|retired| &retired.day),
        "replacement": row.replacement,
        "region": row.region,
        "elsewhere": row.elsewhere.map(|it| json!({"operator": it.operator, "country": it.country})),
        "training": row.training,
        "source": source,
        "asked": asked,
    })
}
