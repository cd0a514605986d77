//! Timeouts and retries, by kind of call.

use std::time::Duration;

use temporalio_workflow::{
    ActivityOptions, LocalActivityOptions, RetryPolicy, WorkflowCancellationToken,
};

/// Longest a configuration may let one call last, from connecting to the last byte; with the margin
/// of its attempt it ends within 45 s.
pub const CALL_S_MAX: u32 = 40;
/// Most calls that one activity of an order makes: a consumer's account looked up, opened and looked
/// up, the sales order looked up, created and read.
pub const CALLS_MAX: u64 = 6;
/// What start-to-close leaves beside the calls, so that none goes on after Temporal gave the attempt up.
pub const SPARE_S: u64 = 5;
/// Longest honest run of an activity of an order.
pub const ACTIVITY_S: u64 = 300;
/// Longest honest run of a pull. It begins no further page that might not end within it.
pub const PULL_S: u64 = 1_800;
/// A killed worker is noticed after this.
const HEARTBEAT_S: u64 = 8;

// The calls of one activity end before its start-to-close, however many it makes.
const _: () = assert!(CALLS_MAX * CALL_S_MAX as u64 + 2 * SPARE_S <= ACTIVITY_S);
const _: () = assert!(2 * CALL_S_MAX as u64 + SPARE_S <= PULL_S);

fn retries(longest_s: u64) -> RetryPolicy {
    RetryPolicy::builder()
        .initial_interval(Duration::from_secs(1))
        .backoff_coefficient(2.0)
        .maximum_interval(Duration::from_secs(longest_s))
        .build()
}

/// An effect of an order's life: repeated until it is answered, however long the other side is away.
pub fn effect(summary: String, token: &WorkflowCancellationToken) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(Duration::from_secs(ACTIVITY_S))
        .heartbeat_timeout(Duration::from_secs(HEARTBEAT_S))
        .retry_policy(retries(60))
        .summary(summary)
        .cancellation_token(token.clone())
        .build()
}

/// One pull of a feed.
pub fn pull(summary: String, token: &WorkflowCancellationToken) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(Duration::from_secs(PULL_S))
        .heartbeat_timeout(Duration::from_secs(HEARTBEAT_S))
        .retry_policy(retries(60))
        .summary(summary)
        .cancellation_token(token.clone())
        .build()
}

/// A part of a sweep: thousands of look-ups, paced; each attempt goes on where the last one stood.
pub fn sweep(summary: String, token: &WorkflowCancellationToken) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(Duration::from_secs(2 * 3600))
        .heartbeat_timeout(Duration::from_secs(HEARTBEAT_S))
        .retry_policy(retries(60))
        .summary(summary)
        .cancellation_token(token.clone())
        .build()
}

/// A part of a publication of stock: a whole feed read, or a file waited for, paced; each attempt
/// begins anew or goes on where the last one stood.
pub fn stock(summary: String, token: &WorkflowCancellationToken) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(Duration::from_secs(3_600))
        .heartbeat_timeout(Duration::from_secs(HEARTBEAT_S))
        .retry_policy(retries(60))
        .summary(summary)
        .cancellation_token(token.clone())
        .build()
}

/// A look into the ledger, inside the workflow task.
pub fn look(token: &WorkflowCancellationToken) -> LocalActivityOptions {
    LocalActivityOptions::builder()
        .start_to_close_timeout(Duration::from_secs(10))
        .retry_policy(retries(30))
        .cancellation_token(token.clone())
        .build()
}

/// A person's command: answered soon, or refused.
pub fn command(summary: String) -> ActivityOptions {
    let mut options = ActivityOptions::with_start_to_close_timeout(Duration::from_secs(ACTIVITY_S))
        .heartbeat_timeout(Duration::from_secs(HEARTBEAT_S))
        .retry_policy(retries(10))
        .summary(summary)
        .build();
    options.cancellation_token = Some(WorkflowCancellationToken::new());
    options
}
