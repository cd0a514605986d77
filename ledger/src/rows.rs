//! What goes into the ledger and comes out of it.

use std::collections::BTreeMap;
use std::fmt;

use domain::deadline::{Level, Window};
use domain::exception::{Kind, Owner, Problem};
use domain::marketplace::{MarketplaceCode, OrderKey};
use domain::order::Order;
use domain::papers::Papers;
use domain::progress::Progress;
use domain::shipment::Shipment;
use domain::step::{Decision, Shown};
use jiff::Timestamp;

/// One page of a feed, with the cursor that stands once the page is stored.
#[derive(Clone, Copy, Debug)]
pub struct FeedRun<'a> {
    /// Name of the feed.
    pub feed: &'a str,
    /// The cursor to keep; `None` leaves it, because more pages follow.
    pub cursor: Option<&'a str>,
    /// Is this the run's last page?
    pub last_page: bool,
    /// The moment.
    pub now: Timestamp,
    /// Keys that start with one of these are ours.
    pub prefixes: &'a [String],
}

/// An order as a feed read it.
#[derive(Clone)]
pub struct SeenOrder {
    /// Which order.
    pub key: OrderKey,
    /// Its key in the ERP; empty when it would not fit there.
    pub external_po: Option<String>,
    /// Is it ours to fulfill?
    pub ours: bool,
    /// Its facts: nothing personal.
    pub order: Order,
    /// The message as it came; it is sealed before it is stored.
    pub payload: String,
}

/// A shipment as a feed read it.
#[derive(Clone)]
pub struct SeenShipment {
    /// The order's key in the ERP.
    pub external_po: String,
    /// Its facts: nothing personal.
    pub shipment: Shipment,
    /// The message as it came; it is sealed before it is stored.
    pub payload: String,
}

/// What a feed could not read. It is kept as it came, sealed, and opens an exception.
#[derive(Clone)]
pub struct Unreadable {
    /// Order ID, shipment ID, or position in the page.
    pub key: String,
    /// The marketplace, where one is known.
    pub marketplace: Option<MarketplaceCode>,
    /// The message as it came.
    pub payload: String,
    /// Where in the message reading stopped.
    pub path: String,
    /// The exception to open.
    pub kind: Kind,
}

/// Prints all but the message, which may name a person.
macro_rules! debug_without_payload {
    ($($name:ident: $($field:ident)*;)*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut shown = f.debug_struct(stringify!($name));
                $(shown.field(stringify!($field), &self.$field);)*
                shown.finish_non_exhaustive()
            }
        }
    )*};
}

debug_without_payload! {
    SeenOrder: key external_po ours order;
    SeenShipment: external_po shipment;
    Unreadable: key marketplace path kind;
}

/// What became of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Seen for the first time.
    pub new: u32,
    /// News of something known.
    pub changed: u32,
    /// Seen before, just so.
    pub unchanged: u32,
    /// Older than what is known; nothing was taken from it.
    pub stale: u32,
    /// Kept as it came.
    pub unreadable: u32,
}

/// Everything known of an order, but the message itself.
#[derive(Clone, Debug)]
pub struct OrderRow {
    /// Which order.
    pub key: OrderKey,
    /// Its key in the ERP; empty when it would not fit there.
    pub external_po: Option<String>,
    /// Is it ours to fulfill?
    pub ours: bool,
    /// Facts as last read from Mirakl.
    pub order: Order,
    /// How far our side is.
    pub progress: Progress,
    /// Its shipments as last read from BlueCherry, the first seen first.
    pub shipments: Vec<Shipment>,
    /// Its credit memos and returns as last read.
    pub papers: Papers,
    /// Grows with each news of the order.
    pub seen_version: i64,
    /// The newest version that a decision was made from.
    pub handled_version: i64,
    /// Grows with each news of its shipments, credit memos and returns.
    pub shipments_version: i64,
    /// Grows with each word of a person.
    pub commands_version: i64,
    /// What lists show; empty before the first decision.
    pub shown: Option<Shown>,
    /// What the order waits for, in a word.
    pub waits_for: Option<String>,
    /// When a feed first read it.
    pub first_seen_at: Timestamp,
    /// Was the last decision that the run is over?
    pub finished: bool,
}

/// Which orders to list. The default lists all that are not finished.
#[derive(Clone, Debug, Default)]
pub struct OrderFilter {
    /// Of this marketplace only.
    pub marketplace: Option<MarketplaceCode>,
    /// In this stage only.
    pub stage: Option<String>,
    /// Those that need a person only.
    pub blocked_only: bool,
    /// Order ID or sales order number contains this, whatever the case.
    pub text: Option<String>,
    /// The finished ones too.
    pub include_finished: bool,
    /// The nearest deadline first, instead of the last sold.
    pub by_deadline: bool,
}

/// An order in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderListed {
    /// Which order.
    pub key: OrderKey,
    /// Stage, in a word; `new` before the first decision.
    pub stage: String,
    /// Sales order number, once it exists.
    pub sales_order: Option<String>,
    /// What a person has to settle.
    pub blocked_on: Option<Kind>,
    /// Who has to act.
    pub owner: Option<Owner>,
    /// What it waits for, in a word.
    pub waits_for: Option<String>,
    /// By when the current stage should be over.
    pub deadline: Option<Timestamp>,
    /// The window of its deadline as last seen; empty while nobody waits for us.
    pub window: Option<Window>,
    /// When it was sold.
    pub created_at: Timestamp,
    /// Total as Mirakl shows it.
    pub total: String,
    /// ISO 4217.
    pub currency: String,
    /// Was the last decision that the run is over?
    pub finished: bool,
}

