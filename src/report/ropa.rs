//! `mcr report ropa`: the record of processing activities, Art. 30(1) GDPR, fields a to g.

use super::basis::{self, Basis};
use super::controller::Controller;
use super::document::{Document, Section, Table};
use super::egress::flow;
use super::measure::{Measure, measures};
use super::observed::Observed;
use super::supplier::{self, Supplier};
use crate::catalog::Field;

/// What a report on processing is made of.
#[derive(Debug, Clone, Copy)]
pub struct Processing<'a> {
    /// The owner's words.
    pub controller: &'a Controller,
    /// The configured providers.
    pub suppliers: &'a [Supplier],
    /// What the record holds.
    pub observed: &'a Observed,
    /// What mcr does by its configuration.
    pub measures: &'a [Measure],
    /// What it all rests on.
    pub basis: &'a Basis,
}

/// Fills the fields with what is configured and what was observed.
pub fn ropa(processing: &Processing<'_>) -> Document {
    let Processing { controller, suppliers, observed, measures: in_force, basis } = *processing;
    let mut sections = vec![
        responsible(controller),
        words("purposes", "(b) Purposes of the processing", &controller.purposes, "purposes"),
        categories(controller),
        recipients(suppliers, observed),
        transfers(suppliers),
        erasure(controller, suppliers),
        measures(in_force, controller),
    ];
    if !observed.traffic.is_empty() {
        sections.push(Section::new("flow", "Flow of data, as observed").diagram(flow(observed)));
    }
    sections.extend([supplier::facts(suppliers), basis.section(), basis::limits(), basis::not_advice()]);
    let title = "Record of processing activities (Art. 30(1) GDPR): a coding assistant behind mcr".to_owned();
    Document { kind: "ropa", title, about: basis.about(true), sections }
}

/// Names the key of `report.json` that would fill a gap.
pub(super) fn missing(key: &str, what: &str) -> String {
    format!("{what}; write it as `{key}` in report.json, whose place `mcr report example` names")
}

fn responsible(controller: &Controller) -> Section {
    let section = Section::new("controller", "(a) Controller, representative, data protection officer");
    let mut table = Table::new(&[("role", "Role"), ("who", "Who")]);
    let mut gaps = Vec::new();
    let roles = [
        ("Controller", "controller", &controller.controller, true),
        ("Representative", "representative", &controller.representative, false),
        ("Data protection officer", "data_protection_officer", &controller.data_protection_officer, true),
    ];
    for (role, key, who, is_usual) in roles {
        match who {
            Some(who) => table.push([role, who.as_str()]),
            None if is_usual => gaps.push(missing(key, &format!("who is the {}", role.to_lowercase()))),
            None => {}
        }
    }
    controller.joint_controllers.iter().for_each(|who| table.push(["Joint controller", who]));
    gaps.into_iter().fold(section.table(table, "Nobody is named."), Section::gap)
}

pub(super) fn words(id: &'static str, title: &str, list: &[String], key: &str) -> Section {
    let section = Section::new(id, title);
    if list.is_empty() {
        return section.gap(missing(key, "what the controller says here"));
    }
    section.list(list)
}

fn categories(controller: &Controller) -> Section {
    let mut section = Section::new("categories", "(c) Categories of data subjects and of personal data")
        .words(
            "The agent sends source code, terminal output, file names and what is typed. mcr keeps none of it and \
             does not look for personal data in it; what is in it, the controller knows.",
        )
        .list(controller.data_subjects.iter().map(|who| format!("Subjects: {who}")))
        .list(controller.data_categories.iter().map(|what| format!("Data: {what}")));
    if controller.data_subjects.is_empty() {
        section = section.gap(missing("data_subjects", "whose personal data may be in it"));
    }
    if controller.data_categories.is_empty() {
        section = section.gap(missing("data_categories", "which kinds of personal data may be in it"));
    }
    section
}

