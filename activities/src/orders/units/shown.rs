//! Cancelations of ours that Mirakl shows although nobody noted that they went out.

use domain::aftercare::{SentCancelation, cancelation_effect, cancelation_of, canceled_on_mirakl};
use domain::progress::Progress;
use ledger::{NewEvent, Note, Settled};

use crate::Failure;
use crate::orders::{Orders, Situation};
use crate::translate::evidence;

impl Orders {
    /// Cancelations that Mirakl shows and that were meant by us: a worker died over them, and nobody
    /// noted that they went out.
    pub(in crate::orders) async fn shown_cancelations(
        &self,
        at: &Situation<'_>,
    ) -> Result<Vec<SentCancelation>, Failure> {
        let (order, care) = (&at.row.order, &at.row.progress.care);
        let known = |line_id: &str| {
            let ours = care.cancelations.iter();
            let ours = ours.filter(|c| c.is_done && c.order_line_id == line_id);
            ours.map(|c| c.to).max().unwrap_or(0)
        };
        let shows_more = |line: &domain::order::Line| line.canceled > known(&line.line_id);
        if !order.lines.iter().any(shows_more) {
            return Ok(vec![]);
        }
        let meant = self.ledger().open_effects(&at.row.key).await?;
        let meant = meant.iter().filter_map(|effect| cancelation_of(effect));
        let is_shown = |sent: &SentCancelation| {
            let mut lines = order.lines.iter();
            let line = lines.find(|line| line.line_id == sent.order_line_id);
            line.is_some_and(|line| canceled_on_mirakl(line) >= sent.to)
        };
        Ok(meant.filter(is_shown).collect())
    }

    /// Takes over cancelations that Mirakl shows and that were meant by us.
    pub(in crate::orders) async fn adopt_cancelations(
        &self,
        at: &mut Situation<'_>,
    ) -> Result<(), Failure> {
        for sent in self.shown_cancelations(at).await? {
            let key = &at.row.key;
            let effect = cancelation_effect(&sent.key());
            let intent = self.ledger().open_intent(key, &effect).await?;
            let note = Note {
                settle: intent.as_ref().map(|intent| (intent, Settled::Done)),
                event: Some(NewEvent {
                    what: "answer_found",
                    detail: vec![("step", evidence(&effect))],
                }),
            };
            let change = |p: &mut Progress| {
                let all = &mut p.care.cancelations;
                all.retain(|one| one.key() != sent.key());
                all.push(sent.clone());
            };
            at.row.progress = self.ledger().advance(key, note, at.now, change).await?;
        }
        Ok(())
    }
}