/// A decision, and what it was made from.
#[derive(Clone, Copy, Debug)]
pub struct Decided<'a> {
    /// The decision.
    pub decision: &'a Decision,
    /// Version of the order it was made from.
    pub seen_version: i64,
    /// Version of the shipments it was made from.
    pub shipments_version: i64,
    /// Mapping tables it was made with.
    pub mapping_version: i64,
    /// Version of people's commands it was made from.
    pub commands_version: i64,
    /// When to look again without news.
    pub wake_at: Option<Timestamp>,
    /// Must the order be read again to go on?
    pub read_back: bool,
    /// What of it waits for a person while the rest goes on: a name within the order, and why.
    pub parked: &'a [(String, Problem)],
}

/// What to write along with a change of progress.
#[derive(Clone, Debug, Default)]
pub struct Note<'a> {
    /// An intent whose outcome is known now.
    pub settle: Option<(&'a Intent, Settled)>,
    /// An event for people.
    pub event: Option<NewEvent<'a>>,
}

/// A person's command that was taken.
#[derive(Clone, Copy)]
pub struct TakenCommand<'a> {
    /// Unique; one that comes again is taken once.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// By which way it came.
    pub by: &'a str,
    /// The command, JSON.
    pub detail: &'a str,
    /// Code of the answer, asked once the change is made.
    pub outcome: &'a (dyn Fn() -> String + Send + Sync),
}

/// How an intent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The other side has it.
    Done,
    /// The other side said no.
    Refused,
}

impl Settled {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

/// An event to append: codes, numbers and quantities only.
#[derive(Clone, Debug)]
pub struct NewEvent<'a> {
    /// What happened, a code, for example `sales_order_created`.
    pub what: &'a str,
    /// Names and values.
    pub detail: Vec<(&'a str, String)>,
}

/// What happened to an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What, a code.
    pub what: String,
    /// Names and values.
    pub detail: Vec<(String, String)>,
}

/// What is meant to be sent, written down before it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Intent {
    /// The ledger's number.
    pub id: i64,
    /// Which effect.
    pub effect: String,
    /// What to send; it never changes.
    pub body: String,
    /// Fingerprint of the body, keyed: to be compared with another of the same ledger only.
    pub body_hash: String,
    /// Mapping tables the body was made with.
    pub mapping_version: i64,
    /// How often sending was begun.
    pub attempts: u32,
    /// The latest moment an attempt may have been sent; empty when none was begun.
    pub send_deadline: Option<Timestamp>,
    /// When it was written down.
    pub created_at: Timestamp,
}

impl fmt::Debug for Intent {
    /// Without the body, which may name a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intent")
            .field("id", &self.id)
            .field("effect", &self.effect)
            .field("mapping_version", &self.mapping_version)
            .field("attempts", &self.attempts)
            .field("send_deadline", &self.send_deadline)
            .finish_non_exhaustive()
    }
}

/// A document that is read once a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// When it was read.
    pub fetched_at: Timestamp,
    /// The document.
    pub json: String,
}

/// Something that needs a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The ledger's number.
    pub id: i64,
    /// What happened.
    pub kind: Kind,
    /// Whose it is.
    pub owner: Owner,
    /// The marketplace, where one is known.
    pub marketplace: Option<MarketplaceCode>,
    /// The order, where one is known.
    pub order_id: Option<String>,
    /// What it is about: order ID, shipment ID or ERP key.
    pub subject: String,
    /// Names and values.
    pub evidence: Vec<(String, String)>,
    /// How near its deadline was when it was last raised.
    pub level: Level,
    /// Since when.
    pub opened_at: Timestamp,
    /// By when the order's stage should be over.
    pub deadline: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// What closed it, a code.
    pub closed_by: Option<String>,
}

/// Which exceptions to list. The default lists all open ones.
#[derive(Clone, Debug, Default)]
pub struct ExceptionFilter {
    /// Of this owner only.
    pub owner: Option<Owner>,
    /// Of this kind only.
    pub kind: Option<Kind>,
    /// Of this marketplace only.
    pub marketplace: Option<MarketplaceCode>,
    /// The closed ones too.
    pub include_closed: bool,
}

/// How a feed is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedState {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub cursor: Option<String>,
    /// When its last run began.
    pub last_started: Option<Timestamp>,
    /// When a run last came to its end.
    pub last_success: Option<Timestamp>,
    /// Code of the last failure; empty after a success.
    pub last_error: Option<String>,
    /// Failures since the last success.
    pub failures: u32,
    /// Did a person pause it?
    pub paused: bool,
    /// Rows that the last complete run brought.
    pub rows: u32,
    /// Orders with news of this feed that nobody has looked at yet.
    pub owed: u32,
}

/// How many of what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Our orders, finished ones too, by stage.
    pub by_stage: BTreeMap<String, u64>,
    /// Open exceptions.
    pub exceptions: Vec<(Kind, Owner, u64)>,
    /// Orders that were accepted by somebody else before we could.
    pub accepted_elsewhere: u64,
    /// Intents whose outcome is not known.
    pub open_intents: u64,
    /// Messages that cannot be read.
    pub unreadable: u64,
}
