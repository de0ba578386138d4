//! Sums of what was used, by day, week, month, session or model; pure.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};

use super::By;
use crate::observe::ledger::Entry;

/// Sums over requests.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) requests: u64,
    pub(super) failed: u64,
    /// Whole prompts, what was cached included.
    pub(super) input: u64,
    pub(super) cached: u64,
    pub(super) output: u64,
    /// In US dollars, of those requests whose price is known; absent where it is of none.
    pub(super) usd: Option<f64>,
    /// The same in euros; nothing of it is in the dollars.
    pub(super) eur: Option<f64>,
    /// Requests that used something of which no price is known.
    pub(super) unpriced: u64,
}

impl Sums {
    fn add(&mut self, entry: &Entry) {
        self.requests += 1;
        self.failed += u64::from(entry.failed);
        self.input += entry.input;
        self.cached += entry.cached;
        self.output += entry.output;
        let is_unpriced = entry.cost_usd.is_none() && entry.cost_eur.is_none();
        self.unpriced += u64::from(is_unpriced && !entry.failed);
        for (sum, cost) in [(&mut self.usd, entry.cost_usd), (&mut self.eur, entry.cost_eur)] {
            if let Some(cost) = cost {
                *sum = Some(sum.unwrap_or_default() + cost);
            }
        }
    }
}

/// One row: what it is of, its sums, and those of its models.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) sums: Sums,
    pub(super) models: BTreeMap<String, Sums>,
}

/// The rows by name, and the sums of all.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
    pub(super) total: Sums,
}

/// Sums entries up; days are those of `zone`, and none before `since` counts.
pub(super) fn table(entries: &[Entry], by: By, since: Option<Date>, zone: &TimeZone) -> Table {
    let mut rows = BTreeMap::<String, Row>::new();
    let mut total = Sums::default();
    for entry in entries {
        let Ok(time) = entry.time.parse::<Timestamp>() else { continue };
        let day = time.to_zoned(zone.clone()).date();
        if since.is_some_and(|since| day < since) {
            continue;
        }
        let name = match by {
            By::Daily => day.to_string(),
            By::Weekly => monday(day).to_string(),
            By::Monthly => day.strftime("%Y-%m").to_string(),
            By::Session => entry.session.clone().unwrap_or_else(|| "-".to_owned()),
            By::Model => entry.model.clone(),
        };
        let row = rows.entry(name.clone()).or_insert_with(|| Row { name, ..Row::default() });
        row.sums.add(entry);
        row.models.entry(entry.model.clone()).or_default().add(entry);
        total.add(entry);
    }
    Table { rows: rows.into_values().collect(), total }
}

fn monday(day: Date) -> Date {
    let passed = i64::from(day.weekday().to_monday_zero_offset());
    day.checked_sub(passed.days()).unwrap_or(day)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::cli::usage) fn entries() -> Vec<Entry> {
        let entry = |time: &str, session: &str, model: &str, tokens: (u64, u64, u64), cost_usd| Entry {
            time: time.to_owned(),
            session: Some(session.to_owned()),
            provider: "p".to_owned(),
            model: model.to_owned(),
            host: "p.example".to_owned(),
            input: tokens.0,
            cached: tokens.1,
            output: tokens.2,
            cost_usd,
            ..Entry::default()
        };
        vec![
            entry("2026-10-31T23:30:00Z", "s1", "large", (1_000, 500, 10), Some(0.5)),
            entry("2026-11-02T10:00:00Z", "s1", "small", (100, 0, 1), None),
            Entry { failed: true, ..entry("2026-11-03T10:00:00Z", "s2", "large", (0, 0, 0), None) },
        ]
    }

    fn names(by: By, since: Option<&str>, zone: &TimeZone) -> Vec<(String, u64)> {
        let since = since.map(|day| day.parse().unwrap());
        table(&entries(), by, since, zone).rows.into_iter().map(|row| (row.name, row.sums.requests)).collect()
    }

    fn expect(rows: &[(&str, u64)]) -> Vec<(String, u64)> {
        rows.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }

    #[test]
    fn requests_are_summed_up_by_what_was_asked() {
        let utc = &TimeZone::UTC;
        assert_eq!(names(By::Daily, None, utc), expect(&[("2026-10-31", 1), ("2026-11-02", 1), ("2026-11-03", 1)]));
        assert_eq!(names(By::Weekly, None, utc), expect(&[("2026-10-26", 1), ("2026-11-02", 2)]));
        assert_eq!(names(By::Monthly, None, utc), expect(&[("2026-10", 1), ("2026-11", 2)]));
        assert_eq!(names(By::Session, None, utc), expect(&[("s1", 2), ("s2", 1)]));
        assert_eq!(names(By::Model, Some("2026-11-01"), utc), expect(&[("large", 1), ("small", 1)]));
    }

    #[test]
    fn a_day_is_the_persons_own() {
        let berlin = TimeZone::fixed(jiff::tz::offset(1));
        assert_eq!(names(By::Monthly, None, &berlin), expect(&[("2026-11", 3)]));
    }

    #[test]
    fn the_total_is_that_of_all_rows() {
        let total = table(&entries(), By::Daily, None, &TimeZone::UTC).total;
        let expect = Sums {
            requests: 3,
            failed: 1,
            input: 1_100,
            cached: 500,
            output: 11,
            usd: Some(0.5),
            eur: None,
            unpriced: 1,
        };
        assert_eq!(total, expect);
    }
}
