//! Emphasis on a terminal; plain text everywhere else.

use std::fmt::Display;
use std::io::IsTerminal;

use owo_colors::OwoColorize;

fn on_paper() -> bool {
    !std::io::stderr().is_terminal() || std::env::var_os("NO_COLOR").is_some()
}

/// A heading.
pub(super) fn bold(text: impl Display) -> String {
    if on_paper() {
        text.to_string()
    } else {
        text.bold().to_string()
    }
}

/// A mark beside something that happens on purpose.
pub(super) fn mark(text: impl Display) -> String {
    if on_paper() {
        text.to_string()
    } else {
        text.yellow().to_string()
    }
}

/// A count that should be zero.
pub(super) fn fault_count(count: u64) -> String {
    match (on_paper(), count) {
        (true, _) => count.to_string(),
        (false, 0) => count.green().to_string(),
        (false, _) => count.red().to_string(),
    }
}
