//! `mcr report`: what left this machine and whom it went to, in the form of other people's papers.

mod gather;

use super::args::{ReportCommand, ReportForm, ReportOptions};
use super::config::Place;
use crate::error::{Exit, Failure};
use crate::report::{self, Document, EXAMPLE, FILE, PICTURED, Processing};
use crate::{paths, ui};
use gather::Gathered;

/// Prints a report, or writes it to a file.
pub fn run(command: &ReportCommand, place: &Place<'_>) -> Result<u8, Failure> {
    let (options, make): (&ReportOptions, fn(&Gathered) -> Document) = match command {
        ReportCommand::Example => return example(place),
        ReportCommand::Egress(options) => {
            (options, |all| report::egress(&all.observed, &all.own, &all.basis, std::slice::from_ref(&all.self_test)))
        }
        ReportCommand::Ropa(options) => (options, |all| report::ropa(&processing(all))),
        ReportCommand::Dpia(options) => (options, |all| report::dpia(&processing(all))),
        ReportCommand::Nis2(options) => (options, |all| report::nis2(&processing(all))),
        ReportCommand::Providers(options) => (options, |all| report::providers(&all.known, &all.basis)),
    };
    let kind = command.kind();
    if options.format == ReportForm::Svg && !PICTURED.contains(&kind) {
        let what = format!("the report `{kind}` has no diagram to draw");
        let which =
            format!("`--format svg` is for `{}`; take `--format md`, `csv` or `json` here", PICTURED.join("`, `"));
        return Err(Failure::say(Exit::Usage, what).hint(which));
    }
    let document = make(&Gathered::gather(options.since.as_deref(), place)?);
    let text = rendered(&document, options)?;
    match &options.output {
        Some(file) => {
            let written = paths::write_atomic(file, text.as_bytes());
            written.map_err(|error| Failure::new(Exit::CannotCreate, error))?;
            ui::say(format_args!("wrote the report: {}", file.display()));
        }
        None => ui::print(&text).map_err(|error| Failure::new(Exit::Io, error))?,
    }
    let gaps = document.gaps().count();
    if gaps > 0 {
        let plural = if gaps == 1 { "gap: a thing that is" } else { "gaps: things that are" };
        ui::say(format_args!("the report names {gaps} {plural} not known"));
    }
    Ok(0)
}

fn processing(all: &Gathered) -> Processing<'_> {
    let Gathered { controller, suppliers, observed, own, measures, basis, .. } = all;
    Processing { controller, suppliers, observed, own, measures, basis }
}

fn rendered(document: &Document, options: &ReportOptions) -> Result<String, Failure> {
    Ok(match options.format {
        ReportForm::Md => report::markdown(document),
        ReportForm::Csv => report::csv(document),
        ReportForm::Json => report::json(document),
        ReportForm::Svg => report::picture(document).ok_or_else(|| unseen(document.kind, options))?,
    })
}

/// Says that there is nothing to draw, and what to do.
fn unseen(kind: &str, options: &ReportOptions) -> Failure {
    let (when, else_hint) = match &options.since {
        Some(_) => (" in the period", "leave `--since` out, or take an earlier time"),
        None => ("", "run `mcr code` and have it do something first"),
    };
    let what = format!("the report `{kind}` has nothing to draw: nothing was observed{when}");
    Failure::say(Exit::NoInput, what).hint("take `--format md` for what is known without").hint(else_hint)
}

fn example(place: &Place<'_>) -> Result<u8, Failure> {
    ui::print(EXAMPLE).map_err(|error| Failure::new(Exit::Io, error))?;
    ui::say(format_args!("it belongs here: {}", gather::beside(place).join(FILE).display()));
    Ok(0)
}
