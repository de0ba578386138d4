//! What routing and counting promise, held against tables and Mistral's own counts.

mod ccr;
mod prompts;
mod scenarios;
