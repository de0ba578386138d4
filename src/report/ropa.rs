//! `mcr report ropa`: the record of processing activities, Art. 30(1) GDPR, fields a to g.

use super::basis::{self, Basis};
use super::controller::Controller;
use super::document::{Document, Section, Table};
use super::egress::flow;
use super::host::besides;
use super::measure::{Measure, measures};
use super::observed::Observed;
use super::recipients::{erasure, recipients, transfers};
use super::supplier::{self, Supplier};
use crate::catalog::Overlay;

/// What a report on processing is made of.
#[derive(Debug, Clone, Copy)]
pub struct Processing<'a> {
    /// The owner's words.
    pub controller: &'a Controller,
    /// The configured providers.
    pub suppliers: &'a [Supplier],
    /// What the record holds.
    pub observed: &'a Observed,
    /// What the user says of providers and hosts, and the catalogue.
    pub own: &'a Overlay,
    /// What mcr does by its configuration.
    pub measures: &'a [Measure],
    /// What it all rests on.
    pub basis: &'a Basis,
}

/// Fills the fields with what is configured and what was observed.
pub fn ropa(processing: &Processing<'_>) -> Document {
    let Processing { controller, suppliers, observed, own, measures: in_force, basis } = *processing;
    let besides = besides(suppliers, observed, own);
    let mut sections = vec![
        responsible(controller),
        words("purposes", "(b) Purposes of the processing", &controller.purposes, "purposes"),
        categories(controller),
        recipients(suppliers, &besides, observed),
        transfers(suppliers, &besides),
        erasure(controller, suppliers, &besides),
        measures(in_force, controller),
    ];
    if !observed.traffic.is_empty() {
        sections.push(Section::new("flow", "Flow of data, as observed").diagram(flow(observed, own)));
    }
    sections.extend([
        supplier::facts(suppliers.iter().chain(&besides)),
        basis.section(),
        basis::limits(),
        basis::not_advice(),
    ]);
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
