//! Returns: what customers send back, and what the shop says of it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::answer::{Malformed, read_object};
use crate::call::Call;
use crate::client::Client;
use crate::error::Error;

/// Most returns of a page.
const PAGE_MAX: usize = 100;
/// Most returns of a call that writes.
const RETURNS_MAX: usize = 100;
/// Most returns of RT01.
const CREATED_MAX: usize = 200;

/// A return. Its address and documents are not read.
///
/// Source: Mirakl seller API, RT11, `data[]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Return {
    /// Mirakl's ID, a UUID.
    pub id: String,
    /// The order.
    pub order_id: String,
    /// The customer's order, of which it is a part.
    pub order_commercial_id: String,
    /// Where it stands, Mirakl's word.
    pub state: String,
    /// How it travels, such as `RETURN_METHOD_BY_MAIL`.
    pub method_code: Option<String>,
    /// Why the shop refused it.
    pub rejection_reason_code: Option<String>,
    /// The shop's own number.
    pub rma: Option<String>,
    /// When it was made.
    pub date_created: Option<Timestamp>,
    /// When it last changed.
    pub last_updated: Option<Timestamp>,
    /// What comes back.
    pub return_lines: Vec<ReturnLine>,
}

/// Pieces of one order line that come back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ReturnLine {
    /// The order line.
    pub order_line_id: String,
    /// Pieces.
    pub quantity: i64,
    /// Why.
    pub reason_code: Option<String>,
    /// Verdicts so far; empty or missing while there is none.
    pub compliance: Option<Vec<Compliance>>,
}

/// A verdict on what came back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Compliance {
    /// Whether it is as it should be.
    pub compliant: bool,
    /// Why it is not.
    pub non_compliance_reason_code: Option<String>,
}

/// One return of a page: its exact text, and what could be read of it.
#[derive(Clone, PartialEq, Eq)]
pub struct RawReturn {
    /// Its ID, where at least that can be read.
    pub return_id: Option<String>,
    /// Its JSON, byte for byte as it came. Holds personal data.
    pub json: String,
    /// The return, or the path and kind of what cannot be read.
    pub read: Result<Return, (String, Malformed)>,
}

impl fmt::Debug for RawReturn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawReturn")
            .field("return_id", &self.return_id)
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}

/// Which returns to list, and which page of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReturnQuery {
    /// Changed at this time or later; cut to milliseconds.
    pub since: Option<Timestamp>,
    /// Changed at this time or earlier; cut to milliseconds.
    pub until: Option<Timestamp>,
    /// These returns only; empty means no such limit.
    pub return_ids: Vec<String>,
    /// Of these order lines only; empty means no such limit.
    pub order_line_ids: Vec<String>,
    /// `next_page_token` of the page before; empty for the first.
    pub page_token: Option<String>,
}

/// One page of a list with tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeekPage<T> {
    /// What the page holds, in the server's order.
    pub items: Vec<T>,
    /// Asks for the next page; `None` on the last one.
    pub next_page_token: Option<String>,
    /// The server's own time when it answered, in UTC, to the second.
    pub server_date: Option<Timestamp>,
}

/// A return to be made, for goods that came without one.
///
/// Source: Mirakl seller API, RT01.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewReturn {
    /// The customer's order.
    pub order_commercial_id: String,
    /// How it travels.
    pub method_code: String,
    /// What comes back, at least one line.
    pub return_lines: Vec<NewReturnLine>,
    /// Accepted at once; the platform's own rule where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<bool>,
    /// The shop's own number: 1 to 100 letters, digits, `_` and `-`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rma: Option<String>,
}

/// Pieces of one order line that come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewReturnLine {
    /// The order line.
    pub order_line_id: String,
    /// Pieces, at least one.
    pub quantity: u32,
    /// Why; a RETURN reason.
    pub reason_code: String,
}

/// What RT01 made, and how many it refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedReturns {
    /// Returns that stand; one for each order.
    pub made: Vec<Return>,
    /// The customer's orders for which none was made.
    pub refused: Vec<Option<String>>,
}

