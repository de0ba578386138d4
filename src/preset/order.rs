//! The order of the questions: each after those that it depends on.

use super::question::{Choices, ProviderField, Question};

/// What keeps questions from being ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Disorder {
    /// A question depends on one that is not there.
    Unknown {
        /// Its place in the manifest's list.
        question: usize,
        /// The id that nobody has.
        id: String,
    },
    /// These questions wait for each other, in this order.
    Cycle(Vec<usize>),
}

/// Returns the places of the questions in the order in which they are put.
///
/// `discovered` names, for a provider, the answers that it takes to ask that provider for its models.
/// Where nothing else is said, the manifest's order holds.
pub(super) fn order(
    questions: &[Question],
    discovered: &dyn Fn(&str) -> Vec<String>,
) -> Result<Vec<usize>, Vec<Disorder>> {
    let mut unknown = Vec::new();
    let mut needs: Vec<Vec<usize>> = Vec::with_capacity(questions.len());
    for (place, question) in questions.iter().enumerate() {
        let mut before = Vec::new();
        for id in dependencies(question, discovered) {
            match questions.iter().position(|other| other.id == id) {
                Some(other) => before.push(other),
                None => unknown.push(Disorder::Unknown { question: place, id }),
            }
        }
        needs.push(before);
    }
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let mut order: Vec<usize> = Vec::with_capacity(questions.len());
    while order.len() < questions.len() {
        let is_ready = |place: &usize| !order.contains(place) && needs[*place].iter().all(|need| order.contains(need));
        match (0..questions.len()).find(is_ready) {
            Some(place) => order.push(place),
            None => return Err(vec![Disorder::Cycle(cycle(&needs, &order))]),
        }
    }
    Ok(order)
}

fn dependencies(question: &Question, discovered: &dyn Fn(&str) -> Vec<String>) -> Vec<String> {
    let mut ids = question.depends_on.clone();
    ids.extend(question.when.iter().map(|condition| condition.field.clone()));
    match &question.choices {
        Choices::Models { provider: ProviderField::Answer(id) } => ids.push(id.clone()),
        // The provider is asked with what is known by then; its own answer cannot be among that.
        Choices::Discover { from } => ids.extend(discovered(from).into_iter().filter(|id| *id != question.id)),
        Choices::Models { .. } | Choices::Free | Choices::Static(_) | Choices::Providers => {}
    }
    ids
}

/// Follows the needs of a question that is not in the order until one comes again.
fn cycle(needs: &[Vec<usize>], order: &[usize]) -> Vec<usize> {
    let mut path: Vec<usize> = Vec::new();
    let mut at = (0..needs.len()).find(|place| !order.contains(place)).unwrap_or_default();
    loop {
        if let Some(start) = path.iter().position(|place| *place == at) {
            return path.split_off(start);
        }
        path.push(at);
        match needs[at].iter().find(|need| !order.contains(need)) {
            Some(next) => at = *next,
            None => return path,
        }
    }
}
