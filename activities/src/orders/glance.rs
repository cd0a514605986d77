//! A look at an order's news before its run is told: news that changes nothing wakes nobody.

use domain::aftercare::passed_untaken;
use domain::fulfillment;
use domain::marketplace::OrderKey;
use domain::step::{Decision, Step, Wait};
use ledger::OrderRow;

use super::aftercare::answered;
use super::{Orders, Situation};
use crate::Failure;

impl Orders {
    /// Handles news after which the order waits for the same as before and shows the same: that they
    /// were handled is noted in the ledger, and the answer is true. Our own effects coming back with
    /// the next pull are such news, and most of all there are.
    ///
    /// Anything else, and any doubt, is the run's: then nothing is noted, and the order stays owed.
    ///
    /// # Errors
    /// The ledger's; and [`Failure`] for an order that is not in it.
    pub(crate) async fn handle_quiet_news(&self, key: &OrderKey) -> Result<bool, Failure> {
        let at = self.situation(key).await?;
        if !self.settles_nothing(&at).await? {
            return Ok(false);
        }
        let decision = fulfillment::decide(&at.row.progress, &at.facts());
        if !is_same(&at.row, &decision) {
            return Ok(false);
        }
        self.note_decision(key, &at, &decision).await?;
        Ok(true)
    }

    /// Would a run of this order find nothing to do, and end at once? Notes nothing, so an order whose
    /// run has to be started after all stays owed until it is.
    ///
    /// # Errors
    /// As [`Orders::handle_quiet_news`].
    pub(crate) async fn is_over(&self, key: &OrderKey) -> Result<bool, Failure> {
        let at = self.situation(key).await?;
        let mut progress = at.row.progress.clone();
        progress.absorb(&at.row.order);
        let step = fulfillment::next_step(&progress, &at.facts());
        Ok(matches!(step, Step::Done(_)))
    }

    /// Does the order as read prove nothing of a call whose answer was lost or never noted?
    async fn settles_nothing(&self, at: &Situation<'_>) -> Result<bool, Failure> {
        let mut progress = at.row.progress.clone();
        progress.absorb(&at.row.order);
        Ok(progress == at.row.progress
            && answered(&progress, &at.facts()).is_empty()
            && passed_untaken(&progress, &at.aftercare.papers).is_empty()
            && self.shown_cancelations(at).await?.is_empty()
            && self.unfinished(at).await?.is_empty())
    }
}

/// Did the last decision, which the run knows, come to the same? A run that waits stays where it is; a
/// step that is due, or an end, is never the same.
fn is_same(row: &OrderRow, decision: &Decision) -> bool {
    let Step::Wait(wait) = &decision.step else {
        return false;
    };
    // The step that would come is not in what is shown.
    let tells_all = !matches!(wait, Wait::DryRun(_));
    tells_all
        && !row.finished
        && row.waits_for.as_deref() == Some(wait.as_str())
        && row.shown.as_ref() == Some(&decision.shown)
}
