//! Offers as the marketplace has them: a page of them, or all in files.

use csv::{ReaderBuilder, StringRecord};
use jiff::Timestamp;
use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Client;
use crate::error::Error;
use crate::export::Stands;
use crate::page::Page;
use crate::stock::delimiter;

/// Offers a page of OF21 at most.
const PAGE_MAX: u32 = 100;
/// Offers a file: about 5 MB of the columns that are asked for.
const OFFERS_A_FILE: u32 = 100_000;
/// The columns that are asked for.
const COLUMNS: [&str; 5] = ["offer-id", "shop-sku", "active", "deleted", "quantity"];

/// An offer of the shop.
///
/// Source: Mirakl seller API, OF21.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Offer {
    /// Mirakl's number.
    pub offer_id: i64,
    /// The shop's own SKU.
    pub shop_sku: String,
    /// Units that may be ordered.
    pub quantity: i64,
    /// Whether customers see it.
    pub active: bool,
    /// Why they do not, in Mirakl's codes.
    #[serde(default)]
    pub inactivity_reasons: Vec<String>,
}

/// Where an export of offers stands.
///
/// Source: Mirakl seller API, OF53.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfferExport {
    /// Ask again, no sooner than after ten seconds.
    Pending,
    /// Done: its files, to be read one after the other. None means that no offer changed.
    Completed(Vec<OfferFileAddress>),
    /// It failed, or is in a state that nobody taught this client: ask for another.
    Over(String),
}

/// A file of an export: an address on the marketplace itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferFileAddress(Url);

/// One file of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferFile {
    /// Its offers.
    pub offers: Vec<ExportedOffer>,
    /// Lines that could not be read, the header being line 1: what they say is unknown.
    pub unreadable: Vec<u64>,
}

/// An offer in a file.
///
/// Source: Mirakl seller API, OF54.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedOffer {
    /// The shop's own SKU.
    pub shop_sku: String,
    /// Units that may be ordered; unknown for an offer that is deleted.
    pub quantity: Option<i64>,
    /// Whether customers see it.
    pub active: bool,
    /// Whether it is gone.
    pub deleted: bool,
}

impl Client {
    /// Lists the shop's offers, one page a call; with `shop_sku` only that one.
    ///
    /// Meant for the view of a person; all offers come by [`Client::request_offer_export`]. An empty
    /// page of one SKU means that there is no such offer.
    ///
    /// # Errors
    /// As every read.
    ///
    /// Source: Mirakl seller API, OF21.
    pub async fn offers(&self, shop_sku: Option<&str>, offset: u32) -> Result<Page<Offer>, Error> {
        #[derive(Deserialize)]
        struct Offers {
            offers: Vec<Offer>,
            total_count: u32,
        }
        let call = Call::read("OF21", "offers")
            .query("sku", shop_sku.map(str::to_owned))
            .query("max", Some(PAGE_MAX.to_string()))
            .query("offset", Some(offset.to_string()));
        let answer = self.send(call).await?;
        let page: Offers = answer.object()?;
        let read = u32::try_from(page.offers.len()).unwrap_or(u32::MAX);
        let next = offset.saturating_add(read);
        Ok(Page {
            next_offset: (read > 0 && next < page.total_count).then_some(next),
            items: page.offers,
            total_count: page.total_count,
            server_date: answer.server_date,
        })
    }

