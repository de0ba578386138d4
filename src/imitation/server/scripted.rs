//! A script that fails the test when it was not followed.

use std::ops::Deref;

use super::{END_OF_SCRIPT, Imitation};

/// An imitation whose replies must be used up, by requests that Mistral would take.
///
/// For tests: dropping it panics when a reply is left over, when a request was
/// refused, or when one came after the end of the script.
#[derive(Debug)]
pub struct Scripted {
    imitation: Imitation,
    refusals_allowed: bool,
}

impl Scripted {
    pub(super) fn new(imitation: Imitation) -> Self {
        Self { imitation, refusals_allowed: false }
    }

    /// Lets the test look at refusals itself.
    #[must_use]
    pub fn allow_refusals(mut self) -> Self {
        self.refusals_allowed = true;
        self
    }

    /// Lists what went otherwise than scripted.
    fn complaints(&self) -> Vec<String> {
        let captured = self.captured();
        let refused = captured.iter().filter_map(|captured| captured.refusal.as_ref());
        let mut complaints: Vec<String> = Vec::new();
        if !self.refusals_allowed {
            complaints.extend(refused.clone().map(|refusal| format!("a request was refused: {refusal}")));
        }
        match self.waiting_replies() {
            0 => {}
            left => complaints.push(format!("replies left over: {left}")),
        }
        let answered = captured.len() - refused.count();
        let scripted = self.imitation.shared.scripted();
        if answered > scripted {
            complaints.push(format!("{END_OF_SCRIPT}: {answered} requests for {scripted}"));
        }
        complaints
    }
}

impl Deref for Scripted {
    type Target = Imitation;

    fn deref(&self) -> &Imitation {
        &self.imitation
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        let complaints = self.complaints();
        assert!(complaints.is_empty() || std::thread::panicking(), "the script was not followed: {complaints:#?}");
    }
}
