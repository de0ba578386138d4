//! What the guard decides, for people and for scripts.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{configuration, guard, host};
use crate::cli::args::{EgressCheck, EgressShow};
use crate::cli::config::Place;
use crate::cli::doorway::Doorway;
use crate::cli::reload;
use crate::config::{Allowance, Config};
use crate::egress::{Judged, Verdict, judged};
use crate::error::{Exit, Failure};
use crate::preset::Name;
use crate::ui;

/// Prints every target with its decision.
pub(super) fn run(options: &EgressShow, place: &Place<'_>) -> Result<(), Failure> {
    let EgressShow { preset, form } = options;
    let doorway = Doorway::of(place);
    let allowances = doorway.allowances()?;
    let config = match preset {
        Some(name) => Some(of_preset(name, place)?),
        None => configuration(place)?,
    };
    let Some(config) = config else {
        return Err(Failure::say(Exit::Config, "there is no configuration, and so no target")
            .hint("run `mcr egress check HOST` to ask about a host")
            .hint("run `mcr setup`"));
    };
    let guard = doorway.guard(&config)?;
    let judged = judged(&config, &guard);
    let text = if form.json { as_json(&config, &judged, &allowances) } else { as_lines(&judged, &allowances) };
    print(&text)?;
    if !form.json {
        let rules = &config.egress;
        let mut words = format!("`Egress.allow` is {}", rules.allow.join(", "));
        for (key, value) in [("deny", Some(rules.deny.join(", "))), ("region", rules.region.clone())] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                let _ = write!(words, "; `Egress.{key}` is {value}");
            }
        }
        ui::say(format_args!("{words}; `Egress.mode` is {}", rules.mode.as_str()));
    }
    Ok(())
}

/// The configuration that a preset makes on this machine.
fn of_preset(name: &str, place: &Place<'_>) -> Result<Config, Failure> {
    let name = Name::parse(name).map_err(|error| Failure::new(Exit::Usage, error).hint("run `mcr preset list`"))?;
    reload::of_preset(&name, place.explicit, place.paths, place.environment).map(|(ready, _)| ready.config)
}

/// Prints the decision on one host; 77 when it would not be spoken to.
pub(super) fn check(options: &EgressCheck, place: &Place<'_>) -> Result<u8, Failure> {
    let verdict = guard(place)?.judge_word(host(&options.host)?.as_str());
    if options.form.json {
        print(&format!("{:#}\n", verdict_json(&verdict)))?;
    } else {
        print(&format!("{} {}: {}\n", verdict.decision.as_str(), verdict.host, verdict.why))?;
        verdict.mend.iter().for_each(|mend| ui::say(format_args!("hint: {mend}")));
    }
    Ok(if verdict.lets_go() { 0 } else { Exit::Denied as u8 })
}

fn print(text: &str) -> Result<(), Failure> {
    ui::print(text).map_err(|error| Failure::new(Exit::Io, error))
}

fn as_lines(judged: &[Judged], allowances: &[Allowance]) -> String {
    let heads = ["target", "decision", "host", "operator", "region", "why"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(heads).chain(judged.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..5).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(text, "{cell:width$}  ");
        }
        let _ = writeln!(text, "{}", row[5]);
    }
    for allowance in allowances {
        let network = allowance.network.as_str();
        let _ = writeln!(
            text,
            "you vouch for {} ({network}), of {}: {}",
            allowance.host, allowance.operator, allowance.reason
        );
    }
    text
}

fn row(judged: &Judged) -> [String; 6] {
    let Verdict { host, region, decision, why, .. } = &*judged.verdict;
    let region = region.clone().unwrap_or_else(|| "unknown".to_owned());
    let cells = [judged.target.name(), decision.as_str().to_owned(), host.clone(), operator(&judged.verdict), region];
    let [target, decision, host, operator, region] = cells;
    [target, decision, host, operator, region, why.clone()]
}

/// Who operates the host, with the country.
fn operator(verdict: &Verdict) -> String {
    match (&verdict.operator, &verdict.country) {
        (Some(operator), Some(country)) => format!("{operator} ({country})"),
        (Some(operator), None) => operator.clone(),
        (None, _) if verdict.region.as_deref() == Some("local") => "yourself".to_owned(),
        (None, _) => "unknown".to_owned(),
    }
}

fn as_json(config: &Config, judged: &[Judged], allowances: &[Allowance]) -> String {
    let targets: Vec<Value> = judged.iter().map(judged_json).collect();
    let rules = &config.egress;
    let rules = json!({"allow": rules.allow, "deny": rules.deny, "region": rules.region, "mode": rules.mode.as_str()});
    let allowances: Vec<Value> = allowances.iter().map(Allowance::to_json).collect();
    format!("{:#}\n", json!({"rules": rules, "targets": targets, "allowances": allowances}))
}

/// A target with what is decided of it, as `--json` has it wherever that is told.
pub(in crate::cli) fn judged_json(judged: &Judged) -> Value {
    let mut value = verdict_json(&judged.verdict);
    value["target"] = json!(judged.target.name());
    value["used_by"] = json!(judged.places);
    value
}

fn verdict_json(verdict: &Verdict) -> Value {
    json!({
        "host": verdict.host,
        "decision": verdict.decision.as_str(),
        "operator": verdict.operator,
        "country": verdict.country,
        "region": verdict.region,
        "network": verdict.network.as_str(),
        "why": verdict.why,
        "mend": verdict.mend,
    })
}
