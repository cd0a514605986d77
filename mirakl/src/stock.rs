//! Stock as a CSV file: sent, waited for, and what was refused in it.

use csv::ReaderBuilder;
use serde::Deserialize;

use crate::call::Call;
use crate::client::Client;
use crate::error::Error;
use crate::export::is_tracking_id;

/// Stands between the parts of the upload; no quantity and no header holds it.
const BOUNDARY: &str = "bcm-stock-1f6e0c9a7d2b45e8";
const CONTENT_TYPE: &str = "multipart/form-data; boundary=bcm-stock-1f6e0c9a7d2b45e8";

/// A file of quantities, written row by row into the one buffer that is sent.
///
/// A million rows are about 25 MB. Offers that it does not name keep their quantity.
///
/// Source: Mirakl seller API, STO01.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockFile {
    body: Vec<u8>,
    rows: u32,
}

impl Default for StockFile {
    fn default() -> Self {
        Self::new()
    }
}

impl StockFile {
    /// A file with its header line and no row.
    #[must_use]
    pub fn new() -> Self {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"stock.csv\"\r\n\
             Content-Type: text/csv\r\n\r\n\"offer-sku\";\"quantity\";\"warehouse-code\";\"update-delete\"\n"
        );
        Self {
            body: head.into_bytes(),
            rows: 0,
        }
    }

    /// Adds the quantity of one offer, over all of its warehouses.
    ///
    /// # Errors
    /// [`Error::Config`]: the SKU is empty, or holds a control character or the mark between the
    /// parts of the upload; nothing is added. Leave it out and tell who owns the listing.
    pub fn push(&mut self, offer_sku: &str, quantity: u32) -> Result<(), Error> {
        if offer_sku.is_empty()
            || offer_sku.chars().any(char::is_control)
            || offer_sku.contains(BOUNDARY)
        {
            return Err(Error::Config {
                call: "STO01",
                what: "an offer SKU that no file can hold",
            });
        }
        let sku = offer_sku.replace('"', "\"\"");
        let row = format!("\"{sku}\";\"{quantity}\";\"\";\"update\"\n");
        self.body.extend_from_slice(row.as_bytes());
        self.rows = self.rows.saturating_add(1);
        Ok(())
    }

    /// Rows so far, the header not counted. Row `n`, counted from 1, is line `n + 1` of the file.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.rows
    }

    fn closed(mut self) -> Vec<u8> {
        let end = format!("\r\n--{BOUNDARY}--\r\n");
        self.body.extend_from_slice(end.as_bytes());
        self.body
    }
}

/// Where an import stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportState {
    /// Not begun.
    Waiting,
    /// Under way.
    Running,
    /// Done; rows may have been refused.
    Complete,
    /// Given up: nothing is known of its rows. Read the offers back.
    Failed,
    /// A word that nobody taught this client: neither done nor given up.
    Unknown,
}

/// An import of stock, as Mirakl tells of it.
///
/// Source: Mirakl seller API, STO02.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Where it stands.
    pub state: ImportState,
    /// Whether rows were refused: read [`Client::stock_import_errors`].
    pub has_error_report: bool,
    /// Rows refused; unknown when Mirakl does not say.
    pub lines_in_error: Option<u32>,
    /// Rows done; unknown when Mirakl does not say.
    pub lines_in_success: Option<u32>,
}

/// A row that was refused, in Mirakl's own words.
///
/// Source: Mirakl seller API, STO03.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRow {
    /// Line of the file that was sent, the header being line 1.
    pub line: u64,
    /// Why, as Mirakl writes it.
    pub reason: String,
    /// The offer, as it was sent; empty when the report leaves it out.
    pub offer_sku: String,
}

