//! What only the controller knows: who they are, and what the processing is for.

use serde::Deserialize;

/// The owner's words for the reports, from `report.json` beside the configuration; what is absent is a gap.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Controller {
    /// Name and contact of the controller.
    pub controller: Option<String>,
    /// Of joint controllers.
    pub joint_controllers: Vec<String>,
    /// Of the controller's representative in the Union, where there has to be one.
    pub representative: Option<String>,
    /// Of the data protection officer.
    pub data_protection_officer: Option<String>,
    /// What the data is processed for.
    pub purposes: Vec<String>,
    /// The legal basis, in the controller's words.
    pub legal_basis: Option<String>,
    /// Whose data it is: employees, customers of a client.
    pub data_subjects: Vec<String>,
    /// What kinds of personal data may be in source code, terminal output and file names.
    pub data_categories: Vec<String>,
    /// Why the processing is necessary and proportionate.
    pub necessity: Option<String>,
    /// When data is erased, beyond what providers and mcr keep.
    pub erasure: Option<String>,
    /// Measures beyond mcr's own.
    pub measures: Vec<String>,
    /// What was agreed with suppliers on incidents: whom to call, within which time.
    pub incident_contact: Option<String>,
}

/// The name of the file.
pub const FILE: &str = "report.json";

/// A file that holds all of it, to begin with.
pub const EXAMPLE: &str = r#"{
  // Words of yours for `mcr report`; leave out what does not apply.
  "controller": "Name, address, contact",
  "data_protection_officer": "Name, contact",
  "purposes": ["Development of software with an assistant"],
  "legal_basis": "Art. 6(1)(f) GDPR: ...",
  "data_subjects": ["Employees", "Customers whose records are in test data"],
  "data_categories": ["Names and addresses of mail in source code and its history"],
  "necessity": "...",
  "erasure": "...",
  "measures": ["..."],
  "incident_contact": "..."
}
"#;
