//! Records as lines for people; pure.

use std::fmt::Write as _;

use crate::audit::{Event, Record};

/// Columns, each as wide as its longest cell.
pub(super) fn text(records: &[&Record], head: bool) -> String {
    let mut lines: Vec<[String; 6]> = Vec::new();
    if head {
        lines.push(["time", "kind", "host", "status", "model", "what"].map(str::to_owned));
    }
    lines.extend(records.iter().map(|record| cells(record)));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..5).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let mut row = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            let _ = write!(row, "{cell:width$}  ");
        }
        row.push_str(&line[5]);
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

fn cells(record: &Record) -> [String; 6] {
    let Event { kind, host, port, region, status, model_sent, .. } = &record.event;
    let whole = |text: &Option<String>| text.clone().unwrap_or_default();
    let host = match (host, region, port) {
        (Some(host), Some(region), _) => format!("{host} ({region})"),
        (Some(host), None, Some(port)) => format!("{host}:{port}"),
        (Some(host), None, None) => host.clone(),
        (None, ..) => String::new(),
    };
    let status = status.map_or(String::new(), |status| status.to_string());
    let time = record.time.get(..19).unwrap_or(&record.time).replace('T', " ");
    [time, kind.as_str().to_owned(), host, status, whole(model_sent), what(&record.event)].map(plain)
}

/// All else that is worth a word.
fn what(event: &Event) -> String {
    let mut words = Vec::new();
    let decision = event.decision.map(|decision| decision.as_str().to_owned());
    words.extend(decision.into_iter().chain(event.reason.clone()).chain(event.route.clone()));
    if let (Some(input), Some(output)) = (event.tokens_in, event.tokens_out) {
        words.push(format!("{input}+{output} tokens"));
    }
    words.extend(event.cost.clone());
    if !event.hosts_before.is_empty() {
        words.push(format!("before: {}", event.hosts_before.join(" ")));
    }
    words.extend(event.lost.map(|lost| format!("{lost} lost")));
    words.extend(event.session.as_ref().map(|session| format!("session {}", session.get(..12).unwrap_or(session))));
    words.join(", ")
}

/// Nothing that a terminal would act on.
fn plain(text: String) -> String {
    if text.chars().any(char::is_control) { text.chars().filter(|it| !it.is_control()).collect() } else { text }
}
