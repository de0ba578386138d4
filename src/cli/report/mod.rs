//! `mcr report`: what left this machine and whom it went to, in the form of other people's papers.

mod gather;

use super::args::{ReportCommand, ReportForm, ReportOptions};
use super::config::Place;
use crate::error::{Exit, Failure};
use crate::report::{self, Document, EXAMPLE, FILE, Processing};
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
    let document = make(&Gathered::gather(options.since.as_deref(), place)?);
    let text = rendered(&document, options.format)?;
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

fn rendered(document: &Document, form: ReportForm) -> Result<String, Failure> {
    Ok(match form {
        ReportForm::Md => report::markdown(document),
        ReportForm::Csv => report::csv(document),
        ReportForm::Json => report::json(document),
        ReportForm::Svg => {
            let Some(diagram) = document.diagram() else {
                let what = format!("the report `{}` has no diagram: nothing was observed in the period", document.kind);
                return Err(Failure::say(Exit::NoInput, what).hint("take `mcr report egress`, or a longer `--since`"));
            };
            diagram.svg()
        }
    })
}

fn example(place: &Place<'_>) -> Result<u8, Failure> {
    ui::print(EXAMPLE).map_err(|error| Failure::new(Exit::Io, error))?;
    ui::say(format_args!("it belongs here: {}", gather::beside(place).join(FILE).display()));
    Ok(0)
}
