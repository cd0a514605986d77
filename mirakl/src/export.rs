//! Exports of many orders: asked for, waited for, read file by file.

use jiff::Timestamp;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::answer::Answer;
use crate::call::Call;
use crate::client::Client;
use crate::error::Error;
use crate::orders::RawOrder;

/// Fewest megabytes a file that Mirakl takes: a file is held in memory while it is read.
const MEGABYTES_A_FILE: u32 = 10;
/// Longest number of an export that is put into an address.
const TRACKING_ID_MAX: usize = 200;

/// Where an export stands.
///
/// Source: Mirakl seller API, OR14.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Export {
    /// Ask again, no sooner than after two seconds.
    Pending,
    /// Done: the addresses of its files, each to be read once.
    Completed(Vec<ExportFile>),
    /// It failed, was cancelled, or is in a state that nobody taught this client: ask for another.
    Over(String),
}

/// A file of an export: an address on the marketplace itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportFile(Url);

impl Client {
    /// Asks for an export of every order updated between two moments; answers its number.
    ///
    /// One export a shop runs at a time. The span is a year at most. A lost answer leaves an export
    /// running of which nobody knows the number: it ends by itself.
    ///
    /// # Errors
    /// [`Error::Refused`]: another export is running, or Mirakl does not take the span.
    /// [`Error::Unknown`]: the answer was lost. [`Error::NotSent`], [`Error::Throttled`]: ask again
    /// later. [`Error::Unauthorized`], [`Error::Forbidden`]: a person must correct the key.
    ///
    /// Source: Mirakl seller API, OR13.
    pub async fn request_order_export(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<String, Error> {
        #[derive(Serialize)]
        struct Body {
            start_update_date: String,
            end_update_date: String,
            megabytes_per_chunk: u32,
        }
        #[derive(Deserialize)]
        struct Asked {
            tracking_id: String,
        }
        let written = |moment: Timestamp| {
            let moment = Timestamp::from_millisecond(moment.as_millisecond());
            moment.unwrap_or(Timestamp::UNIX_EPOCH).to_string()
        };
        let body = Body {
            start_update_date: written(since),
            end_update_date: written(until),
            megabytes_per_chunk: MEGABYTES_A_FILE,
        };
        let call = Call::post("OR13", "orders/async-export").json(&body)?;
        let answer = self.send(call).await?;
        let asked: Asked = answer.object()?;
        if !is_tracking_id(&asked.tracking_id) {
            return Err(answer.contradictory("tracking_id"));
        }
        Ok(asked.tracking_id)
    }

    /// Asks where an export stands. At most every two seconds; every ten are enough.
    ///
    /// # Errors
    /// [`Error::Elsewhere`]: a file lies outside of the marketplace's own address; it is not asked
    /// for, since the key would go along. [`Error::NotFound`]: no such export. Else as every read.
    ///
    /// Source: Mirakl seller API, OR14.
    pub async fn order_export(&self, tracking_id: &str) -> Result<Export, Error> {
        #[derive(Deserialize)]
        struct Status {
            status: String,
            urls: Option<Vec<String>>,
        }
        if !is_tracking_id(tracking_id) {
            return Err(Error::Config {
                call: "OR14",
                what: "not the number of an export",
            });
        }
        let path = format!("orders/async-export/status/{tracking_id}");
        let answer = self.send(Call::read("OR14", &path)).await?;
        let status: Status = answer.object()?;
        match status.status.as_str() {
            "PENDING" => Ok(Export::Pending),
            "COMPLETED" => {
                let urls = status.urls.unwrap_or_default();
                let files = urls.iter().map(|url| self.own_file(&answer, url));
                Ok(Export::Completed(files.collect::<Result<_, _>>()?))
            }
            "FAILED" => Ok(Export::Over("FAILED".to_owned())),
            "CANCELED" => Ok(Export::Over("CANCELED".to_owned())),
            // The word may be anything; only its length is told.
            _ => Ok(Export::Over("UNKNOWN".to_owned())),
        }
    }

    /// Reads one file of an export, once. An order that cannot be read is delivered as such, next to
    /// its neighbours; a file without orders has none.
    ///
    /// # Errors
    /// As every read. [`Error::Unreadable`]: the file is no list of orders; never take it for an empty
    /// one.
    ///
    /// Source: Mirakl seller API, OR15. The text does not say whether the orders stand in a list or
    /// in an object's `orders`, so both are read.
    pub async fn order_export_file(&self, file: &ExportFile) -> Result<Vec<RawOrder>, Error> {
        #[derive(Deserialize)]
        struct Orders {
            orders: Vec<Box<RawValue>>,
        }
        let answer = self.send(Call::read_file("OR15", file.0.clone())).await?;
        let is_list = answer.body.trim_ascii_start().first() == Some(&b'[');
        let orders: Vec<Box<RawValue>> = if is_list {
            serde_json::from_slice(&answer.body).map_err(|_| answer.contradictory(""))?
        } else {
            answer.object::<Orders>()?.orders
        };
        Ok(orders.iter().map(|json| RawOrder::read(json)).collect())
    }

    /// The file at an address, when it is on the marketplace itself.
    fn own_file(&self, answer: &Answer, address: &str) -> Result<ExportFile, Error> {
        self.own_address(answer, address, "OR15").map(ExportFile)
    }

    /// An address that an answer names, when it is on the marketplace itself: the key goes along.
    pub(crate) fn own_address(
        &self,
        answer: &Answer,
        address: &str,
        call: &'static str,
    ) -> Result<Url, Error> {
        let base = self.base();
        let file = Url::parse(address).map_err(|_| answer.contradictory("urls"))?;
        let same_place = file.scheme() == base.scheme()
            && file.host() == base.host()
            && file.port_or_known_default() == base.port_or_known_default();
        let no_stranger = file.username().is_empty() && file.password().is_none();
        if same_place && no_stranger {
            Ok(file)
        } else {
            Err(Error::Elsewhere { call })
        }
    }
}

/// Letters, digits, `-` and `_`: what cannot lead to another operation.
pub(crate) fn is_tracking_id(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    (1..=TRACKING_ID_MAX).contains(&text.len()) && text.bytes().all(plain)
}
