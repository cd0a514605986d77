//! What stands in the histories of stock: keys, codes and counts, never a row.

use std::collections::BTreeMap;

use domain::marketplace::MarketplaceCode;
use domain::stock::guard::Totals;
use serde::{Deserialize, Serialize};

/// Which marketplace to publish, and by which ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishInput {
    /// Marketplace code.
    pub of: MarketplaceCode,
    /// A worker with another ledger must not go on with it.
    pub ledger_id: String,
}

/// A run under way: everything else of it stands in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockTicket {
    /// Which marketplace.
    pub of: MarketplaceCode,
    /// Epoch of the lease under which it writes.
    pub epoch: i64,
    /// The batch that it computes from; 0 before it is read.
    #[serde(default)]
    pub snapshot: i64,
    /// Number of its computation; 0 before it is made.
    #[serde(default)]
    pub snapshot_no: i64,
    /// The newest batch, when it is not in use because it looks wrong and a person may say otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<RefusedBatch>,
}

/// A batch that looks wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedBatch {
    /// The site's name of it.
    pub batch_id: String,
    /// What looks wrong, codes with their numbers.
    pub faults: Vec<String>,
}

/// How a part of a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// The next part follows.
    #[default]
    Go,
    /// The run is over: there is nothing more to do.
    Done,
    /// The run is over: this shop publishes no stock.
    Off,
    /// The run is over: another publishes this marketplace now.
    Busy,
    /// The run is over: another took it over.
    Overtaken,
    /// Nobody knows what became of the file: compute anew and send that.
    Again,
    /// The run is over: Mirakl gave the file up.
    Failed,
    /// A word that a newer program wrote.
    #[serde(untagged)]
    Unknown(String),
}

/// What became of reading the batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotRead {
    /// Goes it on?
    pub word: Word,
    /// The run's ticket; empty when it does not go on.
    #[serde(default)]
    pub ticket: Option<StockTicket>,
    /// Is it time to look what Mirakl shows?
    #[serde(default)]
    pub offers_due: bool,
    /// Rows of the batch in use.
    #[serde(default)]
    pub rows: u64,
    /// Age of its figures, in seconds.
    #[serde(default)]
    pub age_s: i64,
    /// What was wrong with the newest batch, codes; that one is not in use then.
    #[serde(default)]
    pub faults: Vec<String>,
}

/// What a look at Mirakl's offers brought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OffersRead {
    /// Goes it on?
    pub word: Word,
    /// Offers that the export named.
    pub offers: u64,
    /// Offers that showed something else than Mirakl took, though no sale explains it.
    pub drifting: u64,
}

/// What the guard holds, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Held {
    /// Offers held.
    pub offers: u64,
    /// How many for which reason.
    pub by_reason: BTreeMap<String, u64>,
    /// Units that Mirakl shows of them.
    pub units_shown: u64,
    /// Units that they would show.
    pub units_wanted: u64,
    /// Sums over all offers of the marketplace.
    pub totals: Totals,
    /// The newest batch, when it is not in use because it looks wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<RefusedBatch>,
}

/// What a computation made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StockComputed {
    /// Goes it on?
    pub word: Word,
    /// Its number.
    pub snapshot_no: i64,
    /// Offers of the marketplace.
    pub offers: u64,
    /// Offers whose number or sum changed.
    pub changed: u64,
    /// Offers of which nothing can be said.
    pub unknown: u64,
    /// Offers without a BlueCherry SKU.
    pub unmapped: u64,
    /// The review that waits for a person, when it is a new one.
    pub new_review: Option<ReviewInput>,
    /// Offers held.
    pub held: u64,
}

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StockSent {
    /// Goes it on?
    pub word: Word,
    /// Its lines.
    pub lines: u64,
}

/// How a file ended at Mirakl.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImportEnd {
    /// How the run ends.
    pub word: Word,
    /// Lines that Mirakl refused.
    pub refused: u64,
}

/// What a run counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StockReport {
    /// How it ended; `go` while it is under way.
    pub word: Word,
    /// Number of its last computation.
    pub snapshot_no: i64,
    /// Rows of the batch in use.
    pub rows: u64,
    /// Age of its figures, in seconds.
    pub age_s: i64,
    /// What was wrong with the newest batch.
    pub faults: Vec<String>,
    /// Offers of the marketplace.
    pub offers: u64,
    /// Offers whose number or sum changed.
    pub changed: u64,
    /// Offers of which nothing can be said.
    pub unknown: u64,
    /// Offers without a BlueCherry SKU.
    pub unmapped: u64,
    /// Offers held.
    pub held: u64,
    /// Offers that showed something else than Mirakl took.
    pub drifting: u64,
    /// Lines sent.
    pub lines: u64,
    /// Of these, refused.
    pub refused: u64,
}

/// What waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewInput {
    /// Marketplace code.
    pub of: MarketplaceCode,
    /// A worker with another ledger must not go on with it.
    pub ledger_id: String,
    /// Its number: the computation that held it first.
    pub review: i64,
    /// What is held.
    #[serde(default)]
    pub held: Held,
}

/// A person's word on what is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewTicket {
    /// Marketplace code.
    pub of: MarketplaceCode,
    /// A worker with another ledger must not go on with it.
    pub ledger_id: String,
    /// Which review.
    pub review: i64,
    /// Let it go, or keep it held.
    pub approve: bool,
    /// Who said so.
    pub by: String,
}
