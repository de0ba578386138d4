//! `mcr audit checkpoint`: signs what is there, and prints what to keep where nobody who has this machine can reach it.

use std::path::Path;

use serde_json::json;

use super::verify::{look, told};
use super::{print, read};
use crate::audit::{Whose, cover, hex};
use crate::cli::config::Form;
use crate::cli::recording::{mend, unwritten};
use crate::error::{Exit, Failure};
use crate::ui;

/// Prints the fingerprint, and the last checkpoint's number, time and hash; 65 where what is signed is damaged.
pub(super) fn run(form: Form, folder: &Path) -> Result<u8, Failure> {
    cover(folder, Whose::Everybody).map_err(|error| {
        let hint = mend(folder, &error);
        unwritten(error).hint(hint)
    })?;
    let reading = read(folder, None)?;
    let (Some(fingerprint), Some(last)) = (&reading.fingerprint, &reading.last) else {
        ui::say("nothing is recorded yet; `Audit.enabled` set to false records nothing");
        return Ok(0);
    };
    let (seq, time, hash) = (last.link.seq, &last.link.time, hex(&last.link.hash));
    if form.json {
        print(&format!("{:#}\n", json!({"fingerprint": fingerprint, "seq": seq, "time": time, "hash": hash})))?;
    } else {
        print(&format!("fingerprint  {fingerprint}\nseq          {seq}\ntime         {time}\nhash         {hash}\n"))?;
        ui::say("keep this elsewhere, and give it to `mcr audit verify --anchor` later");
    }
    // An anchor holds what is there, and must not be taken for a word on what is not.
    let report = look(folder, &[])?;
    let Some(first) = report.damage.first() else { return Ok(0) };
    ui::say(format_args!("warning: the audit record is not what was written: {}", told(first)));
    ui::say("hint: run `mcr audit verify`");
    Ok(Exit::Data as u8)
}
