//! What a person does at the agent's terminal: says one thing, reads the answer, leaves.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::Child;
use tokio::time::{Instant, sleep, sleep_until};
use vt100::Parser;

use super::terminal::{HEIGHT, Terminal, WIDTH};

/// What is said: short enough for one line, and without the answer in it.
pub(super) const PROMPT: &str = "Join \"light\" and \"house\" into one word, and say nothing but that word.";
/// What any model answers.
pub(super) const WORD: &str = "lighthouse";

const LEAVE: &str = "/exit";
const ENTER: &str = "\r";
/// Lines of the screen that a failure quotes.
const QUOTED: usize = 20;

/// What a person is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Waits until somebody listens.
    Arriving,
    /// Has typed the prompt, and waits to see it.
    Writing,
    /// Has sent it, and waits for the answer.
    Listening,
    /// Has typed that it is over, and waits to see that.
    Leaving,
    /// Has sent that, and waits for the end.
    Gone,
}

/// What a person sees.
#[derive(Debug, Clone, Copy)]
struct Seen<'a> {
    screen: &'a str,
    /// Keys are read one by one.
    raw: bool,
    /// Nothing moves any more.
    still: bool,
}

impl Stage {
    /// Returns what to type and what comes next, once there is to see what this stage waits for.
    fn next(self, seen: Seen<'_>) -> Option<(&'static str, Self)> {
        let shows = |words: &str| seen.screen.contains(words);
        match self {
            Self::Arriving => {
                // The hint is there as soon as there is a prompt; what has no hint is waited for a little longer.
                let is_ready = seen.raw && (shows("for shortcuts") || seen.still && !seen.screen.is_empty());
                is_ready.then_some((PROMPT, Self::Writing))
            }
            Self::Writing => shows(PROMPT).then_some((ENTER, Self::Listening)),
            Self::Listening => seen.screen.to_lowercase().contains(WORD).then_some((LEAVE, Self::Leaving)),
            Self::Leaving => shows(LEAVE).then_some((ENTER, Self::Gone)),
            Self::Gone => None,
        }
    }

    /// How long it may take; a model has `answer`.
    fn patience(self, answer: Duration) -> Duration {
        match self {
            Self::Arriving => Duration::from_secs(30),
            Self::Listening => answer,
            Self::Writing | Self::Leaving | Self::Gone => Duration::from_secs(15),
        }
    }

    /// What did not come.
    fn missed(self) -> String {
        match self {
            Self::Arriving => "it showed no prompt".to_owned(),
            Self::Writing => "what was typed did not appear at its prompt".to_owned(),
            Self::Listening => format!("the answer, `{WORD}`, did not appear"),
            Self::Leaving | Self::Gone => format!("it answered, but did not leave on `{LEAVE}`"),
        }
    }
}

/// What was shown to a person, and how it ended.
pub(super) struct Conversation {
    /// Claude Code draws cell by cell, and of what it drew before only what changed: a word may come in pieces and in any
    /// order, and nothing short of putting every character in its place tells what is there to read.
    screen: Parser,
    stage: Stage,
    /// All that was written to the terminal, at most [`MOST_KEPT`].
    pub(super) shown: Vec<u8>,
}

/// Bytes of an agent's that are kept.
const MOST_KEPT: usize = 1 << 22;

/// What did not happen as it should.
#[derive(Debug)]
pub(super) struct Silence {
    /// What did not come, and how the agent ended if it did.
    pub(super) what: String,
    /// The last lines of the screen.
    pub(super) screen: Vec<String>,
}

impl Conversation {
    /// One that has not begun.
    pub(super) fn new() -> Self {
        Self { screen: Parser::new(HEIGHT, WIDTH, 0), stage: Stage::Arriving, shown: Vec::new() }
    }

    /// Talks to the end. Who does not answer in time is still there afterwards.
    pub(super) async fn hold(
        &mut self,
        terminal: &Terminal,
        agent: &mut Child,
        answer: Duration,
    ) -> Result<(), Silence> {
        const STILL: Duration = Duration::from_millis(400);
        // No event tells that the echo was turned off.
        const LOOK: Duration = Duration::from_millis(50);
        let mut bytes = [0; 1024];
        let mut deadline = Instant::now() + self.stage.patience(answer);
        let mut moved = Instant::now();
        let mut hung_up = false;
        loop {
            let text = self.text();
            let seen = Seen { screen: &text, raw: !terminal.echoes(), still: moved.elapsed() >= STILL };
            if let Some((keys, next)) = self.stage.next(seen) {
                self.stage = next;
                deadline = Instant::now() + next.patience(answer);
                // Who is gone does not read: the end tells.
                let _ = terminal.write(keys).await;
            }
            tokio::select! {
                // In this order: who never stops writing has no more time than others, and last words count.
                biased;
                () = sleep_until(deadline) => {
                    return Err(self.silence(&format!("within {} s", self.stage.patience(answer).as_secs())));
                }
                read = terminal.read(&mut bytes), if !hung_up => match read {
                    [] => hung_up = true,
                    read => {
                        self.screen.process(read);
                        let room = MOST_KEPT.saturating_sub(self.shown.len());
                        self.shown.extend(read.iter().take(room));
                        moved = Instant::now();
                    }
                },
                end = agent.wait() => return self.ended(end),
                () = sleep(LOOK), if self.stage == Stage::Arriving => {}
            }
        }
    }