fn recipients(suppliers: &[Supplier], observed: &Observed) -> Section {
    let mut table = Table::new(&[
        ("recipient", "Recipient"),
        ("operator", "Legal entity"),
        ("country", "Established in"),
        ("hosts", "Hosts"),
        ("region", "Promised place"),
        ("requests", "Requests observed"),
        ("role", "Data processing agreement"),
    ]);
    let mut gaps = Vec::new();
    for supplier in suppliers {
        let requests = requests(supplier, observed);
        let operator =
            supplier.operator.as_deref().unwrap_or(if supplier.is_local { "the controller" } else { "not known" });
        if supplier.operator.is_none() && !supplier.is_local {
            gaps.push(format!("the legal entity behind {} ({})", supplier.name, supplier.hosts.join(", ")));
        }
        let agreement = if supplier.is_local { "-".to_owned() } else { supplier.cell(Field::Dpa) };
        table.push([
            &supplier.name,
            operator,
            supplier.country.as_deref().unwrap_or(if supplier.is_local { "-" } else { "not known" }),
            &supplier.hosts.join(", "),
            supplier.region.as_deref().unwrap_or("not known"),
            &requests.to_string(),
            &agreement,
        ]);
    }
    let mut others: Vec<String> = Vec::new();
    for (who, host, traffic) in observed.reached() {
        if !suppliers.iter().any(|supplier| supplier.hosts.iter().any(|known| known == host)) {
            others.push(format!("{host}: {} times, by {}", traffic.went, who.as_str()));
        }
    }
    let section = Section::new("recipients", "(d) Recipients")
        .table(table, "No provider is configured.")
        .list(others.iter().map(|other| format!("Observed besides: {other}")));
    gaps.into_iter().fold(section, Section::gap)
}

pub(super) fn requests(supplier: &Supplier, observed: &Observed) -> u64 {
    let is_its = |host: &str| supplier.hosts.iter().any(|known| known == host);
    observed.reached().filter(|(_, host, _)| is_its(host)).map(|(.., traffic)| traffic.went).sum()
}

fn transfers(suppliers: &[Supplier]) -> Section {
    let mut table = Table::new(&[
        ("recipient", "Recipient"),
        ("established", "Established in"),
        ("third_country", "Third country"),
        ("place", "Promised place"),
        ("safeguard", "Transfer mechanism"),
        ("exposure", "Exposure to the US CLOUD Act, as sources say"),
    ]);
    let mut gaps = Vec::new();
    for supplier in suppliers.iter().filter(|supplier| !supplier.is_local) {
        let name = &supplier.name;
        let third = match supplier.is_in_third_country() {
            Some(true) => "yes",
            Some(false) => "no",
            None => {
                gaps.push(format!("whether {name} is established in a third country"));
                "not known"
            }
        };
        let place = supplier.region.as_deref();
        if place.is_none_or(|place| place == "global") {
            gaps.push(format!("where {name} processes: it promises no place for the configured host"));
        }
        if supplier.told(Field::Transfer).is_empty() && third != "no" {
            gaps.push(format!("the safeguard for transfers to {name} (Art. 46 GDPR)"));
        }
        table.push([
            name,
            supplier.country.as_deref().unwrap_or("not known"),
            third,
            place.unwrap_or("not known"),
            &supplier.cell(Field::Transfer),
            &supplier.cell(Field::CloudAct),
        ]);
    }
    let section = Section::new("transfers", "(e) Transfers to third countries, and safeguards")
        .table(table, "Every configured provider is this machine or one in its network.");
    gaps.into_iter().fold(section, Section::gap)
}

fn erasure(controller: &Controller, suppliers: &[Supplier]) -> Section {
    let mut section = Section::new("erasure", "(f) Time limits for erasure").list(
        suppliers
            .iter()
            .filter(|supplier| !supplier.is_local)
            .map(|supplier| format!("{}: {}", supplier.name, supplier.cell(Field::Retention))),
    );
    for supplier in suppliers.iter().filter(|it| !it.is_local && it.told(Field::Retention).is_empty()) {
        section = section.gap(format!("how long {} keeps what it is sent", supplier.name));
    }
    match &controller.erasure {
        Some(erasure) => section.words(erasure),
        None => section.gap(missing("erasure", "when the controller erases")),
    }
}
