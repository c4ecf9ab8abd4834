//! Managers that talk with their plugins: dnf 5 in JSON lines (libdnf5-actions(8), mode=json), libzypp in frames.

use std::io::{BufRead, Write};

use crate::error::{Error, Result};
use crate::sys;

/// What is asked of dnf 5.
const QUESTION: &str =
    r#"{"op":"get","domain":"trans_packages","args":{"output":["action","name","evr","arch","location"]}}"#;

/// Asks dnf 5 which packages its transaction has; gives its answer.
pub(super) fn dnf5_ask() -> std::io::Result<String> {
    say(&format!("{QUESTION}\n"))?;
    let mut answer = String::new();
    sys::standard_input().read_line(&mut answer)?;
    Ok(answer)
}

/// Tells dnf 5 to end its transaction, and why.
pub(super) fn dnf5_stop(error: &Error) -> Error {
    let text: Vec<&str> = std::iter::once(error.message()).chain(error.hints().iter().map(String::as_str)).collect();
    let told = serde_json::json!({"op": "error", "args": {"message": text.join("\n")}});
    // Where that cannot be written, our exit code says the same.
    match say(&format!("{told}\n")) {
        Ok(()) => error.clone(),
        Err(lost) => error.clone().caused_by(lost),
    }
}

/// Answers every frame of libzypp: a command, headers, an empty line, a body, and a byte of zero. `commit` hears the body of
/// the one that says what is going to be done.
pub(super) fn zypper(commit: &mut dyn FnMut(&str)) -> Result<()> {
    let mut input = sys::standard_input();
    let mut frame = Vec::new();
    let broken = |error| Error::io("what zypper says cannot be read", error);
    while input.read_until(0, &mut frame).map_err(broken)? > 0 {
        let text = String::from_utf8_lossy(frame.strip_suffix(&[0]).unwrap_or(&frame)).into_owned();
        let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
        let command = head.lines().next().unwrap_or_default();
        if command == "COMMITBEGIN" {
            commit(body);
        }
        say("ACK\n\n\0").map_err(broken)?;
        if command == "_DISCONNECT" {
            break;
        }
        frame.clear();
    }
    Ok(())
}

fn say(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