    fn ended(&self, end: io::Result<ExitStatus>) -> Result<(), Silence> {
        match (end, self.stage) {
            (Ok(status), Stage::Gone) if status.success() => Ok(()),
            (Ok(status), Stage::Gone) => {
                Err(Silence { what: format!("it answered, but ended with {status}"), ..self.silence("") })
            }
            (Ok(status), _) => Err(self.silence(&format!("before it ended with {status}"))),
            (Err(error), _) => Err(self.silence(&format!("and it cannot be waited for: {error}"))),
        }
    }

    fn silence(&self, when: &str) -> Silence {
        let text = self.text();
        let mut screen: Vec<String> = text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
        screen.drain(..screen.len().saturating_sub(QUOTED));
        Silence { what: format!("{} {when}", self.stage.missed()), screen }
    }

    /// What is there to read; spaces that may not be broken are spaces.
    fn text(&self) -> String {
        let text = self.screen.screen().contents().replace('\u{a0}', " ");
        text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_matches('\n').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: &str = "\u{276f}\n  ? for shortcuts";

    fn seen(screen: &str) -> Seen<'_> {
        Seen { screen, raw: true, still: false }
    }

    #[test]
    fn a_person_types_once_keys_are_read_and_the_prompt_is_there() {
        let next = Some((PROMPT, Stage::Writing));
        assert_eq!(Stage::Arriving.next(seen(READY)), next);
        assert_eq!(Stage::Arriving.next(Seen { raw: false, still: true, ..seen(READY) }), None);
        assert_eq!(Stage::Arriving.next(seen("loading")), None);
        assert_eq!(Stage::Arriving.next(Seen { still: true, ..seen("what next?") }), next);
        assert_eq!(Stage::Arriving.next(Seen { still: true, ..seen("") }), None);
    }

    #[test]
    fn what_was_typed_is_sent_when_it_is_there_as_a_whole() {
        assert_eq!(Stage::Writing.next(seen(&PROMPT[..PROMPT.len() - 1])), None);
        assert_eq!(Stage::Writing.next(seen(&format!("\u{276f} {PROMPT}"))), Some((ENTER, Stage::Listening)));
        assert_eq!(Stage::Leaving.next(seen("\u{276f} /exi")), None);
        assert_eq!(Stage::Leaving.next(seen("\u{276f} /exit")), Some((ENTER, Stage::Gone)));
    }

    #[test]
    fn the_prompt_is_no_answer_to_itself() {
        assert_eq!(Stage::Listening.next(seen(PROMPT)), None);
        assert_eq!(Stage::Listening.next(seen("\u{25cf} Lighthouse.")), Some((LEAVE, Stage::Leaving)));
        assert_eq!(Stage::Gone.next(seen("Lighthouse /exit")), None);
    }

    #[test]
    fn the_prompt_fits_into_one_line_with_its_sign() {
        assert!(PROMPT.len() + 4 < WIDTH.get().into());
    }

    #[test]
    fn a_word_that_is_drawn_in_pieces_is_one() {
        let mut conversation = Conversation::new();
        conversation.screen.process("\r\x1b[1B\u{25cf}\x1b[3Glight\x1b[H\x1b[2;8Hhouse\u{a0}!".as_bytes());
        assert_eq!(conversation.text(), "\u{25cf} lighthouse !");
    }

    #[test]
    fn who_ends_too_early_is_told_with_what_was_on_the_screen() {
        let mut conversation = Conversation::new();
        conversation.screen.process(b"no legs\r\n");
        let silence = conversation.ended(Ok(ExitStatus::default())).unwrap_err();
        assert_eq!(silence.what, "it showed no prompt before it ended with exit status: 0");
        assert_eq!(silence.screen, ["no legs"]);
        conversation.stage = Stage::Gone;
        assert!(conversation.ended(Ok(ExitStatus::default())).is_ok());
    }
}
