//! Credit memos under a key of ours without its order: exceptions until the order comes, or the memo
//! is taken back.

use domain::exception::Kind;
use jiff::Timestamp;
use sqlx::AnyConnection;

use crate::error::Result;
use crate::exceptions::{self, About, Opening, Origin};
use crate::rows::FeedRun;

/// Opens the exception of a memo without its order, or closes it.
pub(super) async fn settle(
    conn: &mut AnyConnection,
    feed: &FeedRun<'_>,
    external_po: &str,
    number: &str,
    is_stray: bool,
) -> Result<()> {
    let about = About {
        origin: Origin::StrayCredit,
        scope: external_po,
        subject: number,
    };
    let ours = feed.prefixes.iter().any(|p| external_po.starts_with(p));
    if !is_stray || !ours {
        return exceptions::close(conn, about, None, "cause_gone", feed.now).await;
    }
    let evidence = [
        ("external_po".to_owned(), external_po.to_owned()),
        ("credit_no".to_owned(), number.to_owned()),
    ];
    let opening = Opening {
        about,
        kind: Kind::CreditWithoutSale,
        marketplace: None,
        order_id: None,
        evidence: &evidence,
        deadline: None,
    };
    exceptions::open(conn, &opening, feed.now).await
}

/// The order under this ERP key is there.
pub(crate) async fn close_of(
    conn: &mut AnyConnection,
    external_po: &str,
    now: Timestamp,
) -> Result<()> {
    exceptions::close_scope(conn, Origin::StrayCredit, external_po, "linked", now).await
}
