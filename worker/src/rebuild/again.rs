//! Trying again: a rebuild that reads thousands of orders does not end with one call that failed.

use std::time::Duration;

use activities::Failure;
use domain::retry::Retry;

/// Tries of one call; then the rebuild ends, and goes on where it stopped when it is called again.
const TRIES: u32 = 6;
/// Between two tries where the failure does not say.
const PAUSE: Duration = Duration::from_secs(2);
/// Longest between two tries, whatever the failure says: a limit of calls a minute is over then.
const LONGEST: Duration = Duration::from_secs(65);

/// Does it, again and again while it fails, and answers what it came to in the end.
pub async fn again<T, F>(mut once: impl FnMut() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let mut tries = 1;
    loop {
        let failure = match once().await {
            Ok(done) => return Ok(done),
            Err(failure) => failure,
        };
        let wait = match failure.retry {
            Retry::Never => return Err(failure),
            _ if tries >= TRIES => return Err(failure),
            Retry::After(wait) => wait.min(LONGEST),
            Retry::Backoff => PAUSE,
        };
        tries += 1;
        tracing::warn!("{failure}; tried again in {:.1} s", wait.as_secs_f64());
        tokio::time::sleep(wait).await;
    }
}
