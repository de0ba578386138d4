//! `mcr preset validate`: everything that `install` would find, and nothing written.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Validate,
    install::{manifest_of, read},
    summary,
};
use crate::{
    cli::config::{Place, problem_json},
    config::{self, Severity},
    error::{Exit, Failure},
    preset::{Answers, Source, Stage, apply, capabilities, faulty, fill, judged},
    ui,
};

/// Checks a preset.
pub(super) fn run(options: &Validate, place: &Place<'_>) -> Result<(), Failure> {
    let source = Source::find(&options.source)?;
    let (package, _) = read(&source, options.sha256.as_deref(), None, place)?;
    let manifest = manifest_of(&package, &source)?;
    let given = super::given(&options.set, &manifest)?;
    let applied = apply(&manifest, Stage::Before).map_err(|problems| faulty(Exit::Data, &problems))?;
    let mut found = capabilities(&manifest, &applied);
    let mut problems = [manifest.warnings.clone(), applied.warnings].concat();
    // Only with all answers there is a configuration to check.
    let open = match fill(&manifest, Answers::default(), &given) {
        Err(open) => open.into_iter().map(|(id, _, why)| (id, why.to_string())).collect(),
        Ok(answers) => {
            let (applied, now) = judged(&manifest, &answers)?;
            found = now;
            match config::read_document(applied.document(&BTreeMap::new()), place.environment) {
                Ok(config) => problems.extend([config.warnings, config.unset].concat()),
                Err(all) => problems.extend(all.0),
            }
            Vec::new()
        }
    };
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count() + found.refusals.len();
    if options.form.json {
        let open: Vec<Value> = open.iter().map(|(id, why)| json!({"id": id, "why": why})).collect();
        let problems: Vec<Value> = problems.iter().map(problem_json).collect();
        let report = json!({"ok": errors == 0, "problems": problems, "open": open, "does": summary::json(&found)});
        super::print(&format!("{report:#}\n"))?;
    } else {
        let told = problems.iter().map(|problem| format!("{}: {problem}\n", problem.severity.as_str()));
        let refused = found.refusals.iter().map(|refusal| format!("refused: {}: {}\n", refusal.path, refusal.why));
        super::print(&told.chain(refused).collect::<String>())?;
        ui::say(summary::words(&found).trim_end());
        for (id, why) in &open {
            ui::say(format_args!("not checked with an answer to `{id}`: {why}; pass `--set {id}=…`"));
        }
    }
    if errors > 0 {
        let what =
            if errors == 1 { "the preset has an error".to_owned() } else { format!("the preset has {errors} errors") };
        return Err(Failure::say(Exit::Data, what));
    }
    ui::say("no errors in the preset");
    Ok(())
}
