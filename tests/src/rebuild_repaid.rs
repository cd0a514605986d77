//! A ledger that is lost after money went back: what was repaid is not repaid again.

use crate::harness::Setup;
use crate::rebuild::{lose, rebuild};
use crate::returned::{credit, delivered, repaid, settled};

#[tokio::test]
async fn a_lost_ledger_repays_nothing_twice_and_goes_on_with_the_next_credit() {
    let mut world = Setup::new("rebuild-repaid").with_aftercare().start().await;
    let worker = world.worker().await;
    delivered(&world, "Q-1-A").await;
    credit(&world, "Q-1-A").await;
    repaid(&world, "Q-1-A", 1).await;
    settled(&world).await;
    worker.stop().await;

    lose(&mut world).await;
    rebuild(&world, false).await.unwrap();
    world.ledger = world.opened().await;
    let worker = world.worker().await;
    // Another credit of the other piece: of the same money, and for another cause.
    let memo = credit(&world, "Q-1-A").await;
    let number = memo["credit_no"].as_str().unwrap_or_default();
    // It looks posted twice, so a person lets it through.
    let twice = world
        .exception("Q-1-A", domain::exception::Kind::CreditPostedTwice)
        .await;
    let credit = twice.evidence.iter().find(|(name, _)| name == "credit");
    let credit = &credit.expect("which credit").1;
    assert!(credit.contains(number), "{credit}");
    assert_eq!(world.effects("refunds", "Q-1-A").len(), 1);
    let through = serde_json::json!({ "approved": [credit] });
    world
        .signal("Q-1-A", "correct", crate::harness::json_value(&through))
        .await;
    repaid(&world, "Q-1-A", 2).await;
    settled(&world).await;
    assert_eq!(world.effects("refunds", "Q-1-A").len(), 2);
    assert!(world.exceptions(false).await.is_empty());
    worker.stop().await;
}