/// The shop's decision on a return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReturnDecision {
    /// The return.
    pub id: String,
    /// Whether the shop takes it.
    pub accepted: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejection_reason_code: Option<String>,
}

/// The verdicts on the lines of a return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReturnCompliance {
    /// The return.
    pub id: String,
    /// One for each line.
    pub return_lines: Vec<LineCompliance>,
}

/// The verdict on one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LineCompliance {
    /// The order line.
    pub order_line_id: String,
    /// Whether it is as it should be.
    pub compliant: bool,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub non_compliance_reason_code: Option<String>,
}

/// What became of one return of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnResult {
    /// The return.
    pub id: String,
    /// Whether Mirakl took it. It gives no code for a refusal, only a sentence, which is not kept.
    pub taken: bool,
}

#[derive(Deserialize)]
struct Outcome {
    return_success: Option<Vec<Named>>,
    return_errors: Option<Vec<Named>>,
}

#[derive(Deserialize)]
struct Named {
    id: Option<String>,
}

#[derive(Serialize)]
struct Only<'a> {
    id: &'a str,
}

impl Client {
    /// Lists returns, one page of at most 100 a call. A list without returns is a page without items.
    ///
    /// A return that cannot be read is delivered as such, next to its neighbours. Returns that
    /// change meanwhile may come twice: overlap `since`, de-duplicate by ID and `last_updated`.
    ///
    /// # Errors
    /// As [`Client::list_orders`].
    ///
    /// Source: Mirakl seller API, RT11.
    pub async fn list_returns(&self, query: &ReturnQuery) -> Result<SeekPage<RawReturn>, Error> {
        #[derive(Deserialize)]
        struct Listed {
            data: Vec<Box<RawValue>>,
            next_page_token: Option<String>,
        }
        let moment = |time: Timestamp| {
            let cut = Timestamp::from_millisecond(time.as_millisecond()).ok();
            cut.map(|time| time.to_string())
        };
        let mut call = Call::read("RT11", "returns")
            .query("return_last_updated_from", query.since.and_then(moment))
            .query("return_last_updated_to", query.until.and_then(moment))
            .query("page_token", query.page_token.clone());
        if query.page_token.is_none() {
            // The token carries it on.
            call = call.query("limit", Some(PAGE_MAX.to_string()));
        }
        for id in &query.return_ids {
            call = call.query("return_id", Some(id.clone()));
        }
        for id in &query.order_line_ids {
            call = call.query("order_line_id", Some(id.clone()));
        }
        let answer = self.send(call).await?;
        let page: Listed = answer.object()?;
        let next_page_token = page.next_page_token.filter(|token| !token.is_empty());
        if next_page_token.is_some() && next_page_token == query.page_token {
            return Err(answer.contradictory("next_page_token"));
        }
        let raw = |json: &RawValue| RawReturn {
            return_id: serde_json::from_str::<Named>(json.get())
                .ok()
                .and_then(|named| named.id),
            read: read_object(json.get().as_bytes()),
            json: json.get().to_owned(),
        };
        Ok(SeekPage {
            items: page.data.iter().map(|json| raw(json)).collect(),
            next_page_token,
            server_date: answer.server_date,
        })
    }

    /// Makes returns for goods that came without one, 1 to 200 a call. A repeat makes them twice.
    ///
    /// # Errors
    /// [`Error::Unknown`]: the answer was lost; list the returns of the lines before sending again.
    /// Else as [`Client::close_returns`].
    ///
    /// Source: Mirakl seller API, RT01.
    pub async fn create_returns(&self, returns: &[NewReturn]) -> Result<CreatedReturns, Error> {
        #[derive(Deserialize)]
        struct Made {
            return_success: Vec<Return>,
            return_errors: Vec<Refused>,
        }
        #[derive(Deserialize)]
        struct Refused {
            order_commercial_id: Option<String>,
        }
        if returns.is_empty() || returns.len() > CREATED_MAX {
            return Err(Error::Config {
                call: "RT01",
                what: "1 to 200 returns a call",
            });
        }
        let body = serde_json::json!({ "returns": returns });
        let answer = self
            .send(Call::post("RT01", "returns").json(&body)?)
            .await?;
        let made: Made = answer.object()?;
        let named = |one: &Refused| one.order_commercial_id.clone();
        Ok(CreatedReturns {
            refused: made.return_errors.iter().map(named).collect(),
            made: made.return_success,
        })
    }

