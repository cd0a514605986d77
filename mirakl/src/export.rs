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

/// Where an export stands, in Mirakl's words.
pub(crate) enum Stands {
    Pending,
    /// Addresses of its files, where the answer has any.
    Completed(Option<Vec<String>>),
    Over(String),
}

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
        self.begin_export(call).await
    }

    /// Asks where an export stands. At most every two seconds; every ten are enough.
    ///
    /// # Errors
    /// [`Error::Elsewhere`]: a file lies outside of the marketplace's own address; it is not asked
    /// for, since the key would go along. [`Error::NotFound`]: no such export. Else as every read.
    ///
    /// Source: Mirakl seller API, OR14.
    pub async fn order_export(&self, tracking_id: &str) -> Result<Export, Error> {
        let path = "orders/async-export/status";
        let (answer, stands) = self.export_status("OR14", path, tracking_id).await?;
        match stands {
            Stands::Pending => Ok(Export::Pending),
            Stands::Completed(urls) => {
                let urls = urls.unwrap_or_default();
                let files = urls.iter().map(|url| self.own_file(&answer, url));
                Ok(Export::Completed(files.collect::<Result<_, _>>()?))
            }
            Stands::Over(word) => Ok(Export::Over(word)),
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

    /// Begins an export, and answers its number.
    pub(crate) async fn begin_export(&self, call: Call) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct Asked {
            tracking_id: String,
        }
        let answer = self.send(call).await?;
        let asked: Asked = answer.object()?;
        if !is_tracking_id(&asked.tracking_id) {
            return Err(answer.contradictory("tracking_id"));
        }
        Ok(asked.tracking_id)
    }

    /// Where an export stands, and the answer that says so.
    pub(crate) async fn export_status(
        &self,
        call: &'static str,
        path: &str,
        tracking_id: &str,
    ) -> Result<(Answer, Stands), Error> {
        #[derive(Deserialize)]
        struct Status {
            status: String,
            urls: Option<Vec<String>>,
        }
        if !is_tracking_id(tracking_id) {
            return Err(Error::Config {
                call,
                what: "not the number of an export",
            });
        }
        let answer = self
            .send(Call::read(call, &format!("{path}/{tracking_id}")))
            .await?;
        let Status { status, urls } = answer.object()?;
        let stands = match status.as_str() {
            "PENDING" => Stands::Pending,
            "COMPLETED" => Stands::Completed(urls),
            word @ ("FAILED" | "CANCELED") => Stands::Over(word.to_owned()),
            // The word may be anything; it is not told.
            _ => Stands::Over("UNKNOWN".to_owned()),
        };
        Ok((answer, stands))
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