impl Client {
    /// Sends quantities; answers the number of the import that takes them over.
    ///
    /// The rows count only once [`Client::stock_import`] tells that it is complete. At most once a
    /// minute. Absolute quantities do no harm when they are sent twice, as long as no newer file
    /// went out in between.
    ///
    /// # Errors
    /// [`Error::Unknown`]: the answer was lost; the file may be taken over. [`Error::Refused`]: the
    /// file as a whole is not taken. [`Error::NotSent`], [`Error::Throttled`]: send again later.
    /// [`Error::Unauthorized`], [`Error::Forbidden`]: a person must correct the key.
    /// [`Error::Config`]: the file has no row.
    ///
    /// Source: Mirakl seller API, STO01.
    pub async fn import_stock(&self, file: StockFile) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct Taken {
            import_id: String,
        }
        if file.rows == 0 {
            return Err(Error::Config {
                call: "STO01",
                what: "a file without rows",
            });
        }
        let call = Call::post("STO01", "offers/stock/imports").body(CONTENT_TYPE, file.closed());
        let answer = self.send(call).await?;
        let taken: Taken = answer.object()?;
        if !is_tracking_id(&taken.import_id) {
            return Err(answer.contradictory("import_id"));
        }
        Ok(taken.import_id)
    }

    /// Asks where an import stands. At most every fifteen seconds.
    ///
    /// # Errors
    /// [`Error::NotFound`]: no such import. [`Error::Unreadable`]: also when the answer is about
    /// another import. Else as every read.
    ///
    /// Source: Mirakl seller API, STO02.
    pub async fn stock_import(&self, import_id: &str) -> Result<Import, Error> {
        #[derive(Deserialize)]
        struct Told {
            import_id: String,
            status: String,
            has_error_report: bool,
            lines_in_error: Option<u32>,
            lines_in_success: Option<u32>,
        }
        let path = import_path("STO02", import_id, "status")?;
        let answer = self.send(Call::read("STO02", &path)).await?;
        let told: Told = answer.object()?;
        if told.import_id != import_id {
            return Err(answer.contradictory("import_id"));
        }
        Ok(Import {
            state: match told.status.as_str() {
                "WAITING" => ImportState::Waiting,
                "RUNNING" => ImportState::Running,
                "COMPLETE" => ImportState::Complete,
                "FAILED" => ImportState::Failed,
                _ => ImportState::Unknown,
            },
            has_error_report: told.has_error_report,
            lines_in_error: told.lines_in_error,
            lines_in_success: told.lines_in_success,
        })
    }

    /// Reads which rows of an import were refused; the others stand. At most once a minute.
    ///
    /// # Errors
    /// [`Error::NotFound`]: no such import, or it has no report. [`Error::Unreadable`]: the file is
    /// no report; never take it for an empty one. Else as every read.
    ///
    /// Source: Mirakl seller API, STO03: line number, reason, then the columns as they were sent.
    pub async fn stock_import_errors(&self, import_id: &str) -> Result<Vec<RefusedRow>, Error> {
        let path = import_path("STO03", import_id, "error_report")?;
        let answer = self.send(Call::read("STO03", &path).csv()).await?;
        let mut report = ReaderBuilder::new()
            .delimiter(delimiter(&answer.body))
            .flexible(true)
            .from_reader(answer.body.as_slice());
        let columns = report.headers().map_err(|_| answer.contradictory(""))?;
        let Some(sku) = columns.iter().position(|name| name == "offer-sku") else {
            return Err(answer.contradictory("offer-sku"));
        };
        let mut refused = Vec::new();
        for row in report.records() {
            let row = row.map_err(|_| answer.contradictory(""))?;
            let line = row.get(0).and_then(|line| line.trim().parse().ok());
            refused.push(RefusedRow {
                line: line.ok_or_else(|| answer.contradictory("line"))?,
                reason: row.get(1).unwrap_or_default().to_owned(),
                offer_sku: row.get(sku).unwrap_or_default().to_owned(),
            });
        }
        Ok(refused)
    }
}

fn import_path(call: &'static str, import_id: &str, what: &str) -> Result<String, Error> {
    if is_tracking_id(import_id) {
        return Ok(format!("offers/stock/imports/{import_id}/{what}"));
    }
    Err(Error::Config {
        call,
        what: "not the number of an import",
    })
}

/// What separates the columns of a file: Mirakl writes semicolons, some platforms commas.
pub(crate) fn delimiter(file: &[u8]) -> u8 {
    let header = file.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if header.contains(&b';') { b';' } else { b',' }
}
