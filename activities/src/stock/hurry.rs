//! Whether a marketplace's stock should not wait for the schedule.

use domain::marketplace::MarketplaceCode;

use super::Stocks;
use crate::Failure;
use crate::calls::To;

impl Stocks {
    /// Did an order of any shop take or give back units since the marketplace's last computation
    /// began, and may the next file be sent now?
    ///
    /// # Errors
    /// The ledger's.
    pub async fn is_in_a_hurry(&self, of: &MarketplaceCode) -> Result<bool, Failure> {
        let ledger = self.ledger();
        let Some(changed) = ledger.units_changed_at().await? else {
            return Ok(false);
        };
        let last = ledger.publications(of, 1).await?.pop();
        // The first run of all is the schedule's.
        if last.is_none_or(|last| changed < last.began_at) {
            return Ok(false);
        }
        let (shop, now) = (self.shop(of)?, self.now());
        let (to, call) = (To::Mirakl(shop), "STO01");
        let limits = self.connections.limits.of(to, call);
        let endpoint = self.connections.endpoint(to);
        let free_at = ledger.next_use(&endpoint, call, &limits, now).await?;
        Ok(free_at <= now)
    }
}
