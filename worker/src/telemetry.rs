//! Logs of the program, and what they never hold.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal};
use std::panic::PanicHookInfo;
use std::path::PathBuf;
use std::sync::Mutex;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

/// What is logged unless told otherwise: Temporal's crates only when something is amiss.
pub const FILTER: &str = "info,temporalio_client=warn,temporalio_common=warn,temporalio_sdk=warn,\
    temporalio_sdk_core=warn,sqlx=warn";

/// Crates that may write headers and bodies below `info`; there they are silent, whatever is asked.
const TALKATIVE: [&str; 8] = [
    "hyper",
    "hyper_util",
    "h2",
    "reqwest",
    "rustls",
    "sqlx",
    "tonic",
    "tower",
];

/// How lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// For a person at a terminal; colored when there is one.
    #[default]
    Human,
    /// One JSON object a line; no text in it can pass for another line.
    Json,
}

/// Where and how the program logs.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How lines are written.
    pub form: Form,
    /// A file to append to; the error output when `None`.
    pub file: Option<PathBuf>,
    /// What is logged, as in `RUST_LOG`, which counts when this is `None`; then [`FILTER`].
    pub filter: Option<String>,
}

/// Why logging did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter is not one.
    #[error("the log filter is not readable: write for example `info,worker=debug`")]
    Filter(#[source] tracing_subscriber::filter::ParseError),
    /// The file cannot be written.
    #[error("the log file cannot be opened")]
    File(#[source] io::Error),
    /// Somebody was first.
    #[error("logging runs already")]
    RunsAlready,
}

/// Starts logging, once a process, and takes over what a panic says.
///
/// # Errors
/// [`Error`]: correct the filter or the file; nothing has started.
pub fn start(options: &Options) -> Result<(), Error> {
    let asked = options
        .filter
        .clone()
        .or_else(|| std::env::var("RUST_LOG").ok());
    let asked = asked.filter(|text| !text.trim().is_empty());
    let filter = EnvFilter::try_new(asked.as_deref().unwrap_or(FILTER)).map_err(Error::Filter)?;
    let started = match &options.file {
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path);
            let file = Mutex::new(file.map_err(Error::File)?);
            Registry::default()
                .with(layer(options.form, filter, file, false))
                .try_init()
        }
        None => {
            let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let colored = io::stderr().is_terminal() && !plain;
            Registry::default()
                .with(layer(options.form, filter, io::stderr, colored))
                .try_init()
        }
    };
    started.map_err(|_| Error::RunsAlready)?;
    std::panic::set_hook(Box::new(note_panic));
    Ok(())
}

fn layer<W>(
    form: Form,
    filter: EnvFilter,
    writer: W,
    colored: bool,
) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = filter.and(filter_fn(may_be_logged));
    let lines = fmt::layer().with_writer(writer).with_ansi(colored);
    match form {
        Form::Human => lines.with_filter(filter).boxed(),
        Form::Json => lines.json().flatten_event(true).with_filter(filter).boxed(),
    }
}

fn may_be_logged(about: &Metadata<'_>) -> bool {
    let head = about.target().split("::").next().unwrap_or_default();
    *about.level() <= Level::INFO || !TALKATIVE.contains(&head)
}

/// Says where, never what: a panic's text may quote data.
fn note_panic(panic: &PanicHookInfo<'_>) {
    let place = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    let thread = std::thread::current();
    tracing::error!(
        place,
        thread = thread.name().unwrap_or_default(),
        "panicked"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(form: Form, filter: &str, work: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = layer(form, EnvFilter::new(filter), move || writer.clone(), false);
        tracing::subscriber::with_default(Registry::default().with(layer), work);
        String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_talkative_crate_stays_silent_below_info() {
        let text = logged(Form::Human, "trace", || {
            tracing::trace!(target: "hyper::proto", "canary");
            tracing::debug!(target: "reqwest", "canary");
            tracing::info!(target: "hyper", "started");
            tracing::trace!(target: "worker", "polled");
        });
        assert!(
            text.contains("started") && text.contains("polled"),
            "{text}"
        );
        assert!(!text.contains("canary"), "{text}");
    }

    #[test]
    fn the_usual_filter_is_one_and_quiets_temporal() {
        let text = logged(Form::Human, FILTER, || {
            tracing::info!(target: "temporalio_sdk_core::worker", "chatter");
            tracing::warn!(target: "temporalio_sdk_core::worker", "trouble");
            tracing::info!(target: "activities", "done");
        });
        assert!(text.contains("trouble") && text.contains("done"), "{text}");
        assert!(!text.contains("chatter"), "{text}");
        assert!(EnvFilter::try_new(FILTER).is_ok());
    }

    #[test]
    fn in_json_no_text_makes_a_second_line() {
        let text = logged(Form::Json, "info", || {
            tracing::info!(marketplace = "nw\r\n{\"level\":\"ERROR\"}", "read");
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("\"marketplace\""), "{text}");
    }

    #[test]
    fn a_panic_says_where_and_not_what() {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(note_panic));
        let text = logged(Form::Json, "info", || {
            let ended = std::panic::catch_unwind(|| panic!("canary"));
            assert!(ended.is_err());
        });
        std::panic::set_hook(usual);
        assert!(
            text.contains("telemetry.rs") && text.contains("panicked"),
            "{text}"
        );
        assert!(!text.contains("canary"), "{text}");
    }
}
