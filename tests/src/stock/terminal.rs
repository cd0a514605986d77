//! What a person does from the terminal: look, let go what is held, publish now.

use jiff::Timestamp;
use ops::Surroundings;
use ops::stock::{DecideStock, PushStock, ShowStock, StockVerb};
use serde_json::Value;

use super::held::{published, waiting};
use super::place::*;
use crate::harness::World;

fn beside(world: &World, json: bool) -> Surroundings {
    Surroundings {
        ledger: world.ledger.clone(),
        temporal: Some(world.client.clone()),
        temporal_ui: None,
        namespace: world.namespace.clone(),
        json,
        now: Timestamp::now(),
        color: false,
        width: None,
    }
}

fn push(skus: Vec<String>, full: bool) -> StockVerb {
    StockVerb::Push(PushStock {
        marketplace: nordwind(),
        skus,
        full,
        no_wait: false,
    })
}

fn approve() -> StockVerb {
    StockVerb::Approve(DecideStock {
        marketplace: nordwind(),
        review: None,
        by: "AB".to_owned(),
    })
}

/// Does a verb that answers in JSON.
async fn told(world: &World, verb: StockVerb) -> Value {
    let output = verb.run(&beside(world, true)).await.expect("an answer");
    assert_eq!(output.exit, 0, "{}", output.text);
    serde_json::from_str(&output.text).expect("JSON")
}

#[tokio::test]
async fn a_person_publishes_looks_and_lets_go_from_the_terminal() {
    let (world, worker) = published(setup("stock-terminal")).await;
    let offers = u64::try_from(world.plan.catalogue().len()).unwrap();

    let one = told(&world, push(vec![world.sku(0)], false)).await;
    assert_eq!((&one["lines"], &one["refused"]), (&1.into(), &0.into()));
    let all = told(&world, push(vec![], true)).await;
    assert_eq!(all["lines"], offers, "{all}");

    batch(&world, "zeroed").await;
    publish(&world).await;
    let review = waiting(&world).await;
    let show = StockVerb::Show(ShowStock {
        limit: 3,
        ..ShowStock::default()
    });
    let text = show.run(&beside(&world, false)).await.unwrap().text;
    assert!(text.contains("looks wrong since"), "{text}");
    assert!(text.contains("bcm stock approve nordwind"), "{text}");

    let approved = told(&world, approve()).await;
    assert_eq!(
        (&approved["review"], &approved["done"]),
        (&review.into(), &true.into())
    );
    let decided = world
        .ledger
        .stock_review(&nordwind(), review)
        .await
        .unwrap();
    assert_eq!(decided.decided_by.as_deref(), Some("AB"));
    let again = approve().run(&beside(&world, true)).await.unwrap_err();
    let trouble = again.downcast_ref::<ops::Trouble>().unwrap();
    assert_eq!(trouble.code, "nothing_held");
    worker.stop().await;
}