    /// Accepts or refuses returns that wait for it, at most 100 a call.
    ///
    /// # Errors
    /// As [`Client::close_returns`].
    ///
    /// Source: Mirakl seller API, RT21.
    pub async fn decide_returns(
        &self,
        decisions: &[ReturnDecision],
    ) -> Result<Vec<ReturnResult>, Error> {
        let ids = decisions.iter().map(|one| one.id.as_str()).collect();
        self.write_returns("RT21", "accept", decisions, ids).await
    }

    /// Says that the goods of returns came, at most 100 a call.
    ///
    /// # Errors
    /// As [`Client::close_returns`].
    ///
    /// Source: Mirakl seller API, RT25.
    pub async fn receive_returns(&self, ids: &[&str]) -> Result<Vec<ReturnResult>, Error> {
        let returns: Vec<_> = ids.iter().map(|id| Only { id }).collect();
        self.write_returns("RT25", "receive", &returns, ids.to_vec())
            .await
    }

    /// Says of the lines of returns whether they are as they should be, at most 100 a call.
    ///
    /// # Errors
    /// As [`Client::close_returns`].
    ///
    /// Source: Mirakl seller API, RT26.
    pub async fn judge_returns(
        &self,
        verdicts: &[ReturnCompliance],
    ) -> Result<Vec<ReturnResult>, Error> {
        let ids = verdicts.iter().map(|one| one.id.as_str()).collect();
        self.write_returns("RT26", "compliance", verdicts, ids)
            .await
    }

    /// Closes returns, at most 100 a call.
    ///
    /// A 2xx does not mean that every return went through: there is one result for each, in the
    /// order asked. An empty list sends nothing.
    ///
    /// # Errors
    /// [`Error::Unknown`]: the answer was lost, leaves a return out or says both of it; read the
    /// returns before sending again. [`Error::Refused`]: Mirakl does not take the call.
    /// [`Error::NotSent`], [`Error::Throttled`]: send again later. [`Error::Unauthorized`],
    /// [`Error::Forbidden`]: a person must correct the key, or the platform has no returns.
    /// [`Error::Config`]: a bound is exceeded.
    ///
    /// Source: Mirakl seller API, RT27.
    pub async fn close_returns(&self, ids: &[&str]) -> Result<Vec<ReturnResult>, Error> {
        let returns: Vec<_> = ids.iter().map(|id| Only { id }).collect();
        self.write_returns("RT27", "close", &returns, ids.to_vec())
            .await
    }

    async fn write_returns(
        &self,
        code: &'static str,
        action: &str,
        returns: &[impl Serialize],
        ids: Vec<&str>,
    ) -> Result<Vec<ReturnResult>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        if ids.len() > RETURNS_MAX {
            return Err(Error::Config {
                call: code,
                what: "more than 100 returns",
            });
        }
        let body = serde_json::json!({ "returns": returns });
        let call = Call::write_at(code, &format!("returns/{action}")).json(&body)?;
        let answer = self.send(call).await?;
        let outcome: Outcome = answer.object()?;
        let names = |rows: &Option<Vec<Named>>, id: &str| {
            let mut rows = rows.iter().flatten();
            rows.any(|row| row.id.as_deref() == Some(id))
        };
        let results: Option<Vec<_>> = ids
            .iter()
            .map(|id| {
                let taken = names(&outcome.return_success, id);
                let refused = names(&outcome.return_errors, id);
                (taken != refused).then(|| ReturnResult {
                    id: (*id).to_owned(),
                    taken,
                })
            })
            .collect();
        results.ok_or_else(|| answer.contradictory("return_success"))
    }
}