    /// Asks for an export of all offers, the inactive ones too, or of those changed since a moment;
    /// answers its number. At most once a minute, all of them once a day.
    ///
    /// # Errors
    /// [`Error::Refused`]: Mirakl does not take it. [`Error::Unknown`]: the answer was lost; ask
    /// again, the same request names the same export. [`Error::NotSent`], [`Error::Throttled`]: ask
    /// later. [`Error::Unauthorized`], [`Error::Forbidden`]: a person must correct the key.
    ///
    /// Source: Mirakl seller API, OF52.
    pub async fn request_offer_export(&self, since: Option<Timestamp>) -> Result<String, Error> {
        #[derive(Serialize)]
        struct Body {
            export_type: &'static str,
            include_fields: [&'static str; 5],
            items_per_chunk: u32,
            #[serde(skip_serializing_if = "Option::is_none")]
            last_request_date: Option<String>,
            // Refused together with a moment, which brings the inactive ones anyway.
            #[serde(skip_serializing_if = "Option::is_none")]
            include_inactive_offers: Option<bool>,
        }
        let whole_second = |at: Timestamp| {
            let at = Timestamp::from_second(at.as_second());
            at.unwrap_or(Timestamp::UNIX_EPOCH).to_string()
        };
        let body = Body {
            export_type: "text/csv",
            include_fields: COLUMNS,
            items_per_chunk: OFFERS_A_FILE,
            last_request_date: since.map(whole_second),
            include_inactive_offers: since.is_none().then_some(true),
        };
        let call = Call::post("OF52", "offers/export/async").json(&body)?;
        self.begin_export(call).await
    }

    /// Asks where an export of offers stands. At most every ten seconds.
    ///
    /// # Errors
    /// [`Error::Elsewhere`]: a file lies outside of the marketplace's own address; it is not asked
    /// for, since the key would go along. [`Error::NotFound`]: no such export. Else as every read.
    ///
    /// Source: Mirakl seller API, OF53.
    pub async fn offer_export(&self, tracking_id: &str) -> Result<OfferExport, Error> {
        let path = "offers/export/async/status";
        let (answer, stands) = self.export_status("OF53", path, tracking_id).await?;
        match stands {
            Stands::Pending => Ok(OfferExport::Pending),
            Stands::Completed(urls) => {
                let urls = urls.ok_or_else(|| answer.contradictory("urls"))?;
                let file = |url: &String| self.own_address(&answer, url, "OF54");
                let files = urls.iter().map(|url| file(url).map(OfferFileAddress));
                Ok(OfferExport::Completed(files.collect::<Result<_, _>>()?))
            }
            Stands::Over(word) => Ok(OfferExport::Over(word)),
        }
    }

    /// Reads one file of an export of offers.
    ///
    /// # Errors
    /// [`Error::Unreadable`]: the file is no list of offers; never take it for an empty one. Else as
    /// every read.
    ///
    /// Source: Mirakl seller API, OF54.
    pub async fn offer_export_file(&self, file: &OfferFileAddress) -> Result<OfferFile, Error> {
        let answer = self
            .send(Call::read_file("OF54", file.0.clone()).csv())
            .await?;
        let mut rows = ReaderBuilder::new()
            .delimiter(delimiter(&answer.body))
            .from_reader(answer.body.as_slice());
        let names = rows.headers().map_err(|_| answer.contradictory(""))?;
        let column = |name: &str| {
            let at = names.iter().position(|column| column == name);
            at.ok_or_else(|| answer.contradictory(name))
        };
        let [sku, quantity, active, deleted] = [
            column("shop-sku")?,
            column("quantity")?,
            column("active")?,
            column("deleted")?,
        ];
        let read = |row: &StringRecord| {
            let deleted = row.get(deleted)?.parse().ok()?;
            let quantity = row.get(quantity)?.parse().ok();
            let offer = ExportedOffer {
                shop_sku: row.get(sku)?.to_owned(),
                active: row.get(active)?.parse().ok()?,
                quantity,
                deleted,
            };
            let known = !offer.shop_sku.is_empty() && (deleted || quantity.is_some());
            known.then_some(offer)
        };
        let (mut offers, mut unreadable) = (Vec::new(), Vec::new());
        for (line, row) in (2..).zip(rows.records()) {
            match row.ok().as_ref().and_then(read) {
                Some(offer) => offers.push(offer),
                None => unreadable.push(line),
            }
        }
        Ok(OfferFile { offers, unreadable })
    }
}
