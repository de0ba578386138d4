//! A door in a script: the imitation waits at it until a test opens it.

use tokio::sync::watch;

/// Opens once, for everybody who waits or comes later.
#[derive(Debug, Clone)]
pub struct Gate {
    state: watch::Sender<State>,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    open: bool,
    reached: bool,
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl Gate {
    /// Makes a closed gate.
    pub fn new() -> Self {
        Self { state: watch::Sender::new(State::default()) }
    }

    /// Lets the script go on.
    pub fn open(&self) {
        self.state.send_modify(|state| state.open = true);
    }

    /// Waits until the script stands at the gate: all before it has been handed to the connection.
    pub async fn reached(&self) {
        self.wait(|state| state.reached).await;
    }

    /// Waits at the gate.
    pub(crate) async fn pass(&self) {
        self.state.send_modify(|state| state.reached = true);
        self.wait(|state| state.open).await;
    }

    async fn wait(&self, until: impl Fn(&State) -> bool) {
        // The sender lives in `self`, so the channel cannot close while waiting.
        let _ = self.state.subscribe().wait_for(|state| until(state)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_gate_holds_whoever_comes_until_it_is_opened() {
        let gate = Gate::new();
        let passing = tokio::spawn({
            let gate = gate.clone();
            async move { gate.pass().await }
        });
        gate.reached().await;
        assert!(!passing.is_finished());
        gate.open();
        passing.await.unwrap();
        gate.pass().await;
    }
}
